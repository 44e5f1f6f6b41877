#include "server/daemon/fixed_leases.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/daemon/configuration.h"

namespace coaxd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallSeconds kNow = 1'795'380'600;  // 2026/11/22 20:50:00
constexpr Ipv4 kFirst = Ipv4::of(10, 77, 0, 10);

class FixedLeasesTest : public testing::Test {
 protected:
  FixedLeasesTest() {
    std::string name = testing::TempDir() + "coaxd-fixed-XXXXXX";
    folder = mkdtemp(name.data());
  }
  ~FixedLeasesTest() override { std::filesystem::remove_all(folder); }

  void configure(const std::string& hosts) {
    std::ofstream(folder / "dhcpd.conf") << "subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.10 10.77.0.90; }\n" << hosts;
    auto loaded = load_configuration(folder / "dhcpd.conf", {}, nullptr);
    ASSERT_TRUE(loaded) << loaded.error();
    config = loaded->config;
    table.configure(pool_specs(*config), kNow);
  }
  void lease(std::uint32_t i, std::uint8_t mac, lease::BindingState state = lease::BindingState::active, WallSeconds ends = kNow + 505) {
    lease::Binding b;
    b.state = state;
    b.set_hardware(1, std::array<std::uint8_t, 6>{0, 0x15, 0x96, 0, 0, mac});
    b.set(lease::Item::client_id, std::array<std::uint8_t, 2>{0, mac});
    b.starts = b.cltt = lease::to_stored(kNow - 600);
    b.ends = lease::to_stored(ends);
    ASSERT_TRUE(table.restore({kFirst.value + i}, b, 1));
    table.restored(kNow);
  }
  std::vector<std::string> said() const { return fixed_addresses_of_others(*config, table, kNow); }

  std::filesystem::path folder;
  std::shared_ptr<const config::Config> config;
  lease::LeaseTable table{{1, 2}};
};

TEST_F(FixedLeasesTest, TellsWhoseLeaseWillEnd) {
  configure("host bb { hardware ethernet 00:15:96:00:00:bb; fixed-address 10.77.0.12; }");
  EXPECT_THAT(said(), IsEmpty());
  lease(2, 0x0a);
  EXPECT_THAT(said(), ElementsAre("10.77.0.12 is the fixed-address of host bb: the lease of 00:15:96:00:00:0a until 2026/11/22 20:58:25 UTC ends as "
                                  "soon as that host asks."));
}

TEST_F(FixedLeasesTest, NotOfTheHostItselfNorOfWhatIsOver) {
  configure(R"(host a { hardware ethernet 00:15:96:00:00:0a; fixed-address 10.77.0.12; }
               host b { option dhcp-client-identifier 00:0b; fixed-address 10.77.0.13; }
               host c { host-identifier option agent.remote-id "c"; fixed-address 10.77.0.14; }
               host d { hardware ethernet 00:15:96:00:00:0d; fixed-address 10.77.0.15, 10.77.0.16, 10.78.0.1; })");
  lease(2, 0x0a);
  lease(3, 0x0b);
  lease(4, 0x01);
  lease(5, 0x01, lease::BindingState::active, kNow);
  lease(6, 0x01, lease::BindingState::released);
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(FixedLeasesTest, ManyAreCounted) {
  std::string hosts;
  for (unsigned i = 0; i < 25; ++i)
    hosts += fmt::format("host h{} {{ hardware ethernet 00:15:96:00:01:{:02x}; fixed-address 10.77.0.{}; }}\n", i, i, 20 + i);
  configure(hosts);
  for (unsigned i = 0; i < 25; ++i) lease(10 + i, static_cast<std::uint8_t>(i));
  ASSERT_EQ(said().size(), kMostFixedLeases + 1);
  EXPECT_EQ(said().back(), "So it is with 5 more fixed addresses.");
}

}  // namespace
}  // namespace coaxd::daemon
