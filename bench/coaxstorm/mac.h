// mac.h: Ethernet addresses as numbers, which is how the generator counts its clients. Values only, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/bytes.h"

namespace coaxd::storm {

inline std::uint64_t load_mac(const std::uint8_t* octets) noexcept {
  return (std::uint64_t{load_be16(octets)} << 32) | load_be32(octets + 2);
}
char* format_mac(char* out, std::uint64_t mac) noexcept;  // 17 characters; returns their end
std::string mac_to_string(std::uint64_t mac);
// Six groups of one or two hex digits between colons, as dhcpd writes them too.
std::optional<std::uint64_t> parse_mac(std::string_view text) noexcept;

}  // namespace coaxd::storm
