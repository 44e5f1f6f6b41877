// The table of kinds: what octets a kind can have, and what is written for them.
#include "docsis/value_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace coaxd::docsis {
namespace {

std::string text_of(Kind kind, const Octets& value, Dialect dialect = Dialect::utility) {
  std::string out;
  EXPECT_TRUE(fits(kind, value));
  append_value(kind, value, dialect, out);
  return out;
}

TEST(Docsis3_2_Kinds, Text) {
  EXPECT_EQ(text_of(Kind::u8, {255}), "255");
  EXPECT_EQ(text_of(Kind::u16, {1, 0}), "256");
  EXPECT_EQ(text_of(Kind::u24, {1, 0, 0}), "65536");
  EXPECT_EQ(text_of(Kind::u32, {255, 255, 255, 255}), "4294967295");
  EXPECT_EQ(text_of(Kind::str, {}), "\"\"");
  EXPECT_EQ(text_of(Kind::strz, {'a', 0}), "\"a\"");
  EXPECT_EQ(text_of(Kind::hex, {0, 0xab}), "0x00ab");
  EXPECT_EQ(text_of(Kind::mac_mask, {1, 2, 3, 4, 5, 6, 255, 255, 255, 255, 255, 0}), "01:02:03:04:05:06/ff:ff:ff:ff:ff:00");
  EXPECT_EQ(text_of(Kind::afi_ip, {1, 10, 0, 0, 1}), "10.0.0.1");
  EXPECT_EQ(text_of(Kind::ip_port, {10, 0, 0, 1, 0, 161}), "10.0.0.1/161");
  EXPECT_EQ(text_of(Kind::u16_pair, {0, 100, 15, 160}), "100,4000");
  EXPECT_EQ(text_of(Kind::prefix6_list, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48}), "2001:db8::/48");
  EXPECT_EQ(text_of(Kind::empty, {}), "0x00");
  EXPECT_EQ(text_of(Kind::oid, {6, 3, 0x2b, 6, 1}), ".1.3.6.1");
  EXPECT_EQ(text_of(Kind::oid_u8, {6, 3, 0x2b, 6, 1, 0}), ".1.3.6.1 0");
}

// Every number of octets that a value can have is either of its kind or told not to be; nothing reads behind it.
TEST(Docsis3_2_Kinds, EveryLengthOfEveryKind) {
  for (int k = 0; k <= static_cast<int>(Kind::md5); ++k) {
    const Kind kind = static_cast<Kind>(k);
    EXPECT_FALSE(shape(kind).empty());
    for (std::size_t size = 0; size < 64; ++size) {
      for (const std::uint8_t fill : Octets{0, 1, 2, 6, 0x30, 0xff}) {
        const Octets value(size, fill);
        if (!fits(kind, value)) continue;
        std::string out;
        append_value(kind, value, Dialect::utility, out);
        append_value(kind, value, Dialect::native, out);
        measure(kind, value);
      }
    }
  }
}

TEST(Docsis3_2_Kinds, WhatIsNotOfTheKind) {
  EXPECT_FALSE(fits(Kind::u8, Octets{}));
  EXPECT_FALSE(fits(Kind::str, Octets{'a', 0}));
  EXPECT_FALSE(fits(Kind::strz, Octets{'a'}));
  EXPECT_FALSE(fits(Kind::strz, Octets{0, 0}));
  EXPECT_FALSE(fits(Kind::afi_ip, Octets{2, 10, 0, 0, 1}));
  EXPECT_FALSE(fits(Kind::oid, Octets{6, 3, 0x2b, 6}));
  EXPECT_FALSE(fits(Kind::oid, Octets{6, 3, 0x2b, 6, 1, 0}));
  EXPECT_FALSE(fits(Kind::oid, Octets{4, 3, 0x2b, 6, 1}));
  EXPECT_FALSE(fits(Kind::oid, Octets{6, 3, 0x2b, 6, 0x81}));
  EXPECT_FALSE(fits(Kind::u16_list, Octets{0, 1, 2}));
  EXPECT_FALSE(fits(Kind::block, Octets{1}));
}

TEST(Docsis3_2_Kinds, Measure) {
  EXPECT_EQ(measure(Kind::u16, Octets{1, 0}), 256u);
  EXPECT_EQ(measure(Kind::str, Octets{'a', 'b'}), 2u);
  EXPECT_EQ(measure(Kind::strz, Octets{'a', 'b', 0}), 2u);
  EXPECT_EQ(measure(Kind::u16_list, Octets{0, 1, 0, 2}), 2u);
  EXPECT_EQ(measure(Kind::mac, Octets(6)), std::nullopt);
}

TEST(Docsis2_Strings, WhatQuotesCanHold) {
  EXPECT_TRUE(can_be_quoted(as_bytes("plain \"quoted\" Größe")));
  EXPECT_FALSE(can_be_quoted(as_bytes("back\\slash")));
  EXPECT_FALSE(can_be_quoted(as_bytes("a\tb")));
  EXPECT_FALSE(can_be_quoted(as_bytes("a\nb")));
  EXPECT_TRUE(can_be_quoted(Octets(2048, 'a')));
  EXPECT_FALSE(can_be_quoted(Octets(2049, 'a')));
}

}  // namespace
}  // namespace coaxd::docsis
