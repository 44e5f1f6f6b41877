#include "bench/coaxstorm/ack_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <vector>

namespace coaxd::storm {
namespace {

class AckLogTest : public testing::Test {
 protected:
  AckLogTest() {
    char name[] = "/tmp/ack_log_test.XXXXXX";
    const int fd = mkstemp(name);
    if (fd >= 0) close(fd);
    path_ = name;
  }
  ~AckLogTest() override { unlink(path_.c_str()); }

  std::vector<AckRecord> read() const {
    std::vector<AckRecord> records;
    EXPECT_TRUE(read_ack_log(path_, [&](const AckRecord& record) { records.push_back(record); }).has_value());
    return records;
  }
  std::string path_;
};

TEST_F(AckLogTest, WhatIsWrittenIsRead) {
  constexpr int kRecords = 5000;  // several buffers full
  {
    auto log = AckLog::append_to(path_);
    ASSERT_TRUE(log.has_value());
    for (std::uint32_t i = 0; i < kRecords; ++i) {
      log->add({.wall_us = 1'700'000'000'000'007 + i, .mac = 0x02c0a0000000u + i, .address = {0x0a000000 + i}, .lease_time = i});
    }
    EXPECT_FALSE(log->failed());
  }
  const auto records = read();
  ASSERT_EQ(records.size(), kRecords);
  for (std::uint32_t i = 0; i < kRecords; ++i) {
    EXPECT_EQ(records[i].wall_us, 1'700'000'000'000'007 + i);
    EXPECT_EQ(records[i].mac, 0x02c0a0000000u + i);
    EXPECT_EQ(records[i].address.value, 0x0a000000 + i);
    EXPECT_EQ(records[i].lease_time, i);
  }
}

TEST_F(AckLogTest, IsInTheFileAfterFlush) {
  auto log = AckLog::append_to(path_);
  ASSERT_TRUE(log.has_value());
  log->add({.wall_us = 1, .mac = 2, .address = {3}, .lease_time = 4});
  EXPECT_TRUE(read().empty());
  log->flush();
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(AckLogTest, ALineThatWasCutIsLeftOut) {
  std::ofstream{path_} << "1.000002 02:c0:a0:00:00:01 10.0.0.1 60\n1.000003 02:c0:a0:00:00:02 10.0.0.2 6";
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(AckLogTest, ErrorsNameTheLine) {
  std::ofstream{path_} << "1.000002 02:c0:a0:00:00:01 10.0.0.1 60\nnonsense\n";
  const auto result = read_ack_log(path_, [](const AckRecord&) {});
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().find(path_ + ":2:"), std::string::npos) << result.error();
  EXPECT_FALSE(read_ack_log("/nonexistent/file", [](const AckRecord&) {}).has_value());
  EXPECT_FALSE(AckLog::append_to("/nonexistent/file").has_value());
}

TEST(AckLine, EveryTruncationIsRefused) {
  const std::string line = "1700000000.000002 02:c0:a0:00:00:01 10.0.0.1 7";
  AckRecord record;
  ASSERT_TRUE(parse_ack_line(line, record));
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(parse_ack_line(line.substr(0, size), record)) << size;
  }
  EXPECT_FALSE(parse_ack_line(line + "x", record));
  EXPECT_FALSE(parse_ack_line("1.5 02:c0:a0:00:00:01 10.0.0.1 7", record));
}

}  // namespace
}  // namespace coaxd::storm
