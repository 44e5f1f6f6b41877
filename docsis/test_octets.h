// test_octets.h: octets as hexadecimal text, and the golden files. For tests.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "docsis/tree.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

inline Octets from_hex(std::string_view hex) {
  Octets out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

inline std::string to_hex(Bytes octets) {
  std::string out;
  for (const std::uint8_t octet : octets) fmt::format_to(std::back_inserter(out), "{:02x}", octet);
  return out;
}

inline std::string golden(std::string_view name) {
  std::ifstream in(std::string(COAXD_GOLDEN "/").append(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace coaxd::docsis
