// Who is in quarantine, as CMTSs are told it.
#include "leasequery/confined_holders.h"

#include <gtest/gtest.h>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using subscriber::Confined;
using subscriber::PublishedConfined;
using subscriber::Scope;

constexpr const char* kGarden = R"(
  class "quarantine" { }
  host web { hardware ethernet 77:65:62:73:72:76; fixed-address 10.1.0.5; }
  shared-network one {
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.59; }
    subnet 10.9.0.0 netmask 255.255.255.0 { pool { allow members of "quarantine"; range 10.9.0.10 10.9.0.59; } }
  }
)";
constexpr Ipv4 kOld = Ipv4::of(10, 1, 0, 10), kOther = Ipv4::of(10, 1, 0, 11), kNew = Ipv4::of(10, 9, 0, 10), kFixed = Ipv4::of(10, 1, 0, 5);
constexpr std::string_view kBehindM1 = "\x02\x06modem1", kBehindM2 = "\x01\x02xx\x02\x06modem2";

class QuarantineLeasequery : public ::testing::Test {
 protected:
  void confine(std::vector<Confined::Ward> wards) { published.publish(std::make_shared<const Confined>(wards)); }

  PublishedConfined published{std::make_shared<const Confined>()};
  ConfinedHolders holders{published};
  Site site{kGarden, &holders};
};

TEST_F(QuarantineLeasequery, AnAddressOfTheMachineIsUnassignedAtOnceAndOfTheGardenActive) {
  site.lease(kOld, {.hardware = "pc0001", .agent_info = kBehindM1});
  site.lease(kOther, {.hardware = "pc0002", .agent_info = kBehindM1});
  site.lease(kNew, {.hardware = "pc0001", .agent_info = kBehindM1, .cltt = at(-10)});
  EXPECT_EQ(site.by_address(kOld), Standing::active);
  confine({{.hardware = "pc0001", .scope = Scope::cpe, .id = 1}});
  EXPECT_EQ(site.by_address(kOld), Standing::unassigned);
  EXPECT_EQ(site.by_address(kOther), Standing::active) << "another machine behind the same modem";
  EXPECT_EQ(site.by_address(kNew), Standing::active);
  EXPECT_EQ(site.by_hardware("pc0001"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kNew);
  EXPECT_TRUE(site.others().empty()) << "what was taken from him is not among his addresses";
  confine({});
  EXPECT_EQ(site.by_address(kOld), Standing::active) << "it is his again";
}

TEST_F(QuarantineLeasequery, EveryMachineBehindTheModemByItsRemoteId) {
  site.lease(kOld, {.hardware = "pc0001", .agent_info = kBehindM1});
  site.lease(kOther, {.hardware = "pc0002", .agent_info = kBehindM2});
  confine({{.remote_id = "modem2", .scope = Scope::subscriber, .id = 1}});
  EXPECT_EQ(site.by_address(kOld), Standing::active);
  EXPECT_EQ(site.by_address(kOther), Standing::unassigned);
}

TEST_F(QuarantineLeasequery, TheModemAndItsTelephoneKeepTheirAddresses) {
  site.lease(kOld, {.hardware = "modem1", .agent_info = kBehindM1, .vendor_class = "docsis3.0:"});
  site.lease(kOther, {.hardware = "mta001", .agent_info = kBehindM1, .vendor_class = "pktc1.5:05"});
  confine({{.remote_id = "modem1", .scope = Scope::modem, .id = 1}});
  EXPECT_EQ(site.by_address(kOld), Standing::active);
  EXPECT_EQ(site.by_address(kOther), Standing::active);
}

TEST_F(QuarantineLeasequery, AFixedAddressIsTakenAwayByItsHostsHardware) {
  confine({{.hardware = "websrv", .scope = Scope::cpe, .id = 1}});
  EXPECT_EQ(site.by_address(kFixed), Standing::unassigned);
  EXPECT_EQ(site.by_hardware("websrv"), Standing::unknown);
}

TEST_F(QuarantineLeasequery, AnAddressOfNobodyIsAsItWas) {
  confine({{.hardware = "pc0001", .scope = Scope::cpe, .id = 1}});
  EXPECT_EQ(site.by_address(kOld), Standing::unassigned);
  EXPECT_EQ(site.by_address(Ipv4::of(192, 0, 2, 1)), Standing::unknown);
}

}  // namespace
}  // namespace coaxd::leasequery
