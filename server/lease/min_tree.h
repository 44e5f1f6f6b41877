// min_tree.h: a lock-free tournament tree over an array of 32-bit keys: set a key, find the smallest. It orders two things: which address of a pool
// is given next (key: when it was freed, so never-used ones first, lowest address first, then the longest ended), and which lease
// ends next (key: its end), so neither needs a sorted list, a scan or a lock.
//
// Fan-out 16: one node's children are one cache line. set() writes the leaf and walks up only while a parent's minimum changes; so
// most updates touch one line. The answer of min_index() is a hint, made true by the caller's CAS on the slot: between its reads
// a key may change. Invariant at rest (no set() running): every parent equals the minimum of its children.
// Any number of threads may call anything at any time. Source: our own; the protocol is argued in min_tree.cc.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "server/base/atomic.h"
#include "server/lease/mapped_memory.h"

namespace coaxd::lease {

class MinTree {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();  // not a candidate
  static constexpr std::uint32_t kFanOut = 16;

  // All keys kNone. 4.27 octets a leaf.
  explicit MinTree(std::uint32_t leaves);
  MinTree(const MinTree&) = delete;
  MinTree& operator=(const MinTree&) = delete;

  void set(std::uint32_t leaf, std::uint32_t key) noexcept;
  std::uint32_t get(std::uint32_t leaf) const noexcept;
  void prefetch(std::uint32_t leaf) const noexcept { __builtin_prefetch(levels_[0] + leaf, 1); }
  // The smallest key now, kNone when there is none.
  std::uint32_t min_key() const noexcept;
  // A leaf that held (about) the smallest key, lowest index first among equals; kNone when there is none.
  std::uint32_t min_index() const noexcept;
  // The first leaf at or after `from` whose key is at most `key` (which is not kNone); kNone when there is none. For walking over all of them.
  std::uint32_t next_at_most(std::uint32_t from, std::uint32_t key) const noexcept;
  // Single-threaded bulk load: write leaves with load(), then build() once.
  void load(std::uint32_t leaf, std::uint32_t key) noexcept;
  void build() noexcept;
  std::uint32_t size() const noexcept { return leaves_; }
  std::size_t memory_bytes() const noexcept { return memory_.size(); }
  // Tests: the invariant, while no set() runs.
  bool consistent() const noexcept;

 private:
  // Kept as ~key, so that untouched memory says kNone and a node's best child is its greatest.
  using Entry = Atomic<std::uint32_t>;
  struct Best {
    std::uint32_t entry;
    std::uint32_t child;  // index within the level
  };

  std::uint32_t first_with(std::uint32_t entry, std::uint32_t from, std::size_t level, std::uint32_t node) const noexcept;
  Best best_of(std::size_t level, std::uint32_t node) const noexcept;
  bool settle(std::size_t level, std::uint32_t node) const noexcept;
  void climb(std::size_t level, std::uint32_t index) const noexcept;

  std::uint32_t leaves_;
  std::vector<Entry*> levels_;  // [0] the leaves, back() one node
  std::vector<std::uint32_t> nodes_;  // how many nodes of kFanOut entries a level has
  MappedMemory memory_;
};

}  // namespace coaxd::lease
