#include "leasequery/fixed_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Ipv4 kWeb = Ipv4::of(10, 1, 0, 200), kMail = Ipv4::of(10, 1, 0, 201), kMailElsewhere = Ipv4::of(10, 9, 0, 201);
constexpr std::string_view kWebHardware{"\x00\x15\x96\x00\x00\x80", 6};
const std::string kHosts = std::string(Site::kOneNetwork) +
                           "host web { hardware ethernet 00:15:96:00:00:80; fixed-address 10.1.0.200; }\n"
                           "host mail { option dhcp-client-identifier \"mail\"; fixed-address 10.1.0.201, 10.9.0.201; }\n";
const TestLease kTold{.hardware = kWebHardware, .client_id = "\1web", .agent_info = "\1\4port\2\6modem1", .vendor_class = "MSFT 5.0", .host_name = "www"};

TEST(Rfc4388_6_4_2_FixedAddress, HasWhatItsHostSaidLast) {
  Site site("default-lease-time 7200; max-lease-time 7200;\n" + kHosts);
  site.heard(kWeb, "web", kTold);
  EXPECT_EQ(site.by_address(kWeb), Standing::active);
  const Facts& facts = site.facts;
  EXPECT_TRUE(facts.is_static);
  EXPECT_EQ(as_text(facts.hardware), kWebHardware);
  EXPECT_EQ(as_text(facts.client_id), "\1web");
  EXPECT_EQ(as_text(facts.agent_info), "\1\4port\2\6modem1");
  EXPECT_EQ(as_text(facts.vendor_class), "MSFT 5.0");
  EXPECT_EQ(as_text(facts.host_name), "www");
  EXPECT_EQ(facts.since_cltt, 600u);
  EXPECT_EQ(facts.lease_left, 3000u) << "of the time that he was told, not of the configuration's";
  EXPECT_EQ(facts.t1_left, 1200u);
}

// Whoever is silent for longer than his time still has the address: nobody else may have it.
TEST(Rfc4388_6_4_1_FixedAddress, IsItsHostsWhenHisTimeIsOver) {
  Site site("default-lease-time 7200; max-lease-time 7200;\n" + kHosts);
  TestLease over = kTold;
  over.starts = over.cltt = at(-9000);
  over.ends = at(0);
  site.heard(kWeb, "web", over);
  EXPECT_EQ(site.by_address(kWeb), Standing::active);
  EXPECT_EQ(site.facts.lease_left, 7200u);
  EXPECT_EQ(site.facts.since_cltt, 9000u);
  EXPECT_EQ(as_text(site.facts.agent_info), "\1\4port\2\6modem1");
}

// A renewal by unicast passes no relay.
TEST(Rfc4388_6_4_2_FixedAddress, KeepsOption82WhereNoRelayHasSpoken) {
  Site site(kHosts);
  site.heard(kWeb, "web", kTold);
  site.heard(kWeb, "web", {.hardware = kWebHardware, .cltt = at(-5)});
  site.by_address(kWeb);
  EXPECT_EQ(as_text(site.facts.agent_info), "\1\4port\2\6modem1");
  EXPECT_EQ(as_text(site.facts.vendor_class), "MSFT 5.0");
  EXPECT_EQ(site.facts.since_cltt, 5u);
  EXPECT_TRUE(site.facts.client_id.empty()) << "he has sent none this time";
  site.heard(kWeb, "web", {.hardware = kWebHardware, .agent_info = "\2\6modem2"});
  site.by_address(kWeb);
  EXPECT_EQ(as_text(site.facts.agent_info), "\2\6modem2") << "he has moved";
}

TEST(Rfc4388_6_4_2_FixedAddress, AnotherDeviceOfTheHostHasItsOwnOption82) {
  Site site(kHosts);
  site.heard(kMail, "mail", {.hardware = "first1", .client_id = "mail", .agent_info = "\1\1a"});
  site.heard(kMail, "mail", {.hardware = "other2", .client_id = "mail"});
  site.by_address(kMail);
  EXPECT_EQ(as_text(site.facts.hardware), "other2");
  EXPECT_TRUE(site.facts.agent_info.empty());
}

// A subscriber's modem is known by option 82 alone.
class OfOneModem final : public Revocations {
 public:
  bool is_revoked(Ipv4, const config::Pool*, const lease::Binding& holder) const noexcept override { return as_text(holder.get(lease::Item::agent_info)) == "\2\6modem1"; }
};

TEST(Rfc4388_6_4_1_TakenAway, AFixedAddressBehindAModemInQuarantine) {
  OfOneModem quarantine;
  Site site(kHosts, &quarantine);
  EXPECT_EQ(site.by_address(kWeb), Standing::active);
  site.heard(kWeb, "web", {.hardware = kWebHardware, .agent_info = "\2\6modem1"});
  EXPECT_EQ(site.by_address(kWeb), Standing::unassigned);
  EXPECT_EQ(site.by_hardware(kWebHardware), Standing::unknown);
  site.heard(kWeb, "web", {.hardware = kWebHardware, .agent_info = "\2\6modem2"});
  EXPECT_EQ(site.by_address(kWeb), Standing::active);
}

// A host that is declared by his client identifier is found by the hardware address that he has shown, and the other way round.
TEST(Rfc4388_6_4_1_ByClient, AHostIsFoundByWhatHeSaid) {
  Site site(kHosts);
  EXPECT_EQ(site.by_hardware("mailer"), Standing::unknown);
  EXPECT_EQ(site.by_client_id("\1web"), Standing::unknown);
  site.heard(kMail, "mail", {.hardware = "mailer", .client_id = "mail"});
  site.heard(kWeb, "web", kTold);
  EXPECT_EQ(site.by_hardware("mailer"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kMail);
  EXPECT_THAT(site.others(), IsEmpty());
  EXPECT_EQ(site.by_client_id("\1web"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kWeb);
  EXPECT_EQ(site.by_client_id("mail"), Standing::active);
  EXPECT_EQ(site.tenant.newest.address, kMail) << "where he was heard last";
  EXPECT_THAT(site.others(), ElementsAre(kMailElsewhere));
}

TEST(Rfc4388_6_4_1_ByClient, AFixedAddressMayBeTheNewest) {
  Site site(kHosts);
  site.lease(Ipv4::of(10, 1, 0, 10), {.hardware = kWebHardware});
  TestLease later = kTold;
  later.cltt = at(-1);
  site.heard(kWeb, "web", later);
  site.by_hardware(kWebHardware);
  EXPECT_EQ(site.tenant.newest.address, kWeb);
  EXPECT_THAT(site.others(), ElementsAre(Ipv4::of(10, 1, 0, 10)));
}

// --- reload ---

TEST(FixedNotes, StayWithAReload) {
  Site site(kHosts);
  site.heard(kWeb, "web", kTold);
  EXPECT_FALSE(site.use(kHosts + "host new { hardware ethernet 00:15:96:00:00:81; fixed-address 10.1.0.199; }"));
  site.by_address(kWeb);
  EXPECT_EQ(as_text(site.facts.agent_info), "\1\4port\2\6modem1");
}

// Of the one before him nothing is told: his modem is another.
TEST(FixedNotes, AreOfOneDeclaration) {
  for (const char* other : {"host web { hardware ethernet 00:15:96:00:00:81; fixed-address 10.1.0.200; }",
                            "host www { hardware ethernet 00:15:96:00:00:80; fixed-address 10.1.0.200; }",
                            "host web { hardware ethernet 00:15:96:00:00:80; option dhcp-client-identifier \"x\"; fixed-address 10.1.0.200; }"}) {
    Site site(kHosts);
    site.heard(kWeb, "web", kTold);
    site.use(std::string(Site::kOneNetwork) + other);
    EXPECT_EQ(site.by_address(kWeb), Standing::active);
    EXPECT_TRUE(site.facts.agent_info.empty()) << other;
    EXPECT_FALSE(site.facts.since_cltt);
    EXPECT_EQ(site.by_client_id("\1web"), Standing::unknown);
  }
}

TEST(FixedNotes, AddressesThatNobodyDeclaredAreNotNoted) {
  Site site(kHosts);
  site.notes.heard(Ipv4::of(10, 1, 0, 202), *site.config->hosts().front(), kTold.binding());
  EXPECT_EQ(site.by_address(Ipv4::of(10, 1, 0, 202)), Standing::unknown);
}

TEST(FixedNotes, WhatDoesNotFitIsLeftOutAndNotCut) {
  Site site(kHosts);
  const std::string long_text(500, 'x');
  site.heard(kWeb, "web", {.hardware = kWebHardware, .agent_info = long_text, .vendor_class = std::string_view(long_text).substr(0, 430)});
  site.by_address(kWeb);
  EXPECT_EQ(as_text(site.facts.agent_info), long_text);
  EXPECT_TRUE(site.facts.vendor_class.empty());
  EXPECT_EQ(site.facts.since_cltt, 600u);
}

TEST(FixedNotes, ManyAddressesInAnyOrder) {
  std::string text(Site::kOneNetwork);
  for (int i = 255; i >= 60; --i) text += "host h" + std::to_string(i) + " { hardware ethernet 2:0:0:0:0:" + std::to_string(i % 90) + "; fixed-address 10.1.0." + std::to_string(i) + "; }\n";
  text += "host twice { hardware ethernet 2:0:0:0:1:1; fixed-address 10.1.0.255, 255.255.255.255, 0.0.0.1; }";
  Site site(text);
  for (int i = 60; i <= 255; ++i) site.heard(Ipv4::of(10, 1, 0, static_cast<std::uint8_t>(i)), "h" + std::to_string(i), kTold);
  for (int i = 60; i <= 254; ++i) {
    site.by_address(Ipv4::of(10, 1, 0, static_cast<std::uint8_t>(i)));
    EXPECT_EQ(site.facts.since_cltt, 600u) << i;
  }
}

// --- for those who follow ---

std::vector<Ipv4> taken(FixedNotes& notes) {
  std::vector<Ipv4> out;
  notes.take_changed([&](Ipv4 address) { out.push_back(address); });
  return out;
}

TEST(Rfc7724_8_2_FixedAddress, IsToldOnceItWasHeard) {
  Site site(kHosts);
  site.heard(kWeb, "web", kTold);
  EXPECT_THAT(taken(site.notes), IsEmpty()) << "nobody follows";
  site.notes.follow(true);
  site.heard(kMail, "mail", kTold);
  site.heard(kWeb, "web", kTold);
  site.heard(kWeb, "web", kTold);
  EXPECT_THAT(taken(site.notes), testing::UnorderedElementsAre(kWeb, kMail));
  EXPECT_THAT(taken(site.notes), IsEmpty());
}

// Who follows is told nothing of a reload by which nobody comes or goes (lease_view.h: use()).
TEST(Rfc7724_8_2_FixedAddress, IsToldAfterAReloadOfWhatWasHeardBeforeIt) {
  Site site(kHosts);
  site.notes.follow(true);
  site.heard(kMail, "mail", kTold);
  EXPECT_TRUE(site.use(kHosts));
  EXPECT_THAT(taken(site.notes), ElementsAre(kMail));
}

TEST(FixedNotes, WorkersTogether) {
  Site site(kHosts);
  site.notes.follow(true);
  const config::Host& host = *site.config->hosts().front();
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i)
    workers.emplace_back([&, i] {
      for (int turn = 0; turn < 2000; ++turn) {
        TestLease what = kTold;
        const std::string agent(static_cast<std::size_t>(20 + 40 * i), static_cast<char>('a' + i));
        what.agent_info = agent;
        site.notes.heard(kWeb, host, what.binding());
      }
    });
  for (int turn = 0; turn < 2000; ++turn) {
    site.by_address(kWeb);
    const std::string_view agent = as_text(site.facts.agent_info);
    if (agent.empty()) continue;
    ASSERT_EQ(agent.find_first_not_of(agent.front()), std::string_view::npos);
    ASSERT_EQ(agent.size(), static_cast<std::size_t>(20 + 40 * (agent.front() - 'a')));
  }
  for (std::thread& each : workers) each.join();
  EXPECT_THAT(taken(site.notes), ElementsAre(kWeb));
}

}  // namespace
}  // namespace coaxd::leasequery
