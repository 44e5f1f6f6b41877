// diff(), and how it is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "docsis/check.h"
#include "docsis/diff_text.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

Document document(std::string_view statements) {
  ParseOptions options;
  options.dialect = Dialect::utility;
  auto parsed = parse("Main { " + std::string(statements) + " }", "test", options);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().front().message);
  return parsed ? std::move(parsed->document) : Document{};
}

std::string lines(std::string_view before, std::string_view after) {
  const Document left = document(before), right = document(after);
  return diff_text(diff(left, right), left.kind, {});
}

TEST(Docsis12_Diff, SameAndReordered) {
  EXPECT_EQ(lines("NetworkAccess 1; MaxCPE 3;", "NetworkAccess 1; MaxCPE 3;"), "");
  EXPECT_EQ(lines("NetworkAccess 1; MaxCPE 3;", "MaxCPE 3; NetworkAccess 1;"), "");
}

TEST(Docsis12_Diff, Leaves) {
  EXPECT_EQ(lines("NetworkAccess 1; MaxCPE 3;", "NetworkAccess 1; MaxCPE 4;"), "- MaxCPE 3;\n+ MaxCPE 4;\n");
  EXPECT_EQ(lines("NetworkAccess 1; MaxCPE 3;", "NetworkAccess 1;"), "- MaxCPE 3;\n");
  EXPECT_EQ(lines("NetworkAccess 1;", "NetworkAccess 1; MaxCPE 4;"), "+ MaxCPE 4;\n");
}

TEST(Docsis12_Diff, FlowsAreMatchedByReference) {
  constexpr std::string_view kOne = "UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; MaxRateSustained 100; } ";
  constexpr std::string_view kTwo = "UsServiceFlow { UsServiceFlowRef 2; QosParamSetType 7; } ";
  EXPECT_EQ(lines(std::string(kOne) + std::string(kTwo), std::string(kTwo) + "UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; MaxRateSustained 200; }"),
            "- UsServiceFlow[1].MaxRateSustained 100;\n+ UsServiceFlow[1].MaxRateSustained 200;\n");
  EXPECT_EQ(lines(std::string(kOne) + std::string(kTwo), kOne), "- UsServiceFlow[2] { UsServiceFlowRef 2; QosParamSetType 7; }\n");
}

TEST(Docsis12_Diff, ObjectsAreMatchedByName) {
  EXPECT_EQ(lines("SnmpMibObject sysContact.0 String \"a\"; SnmpMibObject sysName.0 String \"b\";",
                  "SnmpMibObject sysName.0 String \"c\"; SnmpMibObject sysContact.0 String \"a\";"),
            "- SnmpMibObject[1.3.6.1.2.1.1.5.0] sysName.0 String \"b\";\n+ SnmpMibObject[1.3.6.1.2.1.1.5.0] sysName.0 String \"c\";\n");
}

// One that is put before others of its kind does not change them all.
TEST(Docsis12_Diff, EqualOnesFindEachOtherFirst) {
  EXPECT_EQ(lines("CpeMacAddress 02:00:00:00:00:01; CpeMacAddress 02:00:00:00:00:02;",
                  "CpeMacAddress 02:00:00:00:00:09; CpeMacAddress 02:00:00:00:00:01; CpeMacAddress 02:00:00:00:00:02;"),
            "+ CpeMacAddress[1] 02:00:00:00:00:09;\n");
  EXPECT_EQ(lines("CpeMacAddress 02:00:00:00:00:01; CpeMacAddress 02:00:00:00:00:02;", "CpeMacAddress 02:00:00:00:00:01; CpeMacAddress 02:00:00:00:00:03;"),
            "- CpeMacAddress[2] 02:00:00:00:00:02;\n+ CpeMacAddress[2] 02:00:00:00:00:03;\n");
}

TEST(Docsis12_Diff, WhatHasNoName) {
  EXPECT_EQ(lines("GenericTLV TlvCode 190 TlvLength 1 TlvValue 0x01;", "GenericTLV TlvCode 190 TlvLength 1 TlvValue 0x02;"),
            "- TLV 190: GenericTLV TlvCode 190 TlvLength 1 TlvValue 0x01;\n+ TLV 190: GenericTLV TlvCode 190 TlvLength 1 TlvValue 0x02;\n");
}

TEST(Docsis12_Diff, PointsIntoTheDocuments) {
  const Document before = document("NetworkAccess 1; MaxCPE 3;"), after = document("NetworkAccess 1; MaxCPE 4;");
  const auto found = diff(before, after);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Difference::Kind::changed);
  EXPECT_EQ(found[0].path, "MaxCPE");
  EXPECT_EQ(found[0].before, &before.nodes[1]);
  EXPECT_EQ(found[0].after, &after.nodes[1]);
}

TEST(Docsis12_Diff, AsJson) {
  const Document before = document("NetworkAccess 1; MaxCPE 3;"), after = document("MaxCPE 4; NetworkAccess 1; MulticastMACAddress 01:00:5e:00:00:01;");
  EXPECT_EQ(diff_json(diff(before, after), before.kind, {}),
            "[\n  {\"kind\": \"changed\", \"path\": \"MaxCPE\", \"before\": \"MaxCPE 3;\", \"after\": \"MaxCPE 4;\"},\n"
            "  {\"kind\": \"added\", \"path\": \"MulticastMACAddress\", \"after\": \"MulticastMACAddress 01:00:5e:00:00:01;\"}\n]\n");
  EXPECT_EQ(diff_json({}, FileKind::modem, {}), "[]\n");
}

}  // namespace
}  // namespace coaxd::docsis
