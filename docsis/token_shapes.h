// token_shapes.h: which of the shapes that a value can have stands at the front of a text. The longest wins, then the earlier in the table, as in the utility's
// lexer; the shapes are regular, so each is a function that measures its match. Pure, any thread. Source: reference docsis, section 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coaxd::docsis {

enum class TokenKind : std::uint8_t {
  end,
  bad,          // told already
  open, close, semicolon,
  word,         // a keyword; in the native dialect also a label
  word_list,    // native: label,label
  string,       // "text"
  integer,      // 12, -3
  number_list,  // two or more
  hex,
  mac, mac_mask,
  ip4, ip4_slash, ip4_list,                   // ip4_slash: address/number; lists have two items or more
  ip6, ip6_slash, ip6_list, ip6_slash_list,
  ticks,        // days:hours:minutes:seconds.hundredths, which no rule of the utility takes
  oid,          // words with dots; four numbers are an ip4
  variable,     // native: anything that holds ${...}, as it stands there
};

struct Shape {
  TokenKind kind = TokenKind::bad;
  std::size_t size = 0;  // 0: nothing matches
};

// `native`: labels with '-' and '_', lists of labels, MODULE::name, every legal IPv6 address.
Shape longest_shape(std::string_view text, bool native) noexcept;

// The items of a list as it was lexed: up to the next comma, which goes too.
constexpr std::string_view take_item(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view item = list.substr(0, comma);
  list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
  return item;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace coaxd::docsis
