#include "bench/coaxstorm/leases_file.h"

#include <gtest/gtest.h>

#include <sstream>

namespace coaxd::storm {
namespace {

TEST(LeasesFile, TheLastBlockOfAnAddressCounts) {
  std::istringstream text{R"(# a comment
lease 10.0.0.1 {
  starts 3 2024/01/03 10:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 2:c0:a0:0:0:1;
  uid "\001\002";
}
lease 10.0.0.2 {
  binding state free;
  hardware ethernet 02:c0:a0:00:00:02;
}
server-duid "x";
lease 10.0.0.1 {
  binding state active;
  hardware ethernet 02:c0:a0:00:00:07;
}
)"};
  const FileLeases leases = parse_leases(text);
  ASSERT_EQ(leases.size(), 2u);
  const FileLease& first = leases.at(Ipv4::of(10, 0, 0, 1).value);
  EXPECT_TRUE(first.active);
  EXPECT_EQ(first.mac, 0x02c0a0000007u);
  EXPECT_FALSE(leases.at(Ipv4::of(10, 0, 0, 2).value).active);
}

TEST(LeasesFile, ABlockWithoutHardwareForgetsTheOneBefore) {
  std::istringstream text{
      "lease 10.0.0.1 {\n  binding state active;\n  hardware ethernet 02:c0:a0:00:00:07;\n}\n"
      "lease 10.0.0.1 {\n  binding state free;\n}\n"};
  const FileLease lease = parse_leases(text).at(Ipv4::of(10, 0, 0, 1).value);
  EXPECT_FALSE(lease.active);
  EXPECT_EQ(lease.mac, 0u);
}

TEST(LeasesFile, AMissingFileIsAnError) {
  EXPECT_FALSE(read_leases_file("/nonexistent/dhcpd.leases").has_value());
}

}  // namespace
}  // namespace coaxd::storm
