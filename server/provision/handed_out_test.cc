#include "server/provision/handed_out.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace coaxd::provision {
namespace {

constexpr HashSeed kSeed{1, 2};
constexpr Instant kNow{.mono_ns = 0, .wall = 1'795'000'000};
constexpr Ipv4 kAddress = Ipv4::of(10, 64, 0, 10);
constexpr subscriber::Mac kMac{0x001095010203};

Instant later(WallSeconds seconds) { return {.mono_ns = kNow.mono_ns + seconds * 1'000'000'000, .wall = kNow.wall + seconds}; }
Handing handing(std::string_view file, Ipv4 address = kAddress, subscriber::Mac mac = kMac) {
  return {.address = address, .giaddr = Ipv4::of(10, 64, 0, 1), .hardware = mac, .modem = mac, .until = kNow.wall + 3600, .file = file, .client_class = "cm"};
}
std::string named(HandedOut& table, const Handing& what, Instant now = kNow) {
  HandedOut::NameRoom room;
  return std::string(table.hand_out(what, now, room));
}
using Standing = HandedOut::Standing;
Standing standing(const HandedOut& table, std::string_view name, Instant now) {
  const auto parsed = table.parse(name);
  Handed handed;
  if (!parsed || !table.find(parsed->address, handed)) return Standing::unknown;
  return table.standing(handed, parsed->nonce, now.wall);
}

TEST(HandedOut, KnowsWhatDhcpHasTold) {
  HandedOut table({}, kSeed);
  Handed handed;
  EXPECT_FALSE(table.find(kAddress, handed));
  EXPECT_EQ(named(table, handing("gold.cm")), "gold.cm");  // as it is: names are not generated
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.file(), "gold.cm");
  EXPECT_EQ(handed.client_class(), "cm");
  EXPECT_EQ(handed.giaddr, Ipv4::of(10, 64, 0, 1));
  EXPECT_EQ(handed.hardware, kMac.value);
  EXPECT_EQ(handed.until, kNow.wall + 3600);
  named(table, handing("silver.cm"));
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.file(), "silver.cm");
  EXPECT_FALSE(table.find({kAddress.value + 1}, handed));
  EXPECT_FALSE(table.parse("gold.cm"));
}

// RFC 2131 §4.3.2: a client in RENEWING speaks to the server itself; behind which relay it is has not changed.
TEST(HandedOut, RenewalLeavesTheRelay) {
  HandedOut table({}, kSeed);
  named(table, handing("gold.cm"));
  Handing renewal = handing("gold.cm");
  renewal.giaddr = {};
  named(table, renewal);
  Handed handed;
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.giaddr, Ipv4::of(10, 64, 0, 1));
  renewal.hardware = renewal.modem = {kMac.value + 1};  // another's
  named(table, renewal);
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_TRUE(handed.giaddr.is_zero());
}

TEST(HandedOut, ReplyWithoutAFileIsNone) {
  HandedOut table({.generated_names = true}, kSeed);
  EXPECT_EQ(named(table, handing("")), "");
  Handed handed;
  EXPECT_FALSE(table.find(kAddress, handed));
}

TEST(HandedOut, WhatHasNoRoomIsLeftOut) {
  HandedOut table({}, kSeed);
  const std::string file(128, 'f'), large(100, 'c');
  Handing what = handing(file);
  what.client_class = large;
  named(table, what);
  Handed handed;
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.file(), file);
  EXPECT_EQ(handed.client_class(), "");
}

TEST(HandedOut_Names, FitWhereCmtssPutThem) {  // reference: at most 80 characters, no blanks
  HandedOut table({.generated_names = true}, kSeed);
  const std::string name = named(table, handing("gold.cm"));
  ASSERT_EQ(name.size(), HandedOut::kNameSize);
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), 24u);
  EXPECT_TRUE(name.ends_with(".cm"));
  const auto parsed = table.parse(name);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->address, kAddress);
  EXPECT_EQ(standing(table, name, kNow), Standing::good);
  for (std::size_t i = 0; i < 24; ++i) {  // one letter changed is another name
    std::string other = name;
    other[i] = other[i] == 'a' ? 'b' : 'a';
    EXPECT_EQ(standing(table, other, kNow), Standing::unknown) << i;
  }
  for (std::size_t size = 0; size < name.size(); ++size) EXPECT_FALSE(table.parse(std::string_view(name).substr(0, size)));
  EXPECT_FALSE(table.parse("ABCDEFGHIJKLMNOPQRSTUVWX.cm"));
  EXPECT_FALSE(table.parse("gold-configuration-1234.cfg"));
}

TEST(HandedOut_Names, AreTheSameUntilUsedAndNeverAgain) {
  HandedOut table({.generated_names = true, .name_seconds = 120}, kSeed);
  const std::string first = named(table, handing("gold.cm"));
  EXPECT_EQ(named(table, handing("gold.cm"), later(5)), first);  // RFC 2131 §4.1: a client repeats its REQUEST
  Handed handed;
  ASSERT_TRUE(table.find(kAddress, handed));
  table.served(handed, false, later(6).wall);
  EXPECT_EQ(standing(table, first, later(6)), Standing::used);
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.served_at, later(6).wall);
  const std::string second = named(table, handing("gold.cm"), later(7));
  EXPECT_NE(second, first);
  EXPECT_EQ(standing(table, first, later(7)), Standing::unknown);
  EXPECT_EQ(standing(table, second, later(7)), Standing::good);
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.served_at, later(6).wall);  // it is the same modem
}

TEST(HandedOut_Names, ExpireAndAnotherModemsOrFilesAreOthers) {
  HandedOut table({.generated_names = true, .name_seconds = 120}, kSeed);
  const std::string first = named(table, handing("gold.cm"));
  EXPECT_EQ(standing(table, first, later(120)), Standing::good);
  EXPECT_EQ(standing(table, first, later(121)), Standing::expired);
  EXPECT_EQ(standing(table, first, later(-5)), Standing::good);
  const std::string second = named(table, handing("gold.cm"), later(121));
  EXPECT_NE(second, first);
  const std::string third = named(table, handing("silver.cm"), later(122));
  EXPECT_NE(third, second);
  Handed asked;
  ASSERT_TRUE(table.find(kAddress, asked));
  const std::string fourth = named(table, handing("silver.cm", kAddress, {kMac.value + 1}), later(123));
  EXPECT_NE(fourth, third);
  table.served(asked, true, later(124).wall);  // the download that ends now was the former modem's
  EXPECT_EQ(standing(table, fourth, later(124)), Standing::good);
  Handed handed;
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.served_at, 0u);
  EXPECT_FALSE(handed.has(Handed::kOldSecret));
}

TEST(HandedOut_Names, MayBeGoodForMoreThanOneDownload) {
  HandedOut table({.generated_names = true, .single_download = false}, kSeed);
  const std::string name = named(table, handing("gold.cm"));
  Handed handed;
  ASSERT_TRUE(table.find(kAddress, handed));
  table.served(handed, false, kNow.wall);
  EXPECT_EQ(standing(table, name, kNow), Standing::good);
}

// Nobody learns another name from his own.
TEST(HandedOut_Names, AreAllDifferent) {
  std::set<std::string> names;
  for (const std::uint64_t seed : {1u, 2u}) {
    HandedOut table({.generated_names = true}, {seed, 9});
    for (std::uint32_t i = 0; i < 10'000; ++i) names.insert(named(table, handing("gold.cm", {kAddress.value + i}, {kMac.value + i})).substr(7));
  }
  EXPECT_EQ(names.size(), 20'000u);
}

TEST(HandedOut, FullBucketGivesUpWhatWasNamedLongestAgo) {
  HandedOut table({.remembered = 2}, kSeed);
  ASSERT_EQ(table.capacity(), 4u);
  const auto address = [](std::uint32_t i) { return Ipv4{kAddress.value + i}; };
  for (std::uint32_t i = 0; i < 4; ++i) named(table, handing("gold.cm", address(i)), later(i));
  named(table, handing("gold.cm", address(0)), later(10));
  named(table, handing("gold.cm", address(4)), later(11));
  Handed handed;
  EXPECT_TRUE(table.find(address(0), handed));
  EXPECT_FALSE(table.find(address(1), handed));
  EXPECT_TRUE(table.find(address(2), handed));
  EXPECT_TRUE(table.find(address(4), handed));
}

// Addresses come in pools: one long run, or many short ones at round distances.
TEST(HandedOut, FindsNearlyAllOfAsManyAsItIsToRemember) {
  constexpr std::uint32_t kMany = 40'000;
  for (const std::uint32_t run : {kMany, kMany / 16, 250u}) {
    HandedOut table({.remembered = kMany}, kSeed);
    EXPECT_EQ(table.capacity(), 2 * kMany);
    const auto address = [&](std::uint32_t i) { return Ipv4{Ipv4::of(10, 0, 1, 0).value + i / run * 65536 + i % run}; };
    for (std::uint32_t i = 0; i < kMany; ++i) named(table, handing("gold.cm", address(i)));
    std::uint32_t found = 0;
    Handed handed;
    for (std::uint32_t i = 0; i < kMany; ++i) found += table.find(address(i), handed) ? 1 : 0;
    EXPECT_GT(found, kMany / 100 * 95) << run;
  }
}

// With generated names, what any modem may fetch keeps its name, and has no other.
TEST(HandedOut_Names, WhatNobodyNeedBeToldKeepsItsName) {
  HandedOut table({.generated_names = true, .unasked = {"firmware/", "pxe"}}, kSeed);
  for (const std::string_view file : {"firmware/a.bin", "pxelinux.0"}) {
    EXPECT_EQ(named(table, handing(file)), file);
    Handed handed;
    ASSERT_TRUE(table.find(kAddress, handed));
    EXPECT_EQ(handed.file(), file);
    EXPECT_EQ(table.standing(handed, handed.nonce, kNow.wall), Standing::unknown);
  }
  EXPECT_NE(named(table, handing("gold.cm")), "gold.cm");
}

TEST(HandedOut_Names, WhatIsLongerThanTheFieldStays) {
  HandedOut table({.generated_names = true}, kSeed);
  const std::string most(engine::FileNames::kLongest, 'f');
  EXPECT_NE(named(table, handing(most)), most);
  Handed handed;
  ASSERT_TRUE(table.find(kAddress, handed));
  EXPECT_EQ(handed.file(), most);
  EXPECT_EQ(named(table, handing(most + "f")), most + "f");
}

// Copies taken while others write are of one reply, never of two.
TEST(HandedOut_Threads, CopiesAreWhole) {
  HandedOut table({.generated_names = true, .remembered = 2}, kSeed);
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (std::uint32_t writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      HandedOut::NameRoom room;
      for (std::uint32_t round = 0; !stop.load(std::memory_order_relaxed); ++round) {
        const std::uint32_t which = (round + writer) % 3;
        const std::string file(10 + which * 40, static_cast<char>('a' + which));
        Handing what = handing(file, kAddress, {which + 1});
        what.client_class = file;
        table.hand_out(what, kNow, room);
      }
    });
  }
  for (int i = 0; i < 20'000; ++i) {
    Handed handed;
    if (!table.find(kAddress, handed)) continue;
    const auto which = static_cast<std::size_t>(handed.hardware - 1);
    ASSERT_LT(which, 3u);
    ASSERT_EQ(handed.file(), std::string(10 + which * 40, static_cast<char>('a' + which)));
    ASSERT_EQ(handed.client_class(), handed.file());
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace coaxd::provision
