#include <gmock/gmock.h>

#include "docsis/binary.h"
#include "docsis/testing/hex.h"

namespace coaxd::docsis {
namespace {

using ::testing::HasSubstr;
using testing::hex;
using testing::to_hex;

Node leaf(std::uint8_t code, Octets value, const Tlv* parent = nullptr) {
  Node node;
  node.code = code;
  node.tlv = find_code(parent, code);
  node.wide = node.tlv != nullptr && node.tlv->two_octet_length();
  node.value = std::move(value);
  return node;
}
Node block(std::uint8_t code, std::vector<Node> children) {
  Node node = leaf(code, {});
  node.block = true;
  node.children = std::move(children);
  return node;
}
std::string octets_of(Document document) {
  const auto octets = encode(document);
  if (!octets) return "error: " + octets.error().front().message;
  return to_hex(*octets);
}

TEST(MulpiC_1_Encode, TypeLengthValueInTheOrderOfTheText) {
  EXPECT_EQ(octets_of({.nodes = {leaf(18, {3}), leaf(3, {1})}}), "120103030101");
  EXPECT_EQ(octets_of({}), "");
  EXPECT_EQ(octets_of({.nodes = {leaf(3, {1})}, .ended = true, .tail = {0, 0}}), "030101ff0000");
}

TEST(MulpiC_1_Encode, BlocksNest) {
  const Tlv* const classifier = find_code(nullptr, 22);
  Node ip = leaf(9, {}, classifier);
  ip.block = true;
  ip.children = {leaf(2, {1, 1}, ip.tlv)};
  EXPECT_EQ(octets_of({.nodes = {block(22, {leaf(1, {7}, classifier), ip})}}), "1609010107090402020101");
  EXPECT_EQ(octets_of({.nodes = {block(24, {})}}), "1800");
}

TEST(MulpiC_1_Encode, ALengthOfOneOctetSays255AtMost) {
  EXPECT_EQ(octets_of({.nodes = {leaf(9, Octets(255, 'x'))}}).substr(0, 6), "09ff78") << "beyond the rule of 254, but such files are";
  EXPECT_THAT(octets_of({.nodes = {leaf(9, Octets(256, 'x'))}}), HasSubstr("SwUpgradeFilename holds 256 octets"));
  const Tlv* const flow = find_code(nullptr, 24);
  EXPECT_THAT(octets_of({.nodes = {block(24, {leaf(43, Octets(200), flow), leaf(43, Octets(52), flow)})}}), HasSubstr("UsServiceFlow holds 256 octets"));
}

TEST(MulpiC_1_Encode, EveryProblemIsTold) {
  Document document{.nodes = {leaf(9, Octets(300)), leaf(200, Octets(300)), leaf(3, {1})}};
  document.nodes[0].at = {3, 7};
  const auto octets = encode(document);
  ASSERT_FALSE(octets);
  ASSERT_EQ(octets.error().size(), 2u);
  EXPECT_EQ(octets.error()[0].at, (Position{3, 7}));
  EXPECT_THAT(octets.error()[1].message, HasSubstr("TLV 200 holds 300 octets"));
}

// MULPI 3.0 C.1.2.10: a certificate is cut in pieces of 254 octets, which the modem joins.
TEST(MulpiC_1_2_10_Split, ALongCertificateGoesOnInFurtherTlvs) {
  Octets certificate(600);
  for (std::size_t i = 0; i < certificate.size(); ++i) certificate[i] = static_cast<std::uint8_t>(i);
  const auto octets = encode({.nodes = {leaf(32, certificate)}});
  ASSERT_TRUE(octets);
  Octets expected, joined;
  for (const std::size_t size : {254u, 254u, 92u}) {
    expected.push_back(32);
    expected.push_back(static_cast<std::uint8_t>(size));
    expected.insert(expected.end(), certificate.begin() + static_cast<long>(joined.size()), certificate.begin() + static_cast<long>(joined.size() + size));
    joined.insert(joined.end(), size, 0);
  }
  EXPECT_EQ(*octets, expected);
}

// A file that is read now is cut as the rule says; 255 octets that were one TLV stay one.
TEST(MulpiC_1_2_10_Split, TwoHundredAndFiftyFiveOctets) {
  Node read = leaf(32, Octets(255, 'c'));
  EXPECT_EQ(octets_of({.nodes = {read}}).substr(0, 4), "20ff");
  read.tlv = same_place(*find_code(nullptr, 32));
  ASSERT_EQ(read.tlv->kind, Kind::file);
  const std::string cut = octets_of({.nodes = {read}});
  EXPECT_EQ(cut.substr(0, 4), "20fe");
  EXPECT_EQ(cut.substr(2 * 256), "200163");
}

// The registry's note of TLV 103: pieces of 65533 octets.
TEST(Mulpi4_C_1_Encode, WideValuesAreCutToo) {
  Node settings = leaf(103, Octets(70'000, 'x'));
  ASSERT_TRUE(settings.wide);
  const auto octets = encode({.nodes = {settings}});
  ASSERT_TRUE(octets);
  ASSERT_EQ(octets->size(), 70'000u + 2 * 3);
  EXPECT_EQ(to_hex(Bytes(*octets).first(3)), "67fffd");
  EXPECT_EQ(to_hex(Bytes(*octets).subspan(3 + 65'533, 3)), "671173");
}

// The same for eSAFE blocks (eRouter B.4: fragments of TLV 202 are joined).
TEST(MulpiC_1_2_10_Split, ALongBlockOfAnEmbeddedDeviceToo) {
  const Tlv* const router = find_code(nullptr, 202);
  const auto octets = encode({.nodes = {block(202, {leaf(12, Octets(200, 'a'), router), leaf(12, Octets(100, 'b'), router)})}});
  ASSERT_TRUE(octets);
  ASSERT_EQ(octets->size(), 304u + 2 * 2);
  EXPECT_EQ((*octets)[0], 202);
  EXPECT_EQ((*octets)[1], 254);
  EXPECT_EQ((*octets)[256], 202);
  EXPECT_EQ((*octets)[257], 304 - 254);
}

// DOCSIS 4.0 TLV 103, 104; MTA files' TLV 64.
TEST(Mulpi4_C_1_Encode, WideLengthsTakeTwoOctets) {
  Node credentials = block(104, {});
  Node inner = leaf(1, {}, credentials.tlv);
  inner.block = true;
  inner.children = {leaf(1, Octets(300, 0x30), inner.tlv)};
  credentials.children = {inner};
  const auto octets = encode({.nodes = {credentials}});
  ASSERT_TRUE(octets);
  EXPECT_EQ(to_hex(Bytes(*octets).first(9)), "680132" "01012f" "01012c");
  Node snmp = leaf(64, Octets(256));
  snmp.wide = true;
  const auto mta = encode({.kind = FileKind::mta, .nodes = {snmp}});
  ASSERT_TRUE(mta);
  EXPECT_EQ(to_hex(Bytes(*mta).first(3)), "400100");
}

TEST(MulpiC_1_2_1_End, IsNoTlvThatATextCanWrite) {
  EXPECT_EQ(octets_of({.nodes = {leaf(255, {1})}}), "error: TLV 255 is the end marker and holds nothing");
  EXPECT_EQ(octets_of({.nodes = {leaf(0, {1})}}), "error: TLV 0 is a pad and holds nothing");
  Node below = leaf(255, {1});
  below.tlv = nullptr;
  EXPECT_EQ(octets_of({.nodes = {block(43, {below})}}), "2b03ff0101") << "below the top level it is a code like others";
}

}  // namespace
}  // namespace coaxd::docsis
