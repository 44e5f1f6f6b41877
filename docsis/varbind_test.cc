#include "docsis/varbind.h"

#include <gtest/gtest.h>

#include "docsis/test_octets.h"

namespace coaxd::docsis {
namespace {

std::string hex(const std::optional<Octets>& octets) { return octets ? to_hex(*octets) : "nothing"; }

Varbind string_varbind(std::size_t size, std::size_t arcs = 10) {
  Oid name = {1, 3, 6, 1, 4, 1, 4491, 1, 1, 0};
  name.resize(arcs, 1);
  return {name, SnmpType::octet_string, Octets(size, 'A')};
}

// Of a modem or MTA file, the values of its SNMP objects. Both kinds of file are walked by hand here, so that the codec is not its own witness.
std::vector<Octets> snmp_values(const std::string& file) {
  const Bytes octets = as_bytes(file);
  const bool mta = octets[0] == 254;
  std::vector<Octets> values;
  for (std::size_t at = 0; at < octets.size() && (mta || octets[at] != 255);) {
    const std::uint8_t code = octets[at];
    const bool wide = mta && code == 64;
    const std::size_t length = wide ? load_be16(&octets[at + 1]) : octets[at + 1];
    const Bytes value = octets.subspan(at + (wide ? 3 : 2), length);
    if (code == 11 || wide) values.emplace_back(value.begin(), value.end());
    if (code == 202)  // an eRouter's, one level down
      for (std::size_t inner = 0; inner < value.size(); inner += 2u + value[inner + 1])
        if (value[inner] == 11) {
          const Bytes nested = value.subspan(inner + 2, value[inner + 1]);
          values.emplace_back(nested.begin(), nested.end());
        }
    at += (wide ? 3 : 2) + length;
  }
  return values;
}

TEST(X690_8_3_Integer, ShortestTwosComplement) {
  const std::pair<std::int64_t, std::string_view> cases[] = {
      {0, "00"}, {1, "01"}, {127, "7f"}, {128, "0080"}, {-1, "ff"}, {-128, "80"}, {-129, "ff7f"}, {255, "00ff"}, {256, "0100"},
      {32767, "7fff"}, {32768, "008000"}, {-32768, "8000"}, {-32769, "ff7fff"}, {2147483647, "7fffffff"}, {-2147483648LL, "80000000"},
      {2147483648LL, "0080000000"}, {INT64_MAX, "7fffffffffffffff"}, {INT64_MIN, "8000000000000000"}, {INT64_MAX / 256, "7fffffffffffff"},
      {INT64_MAX / 256 + 1, "0080000000000000"}};
  for (const auto& [value, contents] : cases) {
    EXPECT_EQ(to_hex(contents_of_integer(value)), contents) << value;
    EXPECT_EQ(integer_of(from_hex(contents)), value);
  }
  EXPECT_EQ(integer_of(from_hex("0000000005")), 5);  // not the shortest, but the number
  EXPECT_EQ(integer_of({}), std::nullopt);
  EXPECT_EQ(integer_of(from_hex("000000000000000001")), std::nullopt);
}

TEST(Rfc2578_7_1_Unsigned, LeadingZeroWhenTheTopBitIsSet) {
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0, "00"}, {127, "7f"}, {128, "0080"}, {255, "00ff"}, {256, "0100"}, {65536, "010000"}, {2147483648, "0080000000"}, {4294967295, "00ffffffff"},
      {4294967296, "0100000000"}, {UINT64_MAX, "00ffffffffffffffff"}, {UINT64_MAX / 2, "7fffffffffffffff"}};
  for (const auto& [value, contents] : cases) {
    EXPECT_EQ(to_hex(contents_of_unsigned(value)), contents) << value;
    EXPECT_EQ(unsigned_of(from_hex(contents)), value);
  }
  EXPECT_EQ(unsigned_of(from_hex("ffffffff")), 4294967295u);  // senders that leave out the 00
  EXPECT_EQ(unsigned_of(from_hex("ff")), std::nullopt);
  EXPECT_EQ(unsigned_of({}), std::nullopt);
  EXPECT_EQ(unsigned_of(from_hex("01ffffffffffffffff")), std::nullopt);
  EXPECT_EQ(unsigned_of(from_hex("0000ffffffffffffffff")), std::nullopt);
}

TEST(Rfc3416_3_Varbind, IsASequenceOfNameAndValue) {
  const Varbind enabled{{1, 3, 6, 1, 4, 1, 4491, 2, 2, 1, 1, 1, 7, 0}, SnmpType::integer, {1}};
  EXPECT_EQ(hex(encode(enabled, LengthForm::shortest)), "3013060e2b06010401a30b020201010107000201" "01");
  EXPECT_EQ(hex(encode(enabled, LengthForm::utility)), hex(encode(enabled, LengthForm::shortest)));
  EXPECT_EQ(encode({{3, 1}, SnmpType::integer, {1}}, LengthForm::shortest), std::nullopt);
}

// Reference: docsis, section 4.
TEST(Utility_4_Varbind, StringsGoToThreeOctetsOfLengthAtNPlusKPlus8) {
  EXPECT_TRUE(hex(encode(string_varbind(108), LengthForm::utility)).starts_with("307a060a"));
  EXPECT_TRUE(hex(encode(string_varbind(109), LengthForm::utility)).starts_with("3082007b060a"));
  EXPECT_TRUE(hex(encode(string_varbind(109), LengthForm::shortest)).starts_with("307b060a"));
  for (std::size_t arcs = 2; arcs <= 20; ++arcs)
    for (std::size_t size = 0; size < 300; ++size) {
      const Octets octets = *encode(string_varbind(size, arcs), LengthForm::utility);
      ASSERT_EQ(octets[1] == 0x82, size + arcs + 8 >= 127) << size << " " << arcs;
    }
}

TEST(Utility_4_Varbind, InnerLengthsAreTheShortest) {
  EXPECT_NE(hex(encode(string_varbind(127), LengthForm::utility)).find("047f4141"), std::string::npos);
  EXPECT_NE(hex(encode(string_varbind(128), LengthForm::utility)).find("0481804141"), std::string::npos);
  EXPECT_NE(hex(encode(string_varbind(256), LengthForm::utility)).find("048201004141"), std::string::npos);
}

TEST(Utility_4_Varbind, OtherTypesNeverHaveMoreThanOneOctetOfLength) {
  Varbind varbind{{1, 3, 6}, SnmpType::object_id, {}};
  varbind.contents.assign(126, 1);
  const Octets octets = *encode(varbind, LengthForm::utility);  // 4 + 2 + 126 behind the length: illegal, but what it writes
  EXPECT_EQ(to_hex(Bytes(octets).first(6)), "308406022b06");
  EXPECT_EQ(octets.size(), 2u + 132u);
  const auto decoded = decode_varbind(octets);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->contents, varbind.contents);
  EXPECT_EQ(to_hex(Bytes(*encode(varbind, LengthForm::shortest)).first(7)), "30818406022b06");
}

TEST(Utility_4_Varbind, CompatibleIsTheUtilitysWhereThatIsLegal) {
  for (const SnmpType type : {SnmpType::octet_string, SnmpType::opaque})
    for (std::size_t arcs = 2; arcs <= 100; arcs += 7)
      for (std::size_t size = 0; size < 300; ++size) {
        Varbind varbind = string_varbind(size, arcs);
        varbind.type = type;
        const Octets compatible = *encode(varbind, LengthForm::compatible), utility = *encode(varbind, LengthForm::utility);
        // Legal: the first octet of a length is the length, or says how many octets it has.
        const bool legal = utility[1] == 0x82 ? load_be16(&utility[2]) == utility.size() - 4 : utility[1] < 0x80 && utility[1] == utility.size() - 2;
        ASSERT_EQ(compatible, legal ? utility : *encode(varbind, LengthForm::shortest)) << size << " " << arcs;
      }
}

TEST(Golden_Varbind, EveryOneOfThemIsEncodedToTheSameOctets) {
  std::size_t count = 0;
  for (const std::string_view name : {"03-d20-mgmt.cm", "08-erouter.cm", "09-snmp-types.cm", "10-snmp-names.cm", "12-mta-na.bin", "13-mta-eu-long.bin",
                                      "14-big-filters.cm", "15-lexical.cm", "16-dynamic-order.cm"}) {
    const std::string file = golden(name);
    ASSERT_FALSE(file.empty()) << name;
    const auto values = snmp_values(file);
    for (const Octets& value : values) {
      const auto varbind = decode_varbind(value);
      ASSERT_TRUE(varbind) << name << ": " << varbind.error() << " " << to_hex(value);
      EXPECT_EQ(hex(encode(*varbind, LengthForm::utility)), to_hex(value)) << name;
      EXPECT_EQ(hex(encode(*varbind, LengthForm::compatible)), to_hex(value)) << name;
      EXPECT_EQ(decode_varbind(*encode(*varbind, LengthForm::shortest))->contents, varbind->contents);
      ++count;
    }
    EXPECT_FALSE(values.empty()) << name;
  }
  EXPECT_GT(count, 100u);
}

TEST(X690_8_1_3_Varbind, EveryLegalFormOfLengthIsRead) {
  // sysContact.0 = "abc": the SEQUENCE, the name and the value in long forms, needlessly long ones too.
  for (const std::string_view octets : {"300f06082b060102010104000403616263", "30810f06082b060102010104000403616263", "3082000f06082b060102010104000403616263",
                                        "30840000000f06082b060102010104000403616263", "30100681082b060102010104000403616263",
                                        "301106082b0601020101040004820003616263"}) {
    const auto varbind = decode_varbind(from_hex(octets));
    ASSERT_TRUE(varbind) << octets << " " << varbind.error();
    EXPECT_EQ(to_text(varbind->name), "1.3.6.1.2.1.1.4.0");
    EXPECT_EQ(to_hex(varbind->contents), "616263");
  }
  EXPECT_FALSE(decode_varbind(from_hex("308006082b0601020101040004036162630000")));  // indefinite
  EXPECT_FALSE(decode_varbind(from_hex("30ff06082b060102010104000403616263")));       // reserved
}

TEST(Rfc3416_3_Varbind, WhatIsWrongIsTold) {
  const auto why = [](std::string_view octets) {
    const auto varbind = decode_varbind(from_hex(octets));
    return varbind ? std::string_view("nothing") : varbind.error();
  };
  EXPECT_EQ(why(""), "is not a SEQUENCE");
  EXPECT_EQ(why("0403616263"), "is not a SEQUENCE");
  EXPECT_EQ(why("30"), "ends before its length");
  EXPECT_EQ(why("300f06082b0601020101040004036162"), "ends before the length that it states");
  EXPECT_EQ(why("300e06082b060102010104000403616263"), "is longer than it states");
  EXPECT_EQ(why("3000"), "does not begin with a name");
  EXPECT_EQ(why("3003020101"), "does not begin with a name");
  EXPECT_EQ(why("300306022b"), "ends within the name");
  EXPECT_EQ(why("300406022b80"), "has a name that cannot be read");
  EXPECT_EQ(why("300406022b06"), "has no value");
  EXPECT_EQ(why("300606022b060202"), "ends within the value");
  EXPECT_EQ(why("300806022b0602010500"), "has octets behind its value");
  EXPECT_EQ(why("300606022b060500"), "has a value of a type that SNMP does not have");
  EXPECT_EQ(why("300606022b060200"), "has an Integer that 32 bits do not hold");
  EXPECT_EQ(why("300b06022b0602050080000000"), "has an Integer that 32 bits do not hold");
  EXPECT_EQ(why("300b06022b0642050100000000"), "has an unsigned number that 32 bits do not hold");
  EXPECT_EQ(why("300906022b06400301020" "3"), "has an IPAddress that is not four octets");
  EXPECT_EQ(why("300606022b060600"), "has an ObjectID that cannot be read");
}

TEST(Rfc3416_3_Varbind, NoTruncationIsRead) {
  for (const Varbind& varbind : {string_varbind(5), string_varbind(200), string_varbind(300)})
    for (const LengthForm form : {LengthForm::shortest, LengthForm::utility, LengthForm::compatible}) {
      const Octets whole = *encode(varbind, form);
      ASSERT_TRUE(decode_varbind(whole));
      for (std::size_t size = 0; size < whole.size(); ++size) {
        const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));  // a copy, so that a sanitizer sees its end
        ASSERT_FALSE(decode_varbind(cut)) << size;
      }
    }
}

TEST(Rfc2578_7_1_Varbind, EveryTypeSurvives) {
  const std::pair<SnmpType, std::string_view> cases[] = {
      {SnmpType::integer, "80000000"}, {SnmpType::octet_string, ""}, {SnmpType::object_id, "2b06"}, {SnmpType::ip_address, "cb00714d"},
      {SnmpType::counter32, "010000"}, {SnmpType::gauge32, "00ffffffff"}, {SnmpType::time_ticks, "0083d600"}, {SnmpType::opaque, "9f780400000000"},
      {SnmpType::counter64, "00ffffffffffffffff"}};
  for (const auto& [type, contents] : cases) {
    const Varbind varbind{{1, 3, 6, 1, 4, 1, 32473, 1}, type, from_hex(contents)};
    const auto again = decode_varbind(*encode(varbind, LengthForm::shortest));
    ASSERT_TRUE(again) << contents << " " << again.error();
    EXPECT_EQ(again->name, varbind.name);
    EXPECT_EQ(again->type, type);
    EXPECT_EQ(to_hex(again->contents), contents);
  }
}

}  // namespace
}  // namespace coaxd::docsis
