#include "server/store/paced_vfs.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "server/store/sqlite.h"

namespace coaxd::store {
namespace {

constexpr const char* kManyRows =
    "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, randomblob(300) FROM n";

class PacedVfs : public testing::Test {
 protected:
  PacedVfs() {
    EXPECT_EQ(database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (i INTEGER PRIMARY KEY, octets)"), SQLITE_OK);
  }
  ~PacedVfs() override {
    database = {};
    std::filesystem::remove_all(folder);
  }

  std::string folder = [] {
    std::string name = "/tmp/coaxd-paced-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    return name;
  }();
  std::string path = folder + "/db";
  Database database = std::move(*Database::open(path, paced_vfs()));
};

TEST_F(PacedVfs, WhatGoesThroughItIsReadByAnyOther) {
  ASSERT_EQ(database.exec(kManyRows), SQLITE_OK);
  auto beside = Database::open(path);
  ASSERT_TRUE(beside);
  EXPECT_EQ(*beside->integer("SELECT count(*) FROM t"), 20000);
  EXPECT_EQ(*database.integer("PRAGMA wal_checkpoint(TRUNCATE)"), 0);
  EXPECT_EQ(database.exec("UPDATE t SET octets = randomblob(200) WHERE i % 3 = 0"), SQLITE_OK);
  database = {};
  auto again = Database::open(path);
  EXPECT_EQ(*again->integer("SELECT count(*) FROM t WHERE length(octets) = 200"), 6666);
  EXPECT_EQ(*again->integer("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

TEST_F(PacedVfs, LocksHoldBothWays) {
  auto beside = Database::open(path);
  ASSERT_EQ(beside->exec("BEGIN IMMEDIATE"), SQLITE_OK);
  EXPECT_EQ(database.exec("INSERT INTO t VALUES (1, 'x')"), SQLITE_BUSY);
  ASSERT_EQ(beside->exec("COMMIT"), SQLITE_OK);
  ASSERT_EQ(database.exec("BEGIN IMMEDIATE"), SQLITE_OK);
  EXPECT_EQ(beside->exec("INSERT INTO t VALUES (1, 'x')"), SQLITE_BUSY);
}

// sqlite3_config() after the first use of SQLite is refused, and each allocation then takes a lock to be counted.
TEST_F(PacedVfs, MemoryIsNotCounted) { EXPECT_EQ(sqlite3_memory_used(), 0); }

TEST_F(PacedVfs, AFullDiskIsTold) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit little = before;
  little.rlim_cur = 1 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  EXPECT_NE(database.exec(kManyRows), SQLITE_OK);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(*database.integer("SELECT count(*) FROM t"), 0);
  EXPECT_EQ(database.exec(kManyRows), SQLITE_OK);
}

TEST(PacedVfsOpen, AFolderThatIsNotThere) {
  EXPECT_EQ(Database::open("/proc/none/db", paced_vfs()).error(), SQLITE_CANTOPEN);
}

}  // namespace
}  // namespace coaxd::store
