#include "server/config/source.h"

#include <fmt/format.h>

namespace coaxd::config {
namespace {

// dhcpd shows at most 80 columns, tabs expanded to 8; we show as much of the line as a wide
// terminal holds.
constexpr std::size_t kShownColumns = 160;

// The line as it is shown, and the column at which its character `column` (from 1) landed.
std::string expand_tabs(std::string_view line, std::size_t column, std::size_t& caret) {
  std::string shown;
  caret = 0;
  for (std::size_t i = 0; i < line.size() && shown.size() < kShownColumns; ++i) {
    if (i + 1 == column) caret = shown.size();
    if (line[i] == '\t') {
      shown.append(8 - shown.size() % 8, ' ');
    } else {
      const auto c = static_cast<unsigned char>(line[i]);
      shown.push_back(c < 0x20 || c == 0x7f ? '?'
                                            : line[i]);  // a terminal must not be steered by a file
    }
  }
  if (column > line.size()) caret = shown.size();
  return shown;
}

}  // namespace

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
  std::size_t caret = 0;
  const std::string line = expand_tabs(sources.line_text(pos), pos.column, caret);
  const std::string hint = meant.empty() ? std::string() : fmt::format("; did you mean {}?", meant);
  return fmt::format("{} line {}: {}\n{}: {}{}\n{}\n{:>{}}\n", sources.file(pos.file).name, pos.line, message, sources.where(pos),
                     severity == Severity::error ? "error" : "warning", hint, line, '^', caret + 1);
}

}  // namespace coaxd::config
