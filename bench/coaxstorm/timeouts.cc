#include "bench/coaxstorm/timeouts.h"

#include <algorithm>

#include "server/base/assert.h"

namespace coaxd::storm {

Timeouts::Timeouts(std::uint32_t clients, std::int64_t first_ns)
    : clients_(clients), first_ns_(first_ns), links_(std::size_t{clients} + kMaxAttempts) {
  for (std::uint32_t attempt = 0; attempt < kMaxAttempts; ++attempt) {
    links_[head(attempt)].previous = links_[head(attempt)].next = head(attempt);
  }
}

void Timeouts::arm(std::uint32_t client, std::uint32_t attempt, std::int64_t now_ns) noexcept {
  COAXD_ASSERT(attempt < kMaxAttempts);
  Link& ring = links_[head(attempt)];
  Link& link = links_[client];
  link = {.deadline_ns = now_ns + (first_ns_ << attempt),
          .previous = ring.previous,
          .next = head(attempt),
          .attempt = attempt};
  links_[ring.previous].next = client;
  ring.previous = client;
}

void Timeouts::disarm(std::uint32_t client) noexcept {
  const Link& link = links_[client];
  links_[link.previous].next = link.next;
  links_[link.next].previous = link.previous;
}

std::uint32_t Timeouts::expired(std::int64_t now_ns) noexcept {
  for (std::uint32_t attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::uint32_t first = links_[head(attempt)].next;
    if (first == head(attempt) || links_[first].deadline_ns > now_ns) continue;
    disarm(first);
    return first;
  }
  return kNobody;
}

std::int64_t Timeouts::earliest() const noexcept {
  std::int64_t result = kNever;
  for (std::uint32_t attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::uint32_t first = links_[head(attempt)].next;
    if (first != head(attempt)) result = std::min(result, links_[first].deadline_ns);
  }
  return result;
}

}  // namespace coaxd::storm
