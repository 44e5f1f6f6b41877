// crc32c.h: the Castagnoli CRC that guards journal records (RFC 3720 B.4). Hardware instruction where there is one. Any thread.
#pragma once

#include <cstdint>

#include "server/base/bytes.h"

namespace coaxd {

std::uint32_t crc32c(Bytes bytes, std::uint32_t seed = 0) noexcept;

}  // namespace coaxd
