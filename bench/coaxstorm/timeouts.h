// timeouts.h: when to send again, or give up. A wheel of ticks, one turn of it longer than the longest wait, and in each slot the
// list of those who expire in that tick: every operation is O(1), whatever the waits. Sized once. Single thread.
// Source: RFC 2131 §4.1 (each wait twice the one before it, up to an end, and each longer or shorter at random).
#pragma once

#include <cstdint>
#include <vector>

#include "bench/coaxstorm/address_book.h"

namespace coaxd::storm {

struct BackOff {
  std::int64_t first_ns = 0;
  std::int64_t jitter_ns = 0;   // each wait is longer or shorter by up to so much; less than the first
  std::uint32_t doublings = 7;  // from then on waits grow no more
  std::uint64_t seed = 1;
};

class Timeouts {
 public:
  static constexpr std::uint32_t kMaxDoublings = 7;

  Timeouts(std::uint32_t clients, BackOff back_off);

  // `attempt` counts from 0. The client is not armed. `now_ns` never runs backwards.
  void arm(std::uint32_t client, std::uint32_t attempt, std::int64_t now_ns) noexcept;
  void disarm(std::uint32_t client) noexcept;
  std::uint32_t attempt(std::uint32_t client) const noexcept { return links_[client].attempt; }
  // A client whose time is up, disarmed; kNobody if there is none. Never early, and late by less than a tick.
  std::uint32_t expired(std::int64_t now_ns) noexcept;
  // The earliest time at which expired() will find one; kNever if nobody is armed.
  static constexpr std::int64_t kNever = INT64_MAX;
  std::int64_t earliest() noexcept;
  std::int64_t tick_ns() const noexcept { return std::int64_t{1} << tick_shift_; }

 private:
  static constexpr std::int64_t kTicks = 512;  // at least, in the first wait

  struct Link {
    std::uint32_t previous = 0, next = 0;
    std::uint32_t attempt = 0;
  };
  std::uint32_t head(std::uint64_t tick) const noexcept { return clients_ + static_cast<std::uint32_t>(tick & mask_); }
  bool is_empty(std::uint64_t tick) const noexcept { return links_[head(tick)].next == head(tick); }
  std::int64_t wait_ns(std::uint32_t attempt) noexcept;
  std::uint64_t occupied_from(std::uint64_t tick) noexcept;

  std::uint32_t clients_;
  BackOff back_off_;
  unsigned tick_shift_;
  std::uint64_t mask_;
  std::uint64_t next_ = 0;    // nobody expires in a tick before it; those armed lie within one turn from it
  std::uint32_t armed_ = 0;
  std::vector<Link> links_;   // the clients', then the head of each slot's ring
  std::vector<std::uint64_t> occupied_;  // a bit a slot; one that is set may be out of date
};

}  // namespace coaxd::storm
