#include "docsis/literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace coaxd::docsis {
namespace {

// A token quoted in a message is no longer than this.
constexpr std::size_t kShown = 40;

// One escape of the native dialect, at text[at] == '\\'; moves `at` to its last octet.
bool read_escape(std::string_view text, std::size_t& at, const Token& token, Report& report, Octets& out) {
  const Position place = token.at.plus(1 + at);
  if (at + 1 == text.size()) {  // only of what a variable cuts off
    out.push_back(' ');
    return true;
  }
  const char c = text[++at];
  switch (c) {
    case '"': case '\\': case '$': out.push_back(static_cast<std::uint8_t>(c)); return true;
    case 't': out.push_back('\t'); return true;
    case 'n': out.push_back('\n'); return true;
    case 'x': {
      const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) {
        report.error(Cause::value, place, "\\x without two hexadecimal digits", "write \\x0a, or \\\\x for a backslash and an x");
        return false;
      }
      out.push_back(static_cast<std::uint8_t>(high * 16 + low));
      at += 2;
      return true;
    }
    default: break;
  }
  // As the utility: golden texts and operators' files have such strings.
  report.warning(place, fmt::format("\\{} is no escape: the backslash becomes a blank", c > ' ' && c < '\x7f' ? std::string(1, c) : shown(c)),
                 "write \\\\ for a backslash");
  out.push_back(' ');
  --at;
  return true;
}

}  // namespace

std::string described(const Token& token) {
  const std::string_view text = token.text.substr(0, kShown);
  const std::string_view more = token.text.size() > kShown ? "..." : "";
  switch (token.kind) {
    case TokenKind::end: return "the end of the text";
    case TokenKind::bad: return "this";
    case TokenKind::string: return fmt::format("the text \"{}{}\"", text, more);
    case TokenKind::integer: return fmt::format("the number {}{}", text, more);
    case TokenKind::open: case TokenKind::close: case TokenKind::semicolon: return fmt::format("'{}'", text);
    default: return fmt::format("{}{}", text, more);
  }
}

void wrong_kind(Cause cause, std::string_view name, std::string_view what, std::string_view example, const Token& token, Report& report) {
  std::string mend = fmt::format("write {} {};", name, example);
  const bool word = token.is(TokenKind::word) || token.is(TokenKind::oid) || token.is(TokenKind::integer);
  if (word && example.starts_with('"') && token.text.size() <= kShown) mend = fmt::format("write {} \"{}\";", name, token.text);
  if (token.is(TokenKind::string) && example.starts_with("0x")) mend = "hexadecimal octets stand without quotes: 0x0102";
  report.error(cause, token.at, fmt::format("{} is {}, not {}", name, what, described(token)), std::move(mend));
}

bool read_string(const Token& token, Report& report, Octets& out) {
  const std::string_view text = token.text;
  if (token.plain) {
    out.insert(out.end(), text.begin(), text.end());
    return true;
  }
  bool good = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') out.push_back(static_cast<std::uint8_t>(text[i]));
    else if (report.native()) good = read_escape(text, i, token, report, out) && good;
    else if (i + 1 < text.size() && text[i + 1] == '"') out.push_back(static_cast<std::uint8_t>(text[++i]));
    else out.push_back(' ');
  }
  return good;
}

bool read_hex(std::string_view name, const Token& token, Report& report, Octets& out) {
  const std::string_view digits = token.text.substr(2);
  if (digits.size() % 2 != 0) {
    report.error(Cause::value, token.at, fmt::format("{} has an odd number of hexadecimal digits: {}", name, digits.size()),
                 "two digits for each octet: 0x0123");
    return false;
  }
  for (std::size_t i = 0; i < digits.size(); i += 2) out.push_back(static_cast<std::uint8_t>(hex_digit(digits[i]) * 16 + hex_digit(digits[i + 1])));
  return true;
}

// A part with a leading zero is octal, as in inet_aton(): the native dialect says so.
bool read_ip4(std::string_view text, Position at, Report& report, Octets& out) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    const bool octal = part.size() > 1 && part[0] == '0';
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value, octal ? 8 : 10);
    if (failed != std::errc{} || end != part.data() + part.size() || value > 255) {
      report.error(Cause::value, at, fmt::format("{} is no IPv4 address: {} is not 0 to 255{}", text, part, octal ? " in octal" : ""),
                   "write four numbers, as 192.0.2.1; one that begins with 0 is octal");
      return false;
    }
    if (octal && report.native() && value >= 8)
      report.warning(at, fmt::format("{} in {} is octal, {}", part, text, value), "leave the leading zero away");
    out.push_back(static_cast<std::uint8_t>(value));
  }
  return true;
}

Number number_of(std::string_view integer) noexcept {
  Number number{.negative = integer.starts_with('-')};
  if (number.negative) integer.remove_prefix(1);
  const auto result = std::from_chars(integer.data(), integer.data() + integer.size(), number.magnitude);
  number.huge = result.ec != std::errc{};
  return number;
}

std::optional<std::uint64_t> meant_number(const Token& token) noexcept {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53;
  std::string_view text = token.text;
  std::uint64_t value = 0;
  if (token.is(TokenKind::hex)) {
    const auto [end, failed] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    return failed == std::errc{} && value < kMost ? std::optional(value) : std::nullopt;
  }
  std::uint64_t scale = 1;  // of the digits behind the dot
  bool dot = false;
  for (std::size_t group = 0; !text.empty(); text.remove_prefix(1)) {
    const char c = text[0];
    if (c == ',' && text.size() >= 4 && (text.size() == 4 || text[4] == ',')) continue;  // thousands apart
    if (c == '.' && !dot && group > 0) {
      dot = true;
      continue;
    }
    if (!is_digit(c)) break;
    if (value >= kMost / 10 || scale >= kMost / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (dot) scale *= 10;
    ++group;
  }
  if (text.size() == token.text.size()) return std::nullopt;
  std::uint64_t unit = 1;
  constexpr std::string_view kUnits = "kmg";
  if (!text.empty())
    if (const std::size_t which = kUnits.find(static_cast<char>(text[0] | 0x20)); which != kUnits.npos) {
      for (std::size_t i = 0; i <= which; ++i) unit *= 1000;
      text.remove_prefix(1);
    }
  constexpr std::string_view kNames[] = {"", "b", "bit", "bits", "bps", "hz"};
  const auto same = [&](std::string_view name) { return std::ranges::equal(text, name, [](char a, char b) { return (a | 0x20) == b; }); };
  if (std::ranges::none_of(kNames, same) || value >= kMost / unit || value * unit % scale != 0) return std::nullopt;
  return value * unit / scale;
}

std::uint32_t Number::wrapped() const noexcept {
  if (huge) return negative ? 0 : 0xffffffff;  // the ends of 64 bits
  return static_cast<std::uint32_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<std::int64_t> Number::within(std::int64_t low, std::int64_t high) const noexcept {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 62;  // no bound of ours is beyond
  if (huge || magnitude > kLimit) return std::nullopt;
  const std::int64_t value = negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  if (value < low || value > high) return std::nullopt;
  return value;
}

std::optional<Oid> read_oid(const Token& token, bool path_only, const MibNames& mibs, Report& report) {
  // Four numbers are an address to the utility's lexer, which its grammar does not take here.
  if (token.is(TokenKind::ip4) && !report.native()) {
    report.error(Cause::grammar, token.at, fmt::format("{} reads as an IPv4 address", token.text), fmt::format("write .{}", token.text));
    return std::nullopt;
  }
  const bool readable = token.is(TokenKind::oid) || token.is(TokenKind::ip4) || (report.native() && token.is(TokenKind::word));
  if (!readable) {
    report.error(Cause::grammar, token.at, fmt::format("an object identifier is expected, not {}", described(token)),
                 "write .1.3.6.1.2.1.1.4.0 or sysContact.0");
    return std::nullopt;
  }
  std::string_view first = token.text.substr(std::min(token.text.find_first_not_of('.'), token.text.size()));
  first = first.substr(0, first.find('.'));
  const bool from_root = std::ranges::all_of(first, is_digit) || first == "iso" || first == "ccitt" || first == "joint-iso-ccitt";
  if (path_only && !report.native() && !from_root) {
    report.error(Cause::value, token.at, fmt::format("{}: names are not resolved here in this dialect", token.text),
                 "write it in numbers, or as .iso.org.dod...");
    return std::nullopt;
  }
  auto oid = mibs.resolve(token.text);
  if (!oid) {
    report.error(Cause::value, token.at, fmt::format("{}: {}", token.text, oid.error()), "the name of a known object, or its numbers: .1.3.6.1.2.1.1.4.0");
    return std::nullopt;
  }
  return std::move(*oid);
}

}  // namespace coaxd::docsis
