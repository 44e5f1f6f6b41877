#include "leasequery/lease_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using lease::BindingState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Ipv4 kA = Ipv4::of(10, 1, 0, 10), kB = Ipv4::of(10, 1, 0, 11), kC = Ipv4::of(10, 1, 0, 12), kFixed = Ipv4::of(10, 1, 0, 200);
const std::string kHosts = std::string(Site::kOneNetwork) +
                           "host web { hardware ethernet 00:15:96:00:00:80; fixed-address 10.1.0.200; }\n"
                           "host mail { option dhcp-client-identifier \"mail\"; fixed-address 10.1.0.201, 10.9.0.201; }\n";
const std::string kWeb("\x00\x15\x96\x00\x00\x80", 6);

// --- by address ---

TEST(Rfc4388_6_4_1_ByAddress, ARunningLeaseIsActive) {
  Site site;
  site.lease(kA, {.hardware = "modem1", .client_id = "id1", .agent_info = "\1\1a", .vendor_class = "docsis3.0", .host_name = "cm"});
  EXPECT_EQ(site.by_address(kA), Standing::active);
  const Facts& facts = site.facts;
  EXPECT_EQ(facts.standing, Standing::active);
  EXPECT_EQ(facts.address, kA);
  EXPECT_FALSE(facts.is_static);
  EXPECT_TRUE(facts.ever_used);
  EXPECT_EQ(facts.state, BindingState::active);
  EXPECT_EQ(facts.htype, 1);
  EXPECT_EQ(as_text(facts.hardware), "modem1");
  EXPECT_EQ(as_text(facts.client_id), "id1");
  EXPECT_EQ(as_text(facts.agent_info), "\1\1a");
  EXPECT_EQ(as_text(facts.vendor_class), "docsis3.0");
  EXPECT_EQ(as_text(facts.host_name), "cm");
  EXPECT_EQ(facts.pool, site.config->pools().front().get());
  EXPECT_EQ(facts.generation, site.leases.word(site.leases.find(kA)).generation());
  EXPECT_EQ(facts.lease_left, 3000u);
  EXPECT_EQ(facts.since_cltt, 600u);
}

TEST(Rfc4388_6_4_1_ByAddress, OursAndNobodysIsUnassigned) {
  Site site;
  EXPECT_EQ(site.by_address(kA), Standing::unassigned) << "never used";
  EXPECT_FALSE(site.facts.ever_used);
  struct Row {
    BindingState state;
    int rfc6926_code;
  };
  for (const Row row : {Row{BindingState::free, 1}, Row{BindingState::expired, 3}, Row{BindingState::released, 4}, Row{BindingState::abandoned, 5}, Row{BindingState::reset, 6}}) {
    site.lease(kA, {.state = row.state, .ends = at(-5)});
    EXPECT_EQ(site.by_address(kA), Standing::unassigned) << row.rfc6926_code;
    EXPECT_EQ(lease::row_of(site.facts.state).rfc6926_code, row.rfc6926_code);
    EXPECT_EQ(site.facts.lease_left, 0u);
    EXPECT_TRUE(site.facts.ever_used);
  }
}

TEST(Rfc4388_6_4_1_ByAddress, AnOfferIsNobodysYet) {
  Site site;
  site.offer(kA, "modem1");
  EXPECT_EQ(site.by_address(kA), Standing::unassigned);
}

// Expiry works leases off some time after they ended.
TEST(Rfc4388_6_4_1_ByAddress, ALeaseIsOverAtItsEnd) {
  Site site;
  site.lease(kA, {.ends = at(1)});
  EXPECT_EQ(site.by_address(kA), Standing::active);
  EXPECT_EQ(site.facts.lease_left, 1u);
  site.lease(kB, {.ends = at(0)});
  EXPECT_EQ(site.by_address(kB), Standing::unassigned);
  EXPECT_EQ(site.facts.state, BindingState::expired);
}

// RFC 2131 §3.1 step 4: what is not durable has not happened.
TEST(Rfc2131_3_1_Pending, IsWhatItWas) {
  Site site;
  const lease::SlotId slot = site.leases.find(kA);
  const auto first = site.leases.claim(slot, site.leases.word(slot));
  ASSERT_TRUE(first);
  EXPECT_EQ(site.by_address(kA), Standing::unassigned);
  site.leases.commit(*first, TestLease{}.binding());
  const auto renewal = site.leases.claim(slot, site.leases.word(slot));
  ASSERT_TRUE(renewal);
  EXPECT_EQ(site.by_address(kA), Standing::active);
  site.leases.rollback(*renewal);
}

TEST(Rfc4388_6_4_1_ByAddress, WhatIsNotOursIsUnknown) {
  Site site(kHosts);
  for (const Ipv4 address : {Ipv4{}, Ipv4::of(10, 1, 0, 9), Ipv4::of(10, 1, 0, 60), Ipv4::of(10, 1, 0, 202), Ipv4::of(192, 0, 2, 1), Ipv4{0xffffffff}})
    EXPECT_EQ(site.by_address(address), Standing::unknown) << to_string(address);
}

TEST(Rfc4388_6_4_1_ByAddress, BeforeThereIsAConfigurationAllIsUnknown) {
  lease::LeaseTable leases(HashSeed{1, 2});
  LeaseView view(leases);
  Facts facts;
  EXPECT_EQ(view.by_address(kA, kNow, facts), Standing::unknown);
  Tenant tenant;
  EXPECT_EQ(view.by_hardware(1, as_bytes("modem1"), kNow, tenant), Standing::unknown);
  EXPECT_EQ(view.by_client_id(as_bytes("id"), kNow, tenant), Standing::unknown);
  LeaseView::Place place;
  std::size_t budget = 10;
  EXPECT_FALSE(view.next(place, LeaseView::Walk::all, kNow, budget, facts));
  EXPECT_TRUE(place.at_end());
}

// The configuration decides what is ours: leases of a range that is gone wait in the table for it to come back.
TEST(LeaseView, ARangeThatIsGoneIsNotOurs) {
  Site site;
  site.lease(kA);
  site.use("subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.20 10.1.0.59; }");
  EXPECT_EQ(site.by_address(kA), Standing::unknown);
  EXPECT_EQ(site.by_hardware("modem1"), Standing::unknown);
  site.use(std::string(Site::kOneNetwork));
  EXPECT_EQ(site.by_address(kA), Standing::active);
}

// Facts are filled in again and again: nothing of the one before may stay.
TEST(LeaseView, NothingIsLeftOfTheAddressBefore) {
  Site site;
  site.lease(kA, {.client_id = "id1", .agent_info = "\1\1a"});
  site.by_address(kA);
  site.by_address(kB);
  EXPECT_TRUE(site.facts.hardware.empty() && site.facts.client_id.empty() && site.facts.agent_info.empty());
  EXPECT_FALSE(site.facts.since_cltt);
  EXPECT_EQ(site.facts.lease_left, 0u);
}

// --- fixed addresses ---

TEST(Rfc4388_6_4_1_FixedAddress, IsVouchedFor) {
  Site site("default-lease-time 7200; max-lease-time 7200;\n" + kHosts);
  EXPECT_EQ(site.by_address(kFixed), Standing::active);
  EXPECT_TRUE(site.facts.is_static);
  EXPECT_EQ(site.facts.state, BindingState::active);
  EXPECT_EQ(as_text(site.facts.hardware), kWeb);
  EXPECT_EQ(site.facts.htype, 1);
  EXPECT_EQ(site.facts.lease_left, 7200u);
  EXPECT_EQ(site.facts.t1_left, 3600u);
  EXPECT_EQ(site.facts.t2_left, 6300u);
  EXPECT_FALSE(site.facts.since_cltt) << "nobody knows when he was there last";
  EXPECT_TRUE(site.facts.agent_info.empty());
}

TEST(Rfc4388_6_4_1_FixedAddress, ByClientIdentifierAloneHasNoHardware) {
  Site site(kHosts);
  EXPECT_EQ(site.by_address(Ipv4::of(10, 9, 0, 201)), Standing::active);
  EXPECT_TRUE(site.facts.hardware.empty());
  EXPECT_EQ(as_text(site.facts.client_id), "mail");
}

// dhcpd.conf(5): 12 hours where nobody says, and no longer than the longest.
TEST(Rfc4388_6_4_2_FixedAddress, LeaseTimeIsTheOneThatTheHostWouldBeGiven) {
  const auto left = [](const std::string& statements, const std::string& host = {}) {
    Site site(statements + std::string(Site::kOneNetwork) + "host h { hardware ethernet 1:2:3:4:5:6; fixed-address 10.1.0.200; " + host + " }");
    site.by_address(kFixed);
    return site.facts.lease_left;
  };
  EXPECT_EQ(left(""), 43200u);
  EXPECT_EQ(left("default-lease-time 100;"), 100u);
  EXPECT_EQ(left("default-lease-time 100;", "default-lease-time 300;"), 300u);
  EXPECT_EQ(left("default-lease-time 100000;"), 86400u);
  EXPECT_EQ(left("default-lease-time -1; max-lease-time -1;"), kInfinite);
}

TEST(Rfc4388_6_4_2_FixedAddress, HostsOfOneGroupShareItsTimes) {
  Site site(
      "default-lease-time 100; group { default-lease-time 200; option dhcp-renewal-time 50;\n"
      "host a { hardware ethernet 1:2:3:4:5:1; fixed-address 10.1.0.1; option host-name \"a\"; } host b { hardware ethernet 1:2:3:4:5:2; fixed-address 10.1.0.2; }\n"
      "host c { hardware ethernet 1:2:3:4:5:3; fixed-address 10.1.0.3; option dhcp-renewal-time 60; } } host d { hardware ethernet 1:2:3:4:5:4; fixed-address 10.1.0.4; }");
  const auto left = [&](std::uint8_t last) {
    site.by_address(Ipv4::of(10, 1, 0, last));
    return std::pair(site.facts.lease_left, site.facts.t1_left);
  };
  EXPECT_EQ(left(1), std::pair(200u, 50u));
  EXPECT_EQ(left(2), std::pair(200u, 50u));
  EXPECT_EQ(left(3), std::pair(200u, 60u));
  EXPECT_EQ(left(4), std::pair(100u, 50u));
}

TEST(Rfc4388_6_4_1_FixedAddress, InARangeIsTheHosts) {
  Site site(std::string(Site::kOneNetwork) + "host h { hardware ethernet 1:2:3:4:5:6; fixed-address 10.1.0.10; }");
  EXPECT_EQ(site.by_address(kA), Standing::active);
  EXPECT_TRUE(site.facts.is_static);
  site.lease(kA, {.hardware = "modem1"});  // from the days when it was dynamic
  EXPECT_EQ(site.by_address(kA), Standing::active);
  EXPECT_FALSE(site.facts.is_static);
  EXPECT_EQ(as_text(site.facts.hardware), "modem1");
  site.lease(kA, {.hardware = "modem1", .state = BindingState::released, .ends = at(-1)});
  EXPECT_EQ(site.by_address(kA), Standing::active);
  EXPECT_TRUE(site.facts.is_static);
  EXPECT_EQ(as_text(site.facts.hardware), "\1\2\3\4\5\6");
}

// --- times ---

struct Left {
  std::uint32_t lease, t1, t2;
  bool operator==(const Left&) const = default;
};
void PrintTo(const Left& left, std::ostream* out) { *out << left.lease << ' ' << left.t1 << ' ' << left.t2; }

Left left_of(const TestLease& lease, const std::string& statements = {}) {
  Site site(statements + std::string(Site::kOneNetwork));
  site.lease(kA, lease);
  site.by_address(kA);
  return {site.facts.lease_left, site.facts.t1_left, site.facts.t2_left};
}

// RFC 2131 §4.4.5: half and seven eighths where the server has said nothing. The lease began 600 seconds ago, for an hour.
TEST(Rfc4388_6_4_2_Times, AreSecondsFromNow) {
  EXPECT_EQ(left_of({}), (Left{3000, 1200, 2550}));
  EXPECT_EQ(left_of({.starts = at(0), .ends = at(3600)}), (Left{3600, 1800, 3150}));
}

TEST(Rfc4388_6_4_2_Times, WhatIsPastIsLeftOut) {
  EXPECT_EQ(left_of({.starts = at(-1800), .ends = at(1800)}), (Left{1800, 0, 1350}));
  EXPECT_EQ(left_of({.starts = at(-3500), .ends = at(100)}), (Left{100, 0, 0}));
}

TEST(Rfc4388_6_4_2_Times, AnInfiniteLeaseHasNone) {
  EXPECT_EQ(left_of({.ends = lease::kStoredNever}), (Left{kInfinite, 0, 0}));
}

TEST(Rfc4388_6_4_2_Times, AreAsTheClientWasTold) {
  EXPECT_EQ(left_of({}, "option dhcp-renewal-time 1000; option dhcp-rebinding-time 2000; "), (Left{3000, 400, 1400}));
  EXPECT_EQ(left_of({}, "option dhcp-renewal-time 1000; "), (Left{3000, 400, 2550}));
  // Those out of order are not told to clients (dhcpd-compat §11), who go by their own then.
  EXPECT_EQ(left_of({}, "option dhcp-renewal-time 2000; option dhcp-rebinding-time 1000; "), (Left{3000, 400, 400}));
  EXPECT_EQ(left_of({}, "option dhcp-rebinding-time 9999; "), (Left{3000, 1200, 2550}));
  EXPECT_EQ(left_of({}, "if known { option dhcp-renewal-time 1000; } "), (Left{3000, 1200, 2550}));
}

TEST(Rfc4388_6_4_2_Times, AClockThatWentBackMakesNoneNegative) {
  Site site;
  site.lease(kA, {.starts = at(50), .ends = at(3650), .cltt = at(50)});
  site.by_address(kA);
  EXPECT_EQ(site.facts.since_cltt, 0u);
  EXPECT_EQ(site.facts.lease_left, 3650u);
}

// --- revocations ---

class Taken final : public Revocations {
 public:
  bool is_revoked(Ipv4 address, const config::Pool*, const lease::Binding& holder) const noexcept override { return address == where && as_text(holder.hardware()) == whose; }
  Ipv4 where = kA;
  std::string whose = "modem1";
};

TEST(Rfc4388_6_4_1_TakenAway, IsUnassignedAtOnce) {
  Taken taken;
  Site site(kHosts, &taken);
  site.lease(kA, {.hardware = "modem1", .client_id = "id1"});
  site.lease(kB, {.hardware = "modem1", .client_id = "id1", .cltt = at(-9000)});
  EXPECT_EQ(site.by_address(kA), Standing::unassigned);
  EXPECT_EQ(site.facts.state, BindingState::released);
  EXPECT_EQ(site.facts.lease_left, 0u);
  EXPECT_EQ(site.by_hardware("modem1"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kB);
  EXPECT_THAT(site.others(), IsEmpty());
  site.lease(kA, {.hardware = "other!"});
  EXPECT_EQ(site.by_address(kA), Standing::active) << "the next one has it";
}

TEST(Rfc4388_6_4_1_TakenAway, FixedAddressesToo) {
  Taken taken;
  taken.where = kFixed;
  taken.whose = kWeb;
  Site site(kHosts, &taken);
  EXPECT_EQ(site.by_address(kFixed), Standing::unassigned);
  EXPECT_EQ(site.by_hardware(kWeb), Standing::unknown);
}

// --- by client ---

TEST(Rfc4388_6_4_1_ByClient, TheNewestOfTheActiveIsTold) {
  Site site;
  site.lease(kA, {.client_id = "id1", .cltt = at(-300)});
  site.lease(kB, {.client_id = "id1", .cltt = at(-100)});
  site.lease(kC, {.client_id = "id1", .cltt = at(-200)});
  for (const bool by_id : {true, false}) {
    EXPECT_EQ(by_id ? site.by_client_id("id1") : site.by_hardware("modem1"), Standing::active);
    EXPECT_EQ(site.tenant.newest.address, kB);
    EXPECT_EQ(site.tenant.newest.since_cltt, 100u);
    EXPECT_THAT(site.others(), ElementsAre(kC, kA));
  }
}

// dhcpd compares ends where the first in its chain is not active, and may tell the wrong one.
TEST(Rfc4388_6_4_1_ByClient, WhatIsNotActiveDoesNotCount) {
  Site site;
  site.lease(kA, {.client_id = "id1", .cltt = at(-300)});
  site.lease(kB, {.client_id = "id1", .state = BindingState::released, .ends = at(-1), .cltt = at(-1)});
  EXPECT_EQ(site.by_client_id("id1"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kA);
  EXPECT_THAT(site.others(), IsEmpty());
}

// RFC 4388 §6.4.1: never UNASSIGNED, which dhcpd says here.
TEST(Rfc4388_6_4_1_ByClient, WithoutAnActiveOneHeIsUnknown) {
  Site site;
  EXPECT_EQ(site.by_hardware("modem1"), Standing::unknown);
  EXPECT_EQ(site.by_client_id("id1"), Standing::unknown);
  site.lease(kA, {.client_id = "id1", .state = BindingState::expired, .ends = at(-1)});
  EXPECT_EQ(site.by_hardware("modem1"), Standing::unknown);
  EXPECT_EQ(site.by_client_id("id1"), Standing::unknown);
  EXPECT_EQ(site.tenant.newest.standing, Standing::unknown);
  EXPECT_TRUE(site.tenant.newest.hardware.empty());
}

TEST(Rfc4388_6_4_1_ByClient, AnOfferIsNotHis) {
  Site site;
  site.lease(kA, {.hardware = "other!", .state = BindingState::released, .ends = at(-1)});
  site.offer(kA, "modem1");
  EXPECT_EQ(site.by_hardware("modem1"), Standing::unknown);
}

TEST(Rfc4388_6_4_1_ByHardware, TypeCounts) {
  Site site;
  site.lease(kA);
  EXPECT_EQ(site.view.by_hardware(6, as_bytes("modem1"), kNow, site.tenant), Standing::unknown);
}

TEST(Rfc4388_6_4_1_ByClient, NobodyIsNobody) {
  Site site(kHosts);
  lease::Binding nameless;
  nameless.state = BindingState::active;
  nameless.ends = at(100);
  const lease::SlotId slot = site.leases.find(kA);
  const auto claim = site.leases.claim(slot, site.leases.word(slot));
  site.leases.commit(*claim, nameless);
  EXPECT_EQ(site.view.by_hardware(0, {}, kNow, site.tenant), Standing::unknown);
  EXPECT_EQ(site.by_client_id(""), Standing::unknown);
  EXPECT_EQ(site.by_hardware("seventeen octets!"), Standing::unknown);
}

TEST(Rfc4388_6_4_1_ByClient, FixedAddressesComeBehindLeases) {
  Site site(kHosts);
  EXPECT_EQ(site.by_hardware(kWeb), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kFixed);
  EXPECT_TRUE(site.tenant.newest.is_static);
  site.lease(kA, {.hardware = kWeb});
  EXPECT_EQ(site.by_hardware(kWeb), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kA);
  EXPECT_EQ(as_text(site.tenant.newest.hardware), kWeb);
  EXPECT_THAT(site.others(), ElementsAre(kFixed));
  EXPECT_EQ(site.by_client_id("mail"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, Ipv4::of(10, 1, 0, 201));
  EXPECT_THAT(site.others(), ElementsAre(Ipv4::of(10, 9, 0, 201)));
}

// A fixed address that somebody else has a lease on from before is not its host's yet.
TEST(Rfc4388_6_4_1_ByClient, AFixedAddressThatIsAnothersIsNotHis) {
  Site site(std::string(Site::kOneNetwork) + "host h { hardware ethernet 00:15:96:00:00:80; fixed-address 10.1.0.10; }");
  site.lease(kA, {.hardware = "modem1"});
  EXPECT_EQ(site.by_hardware(kWeb), Standing::unknown);
  site.lease(kA, {.hardware = kWeb});
  EXPECT_EQ(site.by_hardware(kWeb), Standing::active);
  EXPECT_THAT(site.others(), IsEmpty()) << "it is told once";
}

// The index holds 16 of one key (lease_table.h).
TEST(Rfc4388_6_4_1_ByClient, ACrowdIsCut) {
  Site site;
  for (std::uint32_t i = 0; i < 20; ++i) site.lease({kA.value + i}, {.cltt = at(-1000 + static_cast<int>(i))});
  EXPECT_EQ(site.by_hardware("modem1"), Standing::active);
  EXPECT_GE(site.others().size(), 8u);
  EXPECT_LE(site.others().size(), 15u);
}

// --- the walk ---

std::vector<std::string> walk(Site& site, LeaseView::Walk which, std::size_t budget) {
  std::vector<std::string> out;
  LeaseView::Place place;
  for (int turns = 0; !place.at_end() && turns < 100'000; ++turns) {
    std::size_t left = budget;
    while (site.view.next(place, which, kNow, left, site.facts)) out.push_back(to_string(site.facts.address));
  }
  return out;
}

TEST(Rfc6926_6_4_Walk, AllAddressesOfOursInOrder) {
  Site site(
      "subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.254 10.2.1.1; }\n"
      "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.11; }\n"
      "host a { fixed-address 10.1.0.11, 10.1.0.250, 10.2.0.255, 255.255.255.255; } host b { fixed-address 10.1.0.250; }");
  const std::vector<std::string> all{"10.1.0.10", "10.1.0.11", "10.1.0.250", "10.2.0.254", "10.2.0.255", "10.2.1.0", "10.2.1.1", "255.255.255.255"};
  for (const std::size_t budget : {1, 2, 3, 1000}) EXPECT_EQ(walk(site, LeaseView::Walk::all, budget), all) << budget;
}

TEST(Rfc6926_6_4_Walk, OnlyThoseThatSomebodyHasOrHad) {
  Site site(kHosts);
  site.lease(kB);
  site.lease(kC, {.state = BindingState::released, .ends = at(-1)});
  site.offer(kA, "modem9");
  EXPECT_THAT(walk(site, LeaseView::Walk::used, 7), ElementsAre("10.1.0.11", "10.1.0.12", "10.1.0.200", "10.1.0.201", "10.9.0.201"));
}

TEST(Rfc6926_6_4_Walk, GoesOnAfterAReload) {
  Site site;
  site.lease(kA);
  site.lease(kC);
  LeaseView::Place place;
  std::size_t budget = 1000;
  ASSERT_TRUE(site.view.next(place, LeaseView::Walk::used, kNow, budget, site.facts));
  EXPECT_EQ(site.facts.address, kA);
  site.use("subnet 9.0.0.0 netmask 255.0.0.0 { range 9.0.0.1; }\n" + std::string(Site::kOneNetwork));
  ASSERT_TRUE(site.view.next(place, LeaseView::Walk::used, kNow, budget, site.facts));
  EXPECT_EQ(site.facts.address, kC);
  EXPECT_FALSE(site.view.next(place, LeaseView::Walk::used, kNow, budget, site.facts));
  EXPECT_TRUE(place.at_end());
}

TEST(Rfc6926_6_4_Walk, StopsAtItsBudget) {
  Site site;
  LeaseView::Place place;
  std::size_t budget = 20;
  EXPECT_FALSE(site.view.next(place, LeaseView::Walk::used, kNow, budget, site.facts));
  EXPECT_EQ(budget, 0u);
  EXPECT_FALSE(place.at_end());
}

// --- what a reload changes ---

TEST(LeaseView, KnowsAReloadThatBringsAndTakesNobody) {
  Site site(kHosts);
  EXPECT_TRUE(site.use(kHosts));
  EXPECT_TRUE(site.use("default-lease-time 60;\n" + kHosts)) << "times are no addresses";
  const std::string hosts = kHosts.substr(Site::kOneNetwork.size());
  EXPECT_TRUE(site.use("subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.30 10.1.0.59; } pool { range 10.1.0.10 10.1.0.29; } }\n" + hosts)) << "cut otherwise";
  EXPECT_FALSE(site.use("subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.58; }\n" + hosts)) << "one less";
  EXPECT_FALSE(site.use(kHosts)) << "one more";
  EXPECT_FALSE(site.use(std::string(Site::kOneNetwork))) << "without hosts";
  EXPECT_FALSE(site.use(kHosts));
  std::string other = kHosts;
  other.replace(other.find("00:80"), 5, "00:81");
  EXPECT_FALSE(site.use(other)) << "a host's address is another device's";
}

TEST(LeaseView, EveryAddressOfOursHasANumber) {
  Site site(kHosts);
  for (const Ipv4 address : {kA, kB, kFixed, Ipv4::of(10, 1, 0, 201), Ipv4::of(10, 9, 0, 201)}) {
    ASSERT_NE(site.view.number_of(address), LeaseView::Number::none);
    EXPECT_EQ(site.view.numbered(site.view.number_of(address)), address);
  }
  EXPECT_EQ(site.view.number_of(site.leases.find(kB)), site.view.number_of(kB));
  EXPECT_EQ(site.view.number_of(Ipv4::of(10, 1, 0, 202)), LeaseView::Number::none);
  const LeaseView::Number last = site.view.number_of(Ipv4::of(10, 9, 0, 201));
  site.use(std::string(Site::kOneNetwork));
  EXPECT_EQ(site.view.numbered(last), Ipv4{});
}

}  // namespace
}  // namespace coaxd::leasequery
