#include "bench/coaxstorm/mac.h"

#include <charconv>

namespace coaxd::storm {

char* format_mac(char* out, std::uint64_t mac) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 40; shift >= 0; shift -= 8) {
    *out++ = kDigits[(mac >> (shift + 4)) & 15];
    *out++ = kDigits[(mac >> shift) & 15];
    if (shift != 0) *out++ = ':';
  }
  return out;
}

std::string mac_to_string(std::uint64_t mac) {
  char text[17];
  return {text, format_mac(text, mac)};
}

std::optional<std::uint64_t> parse_mac(std::string_view text) noexcept {
  std::uint64_t mac = 0;
  for (int group = 0; group < 6; ++group) {
    if (group != 0) {
      if (text.empty() || text.front() != ':') return std::nullopt;
      text.remove_prefix(1);
    }
    std::uint8_t octet = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), octet, 16);
    if (error != std::errc{} || end - text.data() > 2) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    mac = (mac << 8) | octet;
  }
  if (!text.empty()) return std::nullopt;
  return mac;
}

}  // namespace coaxd::storm
