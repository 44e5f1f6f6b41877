#include "leasequery/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using testing::ElementsAre;

constexpr Ipv4 kA = Ipv4::of(10, 1, 0, 10), kB = Ipv4::of(10, 1, 0, 11), kC = Ipv4::of(10, 1, 0, 12);
const TestLease kFull{.hardware = "modem1", .client_id = "\1modem1", .agent_info = "\1\4port\2\6modem1", .vendor_class = "docsis3.0:", .host_name = "cm"};

class ReplyTest : public testing::Test {
 protected:
  // Answered as a server would that knows kFull at 10.1.0.10.
  Heard answer(Asking& asking, Dialect dialect = Dialect::rfc4388, Lists lists = Lists::liberal) {
    const wire::Message& message = asking.message();
    auto query = read_query(message, dialect, kServer, kServer);
    if (!query) throw std::runtime_error("refused");
    Answer what{.message = message, .query = *query, .server_id = kServer, .wanted = wanted_by(message, dialect, lists, may_be_told_)};
    if (query->key == Key::address) {
      what.standing = site_.by_address(query->address);
      what.facts = &site_.facts;
    } else {
      what.standing = query->key == Key::hardware ? site_.by_hardware(as_text(query->hardware)) : site_.by_client_id(as_text(query->client_id));
      what.facts = &site_.tenant.newest;
      what.others = site_.tenant.other_addresses();
    }
    const std::size_t size = write_answer(MutableBytes(out_).first(room_), what);
    if (size == 0) throw std::runtime_error("no room");
    return Heard(Bytes(out_).first(size));
  }
  Asking about(Ipv4 address) { return std::move(Asking().address(address)); }

  Site site_;
  std::array<std::uint8_t, 2048> out_;
  std::size_t room_ = 1472;
  Codes may_be_told_ = told_to_anybody();
};

TEST_F(ReplyTest, Rfc4388_6_4_2_AnActiveAddress) {
  site_.lease(kA, kFull);
  Asking asking;
  asking.address(kA).set(3, {3}).set(8, {0, 9, 0x80, 0});  // hops, secs, flags
  const Heard heard = answer(asking);
  EXPECT_EQ(heard.type(), 13);
  EXPECT_EQ(heard->op(), 2);
  EXPECT_EQ(heard->htype(), 1);
  EXPECT_EQ(as_text(heard->chaddr()), "modem1");
  EXPECT_EQ(heard->hops(), 3);
  EXPECT_EQ(heard->xid(), 0xcafe0007u);
  EXPECT_EQ(heard->secs(), 0);
  EXPECT_EQ(heard->flags(), 0x8000);
  EXPECT_EQ(heard->ciaddr(), kA);
  EXPECT_TRUE(heard->yiaddr().is_zero() && heard->siaddr().is_zero());
  EXPECT_EQ(heard->giaddr(), kCmts);
  EXPECT_THAT(heard.codes(), ElementsAre(53, 54, 51, 58, 59, 91, 61, 60, 82));
  EXPECT_EQ(heard.number(54), kServer.value);
  EXPECT_EQ(heard.number(51), 3000u);
  EXPECT_EQ(heard.number(58), 1200u);
  EXPECT_EQ(heard.number(59), 2550u);
  EXPECT_EQ(heard.number(91), 600u);
  EXPECT_EQ(heard.text(61), "\1modem1");
  EXPECT_EQ(heard.text(60), "docsis3.0:");
  EXPECT_EQ(heard.text(82), "\1\4port\2\6modem1");
}

TEST_F(ReplyTest, Rfc4388_6_4_2_WhatIsNotKnownIsLeftOut) {
  site_.lease(kA, {.ends = lease::kStoredNever, .cltt = 0});
  Asking asking = about(kA);
  const Heard heard = answer(asking);
  EXPECT_THAT(heard.codes(), ElementsAre(53, 54, 51));
  EXPECT_EQ(heard.number(51), 0xffffffffu);
}

TEST_F(ReplyTest, Rfc4388_6_4_2_UnassignedSaysTheAddressAndNobody) {
  site_.lease(kA, {.client_id = "id", .agent_info = "\1\1a", .state = lease::BindingState::released, .ends = at(-1)});
  Asking asking = about(kA);
  const Heard heard = answer(asking);
  EXPECT_EQ(heard.type(), 11);
  EXPECT_EQ(heard->ciaddr(), kA);
  EXPECT_EQ(heard->hlen(), 0);
  EXPECT_THAT(heard.codes(), ElementsAre(53, 54));
}

TEST_F(ReplyTest, Rfc4388_6_4_2_UnknownEchoesItsKey) {
  Asking address = about(Ipv4::of(192, 0, 2, 77)), hardware, client_id;
  const Heard by_address = answer(address);
  EXPECT_EQ(by_address.type(), 12);
  EXPECT_EQ(by_address->ciaddr(), Ipv4::of(192, 0, 2, 77));
  const Heard by_hardware = answer(hardware.hardware("modem9", 1));
  EXPECT_EQ(by_hardware.type(), 12);
  EXPECT_EQ(as_text(by_hardware->chaddr()), "modem9");
  EXPECT_EQ(by_hardware->htype(), 1);
  EXPECT_TRUE(by_hardware->ciaddr().is_zero());
  const Heard by_id = answer(client_id.text(61, "id9"));
  EXPECT_EQ(by_id.type(), 12);
  EXPECT_THAT(by_id.codes(), ElementsAre(53, 54, 61));
  EXPECT_EQ(by_id.text(61), "id9");
}

TEST_F(ReplyTest, Rfc4388_6_4_2_OtherAddressesInOption92) {
  site_.lease(kA, {.cltt = at(-10)});
  site_.lease(kB, {.cltt = at(-20)});
  site_.lease(kC, {.cltt = at(-5)});
  Asking hardware, by_address = about(kA);
  const Heard heard = answer(hardware.hardware("modem1"));
  EXPECT_EQ(heard->ciaddr(), kC);
  EXPECT_EQ(heard.text(92), std::string("\x0a\1\0\x0a\x0a\1\0\x0b", 8));
  EXPECT_FALSE(answer(by_address)->has(92));
}

// --- dialects ---

struct DialectRow {
  Dialect dialect;
  std::uint8_t query, active, unassigned, unknown;
};
constexpr DialectRow kDialectRows[] = {
    {Dialect::rfc4388, 10, 13, 11, 12}, {Dialect::draft0, 13, 5, 6, 6},   {Dialect::draft2, 13, 16, 14, 15},
    {Dialect::draft2, 9, 12, 10, 11},   {Dialect::draft2, 10, 13, 11, 12}, {Dialect::draft2, 12, 15, 13, 14},
};

TEST_F(ReplyTest, Rfc4388_Drafts_MessageTypes) {
  site_.lease(kA, kFull);
  for (const DialectRow& row : kDialectRows) {
    const auto type_of = [&](Ipv4 address) {
      Asking asking(row.query);
      return answer(asking.address(address), row.dialect).type();
    };
    EXPECT_EQ(type_of(kA), row.active) << int{row.query};
    EXPECT_EQ(type_of(kB), row.unassigned) << int{row.query};
    EXPECT_EQ(type_of(Ipv4::of(192, 0, 2, 1)), row.unknown) << int{row.query};
    Asking nobody(row.query);
    EXPECT_EQ(answer(nobody.hardware("modem9"), row.dialect).type(), row.unknown) << int{row.query};
  }
}

// What a uBR7200 takes: an ACK with the address in both places and without option 54; a NAK with it.
TEST_F(ReplyTest, Rfc4388_Draft0_AckAndNak) {
  site_.lease(kA, kFull);
  Asking active(13), nobody(13);
  const Heard ack = answer(active.address(kA), Dialect::draft0);
  EXPECT_EQ(ack->type(), wire::MessageType::ack);
  EXPECT_EQ(ack->ciaddr(), kA);
  EXPECT_EQ(ack->yiaddr(), kA);
  EXPECT_EQ(ack->siaddr(), kServer);
  EXPECT_EQ(as_text(ack->chaddr()), "modem1");
  EXPECT_THAT(ack.codes(), ElementsAre(53, 51, 58, 59, 61, 60, 82));
  const Heard nak = answer(nobody.address(kB), Dialect::draft0);
  EXPECT_EQ(nak->type(), wire::MessageType::nak);
  EXPECT_TRUE(nak->yiaddr().is_zero() && nak->siaddr().is_zero());
  EXPECT_THAT(nak.codes(), ElementsAre(53, 54));
}

// Options 161 to 163 came before 92 and 91 had numbers; whoever knows them lists them.
TEST_F(ReplyTest, Rfc4388_Drafts_OptionsBeforeTheyHadNumbers) {
  site_.lease(kA, kFull);
  site_.lease(kB, {.cltt = at(-9000)});
  Asking listing(13), rfc;
  listing.hardware("modem1").add(55, {161, 162, 163});
  const Heard heard = answer(listing, Dialect::draft2);
  EXPECT_THAT(heard.codes(), ElementsAre(53, 54, 51, 58, 59, 161, 163, 61, 60, 162, 82));
  EXPECT_EQ(heard.number(163), 600u);
  EXPECT_EQ(heard.number(161), kB.value);
  EXPECT_EQ(heard.text(162), "cm");
  const Heard plain = answer(rfc.hardware("modem1").add(55, {161, 162, 163}));
  EXPECT_FALSE(plain->has(161) || plain->has(162) || plain->has(163));
}

// --- lists ---

TEST_F(ReplyTest, Rfc4388_6_1_RequestList_LiberalSendsWhatEveryRelayNeeds) {
  site_.lease(kA, kFull);
  Asking asking = about(kA);
  EXPECT_THAT(answer(asking.add(55, {51}), Dialect::rfc4388, Lists::liberal).codes(), ElementsAre(53, 54, 51, 58, 59, 91, 61, 60, 82));
}

TEST_F(ReplyTest, Rfc4388_6_1_RequestList_StrictSendsWhatIsListed) {
  site_.lease(kA, kFull);
  site_.lease(kB, {.cltt = at(-9000)});
  const auto codes = [&](std::initializer_list<std::uint8_t> list) {
    Asking asking;
    return answer(asking.hardware("modem1").add(55, list), Dialect::rfc4388, Lists::strict).codes();
  };
  EXPECT_THAT(codes({82, 51}), ElementsAre(53, 54, 51, 82));
  EXPECT_THAT(codes({92, 91, 61, 60, 59, 58}), ElementsAre(53, 54, 58, 59, 92, 91, 61, 60));
  EXPECT_THAT(codes({1, 3, 12}), ElementsAre(53, 54, 12));
  EXPECT_THAT(codes({}), ElementsAre(53, 54));
}

TEST_F(ReplyTest, Rfc4388_6_4_2_NonSensitiveOptions_AreAllThatIsTold) {
  site_.lease(kA, kFull);
  may_be_told_ = Codes{}.set(51).set(12);
  Asking asking = about(kA);
  EXPECT_THAT(answer(asking.add(55, {12, 61, 82})).codes(), ElementsAre(53, 54, 51, 12));
}

TEST_F(ReplyTest, Rfc4388_6_1_RequestList_NoneIsEverything) {
  site_.lease(kA, kFull);
  Asking asking = about(kA);
  EXPECT_THAT(answer(asking, Dialect::rfc4388, Lists::strict).codes(), ElementsAre(53, 54, 51, 58, 59, 91, 61, 60, 82));
}

// --- sizes ---

// RFC 2131 §2: 576 octets of datagram where nobody says more; option 57 counts IP and UDP headers in.
TEST_F(ReplyTest, Rfc2132_9_10_Size) {
  const std::string id(200, 'i'), vendor(200, 'v'), agent("\1\xc6" + std::string(198, 'a'));
  site_.lease(kA, {.client_id = id, .agent_info = agent, .vendor_class = vendor});
  Asking small = about(kA), tiny = about(kA), large = about(kA), bad = about(kA);
  for (Asking* asking : {&small, &tiny.add(57, {0, 100}), &bad.add(57, {9})}) {
    const Heard heard = answer(*asking);
    EXPECT_LE(heard.octets().size(), 548u);
    EXPECT_EQ(heard.text(82), agent) << "the CMTS needs it most";
    EXPECT_FALSE(heard->has(61) || heard->has(60));
    EXPECT_EQ(heard.number(51), 3000u);
  }
  const Heard whole = answer(large.add(57, {0x05, 0xdc}));
  EXPECT_EQ(whole.text(61), id);
  EXPECT_EQ(whole.text(60), vendor);
  EXPECT_EQ(whole.text(82), agent);
}

TEST_F(ReplyTest, Rfc4388_6_4_2_AsManyOtherAddressesAsFit) {
  site_.use("subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.10 10.1.3.59; }");
  const std::string agent("\1\xc6" + std::string(198, 'a'));
  for (std::uint32_t i = 0; i < 16; ++i) site_.lease({kA.value + i}, {.agent_info = agent});
  Asking asking;
  asking.hardware("modem1").text(61, std::string(3, 'x')).set(0, {1});
  Asking by_hardware;
  const Heard heard = answer(by_hardware.hardware("modem1"));
  EXPECT_EQ(heard.text(82), agent);
  EXPECT_EQ(heard->option(92).size(), 4 * site_.tenant.other_count);
  EXPECT_EQ(heard->option(92).size() % 4, 0u);
}

TEST(Rfc3396_5_LongOptions, GoInPieces) {
  std::array<std::uint8_t, 2048> out;
  const std::string value(600, 'x');
  ReplyWriter writer(out, Frame{});
  writer.option(82, as_bytes(value));
  const std::size_t size = writer.finish();
  EXPECT_EQ(size, 240u + 600 + 3 * 2 + 1);
  const Heard heard(Bytes(out).first(size));
  EXPECT_THAT(heard.codes(), ElementsAre(82, 82, 82));
  EXPECT_EQ(heard.text(82), value);
}

// At every size of the buffer: no octet beyond it, END at the end, nothing torn.
TEST(ReplyWriter, EverySizeOfBuffer) {
  const std::string value(300, 'x');
  const std::array<Ipv4, 5> addresses{kA, kB, kC, kA, kB};
  for (std::size_t room = 0; room < 700; ++room) {
    std::vector<std::uint8_t> out(room + 8, 0xee);
    ReplyWriter writer(MutableBytes(out).first(room), Frame{});
    writer.u8(53, 13);
    writer.keep_free(20);
    writer.option(60, as_bytes(value));
    writer.addresses(92, addresses);
    writer.keep_free(0);
    writer.option(82, as_bytes("\1\4port"));
    const std::size_t size = writer.finish();
    for (std::size_t i = room; i < out.size(); ++i) ASSERT_EQ(out[i], 0xee) << room;
    if (room < 241) {
      EXPECT_EQ(size, 0u);
      continue;
    }
    ASSERT_LE(size, room);
    out.resize(size);
    EXPECT_EQ(out.back(), 255);
    const Heard heard(out);
    if (heard->has(60)) {
      EXPECT_EQ(heard.text(60), value);
    }
    if (heard->has(92)) {
      EXPECT_EQ(heard->option(92).size() % 4, 0u);
    }
    if (room >= 252) {
      EXPECT_EQ(heard.text(82), "\1\4port") << room;
    }
    EXPECT_EQ(writer.left_out() == 0, room >= 240 + 3 + 304 + 22 + 20 + 1) << room;
  }
}

TEST(ReplyWriter, WhatIsKeptFreeMayNotFitAtAll) {
  std::array<std::uint8_t, 260> out;
  ReplyWriter writer(out, Frame{});
  EXPECT_EQ(writer.room(), 19u);
  writer.keep_free(100);
  EXPECT_EQ(writer.room(), 0u);
}

// A client whose option 82 is larger than the answer may be: the rest is told all the same.
TEST_F(ReplyTest, Rfc4388_6_4_2_AnOption82ThatFitsNowhereTakesNoRoom) {
  const std::string agent("\1\xff" + std::string(255, 'a') + "\2\x64" + std::string(100, 'b'));
  site_.lease(kA, {.agent_info = agent});
  Asking asking = about(kA);
  const Heard heard = answer(asking);
  EXPECT_FALSE(heard->has(82));
  EXPECT_EQ(heard.number(51), 3000u);
}

}  // namespace
}  // namespace coaxd::leasequery
