// print(): the golden files to the letter, and the rules that they do not show.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "docsis/binary.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> golden_binaries() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(COAXD_DOCSIS_GOLDEN))
    if (const std::string name = entry.path().filename(); name[0] != 'e' && (name.ends_with(".cm") || name.ends_with(".bin"))) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

Document decoded(std::string_view octets) {
  auto result = decode(as_bytes(octets), "test");
  EXPECT_TRUE(result) << (result ? "" : result.error().front().message);
  return result ? std::move(result->document) : Document{};
}

std::string from_hex(std::string_view text) {
  std::string out;
  std::string digits;
  for (const char c : text)
    if (c != ' ') digits += c;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) out += static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16));
  return out;
}

// What stands between the braces of Main.
std::string body(std::string_view hex, const PrintOptions& options = {}) {
  std::string text = print(decoded(from_hex(hex)), options);
  EXPECT_TRUE(text.starts_with("Main \n{\n") && text.ends_with("}\n")) << text;
  return text.substr(8, text.size() - 10);
}
std::string native(std::string_view hex) {
  PrintOptions options;
  options.dialect = Dialect::native;
  return body(hex, options);
}

TEST(Docsis6_Print, EveryGoldenFileAsTheUtilityPrintsIt) {
  const auto paths = golden_binaries();
  ASSERT_EQ(paths.size(), 17u);
  for (const auto& path : paths) {
    auto text = path;
    EXPECT_EQ(print(decoded(contents(path)), {}), contents(text.replace_extension(".decoded.txt"))) << path;
  }
}

TEST(Docsis6_Print, EveryGoldenFileWithNumericNames) {
  for (const auto& path : golden_binaries()) {
    auto text = path;
    EXPECT_EQ(print(decoded(contents(path)), {.mibs = &no_mibs(), .numeric_oids = true}), contents(text.replace_extension(".decoded-num.txt"))) << path;
  }
}

// -nohash: the hash in a comment, so that encoding again does not add a second one.
TEST(Docsis6_Print, HashInAComment) {
  const std::string golden = std::string(COAXD_DOCSIS_GOLDEN) + "/12-mta-na.bin";
  const std::string text = print(decoded(contents(golden)), {.hide_hash = true});
  EXPECT_NE(text.find("\t/* SnmpMibObject pktcMtaDevProvConfigHash.0 HexString 0xfe554a5b9f8c3a71bcaf94988a4d490d0a91e50a; */\n"), std::string::npos) << text;
}

TEST(Docsis6_Print, PadsGoInPairsBehindTheEndMarker) {
  const std::string end = "\t/*EndOfDataMkr*/\n", pad = "\t/* Pad */\n";
  EXPECT_EQ(body("030101"), "\tNetworkAccess 1;\n");
  EXPECT_EQ(body("ff"), end);
  EXPECT_EQ(body("ff00"), end);
  EXPECT_EQ(body("ff0000"), end + pad);
  EXPECT_EQ(body("ff000000"), end + pad);
  EXPECT_EQ(body("ff00000000"), end + pad + pad);
  EXPECT_EQ(body("ff0000000000000000"), end + pad + pad + pad + pad);
}

TEST(Docsis6_Print, AnEmptyFile) { EXPECT_EQ(print(Document{}, {}), "Main \n{\n}\n"); }

TEST(Docsis6_Print, UnknownCodes) {
  EXPECT_EQ(body("be00"), "\tGenericTLV TlvCode 190 TlvLength 0 TlvValue 0x;\n");
  EXPECT_EQ(body("be0161"), "\tGenericTLV TlvCode 190 TlvLength 1 TlvValue 0x61;\n");
  EXPECT_EQ(body("be0100"), "\tGenericTLV TlvCode 190 TlvLength 1 TlvValue 0x00;\n");
  EXPECT_EQ(body("be026162"), "\tGenericTLV TlvCode 190 TlvString \"ab\"; /* tlv length = 2 */\n");
  EXPECT_EQ(body("be026100"), "\tGenericTLV TlvCode 190 TlvStringZero \"a\"; /* tlv length = 2 */\n");
  EXPECT_EQ(body("be03610062"), "\tGenericTLV TlvCode 190 TlvLength 3 TlvValue 0x610062;\n");
  EXPECT_EQ(body("be0461620000"), "\tGenericTLV TlvCode 190 TlvLength 4 TlvValue 0x61620000;\n");
  EXPECT_EQ(body("be03617f62"), "\tGenericTLV TlvCode 190 TlvLength 3 TlvValue 0x617f62;\n");
  EXPECT_EQ(body("be03612262"), "\tGenericTLV TlvCode 190 TlvString \"a\"b\"; /* tlv length = 3 */\n");
}

// The flag clears where the first block ends.
TEST(Docsis6_Print, VendorsBlocksAreGeneric) {
  EXPECT_EQ(body("2b0f 0803000001 180502030101ff 120101"),
            "\tVendorSpecific\n\t{\n\t\tVendorIdentifier 0x000001;\n\t\tGenericTLV TlvCode 24 TlvLength 5 TlvValue 0x02030101ff;\n"
            "\t\tGenericTLV TlvCode 18 TlvLength 1 TlvValue 0x01;\n\t}\n");
  EXPECT_EQ(body("1811 01020001 2b080803000001010102 060107 120102"),
            "\tUsServiceFlow\n\t{\n\t\tUsServiceFlowRef 1;\n\t\tVendorSpecific\n\t\t{\n\t\t\tVendorIdentifier 0x000001;\n"
            "\t\t\tGenericTLV TlvCode 1 TlvLength 1 TlvValue 0x02;\n\t\t}\n\t\tQosParamSetType 7;\n\t}\n\tMaxCPE 2;\n");
}

TEST(Docsis6_Print, ValuesThatTheirKindCannotHaveStayGeneric) {
  EXPECT_EQ(body("1202 0001"), "\tGenericTLV TlvCode 18 TlvLength 2 TlvValue 0x0001;\n");
  EXPECT_EQ(body("0100"), "\tGenericTLV TlvCode 1 TlvLength 0 TlvValue 0x;\n");
  EXPECT_EQ(body("060100"), "\tGenericTLV TlvCode 6 TlvLength 1 TlvValue 0x00;\n");
  EXPECT_EQ(body("0903610062"), "\tGenericTLV TlvCode 9 TlvLength 3 TlvValue 0x610062;\n");
  EXPECT_EQ(body("3e00"), "\tGenericTLV TlvCode 62 TlvLength 0 TlvValue 0x;\n");
}

TEST(Docsis6_Print, TypesThatTheObjectDoesNotHave) {
  EXPECT_EQ(body("0b0f300d06082b060102010104000201 05"), "\tSnmpMibObject sysContact.0 Integer Wrong Type (should be OCTET STRING): 5;\n");
  EXPECT_EQ(body("0b11300f060a2b0601020102020107014201 02"), "\tSnmpMibObject ifAdminStatus.1 Gauge32 Wrong Type (should be INTEGER): 2; /* down */\n");
  EXPECT_EQ(body("0b123010060a2b060102010202010701 04024142"), "\tSnmpMibObject ifAdminStatus.1 String \"AB\";\n");
  EXPECT_EQ(body("0b11300f060a2b0601020102020107010201 09"), "\tSnmpMibObject ifAdminStatus.1 Integer 9;\n");
  EXPECT_EQ(native("0b0f300d06082b060102010104000201 05"), "\tSnmpMibObject sysContact.0 Integer 5;\n");
}

TEST(Docsis6_Print, Counter64AndWhatHasNoWord) {
  EXPECT_EQ(body("0b13301106082b06010401fd590146050102030405"), "\tSnmpMibObject enterprises.16089.1 Counter64 4328719365;\n");
  EXPECT_EQ(body("0b11300f06082b06010401fd590144039f7801"), "\tGenericTLV TlvCode 11 TlvLength 17 TlvValue 0x300f06082b06010401fd590144039f7801;\n");
}

TEST(Docsis6_Print, NativeTextCanBeReadAgain) {
  EXPECT_EQ(body("0905 6122625c63"), "\tSwUpgradeFilename \"a\"b\\c\";\n");
  EXPECT_EQ(native("0905 6122625c63"), "\tGenericTLV TlvCode 9 TlvLength 5 TlvValue 0x6122625c63;\n");
  EXPECT_EQ(native("0906 61247b627d63"), "\tGenericTLV TlvCode 9 TlvLength 6 TlvValue 0x61247b627d63;\n");  // a${b}c
  EXPECT_EQ(native("3d11 20010db8000000000000000000000000 b8"),
            "\tGenericTLV TlvCode 61 TlvLength 17 TlvValue 0x20010db8000000000000000000000000b8;\n");  // a prefix of 184
  EXPECT_EQ(native("2444 " + std::string(2 * 68, '1')), "\tGenericTLV TlvCode 36 TlvLength 68 TlvValue 0x" + std::string(2 * 68, '1') + ";\n");  // 17 addresses
  EXPECT_EQ(native("0903 612262"), "\tSwUpgradeFilename \"a\\\"b\";\n");
  EXPECT_EQ(body("1201ff"), "\tMaxCPE 255;\n");
  EXPECT_EQ(native("0b10300e06082b060102010104000202 0005"), "\tGenericTLV TlvCode 11 TlvLength 16 TlvValue 0x300e06082b0601020101040002020005;\n");
  EXPECT_EQ(native("0a0806052b0601020105"), "\tGenericTLV TlvCode 10 TlvLength 8 TlvValue 0x06052b0601020105;\n");
  EXPECT_EQ(native("1201ff"), "\tGenericTLV TlvCode 18 TlvLength 1 TlvValue 0xff;\n");
  EXPECT_EQ(body("1800"), "\tUsServiceFlow\n\t{\n\t}\n");
  EXPECT_EQ(native("1800"), "\tGenericTLV TlvCode 24 TlvString \"\";\n");
  EXPECT_EQ(body("3a1000000000000000000000ffff01020304"), "\tSwUpgradeServer6 ::ffff:1.2.3.4;\n");
  EXPECT_EQ(native("3a1000000000000000000000ffff01020304"), "\tSwUpgradeServer6 0:0:0:0:0:ffff:102:304;\n");
  EXPECT_EQ(native("0b12301006082b060102010104000404612262 63"), "\tSnmpMibObject sysContact.0 HexString 0x61226263;\n");
}

// A text has one form of length for a varbind, and one TLV; and no string of a size that its object does not take.
TEST(Docsis12_Print, VarbindsThatNoTextWritesAreGeneric) {
  const std::string name = "06082b06010201010400", value = "04016e";
  EXPECT_EQ(native("0b0f 300d" + name + value), "\tSnmpMibObject sysContact.0 String \"n\";\n");
  EXPECT_EQ(body("0b10 30810d" + name + value), "\tSnmpMibObject sysContact.0 String \"n\";\n");
  EXPECT_EQ(native("0b10 30810d" + name + value), "\tGenericTLV TlvCode 11 TlvLength 16 TlvValue 0x30810d" + name + value + ";\n");
  EXPECT_EQ(native("fe0101 40000f 300d" + name + value), "\tMtaConfigDelimiter 1;\n\tGenericTLV TlvCode 64 TlvLength 15 TlvValue 0x300d" + name + value + ";\n");
  const auto of = [&](std::size_t size) {  // docsDevSwFilename.0, SIZE (0..64)
    return native(fmt::format("0b{:02x}30{:02x}060a2b06010201450103020004{:02x}{}", size + 16, size + 14, size, std::string(2 * size, '6')));
  };
  EXPECT_TRUE(of(64).starts_with("\tSnmpMibObject docsDevSwFilename.0 String \"fff"));
  EXPECT_TRUE(of(65).starts_with("\tGenericTLV TlvCode 11 TlvLength 81 TlvValue 0x304f"));
}

// Of golden files with octets changed at random: what native text says encodes to the same TLVs.
TEST(Docsis12_Print, NativeTextOfChangedFilesEncodesAgain) {
  std::uint64_t seed = 4;  // of Knuth's MMIX generator
  const auto random = [&](std::size_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(seed >> 33) % below;
  };
  PrintOptions options;
  options.dialect = Dialect::native;
  int again = 0;
  for (const auto& path : golden_binaries()) {
    const std::string golden = contents(path);
    for (int round = 0; round < 40; ++round) {
      std::string octets = golden;
      for (std::size_t changes = random(4); changes > 0; --changes) octets[random(octets.size())] = "\x00\x01\x22\x5c\x7f\xff\x0a\x41"[random(8)];
      auto changed = decode(as_bytes(octets), "test");
      if (!changed) continue;
      Document& document = changed->document;
      document.ended = false;  // MICs, end and padding are no text
      document.tail.clear();
      std::erase_if(document.nodes, [](const Node& node) { return node.code == 0; });
      if (document.kind == FileKind::modem) std::erase_if(document.nodes, [](const Node& node) { return node.code == 6 || node.code == 7; });
      if (document.nodes.empty() || (document.kind == FileKind::modem && document.nodes.front().code == 254)) continue;
      const std::string text = print(document, options);
      ParseOptions how;
      how.mta = document.kind == FileKind::mta;
      const auto parsed = parse(text, "test", how);
      ASSERT_TRUE(parsed) << path << text << parsed.error().front().message;
      const auto before = encode(document), after = encode(parsed->document);
      ASSERT_TRUE(before && after) << path << text;
      EXPECT_EQ(*after, *before) << path << text;
      ++again;
    }
  }
  EXPECT_GT(again, 400);
}

}  // namespace
}  // namespace coaxd::docsis
