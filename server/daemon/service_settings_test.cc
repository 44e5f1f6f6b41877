#include "server/daemon/service_settings.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace coaxd::daemon {
namespace {

using ::testing::HasSubstr;

TEST(ServiceSettings, WhatIsOffHasNoPort) {
  const io::ServiceOptions options = service_options({}, 2, 7);
  EXPECT_EQ(options.tftp_port, 0);
  EXPECT_EQ(options.time_port, 0);
}

TEST(ServiceSettings, PortsAreThoseOfTheSettings) {
  config::Settings settings;
  settings.tftp.enabled = settings.time.enabled = true;
  settings.tftp.port = 6969;
  settings.tftp.transfer_ports = 3;
  settings.tftp.ports = "4000-4010";
  const io::ServiceOptions options = service_options(settings, 2, 7);
  EXPECT_EQ(options.workers, 2u);
  EXPECT_EQ(options.tftp_port, 6969);
  EXPECT_EQ(options.time_port, 37);
  EXPECT_EQ(options.transfer_ports, 3u);
  EXPECT_EQ(options.transfer_range.low, 4000);
  EXPECT_EQ(options.transfer_range.high, 4010);
}

// The limit of transfers is that of the process; all else holds for each worker alike.
TEST(ServiceSettings, TransfersAreSharedOut) {
  config::Settings settings;
  settings.tftp.transfers = 10;
  settings.tftp.max_blksize = 1428;
  settings.tftp.window = 4;
  settings.tftp.first_timeout_ms = 20'000;
  settings.tftp.tries = 3;
  settings.tftp.cmts = "10.1.0.1";
  const tftp::Settings four = tftp_settings(settings, 4, {1, 2});
  EXPECT_EQ(four.transfers, 3u);
  EXPECT_EQ(four.largest_datagram, 1432);
  EXPECT_EQ(four.largest_window, 4);
  EXPECT_EQ(four.first_timeout, Millis{20'000});
  EXPECT_EQ(four.longest_timeout, Millis{20'000});
  EXPECT_EQ(four.tries, 3u);
  EXPECT_EQ(four.tries_unheard, 3u);
  EXPECT_EQ(four.proxies.size(), 1u);
  EXPECT_EQ(tftp_settings(settings, 100, {1, 2}).transfers, 1u);
}

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::string name = std::filesystem::temp_directory_path() / "coaxd-files-XXXXXX";
    settings_.tftp.root = mkdtemp(name.data());
    settings_.tftp.require_lease = false;
    std::ofstream(settings_.tftp.root + "/gold.cm") << "gold";
  }
  ~StaticFilesTest() override { std::filesystem::remove_all(settings_.tftp.root); }
  tftp::FileAnswer::Status open(const WorkerFiles& files) { return files.source->open({.name = "gold.cm", .client = {Ipv4::of(10, 0, 0, 9), 1000}}).status; }

  config::Settings settings_;
  lease::LeaseTable leases_{HashSeed{1, 2}};
};

TEST_F(StaticFilesTest, ServeTheFolder) {
  std::filesystem::permissions(settings_.tftp.root + "/gold.cm", std::filesystem::perms(0644));
  const auto files = static_files(settings_, leases_, nullptr)(0);
  ASSERT_TRUE(files) << files.error();
  EXPECT_EQ(open(*files), tftp::FileAnswer::Status::ready);
}

TEST_F(StaticFilesTest, WithoutAFolderNothingIsFound) {
  config::Settings settings = settings_;
  settings.tftp.root.clear();
  const auto files = static_files(settings, leases_, nullptr)(0);
  ASSERT_TRUE(files);
  EXPECT_EQ(open(*files), tftp::FileAnswer::Status::refused);
}

TEST_F(StaticFilesTest, AFolderThatIsNotThereIsSaidWithItsMend) {
  config::Settings settings = settings_;
  settings.tftp.root += "/none";
  const auto files = static_files(settings, leases_, nullptr)(0);
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error(), HasSubstr("/none: No such file or directory: make the folder (mkdir -p "));
}

}  // namespace
}  // namespace coaxd::daemon
