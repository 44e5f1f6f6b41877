// Real files of the field, as COAXD_CORPUS has them: dhcpd-conf/MANIFEST.tsv says which of them
// dhcpd 4.4.3-P1 accepts, and the first line it prints about the others. They are not ours to ship,
// so without the variable the test says so and skips.
#include <algorithm>

#include <gtest/gtest.h>

#include "server/config/parser.h"
#include "server/config/test_corpus.h"
#include "server/config/unparse.h"

namespace coaxd::config {
namespace {

class DhcpdCompat_Corpus : public CorpusTest {};

TEST_F(DhcpdCompat_Corpus, VerdictAndFirstMessageAreDhcpds) {
  for (const CorpusFile& file : files_) {
    const Ast ast = parse(file.name, file.text, no_files);
    const auto first = std::ranges::find(ast.diagnostics, Severity::error, &Diagnostic::severity);
    if (file.accepted) {
      EXPECT_TRUE(ast.ok()) << first->render(ast.sources);
      continue;
    }
    ASSERT_NE(first, ast.diagnostics.end()) << file.name;
    EXPECT_EQ(first->render(ast.sources).substr(0, file.remark.size() + 1),
              file.remark + '\n');
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
