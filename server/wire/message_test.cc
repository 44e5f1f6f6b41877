#include "server/wire/message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "server/wire/option_table.h"
#include "server/wire/test_packet.h"

namespace coaxd::wire {
namespace {

using Octets = TestPacket::Octets;

Octets of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// Every buffer is exactly as long as the datagram, so that a sanitizer sees the first octet read
// beyond it.
ParseError parse_error(Bytes datagram, Message::Accept accept = Message::Accept::requests) {
  const auto exact = std::make_unique<std::uint8_t[]>(datagram.size());
  std::copy(datagram.begin(), datagram.end(), exact.get());
  Message message;
  const auto parsed = message.parse({exact.get(), datagram.size()}, accept);
  return parsed ? ParseError::count : parsed.error();
}

// Reads everything that a message offers; whoever reads outside of it is caught by a sanitizer.
std::size_t touch(const Message& message) {
  std::size_t sum =
      message.chaddr().size() + message.sname()[63] + message.file()[127] + message.hops();
  for (int code = 0; code < 256; ++code) {
    const auto c = static_cast<std::uint8_t>(code);
    for (const std::uint8_t octet : message.option(c)) sum += octet;
    sum += message.address_option(c).value;
    for (const std::uint8_t octet : message.relay_agent_info().get(c)) sum += octet;
  }
  std::array<std::uint8_t, 4096> out;
  return sum + message.relay_agent_info().echo(out);
}

TEST(Rfc2131_2_FixedFields, AreReadFromTheirPlaces) {
  TestPacket packet = modem_discover();
  packet.set(8, {0x01, 0x02, 0x80, 0x00, 10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3, 10, 0, 0, 4});
  packet.set(44, {'s'}).set(107, {'S'}).set(108, {'f'}).set(235, {'F'});
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(message.op(), 1);
  EXPECT_EQ(message.htype(), 1);
  EXPECT_EQ(message.hlen(), 6);
  EXPECT_EQ(message.hops(), 1);
  EXPECT_EQ(message.xid(), 0xdeadbeefu);
  EXPECT_EQ(message.secs(), 0x0102);
  EXPECT_EQ(message.flags(), 0x8000);
  EXPECT_TRUE(message.broadcast());
  EXPECT_EQ(message.ciaddr(), Ipv4::of(10, 0, 0, 1));
  EXPECT_EQ(message.yiaddr(), Ipv4::of(10, 0, 0, 2));
  EXPECT_EQ(message.siaddr(), Ipv4::of(10, 0, 0, 3));
  EXPECT_EQ(message.giaddr(), Ipv4::of(10, 0, 0, 4));
  EXPECT_EQ(of(message.chaddr()), (Octets{0x00, 0x15, 0x96, 0x00, 0x00, 0x05}));
  EXPECT_EQ(message.sname().front(), 's');
  EXPECT_EQ(message.sname().back(), 'S');
  EXPECT_EQ(message.file().front(), 'f');
  EXPECT_EQ(message.file().back(), 'F');
  EXPECT_EQ(message.raw().size(), packet.octets().size());
  EXPECT_TRUE(message.has_cookie());
  EXPECT_EQ(message.type(), MessageType::discover);
}

// A guess for prefetching: what a broken datagram makes of it must lie within it, and no more.
TEST(Glimpse, SeesWhatParseWillSeeAndNothingBeyondTheEnd) {
  TestPacket packet;
  packet.set(1, {1, 6}).set(28, {0, 0x15, 0x96, 1, 2, 3}).cookie();
  packet.add(53, {3}).add(61, {1, 2, 3}).add(50, {10, 1, 2, 3}).add(50, {9}).end();
  const Bytes whole = packet;
  const Glimpse seen = glimpse(whole);
  EXPECT_EQ(seen.htype, 1);
  EXPECT_TRUE(equal(seen.chaddr, whole.subspan(28, 6)));
  EXPECT_TRUE(equal(seen.client_id, Bytes(std::array<std::uint8_t, 3>{1, 2, 3})));
  EXPECT_EQ(seen.address, Ipv4::of(10, 1, 2, 3));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const Glimpse part = glimpse(cut);
    const Bytes all{cut};
    for (const Bytes view : {part.chaddr, part.client_id})
      EXPECT_TRUE(view.empty() || (view.data() >= all.data() && view.data() + view.size() <= all.data() + all.size()));
  }
  packet.set(2, {200}).set(12, {10, 9, 9, 9});
  EXPECT_EQ(glimpse(packet).chaddr.size(), 16u);
  EXPECT_EQ(glimpse(Bytes(packet).first(240)).address, Ipv4::of(10, 9, 9, 9));
}

TEST(Rfc2131_2_FixedFields, EveryTruncationIsAnErrorOrPlainBootp) {
  const Octets packet = modem_discover().octets();
  std::size_t options_end = 240;
  while (packet[options_end] != 255) options_end += 2u + packet[options_end + 1];
  for (std::size_t size = 0; size <= packet.size(); ++size) {
    const ParseError error = parse_error(Bytes{packet}.first(size));
    if (size < 236) {
      EXPECT_EQ(error, ParseError::too_short) << size;
    } else if (size >= options_end) {
      EXPECT_EQ(error, ParseError::count) << size;  // only END and the padding are missing
    } else {
      EXPECT_TRUE(error == ParseError::count || error == ParseError::option_overruns) << size;
    }
  }
}

// Which truncations inside the option area are errors: exactly those that cut an option.
TEST(Rfc2132_2_OptionFormat, ACutOptionOverrunsAndACutBetweenOptionsDoesNot) {
  TestPacket packet;
  packet.cookie().add(53, {1}).add(50, {10, 0, 0, 9}).text(12, "cm");
  const Bytes whole = packet;
  const std::vector<std::size_t> boundaries = {240, 243, 249, 253};
  ASSERT_EQ(whole.size(), boundaries.back());
  for (std::size_t size = 240; size <= whole.size(); ++size) {
    const bool at_boundary =
        std::find(boundaries.begin(), boundaries.end(), size) != boundaries.end();
    EXPECT_EQ(parse_error(whole.first(size)),
              at_boundary ? ParseError::count : ParseError::option_overruns)
        << size;
  }
}

TEST(Rfc2132_3_1_Pad, IsSkippedAndHasNoLength) {
  Message message;
  TestPacket packet;
  packet.cookie().raw({0, 0}).add(53, {3}).raw({0}).text(12, "cm").raw({0, 0, 0});
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(message.type(), MessageType::request);
  EXPECT_EQ(as_text(message.option(12)), "cm");
  EXPECT_FALSE(message.has(0));
}

TEST(Rfc2132_3_2_End, WhatFollowsItIsNotRead) {
  Message message;
  TestPacket packet;
  packet.cookie().add(53, {3}).end().text(12, "cm").raw({50, 200});
  ASSERT_TRUE(message.parse(packet));
  EXPECT_FALSE(message.has(12));
  EXPECT_FALSE(message.has(255));
}

TEST(Rfc2131_3_Cookie, WithoutItAPacketIsBootpAndItsVendorAreaIsNotRead) {
  TestPacket packet;
  packet.raw({53, 1, 1, 255}).raw({61, 200});
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_FALSE(message.has_cookie());
  EXPECT_EQ(message.type(), MessageType::bootp);
  EXPECT_FALSE(message.has(53));
  for (std::size_t size = 236; size < 240; ++size)
    EXPECT_EQ(parse_error(Bytes{TestPacket{}.cookie().octets()}.first(size)), ParseError::count)
        << size;
}

TEST(Rfc2132_9_6_MessageType, AbsentIsBootpAndItsFirstOctetIsOneOf1To18) {
  Message message;
  TestPacket bootp;
  bootp.cookie().text(12, "cm").end();
  ASSERT_TRUE(message.parse(bootp));
  EXPECT_TRUE(message.has_cookie());
  EXPECT_EQ(message.type(), MessageType::bootp);
  for (unsigned type = 0; type < 256; ++type) {
    TestPacket packet;
    packet.cookie().add(53, {static_cast<std::uint8_t>(type)}).end();
    const bool good = type >= 1 && type <= 18;
    EXPECT_EQ(parse_error(packet), good ? ParseError::count : ParseError::bad_message_type) << type;
    if (!good) continue;
    ASSERT_TRUE(message.parse(packet));
    EXPECT_EQ(static_cast<unsigned>(message.type()), type);
  }
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(53, {}).end()), ParseError::bad_message_type);
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(53, {0, 1}).end()), ParseError::bad_message_type);
  for (const TestPacket& twice : {TestPacket{}.cookie().add(53, {3, 1}).end(),
                                  TestPacket{}.cookie().add(53, {3}).add(53, {1}).end()}) {
    ASSERT_TRUE(message.parse(twice));
    EXPECT_EQ(message.type(), MessageType::request);
  }
}

TEST(Rfc2131_2_Op, OnlyTheExpectedKindIsTaken) {
  for (const std::uint8_t op : std::initializer_list<std::uint8_t>{0, 2, 3, 255})
    EXPECT_EQ(parse_error(TestPacket{op}.cookie().end()), ParseError::not_a_request) << int{op};
  EXPECT_EQ(parse_error(TestPacket{2}.cookie().end(), Message::Accept::replies), ParseError::count);
  EXPECT_EQ(parse_error(TestPacket{1}.cookie().end(), Message::Accept::replies),
            ParseError::not_a_request);
}

TEST(Rfc2131_2_Hlen, MoreThanChaddrHoldsIsBad) {
  for (unsigned hlen = 0; hlen < 256; ++hlen) {
    TestPacket packet;
    packet.set(2, {static_cast<std::uint8_t>(hlen)}).cookie().end();
    EXPECT_EQ(parse_error(packet), hlen <= 16 ? ParseError::count : ParseError::bad_hlen) << hlen;
  }
}

TEST(Rfc2132_9_14_ClientIdentifier, EmptyIsAnError) {
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(53, {1}).add(61, {}).end()),
            ParseError::empty_client_id);
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(53, {1}).add(61, {0}).end()), ParseError::count);
}

TEST(Rfc2132_9_1_AddressOptions, AreFourOctets) {
  for (const std::uint8_t code : std::initializer_list<std::uint8_t>{50, 54, 118}) {
    for (std::size_t size = 0; size <= 8; ++size) {
      const Octets value(size, 7);
      TestPacket packet;
      packet.cookie().add(code, value).end();
      EXPECT_EQ(parse_error(packet), size == 4 ? ParseError::count : ParseError::bad_address_option)
          << int{code} << " " << size;
    }
  }
  Message message;
  TestPacket packet;
  packet.cookie().add(50, {10, 1, 2, 3}).add(3, {10, 0, 0, 1, 10, 0, 0, 2}).end();
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(message.address_option(50), Ipv4::of(10, 1, 2, 3));
  EXPECT_TRUE(message.address_option(54).is_zero());  // absent
  EXPECT_TRUE(message.address_option(3).is_zero());   // not one address
}

TEST(Rfc3396_7_Joining, InstancesAreOneOptionInOrder) {
  TestPacket packet;
  packet.cookie()
      .add(53, {1})
      .text(77, "ab")
      .text(43, "1")
      .text(77, "")
      .text(77, "cd")
      .text(43, "23")
      .text(77, "e")
      .end();
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(as_text(message.option(77)), "abcde");
  EXPECT_EQ(as_text(message.option(43)), "123");
  EXPECT_EQ(message.type(), MessageType::discover);
}

TEST(Rfc3396_7_Joining, ALongOptionOfManyPiecesComesBackWhole) {
  Octets value(1500);
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<std::uint8_t>(i * 7);
  TestPacket packet;
  packet.cookie();
  for (std::size_t at = 0; at < value.size(); at += 255)
    packet.add(43, Bytes{value}.subspan(at, std::min<std::size_t>(255, value.size() - at)));
  packet.end();
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(of(message.option(43)), value);
}

TEST(Rfc3396_7_Joining, MoreThanTheRoomForItIsAnErrorNotAnOverflow) {
  const Octets piece(255, 'x');
  std::size_t good = 0;
  for (std::size_t pieces = 2; pieces < 40; ++pieces) {
    TestPacket packet;
    packet.cookie();
    for (std::size_t i = 0; i < pieces; ++i) packet.add(i % 2 == 0 ? 43 : 125, piece);
    packet.add(12, piece).end();
    const ParseError error = parse_error(packet);
    if (error == ParseError::count) good = pieces;
    EXPECT_EQ(error, pieces == good ? ParseError::count : ParseError::too_many_options) << pieces;
  }
  EXPECT_GE(good * 255, 1500u);  // whatever one Ethernet frame can repeat
}

TestPacket overloaded(std::uint8_t which) {
  TestPacket packet;
  packet.set(44, {12, 2, 's', 'n', 55, 1, 9, 255}).set(108, {12, 2, 'f', 'i', 67, 1, 'b', 255});
  packet.cookie().add(53, {1}).text(12, "op");
  if (which != 0) packet.add(52, {which});
  packet.end();
  return packet;
}

TEST(Rfc2131_4_1_Overload, FileThenSname) {
  Message message;
  const TestPacket with_0 = overloaded(0);
  ASSERT_TRUE(message.parse(with_0));
  EXPECT_EQ(as_text(message.option(12)), "op");
  const TestPacket with_1 = overloaded(1);
  ASSERT_TRUE(message.parse(with_1));
  EXPECT_EQ(as_text(message.option(12)), "opfi");
  EXPECT_TRUE(message.has(67));
  EXPECT_FALSE(message.has(55));
  const TestPacket with_2 = overloaded(2);
  ASSERT_TRUE(message.parse(with_2));
  EXPECT_EQ(as_text(message.option(12)), "opsn");
  EXPECT_TRUE(message.has(55));
  EXPECT_FALSE(message.has(67));
  const TestPacket with_3 = overloaded(3);
  ASSERT_TRUE(message.parse(with_3));
  EXPECT_EQ(as_text(message.option(12)), "opfisn");
}

TEST(Rfc2132_9_3_Overload, TheTwoBitsOfItsFirstOctetCount) {
  Message message;
  for (unsigned which = 1; which < 256; ++which) {
    const TestPacket packet = overloaded(static_cast<std::uint8_t>(which));
    ASSERT_TRUE(message.parse(packet)) << which;
    EXPECT_EQ(message.has(67), (which & 1) != 0) << which;
    EXPECT_EQ(message.has(55), (which & 2) != 0) << which;
  }
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(52, {}).end()), ParseError::bad_overload);
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(52, {0}).end()), ParseError::count);
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(52, {1, 1}).end()), ParseError::count);
  EXPECT_EQ(parse_error(TestPacket{}.cookie().add(52, {1}).add(52, {2}).end()), ParseError::count);
}

TEST(Rfc3396_7_Joining, AnEmptyPieceInFrontOfTheOverloadOptionHidesNothing) {
  TestPacket packet;
  packet.set(108, {12, 2, 'f', 'i', 255})
      .cookie()
      .add(52, {})
      .raw({0})
      .add(52, {1})
      .add(52, {})
      .end();
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(of(message.option(52)), Octets{1});
  EXPECT_EQ(as_text(message.option(12)), "fi");
}

TEST(Rfc2132_9_3_Overload, AnOverloadOptionInsideAnOverloadedFieldIsIgnored) {
  TestPacket packet;
  packet.set(44, {12, 2, 's', 'n', 255})
      .set(108, {52, 1, 2, 12, 2, 'f', 'i', 255})
      .cookie()
      .add(52, {1})
      .end();
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(of(message.option(52)), Octets{1});
  EXPECT_EQ(as_text(message.option(12)), "fi");
}

// Joined it would be written over its neighbour: there is room for what the options field holds.
TEST(Rfc2132_9_3_Overload, NorIsItJoinedToOneThatCameInPieces) {
  TestPacket packet;
  packet.set(44, {52, 3, 7, 7, 7, 255})
      .set(108, {52, 5, 9, 9, 9, 9, 9, 255})
      .cookie()
      .add(52, {3})
      .add(61, {1, 2})
      .add(52, {3})
      .add(61, {3, 4})
      .end();
  Message message;
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(of(message.option(52)), (Octets{3, 3}));
  EXPECT_EQ(of(message.option(61)), (Octets{1, 2, 3, 4}));
}

TEST(Rfc2132_9_3_Overload, AFieldNeedsNoEndButItsOptionsStayInside) {
  Message message;
  TestPacket full;
  full.cookie().add(52, {3}).end();
  for (std::size_t at = 44; at < 236; at += 4) full.set(at, {77, 2, 'x', 'y'});
  ASSERT_TRUE(message.parse(full));
  EXPECT_EQ(message.option(77).size(), 2u * (64 + 128) / 4);
  for (const std::size_t last : {std::size_t{107}, std::size_t{235}}) {
    TestPacket no_length = TestPacket{full}.set(last - 3, {0, 0, 0, 77});
    EXPECT_EQ(parse_error(no_length), ParseError::option_overruns) << last;
    TestPacket one_too_long = TestPacket{full}.set(last - 2, {3});
    EXPECT_EQ(parse_error(one_too_long), ParseError::option_overruns) << last;
  }
}

Octets echo(const RelayAgentInfo& info, std::size_t room = 1024) {
  Octets out(room);
  out.resize(info.echo(out));
  return out;
}

TEST(Rfc3046_2_0_SubOptions, AreFoundByCodeAndOrderIsKept) {
  Message message;
  TestPacket packet;
  packet.cookie().add(82, {2, 3, 'a', 'b', 'c', 1, 1, 'x', 9, 0}).end();
  ASSERT_TRUE(message.parse(packet));
  const RelayAgentInfo& info = message.relay_agent_info();
  EXPECT_TRUE(info.present());
  EXPECT_EQ(of(info.raw()), (Octets{2, 3, 'a', 'b', 'c', 1, 1, 'x', 9, 0}));
  EXPECT_EQ(as_text(info.get(agent::remote_id)), "abc");
  EXPECT_EQ(as_text(info.get(agent::circuit_id)), "x");
  EXPECT_TRUE(info.has(9));
  EXPECT_TRUE(info.get(9).empty());
  EXPECT_FALSE(info.has(3));
  EXPECT_EQ(echo(info), (Octets{2, 3, 'a', 'b', 'c', 1, 1, 'x'}));
}

TEST(Rfc3046_2_2_Echo, RepeatedAndEmptySubOptionsAreLeftOutAndZeroEndsIt) {
  Message message;
  TestPacket packet;
  packet.cookie().add(82, {1, 1, 'a', 2, 0, 1, 1, 'b', 9, 1, 'c', 0, 4, 1, 'd'}).end();
  ASSERT_TRUE(message.parse(packet));
  const RelayAgentInfo& info = message.relay_agent_info();
  EXPECT_EQ(echo(info), (Octets{1, 1, 'a', 9, 1, 'c'}));
  EXPECT_EQ(as_text(info.get(1)), "a");
  EXPECT_FALSE(info.has(4));
}

TEST(Rfc8357_4_RelayPort, IsEchoedThoughItHasNoValue) {
  Message message;
  TestPacket packet;
  packet.cookie().add(82, {1, 1, 'a', 19, 0, 19, 0, 9, 0}).end();
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(echo(message.relay_agent_info()), (Octets{1, 1, 'a', 19, 0}));
}

TEST(Rfc3046_2_2_Echo, NeverWritesMoreThanTheRoomAndNeverHalfASubOption) {
  Message message;
  const Octets value = {1, 2, 'a', 'b', 2, 1, 'c', 9, 3, 'd', 'e', 'f'};
  TestPacket packet;
  packet.cookie().add(82, value).end();
  ASSERT_TRUE(message.parse(packet));
  for (std::size_t room = 0; room <= value.size(); ++room) {
    const std::size_t expected = room < 4 ? 0 : room < 7 ? 4 : room < 12 ? 7 : 12;
    EXPECT_EQ(echo(message.relay_agent_info(), room),
              Octets(value.begin(), value.begin() + static_cast<long>(expected)))
        << room;
  }
}

TEST(Rfc3046_2_0_SubOptions, EveryTruncationKeepsTheWholeOnesOnly) {
  const Octets value = {1, 2, 'a', 'b', 2, 1, 'c', 9, 3, 'd', 'e', 'f'};
  for (std::size_t size = 0; size <= value.size(); ++size) {
    TestPacket packet;
    packet.cookie().add(82, Bytes{value}.first(size));  // the option is the datagram's end
    Message message;
    ASSERT_TRUE(message.parse(packet));
    const RelayAgentInfo& info = message.relay_agent_info();
    EXPECT_TRUE(info.present());
    EXPECT_EQ(info.has(1), size >= 4) << size;
    EXPECT_EQ(info.has(2), size >= 7) << size;
    EXPECT_EQ(info.has(9), size >= 12) << size;
    EXPECT_EQ(echo(info).size(), size >= 12 ? 12u : size >= 7 ? 7u : size >= 4 ? 4u : 0u) << size;
  }
}

TEST(Rfc3396_7_Joining, RelayAgentInformationInPiecesIsOne) {
  Message message;
  TestPacket packet;
  packet.cookie().add(82, {1, 4, 'a'}).add(53, {1}).add(82, {'b', 'c', 'd', 2, 1, 'e'}).end();
  ASSERT_TRUE(message.parse(packet));
  EXPECT_EQ(as_text(message.relay_agent_info().get(1)), "abcd");
  EXPECT_EQ(as_text(message.relay_agent_info().get(2)), "e");
}

// dhcpd.conf(5), stash-agent-options: a renewal without option 82 is classified with the stored
// one.
TEST(StashAgentOptions, AreAdoptedForClassificationButWereNotReceived) {
  Message message;
  TestPacket packet;
  packet.cookie().add(53, {3}).text(43, "a").text(43, "b").end();
  ASSERT_TRUE(message.parse(packet));
  EXPECT_FALSE(message.relay_agent_info().present());
  {
    Octets stored = {1, 1, 'x', 2, 1, 'y'};
    message.adopt_relay_agent_info(stored);
    std::fill(stored.begin(), stored.end(), std::uint8_t{0});  // the lease may change under it
  }
  EXPECT_TRUE(message.relay_agent_info().present());
  EXPECT_EQ(as_text(message.relay_agent_info().get(2)), "y");
  EXPECT_EQ(as_text(message.option(43)), "ab");
  EXPECT_FALSE(message.has(82));
  ASSERT_TRUE(message.parse(packet));
  EXPECT_FALSE(message.relay_agent_info().present());
  message.adopt_relay_agent_info(Octets(Message::kAdoptRoom + 1, 1));
  EXPECT_FALSE(message.relay_agent_info().present());
  message.adopt_relay_agent_info(Octets(Message::kAdoptRoom, 1));
  EXPECT_EQ(message.relay_agent_info().raw().size(), Message::kAdoptRoom);
}

TEST(Message, NothingOfThePacketBeforeIsLeft) {
  Message message;
  const TestPacket full = modem_discover();
  ASSERT_TRUE(message.parse(full));
  ASSERT_TRUE(message.has(82));
  TestPacket bootp;
  ASSERT_TRUE(message.parse(bootp));
  for (int code = 0; code < 256; ++code) EXPECT_FALSE(message.has(static_cast<std::uint8_t>(code)));
  EXPECT_FALSE(message.relay_agent_info().present());
  EXPECT_EQ(message.type(), MessageType::bootp);
  EXPECT_FALSE(message.has_cookie());
}

TEST(Message, EveryErrorHasItsText) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(ParseError::count); ++i)
    EXPECT_FALSE(to_string(static_cast<ParseError>(i)).empty());
  EXPECT_EQ(to_string(ParseError::option_overruns), "option longer than its field");
}

// A mutated message is refused or readable, whatever the mutation. Run it under a sanitizer.
TEST(Message, EveryBitOfAMessageMayFlip) {
  for (const Octets& good : {modem_discover().octets(), overloaded(3).octets()}) {
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      const auto mutated = std::make_unique<std::uint8_t[]>(good.size());
      std::copy(good.begin(), good.end(), mutated.get());
      mutated[bit / 8] = static_cast<std::uint8_t>(mutated[bit / 8] ^ (1u << (bit % 8)));
      Message message;
      if (!message.parse({mutated.get(), good.size()})) continue;
      touch(message);
      ++accepted;
    }
    EXPECT_GT(accepted, 236u * 4);
    EXPECT_LT(accepted, good.size() * 8);
  }
}

TEST(Message, AnyOctetMayTakeAnExtremeValueAndAnyPacketMayBeNoise) {
  const Octets good = modem_discover().octets();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const std::uint8_t value :
         std::initializer_list<std::uint8_t>{0, 1, 52, 82, 127, 128, 254, 255}) {
      Octets mutated = good;
      mutated[at] = value;
      Message message;
      if (message.parse(mutated)) touch(message);
    }
  }
  std::mt19937 random{20131};
  std::size_t accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Octets noise(236 + random() % 300);
    for (std::uint8_t& octet : noise) octet = static_cast<std::uint8_t>(random());
    noise[0] = 1;
    noise[2] = static_cast<std::uint8_t>(random() % 18);
    if (noise.size() >= 240) store_be32(&noise[236], kMagicCookie);
    const auto exact = std::make_unique<std::uint8_t[]>(noise.size());
    std::copy(noise.begin(), noise.end(), exact.get());
    Message message;
    if (!message.parse({exact.get(), noise.size()})) continue;
    touch(message);
    ++accepted;
  }
  EXPECT_GT(accepted, 100u);
}

}  // namespace
}  // namespace coaxd::wire
