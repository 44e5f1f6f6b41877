#include "server/lease/address_map.h"

#include <algorithm>
#include <utility>

#include "server/base/assert.h"

namespace coaxd::lease {

std::uint32_t AddressMap::block_for(std::uint32_t base) {
  std::uint32_t& page = directory_[base >> 16];
  if (page == 0) {
    pages_.emplace_back().fill(kNoBlock);
    page = static_cast<std::uint32_t>(pages_.size());
  }
  std::uint32_t& number = pages_[page - 1][(base >> 8) & 0xff];
  if (number == kNoBlock) {
    blocks_.push_back({.base = base});
    gaps_.emplace_back();
    number = static_cast<std::uint32_t>(blocks_.size());
  }
  return number - 1;
}

void AddressMap::add_addresses(std::uint32_t low, std::uint32_t high) {
  for (std::uint64_t base = low & ~(kBlockSize - 1); base <= high; base += kBlockSize) {
    Bits& exists = gaps_[block_for(static_cast<std::uint32_t>(base))].exists;
    const auto first = static_cast<std::uint32_t>(std::max<std::uint64_t>(low, base) - base);
    const auto last = static_cast<std::uint32_t>(std::min<std::uint64_t>(high - base, kBlockSize - 1));
    for (std::uint32_t i = first; i <= last; ++i) {
      addresses_ += test(exists, i) ? 0 : 1;
      exists[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
}

void AddressMap::take_ranges(std::span<const PoolSpec> pools) {
  ranges_.clear();
  PoolId pool_count = 0;
  for (const PoolSpec& pool : pools) {
    COAXD_ASSERT(pool.id != kNoPool);
    pool_count = std::max(pool_count, pool.id + 1);
    for (const PoolSpec::Range& range : pool.ranges)
      if (range.low <= range.high) ranges_.push_back({range.low.value, range.high.value, pool.id, 0});
  }
  std::ranges::sort(ranges_, {}, [](const Range& range) { return std::pair(range.low, range.pool); });

  pools_.assign(pool_count, {});
  std::uint64_t next = 0;  // the lowest address that nobody has yet
  std::erase_if(ranges_, [&next](Range& range) {
    if (range.high < next) return true;
    range.low = std::max(range.low, static_cast<std::uint32_t>(next));
    next = std::uint64_t{range.high} + 1;
    return false;
  });
  for (Range& range : ranges_) {
    range.first_leaf = leaf_count(range.pool);
    pools_[range.pool].push_back(range);
  }
}

void AddressMap::assign(std::span<const PoolSpec> pools) {
  take_ranges(pools);
  for (const Range& range : ranges_) add_addresses(range.low, range.high);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    block.first_range = static_cast<std::uint32_t>(
        std::ranges::lower_bound(ranges_, block.base, {}, &Range::high) - ranges_.begin());
    block.whole = std::ranges::all_of(gaps_[i].exists, [](std::uint64_t bits) { return ~bits == 0; });
    gaps_[i].excluded = {};
  }

  candidates_.resize(pools_.size());
  for (PoolId pool = 0; pool < pools_.size(); ++pool) candidates_[pool] = leaf_count(pool);
  for (const PoolSpec& pool : pools) {
    for (const Ipv4 address : pool.excluded) {
      const SlotId slot = find(address);
      if (slot == kNoSlot || place_of(slot).pool != pool.id || place_of(slot).leaf == kNoLeaf) continue;
      const std::uint32_t i = slot % kBlockSize;
      gaps_[slot / kBlockSize].excluded[i / 64] |= std::uint64_t{1} << (i % 64);
      blocks_[slot / kBlockSize].whole = false;
      --candidates_[pool.id];
    }
  }
}

std::uint32_t AddressMap::block_of(Ipv4 address) const noexcept {
  const std::uint32_t page = directory_[address.value >> 16];
  return page == 0 ? kNoBlock : pages_[page - 1][(address.value >> 8) & 0xff];
}

SlotId AddressMap::find(Ipv4 address) const noexcept {
  const std::uint32_t number = block_of(address);
  if (number == kNoBlock) return kNoSlot;
  const SlotId slot = (number - 1) * kBlockSize + address.value % kBlockSize;
  return exists(slot) ? slot : kNoSlot;
}

SlotId AddressMap::prefetch(Ipv4 address) const noexcept {
  const std::uint32_t number = block_of(address);
  if (number == kNoBlock) return kNoSlot;
  __builtin_prefetch(&blocks_[number - 1]);
  return (number - 1) * kBlockSize + address.value % kBlockSize;
}

bool AddressMap::exists(SlotId slot) const noexcept {
  if (slot >= slot_count()) return false;
  return blocks_[slot / kBlockSize].whole || test(gaps_[slot / kBlockSize].exists, slot % kBlockSize);
}

AddressMap::Place AddressMap::place_of(SlotId slot) const noexcept {
  const Block& block = blocks_[slot / kBlockSize];
  const std::uint32_t address = block.base + slot % kBlockSize;
  for (std::size_t i = block.first_range; i < ranges_.size() && ranges_[i].low <= address; ++i) {
    if (address > ranges_[i].high) continue;
    const bool excluded = !block.whole && test(gaps_[slot / kBlockSize].excluded, slot % kBlockSize);
    return {ranges_[i].pool, excluded ? kNoLeaf : ranges_[i].first_leaf + (address - ranges_[i].low)};
  }
  return {};
}

SlotId AddressMap::slot_at(PoolId pool, std::uint32_t leaf) const noexcept {
  const std::vector<Range>& ranges = pools_[pool];
  const Range& range = *std::prev(std::ranges::upper_bound(ranges, leaf, {}, &Range::first_leaf));
  return find({range.low + (leaf - range.first_leaf)});
}

std::uint32_t AddressMap::leaf_count(PoolId pool) const noexcept {
  if (pools_[pool].empty()) return 0;
  const Range& last = pools_[pool].back();
  return last.first_leaf + (last.high - last.low + 1);
}

std::size_t AddressMap::memory_bytes() const noexcept {
  return directory_.size() * sizeof directory_[0] + pages_.size() * sizeof(Page) +
         blocks_.size() * (sizeof(Block) + sizeof(Gaps)) + 2 * ranges_.size() * sizeof(Range);
}

}  // namespace coaxd::lease
