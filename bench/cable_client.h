// cable_client.h: what a cable network stores of client number n: a client-id of 19 octets (RFC 4361), a MAC, option 82 with circuit-id and remote-id. A value, for benches.
#pragma once

#include <array>
#include <cstdint>

#include "server/base/bytes.h"

namespace coaxd::bench {

struct CableClient {
  std::array<std::uint8_t, 19> id{255};
  std::array<std::uint8_t, 6> mac{0x00, 0x15};
  std::array<std::uint8_t, 14> agent_info{1, 4, 0, 0, 0, 1, 2, 6, 0x00, 0x16};

  explicit CableClient(std::uint32_t n) {
    store_be32(&id[5], n);
    store_be32(&id[15], ~n);
    store_be32(&mac[2], n);
    store_be32(&agent_info[10], n);
  }
};

}  // namespace coaxd::bench
