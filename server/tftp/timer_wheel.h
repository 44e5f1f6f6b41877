// timer_wheel.h: one timer for each of a fixed number of items, O(1) whatever their number. One thread; nothing allocates after construction.
//
// A wheel of 1024 buckets of 8 ms. An item that is armed again for later stays where it is, for that happens with each packet, and is moved when its bucket
// comes round; so arming is mostly one store. What is further ahead than a turn (9 s) is looked at once a turn.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace coaxd::tftp {

class TimerWheel {
 public:
  static constexpr int kTickShift = 23;  // 8.4 ms: a resolution that a second's timeout does not notice
  static constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::max();

  TimerWheel(std::size_t items, std::int64_t now_ns) : timers_(items), now_tick_(now_ns >> kTickShift) { heads_.fill(kNone); }

  // Never early, at most one tick late.
  void arm(std::uint32_t item, std::int64_t deadline_ns) noexcept {
    Timer& timer = timers_[item];
    timer.due = std::max((deadline_ns >> kTickShift) + 1, now_tick_ + 1);
    if (timer.bucket == kNone) {
      link(item, timer.due);
    } else if (timer.bucket == kDue || timer.due < timer.looked_at) {
      unlink(item);
      link(item, timer.due);
    }
  }
  void disarm(std::uint32_t item) noexcept {
    if (timers_[item].bucket != kNone) unlink(item);
  }

  // Calls `fire(item)` for each that is due, disarmed before the call; it may arm and disarm any.
  template <typename Fire>
  void expire(std::int64_t now_ns, Fire&& fire) {
    const std::int64_t until = now_ns >> kTickShift;
    if (until <= now_tick_) return;
    const std::int64_t from = std::max(now_tick_ + 1, until - static_cast<std::int64_t>(kBuckets) + 1);  // once round is everything
    now_tick_ = until;
    for (std::int64_t tick = from; tick <= until; ++tick) sort_out(bucket_of(tick));
    while (heads_[kDue] != kNone) {
      const std::uint32_t item = heads_[kDue];
      unlink(item);
      fire(item);
    }
  }

  // When expire() has something to look at, kNoTime if never; nothing may be due yet even then.
  std::int64_t next_ns() const noexcept {
    for (std::size_t step = 0; step <= kWords; ++step) {
      const std::int64_t first = now_tick_ + 1;
      const std::size_t word = (bucket_of(first) / 64 + step) % kWords;
      std::uint64_t bits = occupied_[word];
      if (step == 0) bits &= ~std::uint64_t{0} << (bucket_of(first) % 64);
      if (bits == 0) continue;
      const std::size_t bucket = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      return (first + static_cast<std::int64_t>((bucket - bucket_of(first)) % kBuckets)) << kTickShift;
    }
    return kNoTime;
  }

 private:
  static constexpr std::size_t kBuckets = 1024, kWords = kBuckets / 64;
  static constexpr std::uint32_t kDue = kBuckets;  // one more list: what expire() is about to fire
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Timer {
    std::int64_t due = 0;        // tick
    std::int64_t looked_at = 0;  // the tick at which its bucket comes round
    std::uint32_t next = kNone, previous = kNone;
    std::uint32_t bucket = kNone;
  };

  static std::uint32_t bucket_of(std::int64_t tick) noexcept { return static_cast<std::uint32_t>(tick) % kBuckets; }

  void link(std::uint32_t item, std::int64_t due) noexcept {
    // Beyond a turn the bucket is met earlier, and the item put off again.
    timers_[item].looked_at = now_tick_ + 1 + (due - now_tick_ - 1) % static_cast<std::int64_t>(kBuckets);
    put(item, bucket_of(due));
  }
  void put(std::uint32_t item, std::uint32_t bucket) noexcept {
    Timer& timer = timers_[item];
    timer.bucket = bucket;
    timer.previous = kNone;
    timer.next = heads_[bucket];
    if (timer.next != kNone) timers_[timer.next].previous = item;
    heads_[bucket] = item;
    if (bucket != kDue) occupied_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
  }
  void unlink(std::uint32_t item) noexcept {
    Timer& timer = timers_[item];
    (timer.previous != kNone ? timers_[timer.previous].next : heads_[timer.bucket]) = timer.next;
    if (timer.next != kNone) timers_[timer.next].previous = timer.previous;
    if (timer.bucket != kDue && heads_[timer.bucket] == kNone) occupied_[timer.bucket / 64] &= ~(std::uint64_t{1} << (timer.bucket % 64));
    timer.bucket = kNone;
  }
  // Its items are due, or go where they are met in time.
  void sort_out(std::uint32_t bucket) noexcept {
    std::uint32_t item = heads_[bucket];
    while (item != kNone) {
      const std::uint32_t next = timers_[item].next;
      unlink(item);
      if (timers_[item].due <= now_tick_) {
        put(item, kDue);
      } else {
        link(item, timers_[item].due);
      }
      item = next;
    }
  }

  std::vector<Timer> timers_;
  std::array<std::uint32_t, kBuckets + 1> heads_;
  std::array<std::uint64_t, kWords> occupied_{};
  std::int64_t now_tick_;
};

}  // namespace coaxd::tftp
