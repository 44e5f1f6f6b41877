// change_feed.h: what a worker tells those who follow the leases (active leasequery, RFC 7724): which slot has a new committed binding. The reader looks at the slot
// itself, so nothing but its number travels, and several changes of one address may be told as one.
//
// One producer (the worker), one consumer. The worker never waits: while nobody follows it costs him one load, and when the queue is full the reader is told that
// something is missing.
#pragma once

#include <atomic>
#include <cstddef>

#include "server/base/spsc_queue.h"
#include "server/lease/lease_table.h"

namespace coaxd::lease {

class ChangeFeed {
 public:
  // More than a worker commits between two looks of the reader, 20 ms apart, several times over.
  static constexpr std::size_t kCapacity = 16384;

  explicit ChangeFeed(std::size_t capacity = kCapacity) : slots_(capacity) {}

  // Producer, after the commit.
  void changed(SlotId slot) noexcept {
    if (!followed_.load(std::memory_order_relaxed)) return;
    if (!slots_.try_push(slot)) overflowed_.store(true, std::memory_order_release);  // pairs with take_overflow()
  }

  // Consumer. A change that is committed while follow(true) is under way may be missed: whoever begins to follow then reads the leases anew, or asks for what
  // changed since a time before it.
  void follow(bool on) noexcept { followed_.store(on, std::memory_order_relaxed); }
  // Nothing: no more for now.
  bool take(SlotId& slot) noexcept {
    const SlotId* front = slots_.front();
    if (front == nullptr) return false;
    slot = *front;
    slots_.pop();
    return true;
  }
  // Whether changes were left out since the last time.
  bool take_overflow() noexcept { return overflowed_.exchange(false, std::memory_order_acquire); }

 private:
  SpscQueue<SlotId> slots_;
  std::atomic<bool> followed_{false}, overflowed_{false};
};

}  // namespace coaxd::lease
