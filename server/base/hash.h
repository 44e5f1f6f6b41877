// hash.h: a seeded 64-bit hash (SipHash-1-3) for tables that strangers' bytes index. The seed is drawn at start, so nobody outside
// can aim at a bucket. Any thread. Source of the algorithm: Aumasson and Bernstein, "SipHash: a fast short-input PRF".
#pragma once

#include <cstdint>

#include "server/base/bytes.h"

namespace coaxd {

struct HashSeed {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

std::uint64_t hash_bytes(HashSeed seed, Bytes bytes) noexcept;

}  // namespace coaxd
