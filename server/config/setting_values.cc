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

}  // namespace

std::optional<std::vector<Prefix>> parse_prefixes(std::string_view text) {
  constexpr std::string_view kBetween = ", \t";
  std::vector<Prefix> prefixes;
  for (std::size_t at = text.find_first_not_of(kBetween); at != text.npos; at = text.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const auto prefix = parse_prefix(text.substr(at, end - at));
    if (!prefix) return std::nullopt;
    prefixes.push_back(*prefix);
    at = end;
  }
  return prefixes;
}

std::optional<Ports> parse_ports(std::string_view text) {
  if (text.empty()) return Ports{};
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto low = parse_number(text.substr(0, dash)), high = parse_number(text.substr(dash + 1));
  if (!low || !high || *low < 1 || *low > *high || *high > 65535) return std::nullopt;
  return Ports{static_cast<std::uint16_t>(*low), static_cast<std::uint16_t>(*high)};
}

}  // namespace coaxd::config
