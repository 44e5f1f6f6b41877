#include "docsis/snmp_value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

struct Outcome {
  std::string hex;  // of the varbind's tag and contents
  Problems problems;
  Cause cause = Cause::none;
};

Outcome compile(std::string_view statement, Dialect dialect) {
  const auto parsed = parse(fmt::format("Main {{ SnmpMibObject {}; }}", statement), "test", {.dialect = dialect, .read_file = {}});
  Outcome outcome;
  outcome.problems = parsed ? parsed->warnings : parsed.error();
  if (!parsed) {
    for (const Problem& problem : outcome.problems)
      if (problem.severity == Severity::error) outcome.cause = problem.cause;
    return outcome;
  }
  const auto varbind = decode_varbind(parsed->document.nodes.at(0).value);
  EXPECT_TRUE(varbind) << statement;
  if (!varbind) return outcome;
  outcome.hex = fmt::format("{:02x}:", static_cast<unsigned>(varbind->type));
  for (const std::uint8_t octet : varbind->contents) outcome.hex += fmt::format("{:02x}", octet);
  return outcome;
}
std::string utility(std::string_view value) { return compile(fmt::format("1.3.6.1.4.1.32473.1.0 {}", value), Dialect::utility).hex; }
std::string native(std::string_view value) { return compile(fmt::format("1.3.6.1.4.1.32473.1.0 {}", value), Dialect::native).hex; }
Cause utility_cause(std::string_view value) { return compile(fmt::format("1.3.6.1.4.1.32473.1.0 {}", value), Dialect::utility).cause; }
Cause native_cause(std::string_view value) { return compile(fmt::format("1.3.6.1.4.1.32473.1.0 {}", value), Dialect::native).cause; }

TEST(Rfc2578_7_1_Types, BothDialects) {
  const struct {
    std::string_view value, hex;
  } kRows[] = {
      {"Integer 0", "02:00"},
      {"Integer 127", "02:7f"},
      {"Integer 128", "02:0080"},
      {"Integer -1", "02:ff"},
      {"Integer -128", "02:80"},
      {"Integer -129", "02:ff7f"},
      {"Integer 2147483647", "02:7fffffff"},
      {"Integer -2147483648", "02:80000000"},
      {"Unsigned32 4294967295", "42:00ffffffff"},
      {"Gauge 5", "42:05"},
      {"Gauge32 128", "42:0080"},
      {"Counter32 65536", "41:010000"},
      {"TimeTicks 8640000", "43:0083d600"},
      {"IPAddress 192.0.2.1", "40:c0000201"},
      {"String \"noc\"", "04:6e6f63"},
      {"String \"\"", "04:"},
      {"HexString 0x00fF", "04:00ff"},
      {"ObjectID .1.3.6.1.4", "06:2b060104"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(utility(row.value), row.hex) << row.value;
    EXPECT_EQ(native(row.value), row.hex) << row.value;
  }
}

TEST(DocsisSnmpValue, WhatTheUtilityWraps) {
  EXPECT_EQ(utility("Integer 4294967295"), "02:ff");
  EXPECT_EQ(utility("Gauge32 4294967296"), "42:00");
  EXPECT_EQ(utility("Unsigned32 -1"), "42:00ffffffff");
  for (const std::string_view value : {"Integer 4294967295", "Gauge32 4294967296", "Unsigned32 -1", "TimeTicks 4294967296"})
    EXPECT_EQ(native_cause(value), Cause::range) << value;
}

TEST(DocsisSnmpValue, TypesWithoutARuleInTheUtility) {
  EXPECT_EQ(utility_cause("BitString 0xf0"), Cause::grammar);
  EXPECT_EQ(utility_cause("DecimalString 1"), Cause::grammar);
  EXPECT_EQ(utility_cause("BigInt 1"), Cause::grammar);
  EXPECT_EQ(utility_cause("Counter64 1"), Cause::value);
  EXPECT_EQ(utility_cause("Opaque 1"), Cause::value);
  EXPECT_EQ(utility_cause("MaxCPE 1"), Cause::grammar);
  EXPECT_EQ(native("Counter64 18446744073709551615"), "46:00ffffffffffffffff");
  EXPECT_EQ(native_cause("Counter64 18446744073709551616"), Cause::range);
  EXPECT_EQ(native_cause("BitString 0xf0"), Cause::grammar);
  EXPECT_EQ(native_cause("Opaque 1"), Cause::value);
  EXPECT_EQ(compile("sysContact.0 Strng \"a\"", Dialect::native).problems.at(0).mend, "did you mean String?");
}

TEST(DocsisSnmpValue, AValueOfAnotherTypeIsAnErrorOfTheGrammar) {
  for (const std::string_view value :
       {"Integer \"1\"", "Integer 0x01", "String 5", "HexString \"00\"", "IPAddress 5", "IPAddress ::1", "ObjectID 5", "TimeTicks 1:2:3:4.5"}) {
    EXPECT_EQ(utility_cause(value), Cause::grammar) << value;
    if (value.starts_with("TimeTicks")) continue;
    EXPECT_EQ(native_cause(value), Cause::grammar) << value;
  }
  EXPECT_EQ(native("TimeTicks 1:0:0:1.5"), "43:0083d669");
  EXPECT_EQ(native_cause("TimeTicks 9999:0:0:0.0"), Cause::range);
}

TEST(DocsisSnmpValue, LabelsOfEnums) {
  EXPECT_EQ(compile("docsDevNmAccessStatus.1 Integer createAndGo", Dialect::native).hex, "02:04");
  EXPECT_EQ(compile("docsDevNmAccessStatus.1 Integer createAndGo", Dialect::utility).cause, Cause::value);
  const Outcome near = compile("docsDevNmAccessStatus.1 Integer createAndGoo", Dialect::native);
  EXPECT_EQ(near.cause, Cause::value);
  EXPECT_EQ(near.problems.at(0).mend, "did you mean createAndGo?");
  EXPECT_EQ(native_cause("Integer active"), Cause::value);  // nobody knows the object
}

TEST(Rfc3417_8_Bits, LabelsOfBits) {
  EXPECT_EQ(compile("docsDevEvReporting.1 BitString local", Dialect::native).hex, "04:80");
  EXPECT_EQ(compile("docsDevEvReporting.1 BitString local,traps,syslog", Dialect::native).hex, "04:e0");
  EXPECT_EQ(compile("docsDevEvReporting.1 BitString local,nothing", Dialect::native).cause, Cause::value);
  EXPECT_EQ(compile("sysContact.0 BitString local", Dialect::native).cause, Cause::value);
}

// The size of strings is an error, as in the utility; what else SYNTAX forbids is told.
TEST(DocsisSnmpValue, WhatTheMibKnows) {
  const std::string long_text = fmt::format("sysContact.0 String \"{}\"", std::string(256, 'x'));
  EXPECT_EQ(compile(long_text, Dialect::utility).cause, Cause::value);
  EXPECT_EQ(compile(long_text, Dialect::native).cause, Cause::value);
  const Outcome type = compile("sysContact.0 Integer 1", Dialect::native);
  EXPECT_EQ(type.cause, Cause::none);
  ASSERT_EQ(type.problems.size(), 1U);
  EXPECT_EQ(type.problems[0].message, "sysContact: its type is String, not Integer");
  EXPECT_EQ(type.problems[0].mend, "write sysContact.0 String and a value");
  EXPECT_TRUE(compile("sysContact.0 Integer 1", Dialect::utility).problems.empty());
  EXPECT_EQ(compile("docsDevNmAccessStatus.1 Integer 9", Dialect::native).problems.size(), 1U);
  EXPECT_TRUE(compile("docsDevNmAccessStatus.1 Integer 9", Dialect::utility).problems.empty());
  EXPECT_TRUE(compile("docsDevNmAccessStatus.1 Integer 4", Dialect::native).problems.empty());
}

// RFC 2578 §9: sizes and values may have gaps.
TEST(DocsisSnmpValue, RangesWithGaps) {
  const auto of_size = [](std::size_t octets) { return fmt::format("docsIfSigQEqualizationData.1 HexString 0x{}", std::string(2 * octets, 'a')); };
  for (const std::size_t size : {36, 100}) EXPECT_EQ(compile(of_size(size), Dialect::native).cause, Cause::none) << size;
  for (const std::size_t size : {1, 35, 261}) EXPECT_EQ(compile(of_size(size), Dialect::native).cause, Cause::value) << size;
  EXPECT_EQ(compile("docsIfSigQEqualizationData.1 String \"\"", Dialect::native).cause, Cause::none);
  EXPECT_EQ(compile("docsDevFilterIpTos.1 HexString 0x0102", Dialect::native).problems.at(0).message, "docsDevFilterIpTos has 1 octet, not 2");
  EXPECT_EQ(compile(of_size(35), Dialect::utility).problems.at(0).message, "docsIfSigQEqualizationData has 0, 36 to 260 octets, not 35");
}

TEST(DocsisSnmpValue, Names) {
  EXPECT_EQ(compile("docsNoSuchThing.0 Integer 1", Dialect::utility).cause, Cause::value);
  EXPECT_EQ(compile("docsNoSuchThing.0 Integer 1", Dialect::native).cause, Cause::value);
  EXPECT_EQ(compile("SNMPv2-MIB::sysContact.0 String \"x\"", Dialect::native).hex, "04:78");
  EXPECT_EQ(native("ObjectID internet"), "06:2b0601");
  EXPECT_EQ(utility_cause("ObjectID snmpDomains.1"), Cause::value);
  EXPECT_EQ(utility("ObjectID .iso.org.dod.internet.mgmt.mib-2.69"), "06:2b0601020145");
  EXPECT_EQ(utility_cause("ObjectID 1.3.6.1"), Cause::grammar);
  EXPECT_EQ(utility_cause("ObjectID 3.1.1"), Cause::value);
  EXPECT_EQ(compile("3.1.1 Integer 1", Dialect::native).cause, Cause::value);
}

}  // namespace
}  // namespace coaxd::docsis
