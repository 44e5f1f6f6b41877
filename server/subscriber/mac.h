// mac.h: an Ethernet address as a value: the key of everything about a modem (RFC 3046 §3.2: option 82.2 is the modem's). Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/bytes.h"

namespace coaxd::subscriber {

struct Mac {
  std::uint64_t value = 0;  // 48 bits, the first octet highest

  static std::optional<Mac> of(Bytes octets) noexcept;  // of six
  // As people and equipment write it: 00:10:95:01:02:03, 00-10-95-01-02-03, 0010.9501.0203, 001095010203, 0:10:95:1:2:3 (as dhcpd logs it).
  static std::optional<Mac> parse(std::string_view text) noexcept;

  constexpr std::array<std::uint8_t, 6> octets() const noexcept {
    std::array<std::uint8_t, 6> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(value >> (40 - 8 * i));
    return octets;
  }

  friend constexpr auto operator<=>(Mac, Mac) noexcept = default;
};

std::string to_string(Mac mac);  // 00:10:95:01:02:03

}  // namespace coaxd::subscriber
