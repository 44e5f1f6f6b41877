// spsc_queue.h: a bounded queue between exactly one producer and one consumer thread. No lock, no allocation after
// construction; a full queue is an answer (false), which the caller counts.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "server/base/assert.h"
#include "server/base/atomic.h"

namespace coaxd {

template <typename T>
class SpscQueue {
 public:
  explicit SpscQueue(std::size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), items_(std::make_unique<T[]>(mask_ + 1)) {
    COAXD_ASSERT(capacity > 0);
  }

  // Producer only. Null when full; otherwise the place to fill, published by push().
  T* reserve() noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - cached_head_ > mask_) {
      cached_head_ = head_.load(std::memory_order_acquire);  // pairs with pop(): the place is empty again
      if (tail - cached_head_ > mask_) return nullptr;
    }
    return &items_[tail & mask_];
  }
  void push() noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);  // pairs with front()
  }
  bool try_push(T item) noexcept {
    T* place = reserve();
    if (place == nullptr) return false;
    *place = std::move(item);
    push();
    return true;
  }

  // Consumer only. Null when empty; otherwise the oldest item, given back by pop().
  T* front() noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == cached_tail_) {
      cached_tail_ = tail_.load(std::memory_order_acquire);  // pairs with push(): the item is complete
      if (head == cached_tail_) return nullptr;
    }
    return &items_[head & mask_];
  }
  void pop() noexcept {
    head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);  // pairs with reserve()
  }

  std::size_t capacity() const noexcept { return mask_ + 1; }
  // Either side, and stale by the time it is read.
  std::size_t size() const noexcept {
    return tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_relaxed);
  }

 private:
  const std::size_t mask_;
  const std::unique_ptr<T[]> items_;
  alignas(64) Atomic<std::size_t> tail_{0};
  std::size_t cached_head_ = 0;  // producer's
  alignas(64) Atomic<std::size_t> head_{0};
  std::size_t cached_tail_ = 0;  // consumer's
};

}  // namespace coaxd
