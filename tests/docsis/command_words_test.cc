// The words of the command line, and the actions that look at files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "docsis/command_options.h"
#include "tests/docsis/command_run.h"

namespace coaxd::docsis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::expected<CommandOptions, std::string> parsed(std::string_view line) {
  static std::vector<std::string> words;  // what the options point into
  words = words_of(line);
  const std::vector<std::string_view> views(words.begin(), words.end());
  return parse_words(views);
}

TEST(Docsis1_Words, Actions) {
  const auto encode = parsed("-e text key out and more");
  ASSERT_TRUE(encode);
  EXPECT_EQ(encode->action, Action::encode);
  EXPECT_THAT(encode->files, ElementsAre("text"));
  EXPECT_THAT(encode->keys, ElementsAre("key"));
  EXPECT_EQ(encode->output, "out");

  const auto mta = parsed("-eu -p text out");
  ASSERT_TRUE(mta);
  EXPECT_TRUE(mta->mta);
  EXPECT_EQ(mta->hash, MtaHash::euro);
  EXPECT_EQ(mta->output, "out");

  const auto many = parsed("-M a:b -m one two three key .cm");
  ASSERT_TRUE(many);
  EXPECT_THAT(many->files, ElementsAre("one", "two", "three"));
  EXPECT_EQ(many->mib_directories, "a:b");
  EXPECT_EQ(many->output, ".cm");

  const auto mtas = parsed("-na -m -p one two .bin");
  ASSERT_TRUE(mtas);
  EXPECT_TRUE(mtas->mta && mtas->many);
  EXPECT_THAT(mtas->files, ElementsAre("one", "two"));

  const auto decode = parsed("-o -nohash -d file ignored");
  ASSERT_TRUE(decode);
  EXPECT_TRUE(decode->numeric_oids && decode->hide_hash);
  EXPECT_THAT(decode->files, ElementsAre("file"));
}

// "-p -na f o" takes -na for the file, as in the utility; -dialplan alone may stand there.
TEST(Docsis1_Words, ModifiersComeFirst) {
  EXPECT_THAT(parsed("-p -na f o")->files, ElementsAre("-na"));
  EXPECT_TRUE(parsed("-p -dialplan f o")->dial_plan);
}

TEST(Docsis1_Words, LongOnesStandAnywhere) {
  const auto options = parsed("check a.cm --release 3.0 b.cm --json");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->release, Release::d30);
  EXPECT_TRUE(options->json);
  EXPECT_THAT(options->files, ElementsAre("a.cm", "b.cm"));
  EXPECT_EQ(parsed("check --release=3.1 a.cm")->release, Release::d31);
  EXPECT_THAT(parsed("verify k --key l a.cm")->keys, ElementsAre("k", "l"));
}

TEST(Docsis1_Words, Usage) {
  constexpr std::string_view kWrong =
      ";-e;-e text;-e text key;-p text;-m;-m text key;-m -p text;-d;-x;text;-M;-M dirs;-na -eu -p t o;check;diff a;diff a b c;verify k;verify;--release;"
      "--release 9 check a;--nonsense -d a;-o;-na;--compat --native -d a;--set a check t;--set =1 check t;--set a=1 -d f;--set a=1 -e t k o;--set a=1 verify k f;"
      "--json -e t k o;--release 3.0 -d f;--key k -e t k o;--key k check t;--set";
  for (std::string_view left = kWrong; !left.empty();) {
    const std::string_view line = left.substr(0, left.find(';'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    EXPECT_FALSE(parsed(line)) << line;
    const Ran ran = run_line(line);
    EXPECT_EQ(ran.status, 246) << line;
    EXPECT_EQ(ran.out, "") << line;
    EXPECT_THAT(ran.err, line.empty() ? HasSubstr("Examples:") : HasSubstr("\ndocsis --help says what there is")) << line;
  }
}

TEST(Docsis1_Words, HelpAndVersion) {
  EXPECT_THAT(run_line("--help").out, HasSubstr("Examples:"));
  EXPECT_EQ(run_line("--help").status, 0);
  EXPECT_THAT(run_line("-e --version").out, testing::StartsWith("docsis (coaxd) "));
  EXPECT_EQ(run_line("").status, 246);
  EXPECT_THAT(run_line("").err, HasSubstr("Examples:"));
}

TEST(Docsis12_Command, Check) {
  Folder folder;
  Folder::write("a.cfg", "Main {\n  NetworkAccess 1;\n  ClassOfService { ClassID 1; }\n  MaxCPE 3;\n  MaxCPE 4;\n}\n");
  const Ran ran = run_line("check a.cfg");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, testing::StartsWith("a.cfg:5:3: error: MaxCPE is there a second time"));
  EXPECT_THAT(ran.out, HasSubstr("  MaxCPE 4;\n  ^\n"));
  Folder::write("b.cfg", "Main { NetworkAccess 1; ClassOfService { ClassID 1; } }");
  EXPECT_EQ(run_line("check b.cfg").out, "");
  EXPECT_EQ(run_line("check b.cfg").status, 0);
  EXPECT_EQ(run_line("check b.cfg missing").status, 2);
  EXPECT_EQ(run_line("check --json b.cfg").out, "[]\n");
  EXPECT_THAT(run_line("check --json a.cfg b.cfg").out,
              testing::StartsWith("[\n  {\"file\": \"a.cfg\", \"severity\": \"error\", \"line\": 5, \"column\": 3, \"message\": "));
  Folder::write("d.cfg", "Main { NetworkAccess 1; ClassOfService { ClassID 1; }\n SnmpMibObject sysContact.0 Integer 5; SnmpMibObject ifAdminStatus.1 Integer 9; }");
  const Ran syntax = run_line("check d.cfg");
  EXPECT_EQ(syntax.status, 1);
  EXPECT_THAT(syntax.out, testing::StartsWith("d.cfg:2:37: error: sysContact is String or HexString, not Integer (RFC 2578 §7)"));
  EXPECT_EQ(std::ranges::count(syntax.out, '\n'), 6) << "each once: " << syntax.out;
  // Of a text that cannot be read all problems are told.
  Folder::write("c.cfg", "Main {\n NetworkAcess 1;\n MaxCPE 300;\n}\n");
  const Ran bad = run_line("check c.cfg");
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.out, HasSubstr("c.cfg:2:2: error: "));
  EXPECT_THAT(bad.out, HasSubstr("c.cfg:3:9: error: "));
}

TEST(Docsis12_Command, CheckForARelease) {
  const std::string file = std::string(COAXD_DOCSIS_GOLDEN) + "/05-d31-aqm.cm";
  EXPECT_EQ(run({"check", "--release", "3.1", file}).status, 0);
  const Ran ran = run({"check", "--release", "3.0", file});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("AQMEncodings is of DOCSIS 3.1 and later; DOCSIS 3.0 does not have it"));
}

TEST(Docsis12_Command, Diff) {
  Folder folder;
  Folder::write("key", "k");
  Folder::write("a.cfg", "Main { NetworkAccess 1; MaxCPE 3; }");
  Folder::write("b.cfg", "Main { NetworkAccess 1; MaxCPE 4; }");
  ASSERT_EQ(run_line("--quiet -m a.cfg b.cfg key .cm").status, 0);
  const std::string lines = "- MaxCPE 3;\n+ MaxCPE 4;\n";
  EXPECT_EQ(run_line("diff a.cm b.cm").out, "--- a.cm\n+++ b.cm\n" + lines);
  EXPECT_EQ(run_line("diff a.cm b.cm").status, 1);
  EXPECT_EQ(run_line("diff a.cfg b.cm").out, "--- a.cfg\n+++ b.cm\n" + lines);
  EXPECT_EQ(run_line("diff a.cfg a.cm").out, "");
  EXPECT_EQ(run_line("diff a.cfg a.cm").status, 0);
  EXPECT_EQ(run_line("diff a.cm missing").status, 2);
  EXPECT_EQ(run_line("diff --json a.cm a.cm").out, "[]\n");
  Folder::write("other", "l");
  ASSERT_EQ(run_line("--quiet -e a.cfg other c.cm").status, 0);
  const Ran secrets = run_line("diff a.cm c.cm");
  EXPECT_EQ(secrets.status, 1);
  EXPECT_THAT(secrets.out, HasSubstr("another secret"));
}

// A text is compared as its file: what is too long for one TLV is several.
TEST(MulpiC_1_2_10_Command, DiffOfATextAndItsFile) {
  Folder folder;
  Folder::write("key", "k");
  Folder::write("cvc.der", std::string(600, 'c'));
  std::string router = "eRouter { ";
  for (int i = 0; i < 3; ++i) router += "SnmpMibObject .1.3.6.1.4.1.32473." + std::to_string(i) + " String \"" + std::string(100, 'r') + "\"; ";
  Folder::write("a.cfg", "Main { NetworkAccess 1; ManufacturerCVC \"cvc.der\"; " + router + "} }");
  ASSERT_EQ(run_line("--quiet -e a.cfg key a.cm").status, 0);
  const Ran ran = run_line("diff a.cfg a.cm");
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.status, 0) << ran.err;
}

TEST(MulpiD_2_Command, VerifyOfWhatWeCannotCompute) {
  Folder folder;
  Folder::write("key", "k");
  Folder::write("a.cm", std::string("\x2b\x0d\x08\x03\xff\xff\xff\x06\x06\x01\x01\x02\x02\x01\x10\x07\x10", 17) + std::string(16, 'm') + "\xff");
  const Ran ran = run_line("verify key a.cm");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "a.cm: CM MIC absent, CMTS MIC unknown, extended CMTS MIC unknown with key\n");
  EXPECT_THAT(run_line("--json verify key a.cm").out, HasSubstr("\"cmts_mic\": \"unknown\""));
}

TEST(MulpiD_1_1_Command, VerifyTellsWhichSecret) {
  Folder folder;
  Folder::write("old", "one");
  Folder::write("new", "two");
  Folder::write("a.cfg", "Main { NetworkAccess 1; TFTPProvisionedModemIPv6Address 2001:db8::1; }");
  ASSERT_EQ(run_line("--quiet -e a.cfg new a.cm").status, 0);
  EXPECT_EQ(run_line("verify old --key new a.cm").out, "a.cm: CM MIC right, CMTS MIC right with new\n");
  const Ran wrong = run_line("verify old a.cm");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_EQ(wrong.out, "a.cm: CM MIC right, CMTS MIC wrong with old\n");
  ASSERT_EQ(run_line("--quiet --ipv6 -e a.cfg old b.cm").status, 0);
  EXPECT_EQ(run_line("verify old b.cm").out, "b.cm: CM MIC right, CMTS MIC right with old, which covers TLV 59 in place of 20\n");
  EXPECT_EQ(run_line("verify --json old --key new a.cm b.cm").out,
            "[\n  {\"file\": \"a.cm\", \"cm_mic\": \"right\", \"cmts_mic\": \"right\", \"extended_cmts_mic\": \"absent\", \"mta_hash\": \"absent\", \"key\": "
            "\"new\"},\n"
            "  {\"file\": \"b.cm\", \"cm_mic\": \"right\", \"cmts_mic\": \"right\", \"extended_cmts_mic\": \"absent\", \"mta_hash\": \"absent\", \"key\": "
            "\"old\"}\n]\n");
  EXPECT_EQ(run_line("verify missing a.cm").status, 2);
}

TEST(Docsis6_Command, DecodeOfWhatIsNoFile) {
  Folder folder;
  Folder::write("text", "Main { MaxCPE 3; }");
  Folder::write("cut", std::string("\x03\x01", 2));
  EXPECT_EQ(run_line("-d text").status, 255);
  const Ran cut = run_line("-d cut");
  EXPECT_EQ(cut.status, 255);
  EXPECT_THAT(cut.err, HasSubstr("cut: offset "));
  Folder::write("empty", "");
  EXPECT_EQ(run_line("-d empty").out, "Main \n{\n}\n");
}

// A length at which the utility ends is shown as octets; --compat ends with its status, after the text.
TEST(Docsis6_Command, DecodeOfALengthThatIsWrong) {
  Folder folder;
  Folder::write("odd", std::string("\x01\x01\x05", 3));
  const Ran ran = run_line("-d odd");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("GenericTLV TlvCode 1 TlvLength 1 TlvValue 0x05;"));
  EXPECT_THAT(ran.err, HasSubstr("warning: DownstreamFrequency is 4 octets"));
  EXPECT_EQ(run_line("--compat -d odd").status, 211);
}

TEST(Docsis12_Command, DecodeAsJson) {
  Folder folder;
  Folder::write("file", std::string("\x03\x01\x01", 3));
  EXPECT_EQ(run_line("--json -d file").out, "[\n  {\"code\": 3, \"name\": \"NetworkAccess\", \"value\": 1}\n]\n");
}

// The program itself, once: everything else is tested within the process.
TEST(Docsis1_Command, TheProgram) {
  EXPECT_EQ(std::system("'" COAXD_DOCSIS_COMMAND "' --version > /dev/null"), 0);
  const int full = std::system("'" COAXD_DOCSIS_COMMAND "' tlvs > /dev/full 2> /dev/null");
  EXPECT_EQ(WEXITSTATUS(full), 2) << "what is lost is told";
}

// ${ is nothing special to the utility; variables are for templates, and for --native.
TEST(Docsis2_Command, VariablesAreTextUnlessAskedFor) {
  Folder folder;
  Folder::write("key", "k");
  Folder::write("a.cfg", "Main { SwUpgradeFilename \"a${b:c}d\"; }");
  for (const char* line : {"--compat -e a.cfg key a.cm", "-e a.cfg key a.cm"}) {
    ASSERT_EQ(run_line(line).status, 0);
    EXPECT_TRUE(contents("a.cm").starts_with("\x09\x08" "a${b:c}d")) << line;
  }
  ASSERT_EQ(run_line("--native -e a.cfg key a.cm").status, 0);
  EXPECT_TRUE(contents("a.cm").starts_with("\x09\x03" "acd"));
  Folder::write("b.cfg", "Main { MaxCPE ${b:5}; }");
  EXPECT_EQ(run_line("-e b.cfg key a.cm").status, 255);
  EXPECT_EQ(run_line("--native -e b.cfg key a.cm").status, 0);
}

// What cannot be meant is said, where the utility is silent.
TEST(Docsis1_Command, SlipsOfThePen) {
  Folder folder;
  Folder::write("key", "k");
  Folder::write("a.cfg", "Main { NetworkAccess 1; }");
  EXPECT_THAT(run_line("-p a.cfg a.bin").err, HasSubstr("a.cfg does not begin with MtaConfigDelimiter 1, and no MTA takes it"));
  EXPECT_EQ(run_line("--compat -p a.cfg a.bin").err, "");
  EXPECT_THAT(run_line("--quiet -m a.cfg key cm").err, HasSubstr("cm has no dot: a.cfg becomes acm; for a.cm write .cm"));
  EXPECT_THAT(run_line("-M none -d a.bin").err, HasSubstr("-M none: there is no such directory"));
  const Ran verify = run_line("verify key a.cfg");
  EXPECT_EQ(verify.status, 2);
  EXPECT_THAT(verify.err, HasSubstr("a.cfg is a text, which has no MICs; -e encodes it"));
  const Ran unwritten = run_line("-e a.cfg key none/a.cm");
  EXPECT_EQ(unwritten.status, 2);
  EXPECT_EQ(unwritten.out, "") << "no listing of what is not there";
  Folder::write("nul.cfg", std::string_view("Main {\n \0 MaxCPE 3; }", 21));
  EXPECT_THAT(run_line("check nul.cfg").out, testing::StartsWith("nul.cfg:2:2: error: 0x00 may not stand here"));
  Folder::write("mac.cfg", "Main { CpeMacAddress 00:11:22:33:44; MaxCPE 3; }");
  const Ran address = run_line("-e mac.cfg key a.cm");
  EXPECT_EQ(std::ranges::count(address.err, '\n'), 3) << address.err;
  EXPECT_THAT(address.err, HasSubstr("':' may not stand here; addresses are written 00:00:5e:00:53:01, 2001:db8::1"));
}

TEST(Docsis12_Command, ValuesForVariables) {
  Folder folder;
  Folder::write("key", "k");
  Folder::write("a.cfg", "Main { NetworkAccess 1; ClassOfService { ClassID 1; }\n MaxCPE ${cpe}; SwUpgradeFilename \"${file:fw}-${v}\"; }");
  const Ran unknown = run_line("check a.cfg");
  EXPECT_EQ(unknown.status, 0);
  EXPECT_THAT(unknown.out, testing::StartsWith("a.cfg:2:9: warning: ${cpe} has no value here, so what it stands in is not checked; give it one: --set cpe=VALUE\n"
                                               " MaxCPE ${cpe};"));
  EXPECT_THAT(unknown.out, HasSubstr("a.cfg:2:47: warning: ${v} has no value here"));
  EXPECT_EQ(run_line("check a.cfg --set cpe=3 --set v=1").out, "");
  EXPECT_THAT(run_line("check a.cfg --set cpe=3 --set v=1 --set=cpe=999").out, testing::StartsWith("a.cfg:2:9: error: MaxCPE is 1 to 254, not 999"));
  EXPECT_THAT(run_line("check a.cfg --set cep=3").err, HasSubstr("--set cep=3 changes nothing: there is no ${cep}"));
  EXPECT_EQ(run_line("--native --quiet -e a.cfg key a.cm").status, 255) << "a file for nobody";
  ASSERT_EQ(run_line("--native --quiet --set cpe=3 --set v= -e a.cfg key a.cm").status, 0);
  EXPECT_THAT(contents("a.cm"), HasSubstr("\x12\x01\x03\x09\x03" "fw-"));
  EXPECT_EQ(run_line("diff --set cpe=3 --set v= a.cfg a.cm").status, 0);
  EXPECT_EQ(run_line("diff a.cfg a.cm").status, 2);
}

TEST(Docsis12_Command, ProblemsOfWhatIsIncluded) {
  Folder folder;
  std::filesystem::create_directory("sub");
  Folder::write("sub/a.cfg", "Main { NetworkAccess 1; ClassOfService { ClassID 1; }\n  include \"b.inc\";\n}");
  Folder::write("sub/b.inc", "\n  MaxCPE 1; MaxCPE 2;\n");
  const std::string lines = "\n  MaxCPE 1; MaxCPE 2;\n            ^\n  included from sub/a.cfg:2:3\n";
  const Ran ran = run_line("check sub/a.cfg");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, testing::StartsWith("b.inc:2:13: error: MaxCPE is there a second time"));
  EXPECT_THAT(ran.out, testing::EndsWith(lines));
  EXPECT_THAT(run_line("check --json sub/a.cfg").out, HasSubstr(R"({"file": "b.inc", "severity": "error", "line": 2, "column": 13, )"));
  EXPECT_THAT(run_line("check --json sub/a.cfg").out, HasSubstr(R"(, "included_from": ["sub/a.cfg:2:3"]})"));
}

// The file is there before anybody reads how it was made.
TEST(Docsis1_Command, AReaderOfTheListingMayGoAway) {
  Folder folder;
  Folder::write("key", "k");
  std::string text = "Main { NetworkAccess 1; ";
  for (int i = 0; i < 20'000; ++i) text += "CpeMacAddress 02:00:00:00:00:01; ";
  Folder::write("a.cfg", text + "}");
  EXPECT_EQ(std::system("'" COAXD_DOCSIS_COMMAND "' -e a.cfg key a.cm | true"), 0);
  EXPECT_TRUE(std::filesystem::exists("a.cm"));
}

// Every action and option of --help is in the manual page, where '-' is written \\-.
TEST(Docsis1_Manual, SaysWhatHelpSays) {
  const std::string page = contents(COAXD_SOURCE_DIR "/docs/man/docsis.1");
  std::size_t words = 0;
  std::istringstream lines{std::string(usage())};
  for (std::string line; std::getline(lines, line) && line != "Examples:";) {
    const bool action = line.starts_with("docsis ");
    std::istringstream of_line(action ? line.substr(0, line.find("  ")) : line.starts_with("  -") ? line.substr(2, line.find("  ", 2)) : "");
    for (std::string word; of_line >> word;) {
      if (action ? !word.starts_with('-') && (word == "docsis" || word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != word.npos) : !word.starts_with('-')) continue;
      word = word.substr(word.find_first_not_of('['));
      std::string in_roff;
      for (const char c : word) in_roff.append(c == '-' ? "\\-" : std::string(1, c));
      EXPECT_NE(page.find(in_roff), page.npos) << word;
      ++words;
    }
  }
  EXPECT_GT(words, 20u);
}

TEST(DocsisTlvs_Page, IsWhatTheTableSays) {
  EXPECT_TRUE(run_line("tlvs").out == contents(COAXD_SOURCE_DIR "/docs/docsis-tlvs.md")) << "write it anew: docsis tlvs > docs/docsis-tlvs.md";
}

}  // namespace
}  // namespace coaxd::docsis
