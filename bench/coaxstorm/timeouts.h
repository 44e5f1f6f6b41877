// timeouts.h: when to send again, or give up. Every attempt waits twice as long as the one before it (RFC 2131 §4.1), so
// all clients in the same attempt expire in the order in which they were armed: a list an attempt, and every operation
// is O(1). Links are arrays, sized once. Single thread.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/coaxstorm/address_book.h"

namespace coaxd::storm {

class Timeouts {
 public:
  static constexpr std::uint32_t kMaxAttempts = 8;

  Timeouts(std::uint32_t clients, std::int64_t first_ns);

  // `attempt` counts from 0 and is less than kMaxAttempts. The client is not armed.
  void arm(std::uint32_t client, std::uint32_t attempt, std::int64_t now_ns) noexcept;
  void disarm(std::uint32_t client) noexcept;
  std::uint32_t attempt(std::uint32_t client) const noexcept { return links_[client].attempt; }
  // A client whose time is up, disarmed; kNobody if there is none.
  std::uint32_t expired(std::int64_t now_ns) noexcept;
  // The earliest time at which expired() may find one; kNever if nobody is armed.
  static constexpr std::int64_t kNever = INT64_MAX;
  std::int64_t earliest() const noexcept;

 private:
  struct Link {
    std::int64_t deadline_ns = 0;
    std::uint32_t previous = 0, next = 0;
    std::uint32_t attempt = 0;
  };
  std::uint32_t head(std::uint32_t attempt) const noexcept { return clients_ + attempt; }

  std::uint32_t clients_;
  std::int64_t first_ns_;
  std::vector<Link> links_;  // the clients', then the head of each attempt's ring
};

}  // namespace coaxd::storm
