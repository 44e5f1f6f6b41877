// print_json() and JSON strings.
#include <gtest/gtest.h>

#include "docsis/binary.h"
#include "docsis/json.h"
#include "docsis/text.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {
namespace {

std::string json_of(std::string_view hex) {
  std::string octets;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) octets += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
  const auto decoded = decode(as_bytes(octets), "test");
  EXPECT_TRUE(decoded);
  const std::string json = decoded ? print_json(decoded->document, {}) : std::string{};
  EXPECT_TRUE(json.ends_with("]\n"));
  return json.size() > 6 ? json.substr(4, json.size() - 7) : json;  // of one TLV, what is between "[\n  " and "\n]\n"
}

TEST(Docsis12_Json, ByKind) {
  EXPECT_EQ(json_of("030101"), R"({"code": 3, "name": "NetworkAccess", "value": 1})");
  EXPECT_EQ(json_of("0901c3"), R"({"code": 9, "name": "SwUpgradeFilename", "hex": "c3"})");
  EXPECT_EQ(json_of("09026122"), R"({"code": 9, "name": "SwUpgradeFilename", "value": "a\""})");
  EXPECT_EQ(json_of("3e020102"), R"({"code": 62, "name": "UpstreamDropClassifierGroupID", "value": [1,2]})");
  EXPECT_EQ(json_of("230801020304c0000201"), R"({"code": 35, "name": "SubMgmtControl", "hex": "01020304c0000201"})");
  EXPECT_EQ(json_of("240801020304c0000201"), R"({"code": 36, "name": "SubscriberManagementCPEIPTable", "value": ["1.2.3.4", "192.0.2.1"]})");
  EXPECT_EQ(json_of("0e0602005e102030"), R"({"code": 14, "name": "CpeMacAddress", "value": "02:00:5e:10:20:30"})");
  EXPECT_EQ(json_of("0a0806052b0601020101"), R"({"code": 10, "name": "SnmpWriteControl", "oid": "1.3.6.1.2.1", "value": 1})");
  EXPECT_EQ(json_of("be0161"), R"({"code": 190, "hex": "61"})");
  EXPECT_EQ(json_of("12020001"), R"({"code": 18, "name": "MaxCPE", "hex": "0001"})");
}

TEST(Docsis12_Json, Blocks) {
  EXPECT_EQ(json_of("180701020001060107"),
            "{\"code\": 24, \"name\": \"UsServiceFlow\", \"tlvs\": [\n    {\"code\": 1, \"name\": \"UsServiceFlowRef\", \"value\": 1},\n"
            "    {\"code\": 6, \"name\": \"QosParamSetType\", \"value\": 7}\n  ]}");
  EXPECT_EQ(json_of("1800"), R"({"code": 24, "name": "UsServiceFlow", "tlvs": []})");
  EXPECT_EQ(print_json({}, {}), "[]\n");
}

TEST(Docsis12_Json, Varbinds) {
  EXPECT_EQ(json_of("0b0f300d06082b0601020101040004016e"),
            R"({"code": 11, "name": "SnmpMibObject", "oid": "1.3.6.1.2.1.1.4.0", "object": "sysContact.0", "type": "String", "value": "n"})");
  EXPECT_EQ(
      json_of("0b11300f060a2b060102010202010701020102"),
      R"({"code": 11, "name": "SnmpMibObject", "oid": "1.3.6.1.2.1.2.2.1.7.1", "object": "ifAdminStatus.1", "type": "Integer", "value": 2, "label": "down"})");
  EXPECT_EQ(json_of("0b03300106"), R"({"code": 11, "name": "SnmpMibObject", "hex": "300106"})");
}

TEST(Docsis12_Json, EndAndPads) { EXPECT_EQ(json_of("ff00"), "{\"code\": 255, \"name\": \"EndOfDataMkr\"},\n  {\"code\": 0, \"name\": \"Pad\"}"); }

TEST(Rfc8259_7_Strings, Escapes) {
  std::string out;
  append_json("a\"\\\n\x01é", out);
  EXPECT_EQ(out, "\"a\\\"\\\\\\u000a\\u0001é\"");
}

TEST(Rfc3629_Utf8, WhatIsNot) {
  for (const char* good : {"", "a", "\xc2\x80", "\xed\x9f\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
    std::string out;
    append_json(bad, out);
    EXPECT_NE(out.find("\\ufffd"), std::string::npos);
  }
}

}  // namespace
}  // namespace coaxd::docsis
