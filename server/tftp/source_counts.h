// source_counts.h: how many transfers each client address has under way. A hash table of fixed size: there are never more addresses than transfers. One thread;
// nothing allocates after construction.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/assert.h"
#include "server/base/hash.h"
#include "server/base/ipv4.h"

namespace coaxd::tftp {

class SourceCounts {
 public:
  SourceCounts(std::size_t most, HashSeed seed) : seed_(seed), places_(std::bit_ceil(most * 2)) {}

  std::uint32_t of(Ipv4 address) const noexcept {
    const Place& place = places_[find(address)];
    return place.count;
  }
  void add(Ipv4 address) noexcept {
    Place& place = places_[find(address)];
    place.address = address;
    ++place.count;
  }
  void remove(Ipv4 address) noexcept {
    std::size_t hole = find(address);
    COAXD_ASSERT(places_[hole].count > 0);
    if (--places_[hole].count > 0) return;
    // Linear probing without tombstones: what follows and may stand here moves up.
    for (std::size_t at = after(hole); places_[at].count > 0; at = after(at)) {
      const std::size_t home = home_of(places_[at].address);
      const bool reaches = hole <= at ? home <= hole || home > at : home <= hole && home > at;
      if (!reaches) continue;
      places_[hole] = places_[at];
      places_[at] = {};
      hole = at;
    }
  }

 private:
  struct Place {
    Ipv4 address;
    std::uint32_t count = 0;  // 0: empty
  };
  std::size_t after(std::size_t at) const noexcept { return (at + 1) & (places_.size() - 1); }
  std::size_t home_of(Ipv4 address) const noexcept {
    std::uint8_t octets[4];
    store_be32(octets, address.value);
    return hash_bytes(seed_, octets) & (places_.size() - 1);
  }
  // Its place, or the empty one where it would go.
  std::size_t find(Ipv4 address) const noexcept {
    std::size_t at = home_of(address);
    while (places_[at].count > 0 && places_[at].address != address) at = after(at);
    return at;
  }

  const HashSeed seed_;
  std::vector<Place> places_;
};

}  // namespace coaxd::tftp
