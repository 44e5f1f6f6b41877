// address_map.h: which slot an address has, and which pool an address belongs to. Arithmetic only: nothing here is a lease.
// An address finds its block of 256 through a directory; pools are few sorted ranges, and a block knows where its first one stands.
// assign() only while nobody looks (start, reload barrier); everything else is read-only, from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "server/lease/lease_table.h"

namespace coaxd::lease {

class AddressMap {
 public:
  static constexpr std::uint32_t kBlockSize = 256;
  static constexpr std::uint32_t kNoLeaf = 0xffffffff;

  struct Place {
    PoolId pool = kNoPool;
    std::uint32_t leaf = kNoLeaf;  // kNoLeaf: never a candidate
  };
  struct Range {
    std::uint32_t low, high;  // inclusive
    PoolId pool;
    std::uint32_t first_leaf;
  };

  AddressMap() : directory_(65536) {}

  // Adds blocks for new addresses (numbers of old slots stay) and puts every address into its pool. Where two pools claim an address, the
  // range that begins lower has it.
  void assign(std::span<const PoolSpec> pools);

  SlotId find(Ipv4 address) const noexcept;
  // The slot that the address has if it has one. Asks the memory for what find() will read to say whether.
  SlotId prefetch(Ipv4 address) const noexcept;
  bool exists(SlotId slot) const noexcept;
  Ipv4 address_of(SlotId slot) const noexcept { return {blocks_[slot / kBlockSize].base + slot % kBlockSize}; }
  Place place_of(SlotId slot) const noexcept;
  SlotId slot_at(PoolId pool, std::uint32_t leaf) const noexcept;

  std::uint32_t slot_count() const noexcept { return static_cast<std::uint32_t>(blocks_.size() * kBlockSize); }
  std::uint32_t address_count() const noexcept { return addresses_; }
  std::uint32_t leaf_count(PoolId pool) const noexcept;
  std::uint32_t candidate_count(PoolId pool) const noexcept { return candidates_[pool]; }  // without the excluded
  std::uint32_t pool_count() const noexcept { return static_cast<std::uint32_t>(pools_.size()); }
  std::size_t memory_bytes() const noexcept;

 private:
  static constexpr std::uint32_t kNoBlock = 0;  // block numbers in pages are one higher
  using Page = std::array<std::uint32_t, 256>;
  using Bits = std::array<std::uint64_t, kBlockSize / 64>;
  // What every packet reads of a block: few octets, so that the blocks of millions of addresses stay in the cache.
  struct Block {
    std::uint32_t base = 0;
    std::uint32_t first_range = 0;  // the first that ends at or after `base`
    bool whole = false;             // all its addresses exist, and none is excluded
  };
  struct Gaps {  // of one that is not whole
    Bits exists{}, excluded{};
  };

  std::uint32_t block_of(Ipv4 address) const noexcept;  // its number; kNoBlock
  static bool test(const Bits& bits, std::uint32_t i) noexcept { return ((bits[i / 64] >> (i % 64)) & 1) != 0; }
  std::uint32_t block_for(std::uint32_t base);  // its number less one
  void add_addresses(std::uint32_t low, std::uint32_t high);
  void take_ranges(std::span<const PoolSpec> pools);

  std::vector<std::uint32_t> directory_;  // by the upper 16 bits: page number + 1
  std::vector<Page> pages_;
  std::vector<Block> blocks_;
  std::vector<Gaps> gaps_;  // of the same number
  std::vector<Range> ranges_;               // ascending, disjoint
  std::vector<std::vector<Range>> pools_;   // the same by pool, ascending
  std::vector<std::uint32_t> candidates_;
  std::uint32_t addresses_ = 0;
};

}  // namespace coaxd::lease
