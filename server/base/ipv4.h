// ipv4.h: an IPv4 address and a prefix as values in host order, so that ranges are arithmetic. Any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coaxd {

struct Ipv4 {
  std::uint32_t value = 0;  // host order

  static constexpr Ipv4 of(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept {
    return {(std::uint32_t{a} << 24) | (std::uint32_t{b} << 16) | (std::uint32_t{c} << 8) | d};
  }
  // Strict dotted quad, nothing before or after it.
  static std::optional<Ipv4> parse(std::string_view text) noexcept;
  constexpr auto operator<=>(const Ipv4&) const noexcept = default;
  constexpr bool is_zero() const noexcept { return value == 0; }
};

struct Prefix {
  Ipv4 network;
  Ipv4 mask;
  constexpr bool contains(Ipv4 a) const noexcept { return (a.value & mask.value) == network.value; }
  // Bits set in the mask; masks of dhcpd.conf may have holes, which count as set bits only.
  int length() const noexcept;
  constexpr auto operator<=>(const Prefix&) const noexcept = default;
};

// Writes the dotted quad (at most 15 characters) and returns its end. For hot paths; to_string elsewhere.
char* format_ipv4(char* out, Ipv4 address) noexcept;
std::string to_string(Ipv4 address);

}  // namespace coaxd
