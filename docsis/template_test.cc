#include "docsis/template.h"

#include <gtest/gtest.h>

#include <map>

#include "docsis/binary.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

Variables of(const Values& values) {
  return [&values](std::string_view name) -> std::optional<std::string_view> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
}
Template made(std::string_view text) {
  auto parsed = Template::parse(text, "gold.cfg", {.read_file = {}});
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().at(0).message);
  return std::move(*parsed);
}
const Seal& seal_of_test() {
  static const Seal kSeal{.secret = SharedSecret::from_file(as_bytes("DOCSIS")), .extended_secret = {}};
  return kSeal;
}
// What the compiler writes for `text` as it stands.
Octets plain(std::string_view text) {
  auto parsed = parse(text, "plain.cfg", {.read_file = {}});
  EXPECT_TRUE(parsed) << text << (parsed ? "" : parsed.error().at(0).message);
  Octets out;
  EXPECT_TRUE(seal(parsed->document, seal_of_test(), out));
  return out;
}
Octets compiled(const Template& from, const Values& values, const Dynamic& dynamic = {}) {
  Compiler compiler;
  Octets out{1, 2, 3};
  const auto done = compiler.compile(from, of(values), dynamic, seal_of_test(), out);
  EXPECT_TRUE(done) << (done ? "" : done.error().at(0).message);
  return out;
}
Problems refused(const Template& from, const Values& values) {
  Compiler compiler;
  Octets out;
  const auto done = compiler.compile(from, of(values), {}, seal_of_test(), out);
  EXPECT_FALSE(done);
  EXPECT_TRUE(out.empty());  // half a file is none
  return done ? Problems{} : done.error();
}

TEST(DocsisTemplate, IsTheTextWithItsValuesWrittenOut) {
  const struct {
    std::string_view text, written;
    Values values;
  } kRows[] = {
      {"Main { MaxCPE 5; }", "Main { MaxCPE 5; }", {}},
      {"Main { NetworkAccess 1; MaxCPE ${n}; GlobalPrivacyEnable 1; }", "Main { NetworkAccess 1; MaxCPE 7; GlobalPrivacyEnable 1; }", {{"n", "7"}}},
      {"Main { MaxCPE ${n:9}; }", "Main { MaxCPE 9; }", {}},
      {"Main { MaxCPE 1${n}; }", "Main { MaxCPE 16; }", {{"n", "6"}}},
      {"Main { SwUpgradeFilename \"${model}_${v:1}.bin\"; }", "Main { SwUpgradeFilename \"hub_2.bin\"; }", {{"model", "hub"}, {"v", "2"}}},
      {"Main { SwUpgradeServer 10.${net}.0.9; }", "Main { SwUpgradeServer 10.64.0.9; }", {{"net", "64"}}},
      {"Main { MfgCVCData 0x${hex}; CpeMacAddress ${mac}; }",
       "Main { MfgCVCData 0xab; CpeMacAddress 00:00:5e:00:53:01; }",
       {{"hex", "ab"}, {"mac", "00:00:5e:00:53:01"}}},
      {"Main { UsServiceFlow { UsServiceFlowRef 1; ServiceClassName \"${c}\"; QosParamSetType 7; } MaxCPE 1; }",
       "Main { UsServiceFlow { UsServiceFlowRef 1; ServiceClassName \"gold\"; QosParamSetType 7; } MaxCPE 1; }",
       {{"c", "gold"}}},
      {"Main { VendorSpecific { VendorIdentifier 0xffffff; L2VPNEncoding { VPNIdentifier 0x01020304; NSIEncapsulation { NSIEncapsulationSingleQTag ${tag}; } } "
       "} }",
       "Main { VendorSpecific { VendorIdentifier 0xffffff; L2VPNEncoding { VPNIdentifier 0x01020304; NSIEncapsulation { NSIEncapsulationSingleQTag 77; } } } }",
       {{"tag", "77"}}},
      {"Main { SnmpMibObject sysContact.0 String \"${who}\"; SnmpMibObject docsDevNmAccessStatus.1 Integer ${row}; SnmpWriteControl .1.3.6.1.2.1 ${w}; }",
       "Main { SnmpMibObject sysContact.0 String \"noc\"; SnmpMibObject docsDevNmAccessStatus.1 Integer 4; SnmpWriteControl .1.3.6.1.2.1 1; }",
       {{"who", "noc"}, {"row", "createAndGo"}, {"w", "1"}}},
      {"Main { GenericTLV TlvCode 200 TlvString \"${s}\"; GenericTLV TlvCode 201 TlvLength 2 TlvValue ${h}; }",
       "Main { GenericTLV TlvCode 200 TlvString \"x\"; GenericTLV TlvCode 201 TlvLength 2 TlvValue 0x0102; }",
       {{"s", "x"}, {"h", "0x0102"}}},
  };
  for (const auto& row : kRows) EXPECT_EQ(compiled(made(row.text), row.values), plain(row.written)) << row.text;
}

TEST(DocsisTemplate, InsideQuotesAVariableIsNeverSyntax) {
  const Template from = made("Main { SwUpgradeFilename \"a${x}b\"; }");
  const Octets file = compiled(from, {{"x", "\"; } \\ ${x}\n"}});
  EXPECT_EQ(as_text(Bytes(file).subspan(2, 14)), "a\"; } \\ ${x}\nb");
}

TEST(DocsisTemplate, OutsideQuotesItIsOneValue) {
  const Template from = made("Main { MaxCPE ${n}; }");
  for (const std::string value : {"", "1; NetworkAccess 0", "1 2", "${n}", "\"1", "x", "300", "/*", "#"}) {
    const Problems problems = refused(from, {{"n", value}});
    ASSERT_FALSE(problems.empty()) << value;
    EXPECT_EQ(problems[0].at, (Position{1, 15})) << value;
    EXPECT_EQ(problems[0].file, "gold.cfg");
  }
}

TEST(DocsisTemplate, NamesWhatIsMissing) {
  const Template from = made("Main { MaxCPE ${a}; NetworkAccess ${b}; GlobalPrivacyEnable ${a}; }");
  EXPECT_EQ(from.variables(), (std::vector<std::string>{"a", "b"}));
  const Problems problems = refused(from, {});
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].message, "the variable a has no value");
  EXPECT_EQ(problems[1].message, "the variable b has no value");
}

TEST(DocsisTemplate, WrongNamesOfVariables) {
  for (const std::string_view text : {"Main { MaxCPE ${}; }", "Main { MaxCPE ${1}; }", "Main { MaxCPE ${a b}; }", "Main { SwUpgradeFilename \"${\"; }",
                                      "Main { MaxCPE ${a; }", "Main { ManufacturerCVC \"${a}\"; }", "Main { SnmpMibObject sysContact.${a} String \"\"; }",
                                      "Main { ${a} 5; }", "Main { GenericTLV TlvCode ${a} TlvString \"\"; }"})
    EXPECT_FALSE(Template::parse(text, "t", {.read_file = {}})) << text;
}

TEST(DocsisTemplate, LengthsAreMeasuredAgain) {
  const Template from =
      made("Main { UsServiceFlow { UsServiceFlowRef 1; VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 1 TlvString \"${s}\"; } } }");
  for (const std::size_t size : {0, 1, 100, 242}) {
    const std::string s(size, 'x');
    EXPECT_EQ(
        compiled(from, {{"s", s}}),
        plain("Main { UsServiceFlow { UsServiceFlowRef 1; VendorSpecific { VendorIdentifier 0x00000c; GenericTLV TlvCode 1 TlvString \"" + s + "\"; } } }"))
        << size;
  }
  for (const std::size_t size : {243, 255, 256, 5000}) EXPECT_EQ(refused(from, {{"s", std::string(size, 'x')}}).at(0).cause, Cause::value) << size;
}

// MULPI 3.0 C.1.2.7: what the standard splits is split with variables too.
TEST(DocsisTemplate, SplitsWhatMayBeSplit) {
  const Template from = made("Main { MfgCVCData 0x${h}; MaxCPE 1; }");
  for (const std::size_t octets : {1, 254, 255, 256, 508, 509, 1000}) {
    const std::string h(2 * octets, 'a');
    EXPECT_EQ(compiled(from, {{"h", h}}), plain("Main { MfgCVCData 0x" + h + "; MaxCPE 1; }")) << octets;
  }
}

// MULPI 3.0 D.2.1
TEST(DocsisTemplate, DynamicTlvsAreAddedOrReplaced) {
  const Dynamic both{.timestamp = 3600, .modem_address = 0x0a000007};
  EXPECT_EQ(compiled(made("Main { MaxCPE 1; }"), {}, both), plain("Main { MaxCPE 1; TftpTimestamp 3600; TftpModemAddress 10.0.0.7; }"));
  EXPECT_EQ(compiled(made("Main { TftpTimestamp 1; MaxCPE 1; TftpModemAddress 1.2.3.4; NetworkAccess 1; }"), {}, both),
            plain("Main { TftpTimestamp 3600; MaxCPE 1; TftpModemAddress 10.0.0.7; NetworkAccess 1; }"));
  EXPECT_EQ(compiled(made("Main { TftpTimestamp 1; TftpTimestamp 2; MaxCPE ${n:1}; }"), {}, {.timestamp = 3600, .modem_address = {}}),
            plain("Main { TftpTimestamp 3600; MaxCPE 1; }"));
  EXPECT_EQ(compiled(made("Main { TftpTimestamp ${t:5}; MaxCPE 1; }"), {}, {}), plain("Main { TftpTimestamp 5; MaxCPE 1; }"));
  EXPECT_EQ(compiled(made("Main { TftpTimestamp ${t}; MaxCPE 1; }"), {}, both), plain("Main { TftpTimestamp 3600; MaxCPE 1; TftpModemAddress 10.0.0.7; }"));
}

// Reference 5.2, 5.3: worked example 1.
TEST(DocsisTemplate, IsSealed) {
  const Octets file = compiled(made("Main { NetworkAccess 1; MaxCPE ${n}; }"), {{"n", "3"}});
  ASSERT_EQ(file.size(), 44U);
  EXPECT_EQ(verify(file, seal_of_test().secret).cmts_mic, Verdict::State::right);
  EXPECT_EQ(file[8], 0x4f);
  EXPECT_EQ(file[26], 0xbb);
}

// MULPI 3.0 C.1.1.18.1.6: 43.6 is computed over what the variables made of the file; what cannot be is told where it stands.
TEST(DocsisTemplate, ExtendedCmtsMic) {
  const std::string_view text =
      "Main { NetworkAccess 1; MaxCPE ${n:3};\n VendorSpecific { VendorIdentifier 0xffffff; ExtendedCMTSMICConfiguration { ExtendedCMTSMICHMACDigestType "
      "${type:1}; "
      "ExtendedCMTSMICHMACBitmap 0x100020000010; } } }";
  const Octets file = compiled(made(text), {});
  EXPECT_EQ(verify(file, seal_of_test().secret).cm_mic, Verdict::State::right);
  EXPECT_EQ(file[file.size() - 19], 16);
  EXPECT_EQ(file[file.size() - 18], 0xf4);  // reference 5.5: f418d38b...
  const Problems problems = refused(made(text), {{"type", "2"}});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].at, (Position{2, 46}));
  EXPECT_EQ(problems[0].file, "gold.cfg");
}

TEST(DocsisTemplate, MtaFiles) {
  const Template from = made("Main { MtaConfigDelimiter 1; SnmpMibObject 1.3.6.1.4.1.32473.1.0 String \"${s}\"; MtaConfigDelimiter 255; }");
  EXPECT_EQ(from.kind(), FileKind::mta);
  Compiler compiler;
  for (const std::size_t size : {0, 50, 236, 237, 238, 300}) {
    const Values values{{"s", std::string(size, 'x')}};
    const auto parsed = parse("Main { MtaConfigDelimiter 1; SnmpMibObject 1.3.6.1.4.1.32473.1.0 String \"" + values.at("s") + "\"; MtaConfigDelimiter 255; }",
                              "t", {.read_file = {}});
    for (const MtaHash hash : {MtaHash::none, MtaHash::north_american, MtaHash::euro}) {
      Octets out;
      ASSERT_TRUE(compiler.compile_mta(from, of(values), hash, out)) << size;
      EXPECT_EQ(out, seal_mta(parsed->document, hash).value()) << size;
    }
  }
  Octets out;
  EXPECT_FALSE(compiler.compile(from, of({{"s", ""}}), {}, seal_of_test(), out));
}

// One compiler serves many templates, and what went wrong with one leaves nothing behind.
TEST(DocsisTemplate, ACompilerKeepsNothing) {
  const Template a = made("Main { UsServiceFlow { UsServiceFlowRef ${r}; } }"), b = made("Main { MaxCPE ${x}; NetworkAccess ${y:1}; }");
  Compiler compiler;
  Octets out;
  EXPECT_FALSE(compiler.compile(a, of({}), {}, seal_of_test(), out));
  const Values values{{"x", "4"}, {"r", "2"}};
  ASSERT_TRUE(compiler.compile(b, of(values), {}, seal_of_test(), out));
  EXPECT_EQ(out, plain("Main { MaxCPE 4; NetworkAccess 1; }"));
  ASSERT_TRUE(compiler.compile(a, of(values), {}, seal_of_test(), out));
  EXPECT_EQ(out, plain("Main { UsServiceFlow { UsServiceFlowRef 2; } }"));
}

TEST(DocsisTemplate, ErrorsOfTheTextAreToldAtOnce) {
  const auto wrong = Template::parse("Main { MaxCPE 900; NoSuch ${a}; }", "gold.cfg", {.read_file = {}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().size(), 2U);
  EXPECT_EQ(wrong.error()[0].file, "gold.cfg");
}

}  // namespace
}  // namespace coaxd::docsis
