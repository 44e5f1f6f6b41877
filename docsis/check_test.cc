// check(): each rule with what it lets pass and what it does not; and the golden files.
#include "docsis/check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "docsis/binary.h"
#include "docsis/text.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kFlows =
    "NetworkAccess 1; UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; } DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; } ";

Problems findings(const Document& document, std::optional<Release> release = {}) {
  Problems found = check(document, "test.cfg", {.release = release});
  for (const Problem& problem : found) {
    EXPECT_FALSE(problem.mend.empty()) << problem.message;
    EXPECT_EQ(problem.file, "test.cfg");
    EXPECT_EQ(problem.severity == Severity::warning, problem.cause == Cause::none) << problem.message;
  }
  return found;
}

// Of a text between the braces of Main; parse() says nothing about it itself.
std::vector<std::string> of(std::string_view statements, std::optional<Release> release = {}) {
  ParseOptions options;
  options.dialect = Dialect::utility;  // which lets more pass
  auto parsed = parse("Main { " + std::string(statements) + " }", "test.cfg", options);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().front().message);
  std::vector<std::string> messages;
  if (!parsed) return messages;
  for (const Problem& problem : findings(parsed->document, release)) {
    EXPECT_NE(problem.at.line, 0u) << problem.message;
    messages.push_back((problem.severity == Severity::error ? "E " : "W ") + problem.message);
  }
  return messages;
}
// The same behind what every modem's file needs.
std::vector<std::string> with_flows(std::string_view statements, std::optional<Release> release = {}) {
  return of(std::string(kFlows) + std::string(statements), release);
}

std::vector<std::string> of_octets(std::string_view hex) {
  std::string octets, digits;
  for (const char c : hex)
    if (c != ' ') digits += c;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) octets += static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16));
  const auto decoded = decode(as_bytes(octets), "test.cfg");
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().front().message);
  std::vector<std::string> messages;
  if (decoded)
    for (const Problem& problem : findings(decoded->document)) messages.push_back(fmt::format("{:x} {}", problem.offset, problem.message));
  return messages;
}
constexpr std::string_view kFlowsHex = "030101 1807 01020001 060107 1907 01020002 060107 ";
std::vector<std::string> behind_flows(std::string_view hex) { return of_octets(std::string(kFlowsHex) + std::string(hex)); }

TEST(MulpiAnnexC_Check, AWholeFileIsSilent) {
  EXPECT_THAT(with_flows(""), IsEmpty());
  EXPECT_THAT(of_octets(kFlowsHex), IsEmpty());
}

TEST(MulpiAnnexC_Check, Shape) {
  EXPECT_THAT(behind_flows("1202 0004"), ElementsAre("15 MaxCPE is 1 octet, not 2 octets: 0x0004 (MULPIv3.0-I24 C.1.1.7)"));
  EXPECT_THAT(behind_flows("1804 04026162"), testing::Contains(HasSubstr("17 UsServiceFlow.ServiceClassName")).Times(0));
  EXPECT_THAT(behind_flows("3e00"), testing::Contains(HasSubstr("UpstreamDropClassifierGroupID is 1 octet or more, not 0 octets: 0x")));
}

TEST(MulpiAnnexC_Check, RangeOfTheRow) {
  EXPECT_THAT(behind_flows("1201fe"), IsEmpty());
  EXPECT_THAT(behind_flows("1201ff"), ElementsAre("15 MaxCPE is 1 to 254, not 255 (MULPIv3.0-I24 C.1.1.7)"));
  EXPECT_THAT(behind_flows("2506 000100020003"), ElementsAre("15 SubMgmtFilters is 4 to 10 items, not 3 (MULPIv3.0-I24 C.1.1.19.4)"));
}

TEST(MulpiC_1_Check, AValueHasAtMost254Octets) {
  const auto name = [](std::size_t size) { return "SwUpgradeFilename \"" + std::string(size, 'f') + "\";"; };
  EXPECT_THAT(with_flows(name(254)), IsEmpty());
  EXPECT_THAT(with_flows(name(255)), ElementsAre("E SwUpgradeFilename has 255 octets; 254 is the most that a TLV holds (MULPIv3.0 C.1)"));
}

TEST(MulpiC_1_Check, AValueIsNotEmpty) {
  EXPECT_THAT(behind_flows("0900"), ElementsAre("15 SwUpgradeFilename is empty; the length of a TLV is 1 to 254 (MULPIv3.0 C.1)"));
}

TEST(MulpiAnnexC_Check, WhatStandsOnce) {
  EXPECT_THAT(with_flows("MaxCPE 3; CpeMacAddress 02:00:00:00:00:01; CpeMacAddress 02:00:00:00:00:02;"), IsEmpty());
  EXPECT_THAT(with_flows("MaxCPE 3; MaxCPE 4;"),
              ElementsAre("E MaxCPE is there a second time; what a modem makes of it is not defined (MULPIv3.0-I24 C.1.1.7)"));
}

TEST(Cann_Check, ReleaseOfTheModem) {
  constexpr std::string_view kAqm = "EnableTestModes 0; CMUpstreamAQMDisable 1;";
  EXPECT_THAT(with_flows(kAqm), IsEmpty());
  EXPECT_THAT(with_flows(kAqm, Release::d31), IsEmpty());
  EXPECT_THAT(with_flows(kAqm, Release::d30), ElementsAre("E CMUpstreamAQMDisable is of DOCSIS 3.1 and later; DOCSIS 3.0 does not have it (CL-SP-CANN)"));
  // A block is told once, without all that it holds.
  EXPECT_EQ(with_flows("BaselinePrivacy { AuthTimeout 10; }", Release::d10).size(), 2u);  // the two flows
}

TEST(Cann_Check, WhatIsSaidInMessagesOnly) {
  EXPECT_THAT(behind_flows("160c 010101 03020001 0803010101"),
              ElementsAre("1e UsPacketClass[1].ClassifierErrorEncodings is said between modem and CMTS only, never in a file (CL-SP-CANN)"));
}

TEST(Cann_Check, UnknownCodesAreWarnedOf) {
  EXPECT_THAT(with_flows("GenericTLV TlvCode 190 TlvLength 1 TlvValue 0x01;"), ElementsAre("W TLV 190 is in no specification that we know (CL-SP-CANN)"));
  EXPECT_THAT(with_flows("VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 190 TlvLength 1 TlvValue 0x01; }"), IsEmpty());
}

TEST(MulpiC_1_1_17_Check, AVendorsBlockSaysWhose) {
  EXPECT_THAT(behind_flows("2b03 010101"), ElementsAre("15 VendorSpecific does not say whose it is (MULPIv3.0 C.1.1.17)"));
  EXPECT_THAT(behind_flows("2b08 010101 0803000001"), ElementsAre("15 VendorSpecific has other TLVs before its VendorIdentifier (MULPIv3.0 C.1.1.17)"));
}

TEST(Rfc3416_3_Check, AVarbind) {
  EXPECT_THAT(behind_flows("0b0f 300d06082b0601020101040004016e"), IsEmpty());
  EXPECT_THAT(behind_flows("0b03 300106"), ElementsAre(testing::StartsWith("15 SnmpMibObject ")));
}

TEST(X690_8_1_3_Check, Lengths) {
  const std::string name = "06082b06010201010400", text(2 * 128, '6');
  // 12 octets of name, 131 of value, in a length octet of 8f: the utility's way.
  EXPECT_THAT(behind_flows("0b8f 308d" + name + "048180" + text),
              ElementsAre("15 SnmpMibObject[1.3.6.1.2.1.1.4.0] has a length that is not BER; an agent may refuse it (X.690 §8.1.3)"));
  EXPECT_THAT(behind_flows("0b90 30818d" + name + "048180" + text), IsEmpty());
  EXPECT_THAT(behind_flows("0b91 3082008d" + name + "048180" + text), IsEmpty());
}

TEST(Rfc2578_7_Check, TypesAndRangesOfObjects) {
  EXPECT_THAT(with_flows("SnmpMibObject ifAdminStatus.1 Integer 2;"), IsEmpty());
  EXPECT_THAT(with_flows("SnmpMibObject ifAdminStatus.1 Gauge32 2;"), ElementsAre("E ifAdminStatus is Integer, not Gauge32 (RFC 2578 §7)"));
  EXPECT_THAT(with_flows("SnmpMibObject ifAdminStatus.1 Integer 9;"), ElementsAre("W ifAdminStatus has no value 9 (RFC 2578 §7)"));
  EXPECT_THAT(with_flows("SnmpMibObject docsDevFilterIpProtocol.1 Integer 256;"), IsEmpty());
  EXPECT_THAT(with_flows("SnmpMibObject docsDevFilterIpProtocol.1 Integer 257;"), ElementsAre("W docsDevFilterIpProtocol is 0 to 256, not 257 (RFC 2578 §7)"));
}

TEST(MulpiC_1_2_5_Check, AnObjectIsSetOnce) {
  EXPECT_THAT(with_flows("SnmpMibObject sysContact.0 String \"a\"; SnmpMibObject sysName.0 String \"a\";"), IsEmpty());
  EXPECT_THAT(with_flows("SnmpMibObject sysContact.0 String \"a\"; SnmpMibObject .1.3.6.1.2.1.1.4.0 String \"b\";"),
              ElementsAre("E 1.3.6.1.2.1.1.4.0 is set twice; a modem refuses such a file (MULPIv3.0 C.1.2.5)"));
}

TEST(MulpiC_2_2_5_Check, FlowsAreComplete) {
  EXPECT_THAT(with_flows("UsServiceFlow { QosParamSetType 7; }"), ElementsAre("E UsServiceFlow[2] has no UsServiceFlowRef (MULPIv3.0-I24 C.2.2.5.1)"));
  EXPECT_THAT(with_flows("UsServiceFlow { UsServiceFlowRef 3; }"), ElementsAre("E UsServiceFlow[3] has no QosParamSetType (MULPIv3.0-I24 C.2.2.5.5)"));
}

TEST(MulpiC_2_2_8_2_Check, UnsolicitedGrantsNeedTheirParameters) {
  constexpr std::string_view kGrants = "UnsolicitedGrantSize 232; NominalGrantInterval 20000; ToleratedGrantJitter 800; ";
  const auto flow = [](std::string_view inside) {
    return "UsServiceFlow { UsServiceFlowRef 3; QosParamSetType 7; SchedulingType 6; " + std::string(inside) + " }";
  };
  EXPECT_THAT(with_flows(flow(std::string(kGrants) + "GrantsPerInterval 1;")), IsEmpty());
  EXPECT_THAT(with_flows(flow(kGrants)),
              ElementsAre("W UsServiceFlow[3] has SchedulingType 6 (unsolicited grants), but no GrantsPerInterval (MULPIv3.0 C.2.2.8.2)"));
  EXPECT_THAT(with_flows(flow("ServiceClassName \"voice\";")), IsEmpty());
}

TEST(MulpiC_2_2_7_Check, RatesAgree) {
  const auto flow = [](std::string_view inside) { return "UsServiceFlow { UsServiceFlowRef 3; QosParamSetType 7; " + std::string(inside) + " }"; };
  EXPECT_THAT(with_flows(flow("MaxRateSustained 100; MinReservedRate 100;")), IsEmpty());
  EXPECT_THAT(with_flows(flow("MaxRateSustained 0; MinReservedRate 100;")), IsEmpty());
  EXPECT_THAT(with_flows(flow("MaxRateSustained 99; MinReservedRate 100;")),
              ElementsAre("E UsServiceFlow[3] reserves 100 bit/s of a MaxRateSustained of 99 (MULPIv3.0 C.2.2.7.4)"));
  EXPECT_THAT(with_flows(flow("MaxRateSustained 99; UpstreamPeakTrafficRate 98;")), ElementsAre(HasSubstr("W UsServiceFlow[3] has a peak rate of 98")));
}

TEST(MulpiC_2_1_4_3_Check, ClassifiersNameAFlowOfTheirDirection) {
  EXPECT_THAT(with_flows("UsPacketClass { ClassifierRef 1; ServiceFlowRef 1; }"), IsEmpty());
  EXPECT_THAT(with_flows("UsPacketClass { ClassifierRef 1; ServiceFlowRef 2; }"),
              ElementsAre("E UsPacketClass[1] has ServiceFlowRef 2, but there is no UsServiceFlow with that reference (MULPIv3.0-I24 C.2.1.4.3)"));
  EXPECT_THAT(with_flows("DsPacketClass { ClassifierRef 1; ServiceFlowRef 2; }"), IsEmpty());
  EXPECT_THAT(with_flows("UsPacketClass { ClassifierRef 1; }"), ElementsAre("E UsPacketClass[1] does not say for which flow it is (MULPIv3.0 C.2.1.4.3)"));
  EXPECT_THAT(with_flows("UsPacketClass { ClassifierRef 1; ServiceFlowId 7; }"), IsEmpty());
}

TEST(MulpiC_2_3_1_Check, PhsNamesItsClassifierAndFlow) {
  constexpr std::string_view kClass = "UsPacketClass { ClassifierRef 1; ServiceFlowRef 1; } ";
  const auto phs = [&](std::string_view inside) {
    return with_flows(std::string(kClass) + "PHS { " + std::string(inside) + " PHSField 0x01; PHSIndex 1; PHSSize 1; }");
  };
  EXPECT_THAT(phs("PHSClassifierRef 1; PHSServiceFlowRef 1;"), IsEmpty());
  EXPECT_THAT(phs("PHSClassifierRef 9; PHSServiceFlowRef 1;"), ElementsAre(HasSubstr("E PHS has PHSClassifierRef 9, but there is no UsPacketClass")));
  EXPECT_THAT(phs("PHSClassifierRef 1; PHSServiceFlowRef 9;"), ElementsAre(HasSubstr("E PHS has PHSServiceFlowRef 9, but there is no UsServiceFlow")));
}

TEST(MulpiC_2_2_5_1_Check, ReferencesNameOneThing) {
  EXPECT_THAT(with_flows("UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; }"), ElementsAre("E UsServiceFlow 1 is there twice (MULPIv3.0 C.2.2.5.1)"));
  EXPECT_THAT(with_flows("UsServiceFlow { UsServiceFlowRef 2; QosParamSetType 7; }"),
              ElementsAre("W DsServiceFlow and UsServiceFlow have the same reference 2 (MULPIv3.0 C.2.2.5.1)"));
}

TEST(MulpiC_2_1_7_Check, PortRangesRunUpwards) {
  const auto ports = [](std::string_view inside) {
    return with_flows("UsPacketClass { ClassifierRef 1; ServiceFlowRef 1; IpPacketClassifier { " + std::string(inside) + " } }");
  };
  EXPECT_THAT(ports("SrcPortStart 80; SrcPortEnd 80;"), IsEmpty());
  EXPECT_THAT(ports("SrcPortStart 81; SrcPortEnd 80;"),
              ElementsAre(HasSubstr("E UsPacketClass[1].IpPacketClassifier matches nothing: SrcPortStart 81 is above SrcPortEnd 80")));
}

TEST(MulpiD_1_2_Check, WhatRegistrationNeeds) {
  EXPECT_THAT(of("NetworkAccess 1; ClassOfService { ClassID 1; }"), IsEmpty());
  EXPECT_THAT(of("MaxCPE 1; ClassOfService { ClassID 1; }"), ElementsAre("E there is no NetworkAccess; a modem refuses the file (MULPIv3.0 D.1.2)"));
  EXPECT_THAT(of("NetworkAccess 1;"), ElementsAre(HasSubstr("E there is no UsServiceFlow and DsServiceFlow, nor a ClassOfService")));
  EXPECT_THAT(of("NetworkAccess 1; UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; }"), ElementsAre(HasSubstr("E there is no DsServiceFlow")));
  EXPECT_THAT(with_flows("ClassOfService { ClassID 1; }"), ElementsAre(HasSubstr("E ClassOfService (DOCSIS 1.0) stands beside service flows")));
}

TEST(MulpiD_1_1_Check, AFileHasItsMics) {
  EXPECT_THAT(behind_flows("ff00"), ElementsAre("0 there is no CM MIC (TLV 6); a modem refuses the file (MULPIv3.0 D.1.1)",
                                                "0 there is no CMTS MIC (TLV 7); a modem refuses the file (MULPIv3.0 D.1.1)"));
}

TEST(MulpiD_1_Check, AFileHasAtMost8192Octets) {
  std::string text(kFlows);
  for (int i = 0; i < 32; ++i) text += "VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 1 TlvString \"" + std::string(240, 'x') + "\"; } ";
  EXPECT_THAT(of(text), IsEmpty());
  for (int i = 0; i < 2; ++i) text += "VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 1 TlvString \"" + std::string(240, 'x') + "\"; } ";
  EXPECT_THAT(of(text), ElementsAre(HasSubstr("W the file has 8")));
}

TEST(PktProv_9_1_Check, DelimitersOfAnMtaFile) {
  EXPECT_THAT(of("MtaConfigDelimiter 1; SnmpMibObject sysContact.0 String \"a\"; MtaConfigDelimiter 255;"), IsEmpty());
  EXPECT_THAT(of("MtaConfigDelimiter 1; SnmpMibObject sysContact.0 String \"a\";"), ElementsAre(HasSubstr("E an MTA file ends with MtaConfigDelimiter 255")));
  EXPECT_THAT(of("MtaConfigDelimiter 1; MaxCPE 3; MtaConfigDelimiter 255;"), ElementsAre(HasSubstr("E MaxCPE is no TLV of an MTA file")));
  EXPECT_THAT(with_flows("MtaConfigDelimiter 255;"), ElementsAre(HasSubstr("E MtaConfigDelimiter is of MTA files")));
}

TEST(MulpiC_1_1_1_Check, FrequenciesAreMultiplesOf62500) {
  EXPECT_THAT(with_flows("DownstreamFrequency 594000000;"), IsEmpty());
  EXPECT_THAT(with_flows("DownstreamFrequency 594000001;"), ElementsAre(HasSubstr("W DownstreamFrequency 594000001 is no multiple of 62500 Hz")));
}

// Of the golden files these are truly wrong; the others have no error.
TEST(Docsis11_Check, GoldenFiles) {
  const std::map<std::string, int> wrong = {
      {"09-snmp-types.cm", 1},      // neither a class of service nor flows
      {"10-snmp-names.cm", 1},      // the same
      {"11-vendor.cm", 1},          // NetworkAccess twice
      {"12-mta-na.bin", 1},         // octets for an INTEGER object
      {"15-lexical.cm", 2},         // no downstream flow; sysContact.0 twice
      {"16-dynamic-order.cm", 1},   // NetworkAccess twice
  };
  std::map<std::string, int> found;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(COAXD_DOCSIS_GOLDEN)) {
    const std::string name = entry.path().filename();
    if (name[0] == 'e' || (!name.ends_with(".cm") && !name.ends_with(".bin"))) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string octets(std::istreambuf_iterator<char>(file), {});
    const auto decoded = decode(as_bytes(octets), "test.cfg");
    ASSERT_TRUE(decoded) << name;
    ++files;
    for (const Problem& problem : findings(decoded->document))
      if (problem.severity == Severity::error) ++found[name];
  }
  EXPECT_EQ(files, 17);
  EXPECT_EQ(found, wrong);
}

TEST(Cann_Releases, Names) {
  EXPECT_EQ(release_of("3.1"), Release::d31);
  EXPECT_EQ(release_of("3.2"), std::nullopt);
  EXPECT_EQ(release_of(""), std::nullopt);
  EXPECT_EQ(release_name(Release::d40), "DOCSIS 4.0");
}

// Of a file that is nothing but wrong, as much as somebody would read.
TEST(MulpiAnnexC_Check, FindingsAreLimited) {
  std::string octets;
  for (int i = 0; i < 20000; ++i) octets += "\x12\x01\xff";
  const auto decoded = decode(as_bytes(octets), "test.cfg");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(findings(decoded->document).size(), 500u);
}

// So many warnings do not hide an error.
TEST(MulpiAnnexC_Check, AnErrorBehindManyWarningsIsTold) {
  std::string octets = "\x03\x01\x01";
  for (int i = 0; i < 20000; ++i) octets += "\xbe\x01\xff";
  octets += "\x12\x01\xff";
  const auto decoded = decode(as_bytes(octets), "test.cfg");
  ASSERT_TRUE(decoded);
  const Problems found = findings(decoded->document);
  EXPECT_TRUE(std::ranges::any_of(found, [](const Problem& problem) { return problem.message.starts_with("MaxCPE is 1 to 254, not 255"); }));
}

// eRouter B.4: a long TLV 202 is several; each of them ends where it was cut.
TEST(ErouterB_4_Check, PiecesOfABlockAreNoBlocks) {
  std::string text(kFlows);
  text += "eRouter { ";
  for (int i = 0; i < 3; ++i) text += "SnmpMibObject .1.3.6.1.4.1.32473." + std::to_string(i) + " String \"" + std::string(100, 'r') + "\"; ";
  const auto parsed = parse("Main { " + text + "} }", "test.cfg", {});
  ASSERT_TRUE(parsed) << parsed.error().front().message;
  EXPECT_THAT(findings(parsed->document), IsEmpty());
  const auto decoded = decode(encode(parsed->document).value(), "test.cfg");
  ASSERT_TRUE(decoded);
  EXPECT_THAT(findings(decoded->document), IsEmpty());
}
TEST(MulpiC_1_2_10_Check, ACertificateThatIsCutIsRight) {
  const auto parsed = parse("Main { " + std::string(kFlows) + "MfgCVCData 0x" + std::string(1200, 'a') + "; }", "test.cfg", {});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(findings(parsed->document), IsEmpty());
}

// Annex C says nothing of it, but what would the second one mean?
TEST(MulpiAnnexC_Check, BelowTheTopLevelASecondOneIsAWarning) {
  EXPECT_THAT(with_flows("UsServiceFlow { UsServiceFlowRef 3; QosParamSetType 7; TrafficPriority 1; TrafficPriority 2; }"),
              ElementsAre(testing::StartsWith("W TrafficPriority is there a second time")));
}

// Whatever octets there are, check() ends.
// What a variable of the modem will say, nobody can judge; what stands around it, everybody.
TEST(MulpiAnnexC_Check, UnknownValuesAreNotJudged) {
  ParseOptions options;
  options.unknown_values = true;
  const auto parsed = parse(
      "Main { NetworkAccess ${a}; DownstreamFrequency ${f}; SwUpgradeFilename \"${n}\"; SnmpMibObject sysContact.0 String \"${c}\"; "
      "UsServiceFlow { UsServiceFlowRef ${r}; QosParamSetType 7; MinReservedRate 9; MaxRateSustained ${up}; } DsServiceFlow { DsServiceFlowRef 2; QosParamSetType ${q}; } "
      "UsPacketClass { ClassifierRef 1; ServiceFlowRef 7; } MaxCPE ${c}; MaxCPE ${d}; }",
      "test.cfg", options);
  ASSERT_TRUE(parsed);
  const Problems found = findings(parsed->document, std::nullopt);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].message, testing::StartsWith("MaxCPE is there a second time"));
}

TEST(MulpiAnnexC_Check, ASecondTextHasItsName) {
  const auto read = [](std::string_view) -> std::expected<std::string, std::string> { return "\n ClassOfService { ClassID 1; } ClassOfService { ClassID 1; }"; };
  const auto parsed = parse("Main { NetworkAccess 1; include \"cos.inc\"; }", "test.cfg", {.read_file = read});
  ASSERT_TRUE(parsed);
  const Problems found = check(parsed->document, "test.cfg", {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].file, "cos.inc");
  EXPECT_EQ(found[0].at.line, 2u);
  EXPECT_EQ(found[0].included_from, (std::vector<std::string>{"test.cfg:1:25"}));
  Problems told{{.severity = Severity::warning, .cause = Cause::none, .at = found[0].at, .message = "in other words"}};
  merge(told, found);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].message, found[0].message) << "the graver one";
  told[0].message = "in other words";
  merge(told, found);
  EXPECT_EQ(told[0].message, "in other words");
  told[0].at.text = 0;
  merge(told, found);
  EXPECT_EQ(told.size(), 2u);
}

TEST(MulpiAnnexC_Check, EveryTruncationOfAFile) {
  std::ifstream file(std::string(COAXD_DOCSIS_GOLDEN) + "/07-l2vpn.cm", std::ios::binary);
  const std::string octets(std::istreambuf_iterator<char>(file), {});
  for (std::size_t size = 0; size <= octets.size(); ++size)
    if (const auto decoded = decode(as_bytes(octets).first(size), "test.cfg")) findings(decoded->document);
}

}  // namespace
}  // namespace coaxd::docsis
