#include "server/base/excerpt.h"

#include <fmt/format.h>

namespace coaxd {
namespace {

// dhcpd shows at most 80 columns; we show as much of the line as a wide terminal holds.
constexpr std::size_t kShownColumns = 160;

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
  std::string shown;
  std::size_t caret = 0;
  for (std::size_t i = 0; i < line.size() && shown.size() < kShownColumns; ++i) {
    if (i + 1 == column) caret = shown.size();
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == '\t') {
      shown.append(8 - shown.size() % 8, ' ');
    } else {
      shown.push_back(c < 0x20 || c == 0x7f ? '?' : line[i]);
    }
  }
  if (column > line.size()) caret = shown.size();
  return fmt::format("{}\n{:>{}}\n", shown, '^', caret + 1);
}

}  // namespace coaxd
