#include "docsis/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "docsis/binary.h"

namespace coaxd::docsis {
namespace {

const std::map<std::string, std::string, std::less<>> kFiles{
    {"a.cfg", "MaxCPE 4; include \"b.cfg\";"},
    {"b.cfg", "GlobalPrivacyEnable 1;\n MaxClassifiers 5;"},
    {"loop.cfg", "MaxCPE 1; include \"loop.cfg\";"},
    {"wrong.cfg", "MaxCPE 1;\n  MaxCEP 2;\n"},
    {"outer.cfg", "MaxCPE 1;\ninclude \"wrong.cfg\"; MaxCPE 900;"},
    {"test.cfg", ""},
    {"closed.cfg", "MaxCPE 1; }"},
    {"253.der", std::string(253, 'a')},
    {"254.der", std::string(254, 'b')},
    {"255.der", std::string(255, 'b')},
    {"300.der", std::string(300, 'c')},
    {"empty.der", ""},
    {"map", std::string(40, 'd')},
    {"long.map", std::string(300, 'e')},
    {"longest.map", std::string(8193, 'f')},
};

std::expected<Parsed, Problems> parse_whole(std::string_view text, Dialect dialect, bool mta = false) {
  const auto read = [](std::string_view path) -> std::expected<std::string, std::string> {
    const auto found = kFiles.find(path);
    if (found == kFiles.end()) return std::unexpected("No such file or directory");
    return found->second;
  };
  return parse(text, "test.cfg", {.dialect = dialect, .read_file = read, .mta = mta});
}
std::expected<Parsed, Problems> parse_items(std::string_view items, Dialect dialect, bool mta = false) {
  return parse_whole(fmt::format("Main {{ {} }}", items), dialect, mta);
}

std::string hex(const std::expected<Parsed, Problems>& parsed) {
  if (!parsed) return parsed.error().back().message;
  const auto octets = encode(parsed->document);
  if (!octets) return octets.error().back().message;
  std::string text;
  for (const std::uint8_t octet : *octets) text += fmt::format("{:02x}", octet);
  return text;
}
std::string utility(std::string_view items) { return hex(parse_items(items, Dialect::utility)); }
std::string native(std::string_view items) { return hex(parse_items(items, Dialect::native)); }

Problems problems(std::string_view items, Dialect dialect) {
  auto parsed = parse_items(items, dialect);
  return parsed ? std::move(parsed->warnings) : std::move(parsed.error());
}
Problems whole_problems(std::string_view text, Dialect dialect) {
  auto parsed = parse_whole(text, dialect);
  return parsed ? std::move(parsed->warnings) : std::move(parsed.error());
}
// "line:column cause message" of each, for comparing at once.
std::vector<std::string> places(const Problems& problems) {
  std::vector<std::string> all;
  for (const Problem& problem : problems) all.push_back(fmt::format("{}:{} {}", problem.at.line, problem.at.column, static_cast<int>(problem.cause)));
  return all;
}
using Places = std::vector<std::string>;

TEST(DocsisParse, OutputOrderIsTextOrderAndNothingIsMerged) {
  for (const auto& octets : {utility("MaxCPE 2; NetworkAccess 1; MaxCPE 3;"), native("MaxCPE 2; NetworkAccess 1; MaxCPE 3;")})
    EXPECT_EQ(octets, "120102030101120103");
  EXPECT_EQ(native("UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; }"), "180701020001060107");
}

TEST(DocsisParse, WhatStandsAroundMain) {
  for (const Dialect dialect : {Dialect::utility, Dialect::native}) {
    EXPECT_TRUE(parse_whole("mAIN{MaxCPE 1;}", dialect));
    EXPECT_EQ(places(whole_problems("", dialect)), Places{"1:1 2"});
    EXPECT_EQ(places(whole_problems("{ MaxCPE 1; }", dialect)), Places{"1:1 2"});
    EXPECT_EQ(places(whole_problems("Main\nMaxCPE 1;", dialect)), Places{"2:1 2"});
    EXPECT_EQ(places(whole_problems("Main {\n}", dialect)), Places{"2:1 2"});
    EXPECT_EQ(places(whole_problems("Main { MaxCPE 1; } }", dialect)), Places{"1:20 2"});
    EXPECT_EQ(places(whole_problems("Main { MaxCPE 1; } MaxCPE 1;", dialect)), Places{"1:20 2"});
    EXPECT_EQ(places(whole_problems(" Main { MaxCPE 1;", dialect)), Places{"1:2 2"});
    EXPECT_EQ(places(whole_problems("Main { UsServiceFlow { UsServiceFlowRef 1; ", dialect)).front(), "1:8 2");
  }
  EXPECT_EQ(whole_problems("Main { UsServiceFlow { UsServiceFlowRef 1; }", Dialect::native).at(0).message, "the '{' of Main is never closed");
}

TEST(DocsisParse, ErrorsOfTheGrammar) {
  const struct {
    std::string_view items;
    std::string_view utility;  // place and status, from column 8 on
  } kRows[] = {
      {"MaxCPE 1 NetworkAccess 1;", "1:16 2"},
      {"MaxCPE ;", "1:15 2"},
      {"MaxCPE { }", "1:15 2"},
      {"MaxCPE 1 2;", "1:17 2"},
      {"UsServiceFlow 1;", "1:22 2"},
      {"UsServiceFlow { }", "1:24 2"},
      {"5 6;", "1:8 2"},
      {"Integer 5;", "1:8 2"},
      {"MaxCPE MaxCPE;", "1:15 2"},
      {"MaxCPE 1", "1:16 2"},
      {"SnmpMibObject 5 Integer 5;", "1:22 2"},
      {"SnmpWriteControl .1.3.6 a;", "1:32 255"},
      {"MaxCPE a;", "1:15 255"},
      {"NoSuchWord 1;", "1:8 255"},
      {"maxcpe 1;", "1:8 255"},
  };
  for (const auto& row : kRows) EXPECT_EQ(places(problems(row.items, Dialect::utility)), Places{std::string(row.utility)}) << row.items;
}

TEST(DocsisParse, AllProblemsOfATextAreToldNatively) {
  const auto told = whole_problems(R"(Main {
  MaxCEP 5;
  NetworkAccess 2;
  UsServiceFlow { UsServiceFlowRef 1; QosParamSetTyp 7; }
  MaxCPE 1
  GlobalPrivacyEnable = 1;
  SwUpgradeFilename "a	b";
  NoSuchBlock { MaxCPE 900; }
  SnmpMibObject docsDevNmAccessStatus.1 Integer creatAndGo;
})",
                                   Dialect::native);
  EXPECT_EQ(places(told), (Places{"2:3 255", "3:17 241", "4:39 255", "5:11 2", "6:23 255", "7:23 255", "8:3 255", "8:24 241", "9:49 255"}));
  EXPECT_EQ(told.at(0).message, "MaxCEP is no keyword");
  EXPECT_EQ(told.at(0).mend, "did you mean MaxCPE?");
  EXPECT_EQ(told.at(2).mend, "did you mean QosParamSetType?");
  EXPECT_EQ(told.at(3).message, "';' is missing behind the value of MaxCPE");
  EXPECT_EQ(told.at(8).mend, "did you mean createAndGo?");
}

TEST(DocsisParse, TheUtilitysDialectEndsAtTheFirstError) {
  EXPECT_EQ(places(problems("NoSuchWord 1; MaxCPE 900; }", Dialect::utility)).size(), 1U);
}

TEST(DocsisParse, ProblemsAreNotEndless) {
  std::string text = "Main {";
  for (int i = 0; i < 5000; ++i) text += "x 1;\n";
  EXPECT_EQ(whole_problems(text + "}", Dialect::native).size(), 200U);
}

// Reference 3.1: a keyword means its own code wherever it stands.
TEST(DocsisParse, AKeywordOutOfItsPlace) {
  EXPECT_EQ(utility("UsServiceFlow { GlobalPrivacyEnable 1; }"), "18031d0101");
  EXPECT_EQ(problems("UsServiceFlow { SwUpgradeFilename \"a\"; }", Dialect::utility).at(0).cause, Cause::listing);  // read as MaxTrafficBurst
  const auto told = problems("UsServiceFlow { UsServiceFlowRef 1; DownstreamFrequency 88000000; }", Dialect::native);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].cause, Cause::listing);  // code 1 there is a reference of two octets
  EXPECT_EQ(told[0].mend, "it belongs in Main");
  const auto warned = problems("DsServiceFlow { DsServiceFlowRef 1; GlobalPrivacyEnable 1; }", Dialect::native);
  ASSERT_EQ(warned.size(), 1U);
  EXPECT_EQ(warned[0].severity, Severity::warning);
  // The row of its place bounds a value, where it has one there; in the utility the first row of that name.
  EXPECT_EQ(native("DsPacketClass { ClassifierRef 1; LLCPacketClassifier { EtherType 0x01; } }"), "17080101010a03030101");
}

TEST(DocsisParse, TheBoundsOfTheFirstRowInTheUtility) {
  // 23.10.3 has 0 to 3 octets, 22.10.3 exactly 3.
  EXPECT_EQ(places(problems("DsPacketClass { LLCPacketClassifier { EtherType 0x01; } }", Dialect::utility)).at(0).substr(5), "255");
  EXPECT_EQ(native("DsPacketClass { LLCPacketClassifier { EtherType 0x01; } }"), "17050a03030101");
  EXPECT_EQ(utility("UpstreamEHQoSASF { MaxTrafficBurst 5; }").substr(0, 2), "5d");
}

// Reference 5.4: what is too long is dropped with a warning there, and an error natively.
TEST(DocsisParse, BlocksAndValuesAbove255Octets) {
  const auto block = [](int octets) {
    std::string text = "VendorSpecific { VendorIdentifier 0x00000c; ";
    for (int left = octets - 5; left > 0; left -= 100)
      text += fmt::format("GenericTLV TlvCode 1 TlvString \"{}\"; ", std::string(static_cast<std::size_t>(std::min(left, 100) - 2), 'a'));
    return text + "} MaxCPE 2;";
  };
  EXPECT_EQ(utility(block(255)).substr(0, 4), "2bff");
  EXPECT_EQ(native(block(255)).substr(0, 4), "2bff");
  EXPECT_EQ(utility(block(256)), "120102");
  EXPECT_EQ(problems(block(256), Dialect::utility).at(0).severity, Severity::warning);
  EXPECT_EQ(places(problems(block(256), Dialect::native)), Places{"1:8 255"});
  const auto name = [](std::size_t octets) { return fmt::format("GenericTLV TlvCode 200 TlvString \"{}\"; MaxCPE 2;", std::string(octets, 'f')); };
  EXPECT_EQ(native(name(255)).substr(0, 4), "c8ff");
  EXPECT_EQ(utility(name(256)), "120102");
  EXPECT_EQ(problems(name(256), Dialect::native).size(), 1U);
}

// MULPI 3.0 C.1.2.7: certificates go on in further TLVs.
TEST(DocsisParse, CertificatesAreCutIn254Octets) {
  EXPECT_EQ(native("ManufacturerCVC \"253.der\";").substr(0, 6), "20fd61");
  const std::string cut = native("ManufacturerCVC \"300.der\";");
  EXPECT_EQ(cut.size(), 2 * (300 + 4));
  EXPECT_EQ(cut.substr(0, 4), "20fe");
  EXPECT_EQ(cut.substr(2 * 256, 4), "202e");
  EXPECT_EQ(utility("ManufacturerCVC \"300.der\";"), cut);
  // Reference 3.4: a multiple of 254 ends the utility.
  EXPECT_EQ(places(problems("ManufacturerCVC \"254.der\";", Dialect::utility)), Places{"1:24 251"});
  EXPECT_EQ(native("ManufacturerCVC \"254.der\";").substr(0, 6), "20fe62");
  for (const Dialect dialect : {Dialect::utility, Dialect::native}) {
    EXPECT_EQ(hex(parse_items("ManufacturerCVC \"255.der\";", dialect)).substr(2 * 256), "200162");
    EXPECT_EQ(places(problems("ManufacturerCVC \"none.der\";", dialect)), Places{"1:24 251"});
    EXPECT_EQ(places(problems("ManufacturerCVC \"empty.der\";", dialect)), Places{"1:24 251"});
    EXPECT_EQ(places(problems("ManufacturerCVC 5;", dialect)), Places{"1:24 255"});
  }
  const std::string data = fmt::format("MfgCVCData 0x{};", std::string(600, 'a'));
  EXPECT_EQ(native(data).substr(0, 4), "20fe");
  EXPECT_EQ(problems(data, Dialect::utility).at(0).cause, Cause::value);
}

TEST(DocsisParse, DigitMaps) {
  const std::string map = native("DigitMap \"map\";");
  EXPECT_EQ(map.substr(0, 10), "0b40303e06");
  EXPECT_EQ(utility("DigitMap \"map\";"), map);
  EXPECT_EQ(map.substr(map.size() - 80), fmt::format("{}", fmt::join(std::vector<std::string>(40, "64"), "")));
  EXPECT_EQ(places(problems("DigitMap \"longest.map\";", Dialect::native)), Places{"1:8 255"});
  EXPECT_EQ(hex(parse_items("MtaConfigDelimiter 1; DigitMap \"long.map\";", Dialect::native)).substr(6, 2), "40");
  EXPECT_EQ(problems("DigitMap \"long.map\";", Dialect::native).at(0).cause, Cause::value);
}

// PKT-SP-PROV1.5 §9.1: TLV 64, with two octets of length, in an MTA's file; static multicast in a modem's.
TEST(DocsisParse, LongVarbinds) {
  const auto statement = [](std::size_t octets) { return fmt::format("SnmpMibObject 1.3.6.1.4.1.32473.9.0 String \"{}\";", std::string(octets, 'a')); };
  // 30 82 hh ll, 06 0a and 10, 04 81 nn: 19 octets around the text.
  const auto in_mta = [&](std::size_t octets, Dialect dialect) { return hex(parse_items("MtaConfigDelimiter 1; " + statement(octets), dialect)).substr(6, 6); };
  for (const Dialect dialect : {Dialect::utility, Dialect::native}) {
    EXPECT_EQ(in_mta(236, dialect), "0bff30");
    EXPECT_EQ(in_mta(237, dialect), "400100");
  }
  EXPECT_EQ(hex(parse_items(statement(237), Dialect::native, true)).substr(0, 6), "400100");
  EXPECT_EQ(utility(statement(236)).substr(0, 4), "0bff");
  EXPECT_EQ(utility(statement(237)).substr(0, 6), "400100");
  EXPECT_EQ(places(problems(statement(237), Dialect::native)), Places{"1:8 255"});
}

// Reference 4: the utility writes illegal lengths; natively they are legal, and the same wherever its own are.
TEST(X690_8_1_3_Lengths, OfLongNames) {
  std::string name = "1.3.6.1";
  for (int i = 0; i < 30; ++i) name += ".4294967295";
  const std::string statement = fmt::format("SnmpMibObject {} Integer 1;", name);
  EXPECT_EQ(utility(statement).substr(4, 6), "309f06");
  EXPECT_EQ(native(statement).substr(4, 8), "30819f06");
  EXPECT_EQ(problems(statement, Dialect::utility).at(0).severity, Severity::warning);
  EXPECT_TRUE(problems(statement, Dialect::native).empty());
}

TEST(DocsisParse, GenericTlvs) {
  const struct {
    std::string_view items, hex;
  } kRows[] = {
      {"GenericTLV TlvCode 9 TlvLength 2 TlvValue 0x0102;", "09020102"},
      {"GenericTLV TlvCode 9 TlvString \"ab\";", "09026162"},
      {"GenericTLV TlvCode 9 TlvStringZero \"ab\";", "0903616200"},
      {"GenericTLV TlvCode 200 TlvType Integer TlvValue 305419896;", "c80412345678"},
      {"GenericTLV TlvCode 200 TlvType Short TlvValue 4660;", "c8021234"},
      {"GenericTLV TlvCode 200 TlvType Char TlvValue 18;", "c80112"},
      {"GenericTLV TlvCode 200 TlvType IPAddress TlvValue 192.0.2.9;", "c804c0000209"},
      {"GenericTLV TlvCode 200 { GenericTLV TlvCode 1 TlvLength 1 TlvValue 0x05; GenericTLV TlvCode 2 TlvType Char TlvValue 6; }", "c806010105020106"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(utility(row.items), row.hex) << row.items;
    EXPECT_EQ(native(row.items), row.hex) << row.items;
  }
  for (const Dialect dialect : {Dialect::utility, Dialect::native}) {
    EXPECT_EQ(places(problems("GenericTLV TlvCode 9 TlvLength 3 TlvValue 0x0102;", dialect)).at(0).substr(5), "255");
    EXPECT_EQ(places(problems("GenericTLV 9;", dialect)), Places{"1:19 2"});
    EXPECT_EQ(places(problems("GenericTLV TlvCode 9 5;", dialect)), Places{"1:29 2"});
    EXPECT_EQ(places(problems("GenericTLV TlvCode 9 { }", dialect)), Places{"1:31 2"});
  }
  // In a generic block the utility has fewer forms.
  for (const std::string_view item :
       {"GenericTLV TlvCode 1 TlvString \"a\";", "MaxCPE 1;", "GenericTLV TlvCode 1 { GenericTLV TlvCode 1 TlvLength 1 TlvValue 0x01; }"}) {
    const std::string items = fmt::format("GenericTLV TlvCode 200 {{ {} }}", item);
    EXPECT_TRUE(parse_items(items, Dialect::native)) << item;
    EXPECT_EQ(problems(items, Dialect::utility).at(0).cause, Cause::grammar) << item;
  }
  for (const Dialect dialect : {Dialect::utility, Dialect::native})
    for (const std::string_view code : {"0", "255"})
      EXPECT_EQ(places(problems(fmt::format("GenericTLV TlvCode {} TlvString \"a\";", code), dialect)), Places{"1:27 255"});
  EXPECT_EQ(native("GenericTLV TlvCode 200 { GenericTLV TlvCode 255 TlvLength 1 TlvValue 0x01; }"), "c803ff0101");
  EXPECT_EQ(places(problems("GenericTLV TlvCode 256 TlvString \"a\";", Dialect::native)), Places{"1:27 241"});
}

// What a reader of the octets takes for a length of two octets is written as one, by its number too; not by the utility, which does not know of it.
TEST(Mulpi4_C_1_Parse, WideLengths) {
  EXPECT_EQ(native("GenericTLV TlvCode 103 TlvLength 2 TlvValue 0x0102;"), "6700020102");
  EXPECT_EQ(utility("GenericTLV TlvCode 103 TlvLength 2 TlvValue 0x0102;"), "67020102");
  EXPECT_EQ(native("GenericTLV TlvCode 104 { GenericTLV TlvCode 1 { GenericTLV TlvCode 2 TlvLength 1 TlvValue 0x05; } }"), "680006010003020105");
  EXPECT_EQ(native("GenericTLV TlvCode 104 { GenericTLV TlvCode 9 TlvLength 1 TlvValue 0x05; }"), "680003090105");
  const std::string long_value = fmt::format("GenericTLV TlvCode 103 TlvLength 300 TlvValue 0x{};", std::string(600, 'a'));
  EXPECT_EQ(native(long_value).substr(0, 6), "67012c");
  EXPECT_EQ(places(problems(fmt::format("GenericTLV TlvCode 200 TlvLength 300 TlvValue 0x{};", std::string(600, 'a')), Dialect::native)), Places{"1:41 241"});
}
TEST(PktProv_9_1_Parse, Tlv64OfAnMtaFileHasTwoOctetsOfLength) {
  EXPECT_EQ(native("MtaConfigDelimiter 1; GenericTLV TlvCode 64 TlvLength 1 TlvValue 0x05;"), "fe010140000105");
  EXPECT_EQ(native("MtaConfigDelimiter 1; CMTSStaticMulticastSessionEncodings { CMTSStaticMulticastSessionCMIM 0x05; }"), "fe0101400003030105");
  EXPECT_EQ(native("MaxCPE 1; GenericTLV TlvCode 64 TlvLength 1 TlvValue 0x05;"), "120101400105");
}

// Reference 3.2, 1: its listing ends at a MIC without octets and at a known TLV of another length, with status 211.
TEST(DocsisParse, WhatTheUtilitysListingWouldNotPrint) {
  for (const std::string_view items : {"CmMic 0x00;", "UsServiceFlow { NetworkAccess 1; }", "GenericTLV TlvCode 3 TlvLength 2 TlvValue 0x0001;"})
    EXPECT_EQ(problems(items, Dialect::utility).at(0).cause, Cause::listing) << items;
  EXPECT_EQ(native("CmMic 0x00; MaxCPE 1;"), "120101");
  EXPECT_EQ(problems("CmMic 0x00; MaxCPE 1;", Dialect::native).at(0).severity, Severity::warning);
  // Behind a foreign vendor's identifier everything is the vendor's own.
  EXPECT_TRUE(parse_items("VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 2 TlvLength 1 TlvValue 0x01; }", Dialect::utility));
}

TEST(DocsisParse, SnmpWriteControl) {
  EXPECT_EQ(utility("SnmpWriteControl .1.3.6.1.2.1.69 1;"), "0a0906062b060102014501");
  EXPECT_EQ(native("SnmpWriteControl sysContact.0 0;"), "0a0b06082b0601020101040000");
  EXPECT_EQ(places(problems("SnmpWriteControl sysContact.0 0;", Dialect::utility)), Places{"1:25 255"});
  EXPECT_EQ(places(problems("SnmpWriteControl .1.3.6.1.2 2;", Dialect::native)), Places{"1:36 241"});
  EXPECT_EQ(places(problems("SnmpWriteControl 1.3.6.1 1;", Dialect::utility)), Places{"1:25 2"});
}

TEST(DocsisParse, AnMtaFileBeginsWithItsDelimiter) {
  EXPECT_EQ(parse_items("MtaConfigDelimiter 1; MtaConfigDelimiter 255;", Dialect::utility)->document.kind, FileKind::mta);
  EXPECT_EQ(parse_items("MaxCPE 1; MtaConfigDelimiter 255;", Dialect::utility)->document.kind, FileKind::modem);
  EXPECT_EQ(parse_items("MaxCPE 1;", Dialect::utility, true)->document.kind, FileKind::mta);
}

TEST(DocsisInclude, ReadsStatements) {
  EXPECT_EQ(native("NetworkAccess 1; include \"a.cfg\"; NetworkAccess 0;"), "0301011201041d01011c020005030100");
  EXPECT_EQ(native("VendorSpecific { VendorIdentifier 0x00000c; include \"b.cfg\"; }").substr(0, 2), "2b");
  EXPECT_EQ(problems("include \"a.cfg\";", Dialect::utility).at(0).cause, Cause::value);
}

TEST(DocsisInclude, ProblemsNameTheFile) {
  const auto wrong = problems("include \"wrong.cfg\"; MaxCPE 900;", Dialect::native);
  ASSERT_EQ(wrong.size(), 2U);
  EXPECT_EQ(wrong[0].file, "wrong.cfg");
  EXPECT_EQ(wrong[0].at, (Position{2, 3, 1}));
  EXPECT_EQ(wrong[0].included_from, (std::vector<std::string>{"test.cfg:1:8"}));
  EXPECT_EQ(wrong[1].file, "test.cfg");
  EXPECT_TRUE(wrong[1].included_from.empty());
  const auto inner = problems("include \"outer.cfg\";", Dialect::native);
  ASSERT_EQ(inner.size(), 2U);
  EXPECT_EQ(inner[0].file, "wrong.cfg");
  EXPECT_EQ(inner[0].included_from, (std::vector<std::string>{"outer.cfg:2:1", "test.cfg:1:8"}));
  EXPECT_EQ(inner[1].file, "outer.cfg");
  EXPECT_EQ(inner[1].at, (Position{2, 29, 1}));
  const auto missing = problems("include \"none.cfg\";", Dialect::native);
  EXPECT_EQ(missing.at(0).cause, Cause::missing_file);
  EXPECT_EQ(missing.at(0).file, "test.cfg");
  const auto loop = problems("include \"loop.cfg\";", Dialect::native);
  ASSERT_EQ(loop.size(), 1U);
  EXPECT_EQ(loop[0].message, "\"loop.cfg\" includes itself");
  EXPECT_EQ(loop[0].file, "loop.cfg");
  const auto self = problems("include \"test.cfg\";", Dialect::native);
  ASSERT_EQ(self.size(), 1U);
  EXPECT_EQ(self[0].message, "\"test.cfg\" includes itself");
  const auto closed = problems("include \"closed.cfg\"; MaxCPE 900;", Dialect::native);
  ASSERT_EQ(closed.size(), 2U);
  EXPECT_EQ(closed[0].file, "closed.cfg");
}

TEST(DocsisInclude, IsNotEndless) {
  std::size_t asked = 0;
  const auto read = [&](std::string_view path) -> std::expected<std::string, std::string> {
    ++asked;
    return fmt::format("include \"{0}a\"; include \"{0}b\";", path);
  };
  EXPECT_FALSE(parse("Main { include \"x\"; }", "test.cfg", {.read_file = read}));
  EXPECT_LT(asked, 1000U);
}

TEST(DocsisParse, BlocksDoNotNestEndlessly) {
  std::string text = "Main ";
  for (int i = 0; i < 100'000; ++i) text += "{ GenericTLV TlvCode 1 ";
  for (const Dialect dialect : {Dialect::utility, Dialect::native}) EXPECT_FALSE(parse_whole(text, dialect));
  text = "Main { ";
  for (int i = 0; i < 100'000; ++i) text += "x { ";
  EXPECT_FALSE(parse_whole(text, Dialect::native));
}

// A text of a megabyte is read once, not once for each of its tokens or names: else this would not end in the time that a test has.
TEST(DocsisParse, LongTextsTakeLinearTime) {
  std::string run = "1";
  while (run.size() < 2'000'000) run += "-1";
  EXPECT_FALSE(parse_items("MaxCPE " + run + "; MaxClassifiers ${a:1};", Dialect::native));
  std::string many;
  for (int i = 0; i < 60'000; ++i) many += fmt::format("MaxClassifiers ${{v{}:1}};\n", i);
  EXPECT_TRUE(parse_items(many, Dialect::native));
}

// Without a template, a variable has its default or none.
TEST(DocsisParse, VariablesHaveTheValuesThatTheCallerKnows) {
  ParseOptions options;
  options.value_of = [](std::string_view name) { return name == "n" ? std::optional<std::string_view>("5") : std::nullopt; };
  EXPECT_EQ(hex(parse("Main { MaxCPE ${n}; NetworkAccess ${a:1}; MaxClassifiers ${n:9}; }", "test.cfg", options)), "1201050301011c020005");
  const auto missing = parse("Main { MaxCPE ${n}; SwUpgradeFilename \"a${b}\"; }", "test.cfg", options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error()[0].message, "the variable b has no value");
  EXPECT_EQ(problems("MaxCPE ${n:};", Dialect::native).at(0).message, "what the variables say here is nothing");
  EXPECT_TRUE(problems("SwUpgradeFilename \"${n:}\"; NetworkAccess 1;", Dialect::native).empty());
  EXPECT_EQ(missing.error()[0].at, (Position{1, 41})) << "of the variable, not of the text that it stands in";
}

TEST(DocsisParse, ValuesMayBeUnknown) {
  ParseOptions options;
  options.unknown_values = true;
  const auto parsed = parse("Main { MaxCPE ${n}; NetworkAccess ${a:1}; SwUpgradeFilename \"${b}-${c}\"; }", "test.cfg", options);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->document.nodes.size(), 3U);
  EXPECT_TRUE(parsed->document.nodes[0].unknown);
  EXPECT_FALSE(parsed->document.nodes[1].unknown);
  EXPECT_TRUE(parsed->document.nodes[2].unknown);
  ASSERT_EQ(parsed->unknown.size(), 3U);
  EXPECT_EQ(parsed->unknown[0].variable, "n");
  EXPECT_EQ(parsed->unknown[2].variable, "c");
  EXPECT_EQ(parsed->unknown[2].at, (Position{1, 67}));
  EXPECT_FALSE(parse("Main { MaxCPE ${n:many}; }", "test.cfg", options)) << "a default is known";
}

TEST(DocsisParse, VariablesHaveTheirDefaults) {
  EXPECT_EQ(native("MaxCPE ${n:4}; GenericTLV TlvCode 200 TlvString \"a${b:c}d\";"), "120104c803616364");
  EXPECT_EQ(problems("MaxCPE ${n};", Dialect::native).at(0).message, "the variable n has no value");
  EXPECT_EQ(utility("GenericTLV TlvCode 200 TlvString \"${b}\";"), "c804247b627d");
}

}  // namespace
}  // namespace coaxd::docsis
