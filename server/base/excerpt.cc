#include "server/base/excerpt.h"

#include <fmt/format.h>

#include <algorithm>

namespace coaxd {
namespace {

// dhcpd shows at most 80 columns; we show as much of the line as a wide terminal holds.
constexpr std::size_t kShownColumns = 160;
constexpr std::size_t kBefore = 120;  // of them before the place, where the line is longer

}  // namespace

std::string_view line_of(std::string_view text, std::size_t number) {
  if (number == 0) return {};
  for (; number > 1; --number) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string excerpt(std::string_view line, std::size_t column) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };  // a character of UTF-8
  if (const std::size_t place = std::min(column, line.size() + 1); place > kShownColumns) {  // what the message is about, not what the line begins with
    line.remove_prefix(place - kBefore);
    column = kBefore;
    while (!line.empty() && column > 1 && continues(line.front())) {
      line.remove_prefix(1);
      --column;
    }
  }
  std::string shown;
  std::size_t width = 0, caret = 0;
  for (std::size_t i = 0; i < line.size() && width < kShownColumns; ++i) {
    if (i + 1 == column) caret = width;
    const auto c = static_cast<unsigned char>(line[i]);
    const std::size_t columns = c == '\t' ? 8 - width % 8 : continues(line[i]) ? 0 : 1;
    if (c == '\t') shown.append(columns, ' ');
    else shown.push_back(c < 0x20 || c == 0x7f ? '?' : line[i]);
    width += columns;
  }
  if (column > line.size()) caret = width;
  return fmt::format("{}\n{:>{}}\n", shown, '^', caret + 1);
}

}  // namespace coaxd
