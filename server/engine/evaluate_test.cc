// Expressions over a packet and a lease; what needs neither is in evaluate_table_test.cc. "Observed" is dhcpd 4.4.3-P1 on a wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

using testing::ElementsAre;
using wire::TestPacket;
using Lines = std::vector<std::string>;

TestPacket discover() {
  TestPacket packet;
  packet.cookie().add(53, {1});
  return packet;
}

// log() of one data expression, "null" for null.
std::string shown(std::string expression) {
  return "log(info, concat(\"<\", pick-first-value(" + std::move(expression) + ", \"null\"), \">\"));\n";
}
std::string hex(std::string expression) { return shown("binary-to-ascii(16, 8, \":\", " + std::move(expression) + ")"); }

Lines logged_by(const std::string& text, const TestPacket& packet) { return Scene(text).receive(packet).run(); }

TEST(DhcpdEval_7_2_Packet, FixedFields) {
  TestPacket packet = discover();
  packet.set(24, {10, 1, 0, 1}).set(44, {'s', 'v'}).set(108, {'b', 'o', 'o', 't'}).end();
  EXPECT_THAT(logged_by(hex("hardware") + hex("packet(24, 4)") + hex("packet(28, 6)") + shown("filename") + shown("server-name"),
                        packet),
              ElementsAre("<1:0:15:96:0:0:5>", "<a:1:0:1>", "<0:15:96:0:0:5>", "<boot>", "<sv>"));
}

TEST(DhcpdEval_7_2_Packet, HardwareHasAsManyOctetsAsHlenSays) {
  TestPacket packet = discover();
  packet.set(1, {32, 0}).end();
  EXPECT_THAT(logged_by(hex("hardware"), packet), ElementsAre("<20>"));
}

// Observed: from the end on it is null, even for no octets; a part that reaches over the end is cut.
TEST(DhcpdEval_7_2_Packet, BehindTheEnd) {
  TestPacket packet = discover();
  packet.end().pad();
  EXPECT_THAT(logged_by(hex("packet(299, 4)") + hex("packet(300, 4)") + hex("packet(300, 0)") + hex("packet(10, 0)"), packet),
              ElementsAre("<0>", "<null>", "<null>", "<>"));
}

TEST(DhcpdEval_7_2_Option, TextLosesTrailingNuls) {
  TestPacket packet = discover();
  packet.add(12, {'a', 'b', 0, 0}).add(60, {'x', 0}).end();
  EXPECT_THAT(logged_by(hex("option host-name") + hex("option vendor-class-identifier"), packet),
              ElementsAre("<61:62>", "<78:0>"));
}

// Observed: a host name of length 0 counts as not sent, one of NULs only as empty.
TEST(DhcpdEval_8_1_HostName, EmptyIsIgnored) {
  TestPacket empty = discover(), nuls = discover();
  empty.add(12, {}).end();
  nuls.add(12, {0, 0}).end();
  EXPECT_THAT(logged_by(shown("option host-name"), empty), ElementsAre("<null>"));
  EXPECT_THAT(logged_by(shown("option host-name"), nuls), ElementsAre("<>"));
}

TEST(DhcpdEval_8_3_Agent, SubOptionsByName) {
  TestPacket packet = discover();
  packet.add(82, {1, 0, 2, 1, 'a', 2, 1, 'b', 9, 2, 7, 8}).end();
  const std::string text = "option agent.vendor code 9 = string;\n" + shown("option agent.circuit-id") +
                           shown("option agent.remote-id") + hex("option agent.vendor") + shown("option agent.unknown-77") +
                           hex("option relay-agent-information") +
                           "if exists agent.circuit-id { log(info, \"yes\"); }\n"
                           "if exists agent.unknown-77 { log(info, \"no\"); }";
  // Observed: an empty sub-option exists, the first of two counts, and the whole option can be read as well.
  EXPECT_THAT(logged_by(text, packet),
              ElementsAre("<>", "<a>", "<7:8>", "<null>", "<1:0:2:1:61:2:1:62:9:2:7:8>", "yes"));
}

constexpr const char* kSpace =
    "option space ccc;\n"
    "option ccc.primary code 1 = ip-address;\n"
    "option ccc.name code 2 = text;\n"
    "option ccc-option code 122 = encapsulate ccc;\n";

Lines ccc_of(std::initializer_list<std::uint8_t> octets) {
  TestPacket packet = discover();
  packet.add(122, octets).end();
  return logged_by(kSpace + hex("option ccc.primary") + shown("option ccc.name"), packet);
}

// Observed, all of it: code 0 ends the list, 255 is a code, what precedes a malformed one counts, the first of two counts.
TEST(DhcpdEval_7_2_EncapsulatedSpace, DecodedByCode) {
  EXPECT_THAT(ccc_of({1, 4, 1, 2, 3, 4, 2, 1, 'a', 2, 1, 'b'}), ElementsAre("<1:2:3:4>", "<a>"));
  EXPECT_THAT(ccc_of({2, 2, 'a', 0, 1, 4, 1, 2, 3, 4, 1}), ElementsAre("<1:2:3:4>", "<a>"));
  EXPECT_THAT(ccc_of({255, 1, 7, 2, 0, 1, 4, 1, 2, 3, 4}), ElementsAre("<1:2:3:4>", "<>"));
  EXPECT_THAT(ccc_of({0, 0, 1, 4, 1, 2, 3, 4}), ElementsAre("<null>", "<null>"));
  EXPECT_THAT(ccc_of({1, 4, 1, 2, 3, 4, 2, 9, 'a'}), ElementsAre("<1:2:3:4>", "<null>"));
  EXPECT_THAT(ccc_of({}), ElementsAre("<null>", "<null>"));
}

TEST(DhcpdEval_7_2_EncapsulatedSpace, EveryTruncationIsHarmless) {
  const std::uint8_t octets[] = {1, 4, 1, 2, 3, 4, 2, 3, 'a', 'b', 'c'};
  for (std::size_t size = 0; size <= sizeof octets; ++size) {
    TestPacket packet = discover();
    packet.add(122, Bytes{octets, size}).end();
    EXPECT_THAT(logged_by(kSpace + hex("option ccc.primary") + shown("option ccc.name"), packet),
                ElementsAre(size >= 6 ? "<1:2:3:4>" : "<null>", size == sizeof octets ? "<abc>" : "<null>"))
        << size;
  }
}

TEST(DhcpdEval_12_5_Vendor125, EnterpriseNumbersAreCodes) {
  TestPacket packet = discover();
  packet.add(125, {0, 0, 0x11, 0x8b, 4, 2, 2, 'a', 'b'}).end();
  EXPECT_THAT(logged_by("option space cl;\noption cl.two code 2 = text;\n"
                        "option vendor.cablelabs code 4491 = encapsulate cl;\n" +
                            shown("option cl.two") + hex("option vendor.cablelabs") + hex("option vivso"),
                        packet),
              ElementsAre("<ab>", "<2:2:61:62>", "<0:0:11:8b:4:2:2:61:62>"));
}

TEST(DhcpdEval_5_1_ParseVendorOption, Option43IsReadAsTheVendorSpace) {
  TestPacket packet = discover();
  packet.add(43, {1, 2, 'a', 'b', 3}).end();
  EXPECT_THAT(logged_by("option space acme;\noption acme.url code 1 = text;\nvendor-option-space acme;\n" +
                            shown("option acme.url") + "parse-vendor-option;\n" + shown("option acme.url"),
                        packet),
              ElementsAre("<null>", "<ab>"));
}

// Option 81, observed: a finished encoded name keeps the dot before its domain, an unfinished one is all host.
Lines fqdn_of(std::initializer_list<std::uint8_t> octets) {
  TestPacket packet = discover();
  packet.add(81, octets).end();
  return logged_by(hex("concat(option fqdn.no-client-update, option fqdn.server-update, option fqdn.encoded, option fqdn.rcode1)") +
                       shown("option fqdn.hostname") + shown("option fqdn.domainname") + shown("option fqdn.fqdn"),
                   packet);
}
TEST(Rfc4702_2_Fqdn, Parts) {
  EXPECT_THAT(fqdn_of({1, 9, 2, 'h', '.', 'o', '.', 'p'}), ElementsAre("<0:1:0:9>", "<h>", "<o.p>", "<h.o.p>"));
  EXPECT_THAT(fqdn_of({2, 0, 0, 'h', 0}), ElementsAre("<1:0:0:0>", "<h>", "<null>", "<h>"));
  EXPECT_THAT(fqdn_of({2, 0, 0, '.', 'o'}), ElementsAre("<1:0:0:0>", "<null>", "<o>", "<.o>"));
  EXPECT_THAT(fqdn_of({4, 0, 0, 1, 'h', 1, 'o', 0}), ElementsAre("<0:0:1:0>", "<h>", "<.o>", "<h.o>"));
  EXPECT_THAT(fqdn_of({4, 0, 0, 1, 'h', 1, 'o'}), ElementsAre("<0:0:1:0>", "<h.o>", "<null>", "<h.o>"));
  EXPECT_THAT(fqdn_of({4, 0, 0, 1, 'h', 2, 'o'}), ElementsAre("<0:0:1:0>", "<null>", "<null>", "<null>"));
  EXPECT_THAT(fqdn_of({4, 0, 0, 0}), ElementsAre("<0:0:1:0>", "<null>", "<null>", "<null>"));
  EXPECT_THAT(fqdn_of({4, 0, 0}), ElementsAre("<0:0:1:0>", "<null>", "<null>", "<null>"));
  EXPECT_THAT(fqdn_of({4, 0}), ElementsAre("<null>", "<null>", "<null>", "<null>"));
}

TEST(DhcpdEval_7_1_Known, NeedsAPacket) {
  const std::string text = "if known { log(info, \"yes\"); }\nif not known { log(info, \"no\"); }";
  Scene scene(text);
  EXPECT_THAT(scene.run(), ElementsAre());
  scene.receive(discover().end());
  EXPECT_THAT(scene.run(), ElementsAre("no"));
  scene.forget();
  scene.context.known = true;
  EXPECT_THAT(scene.run(), ElementsAre("yes"));
}

TEST(DhcpdEval_7_2_Lease, AddressTimeAndHost) {
  const std::string text = hex("leased-address") + shown("host-decl-name") +
                           shown("binary-to-ascii(10, 32, \".\", encode-int(lease-time, 32))") + hex("hardware");
  Scene scene(text);
  config::Host host;
  host.name = "cm-1";
  scene.lease(Ipv4::of(10, 1, 2, 3)).context.host = &host;
  scene.binding.ends = static_cast<lease::StoredTime>(scene.context.now.wall + 77);
  const std::uint8_t mac[] = {0, 1, 2, 3, 4, 0xff};
  scene.binding.set_hardware(1, mac);
  // On expiry there is no packet: the lease knows the hardware address (observed).
  EXPECT_THAT(scene.run(), ElementsAre("<a:1:2:3>", "<cm-1>", "<77>", "<1:0:1:2:3:4:ff>"));
  scene.forget();
  scene.binding.ends = static_cast<lease::StoredTime>(scene.context.now.wall - 1);
  EXPECT_EQ(scene.run()[2], "<null>");
}

TEST(DhcpdEval_7_2_Lookup, AddressesOfANameFromTheTable) {
  Scene scene("option ntp-servers a.example, 10.0.0.9;\noption time-servers b.example;");
  scene.run();
  // Nobody resolved the names: nothing is sent, and the option is set.
  EXPECT_FALSE(scene.reply.get(0, 42).has_value());
  EXPECT_TRUE(scene.reply.has(0, 42));
}

// Observed: options are computed when the reply is built, from what is set by then and without the lease's variables.
TEST(DhcpdEval_19_OwnExpression, ComputedWhenTheReplyIsBuilt) {
  Scene scene(
      "set lvar = \"lease\";\n"
      "option root-path = pick-first-value(lvar, gvar, \"none\");\n"
      "option nis-domain = lvar;\n"
      "filename = concat(lvar, \".cfg\");\n"
      "option bootfile-name = config-option host-name;\n"
      "log(info, config-option root-path);\n"
      "option host-name \"later\";\n");
  scene.globals.set("gvar", Value::of(as_bytes("global")));
  scene.lease(Ipv4::of(10, 0, 0, 1));
  EXPECT_THAT(scene.run(), ElementsAre("lease"));
  EXPECT_FALSE(scene.reply.get(0, 67).has_value());
  finish_options(scene.context);
  EXPECT_EQ(as_text(*scene.reply.get(0, 17)), "global");
  EXPECT_FALSE(scene.reply.get(0, 40).has_value());
  EXPECT_EQ(as_text(*scene.reply.get(0, 67)), "later");
  EXPECT_EQ(as_text(*scene.reply.get(config::Parameter::filename)), "lease.cfg");
}

// Observed: with a lease in hand the global variables are out of reach.
TEST(DhcpdEval_5_1_Variables, OfTheLeaseOrElseGlobal) {
  Scene scene("log(info, pick-first-value(gvar, \"null\"));\nset lvar = \"x\";\nlog(info, lvar);");
  scene.globals.set("gvar", Value::of(as_bytes("global")));
  EXPECT_THAT(scene.run(), ElementsAre("global", "x"));
  EXPECT_TRUE(Variables::find(scene.globals.packed(), "lvar"));
  scene.forget();
  scene.lease(Ipv4::of(10, 0, 0, 1));
  EXPECT_THAT(scene.run(), ElementsAre("null", "x"));
  EXPECT_EQ(Variables::find(scene.binding.get(lease::Item::variables), "lvar"), Value::of(as_bytes("x")));
}

TEST(DhcpdEval_5_1_Variables, FullLeaseIsCountedAndKeepsWhatItHas) {
  Scene scene("set avar = \"kept\";\nset bvar = option vendor-class-identifier;\nlog(info, avar);\nlog(info, pick-first-value(bvar, \"null\"));");
  TestPacket packet = discover();
  const std::string piece(250, 'x');
  for (int i = 0; i < 4; ++i) packet.text(60, piece);
  scene.receive(packet.end()).lease(Ipv4::of(10, 0, 0, 1));
  EXPECT_THAT(scene.run(), ElementsAre("kept", "null"));
  EXPECT_EQ(scene.context.refused, 1);
}

TEST(DhcpdEval_5_1_Function, EndlessRecursionIsRefusedAndCounted) {
  Scene scene("define again(xvar) { return concat(\"a\", again(xvar)); }\nset svar = again(\"1\");\nlog(info, pick-first-value(svar, \"null\"));");
  EXPECT_THAT(scene.run(), ElementsAre("null"));
  EXPECT_EQ(scene.context.refused, 1);
}

TEST(DhcpdEval_5_1_Function, WideRecursionEnds) {
  Scene scene(
      "define again(xvar) { set avar = again(xvar); set bvar = again(xvar); set cvar = again(xvar); return \"end\"; }\n"
      "set svar = again(\"1\");\nlog(info, svar);");
  EXPECT_THAT(scene.run(), ElementsAre("end"));
  EXPECT_GT(scene.context.refused, 0);
}

// A client list written as one condition may be long.
TEST(DhcpdEval_7_4_LongChains, FourHundredAlternatives) {
  std::string right = "if ", left = "if (";
  for (int i = 0; i < 400; ++i) {
    const std::string one = "option host-name = \"h" + std::to_string(i) + "\"";
    right += (i == 0 ? "" : " or ") + one;
    left += (i == 0 ? "(" : " or (") + one + ")";
  }
  const std::string text = right + " { log(info, \"right\"); }\n" + left + ") { log(info, \"left\"); }\n";
  TestPacket packet = discover();
  packet.text(12, "h399").end();
  EXPECT_THAT(logged_by(text, packet), ElementsAre("right", "left"));
}

TEST(DhcpdEval_Arena, ExhaustionIsNullAndSeen) {
  Scene scene("option root-path = concat(option vendor-class-identifier, \"x\");\nlog(info, \"after\");");
  TestPacket packet = discover();
  packet.text(60, std::string(200, 'v')).end();
  scene.receive(packet);
  std::vector<std::uint8_t> small(100);
  Arena arena(small);
  scene.context.arena = &arena;
  scene.run();
  EXPECT_TRUE(arena.exhausted());
  EXPECT_FALSE(scene.reply.get(0, 17).has_value());
}

}  // namespace
}  // namespace coaxd::engine
