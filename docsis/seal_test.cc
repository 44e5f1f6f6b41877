#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <thread>

#include "docsis/binary.h"
#include "docsis/digest.h"
#include "docsis/testing/golden_files.h"
#include "docsis/testing/hex.h"
#include "server/base/testing/allocation_count.h"

namespace coaxd::docsis {
namespace {

using ::testing::HasSubstr;
using testing::hex;
using testing::to_hex;

SharedSecret secret(std::string_view text) { return {Octets(text.begin(), text.end())}; }

std::string sealed(std::string_view body, const Seal& how) {
  const auto decoded = decode(hex(body), "x");
  EXPECT_TRUE(decoded);
  Octets out;
  const auto done = seal(decoded->document, how, out);
  return done ? to_hex(out) : "error: " + done.error().front().message;
}
std::string flat(std::string_view spaced) { return to_hex(hex(spaced)); }

// --- shared secrets ---

TEST(DocsisReference_1_KeyFile, IsCutAt64OctetsAndLosesItsLineEnds) {
  EXPECT_EQ(SharedSecret::from_file(as_bytes("DOCSIS")).octets, secret("DOCSIS").octets);
  EXPECT_EQ(SharedSecret::from_file(as_bytes("DOCSIS\r\n\n\r")).octets, secret("DOCSIS").octets);
  EXPECT_EQ(SharedSecret::from_file(as_bytes(" a\n b \n")).octets, secret(" a\n b ").octets) << "inner ones and blanks count";
  EXPECT_EQ(SharedSecret::from_file(as_bytes(std::string(70, 'k'))).octets, Octets(64, 'k')) << "not hashed";
  EXPECT_EQ(SharedSecret::from_file(as_bytes(std::string(63, 'k') + "\nabc")).octets, Octets(63, 'k'));
  EXPECT_TRUE(SharedSecret::from_file({}).octets.empty());
  EXPECT_TRUE(SharedSecret::from_file(as_bytes("\n")).octets.empty());
}

// --- digests ---

TEST(Rfc2202_2_HmacMd5, TestCases) {
  const auto hmac = [](const SharedSecret& key, Bytes data) {
    HmacMd5 h(key);
    h.add(data);
    return to_hex(h.finish());
  };
  EXPECT_EQ(hmac({Octets(16, 0x0b)}, as_bytes("Hi There")), "9294727a3638bb1c13f48ef8158bfc9d");
  EXPECT_EQ(hmac(secret("Jefe"), as_bytes("what do ya want for nothing?")), "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(hmac({Octets(16, 0xaa)}, Octets(50, 0xdd)), "56be34521d144c88dbb8c733f0e8b3f6");
  EXPECT_EQ(hmac({Octets(80, 0xaa)}, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}

// --- CM MIC and CMTS MIC ---

TEST(MulpiD_1_1_Seal, WorkedExampleWithTlv6Before18) {
  EXPECT_EQ(sealed("030101 120103", {.secret = secret("DOCSIS")}),
            flat("030101 120103 0610 4fc70793b39bd82edc5c5f0a093ec89e 0710 bb5ba117b9a28cacfa0e6cf3f5fa5387 ff00"));
}

TEST(MulpiD_1_1_Seal, WorkedExampleInAnotherOrderThanTheFiles) {
  constexpr std::string_view kBody = "130400000e10 14040a000007 2b0b0803ffffff010400000005 18070102000106 0107 19070102000206 0107 030101";
  EXPECT_EQ(sealed(kBody, {.secret = secret("DOCSIS")}),
            flat(kBody) + flat("0610 6b6f0a9aeadbc7928939476fb0ace603 0710 49638feff4e7ad48af00f3e14d3e9d81 ff00"));
}

TEST(MulpiD_1_1_Seal, MicsThatStandThereGiveWay) {
  const std::string once = sealed("030101 120103", {.secret = secret("DOCSIS")});
  EXPECT_EQ(sealed(once, {.secret = secret("DOCSIS")}), once);
  EXPECT_NE(sealed(once, {.secret = secret("other")}), once);
  EXPECT_EQ(sealed("00 030101 0600 120103 00 ff00", {.secret = secret("DOCSIS")}), once) << "pads too";
}

TEST(MulpiC_1_2_2_Seal, IsPaddedToFourOctets) {
  for (std::size_t extra = 1; extra <= 8; ++extra) {
    const auto file = hex(sealed("030101 bf" + fmt::format("{:02x}", extra) + std::string(2 * extra, '0'), {.secret = {}}));
    EXPECT_EQ(file.size() % 4, 0u);
    const std::size_t end = 3 + 2 + extra + 36;
    EXPECT_EQ(file[end], 255);
    EXPECT_LE(file.size() - end - 1, 3u);
  }
}

// The model: for each type of the list, every TLV of that type.
std::string model_cmts_mic(Bytes file, const SharedSecret& key, bool ip6) {
  Octets message;
  for (int type : {1, 2, 3, 4, 17, 43, 6, 18, 19, 20, 22, 23, 24, 25, 28, 29, 26, 35, 36, 37, 40}) {
    if (type == 20 && ip6) type = 59;
    for (std::size_t at = 0; at < file.size() && file[at] != 255; at += 2u + file[at + 1])
      if (file[at] == type) message.insert(message.end(), file.begin() + static_cast<long>(at), file.begin() + static_cast<long>(at + 2 + file[at + 1]));
  }
  std::uint8_t sum[16];
  unsigned size = sizeof sum;
  HMAC(EVP_md5(), key.octets.data(), static_cast<int>(key.octets.size()), message.data(), message.size(), sum, &size);
  return to_hex(sum);
}

TEST(MulpiD_1_1_Seal, EveryTypeInEveryOrderAsTheModelSays) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::string body;
    unsigned state = seed * 2654435761u + 1;
    for (int i = 0; i < 40; ++i) {
      state = state * 1664525 + 1013904223;
      unsigned code = 1 + (state >> 24) % 70;
      if (code == 6 || code == 7) code = 3;
      body += fmt::format("{:02x}02{:04x}", code, (state >> 8) & 0xffff);
    }
    for (const bool ip6 : {false, true}) {
      const auto file = hex(sealed(body, {.secret = secret("key"), .address = ip6 ? DynamicAddress::ip6 : DynamicAddress::ip4}));
      const std::size_t end = body.size() / 2;
      ASSERT_EQ(to_hex(Bytes(file).subspan(end + 20, 16)), model_cmts_mic(file, secret("key"), ip6)) << seed;
      std::uint8_t cm[16];
      EVP_Q_digest(nullptr, "MD5", nullptr, file.data(), end, cm, nullptr);
      ASSERT_EQ(to_hex(Bytes(file).subspan(end + 2, 16)), to_hex(cm));
    }
  }
}

// MULPI 4.0 D.1.1: 59 in the place of 20.
TEST(Mulpi4_D_1_1_Seal, AnIp6ModemsAddressTakesThePlaceOf20) {
  const std::string body = "030101 14040a000007 3b10 20010db8000000000000000000000007";
  const std::string ip4 = sealed(body, {.secret = secret("k")});
  EXPECT_NE(ip4, sealed(body, {.secret = secret("k"), .address = DynamicAddress::ip6}));
  const std::size_t cmts_mic = flat(body).size() + 36;
  EXPECT_EQ(ip4.substr(0, cmts_mic), sealed(body, {.secret = secret("k"), .address = DynamicAddress::ip6}).substr(0, cmts_mic)) << "the CM MIC is the same";
}

// --- golden files: what the utility sealed, we seal to the octet ---

TEST(DocsisReference_11_Seal, EveryGoldenModemFile) {
  unsigned files = 0;
  for (const auto& golden : testing::golden_binaries()) {
    if (!golden.output.ends_with(".cm")) continue;
    ++files;
    const auto file = testing::golden_octets(golden.output);
    const auto decoded = decode(file, golden.output);
    ASSERT_TRUE(decoded);
    const SharedSecret key = SharedSecret::from_file(testing::golden_octets(golden.key));
    const bool trap = golden.integrity == "MIC-UTIL-BUG64";
    Octets out{1, 2, 3};  // it appends
    ASSERT_TRUE(seal(decoded->document, {.secret = key, .utility_walk = trap}, out));
    EXPECT_EQ(to_hex(Bytes(out).subspan(3)), to_hex(file)) << golden.output;
    out.clear();
    ASSERT_TRUE(seal(decoded->document, {.secret = key, .utility_walk = true}, out));
    EXPECT_EQ(to_hex(out), to_hex(file)) << golden.output << ": the utility's walk differs only where there is a TLV 64";
  }
  EXPECT_EQ(files, 17u);
}

TEST(DocsisReference_5_4_Seal, TheCmtsMicOfAFileWithTlv64IsRightUnlessTheUtilitysIsAskedFor) {
  const auto file = testing::golden_octets("17-static-mcast.cm");
  const auto decoded = decode(file, "17");
  const SharedSecret key = SharedSecret::from_file(testing::golden_octets("k-plain.key"));
  Octets out;
  ASSERT_TRUE(seal(decoded->document, {.secret = key}, out));
  ASSERT_EQ(out.size(), file.size());
  const std::size_t cmts_mic = out.size() - 3 - 16;
  EXPECT_TRUE(equal(Bytes(out).first(cmts_mic), Bytes(file).first(cmts_mic)));
  EXPECT_EQ(to_hex(Bytes(out).subspan(cmts_mic, 16)), model_cmts_mic(out, key, false));
  EXPECT_NE(to_hex(Bytes(out).subspan(cmts_mic, 16)), to_hex(Bytes(file).subspan(cmts_mic, 16)));
}

// --- extended CMTS MIC ---

constexpr std::string_view kImplicit = "030101 120103 2b12 0803ffffff 060b 010101 0206100020000010";
constexpr std::string_view kExplicit = "030101 120103 2b24 0803ffffff 061d 010101 0206100020000010 0310 00000000000000000000000000000000";

TEST(MulpiD_2_ExtendedMic, ImplicitFormTakesThePlaceOfTheCmtsMic) {
  EXPECT_EQ(sealed(kImplicit, {.secret = secret("DOCSIS")}),
            flat(kImplicit) + flat("0610 4578cd132248eff0935e382959cee281 0710 f418d38bc1ab78e2ebdccf2bf734ac3b ff00"));
}

TEST(MulpiD_2_ExtendedMic, ExplicitFormIsFilledInBeforeTheOthers) {
  const std::string file = sealed(kExplicit, {.secret = secret("DOCSIS")});
  EXPECT_EQ(file.substr(0, 88), flat(kExplicit).substr(0, 56) + "58774ece91a32ad2b1a65e8bf03b95de");
  EXPECT_EQ(file.substr(88, 72), flat("0610 b3e98bbf3ed72a5dfa2543eea7736526 0710 13c221332aa8dcf03e7f0f41a29a21ba"));
  EXPECT_EQ(sealed(file, {.secret = secret("DOCSIS")}), file) << "an old digest counts as zeros";
}

TEST(MulpiD_2_ExtendedMic, MayHaveASecretOfItsOwn) {
  const std::string one = sealed(kExplicit, {.secret = secret("DOCSIS")});
  const std::string two = sealed(kExplicit, {.secret = secret("DOCSIS"), .extended_secret = secret("other")});
  EXPECT_NE(one.substr(56, 32), two.substr(56, 32));
  EXPECT_EQ(sealed(kImplicit, {.secret = secret("x"), .extended_secret = secret("DOCSIS")}), sealed(kImplicit, {.secret = secret("DOCSIS")}));
}

// Nobody but the CMTS of that OUI knows what 6 is there.
TEST(MulpiD_2_ExtendedMic, BelowAVendorsOuiIsTheVendors) {
  constexpr std::string_view kVendor = "030101 2b0b 080300000c 0604 01010202";
  EXPECT_EQ(sealed(kVendor, {.secret = {}}).substr(0, 32), flat(kVendor));
  EXPECT_THAT(sealed("030101 2b05 0603 020110", {.secret = {}}), Not(HasSubstr("error"))) << "no OUI";
}

TEST(MulpiD_2_ExtendedMic, WhatCannotBeComputedIsAnError) {
  const Seal how{.secret = secret("k")};
  EXPECT_THAT(sealed("2b0d 0803ffffff 0606 010102 020110", how), HasSubstr("43.6.1 asks for HMAC type 2, which is not known here (MMH16-sigma-n)"));
  EXPECT_THAT(sealed("2b0d 0803ffffff 0606 01012b 020110", how), HasSubstr("HMAC type 43"));
  EXPECT_THAT(sealed("2b0a 0803ffffff 0603 020110", how), HasSubstr("does not say how its digest is made"));
  EXPECT_THAT(sealed("2b0a 0803ffffff 0603 010101", how), HasSubstr("does not say which TLVs it covers"));
  EXPECT_THAT(sealed("2b0d 0803ffffff 0606 010101 020101", how), HasSubstr("covers TLV 7"));
  EXPECT_THAT(sealed("2b1f 0803ffffff 0618 010101 020102 0310 00000000000000000000000000000000", how), HasSubstr("covers TLV 6"));
  EXPECT_THAT(sealed("2b0d 0803ffffff 0606 010101 020102", how), Not(HasSubstr("error"))) << "TLV 6 under an implicit digest is no circle";
  EXPECT_THAT(sealed("2b0f 0803ffffff 0608 010101 020110 0300", how), HasSubstr("has room for 0 octets, and HMAC-MD5 has 16"));
  EXPECT_THAT(sealed(std::string(kImplicit) + std::string(kImplicit.substr(14)), how), HasSubstr("a second time"));
  EXPECT_THAT(sealed("2b0a 0803ffffff 0603 020110", {.secret = {}, .utility_walk = true}), Not(HasSubstr("error"))) << "the utility does not look";
}

TEST(MulpiD_2_ExtendedMic, AnErrorSaysWhereInTheText) {
  auto decoded = decode(hex("2b0d 0803ffffff 0606 010102 020110"), "x");
  decoded->document.nodes[0].children[1].at = {4, 9};
  Octets out;
  const auto done = seal(decoded->document, {.secret = {}}, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error()[0].at, (Position{4, 9}));
}

TEST(PktProv_9_1_Seal, AnMtasFileHasNoMics) {
  EXPECT_THAT(sealed("fe0101 fe01ff", {.secret = {}}), HasSubstr("begins with TLV 254"));
  EXPECT_THAT(sealed("00 0600 fe0101", {.secret = {}}), HasSubstr("begins with TLV 254")) << "once pads and MICs have given way";
}

TEST(MulpiD_1_1_Seal, ATooLongBlockIsAnError) {
  Document document{.nodes = {Node{.code = 9, .tlv = find_code(nullptr, 9), .at = {}, .value = Octets(256), .children = {}}}};
  Octets out{1, 2};
  EXPECT_FALSE(seal(document, {.secret = {}}, out));
  EXPECT_EQ(out, (Octets{1, 2}));
}

// --- MTA files ---

TEST(PktProv_9_1_Hash, WorkedExample) {
  Octets file = hex("fe0101 0b15 3013060e2b06010401a30b02020101010700020101 fe01ff");
  ASSERT_TRUE(add_mta_hash(file, 0, MtaHash::north_american));
  EXPECT_EQ(to_hex(file), flat("fe0101 0b15 3013060e2b06010401a30b02020101010700020101"
                               "0b28 3026 060e 2b06010401a30b0202010102070004147efcd7780596fa9ef4bdfb627a95b776a93ffd4a fe01ff"));
}

TEST(PktProv_9_1_Hash, GoldenFiles) {
  for (const auto& [name, hash] : {std::pair{"12-mta-na.bin", MtaHash::north_american}, std::pair{"13-mta-eu-long.bin", MtaHash::euro}}) {
    const auto file = testing::golden_octets(name);
    const auto decoded = decode(file, name);
    ASSERT_TRUE(decoded);
    const auto again = seal_mta(decoded->document, hash);
    ASSERT_TRUE(again);
    EXPECT_EQ(to_hex(*again), to_hex(file)) << name << ": the old hash gives way";
    const auto twice = seal_mta(decoded->document, hash, true);
    ASSERT_TRUE(twice);
    EXPECT_EQ(twice->size(), file.size() + (hash == MtaHash::euro ? 40 : 42)) << "the utility keeps it";
    const auto plain = seal_mta(decoded->document, MtaHash::none);
    ASSERT_TRUE(plain);
    EXPECT_EQ(to_hex(*plain), to_hex(file));
  }
}

// The octets of a delimiter are one only where a TLV begins.
TEST(PktProv_9_1_Hash, ADelimiterInsideAnotherTlvIsNone) {
  Octets file = hex("fe0101 0b03 fe01ff"), marked = hex("fe0101 0b02 03fe01 ff"), alone = hex("fe01ff");
  EXPECT_FALSE(add_mta_hash(file, 0, MtaHash::euro));
  EXPECT_FALSE(add_mta_hash(marked, 0, MtaHash::euro));
  EXPECT_FALSE(add_mta_hash(alone, 0, MtaHash::euro)) << "what opens a file does not close it";
}

// RFC 4682: pktcMtaDevProvConfigHash.
TEST(Rfc4682_Hash, TheIetfsObjectIsWellFormed) {
  Octets file = hex("fe0101 fe01ff");
  ASSERT_TRUE(add_mta_hash(file, 0, MtaHash::ietf));
  ASSERT_EQ(file.size(), 6u + 19 + 20);
  EXPECT_EQ(file[4] + 5u + 3u, file.size()) << "TLV 11";
  EXPECT_EQ(file[6] + 2u, file[4] + 0u) << "SEQUENCE";
  EXPECT_EQ(to_hex(Bytes(file).subspan(7, 13)), "060b2b06010201810c01020b00");
  EXPECT_EQ(file[20], 0x04);
  EXPECT_EQ(file[21], 0x14);
}

TEST(PktProv_9_1_Hash, OnlyAWholeMtaFileHasOne) {
  Octets modem = hex("030101"), open = hex("fe0101 0b00");
  EXPECT_FALSE(add_mta_hash(modem, 0, MtaHash::euro));
  EXPECT_EQ(modem, hex("030101")) << "the utility writes over its last octets";
  const auto refused = add_mta_hash(open, 0, MtaHash::euro);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error()[0].mend, "end it with MtaConfigDelimiter 255");
  EXPECT_TRUE(add_mta_hash(open, 0, MtaHash::none));
}

TEST(PktProv_9_1_Hash, ADecodedFileIsSealedWithTheOtherVariant) {
  const auto decoded = decode(testing::golden_octets("12-mta-na.bin"), "12");
  const auto euro = seal_mta(decoded->document, MtaHash::euro);
  ASSERT_TRUE(euro);
  const auto back = seal_mta(decode(*euro, "x")->document, MtaHash::north_american);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_hex(*back), to_hex(testing::golden_octets("12-mta-na.bin")));
}

// --- the way of a server ---

TEST(MulpiD_1_1_Seal, AllocatesNothingButItsOutput) {
  const auto decoded = decode(testing::golden_octets("04-d30-v6.cm"), "04");
  const Seal how{.secret = secret("DOCSIS")};
  Octets out;
  ASSERT_TRUE(seal(decoded->document, how, out));
  const std::size_t size = out.size();
  const std::size_t before = allocation_count();
  for (int i = 0; i < 3; ++i) {
    out.clear();
    ASSERT_TRUE(seal(decoded->document, how, out));
  }
  const std::size_t made = allocation_count() - before;
  EXPECT_EQ(made, 0u);
  EXPECT_EQ(out.size(), size);
}

TEST(MulpiD_1_1_Seal, ThreadsDoNotShareContexts) {
  const auto file = testing::golden_octets("04-d30-v6.cm");
  const auto decoded = decode(file, "04");
  const Seal how{.secret = SharedSecret::from_file(testing::golden_octets("k-long.key"))};
  std::vector<std::thread> threads;
  std::array<int, 4> wrong{};
  for (int& count : wrong)
    threads.emplace_back([&count, &decoded, &how, &file] {
      Octets out;
      for (int i = 0; i < 300; ++i) {
        out.clear();
        count += !seal(decoded->document, how, out) || !equal(out, file);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace coaxd::docsis
