// What a configuration means, clause by clause (dhcpd-compat). Refusals are a table that is also given to dhcpd itself, where it is
// installed: same verdict, same first words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "server/config/config.h"
#include "server/config/host_table.h"
#include "server/config/name_news.h"
#include "server/config/parser.h"

namespace coaxd::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  std::shared_ptr<const Config> config;
  std::vector<std::string> messages;  // errors, or the warnings of what was accepted
};

Outcome outcome_of(const std::string& text, const ResolveOptions& options = {}) {
  Ast ast = parse("dhcpd.conf", text, [](const std::string&, std::string&, std::string& error) {
    error = "no includes here";
    return false;
  });
  auto result = resolve(std::move(ast), options);
  Outcome outcome;
  if (result) outcome.config = *result;
  for (const Diagnostic& d : result ? std::vector<Diagnostic>((*result)->warnings().begin(), (*result)->warnings().end())
                                    : result.error()) {
    outcome.messages.push_back(d.message);
  }
  return outcome;
}

std::shared_ptr<const Config> accept(const std::string& text, const ResolveOptions& options = {}) {
  Outcome outcome = outcome_of(text, options);
  EXPECT_TRUE(outcome.config) << text << "\n" << (outcome.messages.empty() ? "" : outcome.messages.front());
  if (!outcome.config) std::abort();  // nothing after this line could mean anything
  return outcome.config;
}

Ipv4 ip(std::string_view text) { return *Ipv4::parse(text); }

std::string network_at(const Config& config, std::string_view address) {
  const Subnet* subnet = config.subnet_of(ip(address));
  return subnet == nullptr ? "none" : subnet->network->name;
}

// The values of a text option in a scope's own statements.
std::vector<std::string> set_in(const Scope& scope, std::string_view option) {
  std::vector<std::string> values;
  for (const Statement& statement : scope.statements) {
    if (statement.kind == StatementKind::option && statement.definition->name == option) {
      values.emplace_back(as_text(statement.value.bytes));
    }
  }
  return values;
}

std::string domain_of(const Scope& scope) {
  const auto values = set_in(scope, "domain-name");
  return values.empty() ? "" : values.back();
}

// The domain names set on the way from the global scope to this one.
std::vector<std::string> chain(const Scope& scope) {
  std::vector<std::string> names;
  for (const Scope* s = &scope; s != nullptr; s = s->parent) names.insert(names.begin(), domain_of(*s));
  return names;
}

std::vector<std::pair<std::string, std::string>> ranges_of(const Pool& pool) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const AddressRange& range : pool.ranges) result.emplace_back(to_string(range.low), to_string(range.high));
  return result;
}

const Host& host(const Config& config, std::string_view name) {
  for (const auto& h : config.hosts()) {
    if (h->name == name) return *h;
  }
  std::abort();
}

// ---- §3.2 shared-network, subnet ----

TEST(Resolve_3_2_Subnet, AloneItIsANetworkThatSharesItsScope) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { option domain-name \"a\"; }");
  ASSERT_EQ(config->networks().size(), 1u);
  const SharedNetwork& network = *config->networks()[0];
  EXPECT_EQ(network.name, "10.1.0.0/16");
  EXPECT_EQ(network.scope, network.subnets.at(0)->scope);
  EXPECT_THAT(chain(*network.scope), ElementsAre("", "a"));
}

TEST(Resolve_3_2_Subnet, InASharedNetworkItsScopeHangsBelowTheNetworks) {
  const auto config = accept(
      "option domain-name \"g\"; shared-network \"x y\" { option domain-name \"n\";"
      " subnet 10.1.0.0 netmask 255.255.0.0 { option domain-name \"s\"; } subnet 10.2.0.0 netmask 255.255.0.0 { } }");
  ASSERT_EQ(config->networks().size(), 1u);
  EXPECT_EQ(config->networks()[0]->name, "x y");
  EXPECT_EQ(config->networks()[0]->subnets.size(), 2u);
  EXPECT_THAT(chain(*config->subnet_of(ip("10.1.2.3"))->scope), ElementsAre("g", "n", "s"));
  EXPECT_EQ(config->subnet_of(ip("10.1.2.3"))->scope->depth, 2u);
  EXPECT_EQ(network_at(*config, "10.2.0.1"), "x y");
  EXPECT_EQ(network_at(*config, "10.3.0.1"), "none");
}

TEST(Resolve_3_2_Subnet, MostSpecificWinsWhateverTheOrder) {
  const std::string wide = "subnet 10.0.0.0 netmask 255.0.0.0 { } ", host = "subnet 10.1.1.1 netmask 255.255.255.255 { } ",
                    any = "subnet 0.0.0.0 netmask 0.0.0.0 { } ", middle = "subnet 10.1.0.0 netmask 255.255.0.0 { } ";
  for (const std::string& text : {wide + host + any + middle, host + middle + wide + any, any + wide + middle + host}) {
    const auto config = accept(text);
    EXPECT_EQ(network_at(*config, "10.1.1.1"), "10.1.1.1/32");
    EXPECT_EQ(network_at(*config, "10.1.1.2"), "10.1.0.0/16");
    EXPECT_EQ(network_at(*config, "10.2.1.2"), "10.0.0.0/8");
    EXPECT_EQ(network_at(*config, "0.0.0.0"), "0.0.0.0/0");
    EXPECT_EQ(network_at(*config, "255.255.255.255"), "0.0.0.0/0");
  }
}

TEST(Resolve_3_2_Subnet, ManyAreFoundAtTheirEdges) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "subnet 10.0." + std::to_string(i / 2) + "." + std::to_string(i % 2 * 128) + " netmask 255.255.255.128 { }\n";
  }
  const auto config = accept(text);
  EXPECT_EQ(network_at(*config, "9.255.255.255"), "none");
  EXPECT_EQ(network_at(*config, "10.0.0.0"), "10.0.0.0/25");
  EXPECT_EQ(network_at(*config, "10.0.0.127"), "10.0.0.0/25");
  EXPECT_EQ(network_at(*config, "10.0.0.128"), "10.0.0.128/25");
  EXPECT_EQ(network_at(*config, "10.0.149.255"), "10.0.149.128/25");
  EXPECT_EQ(network_at(*config, "10.0.150.0"), "none");
}

TEST(Resolve_3_2_Subnet, DeclaredAgainTheLaterOneIsFound) {
  const auto config = accept("shared-network a { subnet 10.1.0.0 netmask 255.255.0.0 { } }"
                             "shared-network b { subnet 10.1.0.0 netmask 255.255.0.0 { } }");
  EXPECT_EQ(network_at(*config, "10.1.0.1"), "b");
}

TEST(Resolve_3_2_Authoritative, IsCopiedWhenTheBraceOpens) {
  const auto config = accept(
      "subnet 10.1.0.0 netmask 255.255.0.0 { }\n"
      "authoritative;\n"
      "subnet 10.2.0.0 netmask 255.255.0.0 { }\n"
      "shared-network x { subnet 10.3.0.0 netmask 255.255.0.0 { } not authoritative; subnet 10.4.0.0 netmask 255.255.0.0 { } }\n"
      "subnet 10.5.0.0 netmask 255.255.0.0 { not authoritative; }\n"
      "group { not authoritative; subnet 10.6.0.0 netmask 255.255.0.0 { } }\n");
  const auto flag = [&](std::string_view address) { return config->subnet_of(ip(address))->scope->authoritative; };
  EXPECT_FALSE(flag("10.1.0.1"));
  EXPECT_TRUE(flag("10.2.0.1"));
  EXPECT_TRUE(flag("10.3.0.1"));
  EXPECT_FALSE(flag("10.4.0.1"));
  EXPECT_FALSE(config->subnet_of(ip("10.3.0.1"))->network->scope->authoritative);
  EXPECT_FALSE(config->subnet_of(ip("10.5.0.1"))->network->scope->authoritative);
  EXPECT_FALSE(flag("10.6.0.1"));
  EXPECT_TRUE(config->global().authoritative);
}

TEST(Resolve_3_2_Interface, NamesTheNetwork) {
  const auto config = accept("shared-network x { interface eth0; subnet 10.1.0.0 netmask 255.255.0.0 { } }"
                             "subnet 10.2.0.0 netmask 255.255.0.0 { interface \"eth1\"; }");
  EXPECT_EQ(config->networks()[0]->interface, "eth0");
  EXPECT_EQ(config->networks()[1]->interface, "eth1");
  EXPECT_EQ(config->subnet_of(ip("10.2.0.1"))->interface, "eth1");
}

TEST(Resolve_3_1_Group, DoesNotPassTheNetworkOn) {
  const auto config = accept("shared-network x { subnet 10.1.0.0 netmask 255.255.0.0 { }"
                             " group { option domain-name \"g\"; subnet 10.2.0.0 netmask 255.255.0.0 { } } }");
  EXPECT_EQ(network_at(*config, "10.1.0.1"), "x");
  EXPECT_EQ(network_at(*config, "10.2.0.1"), "10.2.0.0/16");
  EXPECT_THAT(chain(*config->subnet_of(ip("10.2.0.1"))->scope), ElementsAre("", "", "g", ""));
}

// ---- §3.3 pool, range ----

TEST(Resolve_3_3_Range, InASubnetMakesAnImplicitPoolWithoutBootp) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.20 10.1.0.29; range 10.1.0.5; option domain-name \"s\"; }");
  ASSERT_EQ(config->pools().size(), 1u);
  const Pool& pool = *config->pools()[0];
  EXPECT_THAT(ranges_of(pool), ElementsAre(std::pair("10.1.0.5", "10.1.0.5"), std::pair("10.1.0.20", "10.1.0.29")));
  EXPECT_EQ(pool.size, 11u);
  EXPECT_TRUE(pool.allow.empty());
  ASSERT_EQ(pool.deny.size(), 1u);
  EXPECT_EQ(pool.deny[0].kind, PermitKind::dynamic_bootp_clients);
  EXPECT_THAT(chain(*pool.scope), ElementsAre("", "s", ""));
}

TEST(Resolve_3_3_Range, DynamicBootpMakesAPoolForAll) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.1; range dynamic-bootp 10.1.0.2 10.1.0.3; range 10.1.0.4; }");
  ASSERT_EQ(config->pools().size(), 2u);
  EXPECT_THAT(ranges_of(*config->pools()[0]), ElementsAre(std::pair("10.1.0.1", "10.1.0.1"), std::pair("10.1.0.4", "10.1.0.4")));
  const Pool& open = *config->pools()[1];
  EXPECT_THAT(ranges_of(open), ElementsAre(std::pair("10.1.0.2", "10.1.0.3")));
  EXPECT_TRUE(open.deny.empty());
  ASSERT_EQ(open.allow.size(), 1u);
  EXPECT_EQ(open.allow[0].kind, PermitKind::all_clients);
}

TEST(Resolve_3_3_Range, ReversedEndsAreTurned) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.9 10.1.0.3; }");
  EXPECT_THAT(ranges_of(*config->pools()[0]), ElementsAre(std::pair("10.1.0.3", "10.1.0.9")));
}

TEST(Resolve_3_3_Range, ReachesTheLastAddress) {
  const auto config = accept("subnet 255.0.0.0 netmask 255.0.0.0 { range 255.0.0.0 255.255.255.255; }");
  EXPECT_EQ(config->pools()[0]->size, std::uint64_t{1} << 24);
  EXPECT_EQ(config->pool_of(ip("255.255.255.255")), config->pools()[0].get());
}

// dhcpd's words; it says so from some 14 million addresses on, whose leases it could not hold (tried with 10.0.0.0-10.255.255.255).
TEST(Resolve_3_3_Range, OfMoreThanAClassAIsRefused) {
  EXPECT_THAT(outcome_of("subnet 0.0.0.0 netmask 0.0.0.0 { range 10.0.0.0 11.0.0.0; }").messages,
              ElementsAre("10.0.0.0-11.0.0.0 is an overly large address range."));
  EXPECT_THAT(outcome_of("subnet 0.0.0.0 netmask 0.0.0.0 { range 0.0.0.0 255.255.255.255; }").messages,
              ElementsAre("0.0.0.0-255.255.255.255 is an overly large address range."));
}

TEST(Resolve_3_3_Range, PoolOfFindsItByAnyAddressAndNoOther) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.5 10.1.0.9; pool { allow unknown-clients; range 10.1.0.10; } }");
  EXPECT_EQ(config->pool_of(ip("10.1.0.4")), nullptr);
  EXPECT_EQ(config->pool_of(ip("10.1.0.5")), config->pools()[0].get());
  EXPECT_EQ(config->pool_of(ip("10.1.0.9")), config->pools()[0].get());
  EXPECT_EQ(config->pool_of(ip("10.1.0.10")), config->pools()[1].get());
  EXPECT_EQ(config->pool_of(ip("10.1.0.11")), nullptr);
  EXPECT_EQ(config->pool_of(ip("0.0.0.0")), nullptr);
}

TEST(Resolve_3_3_Pool, HangsBelowTheSharedNetworkNotTheSubnet) {
  const auto config = accept("shared-network x { option domain-name \"n\"; subnet 10.1.0.0 netmask 255.255.0.0 { option domain-name \"s\";"
                             " pool { option domain-name \"p\"; range 10.1.0.1; } } pool { option domain-name \"q\"; range 10.1.0.2; } }");
  EXPECT_THAT(chain(*config->pools()[0]->scope), ElementsAre("", "n", "p"));
  EXPECT_THAT(chain(*config->pools()[1]->scope), ElementsAre("", "n", "q"));
}

TEST(Resolve_3_3_Pool, StandInDeclarationOrderImplicitOnesWhereTheirRangeStands) {
  const auto config = accept("shared-network x {"
                             " subnet 10.1.0.0 netmask 255.255.0.0 { pool { allow known-clients; range 10.1.0.9; } range 10.1.0.1; }"
                             " pool { allow unknown-clients; range 10.1.0.5; } }");
  std::vector<std::string> first;
  for (const Pool* pool : config->networks()[0]->pools) first.push_back(ranges_of(*pool)[0].first);
  EXPECT_THAT(first, ElementsAre("10.1.0.9", "10.1.0.1", "10.1.0.5"));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(config->pools()[i]->id, i);
}

TEST(Resolve_3_3_Pool, EqualOnesAreOne) {
  const auto config = accept("class \"a\" { } class \"b\" { } subnet 10.1.0.0 netmask 255.255.0.0 {"
                             " pool { allow members of \"a\"; deny known-clients; range 10.1.0.1; }"
                             " pool { deny known clients; allow members of \"a\"; range 10.1.0.2; }"
                             " pool { allow members of \"b\"; deny known-clients; range 10.1.0.3; }"
                             " pool { allow members of \"a\"; range 10.1.0.4; }"
                             " pool { allow members of \"a\"; deny known-clients; default-lease-time 60; range 10.1.0.5; } }");
  ASSERT_EQ(config->pools().size(), 4u);
  EXPECT_EQ(config->pools()[0]->ranges.size(), 2u);
}

TEST(Resolve_19_Pool, OnesThatDifferOnlyInTheAfterDateAreOne) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { pool { deny after epoch 1000; range 10.1.0.1; }"
                             " pool { deny after epoch 2000; range 10.1.0.2; } }");
  ASSERT_EQ(config->pools().size(), 1u);
  EXPECT_EQ(config->pools()[0]->deny[0].after, 1000);
}

TEST(Resolve_3_3_Permit, KeepsKindAndClass) {
  const auto config = accept("class \"a\" { } class \"b\" { } subnet 10.1.0.0 netmask 255.255.0.0 { pool {"
                             " allow members of \"b\"; allow all clients; deny unknown-clients; deny dynamic bootp clients;"
                             " allow authenticated clients; deny unauthenticated clients; range 10.1.0.1; } }");
  const Pool& pool = *config->pools()[0];
  ASSERT_EQ(pool.allow.size(), 3u);
  EXPECT_EQ(pool.allow[0].kind, PermitKind::members_of);
  EXPECT_EQ(pool.allow[0].class_index, config->class_by_name("b")->index);
  EXPECT_EQ(pool.allow[1].kind, PermitKind::all_clients);
  EXPECT_EQ(pool.allow[2].kind, PermitKind::authenticated_clients);
  ASSERT_EQ(pool.deny.size(), 3u);
  EXPECT_EQ(pool.deny[0].kind, PermitKind::unknown_clients);
}

// ---- §3.4 group, §3.5 host ----

TEST(Resolve_3_4_Group, HostHangsBelowTheGroupItNames) {
  const auto config = accept("group g { option domain-name \"g\"; group { option domain-name \"inner\"; host b { } } }"
                             "subnet 10.1.0.0 netmask 255.255.0.0 { option domain-name \"s\"; group { host a { group g; option domain-name \"a\"; } } }");
  EXPECT_THAT(chain(*host(*config, "a").scope), ElementsAre("", "g", "a"));
  EXPECT_EQ(host(*config, "a").scope->depth, 2u);
  EXPECT_THAT(chain(*host(*config, "b").scope), ElementsAre("", "g", "inner", ""));
}

TEST(Resolve_3_5_Host, IsGlobalAndInheritsFromWhereItStands) {
  const auto config = accept("shared-network x { option domain-name \"n\"; subnet 10.1.0.0 netmask 255.255.0.0 { option domain-name \"s\";"
                             " host a { hardware ethernet 1:2:3:4:5:6; } pool { option domain-name \"p\"; range 10.1.0.1; host b { hardware ethernet 1:2:3:4:5:7; } } } }");
  EXPECT_THAT(chain(*host(*config, "a").scope), ElementsAre("", "n", "s", ""));
  EXPECT_THAT(chain(*host(*config, "b").scope), ElementsAre("", "n", "p", ""));
  const std::vector<std::uint8_t> hardware{1, 1, 2, 3, 4, 5, 6};
  ASSERT_EQ(config->hosts_by_hardware(hardware).size(), 1u);
  EXPECT_EQ(config->hosts_by_hardware(hardware)[0]->name, "a");
}

TEST(Resolve_3_5_Host, SeveralWithOneKeyComeInDeclarationOrder) {
  const auto config = accept("host c { hardware ethernet 0:0:0:0:0:1; uid \"k\"; } host a { hardware ethernet 0:0:0:0:0:1; }"
                             "host b { hardware ethernet 0:0:0:0:0:2; uid \"k\"; } host d { hardware token-ring 0:0:0:0:0:1; }");
  const auto names = [](std::span<const Host* const> hosts) {
    std::vector<std::string> result;
    for (const Host* h : hosts) result.push_back(h->name);
    return result;
  };
  EXPECT_THAT(names(config->hosts_by_hardware(std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0, 1})), ElementsAre("c", "a"));
  EXPECT_THAT(names(config->hosts_by_hardware(std::vector<std::uint8_t>{6, 0, 0, 0, 0, 0, 1})), ElementsAre("d"));
  EXPECT_THAT(names(config->hosts_by_client_id(as_bytes("k"))), ElementsAre("c", "b"));
  EXPECT_TRUE(config->hosts_by_client_id(as_bytes("K")).empty());
  EXPECT_TRUE(config->hosts_by_client_id({}).empty());
}

TEST(Resolve_3_5_Host, ClientIdentifierIsTheRawOption) {
  const auto config = accept("host a { option dhcp-client-identifier \"text\"; } host b { option dhcp-client-identifier 1:2:3; }"
                             "host c { uid 0:1; } host d { option dhcp-client-identifier = \"eq\"; }");
  EXPECT_EQ(config->hosts_by_client_id(as_bytes("text")).size(), 1u);
  EXPECT_EQ(config->hosts_by_client_id(std::vector<std::uint8_t>{1, 2, 3}).size(), 1u);
  EXPECT_EQ(config->hosts_by_client_id(std::vector<std::uint8_t>{0, 1}).size(), 1u);
  EXPECT_EQ(config->hosts_by_client_id(as_bytes("eq")).size(), 1u);
}

TEST(Resolve_3_5_Host, UidOutranksTheOptionAndTheFirstOptionTheSecond) {
  Outcome outcome = outcome_of("host a { option dhcp-client-identifier \"b\"; uid \"x\"; }");
  ASSERT_TRUE(outcome.config);
  EXPECT_EQ(outcome.config->hosts_by_client_id(as_bytes("x")).size(), 1u);
  EXPECT_THAT(outcome.messages,
              ElementsAre("Warning, host declaration 'a' already has uid '\"x\"', ignoring dhcp-client-identifier '\"b\"'"));
  outcome = outcome_of("host a { option dhcp-client-identifier \"b\"; option dhcp-client-identifier \"c\"; }");
  ASSERT_TRUE(outcome.config);
  EXPECT_EQ(outcome.config->hosts_by_client_id(as_bytes("b")).size(), 1u);
  EXPECT_THAT(outcome.messages, ElementsAre("only one dhcp client identifier may be specified"));
  EXPECT_EQ(accept("host a { option dhcp-client-identifier = concat(\"b\", 01); }")->hosts_by_client_id(as_bytes("b\x01")).size(), 1u);
}

TEST(Resolve_3_5_Host, IdentifierIsFoundByItsOption) {
  const auto config = accept("host a { host-identifier option agent.remote-id 0:15:96:0:0:5; }"
                             "host b { host-identifier option agent.circuit-id \"sw1:ge-0/0/1\"; }"
                             "host c { host-identifier option agent.remote-id 0:15:96:0:0:6; }");
  ASSERT_EQ(config->identifier_options().size(), 2u);
  const OptionDefinition* remote = config->identifier_options()[0];
  const OptionDefinition* circuit = config->identifier_options()[1];
  EXPECT_EQ(remote->name, "remote-id");
  const std::vector<std::uint8_t> five{0, 0x15, 0x96, 0, 0, 5};
  ASSERT_EQ(config->hosts_by_identifier(remote, five).size(), 1u);
  EXPECT_EQ(config->hosts_by_identifier(remote, five)[0]->name, "a");
  EXPECT_TRUE(config->hosts_by_identifier(circuit, five).empty());
  EXPECT_EQ(config->hosts_by_identifier(circuit, as_bytes("sw1:ge-0/0/1")).size(), 1u);
}

TEST(Resolve_3_5_FixedAddress, NamesAreLookedUpOnce) {
  HostTable table({{"modem.example", {ip("10.1.0.7"), ip("10.2.0.7")}}});
  const ResolveOptions options{find_in_table, &table};
  const auto config = accept("host a { fixed-address 10.1.0.5, modem.example, 10.3.0.1; }", options);
  EXPECT_THAT(host(*config, "a").fixed_addresses, ElementsAre(ip("10.1.0.5"), ip("10.1.0.7"), ip("10.2.0.7"), ip("10.3.0.1")));
  EXPECT_TRUE(config->is_fixed_address(ip("10.2.0.7")));
  EXPECT_FALSE(config->is_fixed_address(ip("10.2.0.8")));
}

TEST(Resolve_3_5_FixedAddress, AnUnknownNameIsAWarning) {
  HostTable table;
  const Outcome outcome = outcome_of("host a { fixed-address nowhere.example; }", {find_in_table, &table});
  ASSERT_TRUE(outcome.config);
  EXPECT_THAT(outcome.messages, ElementsAre("nowhere.example: host unknown."));
  EXPECT_TRUE(outcome.config->hosts()[0]->has_fixed_address);
  EXPECT_TRUE(outcome.config->hosts()[0]->fixed_addresses.empty());
}

TEST(Resolve_3_5_Host, ADeletedOneIsNone) {
  const auto config = accept("host a { dynamic; deleted; hardware ethernet 0:0:0:0:0:1; } host a { dynamic; }");
  EXPECT_EQ(config->hosts().size(), 1u);
}

// ---- quarantine ----

// docs/quarantine.md: the class dhcpd finds nobody in, and the pools that allow it.
TEST(Resolve_Quarantine, PoolsThatAllowItsMembersAreTheGarden) {
  const auto config = accept(R"(
    class "quarantine" { }
    class "other" { }
    shared-network one {
      subnet 10.1.0.0 netmask 255.255.255.0 { pool { allow members of "other"; range 10.1.0.10 10.1.0.20; } }
      subnet 10.2.0.0 netmask 255.255.255.0 { pool { allow unknown-clients; allow members of "quarantine"; range 10.2.0.10 10.2.0.20; } }
    }
    subnet 10.3.0.0 netmask 255.255.255.0 { pool { deny members of "quarantine"; range 10.3.0.10 10.3.0.20; } range 10.3.0.30; }
  )");
  ASSERT_NE(config->quarantine_class(), nullptr);
  EXPECT_EQ(config->quarantine_class(), config->class_by_name("quarantine"));
  std::vector<bool> gardens;
  for (const auto& pool : config->pools()) gardens.push_back(pool->is_garden);
  EXPECT_THAT(gardens, ElementsAre(false, true, false, false));
  EXPECT_TRUE(config->has_garden_for(ip("10.1.0.10")));  // by the network, not by the subnet
  EXPECT_TRUE(config->has_garden_for(ip("10.2.0.1")));
  EXPECT_FALSE(config->has_garden_for(ip("10.3.0.10")));
  EXPECT_FALSE(config->has_garden_for(ip("192.0.2.1")));
}

TEST(Resolve_Quarantine, WithoutTheClassThereIsNone) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }");
  EXPECT_EQ(config->quarantine_class(), nullptr);
  EXPECT_FALSE(config->has_garden_for(ip("10.1.0.10")));
}

// ---- §3.6 class, subclass ----

TEST(Resolve_3_6_Class, DeclaredAgainAddsToTheFirst) {
  const auto config = accept("option domain-name \"g\"; class \"a\" { match if known; option domain-name \"a1\"; } class \"b\" { }"
                             "subnet 10.1.0.0 netmask 255.255.0.0 { class \"a\" { match hardware; lease limit 3; option domain-name \"a2\"; } }");
  ASSERT_EQ(config->classes().size(), 2u);
  const Class& a = *config->class_by_name("a");
  EXPECT_EQ(a.index, 0u);
  EXPECT_EQ(a.match_if->kind, ExprKind::known);
  EXPECT_EQ(a.submatch->kind, ExprKind::hardware);
  EXPECT_FALSE(a.spawning);
  EXPECT_EQ(a.lease_limit, 3u);
  EXPECT_THAT(set_in(*a.scope, "domain-name"), ElementsAre("a1", "a2"));
  EXPECT_EQ(a.scope->parent, &config->global());
  EXPECT_EQ(config->class_by_name("A"), nullptr);
}

// §6 step 3: a class drags the scopes in that it was declared in.
TEST(Resolve_6_Class, InheritsFromWhereItStands) {
  const auto config = accept("subnet 10.1.0.0 netmask 255.255.0.0 { option domain-name \"s\"; class \"a\" { option domain-name \"a\"; } }"
                             "subclass \"a\" 1:2 { option domain-name \"sub\"; } subclass \"a\" 1:3;");
  const Class& a = *config->class_by_name("a");
  EXPECT_THAT(chain(*a.scope), ElementsAre("", "s", "a"));
  EXPECT_THAT(chain(*a.find(std::vector<std::uint8_t>{1, 2})->scope), ElementsAre("", "s", "a", "sub"));
  EXPECT_EQ(a.find(std::vector<std::uint8_t>{1, 3})->scope, a.scope);
  EXPECT_EQ(a.find(std::vector<std::uint8_t>{1}), nullptr);
  EXPECT_EQ(a.find({}), nullptr);
}

TEST(Resolve_3_6_Subclass, InheritsTheLimitAsItStoodAbove) {
  const auto config = accept("class \"a\" { match hardware; lease limit 2; } subclass \"a\" \"x\"; subclass \"a\" \"y\" { lease limit 5; }"
                             "class \"a\" { lease limit 7; } subclass \"a\" \"z\";");
  const Class& a = *config->class_by_name("a");
  EXPECT_EQ(a.find(as_bytes("x"))->lease_limit, 2u);
  EXPECT_EQ(a.find(as_bytes("y"))->lease_limit, 5u);
  EXPECT_EQ(a.find(as_bytes("z"))->lease_limit, 7u);
  EXPECT_EQ(a.find(as_bytes("z"))->id, 2u);
}

TEST(Resolve_3_6_Subclass, IdsAreDenseOverAllClasses) {
  const auto config = accept("class \"a\" { match hardware; } class \"b\" { spawn with hardware; } subclass \"a\" 1; subclass \"b\" 1; subclass \"a\" 2;");
  EXPECT_EQ(config->class_by_name("b")->subclasses[0].id, 1u);
  EXPECT_EQ(config->class_by_name("a")->subclasses[1].id, 2u);
  EXPECT_TRUE(config->class_by_name("b")->spawning);
}

TEST(Resolve_3_6_Subclass, ThousandsAreFound) {
  std::string text = "class \"a\" { match hardware; }\n";
  for (int i = 0; i < 5000; ++i) text += "subclass \"a\" \"modem" + std::to_string(i) + "\" { lease limit " + std::to_string(i + 1) + "; }\n";
  const auto config = accept(text);
  for (const int i : {0, 1, 2500, 4999}) {
    const Subclass* found = config->class_by_name("a")->find(as_bytes("modem" + std::to_string(i)));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->lease_limit, static_cast<std::uint32_t>(i + 1));
  }
}

TEST(Resolve_5_1_Add, ClassMustStandAbove) {
  accept("class \"a\" { } on commit { if known { add \"a\"; } }");
  EXPECT_THAT(outcome_of("if known { } else { add \"a\"; } class \"a\" { }").messages, ElementsAre("class a: not found"));
}

TEST(Resolve_5_1_Define, IsFoundWhereverItStands) {
  const auto config = accept("define gg (xx) { return xx; } subnet 10.1.0.0 netmask 255.255.0.0 { if known { define hh () { return \"h\"; } } }");
  ASSERT_NE(config->function("gg"), nullptr);
  EXPECT_THAT(config->function("gg")->parameters, ElementsAre("xx"));
  EXPECT_NE(config->function("hh"), nullptr);
  EXPECT_EQ(config->function("ii"), nullptr);
}

// ---- §5.3 global parameters ----

TEST(Resolve_5_3_Global, ConstantIsTheLastOneWrittenOutsideAnyBlock) {
  const auto config = accept("lease-file-name \"/a\"; lease-file-name \"/b\"; default server.lease-file-name \"/c\"; local-port 1067;"
                             "if known { pid-file-name \"/x\"; } subnet 10.1.0.0 netmask 255.255.0.0 { pid-file-name \"/y\"; }");
  EXPECT_EQ(as_text(config->global_constant(Parameter::lease_file_name)), "/b");
  EXPECT_TRUE(config->global_constant(Parameter::pid_file_name).empty());
  EXPECT_EQ(load_be16(config->global_constant(Parameter::local_port).data()), 1067);
}

// ---- §16 failover (dhcpd takes no semicolon after `no failover peer`, tried) ----

constexpr std::string_view kPeer =
    "failover peer \"f\" { primary; address 127.0.0.1; port 647; peer address 127.0.0.2; peer port 647; max-response-delay 60;"
    " max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3; } ";

TEST(Resolve_16_Failover, PoolKnowsItsPeer) {
  const auto config = accept(std::string(kPeer) +
                             "subnet 10.1.0.0 netmask 255.255.0.0 { pool { failover peer \"f\"; range 10.1.0.1; } pool { range 10.1.0.2; } }");
  ASSERT_EQ(config->failover_peers().size(), 1u);
  ASSERT_EQ(config->pools().size(), 2u);  // a peer tells pools apart that are equal otherwise
  EXPECT_EQ(config->pools()[0]->failover_peer, "f");
  EXPECT_EQ(config->pools()[1]->failover_peer, "");
}

TEST(Resolve_16_Failover, NoFailoverLeavesThePoolAlone) {
  const auto config = accept(std::string(kPeer) + "subnet 10.1.0.0 netmask 255.255.0.0 { pool { failover peer \"f\"; range 10.1.0.1; }"
                             " pool { failover peer \"f\"; no failover peer range dynamic-bootp 10.1.0.2; } }");
  EXPECT_EQ(config->pools()[1]->failover_peer, "");
}

// ---- §2 warnings ----

TEST(Resolve_2_Warnings, HostInANetworkIsSaidOnce) {
  const std::string warning = "WARNING: Host declarations are global.  They are not limited to the scope you declared them in.";
  EXPECT_THAT(outcome_of("subnet 10.1.0.0 netmask 255.255.0.0 { host a { } host b { } }").messages, ElementsAre(warning));
  EXPECT_THAT(outcome_of("shared-network x { subnet 10.1.0.0 netmask 255.255.0.0 { } host a { } }").messages, ElementsAre(warning));
  EXPECT_THAT(outcome_of("subnet 10.1.0.0 netmask 255.255.0.0 { group { host a { } } }").messages, ElementsAre());
  EXPECT_THAT(outcome_of("host a { }").messages, ElementsAre());
}

TEST(Resolve_2_Warnings, OverlappingSubnets) {
  EXPECT_THAT(outcome_of("subnet 10.10.0.0 netmask 255.255.252.0 { } subnet 10.10.0.1 netmask 255.255.255.255 { }").messages,
              ElementsAre("Warning: subnet 10.10.0.1/32 overlaps subnet 10.10.0.0/22"));
  EXPECT_THAT(outcome_of("subnet 10.0.0.0 netmask 255.255.255.255 { } subnet 10.0.0.0 netmask 255.255.255.0 { }"
                         "subnet 10.0.0.0 netmask 255.255.0.0 { }").messages,
              ElementsAre("Warning: subnet 10.0.0.0/24 overlaps subnet 10.0.0.0/32",
                          "Warning: subnet 10.0.0.0/16 overlaps subnet 10.0.0.0/24"));
  EXPECT_THAT(outcome_of("subnet 10.0.0.0 netmask 255.255.255.0 { } subnet 10.0.0.0 netmask 255.255.255.0 { }").messages,
              ElementsAre("Warning: subnet 10.0.0.0/24 overlaps subnet 10.0.0.0/24"));
  EXPECT_THAT(outcome_of("subnet 10.0.0.0 netmask 255.255.255.0 { } subnet 10.0.1.0 netmask 255.255.255.0 { }").messages, ElementsAre());
}

// ---- §1 names ----

TEST(HostTable_1, FindsWithoutCaseOrFinalDot) {
  const HostTable table({{"NTP.example.", {ip("10.0.0.1")}}, {"a.example", {}}, {"ntp.example", {ip("10.0.0.9")}}});
  EXPECT_THAT(table.find("ntp.EXAMPLE"), ElementsAre(ip("10.0.0.1")));  // the first of two spellings
  EXPECT_THAT(table.find("ntp.example."), ElementsAre(ip("10.0.0.1")));
  EXPECT_TRUE(table.find("a.example").empty());
  EXPECT_TRUE(table.find("b.example").empty());
  EXPECT_TRUE(table.find("").empty());
  EXPECT_TRUE(HostTable().find("x").empty());
  EXPECT_TRUE(table.has("A.example."));  // without an address, too
  EXPECT_FALSE(table.has("b.example"));
  EXPECT_FALSE(HostTable().has("x"));
}

TEST(HostTable_1, NamesOfAConfigurationAreListedOnce) {
  const Ast ast = parse("x", "option ntp-servers b.example, 10.0.0.1, a.example; host h { fixed-address C.example, b.example; }"
                             "if known { next-server D.example; } class \"x\" { option log-servers a.example; }", {});
  EXPECT_THAT(host_names(ast), ElementsAre("a.example", "b.example", "C.example", "D.example"));
}

TEST(HostTable_1, LooksUpWhatNeedsNoNetworkAndKeepsWhatItHad) {
  const std::vector<std::string> names{"10.9.8.7", "localhost"};
  const auto table = look_up_hosts(names, std::chrono::seconds(10), nullptr);
  EXPECT_THAT(table->find("10.9.8.7"), ElementsAre(ip("10.9.8.7")));
  EXPECT_THAT(table->find("localhost"), ElementsAre(ip("127.0.0.1")));
  EXPECT_TRUE(look_up_hosts({}, std::chrono::seconds(1), nullptr)->entries().empty());
}

// A name's addresses may change while the server runs, so an identifier that holds one is none: not the part before it either.
TEST(Resolve_3_5_HostIdentifier, OneThatIsNotConstantMatchesNobody) {
  Outcome outcome = outcome_of("host a { host-identifier option ntp-servers 10.0.0.1, time.example; }"
                               "host b { host-identifier option ntp-servers time.example; }");
  ASSERT_NE(outcome.config, nullptr);
  EXPECT_EQ(outcome.messages.size(), 2u);
  EXPECT_THAT(outcome.config->identifier_options(), ::testing::IsEmpty());
}

// dhcpd logs a name that has no address with every packet (§1); here once, when that begins and when it ends.
TEST(HostTable_1, ANameWithoutAnAddressIsNews) {
  const HostTable some({{"a.example", {}}, {"b.example", {ip("10.0.0.1")}}});
  const HostTable others({{"a.example", {ip("10.0.0.2")}}, {"b.example", {}}, {"c.example", {}}, {"d.example", {ip("10.0.0.3")}}});
  const std::string unknown = ": host unknown: what is set to this name is left out of replies until it has an address.";
  EXPECT_THAT(news_of_names(some, nullptr), ElementsAre("a.example" + unknown));
  EXPECT_THAT(news_of_names(some, &some), ElementsAre());
  EXPECT_THAT(news_of_names(others, &some), ElementsAre("a.example: has an address again.", "b.example" + unknown, "c.example" + unknown));
  EXPECT_THAT(news_of_names(HostTable(), &some), ElementsAre());
}

// ---- refusals, compared with dhcpd ----

struct Refusal {
  const char* clause;
  const char* text;
  const char* message;  // the first; empty: accepted
};

const Refusal kRefusals[] = {
    {"3.2", "shared-network a { }", "empty shared-network decl"},
    {"3.1", "shared-network a { group { subnet 10.0.0.0 netmask 255.255.255.0 { } } }", "empty shared-network decl"},
    {"3.2", "subnet 10.0.0.1 netmask 255.255.255.0 { }",
     "subnet 10.0.0.1 netmask 255.255.255.0: bad subnet number/mask combination."},
    {"3.2", "shared-network a { subnet 10.0.0.0 netmask 255.255.255.0 { } } shared-network a { subnet 10.0.1.0 netmask 255.255.255.0 { } }", ""},
    {"3.2", "subnet 10.0.0.0 netmask 255.255.255.0 { interface a; interface b; }",
     "A subnet or shared network can't be connected to two interfaces."},
    {"3.2", "shared-network x { interface a; subnet 10.0.0.0 netmask 255.255.255.0 { interface b; } }",
     "A subnet or shared network can't be connected to two interfaces."},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.1.1 10.0.1.5; }",
     "bad range, address 10.0.1.1 not in subnet 10.0.0.0 netmask 255.255.255.0"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9 10.0.1.5; }",
     "bad range, address 10.0.1.5 not in subnet 10.0.0.0 netmask 255.255.255.0"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9 10.0.0.5; range 10.0.0.7; }", "lease 10.0.0.7 is declared twice!"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.1 10.0.0.5; range 10.0.0.4 10.0.0.7; }",
     "lease 10.0.0.4 is declared twice!"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.4 10.0.0.7; range 10.0.0.1 10.0.0.5; }",
     "lease 10.0.0.4 is declared twice!"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.4; range 10.0.0.1 10.0.0.3; range 10.0.0.5 10.0.0.9; }", ""},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.0 10.0.0.255; }", ""},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { pool { range 10.0.0.1; } pool { deny known-clients; range 10.0.0.1; } }",
     "lease 10.0.0.1 is declared twice!"},
    {"3.3", "shared-network a { subnet 10.0.0.0 netmask 255.255.255.0 { } pool { range 10.0.1.1 10.0.1.5; } }",
     "address range not on network a"},
    {"3.3", "shared-network a { pool { range 10.0.0.1; } subnet 10.0.0.0 netmask 255.255.255.0 { } }", "address range not on network a"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { pool { } }", "Pool declaration with no address range."},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { pool { allow members of \"x\"; range 10.0.0.1; } }", "no such class: x"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { pool { allow members of \"x\"; range 10.0.0.1; } } class \"x\" { }",
     "no such class: x"},
    {"3.3", "class \"x\" { } subnet 10.0.0.0 netmask 255.255.255.0 { pool { allow members of \"X\"; range 10.0.0.1; } }",
     "no such class: X"},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { class \"x\" { } pool { allow members of \"x\"; range 10.0.0.1; } }", ""},
    {"3.3", "subnet 10.0.0.0 netmask 255.255.255.0 { pool { allow after 4 2020/01/01 00:00:00; deny after 4 2020/01/01 00:00:00;"
            " range 10.0.0.1; } }", "duplicate \"after\" clause."},
    {"3.4", "host a { group foo; }", "unknown group foo in host a"},
    {"3.4", "group foo { host a { group foo; } }", "unknown group foo in host a"},
    {"3.5", "host a { } host a { }", "host a: already exists"},
    {"3.5", "host a { } host A { }", ""},
    {"3.5", "host a { hardware ethernet 1:2:3:4:5:6; hardware ethernet 1:2:3:4:5:7; }", "Host a hardware address already configured."},
    {"3.5", "host a { fixed-address 1.2.3.4; fixed-address 1.2.3.5; }", "Only one fixed address declaration per host."},
    {"3.5", "host a { hardware ethernet 1:2:3:4:5:6; } host b { hardware ethernet 1:2:3:4:5:6; }", ""},
    {"3.5", "host a { fixed-address 10.0.0.1; } host b { fixed-address 10.0.0.1; }", ""},
    {"3.5", "host a { option dhcp-client-identifier \"a\"; option dhcp-client-identifier \"b\"; }", ""},
    {"3.5", "host a { uid \"a\"; uid \"b\"; }", "Host "},
    {"3.5", "host a { uid \"x\"; option dhcp-client-identifier \"b\"; }", ""},
    {"3.5", "host a { host-identifier option host-name \"b\"; host-identifier option host-name \"b\"; }",
     "only one host-identifier allowed per host"},
    {"3.6", "subclass \"x\" 1:2;", "no class named x"},
    {"3.6", "subclass \"x\" \"a\" { } class \"x\" { }", "no class named x"},
    {"3.6", "class \"x\" { } subclass \"x\" 1:2; subclass \"x\" 1:2 { lease limit 3; }", ""},
    {"3.6", "class \"x\" { match if known; } class \"x\" { match if known; }", ""},
    {"3.6", "class \"x\" { match hardware; } class \"x\" { match hardware; }", ""},
    {"3.6", "class \"x\" { match if known; match if known; }", "A class may only have one 'match if' clause."},
    {"3.6", "class \"x\" { match hardware; spawn with hardware; }", "can't override existing submatch/spawn."},
    {"3.6", "class \"x\" { match hardware; } subclass \"x\" 1:2 { match hardware; }", "invalid match in subclass."},
    {"3.6", "class \"x\" { match hardware; } subclass \"x\" 1:2 { spawn with hardware; }", "invalid spawn in subclass."},
    {"3.6", "class \"x\" { lease limit 2; lease limit 3; }", ""},
    {"5.1", "add \"x\";", "class x: not found"},
    {"5.1", "if known { add \"x\"; } class \"x\" { }", "class x: not found"},
    {"5.4", "zone a. { primary 1.2.3.4; key foo; }", "unknown key foo"},
    {"5.4", "key foo { algorithm hmac-md5; secret aaaa; } omapi-key foo;", ""},
    {"16", "subnet 10.0.0.0 netmask 255.255.255.0 { pool { failover peer \"foo\"; range 10.0.0.1; } }", "failover peer foo: not found"},
    {"16", "failover peer \"foo\" { primary; address 127.0.0.1; port 647; peer address 127.0.0.2; peer port 647; max-response-delay 60;"
           " max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3; }",
     "ERROR: Failover peer, foo, has no referring pools. You must refer to each peer in at least one pool declaration."},
    {"16", "failover peer \"foo\" { primary; address 127.0.0.1; port 647; peer address 127.0.0.2; peer port 647; max-response-delay 60;"
           " max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3; }"
           " subnet 10.0.0.0 netmask 255.255.255.0 { pool { failover peer \"foo\"; range 10.0.0.1; } }", ""},
    {"16", "failover peer \"foo\" { primary; address 127.0.0.1; port 647; peer address 127.0.0.2; peer port 647; max-response-delay 60;"
           " max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3; }"
           " subnet 10.0.0.0 netmask 255.255.255.0 { pool { failover peer \"foo\"; range dynamic-bootp 10.0.0.1; } }",
     "dynamic-bootp flag is not permitted for address"},
};

TEST(Resolve_2_Refusals, AreDhcpdsInItsWords) {
  for (const Refusal& refusal : kRefusals) {
    const Outcome outcome = outcome_of(refusal.text);
    const bool accepted = *refusal.message == '\0';
    EXPECT_EQ(static_cast<bool>(outcome.config), accepted) << refusal.clause << ": " << refusal.text;
    if (accepted || outcome.messages.empty()) continue;
    EXPECT_EQ(outcome.messages.front().substr(0, std::string_view(refusal.message).size()), refusal.message)
        << refusal.clause << ": " << refusal.text;
  }
}

// Ours alone: dhcpd accepts it and goes astray (it counts addresses through the hole in the mask).
TEST(Resolve_3_3_Range, AcrossAHoleOfTheMaskIsRefused) {
  EXPECT_THAT(outcome_of("subnet 10.0.0.0 netmask 255.0.255.0 { range 10.0.0.1 10.2.0.9; }").messages,
              ElementsAre("bad range, address 10.2.0.9 not in subnet 10.0.0.0 netmask 255.0.255.0"));
  accept("subnet 10.0.0.0 netmask 255.0.255.0 { range 10.2.0.1 10.2.0.9; }");
}

TEST(Resolve_17_OmapiKey, MustBeDeclared) { EXPECT_FALSE(outcome_of("omapi-key foo;").config); }

struct DhcpdRun {
  bool accepted = false;
  std::string output;
};

DhcpdRun run_dhcpd(const std::filesystem::path& file) {
  const std::string command = "/usr/sbin/dhcpd -4 -t -cf " + file.string() + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  DhcpdRun run;
  std::array<char, 4096> buffer;
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) run.output.append(buffer.data(), n);
  run.accepted = pclose(pipe) == 0;
  return run;
}

TEST(Resolve_2_Refusals, DhcpdSaysTheSame) {
  if (access("/usr/sbin/dhcpd", X_OK) != 0) GTEST_SKIP() << "isc-dhcp-server is not installed";
  std::string directory = (std::filesystem::temp_directory_path() / "coaxd-resolve-XXXXXX").string();
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::filesystem::path file = std::filesystem::path(directory) / "dhcpd.conf";
  for (const Refusal& refusal : kRefusals) {
    std::ofstream(file) << refusal.text << '\n';
    const DhcpdRun run = run_dhcpd(file);
    EXPECT_EQ(run.accepted, *refusal.message == '\0') << refusal.text << '\n' << run.output;
    EXPECT_THAT(run.output, HasSubstr(refusal.message)) << refusal.text;
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace coaxd::config
