// slab.h: nodes of a few 64-bit words from one mapped array, given and taken back without a lock. Words are atomic, because readers
// that are about to find out that they are late may still look at a node that has gone back.
//
// Free nodes form a stack, linked through their first word; its head carries a tag, or a head that left and came back between a
// pop's read and its CAS would be taken for unchanged (ABA). Any thread may call allocate() and release(); grow() only alone.
#pragma once

#include <cstdint>

#include "server/base/assert.h"
#include "server/base/atomic.h"
#include "server/lease/mapped_memory.h"

namespace coaxd::lease {

template <std::uint32_t kWords>
class Slab {
 public:
  static constexpr std::uint32_t kNone = 0;  // nodes are numbered from 1: a zero word points nowhere
  using Word = Atomic<std::uint64_t>;

  explicit Slab(std::uint32_t capacity = 0) { grow(capacity); }

  void grow(std::uint32_t capacity) {
    if (capacity <= capacity_) return;
    memory_.resize(std::size_t{capacity} * kWords * sizeof(Word));
    capacity_ = capacity;
  }

  // kNone when all nodes are out.
  std::uint32_t allocate() noexcept {
    // acquire: pairs with the release of the CAS in release(), so that the link and all that its last owner did are seen.
    std::uint64_t head = free_.load(std::memory_order_acquire);
    while (static_cast<std::uint32_t>(head) != kNone) {
      const auto node_number = static_cast<std::uint32_t>(head);
      const std::uint64_t link = node(node_number)[0].load(std::memory_order_relaxed);
      const std::uint64_t next = next_tag(head) | static_cast<std::uint32_t>(link);
      if (free_.compare_exchange_weak(head, next, std::memory_order_acq_rel, std::memory_order_acquire))
        return node_number;
    }
    std::uint32_t used = used_.load(std::memory_order_relaxed);
    while (used < capacity_)
      if (used_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed)) return used + 1;
    return kNone;
  }

  void release(std::uint32_t number) noexcept {
    std::uint64_t head = free_.load(std::memory_order_relaxed);
    do {
      // release: a late reader that sees this link must see, too, what its owner did before (slot.cc).
      node(number)[0].store(static_cast<std::uint32_t>(head), std::memory_order_release);
    } while (!free_.compare_exchange_weak(head, next_tag(head) | number, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
  }

  Word* node(std::uint32_t number) const noexcept {
    COAXD_ASSERT(contains(number));
    return memory_.as<Word>() + std::size_t{number - 1} * kWords;
  }
  bool contains(std::uint64_t number) const noexcept { return number >= 1 && number <= capacity_; }
  std::uint32_t capacity() const noexcept { return capacity_; }
  // Nodes that were ever given out: what the slab costs.
  std::size_t memory_bytes() const noexcept {
    return std::size_t{used_.load(std::memory_order_relaxed)} * kWords * sizeof(Word);
  }

 private:
  static std::uint64_t next_tag(std::uint64_t head) noexcept { return ((head >> 32) + 1) << 32; }

  MappedMemory memory_;
  std::uint32_t capacity_ = 0;
  alignas(64) Atomic<std::uint64_t> free_{0};  // tag, node number
  alignas(64) Atomic<std::uint32_t> used_{0};
};

}  // namespace coaxd::lease
