// time_of_day.h: RFC 868: the seconds since 1900-01-01 00:00 UTC, as 32 bits. A modem's TLV 19 is the same number, so both come from here. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "server/base/bytes.h"
#include "server/base/time.h"

namespace coaxd::tftp {

// 70 years, 17 of them leap years (RFC 868: 2,208,988,800 is 1970-01-01).
inline constexpr WallSeconds kFrom1900To1970 = 2'208'988'800;

// After 2036-02-07 06:28:15 UTC it begins at 0 again, as modems expect: they keep 32 bits too.
constexpr std::uint32_t seconds_since_1900(WallSeconds wall) noexcept { return static_cast<std::uint32_t>(wall + kFrom1900To1970); }

// Whether a datagram is asked for the time. RFC 868 has clients send an empty one, and anything is taken for that; but two servers of this kind, or one of echo,
// daytime, quotes or characters (RFC 862 to 865, 867), would talk with each other for ever once somebody has written the one's address on a datagram to the other.
constexpr bool is_asking_for_time(std::uint16_t from_port, std::size_t size) noexcept {
  if (from_port == 37) return size == 0;
  return from_port != 0 && from_port != 7 && from_port != 13 && from_port != 17 && from_port != 19;
}

// The whole answer, over UDP and TCP alike: four octets, network order.
std::array<std::uint8_t, 4> time_of_day(WallSeconds wall) noexcept;

}  // namespace coaxd::tftp
