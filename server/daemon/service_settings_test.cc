#include "server/daemon/service_settings.h"

#include <gtest/gtest.h>

namespace coaxd::daemon {
namespace {

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

}  // namespace
}  // namespace coaxd::daemon
