#include "server/tftp/packet.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace coaxd::tftp {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// Opcode and what follows it, NULs included.
std::vector<std::uint8_t> octets(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}
// A request with these strings, each terminated.
std::vector<std::uint8_t> request(std::initializer_list<std::string_view> strings, std::uint8_t opcode = 1) {
  std::string packet{'\0', static_cast<char>(opcode)};
  for (const std::string_view each : strings) packet.append(each).append(1, '\0');
  return octets(packet);
}
// A packet and the octets that its views point into.
struct Read {
  explicit Read(std::vector<std::uint8_t> datagram) : octets(std::move(datagram)), packet(parse(octets)) {}
  explicit operator bool() const { return packet.has_value(); }
  const Packet* operator->() const { return &*packet; }
  std::vector<std::uint8_t> octets;
  std::expected<Packet, Reason> packet;
};
Reason refused(Bytes datagram) {
  const auto packet = parse(datagram);
  return packet ? Reason::none : packet.error();
}

TEST(Rfc1350_5_Request, HasNameAndMode) {
  const auto packet = Read(octets("\0\1modem.cm\0octet\0"sv));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->opcode, Opcode::rrq);
  EXPECT_EQ(packet->text, "modem.cm");
  EXPECT_EQ(packet->mode, Mode::octet);
  EXPECT_TRUE(packet->options.empty());
  EXPECT_EQ(packet->options_ignored, 0);
  EXPECT_EQ(Read(request({"x", "octet"}, 2))->opcode, Opcode::wrq);
}

// RFC 1350 §1: "any combination of upper and lower case".
TEST(Rfc1350_1_Mode, MayBeInAnyCase) {
  EXPECT_EQ(Read(request({"f", "OcTeT"}))->mode, Mode::octet);
  EXPECT_EQ(Read(request({"f", "NETASCII"}))->mode, Mode::netascii);
  EXPECT_EQ(refused(request({"f", "mail"})), Reason::unknown_mode);
  EXPECT_EQ(refused(request({"f", ""})), Reason::unknown_mode);
  EXPECT_EQ(refused(request({"f", "octets"})), Reason::unknown_mode);
}

TEST(Rfc1350_5_Request, NameHasItsLimits) {
  EXPECT_EQ(refused(request({"", "octet"})), Reason::name_missing);
  EXPECT_TRUE(Read(request({std::string(kMaxName, 'n'), "octet"})));
  EXPECT_EQ(refused(request({std::string(kMaxName + 1, 'n'), "octet"})), Reason::name_too_long);
}

TEST(Rfc1350_5_Request, NameIsTheOctetsThatWereSent) {
  const auto packet = Read(request({"\xff\n../\x7f", "octet"}));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->text, "\xff\n../\x7f");
}

// Whatever is cut off, the request is refused for what is missing, or is the same request with fewer options.
TEST(Rfc1350_5_Request, EveryTruncationIsNoticed) {
  const std::vector<std::uint8_t> whole = request({"a.cm", "octet", "tsize", "0", "blksize", "1448"});
  const std::size_t name_end = 2 + 5, mode_end = name_end + 6, tsize_end = mode_end + 8;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));  // so that AddressSanitizer sees a step too far
    const Reason reason = refused(cut);
    if (size < 2) {
      EXPECT_EQ(reason, Reason::too_short);
    } else if (size < name_end) {
      EXPECT_EQ(reason, Reason::name_missing);
    } else if (size < mode_end) {
      EXPECT_EQ(reason, Reason::mode_missing);
    } else if (size == mode_end || size == tsize_end) {
      EXPECT_EQ(reason, Reason::none);
    } else {
      EXPECT_EQ(reason, Reason::option_incomplete);
    }
  }
  EXPECT_EQ(parse(whole)->options.get(Option::blksize), 1448u);
}

TEST(Rfc1350_5_Opcode, OneToSixAreKnown) {
  for (unsigned opcode = 0; opcode <= 0xffff; ++opcode) {
    const std::vector<std::uint8_t> packet{static_cast<std::uint8_t>(opcode >> 8), static_cast<std::uint8_t>(opcode), 0, 0};
    EXPECT_EQ(refused(packet) == Reason::unknown_opcode, opcode < 1 || opcode > 6) << opcode;
  }
}

TEST(Rfc1350_5_Data, CarriesBlockAndOctets) {
  const auto packet = Read(octets("\0\3\x12\x34xyz"sv));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->opcode, Opcode::data);
  EXPECT_EQ(packet->block, 0x1234);
  EXPECT_EQ(as_text(packet->data), "xyz");
  EXPECT_TRUE(Read(octets("\0\3\0\1"sv))->data.empty());
  EXPECT_EQ(refused(octets("\0\3\0"sv)), Reason::too_short);
}

TEST(Rfc1350_5_Ack, CarriesBlock) {
  const auto packet = Read(octets("\0\4\xff\xfe"sv));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->opcode, Opcode::ack);
  EXPECT_EQ(packet->block, 0xfffe);
  EXPECT_EQ(refused(octets("\0\4"sv)), Reason::too_short);
  EXPECT_EQ(refused(octets("\0\4\1"sv)), Reason::too_short);
  EXPECT_EQ(Read(octets("\0\4\0\1padding"sv))->block, 1);
}

TEST(Rfc1350_5_Error, CarriesCodeAndText) {
  const auto packet = Read(octets("\0\5\0\1gone\0"sv));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->error, ErrorCode::file_not_found);
  EXPECT_EQ(packet->text, "gone");
  EXPECT_EQ(Read(octets("\0\5\0\1gone"sv))->text, "gone");  // unterminated, and still an error
  EXPECT_EQ(Read(octets("\0\5\0\1"sv))->text, "");
  EXPECT_EQ(Read(octets("\0\5\x77\x77z\0"sv))->error, ErrorCode::undefined);
  EXPECT_EQ(refused(octets("\0\5\0"sv)), Reason::too_short);
  EXPECT_EQ(Read(octets("\0\5\0\0"s + std::string(500, 'e')))->text.size(), kMaxErrorText);
}

TEST(Rfc2347_Options, NamesMayBeInAnyCase) {
  const auto packet = Read(request({"f", "octet", "BLKSIZE", "1024", "Timeout", "3", "tSIZE", "0", "WindowSize", "4"}));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->options.get(Option::blksize), 1024u);
  EXPECT_EQ(packet->options.get(Option::timeout), 3u);
  EXPECT_TRUE(packet->options.has(Option::tsize));
  EXPECT_EQ(packet->options.get(Option::windowsize), 4u);
  EXPECT_EQ(packet->options_ignored, 0);
}

// "An option not acknowledged by the server must be ignored [...] as if it were never requested."
TEST(Rfc2347_Options, UnknownOnesAreCountedAndSkipped) {
  const auto packet = Read(request({"f", "octet", "multicast", "", "blksize", "512", "x-vendor", "1"}));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->options.get(Option::blksize), 512u);
  EXPECT_EQ(packet->options_ignored, 2);
}

TEST(Rfc2347_Options, TheFirstOfTwoCounts) {
  const auto packet = Read(request({"f", "octet", "blksize", "600", "blksize", "700"}));
  EXPECT_EQ(packet->options.get(Option::blksize), 600u);
  EXPECT_EQ(packet->options_ignored, 1);
}

TEST(Rfc2347_Options, ZerosBehindTheLastAreNoOption) {
  auto packet = request({"f", "octet", "tsize", "0"});
  packet.resize(packet.size() + 40);
  ASSERT_TRUE(Read(packet));
  EXPECT_TRUE(Read(packet)->options.has(Option::tsize));
  auto plain = request({"f", "octet"});
  plain.resize(512);
  ASSERT_TRUE(Read(plain));
  EXPECT_TRUE(Read(plain)->options.empty());
}

struct Value {
  const char* option;
  const char* text;
  std::int64_t adopted;  // -1: as if it had not been asked for
};
class OptionValue : public testing::TestWithParam<Value> {};

TEST_P(OptionValue, IsAdoptedOrIgnored) {
  const Value& value = GetParam();
  const auto packet = Read(request({"f", "octet", value.option, value.text}));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->options_ignored, value.adopted < 0 ? 1 : 0);
  EXPECT_EQ(packet->options.empty(), value.adopted < 0);
  for (const Option option : {Option::blksize, Option::timeout, Option::tsize, Option::windowsize}) {
    if (packet->options.has(option)) {
      EXPECT_EQ(static_cast<std::int64_t>(packet->options.get(option)), value.adopted);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Rfc2348_Blksize, OptionValue,
                         testing::Values(Value{"blksize", "7", -1}, Value{"blksize", "8", 8}, Value{"blksize", "512", 512}, Value{"blksize", "65464", 65464},
                                         Value{"blksize", "65465", 65464}, Value{"blksize", "99999999999999999999999", 65464}, Value{"blksize", "", -1},
                                         Value{"blksize", "-8", -1}, Value{"blksize", "+8", -1}, Value{"blksize", " 8", -1}, Value{"blksize", "0x200", -1},
                                         Value{"blksize", "1448 ", -1}, Value{"blksize", "0", -1}, Value{"blksize", "0001448", 1448}));
INSTANTIATE_TEST_SUITE_P(Rfc2349_Timeout, OptionValue,
                         testing::Values(Value{"timeout", "0", -1}, Value{"timeout", "1", 1}, Value{"timeout", "255", 255}, Value{"timeout", "256", -1},
                                         Value{"timeout", "1.5", -1}));
INSTANTIATE_TEST_SUITE_P(Rfc2349_Tsize, OptionValue, testing::Values(Value{"tsize", "0", 0}, Value{"tsize", "673312", 673312}, Value{"tsize", "x", -1}));
INSTANTIATE_TEST_SUITE_P(Rfc7440_3_Windowsize, OptionValue,
                         testing::Values(Value{"windowsize", "0", -1}, Value{"windowsize", "1", 1}, Value{"windowsize", "65535", 65535},
                                         Value{"windowsize", "65536", 65535}));

TEST(Rfc2347_Oack, HoldsWhatIsSet) {
  Options options;
  options.set(Option::blksize, 1428);
  options.set(Option::tsize, 4'294'967'296);
  std::array<std::uint8_t, 64> out;
  const std::size_t size = write_oack(out, options);
  EXPECT_EQ(as_text(Bytes{out}.first(size)), "\0\6blksize\0001428\0tsize\0004294967296\0"sv);
  const auto packet = parse(Bytes{out}.first(size));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->opcode, Opcode::oack);
  EXPECT_EQ(packet->options, options);
}

TEST(Rfc1350_5_Writing, WhatIsWrittenIsRead) {
  std::array<std::uint8_t, 600> out;
  Options options;
  options.set(Option::windowsize, 65535);
  options.set(Option::timeout, 255);
  auto packet = parse(Bytes{out}.first(write_request(out, Opcode::rrq, "dir/name", "octet", options)));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->text, "dir/name");
  EXPECT_EQ(packet->options, options);
  packet = parse(Bytes{out}.first(write_ack(out, 65535)));
  EXPECT_EQ(packet->block, 65535);
  packet = parse(Bytes{out}.first(write_data_header(out, 7)));
  EXPECT_EQ(packet->block, 7);
  packet = parse(Bytes{out}.first(write_error(out, ErrorCode::unknown_transfer, "who?")));
  EXPECT_EQ(packet->error, ErrorCode::unknown_transfer);
  EXPECT_EQ(packet->text, "who?");
  EXPECT_EQ(write_error(out, ErrorCode::undefined, std::string(500, 'e')), kHeaderSize + kMaxErrorText + 1);
}

TEST(Rfc1350_5_Writing, NothingIsWrittenBeyondTheRoom) {
  Options options;
  options.set(Option::blksize, 512);
  std::array<std::uint8_t, 64> whole;
  const std::size_t size = write_oack(whole, options);
  for (std::size_t room = 0; room < size; ++room) {
    std::vector<std::uint8_t> out(room);
    EXPECT_EQ(write_oack(out, options), 0u) << room;
    EXPECT_EQ(write_error(out, ErrorCode::undefined, "text as long"), 0u) << room;
  }
  std::vector<std::uint8_t> out(size);
  EXPECT_EQ(write_oack(out, options), size);
}

// Nothing is read outside the datagram, and views stay within it, for datagrams near to valid ones.
TEST(Rfc1350_5_Reading, StaysWithinTheDatagram) {
  std::mt19937 random(1);
  const std::vector<std::uint8_t> base = request({"name", "octet", "blksize", "1448", "tsize", "0"});
  for (int i = 0; i < 100'000; ++i) {
    std::vector<std::uint8_t> packet = base;
    for (unsigned change = random() % 4; change > 0; --change) packet[random() % packet.size()] = static_cast<std::uint8_t>(random() % 256);
    packet.resize(random() % (base.size() + 1));
    const auto read = parse(packet);
    if (!read) continue;
    const Bytes text = as_bytes(read->text);
    EXPECT_TRUE(text.empty() || (text.data() >= packet.data() && text.data() + text.size() <= packet.data() + packet.size()));
    EXPECT_TRUE(read->data.empty() || read->data.data() + read->data.size() == packet.data() + packet.size());
  }
}

// The wire's texts and labels: one each, and a reason that answers has something to say.
TEST(TftpReason, HasOneLabelEach) {
  for (std::size_t i = 1; i < kReasons.size(); ++i) {
    EXPECT_FALSE(kReasons[i].label.empty());
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(kReasons[i].label, kReasons[j].label);
    EXPECT_EQ(kReasons[i].reply == ErrorCode::silence, kReasons[i].text.empty()) << kReasons[i].label;
    EXPECT_LE(kReasons[i].text.size(), kMaxErrorText);
  }
}

}  // namespace
}  // namespace coaxd::tftp
