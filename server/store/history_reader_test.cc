#include "server/store/history_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "server/store/backup.h"
#include "server/store/schema.h"

namespace coaxd::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Ipv4 kAddress = Ipv4::of(10, 1, 0, 7);
constexpr WallSeconds kBegin = 1'700'000'000;

class HistoryReaderTest : public testing::Test {
 protected:
  HistoryReaderTest() : folder_(testing::TempDir() + "coaxd-history-" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
    database_ = std::move(*Database::open(path()));
    EXPECT_TRUE(open_schema(database_));
  }
  // So many addresses, ten periods of an hour each, the last one goes on.
  void fill(int addresses) {
    const std::string sql = fmt::format(
        "BEGIN; WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {0} * 10 - 1) "
        "INSERT INTO history (ip, since, until, changed, reason, mac, remote_id) SELECT 167837696 + i % {0}, 1700000000 + i / {0} * 3600, iif(i < {0} * 9, 1700003600 + i / {0} * 3600, NULL), 0, "
        "iif(i < {0} * 9, 'replaced', NULL), printf('00:15:96:00:00:%02x', i / {0}), cast(printf('modem%d', i % {0}) AS BLOB) FROM n; COMMIT",
        addresses);
    ASSERT_EQ(database_.exec(sql.c_str()), SQLITE_OK);
    reader_ = std::move(*HistoryReader::open(path()));
  }
  ~HistoryReaderTest() override {
    reader_.reset();
    database_ = {};
    std::filesystem::remove_all(folder_);
  }
  std::string path() const { return folder_ + "/leases.db"; }
  std::vector<std::string> macs(std::optional<WallSeconds> at, WallSeconds before = kBegin * 2, std::size_t most = 100) {
    std::vector<std::string> found;
    const auto periods = reader_->of_address(kAddress, at, before, most);
    EXPECT_TRUE(periods);
    for (const Period& each : *periods) found.push_back(each.mac.substr(15));
    return found;
  }

  const std::string folder_;
  Database database_;
  std::unique_ptr<HistoryReader> reader_;
};

TEST_F(HistoryReaderTest, WhoHadAnAddressThenAmongAMillionRows) {
  fill(100'000);
  EXPECT_THAT(macs(kBegin), ElementsAre("00"));
  EXPECT_THAT(macs(kBegin + 3599), ElementsAre("00"));
  EXPECT_THAT(macs(kBegin + 3600), ElementsAre("01")) << "a period ends before its last second is over";
  EXPECT_THAT(macs(kBegin - 1), ElementsAre());
  EXPECT_THAT(macs(kBegin + 1'000'000), ElementsAre("09")) << "it goes on";
  EXPECT_THAT(macs(std::nullopt, kBegin * 2, 3), ElementsAre("09", "08", "07"));
  EXPECT_THAT(macs(std::nullopt, kBegin + 7200), ElementsAre("01", "00"));
  EXPECT_THAT(reader_->plan(), HasSubstr("history_by_ip"));
  EXPECT_THAT(reader_->plan(), Not(HasSubstr("SCAN")));
  EXPECT_THAT(reader_->plan(), Not(HasSubstr("TEMP B-TREE")));

  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) (void)macs(kBegin + i);
  RecordProperty("us_per_question", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count() / 1000));
}

TEST_F(HistoryReaderTest, AModemIsLookedForInPieces) {
  fill(10'000);
  HistoryReader::Search search{.remote_id = "modem7", .at = kBegin + 5000};
  std::vector<Period> found;
  std::int64_t place = 0;
  int pieces = 1;
  while (*reader_->search(search, place, found)) ++pieces;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].mac, "00:15:96:00:00:01");
  EXPECT_GT(pieces, 10);
  search = {.mac = "00:15:96:00:00:02"};
  found.clear();
  place = 0;
  while (*reader_->search(search, place, found)) {}
  EXPECT_EQ(found.size(), 10'000u);
}

TEST_F(HistoryReaderTest, ABackupIsWholeWhileTheStoreIsWrittenTo) {
  fill(1000);
  ASSERT_EQ(database_.exec("BEGIN IMMEDIATE; INSERT INTO history (ip, since, changed, mac) VALUES (1, 2, 3, 'half')"), SQLITE_OK);
  const std::string copy = folder_ + "/copy.db";
  ASSERT_TRUE(back_up(path(), copy)) << "a writer keeps nobody waiting";
  ASSERT_EQ(database_.exec("COMMIT"), SQLITE_OK);
  auto opened = Database::open_to_read(copy);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened->integer("SELECT count(*) FROM history"), 10'000) << "what was not committed is not in it";
  EXPECT_EQ(*opened->integer("PRAGMA user_version"), 1);
  EXPECT_NE(opened->exec("DELETE FROM history"), SQLITE_OK);
  EXPECT_EQ(std::filesystem::status(copy).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(copy + ".new"));
  EXPECT_THAT(back_up(path(), folder_ + "/none/copy.db").error(), HasSubstr("the folder must be there"));
  EXPECT_FALSE(back_up(folder_ + "/none.db", folder_ + "/other.db"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/other.db.new"));
}

}  // namespace
}  // namespace coaxd::store
