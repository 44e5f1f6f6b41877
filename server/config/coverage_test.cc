// The coverage report: complete, true to its sources, stable in form. That every proof it names exists is checked against the tree.
#include "server/config/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/config/parser.h"

namespace coaxd::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

CoverageReport report_of(const std::string& text) {
  const Ast ast = parse("dhcpd.conf", text, {});
  EXPECT_TRUE(ast.ok()) << text << '\n' << (ast.ok() ? "" : ast.diagnostics.front().render(ast.sources));
  return coverage_of(ast);
}

std::vector<std::string> names(const std::vector<Finding>& findings) {
  std::vector<std::string> result;
  for (const Finding& finding : findings) result.emplace_back(finding.row.name);
  return result;
}

constexpr const char* kPeer =
    "failover peer \"f\" { primary; address 127.0.0.1; port 647; peer address 127.0.0.2; peer port 647; max-response-delay 60;"
    " max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3; }\n"
    "subnet 10.1.0.0 netmask 255.255.0.0 { pool { failover peer \"f\"; range 10.1.0.1; } }\n";

TEST(Coverage, EveryRowHasANameOfItsOwnAndANote) {
  std::set<std::string_view> seen;
  for (const CoverageRow& row : coverage_rows()) {
    EXPECT_FALSE(row.note.empty()) << row.name;
    EXPECT_EQ(row.coverage == Coverage::unsafe, row.accepted != nullptr) << row.name;
    EXPECT_EQ(row.coverage == Coverage::unsafe, !row.setting.empty()) << row.name;
    EXPECT_TRUE(seen.insert(row.name).second || row.name == "option") << row.name;
  }
}

TEST(Coverage, CountsEachKindAndShowsTheFirst) {
  const CoverageReport report = report_of(
      "default-lease-time 600;\n"
      "subnet 10.1.0.0 netmask 255.255.0.0 {\n"
      "  default-lease-time 60;\n"
      "  option domain-name \"x\";\n"
      "  if exists host-name { append domain-name \"y\"; option domain-name = concat(\"a\", option host-name); }\n"
      "}\n");
  EXPECT_THAT(names(report.findings), ElementsAre("default-lease-time", "subnet", "option", "if/elsif/else", "exists", "append",
                                                  "concat()", "option in an expression"));
  EXPECT_EQ(report.findings[0].count, 2u);
  EXPECT_EQ(report.findings[0].where, "dhcpd.conf:1:1");
  EXPECT_EQ(report.findings[2].count, 2u);
  EXPECT_THAT(report.findings[2].where, HasSubstr("dhcpd.conf:4:"));
  EXPECT_THAT(report.unsafe({}), IsEmpty());
}

TEST(Coverage, ReachesEveryPlaceAStatementCanHideIn) {
  const std::string hidden = "get-lease-hostnames on;";
  for (const std::string& text :
       {hidden, "group { " + hidden + " }", "host a { " + hidden + " }", "class \"c\" { " + hidden + " }",
        "class \"c\" { match hardware; } subclass \"c\" 1:2 { " + hidden + " }",
        "shared-network s { subnet 10.1.0.0 netmask 255.255.0.0 { } " + hidden + " }",
        "subnet 10.1.0.0 netmask 255.255.0.0 { pool { range 10.1.0.1; " + hidden + " } }",
        "if known { } elsif static { } else { " + hidden + " }", "on commit { if known { " + hidden + " } }",
        "switch (option host-name) { case \"a\": " + hidden + " break; }"}) {
    EXPECT_THAT(names(report_of(text).of(Coverage::not_supported)), ElementsAre("get-lease-hostnames")) << text;
  }
  const std::string hint = "encode-int(client-state, 8)";
  for (const std::string& text :
       {"class \"c\" { match if " + hint + " = \"x\"; }", "class \"c\" { match " + hint + "; }",
        "class \"c\" { spawn with " + hint + "; }", "option host-name = " + hint + ";", "log(info, " + hint + ");",
        "set v = concat(\"a\", " + hint + ");", "execute(\"x\", " + hint + ");", "if not (" + hint + " = \"x\") { }",
        "on expiry { set v = " + hint + "; }", "define ff () { return " + hint + "; }"}) {
    EXPECT_THAT(names(report_of(text).of(Coverage::harmless)), ElementsAre("client-state")) << text;
  }
}

TEST(Coverage, FailoverIsUnsafeUntilTheSettingsSayAlone) {
  const CoverageReport report = report_of(kPeer);
  EXPECT_THAT(names(report.unsafe({})), ElementsAre("failover peer", "failover peer of a pool"));
  Settings settings;
  settings.failover.mode = FailoverMode::alone;
  EXPECT_THAT(report.unsafe(settings), IsEmpty());
  EXPECT_EQ(report.of(Coverage::unsafe).size(), 2u);  // said all the same
}

TEST(Coverage, DnsUpdatesOmapiAndDhcpv6AreHarmless) {
  const CoverageReport report = report_of(
      "ddns-update-style interim; ddns-updates on; key k { algorithm hmac-md5; secret aaaa; } omapi-key k; omapi-port 7911;\n"
      "zone a. { primary 10.0.0.1; key k; } log-facility local7; prefix-length-mode prefer;\n");
  EXPECT_THAT(report.of(Coverage::not_supported), IsEmpty());
  EXPECT_THAT(report.unsafe({}), IsEmpty());
  EXPECT_THAT(names(report.of(Coverage::harmless)), ::testing::IsSupersetOf({"ddns-update-style", "ddns-updates", "key", "omapi-key",
                                                                             "omapi-port", "zone", "prefix-length-mode"}));
}

// dhcpd's parameters are a space like any other: a file may define more, or name one by number. Both load, and nobody reads them.
TEST(Coverage, OptionsOfTheServerSpaceThatAreNoParametersAreHarmless) {
  const CoverageReport report = report_of(
      "option server.mine code 999 = text;\n"
      "option server.mine \"x\";\n"
      "option server.unknown-250 01;\n");
  EXPECT_THAT(names(report.findings), ElementsAre("option server.* of no parameter"));
  EXPECT_THAT(names(report.of(Coverage::harmless)), ElementsAre("option server.* of no parameter"));
  EXPECT_EQ(report.findings[0].count, 2u);
}

TEST(Coverage, TextShowsTheWorstFirst) {
  EXPECT_EQ(report_of("authoritative;\nget-lease-hostnames on;\nomapi-port 7911;\nauthoritative;\n").text(),
            "NOT SUPPORTED (1):\n"
            "  get-lease-hostnames  dhcpd.conf:2:1       1x  every reply would wait for a DNS server, or go out without the name "
            "whenever it was not asked before; use-host-decl-names or option host-name need no DNS\n"
            "\n"
            "harmless here (1):\n"
            "  omapi-port           dhcpd.conf:3:1       1x  no OMAPI listener; coaxctl takes its place\n"
            "\n"
            "honoured, with the test that proves it (1):\n"
            "  authoritative        dhcpd.conf:1:1       2x  differential wrong-network-authoritative\n");
  EXPECT_THAT(report_of(kPeer).text(), HasSubstr("UNSAFE TO IGNORE (2):\n  failover peer "));
  EXPECT_THAT(report_of(kPeer).text(), HasSubstr("(coaxd.toml: [failover] mode = \"alone\")\n"));
  Settings alone;
  alone.failover.mode = FailoverMode::alone;
  EXPECT_THAT(report_of(kPeer).text(alone), HasSubstr("unsafe to ignore, accepted by coaxd.toml (2):\n  failover peer "));
  EXPECT_THAT(report_of(kPeer).text(alone), Not(HasSubstr("UNSAFE")));
  EXPECT_EQ(report_of("").text(), "");
}

TEST(Coverage, JsonIsStable) {
  EXPECT_EQ(report_of("authoritative;\n").json(),
            "{\"counts\":{\"unsafe\":0,\"not_supported\":0,\"harmless\":0,\"honoured\":1},\"findings\":[\n"
            "{\"coverage\":\"honoured\",\"statement\":\"authoritative\",\"first\":\"dhcpd.conf:1:1\",\"count\":1,"
            "\"note\":\"differential wrong-network-authoritative\"}\n]}\n");
  EXPECT_THAT(report_of(kPeer).json(), HasSubstr("\"setting\":\"[failover] mode = \\\"alone\\\"\",\"accepted\":false"));
  Settings alone;
  alone.failover.mode = FailoverMode::alone;
  EXPECT_THAT(report_of(kPeer).json(alone), HasSubstr("\"accepted\":true"));
  EXPECT_EQ(report_of("").json(),
            "{\"counts\":{\"unsafe\":0,\"not_supported\":0,\"harmless\":0,\"honoured\":0},\"findings\":[\n]}\n");
}

TEST(Coverage, ReferenceListsWhatIsNotHonoured) {
  const std::string reference = coverage_reference();
  for (const CoverageRow& row : coverage_rows()) {
    const bool listed = reference.find("| `" + std::string(row.name) + "` | " + std::string(row.note)) != std::string::npos;
    EXPECT_EQ(listed, row.coverage != Coverage::honoured) << row.name;
  }
  EXPECT_THAT(reference, HasSubstr("`[failover] mode = \"alone\"` in coaxd.toml"));
}

// ---- proofs ----

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// An operator reads the closed lists there (docs/dhcpd-compat.md, "What is not honoured").
TEST(Coverage, TheListsOfTheDocsAreThese) {
  const std::string page = contents(std::filesystem::path(COAXD_SOURCE_DIR) / "docs/dhcpd-compat.md");
  EXPECT_THAT(page, HasSubstr(coverage_reference()));
}

// Everything a proof may name, as it would name it.
std::set<std::string> proofs_in(const std::filesystem::path& root) {
  std::set<std::string> known;
  std::string line;
  for (const auto& file : std::filesystem::directory_iterator(root / "tests/differential/scenarios")) {
    if (file.path().extension() != ".scn") continue;
    std::istringstream lines(contents(file.path()));
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string word, name;
      if (words >> word >> name && word == "scenario") known.insert("differential " + name);
    }
  }
  std::istringstream cases(contents(root / "tests/differential/eval_cases.txt"));
  while (std::getline(cases, line)) {
    if (line.starts_with('[') && line.ends_with(']')) known.insert("eval " + line.substr(1, line.size() - 2));
  }
  for (const auto& file : std::filesystem::recursive_directory_iterator(root / "server")) {
    if (!file.path().filename().string().ends_with("_test.cc")) continue;
    std::istringstream lines(contents(file.path()));
    while (std::getline(lines, line)) {
      const std::size_t comma = line.find(", "), close = line.find(')');
      const std::size_t open = line.starts_with("TEST(") ? 5 : line.starts_with("TEST_F(") ? 7 : std::string::npos;
      if (open == std::string::npos || comma == std::string::npos || close == std::string::npos) continue;
      known.insert(line.substr(open, comma - open) + "." + line.substr(comma + 2, close - comma - 2));
    }
  }
  return known;
}

TEST(Coverage, EveryProofExists) {
  const std::set<std::string> known = proofs_in(COAXD_SOURCE_DIR);
  for (const CoverageRow& row : coverage_rows()) {
    if (row.coverage != Coverage::honoured) continue;
    EXPECT_TRUE(known.contains(std::string(row.note))) << row.name << ": " << row.note;
  }
}

// A parameter nobody reads cannot be honoured, whatever its row says.
TEST(Coverage, HonouredParametersAreReadOutsideTheConfiguration) {
  std::string code;
  for (const char* folder : {"engine", "worker", "io", "store", "daemon"}) {
    const std::filesystem::path path = std::filesystem::path(COAXD_SOURCE_DIR) / "server" / folder;
    if (!std::filesystem::exists(path)) continue;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
      const std::string name = file.path().filename().string();
      if (name.ends_with(".cc") && !name.ends_with("_test.cc")) code += contents(file.path());
    }
  }
  for (const ParameterRow& row : parameter_rows()) {
    std::string enumerator(row.name);
    std::ranges::replace(enumerator, '-', '_');
    const bool read = code.find("Parameter::" + enumerator) != std::string::npos;
    EXPECT_TRUE(read || row.coverage != Coverage::honoured) << row.name;
  }
}

}  // namespace
}  // namespace coaxd::config
