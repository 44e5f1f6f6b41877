// oid.h: an OBJECT IDENTIFIER as a value of fixed size, so that tables of them are constants. Any thread.
//
// Those that we send come from the tables of cmts_kinds.cc and modem_state.cc alone, never from a configuration's or a request's text: beside the object that resets one
// modem stands, with some vendors, the one that resets all.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/subscriber/mac.h"

namespace coaxd::snmp {

using subscriber::Mac;

class Oid {
 public:
  static constexpr std::size_t kLongest = 32;  // the longest of ours has 20 arcs; one that a device tells may be cut

  constexpr Oid() noexcept = default;
  constexpr explicit Oid(std::span<const std::uint32_t> arcs) noexcept {
    for (const std::uint32_t arc : arcs.first(std::min(arcs.size(), kLongest))) arcs_[size_++] = arc;
  }

  constexpr std::span<const std::uint32_t> arcs() const noexcept { return {arcs_.data(), size_}; }
  constexpr bool begins_with(const Oid& other) const noexcept { return size_ >= other.size_ && std::ranges::equal(arcs().first(other.size_), other.arcs()); }
  constexpr bool operator==(const Oid& other) const noexcept { return std::ranges::equal(arcs(), other.arcs()); }

  // The instance of a row or, with 0, of a scalar.
  constexpr Oid of(std::uint32_t index) const noexcept {
    Oid longer = *this;
    if (longer.size_ < kLongest) longer.arcs_[longer.size_++] = index;
    return longer;
  }
  // A MacAddress is of fixed size: six arcs and no length before them (RFC 2578 §7.7).
  constexpr Oid of(Mac mac) const noexcept {
    Oid longer = *this;
    for (const std::uint8_t octet : mac.octets()) longer = longer.of(octet);
    return longer;
  }

 private:
  std::array<std::uint32_t, kLongest> arcs_{};
  std::size_t size_ = 0;
};

// oid("1.3.6.1.2.1"): a slip does not compile.
consteval Oid oid(std::string_view text) {
  Oid result;
  std::uint64_t arc = 0;
  for (const char c : text) {
    if (c == '.') {
      result = result.of(static_cast<std::uint32_t>(arc));
      arc = 0;
    } else if (c >= '0' && c <= '9') {
      arc = arc * 10 + static_cast<std::uint64_t>(c - '0');
    } else {
      throw "an OBJECT IDENTIFIER is numbers with dots between them";
    }
  }
  return result.of(static_cast<std::uint32_t>(arc));
}

std::string to_string(const Oid& oid);

}  // namespace coaxd::snmp
