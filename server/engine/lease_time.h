// lease_time.h: for how long (dhcpd-compat §11). Pure. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

// RFC 2131 §3.3: all ones in option 51 is infinity. dhcpd sends the seconds left until 2038
// instead.
inline constexpr std::uint32_t kInfinite = 0xffffffff;

// Seconds to grant; kInfinite is a value of its own.
std::uint32_t lease_seconds(const Exchange& exchange, const Lease& lease) noexcept;
std::uint32_t bootp_lease_seconds(const Exchange& exchange, const Lease& lease) noexcept;

// When a lease of so many seconds ends.
lease::StoredTime lease_end(WallSeconds now, std::uint32_t seconds) noexcept;
// What is left of a lease that ends then.
std::uint32_t seconds_left(WallSeconds now, lease::StoredTime ends) noexcept;

}  // namespace coaxd::engine
