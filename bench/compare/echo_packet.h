// echo_packet.h: what an echo's datagrams begin with; the rest is padding. The query says how long its answer is to be, so the
// echo need not know which exchange it plays a part of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/base/bytes.h"

namespace coaxd::ceiling {

struct EchoPacket {
  static constexpr std::size_t kSize = 12;

  std::uint32_t reply_size, slot, number;  // the answer's length; whose query it is and which of its

  void write(std::uint8_t* out) const noexcept {
    store_be32(out, reply_size);
    store_be32(out + 4, slot);
    store_be32(out + 8, number);
  }
  static EchoPacket read(const std::uint8_t* in) noexcept { return {load_be32(in), load_be32(in + 4), load_be32(in + 8)}; }
};

}  // namespace coaxd::ceiling
