#include "server/config/setting_values.h"

#include <algorithm>
#include <charconv>

namespace coaxd::config {

namespace {

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Ipv4::parse(text.substr(0, slash));
  const auto length = slash == text.npos ? std::optional(32u) : parse_number(text.substr(slash + 1));
  if (!address || !length || *length > 32) return std::nullopt;
  const Prefix prefix{*address, {*length == 0 ? 0 : 0xffffffffu << (32 - *length)}};
  if (!prefix.contains(*address)) return std::nullopt;
  return prefix;
}

std::optional<std::uint8_t> parse_option_code(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 254) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

// Commas or blanks between them.
template <typename Parse>
auto parse_list(std::string_view text, Parse parse) -> std::optional<std::vector<typename decltype(parse(text))::value_type>> {
  constexpr std::string_view kBetween = ", \t";
  std::vector<typename decltype(parse(text))::value_type> list;
  for (std::size_t at = text.find_first_not_of(kBetween); at != text.npos; at = text.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const auto one = parse(text.substr(at, end - at));
    if (!one) return std::nullopt;
    list.push_back(*one);
    at = end;
  }
  return list;
}

}  // namespace

std::optional<std::vector<Prefix>> parse_prefixes(std::string_view text) { return parse_list(text, parse_prefix); }
std::optional<std::vector<std::uint8_t>> parse_option_codes(std::string_view text) { return parse_list(text, parse_option_code); }

std::optional<Ports> parse_ports(std::string_view text) {
  if (text.empty()) return Ports{};
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto low = parse_number(text.substr(0, dash)), high = parse_number(text.substr(dash + 1));
  if (!low || !high || *low < 1 || *low > *high || *high > 65535) return std::nullopt;
  return Ports{static_cast<std::uint16_t>(*low), static_cast<std::uint16_t>(*high)};
}

}  // namespace coaxd::config
