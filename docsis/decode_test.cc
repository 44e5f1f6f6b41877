#include <gmock/gmock.h>

#include <random>

#include "docsis/binary.h"
#include "docsis/testing/golden_files.h"
#include "docsis/testing/hex.h"

namespace coaxd::docsis {
namespace {

using ::testing::HasSubstr;
using testing::hex;
using testing::to_hex;

// Both directions; the file as it comes back, or "offset N: what is wrong".
std::string round_trip(Bytes file) {
  const auto decoded = decode(file, "x.cm");
  if (!decoded) {
    EXPECT_TRUE(has_error(decoded.error()));
    return fmt::format("offset {}: {}", decoded.error().back().offset, decoded.error().back().message);
  }
  EXPECT_FALSE(has_error(decoded->warnings));
  const auto encoded = encode(decoded->document);
  if (!encoded) return "not encoded: " + encoded.error().front().message;
  return to_hex(*encoded);
}

Document document_of(std::string_view octets) {
  auto decoded = decode(hex(octets), "x.cm");
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().front().message);
  return decoded ? std::move(decoded->document) : Document{};
}

TEST(MulpiC_1_Decode, ATreeOfRows) {
  const Document document = document_of("030101 1607 010107 0902 0201 ff0000");
  EXPECT_EQ(document.kind, FileKind::modem);
  EXPECT_TRUE(document.ended);
  EXPECT_EQ(document.tail, hex("0000"));
  ASSERT_EQ(document.nodes.size(), 2u);
  EXPECT_EQ(document.nodes[0].tlv->name, "NetworkAccess");
  EXPECT_EQ(document.nodes[0].value, hex("01"));
  const Node& classifier = document.nodes[1];
  EXPECT_TRUE(classifier.block);
  ASSERT_EQ(classifier.children.size(), 2u);
  EXPECT_EQ(classifier.children[0].tlv->name, "ClassifierRef");
  EXPECT_EQ(classifier.children[1].tlv->name, "IpPacketClassifier");
  EXPECT_FALSE(classifier.children[1].block) << "02 01 is no TLV: the octet that it announces is missing";
  EXPECT_EQ(classifier.children[1].value, hex("0201"));
}

TEST(MulpiC_1_Decode, WhatNobodyKnowsStaysOctets) {
  const Document document = document_of("bf020102 1804 030161 c8 ff");
  ASSERT_EQ(document.nodes.size(), 2u);
  EXPECT_EQ(document.nodes[0].tlv, nullptr);
  EXPECT_EQ(document.nodes[0].value, hex("0102"));
  EXPECT_FALSE(document.nodes[1].block) << "its second TLV, c8, has no length";
}

TEST(MulpiC_1_Decode, EveryTruncationSaysWhere) {
  EXPECT_EQ(round_trip(hex("03")), "offset 0: TLV 3 (NetworkAccess) ends within its length");
  EXPECT_EQ(round_trip(hex("0301")), "offset 0: TLV 3 (NetworkAccess) says that 1 octets follow, and there are 0");
  EXPECT_EQ(round_trip(hex("030101 18 05 0102")), "offset 3: TLV 24 (UsServiceFlow) says that 5 octets follow, and there are 2");
  EXPECT_EQ(round_trip(hex("030101 bf")), "offset 3: TLV 191 ends within its length");
  EXPECT_EQ(round_trip(hex("67 00")), "offset 0: TLV 103 (CMSSHServerConfiguration) ends within its length");
  EXPECT_EQ(round_trip(hex("67 0001")), "offset 0: TLV 103 (CMSSHServerConfiguration) says that 1 octets follow, and there are 0");
  EXPECT_EQ(round_trip(hex("fe0101 40 01")), "offset 3: TLV 64 (SnmpMibObject) ends within its length");
}

TEST(MulpiC_1_2_1_Decode, BehindTheEndMarkerOnlyPads) {
  EXPECT_EQ(round_trip(hex("030101 ff 000000")), "030101ff000000");
  EXPECT_EQ(round_trip(hex("030101 ff 0001")), "offset 5: 01 behind the end marker (FF), where only padding (00) may stand");
  EXPECT_EQ(round_trip(hex("ffff")), "offset 1: ff behind the end marker (FF), where only padding (00) may stand");
}

TEST(MulpiC_1_2_1_Decode, AFileWithoutEndIsReadWithAWarning) {
  const auto decoded = decode(hex("030101"), "x.cm");
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->warnings.size(), 1u);
  EXPECT_EQ(render(decoded->warnings[0], ""), "x.cm: offset 0x3: warning: there is no end marker (FF); a modem needs one\n");
  EXPECT_FALSE(decoded->document.ended);
  EXPECT_TRUE(decode(Bytes{}, "empty"));
}

TEST(MulpiC_1_2_2_Decode, APadInFrontOfTheEndMarkerIsOneOctet) {
  const auto decoded = decode(hex("00 00 030101 00 ff"), "x.cm");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->document.nodes.size(), 4u);
  ASSERT_EQ(decoded->warnings.size(), 1u) << "told once";
  EXPECT_EQ(decoded->warnings[0].offset, 0u);
  EXPECT_EQ(round_trip(hex("00 00 030101 00 ff")), "000003010100ff");
}

// PKT-SP-PROV1.5 §9.1.
TEST(PktProv_9_1_Decode, AFileThatBeginsWith254IsAnMtas) {
  const Document document = document_of("fe0101 40 0003 300102 0b03 300102 fe01ff");
  EXPECT_EQ(document.kind, FileKind::mta);
  ASSERT_EQ(document.nodes.size(), 4u);
  EXPECT_TRUE(document.nodes[1].wide);
  EXPECT_EQ(document.nodes[1].tlv->name, "SnmpMibObject");
  EXPECT_EQ(document.nodes[1].value, hex("300102"));
  EXPECT_FALSE(document.nodes[2].wide);
  const Document modem = document_of("40 06 0104 ef010203 ff");
  EXPECT_EQ(modem.nodes[0].tlv->name, "CMTSStaticMulticastSessionEncodings") << "in a modem file 64 is something else";
  EXPECT_TRUE(modem.nodes[0].block);
}

// MULPI 3.0 C.1.1.18: below an OUI that is not CableLabs' the codes are the vendor's.
TEST(MulpiC_1_1_18_Decode, AVendorsBlockIsTheVendors) {
  const Document document = document_of("2b0b 0803 00000c 0402 0004 0a00 2b0b 0803 ffffff 0402 0004 0a00 ff");
  ASSERT_EQ(document.nodes.size(), 2u);
  const auto &vendor = document.nodes[0].children, &cablelabs = document.nodes[1].children;
  ASSERT_EQ(vendor.size(), 3u);
  EXPECT_EQ(vendor[0].tlv->name, "VendorIdentifier");
  EXPECT_EQ(vendor[1].tlv, nullptr);
  EXPECT_EQ(vendor[2].tlv, nullptr);
  EXPECT_FALSE(vendor[2].block);
  EXPECT_EQ(cablelabs[1].tlv->name, "CMRangingClassIDExtension");
  EXPECT_TRUE(cablelabs[2].block);
}

// The registry gives 83 to MULPI 3.1 (one octet) and to DPoE (a block).
TEST(Cann_83_Decode, TheValueTellsWhichOfTwoRowsItIs) {
  EXPECT_EQ(document_of("530101 ff").nodes[0].tlv->name, "DTPModeConfiguration");
  EXPECT_EQ(document_of("5303 020101 ff").nodes[0].tlv->name, "DPoEL2CPProcessing");
  EXPECT_EQ(document_of("5302 0201 ff").nodes[0].tlv->name, "DTPModeConfiguration") << "neither: the first, as octets";
}

TEST(Mulpi4_C_1_Decode, WideLengthsInAModemFile) {
  const Document document = document_of("67 0008 0103050101 030001 670000 ff");
  ASSERT_EQ(document.nodes.size(), 2u);
  EXPECT_TRUE(document.nodes[0].wide);
  EXPECT_FALSE(document.nodes[0].block) << "103.3 has a length of two octets: it says 1, and nothing is left";
  EXPECT_EQ(document_of("67 0008 0103050101 030000 ff").nodes[0].children.size(), 2u);
}

// --- encode(decode(x)) is x ---

TEST(DocsisReference_11_RoundTrip, EveryGoldenBinary) {
  for (const auto& golden : testing::golden_binaries()) {
    const auto file = testing::golden_octets(golden.output);
    const auto decoded = decode(file, golden.output);
    ASSERT_TRUE(decoded) << golden.output << ": " << decoded.error().back().message;
    EXPECT_TRUE(decoded->warnings.empty()) << golden.output;
    EXPECT_EQ(decoded->document.kind, golden.output.ends_with(".bin") ? FileKind::mta : FileKind::modem);
    EXPECT_EQ(round_trip(file), to_hex(file)) << golden.output;
  }
}

// A prefix is accepted if it ends where a TLV ends, and comes back then; else it is refused where the TLV begins that it cuts.
TEST(DocsisReference_11_RoundTrip, EveryTruncationOfEveryGoldenBinary) {
  for (const auto& golden : testing::golden_binaries()) {
    const auto file = testing::golden_octets(golden.output);
    const bool mta = file[0] == 254;
    std::size_t start = 0;  // of the TLV that the prefix ends in
    bool ended = false;
    for (std::size_t size = 0; size <= file.size(); ++size) {
      const Bytes prefix = Bytes(file).first(size);
      const auto decoded = decode(prefix, golden.output);
      if (!ended && size > start) {
        ended = file[start] == 255;
        const std::size_t header = mta && file[start] == 64 ? 3 : 2;
        if (!ended && size == start + header + (header == 3 ? load_be16(&file[start + 1]) : file[start + 1])) start = size;
      }
      ASSERT_EQ(decoded.has_value(), ended || size == start) << golden.output << " cut at " << size;
      if (decoded) {
        ASSERT_EQ(round_trip(prefix), to_hex(prefix)) << golden.output << " cut at " << size;
      } else {
        ASSERT_EQ(decoded.error().back().offset, start) << golden.output << " cut at " << size;
      }
    }
  }
}

// TLVs that are known, unknown, nested rightly and wrongly.
class RandomFile {
 public:
  explicit RandomFile(std::uint32_t seed) : random_(seed) {}

  Octets make() {
    Octets file;
    if (below(4) == 0) file = {254, 1, 1};
    const bool mta = !file.empty();
    for (unsigned count = below(12); count > 0; --count) {
      const Tlv* const row = below(4) == 0 ? nullptr : &tlvs()[below(static_cast<unsigned>(tlvs().size()))];
      const std::uint8_t code = row != nullptr && parent_of(*row) == nullptr ? row->code() : static_cast<std::uint8_t>(below(256));
      if (code == 255) continue;
      if (code == 0) {
        file.push_back(0);
        continue;
      }
      const Octets value = value_of(find_code(nullptr, code), 0);
      file.push_back(code);
      if ((mta && code == 64) || code == 103 || code == 104) file.push_back(0);
      file.push_back(static_cast<std::uint8_t>(value.size()));
      file.insert(file.end(), value.begin(), value.end());
    }
    if (below(2) == 0) {
      file.push_back(255);
      file.insert(file.end(), below(5), 0);
    }
    for (unsigned hits = below(3) == 0 ? 1 + below(3) : 0; hits > 0 && !file.empty(); --hits) {
      const std::size_t at = below(static_cast<unsigned>(file.size()));
      if (below(3) == 0) {
        file.erase(file.begin() + static_cast<long>(at), file.end());
      } else {
        file[at] = static_cast<std::uint8_t>(below(256));
      }
    }
    return file;
  }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }

  Octets value_of(const Tlv* row, unsigned depth) {
    Octets value;
    if (row == nullptr || !row->nests() || below(5) == 0) {
      const std::size_t octets = row != nullptr && below(3) != 0 ? width(row->kind) : below(20);
      for (std::size_t i = 0; i < octets; ++i) value.push_back(static_cast<std::uint8_t>(below(8) == 0 ? 255 : below(256)));
      return value;
    }
    for (unsigned count = below(4); count > 0; --count) {
      const auto code = static_cast<std::uint8_t>(below(3) == 0 ? below(256) : 1 + below(16));
      const Tlv* const child = find_code(row, code);
      const Octets inner = value_of(child, depth + 1);
      if (value.size() + inner.size() + 3 > 200) break;
      value.push_back(code);
      if (child != nullptr && child->two_octet_length()) value.push_back(0);
      value.push_back(static_cast<std::uint8_t>(inner.size()));
      value.insert(value.end(), inner.begin(), inner.end());
    }
    return value;
  }

  std::mt19937 random_;
};

TEST(DocsisReference_11_RoundTrip, WhateverIsAcceptedComesBack) {
  unsigned accepted = 0, refused = 0, blocks = 0;
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    const Octets file = RandomFile(seed).make();
    const auto decoded = decode(file, "random");
    if (!decoded) {
      ++refused;
      ASSERT_LE(decoded.error().back().offset, file.size()) << "seed " << seed;
      continue;
    }
    ++accepted;
    for (const Node& node : decoded->document.nodes) blocks += node.block;
    ASSERT_EQ(round_trip(file), to_hex(file)) << "seed " << seed;
  }
  EXPECT_GT(accepted, 10'000u);
  EXPECT_GT(refused, 1'000u);
  EXPECT_GT(blocks, 3'000u);
}

// One octet of a real file is something else.
TEST(DocsisReference_11_RoundTrip, GoldenBinariesWithOneOctetChanged) {
  std::mt19937 random(4);
  for (const auto& golden : testing::golden_binaries()) {
    const auto whole = testing::golden_octets(golden.output);
    for (int i = 0; i < 500; ++i) {
      auto file = whole;
      file[random() % file.size()] = static_cast<std::uint8_t>(random());
      if (decode(file, "x")) {
        ASSERT_EQ(round_trip(file), to_hex(file)) << golden.output << " change " << i;
      }
    }
  }
}

}  // namespace
}  // namespace coaxd::docsis
