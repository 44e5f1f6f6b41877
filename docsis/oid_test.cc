#include "docsis/oid.h"

#include <gtest/gtest.h>

#include "docsis/test_octets.h"

namespace coaxd::docsis {
namespace {

std::string text(const std::optional<Oid>& oid) { return oid ? to_text(*oid) : "nothing"; }
std::string ber(std::string_view oid) {
  const auto parsed = parse_oid(oid);
  if (!parsed) return "no OID";
  const auto contents = ber_contents(*parsed);
  return contents ? to_hex(*contents) : "nothing";
}

std::string arcs(std::size_t count, std::string_view arc) {
  std::string out = "1.3";
  for (std::size_t i = 2; i < count; ++i) out.append(".").append(arc);
  return out;
}

TEST(Oid_Text, NumbersAndDots) {
  EXPECT_EQ(text(parse_oid("1.3.6.1")), "1.3.6.1");
  EXPECT_EQ(text(parse_oid(".1.3.6.1")), "1.3.6.1");
  EXPECT_EQ(text(parse_oid("0")), "0");
  EXPECT_EQ(text(parse_oid("1.3.4294967295")), "1.3.4294967295");
  for (const std::string_view bad : {"", ".", "..1", "1.", "1..3", "1.3.", "a", "1.a", "1.3x", "-1", "1.-3", "+1", " 1", "1 ", "1.3.4294967296",
                                     "1.3.99999999999999999999", "01.3", "1.03", "0x1"})
    EXPECT_EQ(text(parse_oid(bad)), "nothing") << bad;
}

TEST(Rfc2578_3_5_Oid, HasAtMost128Arcs) {
  EXPECT_EQ(parse_oid(arcs(128, "7"))->size(), 128u);
  EXPECT_FALSE(parse_oid(arcs(129, "7")));
  EXPECT_EQ(ber_contents(*parse_oid(arcs(128, "7")))->size(), 127u);
  EXPECT_FALSE(ber_contents(Oid(129, 1)));
  EXPECT_EQ(parse_ber_contents(Octets(127, 7))->size(), 128u);
  EXPECT_FALSE(parse_ber_contents(Octets(128, 7)));
}

TEST(X690_8_19_4_Oid, FirstTwoArcsAreOneNumber) {
  EXPECT_EQ(ber("0.0"), "00");
  EXPECT_EQ(ber("0.39"), "27");
  EXPECT_EQ(ber("1.0"), "28");
  EXPECT_EQ(ber("1.39"), "4f");
  EXPECT_EQ(ber("2.0"), "50");
  EXPECT_EQ(ber("2.47"), "7f");
  EXPECT_EQ(ber("2.48"), "8100");
  EXPECT_EQ(ber("2.4294967295"), "908080804f");
  for (const std::string_view bad : {"0.40", "1.40", "3.0", "1", "2"}) EXPECT_EQ(ber(bad), "nothing") << bad;
  EXPECT_EQ(text(parse_ber_contents(from_hex("27"))), "0.39");
  EXPECT_EQ(text(parse_ber_contents(from_hex("28"))), "1.0");
  EXPECT_EQ(text(parse_ber_contents(from_hex("4f"))), "1.39");
  EXPECT_EQ(text(parse_ber_contents(from_hex("50"))), "2.0");
  EXPECT_EQ(text(parse_ber_contents(from_hex("908080804f"))), "2.4294967295");
  EXPECT_EQ(text(parse_ber_contents(from_hex("9080808050"))), "nothing");  // 2.4294967296
}

TEST(X690_8_19_2_Oid, SubidentifiersAreBase128) {
  EXPECT_EQ(ber("1.3.6.1.4.1.32473.0.16383.16384.4294967295"), "2b0601040181fd5900ff7f8180008fffffff7f");
  EXPECT_EQ(text(parse_ber_contents(from_hex("2b0601040181fd5900ff7f8180008fffffff7f"))), "1.3.6.1.4.1.32473.0.16383.16384.4294967295");
  EXPECT_EQ(text(parse_ber_contents(from_hex("2b9080808000"))), "nothing");      // 2^32
  EXPECT_EQ(text(parse_ber_contents(from_hex("2bffffffffffffffff7f"))), "nothing");
  EXPECT_EQ(text(parse_ber_contents(from_hex("2b8001"))), "nothing");            // a needless 80
  EXPECT_EQ(text(parse_ber_contents(from_hex("8001"))), "nothing");
  EXPECT_EQ(text(parse_ber_contents({})), "nothing");
}

TEST(X690_8_19_2_Oid, EveryTruncationWithinAnArcIsRefused) {
  const Octets whole = from_hex("2b0601040181fd5900ff7f8180008fffffff7f");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool mid_arc = size == 0 || (whole[size - 1] & 0x80) != 0;
    EXPECT_EQ(parse_ber_contents(Bytes(whole).first(size)).has_value(), !mid_arc) << size;
  }
}

}  // namespace
}  // namespace coaxd::docsis
