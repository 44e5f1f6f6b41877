// -m, -dialplan, hashes, standard streams: what happens to which file.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/docsis/command_run.h"

namespace coaxd::docsis {
namespace {

using testing::HasSubstr;

constexpr std::string_view kModem = "Main { NetworkAccess 1; MaxCPE 3; }\n";
constexpr std::string_view kMta = "Main { MtaConfigDelimiter 1; SnmpMibObject sysContact.0 String \"a\"; MtaConfigDelimiter 255; }\n";
constexpr std::string_view kBad = "Main {\n NetworkAccess 1\n}\n";

std::string from_hex(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) out += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16));
  return out;
}
// Reference 5.3, worked example 1.
const std::string kModemFile = from_hex("03010112010306104fc70793b39bd82edc5c5f0a093ec89e0710bb5ba117b9a28cacfa0e6cf3f5fa5387ff00");

class Batch : public testing::Test {
 protected:
  void SetUp() override { Folder::write("key", "DOCSIS\n"); }
  Folder folder_;
};

TEST_F(Batch, Docsis1_ManyTexts) {
  for (const char* name : {"a.cfg", "b.cfg", "c.d.cfg"}) Folder::write(name, kModem);
  const Ran ran = run_line("-m a.cfg b.cfg c.d.cfg key .cm");
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* name : {"a.cm", "b.cm", "c.d.cm"}) EXPECT_EQ(contents(name), kModemFile) << name;
}

TEST_F(Batch, Docsis1_TheExtensionTakesThePlaceOfTheDotToo) {
  Folder::write("a.cfg", kModem);
  EXPECT_EQ(run_line("--quiet -m a.cfg key bin").status, 0);
  EXPECT_EQ(contents("abin"), kModemFile);
}

// The utility passes over what has too short an extension, and says so.
TEST_F(Batch, Docsis1_ShortExtensions) {
  Folder::write("a.t", kModem);
  Folder::write("plain", kModem);
  Folder::write("b.cfg", kModem);
  const Ran compat = run_line("--compat -m a.t plain b.cfg key .cm");
  EXPECT_EQ(compat.status, 0);
  EXPECT_THAT(compat.err, HasSubstr("plain is left out"));
  EXPECT_FALSE(std::filesystem::exists("a.cm"));
  EXPECT_TRUE(std::filesystem::exists("b.cm"));
  EXPECT_EQ(run_line("-m a.t plain key .cm").status, 0);
  EXPECT_EQ(contents("a.cm"), kModemFile);
  EXPECT_EQ(contents("plain.cm"), kModemFile);
}

TEST_F(Batch, Docsis1_AfterAnErrorTheUtilityEndsAndWeGoOn) {
  Folder::write("a.cfg", kModem);
  Folder::write("bad.cfg", kBad);
  Folder::write("c.cfg", kModem);
  EXPECT_EQ(run_line("--compat -m a.cfg bad.cfg c.cfg key .cm").status, 2);
  EXPECT_TRUE(std::filesystem::exists("a.cm"));
  EXPECT_FALSE(std::filesystem::exists("c.cm"));
  const Ran ran = run_line("-m a.cfg bad.cfg missing.cfg c.cfg key .cm");
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(std::filesystem::exists("c.cm"));
  EXPECT_FALSE(std::filesystem::exists("bad.cm"));
  EXPECT_THAT(ran.err, HasSubstr("bad.cfg:2:"));
  EXPECT_THAT(ran.err, HasSubstr("missing.cfg: No such file or directory"));
  EXPECT_THAT(ran.err, HasSubstr("docsis: 2 of 4 texts made no file\n"));
}

TEST_F(Batch, Docsis1_ManyMtas) {
  Folder::write("a.cfg", kMta);
  EXPECT_EQ(run_line("-na -m -p a.cfg .bin").status, 0);
  EXPECT_EQ(run_line("-na -p a.cfg one.bin").status, 0);
  EXPECT_EQ(contents("a.bin"), contents("one.bin"));
  EXPECT_THAT(run_line("verify key a.bin").out, HasSubstr("a.bin: MTA hash right"));
}

TEST_F(Batch, Docsis1_ATextIsNotWrittenOver) {
  Folder::write("a.cm", kModem);
  EXPECT_EQ(run_line("-m a.cm key .cm").status, 2);
  EXPECT_EQ(run_line("-e a.cm key a.cm").status, 2);
  EXPECT_EQ(contents("a.cm"), kModem);
}

// By whatever name, and not the key either, which stands where the output is forgotten or changed places with it.
TEST_F(Batch, Docsis1_NothingThatIsReadIsWrittenOver) {
  Folder::write("a.cfg", kModem);
  std::filesystem::create_hard_link("a.cfg", "linked.cm");
  for (const char* line : {"-e a.cfg key ./a.cfg", "-e a.cfg key linked.cm", "-e a.cfg key key", "-e a.cfg key ./key"}) {
    const Ran ran = run_line(line);
    EXPECT_EQ(ran.status, 2) << line;
    EXPECT_THAT(ran.err, HasSubstr("would be written over")) << line;
  }
  EXPECT_EQ(contents("a.cfg"), kModem);
  EXPECT_EQ(contents("key"), "DOCSIS\n");
}

TEST_F(Batch, Docsis1_KeysThatMayBeAnotherFile) {
  Folder::write("a.cfg", kModem);
  EXPECT_EQ(run_line("--quiet -e a.cfg key a.cm").err, "");
  Folder::write("key", std::string(64, 'k') + "\r\n");
  EXPECT_EQ(run_line("--quiet -e a.cfg key a.cm").err, "");
  Folder::write("key", std::string(65, 'k'));
  EXPECT_EQ(run_line("--quiet -e a.cfg key a.cm").err, "docsis: key file key: of its 65 octets the first 64 count\n");
  Folder::write("key", "\n");
  EXPECT_EQ(run_line("--quiet -e a.cfg key a.cm").err, "docsis: key file key is empty: the CMTS MIC has no secret\n");
}

TEST_F(Batch, Docsis1_TwoTextsForOneFile) {
  Folder::write("a.cfg", kModem);
  Folder::write("a.txt", "Main { NetworkAccess 0; }");
  const Ran ran = run_line("-m a.cfg a.txt key .cm");
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("a.txt: a.cm is written from a.cfg already"));
  EXPECT_EQ(contents("a.cm"), kModemFile);
  EXPECT_EQ(run_line("-m a.cfg a.cfg key .cm").status, 0);
}

// A device, or another file: told before memory ends.
TEST_F(Batch, Docsis1_WhatIsTooLargeIsNoConfiguration) {
  Folder::write("large.cfg", "Main");
  std::filesystem::resize_file("large.cfg", std::uintmax_t{1} << 40);
  const Ran ran = run_line("-e large.cfg key a.cm");
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("large.cfg: is larger than 64 MiB"));
  EXPECT_THAT(run_line("-d /dev/zero").err, HasSubstr("/dev/zero: is larger than 64 MiB"));
}

// MULPI 3.0 C.1.1.18.1.6: an HMAC type that cannot be computed is found when the file is sealed, and told at its place.
TEST_F(Batch, MulpiD_2_WhatCannotBeSealedIsToldWithItsPlace) {
  Folder::write("a.cfg", "Main { NetworkAccess 1;\n VendorSpecific { VendorIdentifier 0xffffff;\n  ExtendedCMTSMICConfiguration {"
                         " ExtendedCMTSMICHMACDigestType 2; ExtendedCMTSMICHMACBitmap 0x10; } } }\n");
  const Ran ran = run_line("-e a.cfg key a.cm");
  EXPECT_EQ(ran.status, 255);
  EXPECT_THAT(ran.err, HasSubstr("a.cfg:3:3: error: 43.6.1 asks for HMAC type 2"));
  EXPECT_THAT(ran.err, HasSubstr("  ExtendedCMTSMICConfiguration {"));
  EXPECT_FALSE(std::filesystem::exists("a.cm"));
}

TEST_F(Batch, DocsisInclude_LinesOfAFileBesideTheText) {
  std::filesystem::create_directory("texts");
  Folder::write("texts/a.cfg", "Main { include \"b.cfg\"; }");
  Folder::write("texts/b.cfg", "NetworkAccess 1;\n MaxCPE 300;\n");
  const Ran ran = run_line("--native -e texts/a.cfg key a.cm");
  EXPECT_EQ(ran.status, 241);
  EXPECT_THAT(ran.err, HasSubstr("b.cfg:2:9: error: MaxCPE is 1 to 254, not 300; the highest is 254\n MaxCPE 300;\n        ^\n"));
}

TEST_F(Batch, Mulpi4_D_1_1_TheListingIsOfTlv59ToWhomItIsUnderTheMic) {
  Folder::write("a.cfg", "Main { NetworkAccess 1; TftpModemAddress 10.0.0.7; TFTPProvisionedModemIPv6Address 2001:db8::7; }");
  const auto covered = [](std::string text) { return text.substr(0, text.find("##### End")); };
  EXPECT_THAT(covered(run_line("-e a.cfg key a.cm").out), testing::AllOf(HasSubstr("TftpModemAddress"), testing::Not(HasSubstr("IPv6"))));
  EXPECT_THAT(covered(run_line("--ipv6 -e a.cfg key a.cm").out), testing::AllOf(HasSubstr("IPv6"), testing::Not(HasSubstr("TftpModemAddress"))));
}

TEST_F(Batch, Docsis1_StandardStreams) {
  const Ran ran = run_line("-e - key -", kModem);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, kModemFile);  // and no listing among it
}

TEST_F(Batch, Docsis1_FilesThatCannotBeOpened) {
  Folder::write("a.cfg", kModem);
  EXPECT_EQ(run_line("-e missing key a.cm").status, 2);
  EXPECT_EQ(run_line("-e a.cfg nokey a.cm").status, 251);
  EXPECT_EQ(run_line("-e a.cfg key nowhere/a.cm").status, 2);
  EXPECT_EQ(run_line("-d missing").status, 255);
  EXPECT_EQ(run_line("-e . key a.cm").status, 2);
}

TEST_F(Batch, Docsis5_6_AnMtaTextIsAnMtaFileWhateverTheAction) {
  Folder::write("a.cfg", kMta);
  const Ran ran = run_line("-e a.cfg key a.bin");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("as an MTA file"));
  EXPECT_EQ(run_line("-p a.cfg b.bin").status, 0);
  EXPECT_EQ(contents("a.bin"), contents("b.bin"));
}

TEST_F(Batch, Docsis1_BareTlvsOfAModem) {
  Folder::write("a.cfg", kModem);
  EXPECT_EQ(run_line("-p a.cfg a.bin").status, 0);
  EXPECT_EQ(contents("a.bin"), from_hex("030101120103"));
}

// The utility overwrites the end of the file with the hash.
TEST_F(Batch, Docsis1_AHashIsForMtas) {
  Folder::write("a.cfg", kModem);
  const Ran ran = run_line("-na -p a.cfg a.bin");
  EXPECT_EQ(ran.status, 255);
  EXPECT_THAT(ran.err, HasSubstr("MtaConfigDelimiter"));
  EXPECT_FALSE(std::filesystem::exists("a.bin"));
}

// Reference 4: always TLV 64, its lengths in one octet or three. The octets before the plan are the utility's.
TEST_F(Batch, Docsis4_DialPlan) {
  Folder::write("a.cfg", kMta);
  EXPECT_EQ(run_line("-dialplan -p a.cfg a.bin").status, 255);  // no dialplan.txt
  const std::string name = "06122b06010401a30b0202080201010301010201";
  const std::pair<std::size_t, std::string> cases[] = {
      {13, "4000253023" + name + "040d"},          {105, "400081307f" + name + "0469"},          {110, "40008830820084" + name + "046e"},
      {127, "40009930820095" + name + "047f"},     {128, "40009c30820098" + name + "04820080"},  {300, "40014830820144" + name + "0482012c"},
  };
  for (const auto& [size, before] : cases) {
    Folder::write("dialplan.txt", std::string(size, 'x'));
    ASSERT_EQ(run_line("-p -dialplan a.cfg a.bin").status, 0);
    EXPECT_TRUE(contents("a.bin").ends_with(from_hex(before) + std::string(size, 'x') + from_hex("fe01ff"))) << size;
    ASSERT_EQ(run_line("-dialplan -p a.cfg b.bin").status, 0);
    EXPECT_EQ(contents("a.bin"), contents("b.bin"));
    EXPECT_THAT(run_line("-d a.bin").out, HasSubstr("\tDigitMap \"dialplan_output.txt\"; /* file created. */\n"));
    EXPECT_EQ(contents("dialplan_output.txt"), std::string(size, 'x'));
  }
  ASSERT_EQ(run_line("-na -dialplan -p a.cfg a.bin").status, 0);
  EXPECT_THAT(run_line("verify key a.bin").out, HasSubstr("MTA hash right"));
}

TEST_F(Batch, Docsis5_6_Rfc4682Hash) {
  Folder::write("a.cfg", kMta);
  EXPECT_EQ(run_line("-ietf -p a.cfg a.bin").status, 0);
  EXPECT_THAT(contents("a.bin"), HasSubstr(from_hex("0b253023060b2b06010201810c01020b000414")));
  EXPECT_THAT(run_line("verify key a.bin").out, HasSubstr("MTA hash right"));
}

TEST_F(Batch, Docsis3_FilesOfATextAreBesideIt) {
  std::filesystem::create_directory("texts");
  Folder::write("texts/a.cfg", "Main { NetworkAccess 1; ManufacturerCVC \"cvc.der\"; }");
  Folder::write("texts/cvc.der", std::string(300, 'c'));
  EXPECT_EQ(run_line("-p texts/a.cfg a.bin").status, 0);
  EXPECT_EQ(contents("a.bin").size(), 3u + 2 + 254 + 2 + 46);
  Folder::write("cvc.der", "here");  // the current directory comes first, as in the utility
  EXPECT_EQ(run_line("-p texts/a.cfg a.bin").status, 0);
  EXPECT_EQ(contents("a.bin").size(), 3u + 2 + 4);
}

}  // namespace
}  // namespace coaxd::docsis
