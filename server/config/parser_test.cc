#include "server/config/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/bytes.h"
#include "server/config/unparse.h"

namespace coaxd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Octets = std::vector<std::uint8_t>;

bool no_files(const std::string&, std::string&, std::string& error) {
  error = "No such file or directory";
  return false;
}

Ast good(std::string text) {
  Ast ast = parse("t.conf", std::move(text), no_files);
  EXPECT_TRUE(ast.ok()) << ast.diagnostics.front().render(ast.sources);
  return ast;
}

const Declaration* item(const Declaration& of, DeclarationKind kind) {
  for (const Declaration& each : of.items) {
    if (each.kind == kind) return &each;
  }
  return nullptr;
}

// The octets of the value of the last statement.
Octets value(std::string text) {
  const Ast ast = good(std::move(text));
  if (ast.items.empty()) return {};
  EXPECT_EQ(ast.items.back().statement.value.kind, ExprKind::constant);
  return ast.items.back().statement.value.bytes;
}

Octets octets(std::string_view text) {
  return {text.begin(), text.end()};
}

// The condition, with parentheses that show its tree.
std::string tree(std::string condition) {
  return to_text(good("if " + condition + " { }").items.at(0).statement.value);
}

// --- option values (dhcpd-compat §4.2) ---

TEST(DhcpdCompat_4_2_Values, EveryFormatLetterIsEncodedAsTheWireHasIt) {
  EXPECT_EQ(value("option subnet-mask 255.255.255.0;"), (Octets{255, 255, 255, 0}));
  EXPECT_EQ(value("option routers 10.0.0.1, 10.0.0.2;"), (Octets{10, 0, 0, 1, 10, 0, 0, 2}));
  EXPECT_EQ(value("option time-offset -3600;"), (Octets{0xff, 0xff, 0xf1, 0xf0}));
  EXPECT_EQ(value("option boot-size 0x1f;"), (Octets{0, 0x1f}));
  EXPECT_EQ(value("option boot-size -1;"), (Octets{0xff, 0xff}));
  EXPECT_EQ(value("option dhcp-lease-time 0600;"), (Octets{0, 0, 1, 0x80}));
  EXPECT_EQ(value("option dhcp-lease-time 99999999999;"),
            (Octets{0x48, 0x76, 0xe7, 0xff}));  // wraps
  EXPECT_EQ(value("option default-ip-ttl 64;"), (Octets{64}));
  EXPECT_EQ(value("option ip-forwarding on;"), (Octets{1}));
  EXPECT_EQ(value("option ip-forwarding FALSE;"), (Octets{0}));
  EXPECT_EQ(value("option ip-forwarding ignore;"), (Octets{2}));
  EXPECT_EQ(value("option domain-name \"example.com\";"), octets("example.com"));
  EXPECT_EQ(value("option domain-name example;"), octets("example"));
  EXPECT_EQ(value("option vendor-class-identifier 12:aB;"), (Octets{0x12, 0xab}));
  EXPECT_EQ(value("option vendor-class-identifier \"x\";"), octets("x"));
  EXPECT_EQ(value("option vendor-encapsulated-options 01:02;"), (Octets{1, 2}));
  EXPECT_EQ(value("option v4-access-domain example.com.;"),
            octets(std::string_view("\7example\3com\0", 13)));
  EXPECT_EQ(value("option dhcp-parameter-request-list 1, 3, 6;"), (Octets{1, 3, 6}));
  EXPECT_EQ(value("option agent.relay-port;"), Octets{});
}

TEST(DhcpdCompat_4_2_Values, DomainListsArePackedOrPointedTo) {
  EXPECT_EQ(value("option bcms-controller-names \"b.c\", \"a.b.c.\";"),
            octets(std::string_view("\1b\1c\0\1a\1b\1c\0", 12)));
  EXPECT_EQ(value("option domain-search \"b.c\", \"a.B.c\", \"c\";"),
            octets(std::string_view("\1b\1c\0\1a\xc0\0\xc0\2", 11)));
}

TEST(DhcpdCompat_4_2_Values, RecordsArraysAndOptionalFields) {
  EXPECT_EQ(value("option static-routes 10.0.0.0 10.0.0.1, 10.1.0.0 10.0.0.2;"),
            (Octets{10, 0, 0, 0, 10, 0, 0, 1, 10, 1, 0, 0, 10, 0, 0, 2}));
  EXPECT_EQ(value("option slp-directory-agent true 10.0.0.1, 10.0.0.2;"),
            (Octets{1, 10, 0, 0, 1, 10, 0, 0, 2}));
  EXPECT_EQ(value("option slp-service-scope true;"), (Octets{1}));
  EXPECT_EQ(value("option slp-service-scope true \"x\";"), (Octets{1, 'x'}));
  EXPECT_EQ(value("option option-6rd 1 2 2001:db8::1 10.0.0.1 ,10.0.0.2;"),
            (Octets{1, 2, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0,  0, 0, 0,
                    0, 0, 0,    0, 1,   10,   0, 0, 1, 10, 0, 0, 2}));
  EXPECT_EQ(
      value("option foo code 5 = { integer 8, integer 16, unsigned integer 32, boolean, string };\n"
            "option foo -1 2 3 true 0a:0b;"),
      (Octets{0xff, 0, 2, 0, 0, 0, 3, 1, 0x0a, 0x0b}));
  EXPECT_EQ(value("option foo code 5 = array of { ip-address, integer 8 }; option foo 1.2.3.4 5, "
                  "1.2.3.5 6;"),
            (Octets{1, 2, 3, 4, 5, 1, 2, 3, 5, 6}));
}

TEST(DhcpdCompat_4_2_Values, IntegersMayBeHexOctalOrNegative) {
  const Ast ast =
      good("option foo code 5 = array of unsigned integer 32; option foo 0x10, 010, 10, -1;");
  EXPECT_EQ(ast.items[0].statement.value.bytes,
            (Octets{0, 0, 0, 16, 0, 0, 0, 8, 0, 0, 0, 10, 255, 255, 255, 255}));
}

TEST(DhcpdCompat_1_HostNames, AnythingButNumberDotNumberIsLookedUp) {
  const Ast ast = good("option routers 10.0.0.1, gw.example, 10.example.;");
  const Expr& list = ast.items[0].statement.value;
  ASSERT_EQ(list.kind, ExprKind::concat);
  ASSERT_EQ(list.args.size(), 3u);
  EXPECT_EQ(list.args[0].bytes, (Octets{10, 0, 0, 1}));
  EXPECT_EQ(list.args[1].kind, ExprKind::host_lookup);
  EXPECT_EQ(list.args[1].text, "gw.example");
  EXPECT_EQ(list.args[1].number, 0);
  EXPECT_EQ(list.args[2].text, "10.example.");
  EXPECT_EQ(good("next-server boot.example;").items[0].statement.value.number,
            1);  // one address only
}

TEST(DhcpdCompat_4_2_Verbs, SetDefaultAppendPrepend) {
  const Ast ast = good(
      "option routers 1.2.3.4; supersede host-name \"x\"; send host-name \"x\"; default routers "
      "1.2.3.4;\n"
      "append domain-search \"x\"; prepend routers = 01:02:03:04;");
  std::vector<OptionOp> ops;
  for (const Declaration& each : ast.items) ops.push_back(each.statement.op);
  using enum OptionOp;
  EXPECT_THAT(ops, ElementsAre(supersede, supersede, supersede, default_value, append, prepend));
}

TEST(DhcpdCompat_4_1_Definitions, TheLaterNameOwnsTheCode) {
  Ast ast = good(
      "option arch code 93 = unsigned integer 16; option option-15 code 15 = ip-address;\n"
      "option domain-name \"x\"; option option-15 1.2.3.4; option unknown-200 01;");
  OptionSpace& dhcp = ast.options->space(OptionRegistry::kDhcp);
  EXPECT_EQ(ast.options->by_code(dhcp, 93).name, "arch");
  EXPECT_EQ(ast.options->by_code(dhcp, 15).name, "option-15");
  EXPECT_NE(ast.options->find(dhcp, "pxe-system-type"), nullptr);
  EXPECT_TRUE(ast.items[2].statement.definition->synthesized);
  EXPECT_EQ(ast.items[2].statement.definition->code, 200u);
}

TEST(DhcpdCompat_4_1_Definitions, FormatsAndSpaces) {
  Ast ast = good(
      "option space ccc; option space wide code width 4 length width 2 hash size 7;\n"
      "option ccc.a code 1 = { integer 8, array of ip-address }; option ccc.b code 2 = array of { "
      "boolean, ip-address };\n"
      "option ccc.c code 3 = domain-list compressed; option ccc.d code 4 = zerolen; option ccc.d;\n"
      "option ccc.e code 5 = array of signed integer 16; option outer code 122 = encapsulate CCC;\n"
      "option ccc.f code 6 = { unsigned integer 32, encapsulate agent };");
  OptionSpace* ccc = ast.options->find_space("ccc");
  ASSERT_NE(ccc, nullptr);
  const auto format = [&](std::string_view name) { return ast.options->find(*ccc, name)->format; };
  EXPECT_EQ(format("a"), "bIa");
  EXPECT_EQ(format("b"), "fIA");
  EXPECT_EQ(format("c"), "Dc");
  EXPECT_EQ(format("d"), "Z");
  EXPECT_EQ(format("e"), "sA");
  EXPECT_EQ(format("f"), "LEagent.");
  const OptionSpace* wide = ast.options->find_space("WIDE");
  ASSERT_NE(wide, nullptr);
  EXPECT_EQ(wide->code_width, 4);
  EXPECT_EQ(wide->length_width, 2);
  EXPECT_EQ(ast.options->find(ast.options->space(0), "outer")->encapsulates, ccc);
}

// dhcpd loads this and calls itself without end at the first packet.
TEST(DhcpdCompat_4_1_Definitions, ASpaceCannotLieInWhatItHolds) {
  const std::string spaces = "option space a; option space b; option space c; option a.x code 1 = encapsulate b;\n";
  const auto message = [&](const std::string& text) {
    const Ast ast = parse("t.conf", spaces + text, no_files);
    return ast.ok() ? std::string() : ast.diagnostics.front().message;
  };
  EXPECT_EQ(message("option b.y code 1 = encapsulate a;"), "option b.y: space a holds space b already");
  EXPECT_EQ(message("option b.y code 1 = encapsulate c; option c.z code 1 = { integer 8, encapsulate a };"),
            "option c.z: space a holds space c already");
  EXPECT_EQ(message("option b.y code 1 = encapsulate dhcp; option outer code 200 = encapsulate a;"),
            "option dhcp.outer: space a holds space dhcp already");
  EXPECT_EQ(message("option b.y code 1 = encapsulate c; option outer code 200 = encapsulate a;"), "");
  EXPECT_EQ(message("option b.y code 1 = encapsulate b;"), "");  // sent without itself, as by dhcpd
}

// --- parameters (§5.3) ---

TEST(DhcpdCompat_5_3_Parameters, AreOptionsOfTheServerSpace) {
  const Ast ast = good(
      "default-lease-time infinite; max-lease-time 0x10; allow unknown-clients; deny booting; "
      "ignore bootp;\n"
      "min-secs 3; filename \"x\"; log-facility LOCAL7; local-port 67; server-identifier 1.2.3.4;\n"
      "supersede server.min-lease-time 5;");
  const auto statement = [&](std::size_t i) -> const Statement& { return ast.items[i].statement; };
  EXPECT_EQ(statement(0).definition->code,
            static_cast<std::uint32_t>(Parameter::default_lease_time));
  EXPECT_EQ(statement(0).value.bytes, (Octets{255, 255, 255, 255}));
  EXPECT_EQ(statement(1).value.bytes, (Octets{0, 0, 0, 16}));
  EXPECT_EQ(statement(2).definition->code,
            static_cast<std::uint32_t>(Parameter::boot_unknown_clients));
  EXPECT_EQ(statement(2).value.bytes, (Octets{1}));
  EXPECT_EQ(statement(3).value.bytes, (Octets{0}));
  EXPECT_EQ(statement(4).value.bytes, (Octets{2}));
  EXPECT_EQ(statement(5).value.bytes, (Octets{3}));
  EXPECT_EQ(statement(6).value.bytes, octets("x"));
  EXPECT_EQ(statement(7).value.bytes, octets("local7"));
  EXPECT_EQ(statement(8).value.bytes, (Octets{0, 67}));
  EXPECT_EQ(statement(9).definition->code, 54u);
  EXPECT_EQ(statement(10).definition->space->index, OptionRegistry::kServer);
}

TEST(DhcpdCompat_5_3_Parameters, EveryRowCanBeWritten) {
  for (const ParameterRow& row : parameter_rows()) {
    std::string_view sample = "10";
    switch (row.value) {
      case ParameterValue::flag:
        sample = "true";
        break;
      case ParameterValue::text:
      case ParameterValue::data:
        sample = "\"x\"";
        break;
      case ParameterValue::address:
        sample = "1.2.3.4";
        break;
      case ParameterValue::address6:
        sample = "::1";
        break;
      case ParameterValue::word:
        sample = "word";
        break;
      case ParameterValue::choice:
        sample = row.choices.substr(0, row.choices.find(' '));
        break;
      case ParameterValue::key_name:
        continue;  // needs a key
      default:
        break;
    }
    const Ast ast = good(std::string(row.name) + ' ' + std::string(sample) + ';');
    ASSERT_EQ(ast.items.size(), 1u) << row.name;
    EXPECT_EQ(ast.items[0].statement.definition->code, static_cast<std::uint32_t>(row.id))
        << row.name;
  }
}

// --- declarations (§3) ---

TEST(DhcpdCompat_3_Networks, SubnetsPoolsRangesAndPermits) {
  const Ast ast = good(R"(class "cm" { match if known; }
    shared-network "the net" {
      interface eth0;
      subnet 10.0.0.0 netmask 255.255.252.0 { authoritative; range 10.0.0.20 10.0.0.10; range dynamic-bootp 10.0.0.30; }
      pool {
        range 10.0.1.1 10.0.1.9;
        allow members of "cm"; deny unknown clients; allow known-clients; deny dynamic bootp clients; allow all clients;
        deny after 4 2030/01/02 03:04:05;
      }
    })");
  ASSERT_EQ(ast.items.size(), 2u);
  const Declaration& network = ast.items[1];
  EXPECT_EQ(network.kind, DeclarationKind::shared_network);
  EXPECT_EQ(network.name, "the net");
  EXPECT_EQ(item(network, DeclarationKind::interface)->name, "eth0");
  const Declaration* subnet = item(network, DeclarationKind::subnet);
  ASSERT_NE(subnet, nullptr);
  EXPECT_EQ(subnet->prefix.length(), 22);
  EXPECT_TRUE(item(*subnet, DeclarationKind::authoritative)->flag);
  EXPECT_EQ(subnet->items[1].low, Ipv4::of(10, 0, 0, 10));  // reversed ends are accepted
  EXPECT_EQ(subnet->items[1].high, Ipv4::of(10, 0, 0, 20));
  EXPECT_TRUE(subnet->items[2].flag);
  EXPECT_EQ(subnet->items[2].high, Ipv4::of(10, 0, 0, 30));
  const Declaration* pool = item(network, DeclarationKind::pool);
  ASSERT_NE(pool, nullptr);
  std::vector<PermitKind> permits;
  for (const Declaration& each : pool->items) {
    if (each.kind == DeclarationKind::permit) permits.push_back(each.permit);
  }
  using enum PermitKind;
  EXPECT_THAT(permits, ElementsAre(members_of, unknown_clients, known_clients,
                                   dynamic_bootp_clients, all_clients, after));
  EXPECT_EQ(pool->items[1].name, "cm");
  EXPECT_TRUE(pool->items[1].allow);
  EXPECT_FALSE(pool->items[2].allow);
  EXPECT_EQ(pool->items.back().number, 1893553445);
}

TEST(DhcpdCompat_3_5_Hosts, EveryClause) {
  const Ast ast = good(R"(group "g" { option host-name "x"; }
    host cm.1 { hardware ethernet 1:2:3:4:5:6; fixed-address 10.0.0.1, cm1.example; uid 01:02; group "g";
                host-identifier option agent.remote-id 0a:0b; dynamic; option host-name "y"; }
    host 2 { hardware unknown-7 01; uid "text"; }
    host three { hardware infiniband; })");
  const Declaration& host = ast.items[1];
  EXPECT_EQ(host.name, "cm.1");
  EXPECT_EQ(item(host, DeclarationKind::hardware)->bytes, (Octets{1, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(item(host, DeclarationKind::fixed_address)->value.args.size(), 2u);
  EXPECT_EQ(item(host, DeclarationKind::client_id)->bytes, (Octets{1, 2}));
  EXPECT_EQ(item(host, DeclarationKind::host_group)->name, "g");
  EXPECT_EQ(item(host, DeclarationKind::host_identifier)->option->name, "remote-id");
  EXPECT_EQ(item(host, DeclarationKind::host_identifier)->value.bytes, (Octets{10, 11}));
  EXPECT_EQ(item(host, DeclarationKind::omapi_flag)->name, "dynamic");
  EXPECT_EQ(item(host, DeclarationKind::statement)->statement.kind, StatementKind::option);
  EXPECT_EQ(item(ast.items[2], DeclarationKind::hardware)->bytes, (Octets{7, 1}));
  EXPECT_EQ(item(ast.items[2], DeclarationKind::client_id)->bytes, octets("text"));
  EXPECT_EQ(item(ast.items[3], DeclarationKind::hardware)->bytes, (Octets{32}));
}

TEST(DhcpdCompat_3_6_Classes, MatchesSubclassesAndLimits) {
  const Ast ast = good(
      R"(class "a" { match if (known) or (static); match hardware; lease limit 4; option host-name "x"; }
    class "b" { spawn with option agent.remote-id; }
    subclass "a" 1:2:3; subclass "a" "text" { option host-name "y"; lease limit 2; }
    class "a" { deny booting; })");
  const Declaration& a = ast.items[0];
  EXPECT_EQ(to_text(item(a, DeclarationKind::match_if)->value), "known or static");
  EXPECT_EQ(item(a, DeclarationKind::match)->value.kind, ExprKind::hardware);
  EXPECT_EQ(item(a, DeclarationKind::lease_limit)->number, 4);
  EXPECT_EQ(item(ast.items[1], DeclarationKind::spawn_with)->value.option->name, "remote-id");
  EXPECT_EQ(ast.items[2].bytes, (Octets{1, 2, 3}));
  EXPECT_FALSE(ast.items[2].has_body);
  EXPECT_EQ(ast.items[3].bytes, octets("text"));
  EXPECT_TRUE(ast.items[3].has_body);
  EXPECT_EQ(ast.items[4].name, "a");
}

TEST(DhcpdCompat_16_Failover, PeersAreKeptAsSettings) {
  const Ast ast = good(
      R"(failover peer "dhcp" { primary; address 10.0.0.1; port 647; peer address partner.example; peer port 847;
      max-response-delay 60; max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3; }
    subnet 10.0.0.0 netmask 255.0.0.0 { pool { failover peer "dhcp"; deny dynamic bootp clients; range 10.0.0.2; } })");
  std::vector<std::string> settings;
  for (const Setting& each : ast.items[0].settings)
    settings.push_back(each.name + "=" + each.value);
  EXPECT_THAT(settings, ElementsAre("primary=", "address=10.0.0.1", "port=647",
                                    "peer address=partner.example", "peer port=847",
                                    "max-response-delay=60", "max-unacked-updates=10", "mclt=3600",
                                    "split=128", "load balance max seconds=3"));
  EXPECT_EQ(item(ast.items[1].items[0], DeclarationKind::use_failover)->name, "dhcp");
}

TEST(DhcpdCompat_5_4_KeysAndZones, AreParsedAndKept) {
  const Ast ast = good(
      "key k { algorithm hmac-md5; secret ab/d+w==; };\nkey \"k.2\" { secret \"abcd\"; }\n"
      "zone example. { primary 127.0.0.1, ns.example; key k; }\nomapi-key k.2; omapi-port 7911;");
  EXPECT_EQ(ast.items[0].settings[1].value, "ab/d+w==");
  EXPECT_EQ(ast.items[2].name, "example.");
}

TEST(DhcpdCompat_1_Percent, AStatementThatBeginsWithItIsSkipped) {
  const Ast ast = good("%%networks%% option host-name 1.2.3.4;\noption domain-name \"x\";");
  EXPECT_EQ(ast.items.size(), 1u);
}

// --- statements (§5.1) ---

TEST(DhcpdCompat_5_1_Statements, ComeBackAsTheyWereWritten) {
  constexpr std::string_view kText = R"(if (known) {
  log(info, "known");
} else if (option dhcp.host-name = "x") {
  set foo = concat("a", option agent.circuit-id);
} else {
  unset foo;
}
switch (option dhcp.host-name) {
  case "a":
  log(debug, "a");
  break;
  default:
  eval call-me("x", foo);
}
on commit {
  execute("/bin/true", "commit", binary-to-ascii(10, 8, ".", leased-address));
}
on expiry or release {
  set gone = "y";
}
on commit;
define fun-c (argument, other) {
  return concat(argument, other);
}
add "cls";
parse-vendor-option;
default dhcp.routers = 0a:00:00:01;
supersede server.max-lease-time = encode-int(extract-int(config-option dhcp.dhcp-lease-time, 32), 32);
)";
  Ast ast = good("class \"cls\" { }\n" + std::string(kText));
  std::vector<Statement> statements;
  for (Declaration& each : ast.items) {
    if (each.kind == DeclarationKind::statement) statements.push_back(std::move(each.statement));
  }
  EXPECT_EQ(to_text(statements), kText);
}

TEST(DhcpdCompat_14_2_OnBlocks, KeepTheirTextForTheLease) {
  const Ast ast = good("on expiry { # comment }\n set foo=\"x\" ; if known { break ; } }");
  EXPECT_EQ(ast.items[0].statement.source_text, "set foo = \"x\";\nif (known) {\n  break;\n}\n");
  EXPECT_EQ(ast.items[0].statement.events, kOnExpiry);
  const Ast again = parse_statements("lease", ast.items[0].statement.source_text,
                                     std::make_unique<OptionRegistry>());
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.items.size(), 2u);
}

// --- expressions (§7) ---

TEST(DhcpdCompat_7_4_Precedence, ComparisonChainsGroupToTheRight) {
  EXPECT_EQ(
      tree("option host-name = \"1\" or option host-name = \"2\" and option host-name = \"3\""),
      "(option dhcp.host-name = \"1\") or ((option dhcp.host-name = \"2\") and (option "
      "dhcp.host-name = \"3\"))");
  EXPECT_EQ(
      tree("option host-name = \"9\" and option host-name = \"2\" or option host-name = \"2\""),
      "(option dhcp.host-name = \"9\") and ((option dhcp.host-name = \"2\") or (option "
      "dhcp.host-name = \"2\"))");
  EXPECT_EQ(tree("known and static or known"), "(known and static) or known");
  EXPECT_EQ(tree("known or (static) and known"), "(known or static) and known");
}

// 2+3*4 is 20, 3*4+2 is 18, 12/4/3 is 1, 5+3&2 is 7 (all observed).
TEST(DhcpdCompat_7_4_Precedence, ArithmeticIsNotSchoolbook) {
  const auto number = [](std::string text) {
    return to_text(good("set v1-x = encode-int(" + text + ", 32);").items[0].statement.value);
  };
  EXPECT_EQ(number("2+3*4"), "encode-int((2 + 3) * 4, 32)");
  EXPECT_EQ(number("3*4+2"), "encode-int(3 * (4 + 2), 32)");
  EXPECT_EQ(number("12/4/3"), "encode-int((12 / 4) / 3, 32)");
  EXPECT_EQ(number("5+3&2"), "encode-int(5 + (3 & 2), 32)");
  EXPECT_EQ(number("2&3+5"), "encode-int((2 & 3) + 5, 32)");
  EXPECT_EQ(number("7%4*2"), "encode-int((7 % 4) * 2, 32)");
  EXPECT_EQ(number("1+(2)"), "encode-int(1 + 2, 32)");
  EXPECT_EQ(tree("extract-int(\"a\", 8) & 1 = 1"), "(extract-int(\"a\", 8) & 1) = 1");
}

TEST(DhcpdCompat_7_1_Not, BindsToTheNextOperandOnly) {
  EXPECT_EQ(tree("not (known) and static"), "(not known) and static");
  EXPECT_EQ(tree("not (option host-name = \"x\")"), "not (option dhcp.host-name = \"x\")");
}

TEST(DhcpdCompat_7_1_If, AParenthesisRightBehindItIsTheWholeCondition) {
  EXPECT_EQ(tree("(known)"), "known");
  EXPECT_EQ(tree("((known) or (static))"), "known or static");
  EXPECT_FALSE(parse("t", "if (known) or (static) { }", no_files).ok());
}

TEST(DhcpdCompat_7_3_Numbers, ABareNumberIsHexUnlessANumberIsWanted) {
  EXPECT_EQ(good("set foo = 12;").items[0].statement.value.bytes, (Octets{0x12}));
  EXPECT_EQ(good("set foo = b;").items[0].statement.value.bytes, (Octets{0xb}));
  EXPECT_EQ(tree("extract-int(\"a\", 8) = 97"), "extract-int(\"a\", 8) = 97");
  EXPECT_EQ(good("switch (5) { case 5: break; }").items[0].statement.value.kind, ExprKind::number);
}

TEST(DhcpdCompat_7_1_Regex, AConstantPatternIsCompiledOnce) {
  const Ast ast = good(
      "if option host-name ~= \"^cm\" { } if option host-name ~~ \"x(\" { } if \"a\" ~= option "
      "host-name { }");
  EXPECT_NE(ast.items[0].statement.value.regex, nullptr);
  EXPECT_EQ(ast.items[1].statement.value.regex,
            nullptr);  // does not compile: null when it is evaluated
  EXPECT_EQ(ast.items[2].statement.value.regex, nullptr);
}

// --- limits ---

std::string repeat(std::string_view what, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += what;
  return text;
}

std::string first_error(std::string text) {
  const Ast ast = parse("t.conf", std::move(text), no_files);
  return ast.diagnostics.empty() ? "" : ast.diagnostics.front().message;
}

TEST(ParserLimits, NestingEndsInAnErrorNotInTheStack) {
  EXPECT_EQ(first_error(repeat("group {", 100000)), "nested too deeply");
  EXPECT_EQ(first_error("if " + repeat("(", 100000)), "nested too deeply");
  EXPECT_EQ(first_error("if " + repeat("not ", 100000) + "known { }"), "nested too deeply");
  EXPECT_EQ(first_error(repeat("if known { ", 100000)), "nested too deeply");
  EXPECT_EQ(first_error("set foo = " + repeat("lcase(", 100000)), "nested too deeply");
  EXPECT_EQ(first_error("set foo = " + repeat("call-x(", 100000)), "nested too deeply");
  EXPECT_EQ(first_error(repeat("switch (\"x\") { ", 100000)), "nested too deeply");
  EXPECT_EQ(first_error("if known" + repeat(" or known = known", 100000) + " { }"),
            "expression too long");
  EXPECT_EQ(first_error("if known" + repeat(" or known", 100000) + " { }"), "expression too long");
  EXPECT_EQ(first_error("if known { }" + repeat(" elsif known { }", 100000)), "too many else ifs");
  EXPECT_TRUE(good("if known" + repeat(" or option host-name = \"x\"", 400) + " { }").ok());
  EXPECT_TRUE(good("if known { }" + repeat(" elsif known { }", 900)).ok());
}

TEST(ParserLimits, ErrorsAreCounted) {
  const Ast ast = parse("t.conf", repeat("foo 1;\n", 5000), no_files);
  EXPECT_LE(ast.diagnostics.size(), 1002u);
  EXPECT_EQ(ast.diagnostics.back().message, "too many errors");
}

TEST(ParserLimits, EveryPrefixOfAFileIsAnsweredWithoutTrouble) {
  constexpr std::string_view kText =
      R"(option space s; option s.a code 1 = { integer 8, array of ip-address };
class "c" { match if substring(option agent.remote-id, 0, 3) = 00:15:96 and not known; spawn with hardware; lease limit 2; }
shared-network n { subnet 10.0.0.0 netmask 255.0.0.0 { pool { range 10.0.0.1 10.0.0.9; deny members of "c"; } }
  host h { hardware ethernet 1:2:3:4:5:6; fixed-address 10.0.0.1, a.b; } }
if known { on commit { execute("/x", binary-to-ascii(16, 8, ":", hardware)); } } else { set foo = encode-int(1 + 2, 8); }
failover peer "p" { primary; peer address 1.2.3.4; mclt 5; split 5; } key k { secret abcd; } zone z { primary 1.2.3.4; key k; }
)";
  for (std::size_t n = 0; n <= kText.size(); ++n)
    parse("t.conf", std::string(kText.substr(0, n)), no_files);
  EXPECT_TRUE(good(std::string(kText)).ok());
}

// --- includes (§1, §2) ---

// dhcpd says so too; an error in the middle of a file must not make half of it the configuration.
TEST(DhcpdCompat_2_Files, WhatCannotBeReadIsNoEmptyFile) {
  std::string text = "before", error;
  EXPECT_FALSE(disk_reader()("/", text, error));
  EXPECT_EQ(error, "Can't read in /: Is a directory");
  EXPECT_FALSE(disk_reader()("/no/such/file", text, error));
  EXPECT_EQ(error, "Can't open /no/such/file: No such file or directory");
  EXPECT_TRUE(disk_reader()("/dev/null", text, error));
  EXPECT_EQ(text, "");
}

TEST(DhcpdCompat_1_Include, TakesTheIncludesPlaceAndNamesItsOwnLines) {
  const FileReader files = [](const std::string& path, std::string& text, std::string& error) {
    if (path == "hosts") text = "host a { }\nhost b { }\n";
    if (path == "bad") text = "\nfoo 1;\n";
    if (path == "self") text = "include \"self\";";
    error = "Can't open " + path + ": No such file or directory";
    return !text.empty();
  };
  const Ast ast = parse(
      "t.conf", "subnet 10.0.0.0 netmask 255.0.0.0 { include \"hosts\"; option host-name \"x\"; }",
      files);
  EXPECT_TRUE(ast.ok());
  ASSERT_EQ(ast.items.size(), 1u);
  EXPECT_EQ(ast.items[0].items.size(), 3u);

  const Ast bad = parse("t.conf", "include \"bad\";\noption host-name \"x\";", files);
  ASSERT_EQ(bad.diagnostics.size(), 2u);
  EXPECT_THAT(bad.diagnostics[0].render(bad.sources),
              HasSubstr("bad line 2: semicolon expected.\n"));
  EXPECT_THAT(bad.diagnostics[1].render(bad.sources),
              HasSubstr("t.conf line 1: bad: bad parse.\n"));
  EXPECT_EQ(bad.items.size(), 1u);

  EXPECT_EQ(parse("t.conf", "include \"none\";", files).diagnostics[0].message,
            "Can't open none: No such file or directory");
  EXPECT_EQ(parse("t.conf", "include \"self\";", files).diagnostics[0].message,
            "self: includes itself");
}

// Scripts read dhcpd's line; a person reads each thing once.
TEST(DhcpdCompat_2_Diagnostics, ShowDhcpdsLineThePlaceTheTextAndACaret) {
  const Ast ast = parse("t.conf", "option domain-name \"x\";\n\toption foo 1;\n", no_files);
  ASSERT_EQ(ast.diagnostics.size(), 1u);
  EXPECT_EQ(ast.diagnostics[0].render(ast.sources),
            "t.conf line 2: unknown option dhcp.foo\n"
            "t.conf:2:9: error\n"
            "        option foo 1;\n"
            "               ^\n");
}

}  // namespace
}  // namespace coaxd::config
