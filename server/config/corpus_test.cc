// Real files of the field, as COAXD_CORPUS has them: dhcpd-conf/MANIFEST.tsv says which of them
// dhcpd 4.4.3-P1 accepts, and the first line it prints about the others. They are not ours to ship,
// so without the variable the test says so and skips.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "server/config/parser.h"
#include "server/config/unparse.h"

namespace coaxd::config {
namespace {

struct CorpusFile {
  std::string name, text, first_message;
  bool accepted = false;
};

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
  return fields;
}

std::vector<CorpusFile> corpus() {
  std::vector<CorpusFile> files;
  const char* root = std::getenv("COAXD_CORPUS");
  if (root == nullptr) return files;
  const std::filesystem::path folder = std::filesystem::path(root) / "dhcpd-conf";
  std::ifstream manifest(folder / "MANIFEST.tsv");
  std::string line;
  std::getline(manifest, line);
  while (std::getline(manifest, line)) {
    const std::vector<std::string> fields = split(line);
    std::ifstream in(folder / (fields.at(0) + ".conf"), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    files.push_back({fields[0] + ".conf", text.str(), fields.size() > 7 ? fields[7] : "",
                     fields.at(6) == "yes"});
  }
  return files;
}

bool no_files(const std::string&, std::string&, std::string&) {
  return false;
}

class DhcpdCompat_Corpus : public testing::Test {
 protected:
  void SetUp() override {
    if (files_.empty()) GTEST_SKIP() << "COAXD_CORPUS is not set: no corpus to read";
  }
  const std::vector<CorpusFile> files_ = corpus();
};

TEST_F(DhcpdCompat_Corpus, VerdictAndFirstMessageAreDhcpds) {
  for (const CorpusFile& file : files_) {
    const Ast ast = parse(file.name, file.text, no_files);
    const auto first = std::ranges::find(ast.diagnostics, Severity::error, &Diagnostic::severity);
    if (file.accepted) {
      EXPECT_TRUE(ast.ok()) << first->render(ast.sources);
      continue;
    }
    ASSERT_NE(first, ast.diagnostics.end()) << file.name;
    EXPECT_EQ(first->render(ast.sources).substr(0, file.first_message.size() + 1),
              file.first_message + '\n');
  }
}

// Cutting a file anywhere leaves an answer, not a crash; every 61st octet is enough to hit all
// productions.
TEST_F(DhcpdCompat_Corpus, EveryCutIsAnswered) {
  constexpr std::size_t kLongest = 6000;
  for (const CorpusFile& file : files_) {
    for (std::size_t n = 0; n < std::min(file.text.size(), kLongest); n += 61)
      parse(file.name, file.text.substr(0, n), no_files);
  }
}

void collect(std::vector<Declaration>& items, std::vector<Statement>& out) {
  for (Declaration& item : items) {
    if (item.kind == DeclarationKind::statement) out.push_back(std::move(item.statement));
    collect(item.items, out);
  }
}

bool has_lookup(const Expr& e) {
  return e.kind == ExprKind::host_lookup || std::ranges::any_of(e.args, has_lookup);
}

// parse -> print -> parse -> print is stable, statement by statement (names to be looked up are the
// exception, unparse.h).
TEST_F(DhcpdCompat_Corpus, WhatIsPrintedParsesToTheSame) {
  int printed = 0;
  for (const CorpusFile& file : files_) {
    Ast ast = parse(file.name, file.text, no_files);
    std::vector<Statement> statements;
    collect(ast.items, statements);
    std::erase_if(statements, [](const Statement& s) {
      return s.kind == StatementKind::option && (has_lookup(s.value) || s.definition->synthesized);
    });
    const std::string text = to_text(statements);
    const Ast again = parse_statements("again", text, std::move(ast.options));
    std::vector<Statement> reread;
    for (const Declaration& item : again.items) reread.push_back(item.statement);
    EXPECT_EQ(to_text(reread), text)
        << file.name << '\n'
        << (again.ok() ? "" : again.diagnostics[0].render(again.sources));
    printed += static_cast<int>(statements.size());
  }
  EXPECT_GT(printed, 500);
}

}  // namespace
}  // namespace coaxd::config
