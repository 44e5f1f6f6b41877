// json.h
#include "docsis/json.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace coaxd::docsis {
namespace {

// The octets of the character at the front; 0: there is none. The second octet's bounds exclude overlong forms, surrogates and what is above U+10FFFF.
std::size_t character(std::string_view text) noexcept {
  struct Lead {
    std::uint8_t first, last, low, high, size;
  };
  static constexpr Lead kLeads[] = {
      {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
      {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  for (const Lead& lead : kLeads) {
    if (octet(0) < lead.first || octet(0) > lead.last) continue;
    if (text.size() < lead.size) return 0;
    for (std::size_t at = 1; at < lead.size; ++at)
      if (octet(at) < (at == 1 ? lead.low : 0x80) || octet(at) > (at == 1 ? lead.high : 0xbf)) return 0;
    return lead.size;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void append_json(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = character(text);
    const char c = text.front();
    if (size == 0)
      out += "\\ufffd";
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<std::uint8_t>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint8_t>(c));
    else
      out += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

}  // namespace coaxd::docsis
