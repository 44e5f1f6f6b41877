// Orders and octets marked observed were read off dhcpd 4.4.3-P1 on a wire.
#include "server/engine/reply_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

using testing::ElementsAre;
using wire::TestPacket;

constexpr const char* kBasics =
    "option subnet-mask 255.255.0.0; option routers 10.1.0.1; option domain-name-servers 10.1.0.2; option domain-name \"dn\";\n";

struct Reply {
  std::vector<int> order;
  std::vector<std::vector<std::uint8_t>> values;

  std::string hex(int code) const {
    std::string text;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (order[i] != code) continue;
      for (const std::uint8_t octet : values[i]) text += "0123456789abcdef"[octet >> 4], text += "0123456789abcdef"[octet & 15];
      return text;
    }
    return "absent";
  }
};

Reply reply_to(Scene& scene, const TestPacket& packet, bool use_list = true) {
  scene.forget();
  scene.receive(packet).run();
  std::vector<wire::ReplyOption> out(kMaxReplyOptions);
  out.resize(select_reply_options({&scene.reply, &scene.context, &scene.request, use_list}, scene.arena, out));
  EXPECT_FALSE(scene.arena.exhausted());
  Reply reply;
  for (const wire::ReplyOption& option : out) {
    reply.order.push_back(option.code);
    reply.values.emplace_back(option.value.begin(), option.value.end());
  }
  return reply;
}
Reply reply_to(const std::string& text, const TestPacket& packet) {
  Scene scene(text);
  return reply_to(scene, packet);
}

TestPacket discover(std::initializer_list<std::uint8_t> list = {}) {
  TestPacket packet;
  packet.cookie().add(53, {1});
  if (list.size() != 0) packet.add(55, list);
  return packet;
}

TEST(DhcpdReply_12_3_Order, FixedHeadComesFirst) {
  const std::string text = std::string(kBasics) +
                           "option dhcp-message \"m\"; option dhcp-rebinding-time 7; option dhcp-renewal-time 6;\n"
                           "option dhcp-server-identifier 10.0.0.1; option dhcp-lease-time 9; option associated-ip 10.0.0.9;\n"
                           "option dhcp-requested-address 10.0.0.8;";
  EXPECT_THAT(reply_to(text, discover({15, 51}).end()).order, ElementsAre(54, 51, 58, 59, 56, 50, 92, 15, 1));
}

// Observed: mask and routers change places, and the unasked mask comes last.
TEST(DhcpdReply_12_3_Order, MaskBeforeRouters) {
  EXPECT_THAT(reply_to(kBasics, discover({3, 6, 1}).end()).order, ElementsAre(1, 6, 3));
  EXPECT_THAT(reply_to(kBasics, discover({3, 6, 15}).end()).order, ElementsAre(1, 6, 15, 3));
  EXPECT_THAT(reply_to(kBasics, discover({15, 3, 1, 15, 3}).end()).order, ElementsAre(15, 1, 3));
  EXPECT_THAT(reply_to(kBasics, discover({15, 0, 255, 82, 250}).end()).order, ElementsAre(15, 1));
}

// Observed: without a list, a code that a predefined space had before (125) comes where that space is, also when it carries a space of the file.
TEST(DhcpdReply_12_3_Order, ARedefinedEncapsulationKeepsItsPlace) {
  const std::string text =
      "option space p; option p.a code 1 = text; option p-area code 122 = encapsulate p; option p.a \"1\";\n"
      "option space e code width 4 length width 1; option e.none code 0 = string; option e-area code 125 = encapsulate e; option e.none 01;";
  EXPECT_THAT(reply_to(text, discover().end()).order, ElementsAre(125, 122));
  EXPECT_THAT(reply_to(text, discover({122, 125}).end()).order, ElementsAre(122, 125));
}

TEST(DhcpdReply_12_3_Order, MaskIsAddedForDiscoverAndRequestOnly) {
  TestPacket inform;
  inform.cookie().add(53, {8}).add(55, {15}).end();
  EXPECT_THAT(reply_to(kBasics, inform).order, ElementsAre(15));
}

TEST(DhcpdReply_12_3_Order, BucketsWithoutAList) {
  // Buckets of 17: 12 -> 12, 15 -> 15, 17 -> 0, 34 -> 3, 40 -> 9, 42 -> 11, 66 -> 4, 67 -> 5, 119 -> 9; 40 was set first.
  const std::string text = std::string(kBasics) +
                           "option nis-domain \"n\"; option domain-search \"example.org\"; option root-path \"r\"; option host-name \"h\";\n"
                           "option tftp-server-name \"t\"; option bootfile-name \"b\"; option ntp-servers 10.0.0.3; option trailer-encapsulation on;";
  EXPECT_THAT(reply_to(text, discover().end()).order, ElementsAre(1, 3, 6, 12, 17, 34, 66, 67, 119, 40, 42, 15));
}

TEST(DhcpdReply_12_3_List, ConfiguredReplacesTheClients) {
  const std::string text = std::string(kBasics) + "option dhcp-parameter-request-list 6, 15;";
  EXPECT_THAT(reply_to(text, discover({3}).end()).order, ElementsAre(6, 15, 1));
  EXPECT_THAT(reply_to(text, discover().end()).order, ElementsAre(6, 15, 1));
  const std::string more = std::string(kBasics) +
                           "option space acme; option acme.url code 1 = text; option acme.url \"u\"; vendor-option-space acme;\n"
                           "option dhcp-parameter-request-list = concat(option dhcp-parameter-request-list, 2b);";
  const Reply forced = reply_to(more, discover({15}).end());
  EXPECT_THAT(forced.order, ElementsAre(15, 43, 1));
  EXPECT_EQ(forced.hex(43), "010175");
  // Null, so there is no list at all, and 55 itself is not sent.
  EXPECT_THAT(reply_to(more, discover().end()).order, ElementsAre(1, 3, 6, 15, 43));
}

TEST(DhcpdReply_12_3_List, IgnoredWhereTheCallerSaysSo) {
  Scene scene(kBasics);
  EXPECT_THAT(reply_to(scene, discover({15}).end(), false).order, ElementsAre(1, 3, 6, 15));
}

TEST(DhcpdReply_12_3_List, EchoedClientIdAndSubnetSelection) {
  Scene scene(std::string(kBasics) + "echo-client-id on; option subnet-selection 10.0.0.0;");
  scene.receive(discover({15}).end()).run();
  const std::uint8_t id[] = {1, 2};
  scene.reply.set(wire::option::client_identifier, id);
  std::vector<wire::ReplyOption> out(kMaxReplyOptions);
  out.resize(select_reply_options({&scene.reply, &scene.context, &scene.request, true}, scene.arena, out));
  std::vector<int> order;
  for (const wire::ReplyOption& option : out) order.push_back(option.code);
  EXPECT_THAT(order, ElementsAre(118, 61, 15, 1));
}

// Observed: null and empty are not sent, not even where empty is all there can be.
TEST(DhcpdReply_12_3_Empty, IsNotSent) {
  const std::string text = std::string(kBasics) +
                           "option flag code 204 = zerolen; option flag; option domain-name = \"\"; option root-path = substring(\"abc\", 9, 1);\n"
                           "option nis-domain = null;";
  EXPECT_THAT(reply_to(text, discover({15, 17, 40, 204}).end()).order, ElementsAre(1));
  EXPECT_THAT(reply_to(text, discover().end()).order, ElementsAre(1, 3, 6));
}

// Observed: only options of text format, not names, strings or what lies inside encapsulated spaces.
TEST(DhcpdReply_8_1_Nul, TextEndsInNulForAClientWhoseHostNameDoes) {
  const std::string text =
      "option space ccc; option ccc.name code 2 = text; option ccc-option code 122 = encapsulate ccc;\n"
      "option wide code 205 = string; option name-option code 206 = domain-name;\n"
      "option domain-name \"d\"; option wide \"w\"; option name-option example.org; option ccc.name \"n\";";
  const std::initializer_list<std::uint8_t> list = {15, 205, 206, 122};
  const Reply terminated = reply_to(text, discover(list).add(12, {'a', 0}).end());
  EXPECT_EQ(terminated.hex(15), "6400");
  EXPECT_EQ(terminated.hex(205), "77");
  EXPECT_EQ(terminated.hex(206), "076578616d706c65036f726700");
  EXPECT_EQ(terminated.hex(122), "02016e");
  EXPECT_EQ(reply_to(text, discover(list).add(12, {0}).end()).hex(15), "6400");
  EXPECT_EQ(reply_to(text, discover(list).add(12, {'a'}).end()).hex(15), "64");
  EXPECT_EQ(reply_to(text, discover(list).add(60, {'a', 0}).end()).hex(15), "64");
}

constexpr const char* kNested =
    "option space outer; option outer.x code 1 = text; option space inner; option inner.y code 1 = text;\n"
    "option outer.enc code 9 = encapsulate inner; option outer-option code 210 = encapsulate outer;\n";

TEST(DhcpdReply_12_5_Spaces, InnerOnlyBesideAnOptionOfTheOuter) {
  const std::string nested = kNested;
  EXPECT_EQ(reply_to(nested + "option outer.x \"x\"; option inner.y \"y\";", discover({210}).end()).hex(210), "0101780903010179");
  EXPECT_EQ(reply_to(nested + "option inner.y \"y\";", discover({210}).end()).hex(210), "absent");
  EXPECT_EQ(reply_to(nested + "option inner.y \"y\"; option outer.enc 01:02;", discover({210}).end()).hex(210), "09020102");
  EXPECT_EQ(reply_to(nested + "option outer.x \"x\"; option outer-option 07;", discover({210}).end()).hex(210), "07");
}

TEST(DhcpdReply_12_5_Spaces, FieldsBeforeASpaceStandAlone) {
  EXPECT_EQ(reply_to("option space mixd; option mixd.z code 3 = text; option mixed code 211 = { unsigned integer 8, encapsulate mixd };\n"
                     "option mixd.z \"z\"; option mixed = 07;",
                     discover({211}).end())
                .hex(211),
            "07");
}

TEST(DhcpdReply_12_5_Vendor43, RawThenVendorSpaceThenDefinition) {
  const std::string acme = "option space acme; option acme.url code 1 = text; option acme.url \"u\";\n";
  EXPECT_EQ(reply_to(acme + "vendor-option-space acme;", discover({43}).end()).hex(43), "010175");
  EXPECT_EQ(reply_to(acme + "vendor-option-space acme; option vendor-encapsulated-options 01:02;", discover({43}).end()).hex(43), "0102");
  EXPECT_EQ(reply_to(acme + "option acme-area code 43 = encapsulate acme;", discover({43}).end()).hex(43), "010175");
  EXPECT_EQ(reply_to(acme, discover({43}).end()).hex(43), "absent");
}

TEST(DhcpdReply_12_5_Vendor125, FourOctetCodesOneOctetLengths) {
  const std::string text =
      "option space cl; option cl.servers code 2 = array of ip-address; option vendor.cablelabs code 4491 = encapsulate cl;\n"
      "option cl.servers 10.0.0.1;";
  // Two deep: the vendor space itself has nothing set, so nothing is sent (dhcpd-compat §19).
  EXPECT_EQ(reply_to(text, discover({125}).end()).hex(125), "absent");
  EXPECT_EQ(reply_to("option vendor.cl code 4491 = string; option vendor.cl 02:04:0a:00:00:01;", discover({125}).end()).hex(125),
            "0000118b0602040a000001");
}

TEST(DhcpdReply_12_5_Spaces, ValueTooLongForItsLengthIsLeftOut) {
  const std::string text = "option space ccc; option ccc.a code 1 = text; option ccc.b code 2 = text; option ccc-option code 122 = encapsulate ccc;\n"
                           "option ccc.b \"b\"; option ccc.a = concat(\"" + std::string(200, 'x') + "\", \"" + std::string(100, 'y') + "\");";
  EXPECT_EQ(reply_to(text, discover({122}).end()).hex(122), "020162");
}

TEST(DhcpdReply_12_3_Fqdn, AnswersAnFqdnUnaskedAndIsNoTlv) {
  const std::string plain = std::string(kBasics) + "option fqdn.no-client-update on; option fqdn.encoded off; option fqdn.fqdn \"a.b\";";
  EXPECT_EQ(reply_to(plain, discover({81}).end()).hex(81), "020000612e62");
  EXPECT_EQ(reply_to(plain, discover({15}).end()).hex(81), "absent");
  EXPECT_THAT(reply_to(plain, discover({15}).add(81, {0, 0, 0}).end()).order, ElementsAre(15, 81, 1));
  EXPECT_EQ(reply_to(plain, discover({15}).add(81, {0, 0}).end()).hex(81), "absent");
  const std::string flags = "option fqdn.no-client-update on; option fqdn.server-update on; option fqdn.encoded on; option fqdn.rcode1 255; option fqdn.rcode2 254;\n";
  EXPECT_EQ(reply_to(flags + "option fqdn.fqdn \"a.example.org.\";", discover({81}).end()).hex(81), "07fffe0161076578616d706c65036f726700");
  EXPECT_EQ(reply_to(flags + "option fqdn.fqdn \"a\";", discover({81}).end()).hex(81), "07fffe016100");
}

TEST(DhcpdReply_5_3_SiteSpace, OwnsTheHighCodes) {
  const std::string text = std::string(kBasics) +
                           "option space site; option site.x code 230 = text; option site.x \"s\"; option own code 230 = text; option own \"o\";\n"
                           "option low code 200 = text; option low \"l\"; site-option-space \"site\";";
  const Reply reply = reply_to(text, discover({230, 200}).end());
  EXPECT_EQ(reply.hex(230), "73");
  EXPECT_EQ(reply.hex(200), "6c");
}

TEST(DhcpdReply_12_3_Output, NeverMoreThanThereIsRoomFor) {
  Scene scene(kBasics);
  scene.receive(discover({15, 3, 6}).end()).run();
  std::array<wire::ReplyOption, 2> out;
  EXPECT_EQ(select_reply_options({&scene.reply, &scene.context, &scene.request, true}, scene.arena, out), 2u);
}

TEST(DhcpdReply_12_4_Limits, RoomForOptions) {
  Scene scene("");
  const auto room = [&](const TestPacket& packet) {
    scene.receive(packet);
    return reply_limits(scene.reply, scene.request).option_room;
  };
  EXPECT_EQ(room(discover().end()), 312u);
  EXPECT_EQ(room(discover().add(57, {0x01, 0x00}).end()), 312u);
  EXPECT_EQ(room(discover().add(57, {0x02, 0x58}).end()), 336u);
  EXPECT_EQ(room(discover().add(57, {0xff, 0xff}).end()), 1236u);
  EXPECT_EQ(room(discover().add(57, {0x02}).end()), 312u);
  Scene configured("option dhcp-max-message-size 700;");
  configured.receive(discover().end()).run();
  EXPECT_EQ(reply_limits(configured.reply, configured.request).option_room, 436u);
  configured.receive(discover().add(57, {0x02, 0x58}).end());
  EXPECT_EQ(reply_limits(configured.reply, configured.request).option_room, 336u);
}

TEST(DhcpdReply_9_8_Bootp, AreaOfTheRequestAndNoOverload) {
  Scene scene("");
  scene.receive(TestPacket().cookie().end().pad());
  wire::ReplyLimits limits = reply_limits(scene.reply, scene.request);
  EXPECT_EQ(limits.option_room, 64u);
  EXPECT_FALSE(limits.may_overload);
  EXPECT_TRUE(limits.cookie);
  TestPacket long_one = TestPacket().cookie().end();
  for (int i = 0; i < 100; ++i) long_one.raw({0});
  scene.receive(long_one);
  EXPECT_EQ(reply_limits(scene.reply, scene.request).option_room, 105u);
  scene.receive(TestPacket().raw({'v', 'e', 'n', 'd'}).pad());
  limits = reply_limits(scene.reply, scene.request);
  EXPECT_FALSE(limits.cookie);
  EXPECT_EQ(limits.echo_vendor_area.size(), 64u);
  EXPECT_EQ(limits.echo_vendor_area[0], 'v');
  Scene always("always-reply-rfc1048 on;");
  always.receive(TestPacket().raw({'v', 'e', 'n', 'd'}).pad()).run();
  EXPECT_TRUE(reply_limits(always.reply, always.request).cookie);
}

}  // namespace
}  // namespace coaxd::engine
