#include "server/config/source.h"

#include <fmt/format.h>

#include "server/base/excerpt.h"

namespace coaxd::config {

std::uint32_t Sources::add(std::string name, std::string text) {
  SourceFile& file = files_.emplace_back(std::move(name), std::move(text));
  file.lines.push_back(0);
  for (std::size_t end; (end = file.text.find('\n', file.lines.back())) != std::string::npos;)
    file.lines.push_back(end + 1);
  return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string_view Sources::line_text(SourcePos pos) const {
  if (pos.line == 0 || pos.file >= files_.size()) return {};
  const SourceFile& file = files_[pos.file];
  if (pos.line > file.lines.size()) return {};
  std::string_view rest = std::string_view(file.text).substr(file.lines[pos.line - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::string Sources::where(SourcePos pos) const {
  if (pos.line == 0 || pos.file >= files_.size()) return "(built in)";
  return fmt::format("{}:{}:{}", files_[pos.file].name, pos.line, pos.column);
}

std::string Diagnostic::render(const Sources& sources) const {
  if (pos.line == 0) return message + '\n';
  const std::string hint = meant.empty() ? std::string() : fmt::format("; did you mean {}?", meant);
  return fmt::format("{} line {}: {}\n{}: {}{}\n{}", sources.file(pos.file).name, pos.line, message, sources.where(pos),
                     severity == Severity::error ? "error" : "warning", hint, excerpt(sources.line_text(pos), pos.column));
}

}  // namespace coaxd::config
