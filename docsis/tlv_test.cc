#include "docsis/tlv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "server/base/testing/allocation_count.h"

namespace coaxd::docsis {
namespace {

const Tlv* at(std::initializer_list<std::uint8_t> path) {
  const Tlv* row = nullptr;
  for (const std::uint8_t code : path) {
    row = find_code(row, code);
    if (row == nullptr) return nullptr;
  }
  return row;
}

// One row per line of the registry, four levels that it counts without a name, and DPoE's reading of 83.
TEST(MulpiC_Rows, AreAllThere) { EXPECT_EQ(tlvs().size(), 1658u + 4 + 1); }

TEST(MulpiC_Rows, ARowIsFoundByEachOfItsNumbers) {
  for (const Tlv& tlv : tlvs()) {
    const Tlv* found = find_code(parent_of(tlv), tlv.code());
    ASSERT_NE(found, nullptr) << tlv.path;
    EXPECT_EQ(found->path, tlv.path);
    while (found != &tlv && found != nullptr) found = same_place(*found);
    EXPECT_EQ(found, &tlv) << tlv.path << ' ' << tlv.name;
    EXPECT_TRUE(tlv.path == std::to_string(tlv.code()) || tlv.path.ends_with('.' + std::to_string(tlv.code()))) << tlv.path;
  }
}

TEST(MulpiC_Rows, NoCodeIsFoundThatHasNoRow) {
  std::set<std::string, std::less<>> paths;
  for (const Tlv& tlv : tlvs()) paths.emplace(tlv.path);
  for (const Tlv& parent : tlvs())
    for (unsigned code = 0; code < 256; ++code) {
      const bool there = parent.nests() && paths.contains(std::string(parent.path) + '.' + std::to_string(code));
      ASSERT_EQ(find_code(&parent, static_cast<std::uint8_t>(code)) != nullptr, there) << parent.path << ' ' << code;
    }
}

TEST(MulpiC_Rows, AKeywordIsFoundInEachOfItsPlaces) {
  for (const Tlv& tlv : tlvs()) {
    bool misplaced = true;
    const Tlv* const found = find_keyword(parent_of(tlv), tlv.name, misplaced);
    EXPECT_FALSE(misplaced);
    if (tlv.path == "94") {
      EXPECT_EQ(found, at({93})) << "the utility calls both of them so, and writes 93";
      continue;
    }
    EXPECT_EQ(found, &tlv) << tlv.path << ' ' << tlv.name;
  }
}

TEST(MulpiC_Rows, ColumnsThatWeKnowByHeart) {
  const Tlv* const cpe = at({18});
  ASSERT_NE(cpe, nullptr);
  EXPECT_EQ(cpe->name, "MaxCPE");
  EXPECT_EQ(cpe->kind, Kind::u8);
  EXPECT_TRUE(cpe->bounded);
  EXPECT_EQ(cpe->min, 1u);
  EXPECT_EQ(cpe->max, 254u);
  EXPECT_EQ(cpe->mic, 8u);
  EXPECT_FALSE(cpe->repeats);
  EXPECT_EQ(cpe->since, Release::d10);
  EXPECT_EQ(cpe->clause, "MULPIv3.0-I24 C.1.1.7");
  EXPECT_EQ(at({24, 8})->name, "MaxRateSustained");
  EXPECT_FALSE(at({24, 8})->bounded);
  EXPECT_FALSE(at({24, 8})->repeats);
  EXPECT_TRUE(at({24})->repeats);
  EXPECT_EQ(at({32})->name, "MfgCVCData") << "what a decoder prints, before what reads a file";
  EXPECT_EQ(same_place(*at({32}))->name, "ManufacturerCVC");
  EXPECT_TRUE(at({32})->splits);
  EXPECT_EQ(at({11})->name, "SnmpMibObject");
  EXPECT_EQ(at({43, 8})->name, "VendorIdentifier");
  EXPECT_EQ(at({22, 9, 2})->name, "IpProto");
  EXPECT_EQ(at({5, 63})->utility, Utility::unknown);
  EXPECT_FALSE(at({5, 63})->configures);
  EXPECT_EQ(at({25, 39})->utility, Utility::writes);
  EXPECT_EQ(at({103})->kind, Kind::block16);
  EXPECT_TRUE(at({103})->two_octet_length());
  EXPECT_EQ(at({103, 1, 1})->name, "SSHNewConnectionTimeout");
  EXPECT_TRUE(at({254})->repeats) << "it opens and closes";
}

// MULPI 3.0 D.1.1.
TEST(MulpiD_1_1_Order, IsTheListOfTheSpecification) {
  constexpr int kOrder[] = {1, 2, 3, 4, 17, 43, 6, 18, 19, 20, 22, 23, 24, 25, 28, 29, 26, 35, 36, 37, 40};
  for (std::size_t i = 0; i < std::size(kOrder); ++i) EXPECT_EQ(find_code(nullptr, static_cast<std::uint8_t>(kOrder[i]))->mic, i + 1) << kOrder[i];
  EXPECT_EQ(std::ranges::count_if(tlvs(), [](const Tlv& tlv) { return tlv.mic != 0; }), 21);
}

TEST(DocsisReference_3_1_Keywords, AKeywordOutOfPlaceIsTheFirstOfItsName) {
  bool misplaced = false;
  const Tlv* const flow = at({24});
  EXPECT_EQ(find_keyword(flow, "NetworkAccess", misplaced), at({3}));
  EXPECT_TRUE(misplaced);
  EXPECT_EQ(find_keyword(flow, "QosParamSetType", misplaced), at({24, 6}));
  EXPECT_FALSE(misplaced);
  EXPECT_EQ(find_keyword(nullptr, "QosParamSetType", misplaced), at({24, 6}));
  EXPECT_TRUE(misplaced);
  for (const char* unknown : {"", "networkaccess", "NetworkAccess ", "NetworkAcces", "Main"}) {
    EXPECT_EQ(find_keyword(nullptr, unknown, misplaced), nullptr) << unknown;
    EXPECT_EQ(utility_keyword(unknown), nullptr) << unknown;
  }
}

// Many names stand in several places; the utility takes kind and bounds of the first.
TEST(DocsisReference_3_1_Keywords, TheUtilityTakesTheFirstRowThatItKnows) {
  EXPECT_EQ(utility_keyword("UpstreamEHQoSASF"), at({93})) << "94 too is written as 93";
  EXPECT_EQ(utility_keyword("SNMPv3AccessViewMask"), at({54, 3})) << "1 to 2 octets, also below 202";
  EXPECT_EQ(utility_keyword("EtherType"), at({22, 10, 3})) << "3 octets, also below 23";
  EXPECT_FALSE(utility_keyword("MaxRateSustained")->bounded);
  EXPECT_EQ(utility_keyword("NetworkTimingProfileReference"), at({73, 1})) << "43.5.25 comes first, and is unknown to it";
  EXPECT_EQ(utility_keyword("eTEAIWF"), nullptr);
}

TEST(MulpiC_Rows, TheNearestKeywordIsOffered) {
  EXPECT_EQ(similar_keyword("NetworkAcess"), "NetworkAccess");
  EXPECT_EQ(similar_keyword("networkaccess"), "NetworkAccess");
  EXPECT_EQ(similar_keyword("MaxCpe"), "MaxCPE");
  EXPECT_EQ(similar_keyword("ExtendedCMTSMIC"), "ExtendedCMTSMICConfiguration");
  EXPECT_EQ(similar_keyword("Qqqqqqqqqqqqqqqqqq"), "");
  EXPECT_EQ(similar_keyword(""), "");
}

TEST(MulpiC_Rows, ALookUpAllocatesNothing) {
  bool misplaced = false;
  const std::size_t before = allocation_count();
  for (const Tlv& tlv : tlvs()) {
    if (find_keyword(nullptr, tlv.name, misplaced) == nullptr || find_code(nullptr, tlv.code()) == nullptr) continue;
  }
  EXPECT_EQ(allocation_count(), before);
}

TEST(MulpiC_Rows, WidthsAreThoseOfTheKinds) {
  EXPECT_EQ(width(Kind::u8), 1u);
  EXPECT_EQ(width(Kind::u24), 3u);
  EXPECT_EQ(width(Kind::mac_mask), 12u);
  EXPECT_EQ(width(Kind::ip), 0u) << "4 or 16";
  EXPECT_EQ(width(Kind::block), 0u);
}

}  // namespace
}  // namespace coaxd::docsis
