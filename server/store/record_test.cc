#include "server/store/record.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace coaxd::store {
namespace {

constexpr std::uint64_t kKey = 0x1122334455667788;

lease::Binding modem() {
  lease::Binding b;
  b.state = lease::BindingState::active;
  b.next_state = lease::BindingState::expired;
  b.rewind_state = lease::BindingState::free;
  b.flags = lease::Binding::kReserved;
  const std::array<std::uint8_t, 6> mac{0, 0x10, 0x95, 1, 2, 3};
  b.set_hardware(1, mac);
  b.starts = 1'700'000'000;
  b.ends = lease::kStoredNever;
  b.cltt = 1'700'000'001;
  b.tstp = 7;
  EXPECT_TRUE(b.set(lease::Item::hostname, as_bytes("modem-1")));
  const std::array<std::uint8_t, 8> agent{1, 2, 0xaa, 0xbb, 2, 2, 0xcc, 0xdd};
  EXPECT_TRUE(b.set(lease::Item::agent_info, agent));
  return b;
}

std::vector<std::uint8_t> encoded(const lease::Binding& b, Record::Kind kind = Record::Kind::binding) {
  std::vector<std::uint8_t> out(kMaxRecordSize);
  out.resize(encode_record(out, kKey, Ipv4::of(10, 1, 2, 3), 4711, 1'700'000'002, kind, b));
  return out;
}

TEST(Record, RoundTrip) {
  const lease::Binding b = modem();
  const auto octets = encoded(b);
  DecodedRecord out;
  ASSERT_FALSE(decode_record(octets, kKey, out));
  EXPECT_EQ(out.size, octets.size());
  EXPECT_EQ(record_size(octets), octets.size());
  EXPECT_EQ(out.record.address, Ipv4::of(10, 1, 2, 3));
  EXPECT_EQ(out.record.generation, 4711u);
  EXPECT_EQ(out.record.at, 1'700'000'002u);
  EXPECT_EQ(out.record.kind, Record::Kind::binding);
  EXPECT_EQ(out.record.binding, b);
}

TEST(Record, LargestBindingFits) {
  lease::Binding b;
  const std::array<std::uint8_t, 16> chaddr{1, 2, 3};
  b.set_hardware(32, chaddr);
  const std::vector<std::uint8_t> text(lease::Binding::kVariableCapacity - 3, 'x');
  ASSERT_TRUE(b.set(lease::Item::variables, text));
  const auto octets = encoded(b, Record::Kind::erased);
  EXPECT_LE(octets.size(), kMaxRecordSize);
  DecodedRecord out;
  ASSERT_FALSE(decode_record(octets, kKey, out));
  EXPECT_EQ(out.record.binding, b);
  EXPECT_EQ(out.record.kind, Record::Kind::erased);
}

TEST(Record, EveryTruncationIsSeen) {
  const auto octets = encoded(modem());
  DecodedRecord out;
  EXPECT_EQ(decode_record({}, kKey, out), RecordError::end);
  for (std::size_t n = 1; n < octets.size(); ++n) {
    EXPECT_EQ(decode_record(Bytes(octets).first(n), kKey, out), RecordError::torn) << n;
  }
}

TEST(Record, EveryMutationOfOneOctetIsSeen) {
  const auto octets = encoded(modem());
  DecodedRecord out;
  for (std::size_t at = 0; at < octets.size(); ++at) {
    for (int flip = 1; flip < 256; ++flip) {
      auto damaged = octets;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ flip);
      damaged.resize(damaged.size() + 300);  // a larger length must not be refused for want of octets only
      ASSERT_EQ(decode_record(damaged, kKey, out), RecordError::torn) << at << " ^ " << flip;
    }
  }
}

TEST(Record, AnotherSegmentsRecordIsNotOurs) {
  const auto octets = encoded(modem());
  DecodedRecord out;
  EXPECT_EQ(decode_record(octets, kKey + 1, out), RecordError::torn);
}

TEST(Record, RekeyedRecordIsValidUnderTheNewKeyOnly) {
  auto octets = encoded(modem());
  rekey_record(octets, 99);
  DecodedRecord out;
  EXPECT_EQ(decode_record(octets, kKey, out), RecordError::torn);
  ASSERT_FALSE(decode_record(octets, 99, out));
  EXPECT_EQ(out.record.binding, modem());
}

TEST(Record, ZeroesAreTheEnd) {
  const std::vector<std::uint8_t> zeroes(64);
  DecodedRecord out;
  EXPECT_EQ(decode_record(zeroes, kKey, out), RecordError::end);
}

TEST(Record, BadContentUnderAGoodCrcIsMalformed) {
  // Octet 28 is the kind, 29 the state, 34 hlen, 35 the pad (record.h).
  for (const auto& [at, value] : {std::pair<std::size_t, std::uint8_t>{28, 9}, {29, 200}, {34, 17}, {35, 1}}) {
    auto octets = encoded(modem());
    octets[at] = value;
    rekey_record(octets, kKey);  // recomputes the CRC
    DecodedRecord out;
    EXPECT_EQ(decode_record(octets, kKey, out), RecordError::malformed) << at;
  }
}

TEST(Generation, LaterIsADistanceOnTheCircle) {
  EXPECT_TRUE(is_later(2, 1));
  EXPECT_FALSE(is_later(1, 1));
  EXPECT_FALSE(is_later(1, 2));
  EXPECT_TRUE(is_later(0, kGenerationMask));  // wrapped
  EXPECT_FALSE(is_later(kGenerationMask, 0));
}

}  // namespace
}  // namespace coaxd::store
