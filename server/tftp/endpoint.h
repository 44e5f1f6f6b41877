// endpoint.h: an address and a port, as values in host order. Any thread.
#pragma once

#include <compare>
#include <cstdint>

#include "server/base/ipv4.h"

namespace coaxd::tftp {

struct Endpoint {
  Ipv4 address;
  std::uint16_t port = 0;
  constexpr auto operator<=>(const Endpoint&) const noexcept = default;
};

}  // namespace coaxd::tftp
