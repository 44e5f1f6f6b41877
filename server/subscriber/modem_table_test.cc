#include "server/subscriber/modem_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/base/testing/allocation_count.h"

namespace coaxd::subscriber {
namespace {

wire::DeviceSays said(Bytes vendor_class, Bytes vendor_options) {
  return {.vendor_class = vendor_class, .vendor_options = vendor_options, .capabilities = {}};
}

constexpr HashSeed kSeed{1, 2};
constexpr Mac kMac{0x001095010203};

Modem modem(Mac mac, std::string profile) { return {.mac = mac, .profile = std::move(profile)}; }

std::string profile_of(ModemTable::Reader& reader, Mac mac) {
  std::string profile = "-";
  reader.read(mac, [&](const Modem& found) { profile = found.profile; });
  return profile;
}

std::vector<Sighting> collected(ModemTable& table) {
  std::vector<Sighting> all;
  table.collect([&](const Sighting& sighting) { all.push_back(sighting); });
  return all;
}

TEST(ModemTable_Reader, SeesWhatWasPutReplacedAndErasedAtOnce) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  EXPECT_EQ(profile_of(reader, kMac), "-");
  table.put(modem(kMac, "gold"));
  EXPECT_EQ(profile_of(reader, kMac), "gold");
  EXPECT_EQ(profile_of(reader, Mac{kMac.value + 1}), "-");
  table.put(modem(kMac, "silver"));
  EXPECT_EQ(profile_of(reader, kMac), "silver");
  EXPECT_EQ(table.size(), 1u);
  EXPECT_TRUE(table.erase(kMac));
  EXPECT_FALSE(table.erase(kMac));
  EXPECT_EQ(profile_of(reader, kMac), "-");
  EXPECT_EQ(table.size(), 0u);
  table.put(modem(kMac, "again"));
  EXPECT_EQ(profile_of(reader, kMac), "again");
}

TEST(ModemTable_Reader, AllZeroIsAnAddressLikeAnyOther) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  EXPECT_EQ(profile_of(reader, Mac{}), "-");
  table.put(modem(Mac{}, "zero"));
  table.put(modem(Mac{0xffffffffffff}, "ones"));
  EXPECT_EQ(profile_of(reader, Mac{}), "zero");
  EXPECT_EQ(profile_of(reader, Mac{0xffffffffffff}), "ones");
}

TEST(ModemTable_Growth, KeepsEveryRecordAndForgetsErasedKeys) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  constexpr std::uint64_t kMany = 20'000;
  for (std::uint64_t i = 0; i < kMany; ++i) table.put(modem(Mac{i}, std::to_string(i)));
  for (std::uint64_t i = 0; i < kMany; i += 2) EXPECT_TRUE(table.erase(Mac{i}));
  for (std::uint64_t i = kMany; i < 3 * kMany; ++i) table.put(modem(Mac{i}, std::to_string(i)));
  EXPECT_EQ(table.size(), kMany / 2 + 2 * kMany);
  for (std::uint64_t i = 0; i < 3 * kMany; ++i) ASSERT_EQ(profile_of(reader, Mac{i}), i < kMany && i % 2 == 0 ? "-" : std::to_string(i));
  std::size_t place = 0, count = 0;
  while (table.next(place) != nullptr) ++count;
  EXPECT_EQ(count, table.size());
  EXPECT_EQ(place, 0u);
}

// Erased keys are used again, or as much coming and going as there is in years would fill it.
TEST(ModemTable_Growth, ComingAndGoingForEver) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    table.put(modem(Mac{i}, "x"));
    ASSERT_TRUE(table.erase(Mac{i}));
  }
  EXPECT_EQ(profile_of(reader, Mac{1}), "-");
}

TEST(ModemTable_Notes, TimesAreInPlaceAndNewsAreSightings) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  table.put({.mac = kMac, .vendor_class = "docsis3.0:", .vendor_options = "x"});
  reader.note_dhcp(kMac, 1000, said(as_bytes("docsis3.0:"), as_bytes("x")), true);
  EXPECT_TRUE(collected(table).empty()) << "nothing new";
  EXPECT_EQ(table.find(kMac)->seen->dhcp.load(), 1000u);
  EXPECT_TRUE(table.find(kMac)->seen->to_be_stored.load());
  reader.note_dhcp(kMac, 999, said(as_bytes("docsis3.0:"), as_bytes("x")), true);
  EXPECT_EQ(table.find(kMac)->seen->dhcp.load(), 1000u) << "never back";

  reader.note_dhcp(kMac, 1001, said(as_bytes("docsis3.0:"), as_bytes("y")), false);
  const auto news = collected(table);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].text(0), "docsis3.0:");
  EXPECT_EQ(news[0].text(1), "y");
  EXPECT_EQ(news[0].at, 1001);
  EXPECT_EQ(news[0].mac, kMac);

  reader.note_dhcp(kMac, 1001, said(as_bytes("docsis3.0:"), {}), false);
  EXPECT_TRUE(collected(table).empty()) << "a renewal that says less is no news";

  reader.note_file(kMac, 1002, "gold.cm");
  EXPECT_EQ(table.find(kMac)->seen->file.load(), 1002u);
  ASSERT_EQ(collected(table).size(), 1u);
  reader.note_file(Mac{1}, 1002, "gold.cm");
  EXPECT_TRUE(collected(table).empty()) << "who has no record fetched no file that we know of";
}

// RFC 3046 §3.2: only what the CMTS vouches for makes a record.
TEST(ModemTable_Notes, AModemWithoutRecordIsReportedOnlyWhenItsCmtsVouches) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  reader.note_dhcp(kMac, 1000, said(as_bytes("docsis3.0:"), {}), false);
  EXPECT_TRUE(collected(table).empty());
  reader.note_dhcp(kMac, 1000, said(as_bytes("docsis3.0:"), {}), true);
  EXPECT_EQ(collected(table).size(), 1u);
}

TEST(ModemTable_Notes, AFullQueueIsCountedAndLongOptionsAreCut) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  const std::string longest(300, 'a');
  for (std::size_t i = 0; i < ModemTable::Reader::kQueue + 3; ++i) reader.note_dhcp(Mac{i}, 1, said(as_bytes(longest), as_bytes(longest)), true);
  EXPECT_EQ(table.lost(), 3u);
  const auto all = collected(table);
  ASSERT_EQ(all.size(), ModemTable::Reader::kQueue);
  EXPECT_EQ(all[0].text(0), longest.substr(0, 255));
  EXPECT_EQ(all[0].text(1), longest.substr(0, 255));
}

TEST(ModemTable_Put, KeepsWhatWasSeenThroughChangesOfTheRecord) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  table.put({.mac = kMac, .dhcp_seen = 5, .file_served = 7});
  EXPECT_EQ(table.find(kMac)->seen->file.load(), 7u);
  reader.note_dhcp(kMac, 1000, said({}, {}), true);
  table.put(modem(kMac, "gold"));
  EXPECT_EQ(table.find(kMac)->seen->dhcp.load(), 1000u);
  EXPECT_EQ(table.find(kMac)->seen->file.load(), 7u);
}

TEST(ModemTable_Reader, AllocatesNothing) {
  ModemTable table(kSeed);
  ModemTable::Reader reader(table);
  table.put(modem(kMac, "gold"));
  const std::size_t before = allocation_count();
  std::size_t found = 0;
  for (int i = 0; i < 100; ++i) {
    reader.read(kMac, [&](const Modem& modem) { found += modem.profile.size(); });
    reader.note_dhcp(kMac, i, said(as_bytes("docsis3.0:"), as_bytes("options")), true);
    reader.note_file(kMac, i, "gold.cm");
  }
  EXPECT_EQ(allocation_count(), before);
  EXPECT_EQ(found, 400u);
}

// A record that a reader holds is whole however often it is replaced meanwhile: profile and variable of one version, and not freed (as
// AddressSanitizer and ThreadSanitizer see).
TEST(ModemTable_Concurrency, ReadersSeeWholeRecordsWhileTheyAreReplaced) {
  ModemTable table(kSeed);
  constexpr std::uint64_t kModems = 64;
  constexpr int kRounds = 200;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> seen{0}, torn{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      ModemTable::Reader reader(table);
      while (!done.load()) {
        for (std::uint64_t i = 0; i < kModems; ++i) {
          reader.read(Mac{i}, [&](const Modem& modem) {
            if (modem.variable("v").value_or("") != modem.profile) torn.fetch_add(1);
            seen.fetch_add(1);
          });
          reader.note_dhcp(Mac{i}, 1, said(as_bytes("docsis3.1:"), {}), false);
        }
      }
    });
  }
  for (int round = 0; round < kRounds || seen.load() == 0; ++round) {
    for (std::uint64_t i = 0; i < kModems; ++i) {
      if ((i + static_cast<std::uint64_t>(round)) % 7 == 0) {
        table.erase(Mac{i});
      } else {
        const std::string text = std::to_string(round) + std::string(40, 'x');
        table.put({.mac = Mac{i}, .profile = text, .variables = {{"v", text}}});
      }
    }
    for (std::uint64_t i = 0; i < 40; ++i) table.put(modem(Mac{1000 + static_cast<std::uint64_t>(round) * 40 + i}, "growth"));
    table.collect([](const Sighting&) {});
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn.load(), 0u);
  EXPECT_GT(seen.load(), 0u);
}

}  // namespace
}  // namespace coaxd::subscriber
