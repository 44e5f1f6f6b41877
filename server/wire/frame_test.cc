#include "server/wire/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace coaxd::wire {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr MacAddress kServerMac = {2, 0, 0, 0, 0, 1}, kClientMac = {0, 0x15, 0x96, 0, 0, 5};
constexpr Ipv4 kServer = Ipv4::of(10, 0, 0, 1), kClient = Ipv4::of(10, 0, 0, 99);

Octets frame_of(Bytes payload) {
  Octets out(kFrameOverhead + payload.size());
  std::copy(payload.begin(), payload.end(), out.begin() + kFrameOverhead);
  EXPECT_EQ(
      write_ethernet_udp(out, kClientMac, kServerMac, kServer, kClient, 67, 68, payload.size()),
      out.size());
  return out;
}

Octets sample() {
  return frame_of(as_bytes("a DHCP message, let us say"));
}

FrameError error_of(Bytes frame, bool checksum_ready = true) {
  const auto exact = std::make_unique<std::uint8_t[]>(frame.size());
  std::copy(frame.begin(), frame.end(), exact.get());
  const auto parsed = parse_ethernet_udp({exact.get(), frame.size()}, checksum_ready);
  return parsed ? FrameError::count : parsed.error();
}

// RFC 1071 §1 word by word, as slow and plain as the text has it.
std::uint16_t plain_checksum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8) + (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<std::uint16_t>(~sum);
}

void fix_ip_checksum(Octets& frame) {
  store_be16(&frame[24], 0);
  store_be16(&frame[24], plain_checksum(Bytes{frame}.subspan(14, (frame[14] & 15u) * 4u)));
}

TEST(Rfc791_3_1_Header, IsWrittenAsDhcpdDoes) {
  const Octets frame = sample();
  EXPECT_TRUE(std::equal(kClientMac.begin(), kClientMac.end(), frame.begin()));
  EXPECT_TRUE(std::equal(kServerMac.begin(), kServerMac.end(), frame.begin() + 6));
  const Octets expected = {0x08, 0x00, 0x45, 0x10, 0, 20 + 8 + 26, 0, 0, 0, 0, 128, 17};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), frame.begin() + 12));
  EXPECT_EQ(load_be32(&frame[26]), kServer.value);
  EXPECT_EQ(load_be32(&frame[30]), kClient.value);
  EXPECT_EQ(load_be16(&frame[34]), 67);
  EXPECT_EQ(load_be16(&frame[36]), 68);
  EXPECT_EQ(load_be16(&frame[38]), 8 + 26);
}

TEST(Rfc1071_Checksum, AgreesWithThePlainAlgorithmForEveryLength) {
  for (std::size_t size = 0; size <= 600; ++size) {
    Octets payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(255 - i * 13);
    const Octets frame = frame_of(payload);
    EXPECT_EQ(plain_checksum(Bytes{frame}.subspan(14, 20)), 0) << size;
    Octets pseudo(frame.begin() + 26, frame.begin() + 34);
    pseudo.insert(pseudo.end(), {0, 17, frame[38], frame[39]});
    pseudo.insert(pseudo.end(), frame.begin() + 34, frame.end());
    EXPECT_EQ(plain_checksum(pseudo), 0) << size;
    const auto parsed = parse_ethernet_udp(frame, true);
    ASSERT_TRUE(parsed) << size;
    EXPECT_TRUE(equal(parsed->payload, payload)) << size;
  }
}

TEST(Rfc768_Checksum, AComputedZeroIsSentAsAllOnes) {
  // The two octets of payload that make the sum come out as zero.
  Octets payload(2, 0);
  const std::uint16_t complement = load_be16(&frame_of(payload)[40]);
  store_be16(payload.data(), complement);
  const Octets frame = frame_of(payload);
  EXPECT_EQ(load_be16(&frame[40]), 0xffff);
  EXPECT_EQ(error_of(frame), FrameError::count);
}

TEST(Frame, RoundTrip) {
  const Octets frame = sample();
  const auto parsed = parse_ethernet_udp(frame, true);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->source_mac, kServerMac);
  EXPECT_EQ(parsed->source, kServer);
  EXPECT_EQ(parsed->destination, kClient);
  EXPECT_EQ(parsed->source_port, 67);
  EXPECT_EQ(parsed->destination_port, 68);
  EXPECT_EQ(as_text(parsed->payload), "a DHCP message, let us say");
}

TEST(Frame, EveryTruncationIsTooShort) {
  const Octets frame = sample();
  for (std::size_t size = 0; size < frame.size(); ++size)
    EXPECT_EQ(error_of(Bytes{frame}.first(size)), FrameError::too_short) << size;
}

TEST(Rfc894_Padding, BehindTheTotalLengthIsNoPayload) {
  Octets frame = frame_of(as_bytes("x"));
  frame.resize(60, 0xee);
  const auto parsed = parse_ethernet_udp(frame, true);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(as_text(parsed->payload), "x");
}

TEST(Rfc791_3_1_Header, OptionsAreSteppedOver) {
  for (std::size_t words = 1; words <= 10; ++words) {
    Octets frame = sample();
    frame.insert(frame.begin() + 34, words * 4, 1);  // no-operation
    frame[14] = static_cast<std::uint8_t>(0x45 + words);
    store_be16(&frame[16], static_cast<std::uint16_t>(frame.size() - 14));
    fix_ip_checksum(frame);
    const auto parsed = parse_ethernet_udp(frame, true);
    ASSERT_TRUE(parsed) << words;
    EXPECT_EQ(as_text(parsed->payload), "a DHCP message, let us say");
  }
}

TEST(Rfc791_3_1_Header, WrongOnesAreRefused) {
  Octets frame = sample();
  frame[12] = 0x81;  // an 802.1Q tag: another interface's traffic
  EXPECT_EQ(error_of(frame), FrameError::not_ipv4);
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0x55, 0x65, 0x44, 0x40}) {
    frame = sample();
    frame[14] = first;
    fix_ip_checksum(frame);
    EXPECT_EQ(error_of(frame), FrameError::bad_header) << int{first};
  }
  frame = sample();
  frame[23] = 6;
  fix_ip_checksum(frame);
  EXPECT_EQ(error_of(frame), FrameError::not_udp);
  frame = sample();
  store_be16(&frame[16], 19);
  fix_ip_checksum(frame);
  EXPECT_EQ(error_of(frame), FrameError::bad_length);
  frame = sample();
  frame[14] = 0x4f;  // a header longer than the datagram
  store_be16(&frame[16], 50);
  EXPECT_EQ(error_of(frame), FrameError::bad_length);
}

TEST(Rfc791_3_2_Fragments, AreRefused) {
  for (const std::uint16_t bits :
       std::initializer_list<std::uint16_t>{0x2000, 0x0001, 0x1fff, 0x3fff}) {
    Octets frame = sample();
    store_be16(&frame[20], bits);
    fix_ip_checksum(frame);
    EXPECT_EQ(error_of(frame), FrameError::fragment) << bits;
  }
  Octets frame = sample();
  store_be16(&frame[20], 0x4000);  // don't fragment
  fix_ip_checksum(frame);
  EXPECT_EQ(error_of(frame), FrameError::count);
}

TEST(Rfc768_Length, MustLieInsideTheDatagram) {
  for (const std::uint16_t length : std::initializer_list<std::uint16_t>{0, 7, 8 + 27, 0xffff}) {
    Octets frame = sample();
    store_be16(&frame[38], length);
    EXPECT_EQ(error_of(frame, false), FrameError::bad_length) << length;
  }
  Octets frame = sample();
  store_be16(&frame[38], 8 + 5);
  const auto parsed = parse_ethernet_udp(frame, false);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(as_text(parsed->payload), "a DHC");
  for (std::uint16_t behind = 0; behind < 8; ++behind) {
    frame = sample();
    store_be16(&frame[16], static_cast<std::uint16_t>(20 + behind));
    fix_ip_checksum(frame);
    EXPECT_EQ(error_of(frame), FrameError::bad_length) << behind;
  }
}

TEST(Rfc768_Checksum, ZeroMeansNoneAndAnUnfinishedOneIsNotLookedAt) {
  Octets frame = sample();
  frame.back() ^= 1;
  EXPECT_EQ(error_of(frame, true), FrameError::bad_checksum);
  EXPECT_EQ(error_of(frame, false), FrameError::count);
  store_be16(&frame[40], 0);
  EXPECT_EQ(error_of(frame, true), FrameError::count);
}

// One flipped bit behind the Ethernet header never goes unnoticed, unless nobody checks it.
TEST(Rfc1071_Checksum, EveryFlippedBitIsNoticed) {
  const Octets good = sample();
  for (std::size_t bit = 14 * 8; bit < good.size() * 8; ++bit) {
    Octets frame = good;
    frame[bit / 8] = static_cast<std::uint8_t>(frame[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_NE(error_of(frame, true), FrameError::count) << bit;
    error_of(frame, false);
  }
}

TEST(Frame, EveryErrorHasItsText) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(FrameError::count); ++i)
    EXPECT_FALSE(to_string(static_cast<FrameError>(i)).empty());
}

}  // namespace
}  // namespace coaxd::wire
