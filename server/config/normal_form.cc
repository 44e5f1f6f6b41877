#include "server/config/normal_form.h"

#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "server/config/parser.h"
#include "server/config/unparse.h"

namespace coaxd::config {
namespace {

void flatten(Expr& e) {
  for (Expr& argument : e.args) flatten(argument);
  if (e.kind != ExprKind::concat || e.args.empty() || e.args.front().kind != ExprKind::concat) return;
  std::vector<Expr> args = std::move(e.args.front().args);
  args.insert(args.end(), std::make_move_iterator(e.args.begin() + 1), std::make_move_iterator(e.args.end()));
  e.args = std::move(args);
}

void flatten(std::vector<Statement>& statements) {
  for (Statement& s : statements) {
    flatten(s.value);
    for (Expr& argument : s.args) flatten(argument);
    flatten(s.body);
    flatten(s.else_body);
  }
}

std::string without_parentheses(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      out += text[i++];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == '(' || text[i] == ')')) {
      continue;
    }
    out += text[i];
  }
  return out;
}

}  // namespace

std::optional<std::string> normal_form(std::string_view statements, OptionRegistry& options) {
  // Lent, not given.
  Ast ast = parse_statements("leases file", std::string{statements}, std::unique_ptr<OptionRegistry>(&options));
  std::optional<std::string> text;
  if (ast.ok()) {
    std::vector<Statement> list;
    for (Declaration& each : ast.items)
      if (each.kind == DeclarationKind::statement) list.push_back(std::move(each.statement));
    flatten(list);
    text = without_parentheses(to_text(list));
  }
  (void)ast.options.release();
  return text;
}

}  // namespace coaxd::config
