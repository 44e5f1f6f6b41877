#include "server/store/modem_rows.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "server/store/lease_store.h"

namespace coaxd::store {
namespace {

using subscriber::Mac;
using subscriber::Modem;
using subscriber::ModemStore;
using subscriber::Modems;

constexpr Mac kMac{0x001095010203}, kOther{0x001095010204};

Modem full(Mac mac) {
  Modem modem{.mac = mac, .profile = "gold", .variables = {{"ds_rate", "100"}, {"note", "it's \"50 %\" \xc3\xa9"}}, .changed = 1, .dhcp_seen = 2, .file_served = 3};
  modem.file = "gold.cm";
  modem.vendor_class = "docsis3.0:";
  modem.vendor_options = std::string("\x09\x04TG86\x04\x02\x00\x01\xff", 11);
  modem.capabilities = std::string("\x05\x00\xfe", 3);
  return modem;
}

class StoreOfModems : public testing::Test {
 protected:
  StoreOfModems() {
    std::string name = (std::filesystem::temp_directory_path() / "coaxd-modems-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    open();
  }
  ~StoreOfModems() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string path() const { return (directory_ / "leases.db").string(); }
  // Again, without a word to the one before: what it answered has to be on the disk.
  void open() {
    store_.reset();
    auto opened = LeaseStore::open({.path = path(), .segment_size = 1 << 20, .now = 1'800'000'000});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  std::expected<void, std::string> write(ModemStore::Kind kind, const Modem& modem) {
    const ModemStore::Row row{kind, &modem};
    return store_->modems().write_modems({&row, 1}, false);
  }
  std::vector<Modem> all() {
    std::vector<Modem> modems;
    const auto loaded = store_->modems().load_modems([&](Modem modem) { modems.push_back(std::move(modem)); });
    EXPECT_TRUE(loaded);
    unreadable_ = loaded.value_or(0);
    return modems;
  }
  std::filesystem::path directory_;
  std::unique_ptr<LeaseStore> store_;
  std::uint64_t unreadable_ = 0;
};

TEST_F(StoreOfModems, EveryFieldComesBackAfterARestart) {
  ASSERT_TRUE(write(ModemStore::Kind::put, full(kMac)));
  ASSERT_TRUE(write(ModemStore::Kind::put, {.mac = kOther}));
  open();
  const std::vector<Modem> modems = all();
  ASSERT_EQ(modems.size(), 2u);
  EXPECT_EQ(modems[0], full(kMac));
  EXPECT_EQ(modems[1], (Modem{.mac = kOther}));
  EXPECT_EQ(unreadable_, 0u);
}

TEST_F(StoreOfModems, PutReplacesSeenTouchesTimesOnlyEraseTakesAll) {
  ASSERT_TRUE(write(ModemStore::Kind::put, full(kMac)));
  Modem later = full(kMac);
  later.variables = {{"only", "1"}};
  ASSERT_TRUE(write(ModemStore::Kind::put, later));
  EXPECT_EQ(all().at(0), later);
  Modem seen = later;
  seen.profile = "not this";
  seen.dhcp_seen = 20;
  seen.file_served = 30;
  ASSERT_TRUE(write(ModemStore::Kind::seen, seen));
  seen.profile = later.profile;
  EXPECT_EQ(all().at(0), seen);
  ASSERT_TRUE(write(ModemStore::Kind::erase, seen));
  EXPECT_TRUE(all().empty());
  ASSERT_TRUE(write(ModemStore::Kind::seen, seen)) << "nothing to touch";
  EXPECT_TRUE(all().empty());
}

// docs/store-schema.md: the file is for people with sqlite3, too.
TEST_F(StoreOfModems, RowsReadAsDocumented) {
  ASSERT_TRUE(write(ModemStore::Kind::put, full(kMac)));
  auto database = Database::open(path());
  ASSERT_TRUE(database);
  auto row = database->prepare("SELECT mac, profile, docsis, model, software, v.value FROM modems JOIN modem_variables v USING (mac) WHERE v.name = 'ds_rate'");
  ASSERT_TRUE(row);
  ASSERT_EQ(row->step(), SQLITE_ROW);
  EXPECT_EQ(row->text(0), "00:10:95:01:02:03");
  EXPECT_EQ(row->text(1), "gold");
  EXPECT_EQ(row->text(2), "3.0");
  EXPECT_EQ(row->text(3), "TG86");
  EXPECT_TRUE(row->is_null(4)) << "it has not said";
  EXPECT_EQ(row->text(5), "100");
}

TEST_F(StoreOfModems, ARowThatSomebodyHasEditedIsCountedAndLeftOut) {
  ASSERT_TRUE(write(ModemStore::Kind::put, full(kMac)));
  {
    auto database = Database::open(path());
    ASSERT_TRUE(database);
    ASSERT_EQ(database->exec("INSERT INTO modems SELECT 'nonsense', profile, 0, 0, 0, file, '', '', '', null, null, null, null, null FROM modems;"
                             "INSERT INTO modem_variables VALUES ('00:10:95:01:02:02', 'of', 'nobody'), ('zz', 'of', 'nobody')"),
              SQLITE_OK);
  }
  const std::vector<Modem> modems = all();
  ASSERT_EQ(modems.size(), 1u);
  EXPECT_EQ(modems[0], full(kMac));
  EXPECT_EQ(unreadable_, 1u);
}

// An operator's `sqlite3` that holds a lock: who is patient gets through when it goes, who is not is told at once.
TEST_F(StoreOfModems, WaitsForALockOnlyForWhoIsPatient) {
  auto shell = Database::open(path());
  ASSERT_TRUE(shell);
  ASSERT_EQ(shell->exec("BEGIN IMMEDIATE"), SQLITE_OK);
  const auto refused = write(ModemStore::Kind::put, full(kMac));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("locked"), std::string::npos) << refused.error();
  std::thread operator_leaves([&] { EXPECT_EQ(shell->exec("COMMIT"), SQLITE_OK); });
  const Modem modem = full(kMac);
  const ModemStore::Row row{ModemStore::Kind::put, &modem};
  EXPECT_TRUE(store_->modems().write_modems({&row, 1}, true));
  operator_leaves.join();
  EXPECT_EQ(all().size(), 1u);
}

// All or none, also while the fold thread is at work on the same connection.
TEST_F(StoreOfModems, WritesBesideTheFoldThread) {
  store_->start();
  for (std::uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(write(ModemStore::Kind::put, full(Mac{i})));
  store_->stop();
  open();
  EXPECT_EQ(all().size(), 50u);
}

TEST_F(StoreOfModems, AHundredThousandLoadFast) {
  constexpr std::uint64_t kMany = 100'000;
  std::vector<Modem> modems;
  for (std::uint64_t i = 0; i < kMany; ++i) modems.push_back(full(Mac{i * 7919}));
  std::vector<ModemStore::Row> rows;
  for (const Modem& modem : modems) rows.push_back({ModemStore::Kind::put, &modem});
  ASSERT_TRUE(store_->modems().write_modems(rows, false));
  open();
  const auto before = std::chrono::steady_clock::now();
  Modems loaded(store_->modems(), {1, 2});
  ASSERT_TRUE(loaded.load());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
  EXPECT_EQ(loaded.size(), kMany);
  EXPECT_EQ(loaded.get(Mac{99'999 * 7919}), full(Mac{99'999 * 7919}));
  RecordProperty("milliseconds", static_cast<int>(took.count()));
  std::printf("100,000 records with two variables each loaded in %d ms\n", static_cast<int>(took.count()));
}

}  // namespace
}  // namespace coaxd::store
