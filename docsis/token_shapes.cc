#include "docsis/token_shapes.h"

#include <algorithm>
#include <array>

namespace coaxd::docsis {
namespace {

// A list longer than this is no token of the utility's: what is behind stands alone, and is wrong there.
constexpr std::size_t kMostAddresses = 16, kMostPrefixes = 15;
// A label has 64 octets (RFC 2578 §3.1), vendors' some more. No further is looked for a dot: of -1-1-1... each -1 might begin a name.
constexpr std::size_t kLongestLabel = 128;

// Each of these: how many octets of `text` match, 0 for none. `native` as in longest_shape().
using Match = std::size_t (*)(std::string_view text, bool native) noexcept;

template <typename Test>
std::size_t run(std::string_view text, Test test) noexcept {
  std::size_t size = 0;
  while (size < text.size() && test(text[size])) ++size;
  return size;
}
bool starts(std::string_view text, std::size_t at, std::string_view what) noexcept { return text.substr(std::min(at, text.size())).starts_with(what); }

std::size_t digits(std::string_view text, bool) noexcept { return run(text, is_digit); }
std::size_t integer(std::string_view text, bool) noexcept {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const std::size_t size = run(text.substr(sign), is_digit);
  return size == 0 ? 0 : sign + size;
}

std::size_t hex(std::string_view text, bool) noexcept {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return 0;
  const std::size_t size = run(text.substr(2), [](char c) { return hex_digit(c) >= 0; });
  return size == 0 ? 0 : 2 + size;
}

// `count` numbers with `separator` between them.
std::size_t numbers(std::string_view text, std::size_t count, char separator) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && (at == text.size() || text[at++] != separator)) return 0;
    const std::size_t size = run(text.substr(at), is_digit);
    if (size == 0) return 0;
    at += size;
  }
  return at;
}

std::size_t ip4(std::string_view text, bool) noexcept { return numbers(text, 4, '.'); }

std::size_t ticks(std::string_view text, bool) noexcept {
  const std::size_t clock = numbers(text, 4, ':');
  if (clock == 0 || !starts(text, clock, ".")) return 0;
  const std::size_t fraction = run(text.substr(clock + 1), is_digit);
  return fraction == 0 ? 0 : clock + 1 + fraction;
}

// Groups before and behind "::". Two shapes that RFC 4291 has were forgotten in the utility: six and one, seven and none.
bool may_compress(std::size_t before, std::size_t behind, bool native) noexcept {
  if (before + behind > 7) return false;
  return native || !((before == 6 && behind == 1) || before == 7);
}

std::size_t ip6(std::string_view text, bool native) noexcept {
  std::size_t at = 0, best = 0, groups = 0, before = 0;
  bool compressed = false;
  const auto compress = [&] {
    compressed = true;
    before = groups;
    at += 2;
    if (may_compress(before, 0, native)) best = at;
  };
  if (starts(text, 0, "::")) compress();
  while (groups < 8) {
    // RFC 4291 §2.2 form 3, which the utility does not know: the last two groups as an IPv4 address.
    if (native && groups <= 6 && (compressed ? groups + 2 <= 7 : groups == 6))
      if (const std::size_t size = ip4(text.substr(at), native); size > 0) best = std::max(best, at + size);
    std::size_t size = run(text.substr(at), [](char c) { return hex_digit(c) >= 0; });
    if (size == 0) break;
    size = std::min<std::size_t>(size, 4);
    at += size;
    ++groups;
    if (compressed ? may_compress(before, groups - before, native) : groups == 8) best = std::max(best, at);
    if (!compressed && groups < 8 && starts(text, at, "::")) compress();
    else if (starts(text, at, ":")) ++at;
    else break;
  }
  return best;
}

std::size_t mac(std::string_view text, bool) noexcept {
  constexpr std::size_t kSize = 17;
  if (text.size() < kSize) return 0;
  for (std::size_t i = 0; i < kSize; ++i)
    if (i % 3 == 2 ? text[i] != ':' : hex_digit(text[i]) < 0) return 0;
  return kSize;
}

template <Match first, char separator, Match second>
std::size_t pair(std::string_view text, bool native) noexcept {
  const std::size_t left = first(text, native);
  if (left == 0 || left == text.size() || text[left] != separator) return 0;
  const std::size_t right = second(text.substr(left + 1), native);
  return right == 0 ? 0 : left + 1 + right;
}

template <Match item, std::size_t most>
std::size_t list(std::string_view text, bool native) noexcept {
  std::size_t at = item(text, native), items = 1;
  if (at == 0) return 0;
  while (items < most && starts(text, at, ",")) {
    const std::size_t size = item(text.substr(at + 1), native);
    if (size == 0) break;
    at += 1 + size;
    ++items;
  }
  return items > 1 ? at : 0;
}

std::size_t label(std::string_view text) noexcept {
  return run(text.substr(0, kLongestLabel), [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
}

std::size_t quoted_index(std::string_view text) noexcept {
  if (!text.starts_with('"') && !text.starts_with('\'')) return 0;
  const std::size_t end = text.find_first_of(text[0] == '"' ? "\"\n" : "'\n", 1);
  return end == text.npos || text[end] == '\n' ? 0 : end + 1;
}

// Words with dots between, any number of dots before; behind the first word also "text" and 'text'.
std::size_t dotted(std::string_view text, bool dot_needed) noexcept {
  const std::size_t dots = run(text, [](char c) { return c == '.'; });
  std::size_t at = dots + label(text.substr(dots));
  if (at == dots) return 0;
  bool dotted = dots > 0 || !dot_needed;
  while (starts(text, at, ".")) {
    const std::string_view rest = text.substr(at + 1);
    const std::size_t size = std::max(label(rest), quoted_index(rest));
    if (size == 0) break;
    at += 1 + size;
    dotted = true;
  }
  return dotted ? at : 0;
}

std::size_t oid(std::string_view text, bool native) noexcept {
  const std::size_t plain = dotted(text, true);
  if (!native || text.empty() || !is_letter(text[0])) return plain;
  const std::size_t module = label(text);
  if (!starts(text, module, "::")) return plain;
  const std::size_t name = dotted(text.substr(module + 2), false);
  return name == 0 ? plain : std::max(plain, module + 2 + name);
}

// Natively also a label, which may begin with a digit: 10baseT.
std::size_t word(std::string_view text, bool native) noexcept {
  std::size_t size = native ? run(text, is_digit) : 0;
  if (size == text.size() || !is_letter(text[size])) return 0;
  for (; size < text.size(); ++size) {
    const char c = text[size];
    if (is_letter(c) || is_digit(c) || (native && c == '_')) continue;
    if (native && c == '-' && size + 1 < text.size() && is_letter(text[size + 1])) continue;  // a label; Integer-1 is two tokens
    break;
  }
  return size;
}

std::size_t word_list(std::string_view text, bool native) noexcept { return native ? list<word, 1024>(text, native) : 0; }

// What a shape can begin with: most are not tried at all.
enum Start : std::uint8_t { kDigit = 1, kHexLetter = 2, kLetter = 4, kColon = 8, kDot = 16, kSign = 32 };
constexpr std::uint8_t kNumber = kDigit, kHexDigit = kDigit | kHexLetter, kName = kDigit | kHexLetter | kLetter;

constexpr std::uint8_t start_of(char c) noexcept {
  if (is_digit(c)) return kDigit;
  if (is_letter(c)) return hex_digit(c) >= 0 ? kHexLetter : kLetter;
  return c == ':' ? kColon : c == '.' ? kDot : c == '-' || c == '_' ? kSign : 0;
}

struct Row {
  TokenKind kind;
  std::uint8_t starts;
  Match match;
};
constexpr std::array kRows{
    Row{TokenKind::number_list, kNumber, list<digits, static_cast<std::size_t>(-1)>},
    Row{TokenKind::ip4, kNumber, ip4},
    Row{TokenKind::ip4_list, kNumber, list<ip4, kMostAddresses>},
    Row{TokenKind::hex, kNumber, hex},
    Row{TokenKind::mac_mask, kHexDigit, pair<mac, '/', mac>},
    Row{TokenKind::ip4_slash, kNumber, pair<ip4, '/', digits>},
    Row{TokenKind::mac, kHexDigit, mac},
    Row{TokenKind::ip6, kHexDigit | kColon, ip6},
    Row{TokenKind::ip6_slash, kHexDigit | kColon, pair<ip6, '/', digits>},
    Row{TokenKind::ip6_list, kHexDigit | kColon, list<ip6, kMostAddresses>},
    Row{TokenKind::ip6_slash_list, kHexDigit | kColon, list<pair<ip6, '/', digits>, kMostPrefixes>},
    Row{TokenKind::ticks, kNumber, ticks},
    Row{TokenKind::oid, kName | kDot | kSign, oid},
    Row{TokenKind::integer, kNumber | kSign, integer},
    Row{TokenKind::word, kName, word},
    Row{TokenKind::word_list, kName, word_list},
};

}  // namespace

Shape longest_shape(std::string_view text, bool native) noexcept {
  Shape best;
  if (text.empty()) return best;
  const std::uint8_t start = start_of(text[0]);
  for (const Row& row : kRows)
    if ((row.starts & start) == 0) continue;
    else if (const std::size_t size = row.match(text, native); size > best.size) best = {row.kind, size};
  return best;
}

}  // namespace coaxd::docsis
