#include <gtest/gtest.h>

#include <random>

#include "docsis/binary.h"
#include "docsis/testing/golden_files.h"
#include "docsis/testing/hex.h"

namespace coaxd::docsis {
namespace {

using testing::hex;
using State = Verdict::State;

SharedSecret secret(std::string_view text) { return {Octets(text.begin(), text.end())}; }

Octets sealed(std::string_view body, const Seal& how) {
  Octets out;
  EXPECT_TRUE(seal(decode(hex(body), "x")->document, how, out));
  return out;
}

TEST(DocsisReference_11_Verify, EveryGoldenBinaryAsItsManifestSays) {
  for (const auto& golden : testing::golden_binaries()) {
    const auto file = testing::golden_octets(golden.output);
    const SharedSecret key = golden.key == "-" ? SharedSecret{} : SharedSecret::from_file(testing::golden_octets(golden.key));
    const Verdict verdict = verify(file, key);
    if (golden.integrity == "mta hash ok") {
      EXPECT_EQ(verdict.mta_hash, State::right) << golden.output;
      EXPECT_EQ(verdict.cm_mic, State::absent);
      EXPECT_EQ(verdict.cmts_mic, State::absent);
      continue;
    }
    EXPECT_EQ(verdict.cm_mic, State::right) << golden.output;
    EXPECT_EQ(verdict.mta_hash, State::absent);
    EXPECT_EQ(verdict.extended_cmts_mic, State::absent);
    const bool trap = golden.integrity == "MIC-UTIL-BUG64";
    EXPECT_EQ(verdict.cmts_mic, trap ? State::wrong : State::right) << golden.output;
    EXPECT_EQ(verdict.utility_walk, trap) << golden.output;
    const Verdict other = verify(file, secret("another"));
    EXPECT_EQ(other.cm_mic, State::right) << "it has no key";
    EXPECT_EQ(other.cmts_mic, State::wrong) << golden.output;
    EXPECT_FALSE(other.utility_walk) << golden.output;
  }
}

TEST(MulpiD_1_1_Verify, AChangedOctetIsSeen) {
  const auto whole = testing::golden_octets("02-d11-flows.cm");
  const SharedSecret key = SharedSecret::from_file(testing::golden_octets("k-plain.key"));
  for (std::size_t at = 0; at + 40 < whole.size(); ++at) {
    auto file = whole;
    file[at] ^= 1;
    const Verdict verdict = verify(file, key);
    EXPECT_NE(verdict.cm_mic, State::right) << at;
  }
}

TEST(MulpiD_1_1_Verify, WithoutMicsThereIsNothingToSay) {
  const Verdict verdict = verify(hex("030101ff"), {});
  EXPECT_EQ(verdict.cm_mic, State::absent);
  EXPECT_EQ(verdict.cmts_mic, State::absent);
  EXPECT_EQ(verify({}, {}).cm_mic, State::absent);
  EXPECT_EQ(verify(hex("030101 0600 0700 ff"), {}).cm_mic, State::wrong);
  EXPECT_EQ(verify(hex("030101 0600 0700 ff"), {}).cmts_mic, State::wrong);
}

TEST(Mulpi4_D_1_1_Verify, KnowsWhichAddressIsCovered) {
  const Octets file = sealed("030101 14040a000007 3b10 20010db8000000000000000000000007", {.secret = secret("k"), .address = DynamicAddress::ip6});
  EXPECT_EQ(verify(file, secret("k"), DynamicAddress::ip6).cmts_mic, State::right);
  EXPECT_EQ(verify(file, secret("k"), DynamicAddress::ip4).cmts_mic, State::wrong);
}

TEST(MulpiD_2_Verify, ImplicitFormIsTheCmtsMic) {
  const Octets file = sealed("030101 120103 2b12 0803ffffff 060b 010101 0206100020000010", {.secret = secret("DOCSIS")});
  const Verdict verdict = verify(file, secret("DOCSIS"));
  EXPECT_EQ(verdict.cmts_mic, State::right);
  EXPECT_EQ(verdict.extended_cmts_mic, State::absent);
  EXPECT_EQ(verify(file, secret("other")).cmts_mic, State::wrong);
}

TEST(MulpiD_2_Verify, ExplicitFormStandsBesideIt) {
  constexpr std::string_view kBody = "030101 120103 2b24 0803ffffff 061d 010101 0206100020000010 0310 00000000000000000000000000000000";
  Octets file = sealed(kBody, {.secret = secret("DOCSIS")});
  Verdict verdict = verify(file, secret("DOCSIS"));
  EXPECT_EQ(verdict.cm_mic, State::right);
  EXPECT_EQ(verdict.cmts_mic, State::right);
  EXPECT_EQ(verdict.extended_cmts_mic, State::right);
  verdict = verify(sealed(kBody, {.secret = secret("DOCSIS"), .extended_secret = secret("other")}), secret("DOCSIS"));
  EXPECT_EQ(verdict.cmts_mic, State::right);
  EXPECT_EQ(verdict.extended_cmts_mic, State::wrong);
  file = sealed(kBody, {.secret = secret("DOCSIS"), .extended_secret = secret("other")});
  EXPECT_EQ(verify(file, secret("DOCSIS"), DynamicAddress::ip4, secret("other")).extended_cmts_mic, State::right);
}

TEST(MulpiD_2_Verify, WhatWeCannotComputeIsUnknownNotWrong) {
  const Octets file = sealed("030101 2b0d 0803ffffff 0606 010102 020110", {.secret = secret("k"), .utility_walk = true});
  const Verdict verdict = verify(file, secret("k"));
  EXPECT_EQ(verdict.cm_mic, State::right);
  EXPECT_EQ(verdict.cmts_mic, State::unknown) << "MMH16-sigma-n";
  EXPECT_EQ(verdict.extended_cmts_mic, State::unknown);
}

TEST(PktProv_9_1_Verify, EveryHashVariant) {
  for (const MtaHash hash : {MtaHash::north_american, MtaHash::euro, MtaHash::ietf}) {
    Octets file = hex("fe0101 0b15 3013060e2b06010401a30b02020101010700020101 fe01ff");
    EXPECT_EQ(verify(file, {}).mta_hash, State::absent);
    ASSERT_TRUE(add_mta_hash(file, 0, hash));
    EXPECT_EQ(verify(file, {}).mta_hash, State::right);
    file[10] ^= 1;
    EXPECT_EQ(verify(file, {}).mta_hash, State::wrong);
  }
}

TEST(DocsisReference_11_Verify, AnyOctetsHaveAVerdict) {
  for (const auto& golden : testing::golden_binaries()) {
    const auto file = testing::golden_octets(golden.output);
    for (std::size_t size = 0; size < file.size(); size += 1 + size / 40) {
      const Verdict verdict = verify(Bytes(file).first(size), secret("k"));
      EXPECT_NE(verdict.mta_hash, State::right) << golden.output << " cut at " << size;
    }
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    Octets file(random() % 60);
    for (std::uint8_t& octet : file) octet = static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 256 : random() % 9);
    if (i % 3 == 0 && !file.empty()) file[0] = i % 2 == 0 ? 43 : 254;
    EXPECT_NE(verify(file, {}).cm_mic, State::right);
  }
}

}  // namespace
}  // namespace coaxd::docsis
