// The golden files: every text compiles to its binary octet for octet in the utility's dialect, and natively too but where the utility is known to be wrong;
// every wrong text is refused with the exit status that MANIFEST.tsv states.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "docsis/binary.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

const std::string kGolden = COAXD_SOURCE_DIR "/tests/docsis/golden/";

std::expected<std::string, std::string> contents(std::string_view name) {
  if (name == "dialplan_output.txt") name = "13-digitmap.dat";  // which the utility wrote when it decoded 13
  std::ifstream in(kGolden + std::string(name), std::ios::binary);
  if (!in) return std::unexpected("No such file or directory");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

struct Case {
  std::string id, kind, args, key, output, text;
  int exit = 0;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  std::istringstream manifest(contents("MANIFEST.tsv").value_or(""));
  std::string line;
  std::getline(manifest, line);
  while (std::getline(manifest, line)) {
    std::vector<std::string> fields;
    std::istringstream row(line);
    for (std::string field; std::getline(row, field, '\t');) fields.push_back(field);
    Case each{.id = fields.at(0),
              .kind = fields.at(1),
              .args = fields.at(2),
              .key = fields.at(3),
              .output = fields.at(6),
              .text = {},
              .exit = std::stoi(fields.at(5))};
    std::istringstream words(each.args);
    for (std::string word; words >> word;)
      if (word.ends_with(".txt")) each.text = word;
    all.push_back(each);
  }
  return all;
}

struct Compiled {
  Octets file;
  Problems problems;
};

std::expected<Compiled, Problems> compile(const Case& each, Dialect dialect) {
  const bool mta = each.args.find("-p ") != std::string::npos;
  const std::string text = contents(each.text).value_or("");
  auto parsed = parse(text, each.text, {.dialect = dialect, .read_file = contents, .mta = mta});
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  Compiled compiled{.file = {}, .problems = parsed->warnings};
  if (mta) {
    const MtaHash hash = each.args.starts_with("-na") ? MtaHash::north_american : each.args.starts_with("-eu") ? MtaHash::euro : MtaHash::none;
    auto sealed = seal_mta(parsed->document, hash);
    if (!sealed) return std::unexpected(std::move(sealed.error()));
    compiled.file = std::move(*sealed);
  } else {
    const std::string key = contents(each.key).value();
    const auto sealed =
        seal(parsed->document, {.secret = SharedSecret::from_file(as_bytes(key)), .extended_secret = {}, .utility_walk = dialect == Dialect::utility},
             compiled.file);
    if (!sealed) return std::unexpected(sealed.error());
  }
  return compiled;
}

std::string told(const Problems& problems) {
  std::string all;
  for (const Problem& problem : problems) all += render(problem, "");
  return all;
}

TEST(DocsisGolden, ThereAreAllCases) { EXPECT_EQ(cases().size(), 45U); }

TEST(DocsisGolden, UtilityDialectIsTheSameOctetForOctet) {
  for (const Case& each : cases()) {
    if (each.kind != "ok") continue;
    const auto compiled = compile(each, Dialect::utility);
    ASSERT_TRUE(compiled) << each.id << ": " << told(compiled.error());
    EXPECT_TRUE(equal(compiled->file, as_bytes(contents(each.output).value()))) << each.id;
  }
}

// What the utility decodes its files to compiles to them again, with names and in numbers; but 15, whose strings hold quotes (reference 6).
TEST(DocsisGolden, DecodedTextsCompileToTheSameFiles) {
  for (Case each : cases()) {
    if (each.kind != "ok") continue;
    const std::string golden = contents(each.output).value(), stem = each.text.substr(0, each.text.size() - 4);
    if (each.args.find("-p ") != std::string::npos) each.args = "-p ";  // the hash stands in the text
    for (const std::string_view ending : {".decoded.txt", ".decoded-num.txt"}) {
      each.text = stem + std::string(ending);
      for (const Dialect dialect : {Dialect::utility, Dialect::native}) {
        const auto compiled = compile(each, dialect);
        if (each.id == "15") {
          EXPECT_FALSE(compiled);
          continue;
        }
        ASSERT_TRUE(compiled) << each.text << ": " << told(compiled.error());
        if (each.id == "17" && dialect == Dialect::native) continue;
        EXPECT_TRUE(equal(compiled->file, as_bytes(golden))) << each.text << told(compiled->problems);
      }
    }
  }
}

// Reference 5.4: in 17 the utility's CMTS MIC is wrong, and in nothing else a golden file.
TEST(DocsisGolden, NativeDialectIsTheSameButForTheKnownTraps) {
  for (const Case& each : cases()) {
    if (each.kind != "ok") continue;
    const auto compiled = compile(each, Dialect::native);
    ASSERT_TRUE(compiled) << each.id << ": " << told(compiled.error());
    const std::string golden = contents(each.output).value();
    if (each.id != "17") {
      EXPECT_TRUE(equal(compiled->file, as_bytes(golden))) << each.id << told(compiled->problems);
      continue;
    }
    ASSERT_EQ(compiled->file.size(), golden.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < golden.size(); ++i) different += compiled->file[i] != static_cast<std::uint8_t>(golden[i]);
    EXPECT_GT(different, 0U);
    EXPECT_LE(different, 16U);
    const Verdict verdict = verify(compiled->file, SharedSecret::from_file(as_bytes(contents(each.key).value())));
    EXPECT_EQ(verdict.cm_mic, Verdict::State::right);
    EXPECT_EQ(verdict.cmts_mic, Verdict::State::right);
  }
}

Cause first_cause(const Problems& problems) {
  for (const Problem& problem : problems)
    if (problem.severity == Severity::error) return problem.cause;
  return Cause::none;
}

TEST(DocsisGolden, UtilityDialectRefusesWithTheSameStatus) {
  for (const Case& each : cases()) {
    if (each.kind != "error" && each.kind != "crash") continue;
    const auto compiled = compile(each, Dialect::utility);
    ASSERT_FALSE(compiled) << each.id;
    EXPECT_EQ(std::ranges::count(compiled.error(), Severity::error, &Problem::severity), 1) << each.id;
    const int expected = each.kind == "crash" ? static_cast<int>(Cause::value) : each.exit;  // where it dies, a clean error
    EXPECT_EQ(static_cast<int>(first_cause(compiled.error())), expected) << each.id << ": " << told(compiled.error());
    for (const Problem& problem : compiled.error()) EXPECT_GT(problem.at.line, 0U) << each.id;
  }
}

TEST(DocsisGolden, UtilityDialectDropsWhatIsTooLongWithAWarning) {
  for (const Case& each : cases()) {
    if (each.kind != "warn") continue;
    const auto compiled = compile(each, Dialect::utility);
    ASSERT_TRUE(compiled) << each.id;
    EXPECT_EQ(compiled->problems.size(), 1U) << each.id;
    EXPECT_TRUE(equal(compiled->file, as_bytes(contents(each.output).value()))) << each.id;
    const auto native = compile(each, Dialect::native);
    ASSERT_FALSE(native) << each.id;
    EXPECT_EQ(first_cause(native.error()), Cause::value) << each.id;
  }
}

// What the native dialect allows beyond the utility's: comments from #, names in SnmpWriteControl, four numbers as a name, lists of one item.
TEST(DocsisGolden, NativeDialectRefusesTheRest) {
  const std::map<std::string, bool> kAllowed{{"e07", true}, {"e20", true}, {"e21", true}, {"e24", true}};
  for (const Case& each : cases()) {
    if (each.kind != "error" && each.kind != "crash") continue;
    const auto compiled = compile(each, Dialect::native);
    EXPECT_EQ(compiled.has_value(), kAllowed.contains(each.id)) << each.id << (compiled ? "" : ": " + told(compiled.error()));
    if (compiled || each.kind == "crash") continue;
    EXPECT_EQ(static_cast<int>(first_cause(compiled.error())), each.exit) << each.id << ": " << told(compiled.error());
  }
}

}  // namespace
}  // namespace coaxd::docsis
