#include "server/config/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "server/base/json.h"
#include "server/config/coverage_rows.h"

namespace coaxd::config {
namespace {

// In the order of the report, which is that of Coverage backwards.
struct Group {
  Coverage coverage;
  std::string_view word;  // JSON
  std::string_view title;
};
constexpr Group kGroups[] = {
    {Coverage::unsafe, "unsafe", "UNSAFE TO IGNORE"},
    {Coverage::not_supported, "not_supported", "NOT SUPPORTED"},
    {Coverage::harmless, "harmless", "harmless here"},
    {Coverage::honoured, "honoured", "honoured, with the test that proves it"},
};
constexpr std::string_view kAcceptedTitle = "unsafe to ignore, accepted by coaxd.toml";

bool is_accepted(const CoverageRow& row, const Settings& settings) { return row.accepted != nullptr && row.accepted(settings); }

class Collector {
 public:
  std::vector<Finding> take() {
    std::vector<Finding> sorted;
    for (const Group& group : kGroups) {
      const auto in_group = [&](const Finding& f) { return f.row.coverage == group.coverage; };
      std::ranges::copy_if(findings_, std::back_inserter(sorted), in_group);
    }
    return sorted;
  }

  void visit(std::span<const Declaration> declarations) {
    for (const Declaration& declaration : declarations) {
      visit(declaration);
      visit(declaration.items);
    }
  }

 private:
  void visit(const Declaration& declaration) {
    if (declaration.kind == DeclarationKind::statement) return visit(declaration.statement);
    if (declaration.kind == DeclarationKind::permit) return count(row_of(declaration.permit), declaration.pos);
    if (declaration.kind == DeclarationKind::use_failover && declaration.name.empty()) {
      return count(no_failover_row(), declaration.pos);
    }
    count(row_of(declaration.kind), declaration.pos);
    if (has_value(declaration.kind)) visit(declaration.value);
  }
  static bool has_value(DeclarationKind kind) {
    return kind == DeclarationKind::fixed_address || kind == DeclarationKind::match_if || kind == DeclarationKind::match ||
           kind == DeclarationKind::spawn_with;
  }

  void visit(const Statement& statement) {
    if (statement.kind == StatementKind::option) {
      const bool parameter = statement.definition->space->index == OptionRegistry::kServer;
      count(parameter ? parameter_coverage(*statement.definition) : row_of(statement.op), statement.pos);
    } else {
      count(row_of(statement.kind), statement.pos);
    }
    if (has_value(statement.kind)) visit(statement.value);
    for (const Expr& arg : statement.args) visit(arg);
    for (const Statement& inner : statement.body) visit(inner);
    for (const Statement& inner : statement.else_body) visit(inner);
  }
  static bool has_value(StatementKind kind) {
    switch (kind) {
      case StatementKind::option: case StatementKind::if_else: case StatementKind::switch_on: case StatementKind::case_label:
      case StatementKind::set: case StatementKind::eval: case StatementKind::return_value: case StatementKind::log: return true;
      default: return false;
    }
  }

  void visit(const Expr& expr) {
    if (expr.kind != ExprKind::constant) count(row_of(expr.kind), expr.pos);  // a plain value is no expression to its reader
    for (const Expr& arg : expr.args) visit(arg);
  }

  void count(const CoverageRow& row, SourcePos pos) {
    const auto [place, is_new] = position_.try_emplace(row.name, findings_.size());
    if (is_new) findings_.push_back({row, pos, {}, 0});
    ++findings_[place->second].count;
  }

  std::vector<Finding> findings_;
  std::unordered_map<std::string_view, std::size_t> position_;  // by the row's name
};

}  // namespace

std::vector<Finding> CoverageReport::of(Coverage coverage) const {
  std::vector<Finding> result;
  std::ranges::copy_if(findings, std::back_inserter(result), [&](const Finding& f) { return f.row.coverage == coverage; });
  return result;
}

std::vector<Finding> CoverageReport::unsafe(const Settings& settings) const {
  std::vector<Finding> result = of(Coverage::unsafe);
  std::erase_if(result, [&](const Finding& f) { return is_accepted(f.row, settings); });
  return result;
}

std::string CoverageReport::text(const Settings& settings) const {
  std::string out;
  std::size_t name_width = 0, where_width = 0;
  for (const Finding& finding : findings) {
    name_width = std::max(name_width, finding.row.name.size());
    where_width = std::max(where_width, finding.where.size());
  }
  const auto append = [&](std::string_view title, const std::vector<Finding>& members) {
    if (members.empty()) return;
    out += fmt::format("{}{} ({}):\n", out.empty() ? "" : "\n", title, members.size());
    for (const Finding& finding : members) {
      out += fmt::format("  {:{}}  {:{}}  {:>6}x  {}", finding.row.name, name_width, finding.where, where_width, finding.count,
                         finding.row.note);
      if (!finding.row.setting.empty()) out += fmt::format(" (coaxd.toml: {})", finding.row.setting);
      out += '\n';
    }
  };
  for (const Group& group : kGroups) {
    std::vector<Finding> members = of(group.coverage);
    const auto is_accepted_finding = [&](const Finding& f) { return is_accepted(f.row, settings); };
    std::vector<Finding> accepted;
    std::ranges::copy_if(members, std::back_inserter(accepted), is_accepted_finding);
    std::erase_if(members, is_accepted_finding);
    append(kAcceptedTitle, accepted);
    append(group.title, members);
  }
  return out;
}

std::string CoverageReport::json(const Settings& settings) const {
  std::string out = "{\"counts\":{";
  for (const Group& group : kGroups) {
    if (&group != kGroups) out += ',';
    out += fmt::format("\"{}\":{}", group.word, of(group.coverage).size());
  }
  out += "},\"findings\":[";
  for (const Finding& finding : findings) {
    if (&finding != findings.data()) out += ',';
    out += fmt::format("\n{{\"coverage\":{},\"statement\":{},\"first\":{},\"count\":{},\"note\":{}", json_text(std::ranges::find(kGroups, finding.row.coverage, &Group::coverage)->word),
                       json_text(finding.row.name), json_text(finding.where), finding.count, json_text(finding.row.note));
    if (!finding.row.setting.empty()) out += fmt::format(",\"setting\":{},\"accepted\":{}", json_text(finding.row.setting), is_accepted(finding.row, settings));
    out += '}';
  }
  out += "\n]}\n";
  return out;
}

std::string coverage_reference() {
  std::string out;
  for (const Group& group : kGroups) {
    if (group.coverage == Coverage::honoured) continue;
    out += fmt::format("{}### {}\n\n| statement | why |\n|---|---|\n", out.empty() ? "" : "\n", group.title);
    for (const CoverageRow& row : coverage_rows()) {
      if (row.coverage != group.coverage) continue;
      out += fmt::format("| `{}` | {}{}{}{} |\n", row.name, row.note, row.setting.empty() ? "" : ": `", row.setting,
                         row.setting.empty() ? "" : "` in coaxd.toml");
    }
  }
  return out;
}

CoverageReport coverage_of(const Ast& ast) {
  Collector collector;
  collector.visit(ast.items);
  CoverageReport report{collector.take()};
  for (Finding& finding : report.findings) finding.where = ast.sources.where(finding.first);
  return report;
}

}  // namespace coaxd::config
