#include "docsis/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "docsis/literal.h"

namespace coaxd::docsis {
namespace {

bool is_name(std::string_view name) noexcept {
  if (name.empty() || (!is_letter(name[0]) && name[0] != '_')) return false;
  return std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

// Where the next ${ stands from `at` on that no backslash takes away.
std::size_t next_variable(std::string_view text, std::size_t at, bool quoted) noexcept {
  for (; at < text.size(); ++at) {
    if (quoted && text[at] == '\\') ++at;
    else if (text.substr(at).starts_with("${")) return at;
  }
  return text.size();
}

bool append_literal(std::string_view text, const Token& token, Report& report, std::string& out) {
  if (!token.is(TokenKind::string) || text.find('\\') == text.npos) {
    out += text;
    return true;
  }
  Token piece = token;
  piece.plain = false;
  piece.text = text;
  piece.at = token.at.plus(static_cast<std::size_t>(text.data() - token.text.data()));
  Octets octets;
  if (!read_string(piece, report, octets)) return false;
  out.append(octets.begin(), octets.end());
  return true;
}

}  // namespace

std::uint32_t VariableNames::number_of(std::string_view name) {
  const auto [known, is_new] = numbers_.try_emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.emplace_back(name);
  return known->second;
}

std::optional<Pattern> read_pattern(const Token& token, VariableNames& names, Report& report) {
  Pattern pattern{.parts = {}, .quoted = token.is(TokenKind::string), .at = token.at};
  const std::string_view text = token.text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = next_variable(text, at, pattern.quoted);
    if (start > at) {
      Pattern::Part literal;
      if (!append_literal(text.substr(at, start - at), token, report, literal.text)) return std::nullopt;
      pattern.parts.push_back(std::move(literal));
    }
    if (start == text.size()) break;
    const std::size_t end = text.find('}', start);
    const Position place = token.at.plus((pattern.quoted ? 1 : 0) + start);
    if (end == text.npos) {
      report.error(Cause::grammar, place, "a variable is never closed", "write ${name} or ${name:default}; \\$ for a dollar sign");
      return std::nullopt;
    }
    const std::string_view inside = text.substr(start + 2, end - start - 2);
    const std::size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    if (!is_name(name)) {
      report.error(Cause::grammar, place, fmt::format("'{}' is no name of a variable", name), "a letter, then letters, digits, '_', '-' and '.'");
      return std::nullopt;
    }
    Pattern::Part variable{.variable = names.number_of(name), .has_default = colon != inside.npos, .at = place, .text = {}};
    if (variable.has_default && !append_literal(inside.substr(colon + 1), token, report, variable.text)) return std::nullopt;
    pattern.parts.push_back(std::move(variable));
    at = end + 1;
  }
  return pattern;
}

Token expand(const Pattern& pattern, const VariableNames& names, const ValueOf& value_of, Report& report, std::string& text) {
  text.clear();
  for (const Pattern::Part& part : pattern.parts) {
    if (part.variable == Pattern::kLiteral) {
      text += part.text;
      continue;
    }
    const std::optional<std::string_view> value = value_of ? value_of(part.variable) : std::nullopt;
    if (!value && !part.has_default) {
      const std::string& name = names.names()[part.variable];
      report.error(Cause::value, part.at, fmt::format("the variable {} has no value", name), fmt::format("set it, or write ${{{}:default}}", name));
      return {.kind = TokenKind::bad, .at = pattern.at};
    }
    text += value ? *value : std::string_view(part.text);
  }
  // Inside quotes a variable is never syntax.
  if (pattern.quoted) return {.kind = TokenKind::string, .plain = true, .at = pattern.at, .text = text};
  const std::size_t problems = report.problems().size(), errors = report.errors();
  Lexer lexer(text, report);
  Token token = lexer.next();
  const bool whole = !token.is(TokenKind::end) && lexer.next().is(TokenKind::end);
  for (Problem& problem : std::span(report.problems()).subspan(problems)) problem.at = pattern.at;
  if (report.errors() == errors && text.empty())
    report.error(Cause::value, pattern.at, "what the variables say here is nothing", "write ${name:default}, or \"${name}\" where a text may be empty");
  else if (report.errors() == errors && (!whole || token.variables))  // a variable that names a variable is none
    report.error(Cause::value, pattern.at, fmt::format("'{}' is not one value", text.substr(0, 40)), "a text with blanks stands in quotes: \"${name}\"");
  if (report.errors() != errors) token.kind = TokenKind::bad;
  token.at = pattern.at;
  return token;
}

}  // namespace coaxd::docsis
