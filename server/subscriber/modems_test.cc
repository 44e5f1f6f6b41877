#include "server/subscriber/modems.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace coaxd::subscriber {
namespace {

wire::DeviceSays said(Bytes vendor_class, Bytes vendor_options) {
  return {.vendor_class = vendor_class, .vendor_options = vendor_options, .capabilities = {}};
}

constexpr Mac kMac{0x001095010203}, kOther{0x001095010204};

// The store as Modems knows it; a write can be made to fail.
class MemoryStore : public ModemStore {
 public:
  std::expected<std::uint64_t, std::string> load_modems(const std::function<void(Modem)>& use) override {
    for (const auto& [mac, modem] : rows) use(modem);
    return 0;
  }
  std::expected<void, std::string> write_modems(std::span<const Row> changes, bool) override {
    if (!failure.empty()) return std::unexpected(failure);
    ++writes;
    for (const Row& row : changes) {
      if (row.kind == Kind::erase) {
        rows.erase(row.modem->mac);
      } else if (row.kind == Kind::put) {
        rows[row.modem->mac] = *row.modem;
      } else {
        Modem& there = rows.at(row.modem->mac);
        there.dhcp_seen = row.modem->dhcp_seen;
        there.file_served = row.modem->file_served;
      }
    }
    return {};
  }
  std::map<Mac, Modem> rows;
  std::string failure;
  int writes = 0;
};

class ModemsTest : public testing::Test {
 protected:
  std::expected<void, std::string> set(Mac mac, ModemChange change, WallSeconds now = 100) {
    const Modems::Setting setting{mac, std::move(change)};
    return modems_.set({&setting, 1}, now);
  }
  MemoryStore store_;
  Modems modems_{store_, {3, 4}};
};

TEST_F(ModemsTest, SetIsInTheStoreBeforeItIsSeen) {
  ASSERT_TRUE(set(kMac, {.profile = "gold", .variables = {{"us_rate", "20"}, {"ds_rate", "100"}}}));
  const Modem& stored = store_.rows.at(kMac);
  EXPECT_EQ(stored.profile, "gold");
  EXPECT_EQ(stored.changed, 100);
  EXPECT_EQ(*modems_.get(kMac), stored);
  EXPECT_EQ(stored.variable("ds_rate"), "100");
  EXPECT_EQ(stored.variable("us_rate"), "20");
  EXPECT_FALSE(stored.variable("none"));
  EXPECT_EQ(stored.variables.front().name, "ds_rate") << "ascending";
}

TEST_F(ModemsTest, WhatCannotBeStoredIsNotSet) {
  ASSERT_TRUE(set(kMac, {.profile = "gold", .variables = {}}));
  store_.failure = "the disk is full";
  const auto done = set(kMac, {.profile = "silver", .variables = {}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error(), "the disk is full");
  EXPECT_EQ(modems_.get(kMac)->profile, "gold");
  EXPECT_FALSE(modems_.erase(kMac));
  EXPECT_TRUE(modems_.get(kMac));
}

TEST_F(ModemsTest, SetGoesOnFromWhatThereIs) {
  ASSERT_TRUE(set(kMac, {.profile = "gold", .variables = {{"a", "1"}, {"b", "2"}}}));
  ASSERT_TRUE(set(kMac, {.profile = {}, .variables = {{"a", ""}, {"c", "3"}, {"none", ""}}}, 200));
  const Modem modem = *modems_.get(kMac);
  EXPECT_EQ(modem.profile, "gold") << "not named, so it stays";
  EXPECT_EQ(modem.variables, (std::vector<Variable>{{"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(modem.changed, 200);
  ASSERT_TRUE(set(kMac, {.profile = "", .variables = {}}));
  EXPECT_EQ(modems_.get(kMac)->profile, "");
}

TEST_F(ModemsTest, ManyAtOnceAreAllOrNone) {
  const std::vector<Modems::Setting> good = {{kMac, {"gold", {{"a", "1"}}}}, {kOther, {"silver", {}}}, {kMac, {{}, {{"b", "2"}}}}};
  ASSERT_TRUE(modems_.set(good, 1));
  EXPECT_EQ(store_.writes, 1);
  EXPECT_EQ(modems_.get(kMac)->variables.size(), 2u) << "the later of two goes on from the earlier";
  const std::vector<Modems::Setting> bad = {{kMac, {"bronze", {}}}, {kOther, {"no such word", {}}}};
  EXPECT_FALSE(modems_.set(bad, 2));
  EXPECT_EQ(modems_.get(kMac)->profile, "gold");
}

TEST_F(ModemsTest, RefusesWithWhatIsRight) {
  struct Case {
    ModemChange change;
    std::string_view part;
  };
  const Case cases[] = {
      {{"no blanks", {}}, "'no blanks' is no profile"},
      {{"../etc/passwd", {}}, "is no profile"},
      {{".hidden", {}}, "is no profile"},
      {{"-rf", {}}, "is no profile"},
      {{std::string(65, 'p'), {}}, "at most 64"},
      {{{}, {{"", "x"}}}, "is no name"},
      {{{}, {{"1st", "x"}}}, "no digit first"},
      {{{}, {{"a-b", "x"}}}, "is no name"},
      {{{}, {{std::string(65, 'n'), "x"}}}, "at most 64"},
      {{{}, {{"a", std::string(256, 'x')}}}, "at most 255"},
      {{{}, {{"a", "x\ny"}}}, "control characters"},
  };
  for (const Case& c : cases) {
    const auto done = set(kMac, c.change);
    ASSERT_FALSE(done) << c.part;
    EXPECT_NE(done.error().find(c.part), std::string::npos) << done.error();
  }
  EXPECT_TRUE(set(kMac, {std::string(64, 'p'), {{std::string(64, 'n'), std::string(255, 'x')}}}));
  ModemChange many;
  for (std::size_t i = 0; i < kMostVariables; ++i) many.variables.push_back({"v" + std::to_string(i), "x"});
  EXPECT_FALSE(set(kMac, many)) << "one is there already";
  EXPECT_TRUE(set(kOther, many));
}

TEST_F(ModemsTest, EraseIsDurableAndSaysWhetherThereWasOne) {
  ASSERT_TRUE(set(kMac, {"gold", {}}));
  EXPECT_EQ(modems_.erase(kMac), true);
  EXPECT_TRUE(store_.rows.empty());
  EXPECT_FALSE(modems_.get(kMac));
  EXPECT_EQ(modems_.erase(kMac), false);
}

TEST_F(ModemsTest, AModemThatIsSeenGetsARecordAndKeepsIt) {
  {
    ModemTable::Reader worker(modems_.table());
    worker.note_dhcp(kMac, 1000, said(as_bytes("docsis3.0:"), as_bytes("opts")), true);
    worker.note_dhcp(kMac, 1001, said(as_bytes("docsis3.0:"), as_bytes("opts")), true);  // before anybody has looked
    modems_.tick();
    worker.note_file(kMac, 1005, "gold.cm");
    worker.note_dhcp(kMac, 1010, said(as_bytes("docsis3.0:"), as_bytes("opts")), true);
    modems_.tick();
  }
  const Modem modem = *modems_.get(kMac);
  EXPECT_EQ(modem.dhcp_seen, 1010);
  EXPECT_EQ(modem.file_served, 1005);
  EXPECT_EQ(modem.file, "gold.cm");
  EXPECT_EQ(modem.vendor_class, "docsis3.0:");
  EXPECT_EQ(modem.vendor_options, "opts");
  EXPECT_EQ(modem.changed, 0) << "nobody has set it";
  ASSERT_TRUE(modems_.store_what_was_seen());
  Modems again(store_, {5, 6});
  ASSERT_TRUE(again.load());
  EXPECT_EQ(*again.get(kMac), modem);
}

TEST_F(ModemsTest, WhatWasSeenIsStoredAgainWhenItCouldNotBe) {
  ModemTable::Reader worker(modems_.table());
  worker.note_dhcp(kMac, 1000, said(as_bytes("docsis3.0:"), {}), true);
  store_.failure = "locked";
  modems_.tick();
  EXPECT_EQ(modems_.ailment(), "locked");
  EXPECT_TRUE(store_.rows.empty());
  EXPECT_TRUE(modems_.get(kMac)) << "in memory at once";
  store_.failure.clear();
  modems_.tick();
  EXPECT_EQ(modems_.ailment(), "");
  EXPECT_EQ(store_.rows.at(kMac).dhcp_seen, 1000);

  worker.note_dhcp(kMac, 2000, said(as_bytes("docsis3.0:"), {}), true);
  store_.failure = "locked";
  modems_.tick();
  store_.failure.clear();
  for (int i = 0; i < 2; ++i) modems_.tick();
  EXPECT_EQ(store_.rows.at(kMac).dhcp_seen, 2000);
}

TEST_F(ModemsTest, AnErasedModemComesBackBareWhenItIsSeenAgain) {
  ASSERT_TRUE(set(kMac, {"gold", {}}));
  ModemTable::Reader worker(modems_.table());
  worker.note_dhcp(kMac, 1000, said(as_bytes("docsis3.0:"), {}), true);
  modems_.tick();
  worker.note_dhcp(kMac, 1001, said(as_bytes("docsis3.1:"), {}), true);  // waits when it is erased
  ASSERT_TRUE(modems_.erase(kMac));
  modems_.tick();
  EXPECT_FALSE(modems_.get(kMac));
  worker.note_dhcp(kMac, 1002, said(as_bytes("docsis3.0:"), {}), true);
  modems_.tick();
  EXPECT_EQ(modems_.get(kMac)->profile, "");
}

TEST_F(ModemsTest, ListAscends) {
  for (std::uint64_t i = 0; i < 3000; ++i) ASSERT_TRUE(set(Mac{(i * 7919) % 3000}, {"p", {}}));
  const std::vector<Mac> all = modems_.all();
  ASSERT_EQ(all.size(), 3000u);
  EXPECT_TRUE(std::ranges::is_sorted(all));
  EXPECT_EQ(modems_.size(), 3000u);
}

}  // namespace
}  // namespace coaxd::subscriber
