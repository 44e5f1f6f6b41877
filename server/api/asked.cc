#include "server/api/asked.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "server/config/setting_values.h"
#include "server/quarantine/case.h"

namespace coaxd::api {
namespace {

std::unexpected<Response> refuse(std::string_view name, std::string_view text, std::string_view right) {
  return std::unexpected(problem(400, fmt::format("{}: '{}' is not {}.", name, text, right), {{"member", "\"" + std::string(name) + "\""}}));
}

}  // namespace

Asked<Ipv4> address_of(std::string_view text, std::string_view name) {
  if (const auto address = Ipv4::parse(text)) return *address;
  return refuse(name, text, "an IPv4 address such as 203.0.113.9");
}

Asked<subscriber::Mac> mac_of(std::string_view text, std::string_view name) {
  if (const auto mac = subscriber::Mac::parse(text)) return *mac;
  return refuse(name, text, "a MAC address such as 00:10:95:01:02:03");
}

Asked<std::string> octets_of(std::string_view text, std::string_view name) {
  std::string octets, digits;
  const auto value = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (const char c : text)
    if (c != ':') digits += c;
  if (digits.empty() || digits.size() % 2 != 0 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) return refuse(name, text, "hexadecimal such as 01:00:15:96:00:00:01");
  for (std::size_t i = 0; i < digits.size(); i += 2) octets += static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1]));
  return octets;
}

Asked<Prefix> prefix_of(std::string_view text, std::string_view name) {
  const auto prefixes = config::parse_prefixes(text);
  if (prefixes && prefixes->size() == 1) return prefixes->front();
  return refuse(name, text, "a prefix such as 203.0.113.0/24, whose address is its network's");
}

Asked<std::uint64_t> number_of(std::string_view text, std::string_view name, std::uint64_t low, std::uint64_t high) {
  std::uint64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong == std::errc{} && end == text.data() + text.size() && value >= low && value <= high) return value;
  return refuse(name, text, fmt::format("a whole number from {} to {}", low, high));
}

Asked<WallSeconds> time_of(std::string_view text, std::string_view name) {
  WallSeconds seconds = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (wrong == std::errc{} && end == text.data() + text.size() && seconds >= 0 && seconds <= 0xffffffff) return seconds;
  if (const auto at = quarantine::parse_rfc3339(text)) return *at / 1000;
  return refuse(name, text, "a time such as 2026-11-23T14:05:00Z (a + of a time zone is written %2B), or seconds since 1970");
}

std::string utc(WallSeconds at) { return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(at))); }

}  // namespace coaxd::api
