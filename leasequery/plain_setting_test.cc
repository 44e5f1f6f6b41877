#include "leasequery/plain_setting.h"

#include <gtest/gtest.h>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

constexpr std::uint8_t kT1 = wire::option::renewal_time;

// Option 58 where the subnet is, in a configuration with these statements: globally, and in the subnet.
Setting t1(const std::string& global, const std::string& subnet = {}) {
  static std::shared_ptr<const config::Config> config;  // the value is a view
  config = config_from(global + " subnet 10.1.0.0 netmask 255.255.255.0 { " + subnet + " }");
  return plain_setting(*config->subnets().front()->scope, kT1);
}
std::uint32_t number(const Setting& setting) { return plain_number(setting).value_or(0); }

TEST(Dhcpd_6_Scopes, TheInnermostWins) {
  EXPECT_FALSE(t1("").value);
  EXPECT_EQ(number(t1("option dhcp-renewal-time 100;")), 100u);
  EXPECT_EQ(number(t1("option dhcp-renewal-time 100;", "option dhcp-renewal-time 200;")), 200u);
  EXPECT_EQ(number(t1("option dhcp-renewal-time 100; option dhcp-renewal-time 150;")), 150u);
}

TEST(Dhcpd_4_2_Default, CountsWhereNothingWasSetOutside) {
  EXPECT_EQ(number(t1("", "default dhcp-renewal-time 200;")), 200u);
  EXPECT_EQ(number(t1("option dhcp-renewal-time 100;", "default dhcp-renewal-time 200;")), 100u);
}

TEST(PlainSetting, AConditionMakesItDepend) {
  const auto depends = [](const std::string& global, const std::string& subnet = {}) {
    const Setting setting = t1(global, subnet);
    return setting.depends && !plain_number(setting);
  };
  EXPECT_TRUE(depends("if known { option dhcp-renewal-time 100; }"));
  EXPECT_TRUE(depends("if known { option domain-name \"x\"; } else { if static { option dhcp-renewal-time 100; } }"));
  EXPECT_TRUE(depends("option dhcp-renewal-time 100;", "switch (option host-name) { case \"a\": option dhcp-renewal-time 7; }"));
  EXPECT_TRUE(depends("option dhcp-renewal-time = encode-int(5, 32);"));
}

TEST(PlainSetting, WhatIsSetAfterwardsCounts) {
  EXPECT_EQ(number(t1("if known { option dhcp-renewal-time 100; }", "option dhcp-renewal-time 200;")), 200u);
}

TEST(PlainSetting, OtherSettingsAndEventsDoNotMatter) {
  EXPECT_EQ(number(t1("option dhcp-renewal-time 100; if known { option dhcp-rebinding-time 5; } on commit { set x = \"1\"; }")), 100u);
}

// dhcpd-compat §3.3: written inside a subnet, a pool still hangs below the network; §6: its subnet comes before it.
TEST(Dhcpd_3_3_Pool, ComesBehindItsSubnet) {
  const auto config = config_from(
      "option dhcp-renewal-time 1; shared-network n { option dhcp-renewal-time 2; subnet 10.1.0.0 netmask 255.255.255.0 { option dhcp-renewal-time 3;\n"
      "pool { range 10.1.0.10; } pool { option dhcp-renewal-time 4; range 10.1.0.11; } } }");
  const config::Scope& subnet = *config->subnets().front()->scope;
  EXPECT_EQ(number(plain_setting(subnet, kT1, config->pools()[0]->scope)), 3u);
  EXPECT_EQ(number(plain_setting(subnet, kT1, config->pools()[1]->scope)), 4u);
}

TEST(PlainSetting, Parameters) {
  const auto config = config_from("allow leasequery; if known { deny booting; }");
  const Setting leasequery = plain_setting(config->global(), config::Parameter::leasequery);
  ASSERT_TRUE(leasequery.value && leasequery.value->size() == 1);
  EXPECT_EQ((*leasequery.value)[0], 1);
  EXPECT_TRUE(mentions(config->global().statements, config::Parameter::allow_booting));
  EXPECT_FALSE(mentions(config->global().statements, config::Parameter::allow_bootp));
}

}  // namespace
}  // namespace coaxd::leasequery
