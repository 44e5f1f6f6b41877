#include "docsis/value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "docsis/literal.h"

namespace coaxd::docsis {
namespace {

struct Outcome {
  bool good = false;
  std::string hex;
  Cause cause = Cause::none;  // of the first error
  Problems problems;
};

Outcome read(const Tlv& row, std::string_view text, Dialect dialect) {
  Report report(dialect);
  Lexer lexer(text, report);
  Octets octets;
  Outcome outcome;
  outcome.good = read_value(row, lexer.next(), no_mibs(), report, octets);
  for (const std::uint8_t octet : octets) outcome.hex += fmt::format("{:02x}", octet);
  outcome.problems = report.problems();
  for (const Problem& problem : outcome.problems)
    if (problem.severity == Severity::error && outcome.cause == Cause::none) outcome.cause = problem.cause;
  EXPECT_EQ(outcome.good, outcome.cause == Cause::none) << text;
  return outcome;
}
Tlv row(Kind kind) { return {.path = "1", .name = "Thing", .kind = kind}; }
Tlv row(Kind kind, std::uint32_t min, std::uint32_t max) { return {.path = "1", .name = "Thing", .kind = kind, .bounded = true, .min = min, .max = max}; }

std::string utility(const Tlv& row, std::string_view text) { return read(row, text, Dialect::utility).hex; }
std::string native(const Tlv& row, std::string_view text) { return read(row, text, Dialect::native).hex; }
Cause utility_cause(const Tlv& row, std::string_view text) { return read(row, text, Dialect::utility).cause; }
Cause native_cause(const Tlv& row, std::string_view text) { return read(row, text, Dialect::native).cause; }

TEST(DocsisValue, EveryKindBothDialects) {
  const struct {
    Kind kind;
    std::string_view text, hex;
  } kRows[] = {
      {Kind::u8, "7", "07"},
      {Kind::u8, "007", "07"},
      {Kind::u16, "258", "0102"},
      {Kind::u24, "66051", "010203"},
      {Kind::u32, "4294967295", "ffffffff"},
      {Kind::str, "\"ab\"", "6162"},
      {Kind::str, "\"\"", ""},
      {Kind::str, "\"\xc3\xb6\"", "c3b6"},
      {Kind::str, R"("a\"b")", "612262"},
      {Kind::strz, "\"ab\"", "616200"},
      {Kind::hex, "0x0aFf", "0aff"},
      {Kind::opaque, "0x0aFf", "0aff"},
      {Kind::hex16, "0X0aFf", "0aff"},
      {Kind::mac, "00:00:5E:00:53:01", "00005e005301"},
      {Kind::mac_mask, "00:00:5e:00:53:01/ff:ff:ff:00:00:00", "00005e005301ffffff000000"},
      {Kind::ip4, "192.0.2.1", "c0000201"},
      {Kind::ip6, "2001:db8::1", "20010db8000000000000000000000001"},
      {Kind::ip, "192.0.2.1", "c0000201"},
      {Kind::ip, "::", "00000000000000000000000000000000"},
      {Kind::afi_ip, "192.0.2.1", "01c0000201"},
      {Kind::afi_ip, "::1", "0200000000000000000000000000000001"},
      {Kind::ip_port, "192.0.2.1/161", "c000020100a1"},
      {Kind::ip_port, "::1/162", "0000000000000000000000000000000100a2"},
      {Kind::ip4_list, "192.0.2.1", "c0000201"},
      {Kind::ip4_list, "192.0.2.1,192.0.2.2", "c0000201c0000202"},
      {Kind::ip6_list, "::1,::2", "0000000000000000000000000000000100000000000000000000000000000002"},
      {Kind::prefix6_list, "2001:db8::/48", "20010db800000000000000000000000030"},
      {Kind::prefix6_list, "::/0,::1/128", "00000000000000000000000000000000000000000000000000000000000000000180"},
      {Kind::u8_list, "1,255", "01ff"},
      {Kind::u16_list, "1,65535,3", "0001ffff0003"},
      {Kind::u16_pair, "100,4000", "00640fa0"},
      {Kind::empty, "0x00", ""},
      {Kind::empty, "7", ""},
      {Kind::oid, ".1.3.6.1.2.1.69", "06062b0601020145"},
      {Kind::oid, "1.3.6.1.4.1.4294967295", "060a2b060104018fffffff7f"},
  };
  for (const auto& each : kRows) {
    EXPECT_EQ(utility(row(each.kind), each.text), each.hex) << each.text;
    EXPECT_EQ(native(row(each.kind), each.text), each.hex) << each.text;
  }
}

TEST(DocsisValue, BoundsOfNumbers) {
  for (const Kind kind : {Kind::u8, Kind::u16, Kind::u32}) {
    for (const std::string_view good : {"1", "254"}) EXPECT_EQ(utility_cause(row(kind, 1, 254), good), Cause::none) << good;
    for (const std::string_view wrong : {"0", "255", "-1", "70000"}) {
      EXPECT_EQ(utility_cause(row(kind, 1, 254), wrong), Cause::range) << wrong;
      EXPECT_EQ(native_cause(row(kind, 1, 254), wrong), Cause::range) << wrong;
    }
  }
  const Outcome outcome = read(row(Kind::u8, 1, 254), "255", Dialect::native);
  EXPECT_EQ(outcome.problems[0].message, "Thing is 1 to 254, not 255");
  EXPECT_EQ(outcome.problems[0].mend, "the highest is 254");
}

// Reference 3.2: unchecked numbers are truncated without a word; u24 is never checked. Numbers are modulo 2^32.
TEST(DocsisValue, WhatTheUtilityTruncates) {
  const struct {
    Tlv row;
    std::string_view text, hex;
  } kRows[] = {
      {row(Kind::u8), "300", "2c"},
      {row(Kind::u16), "65536", "0000"},
      {row(Kind::u24, 1, 5), "16777217", "000001"},
      {row(Kind::u32), "4294967296", "00000000"},
      {row(Kind::u32), "-1", "ffffffff"},
      {row(Kind::u16, 1, 65536), "65536", "0000"},
      {row(Kind::u8_list), "256,1", "0001"},
      {row(Kind::ip_port), "1.2.3.4/65537", "010203040001"},
      {row(Kind::prefix6_list), "::/257", "0000000000000000000000000000000001"},
  };
  for (const auto& each : kRows) {
    EXPECT_EQ(utility(each.row, each.text), each.hex) << each.text;
    EXPECT_EQ(native_cause(each.row, each.text), Cause::range) << each.text;
  }
}

TEST(DocsisValue, BoundsOfStringsHexAndLists) {
  const struct {
    Tlv row;
    std::string_view text;
    Cause cause;
  } kRows[] = {
      {row(Kind::str, 2, 3), "\"a\"", Cause::value},
      {row(Kind::str, 2, 3), "\"ab\"", Cause::none},
      {row(Kind::str, 2, 3), "\"abc\"", Cause::none},
      {row(Kind::str, 2, 3), "\"abcd\"", Cause::value},
      {row(Kind::strz, 2, 3), "\"abc\"", Cause::none},  // the NUL does not count
      {row(Kind::strz, 2, 3), "\"abcd\"", Cause::value},
      {row(Kind::hex, 3, 3), "0x1234", Cause::value},
      {row(Kind::hex, 3, 3), "0x123456", Cause::none},
      {row(Kind::hex), "0x123", Cause::value},
      {row(Kind::u16_list, 4, 10), "1,2,3", Cause::value},
      {row(Kind::u16_list, 4, 10), "1,2,3,4", Cause::none},
      {row(Kind::u16_list, 4, 10), "1,2,3,4,5,6,7,8,9,10,11", Cause::value},
      {row(Kind::u16_list), "1,65536", Cause::list_item},
      {row(Kind::u8_list), "1,65536", Cause::list_item},
      {row(Kind::u16_list), "1,99999999999999999999", Cause::list_item},
      {row(Kind::u16_pair), "1,2,3", Cause::value},
  };
  for (const auto& each : kRows) {
    EXPECT_EQ(utility_cause(each.row, each.text), each.cause) << each.text;
    EXPECT_EQ(native_cause(each.row, each.text), each.cause) << each.text;
  }
}

// Reference 3.4: these kill the utility.
TEST(DocsisValue, AValueOfAnotherKindIsAnError) {
  for (const Kind kind : {Kind::str, Kind::strz, Kind::hex, Kind::mac, Kind::mac_mask, Kind::ip4, Kind::ip6, Kind::ip, Kind::afi_ip, Kind::ip_port,
                          Kind::ip4_list, Kind::ip6_list, Kind::prefix6_list, Kind::u16_pair, Kind::opaque}) {
    EXPECT_EQ(utility_cause(row(kind), "5"), Cause::value) << static_cast<int>(kind);
    EXPECT_EQ(native_cause(row(kind), "5"), Cause::value) << static_cast<int>(kind);
  }
  for (const Kind kind : {Kind::u8, Kind::u16, Kind::u24, Kind::u32, Kind::u8_list, Kind::u16_list}) {
    EXPECT_EQ(utility_cause(row(kind), "\"5\""), Cause::value) << static_cast<int>(kind);
    EXPECT_EQ(native_cause(row(kind), "0x05"), Cause::value) << static_cast<int>(kind);
  }
  const Outcome quoted = read(row(Kind::hex), "\"0x12\"", Dialect::native);
  EXPECT_NE(quoted.problems[0].mend.find("without quotes"), std::string::npos);
  EXPECT_EQ(read(row(Kind::str), "5", Dialect::native).problems[0].mend, "write Thing \"5\";");
  EXPECT_EQ(read(row(Kind::str), "fw.bin", Dialect::native).problems[0].mend, "write Thing \"fw.bin\";");
  EXPECT_EQ(read(row(Kind::str), "0x05", Dialect::native).problems[0].mend, "write Thing \"text\";");
}

TEST(DocsisValue, ANumberThatIsWrittenOtherwiseIsTold) {
  const auto mend = [](std::string_view text, const Tlv& of = row(Kind::u32)) {
    const Outcome outcome = read(of, text, Dialect::native);
    EXPECT_EQ(outcome.problems.size(), 1u) << text;
    return outcome.problems.empty() ? "" : outcome.problems[0].mend;
  };
  for (const std::string_view text : {"10M", "10m", "\"10M\"", "10Mbps", "10000k", "0x989680", "10,000,000", "0.01G", "\"10000000\"", "10mbit"})
    EXPECT_EQ(mend(text), "write Thing 10000000;") << text;
  EXPECT_EQ(mend("1.5G"), "write Thing 1500000000;");
  EXPECT_EQ(mend("10G"), "that would be 10000000000; it is 0 to 4294967295");
  EXPECT_EQ(mend("\"9\"", row(Kind::u8, 1, 4)), "that would be 9; it is 1 to 4");
  for (const std::string_view text : {"many", "1.0001k", "10T", "10x", "\"\"", "M", "1,2", "1,0000", "192.0.2.1", "0xffffffffffffffffff", "99999999999999999999999G", "\".\""})
    EXPECT_EQ(mend(text), "write a number from 0 to 4294967295") << text;
  EXPECT_EQ(mend("x", row(Kind::u8, 1, 4)), "write a number from 1 to 4");
}

TEST(DocsisValue, AListOfOneItemIsForTheNativeDialect) {
  EXPECT_EQ(utility_cause(row(Kind::u8_list), "1"), Cause::value);
  EXPECT_EQ(native(row(Kind::u8_list), "1"), "01");
  EXPECT_EQ(native(row(Kind::u16_list), "1"), "0001");
  EXPECT_EQ(native_cause(row(Kind::u16_list, 4, 10), "1"), Cause::value);
  EXPECT_EQ(native_cause(row(Kind::u8_list), "-1"), Cause::value);
}

TEST(DocsisValue, AddressesInOctal) {
  EXPECT_EQ(utility(row(Kind::ip4), "010.0.0.1"), "08000001");
  const Outcome outcome = read(row(Kind::ip4), "010.0.0.1", Dialect::native);
  EXPECT_EQ(outcome.hex, "08000001");
  ASSERT_EQ(outcome.problems.size(), 1U);
  EXPECT_EQ(outcome.problems[0].severity, Severity::warning);
  for (const std::string_view wrong : {"10.0.0.256", "08.0.0.1", "0400.0.0.1", "99999999999.0.0.1"})
    EXPECT_EQ(utility_cause(row(Kind::ip4), wrong), Cause::value) << wrong;
  EXPECT_EQ(native(row(Kind::ip6), "::ffff:192.0.2.1"), "00000000000000000000ffffc0000201");
}

TEST(DocsisValue, Backslashes) {
  EXPECT_EQ(utility(row(Kind::str), R"("a\b\\c")"), "612062202063");
  EXPECT_EQ(native(row(Kind::str), R"("\\ \t\n\x00\xfF\$")"), "5c20090a00ff24");
  const Outcome unknown = read(row(Kind::str), R"("ab\sc")", Dialect::native);
  EXPECT_EQ(unknown.hex, "6162207363");
  ASSERT_EQ(unknown.problems.size(), 1U);
  EXPECT_EQ(unknown.problems[0].severity, Severity::warning);
  EXPECT_EQ(unknown.problems[0].at, (Position{1, 4}));
  for (const std::string_view wrong : {R"("\x")", R"("\x0")", R"("\xg0")"}) EXPECT_EQ(native_cause(row(Kind::str), wrong), Cause::value) << wrong;
}

// Reference 2: exactly four numbers lex as an IPv4 address, which is no name of an object to the utility's grammar.
TEST(DocsisValue, ObjectIdentifiers) {
  EXPECT_EQ(utility_cause(row(Kind::oid), "1.3.6.1"), Cause::grammar);
  EXPECT_EQ(native(row(Kind::oid), "1.3.6.1"), "06032b0601");
  EXPECT_EQ(utility_cause(row(Kind::oid), "3.1.2"), Cause::value);
  EXPECT_EQ(native_cause(row(Kind::oid), "3.1.2"), Cause::value);
  EXPECT_EQ(utility_cause(row(Kind::oid), "1.40.2"), Cause::value);
  EXPECT_EQ(utility_cause(row(Kind::oid), "system.6"), Cause::value);
  EXPECT_EQ(utility_cause(row(Kind::oid), "5"), Cause::grammar);
}

TEST(DocsisNumber, WrapsAsTheUtilitys) {
  const struct {
    std::string_view text;
    std::uint32_t wrapped;
  } kRows[] = {{"0", 0}, {"4294967295", 0xffffffff}, {"4294967296", 0}, {"-1", 0xffffffff}, {"-2147483648", 0x80000000}, {"99999999999999999999", 0xffffffff}};
  for (const auto& each : kRows) EXPECT_EQ(number_of(each.text).wrapped(), each.wrapped) << each.text;
  EXPECT_EQ(number_of("-5").within(-5, 5), -5);
  EXPECT_FALSE(number_of("-6").within(-5, 5));
  EXPECT_FALSE(number_of("18446744073709551616").within(-5, 5));
}

}  // namespace
}  // namespace coaxd::docsis
