#include "bench/coaxstorm/timeouts.h"

#include <algorithm>
#include <bit>

#include "bench/coaxstorm/random.h"
#include "server/base/assert.h"

namespace coaxd::storm {
namespace {

unsigned shift_for(std::int64_t tick_ns) noexcept {
  return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(tick_ns, 1)))) - 1;
}

}  // namespace

Timeouts::Timeouts(std::uint32_t clients, BackOff back_off)
    : clients_(clients), back_off_(back_off), tick_shift_(shift_for(back_off.first_ns / kTicks)) {
  COAXD_ASSERT(back_off.first_ns > back_off.jitter_ns && back_off.doublings <= kMaxDoublings);
  const auto longest = static_cast<std::uint64_t>((back_off.first_ns << back_off.doublings) + back_off.jitter_ns) >> tick_shift_;
  // Twice that: nobody is mistaken for one who expires a turn later, though expired() was not asked for as long again.
  mask_ = std::bit_ceil(std::max<std::uint64_t>(2 * (longest + 2), 64)) - 1;
  links_.resize(std::size_t{clients} + mask_ + 1);
  occupied_.resize((mask_ + 1) / 64);
  for (std::uint64_t slot = 0; slot <= mask_; ++slot) links_[head(slot)].previous = links_[head(slot)].next = head(slot);
}

std::int64_t Timeouts::wait_ns(std::uint32_t attempt) noexcept {
  const std::int64_t wait = back_off_.first_ns << std::min(attempt, back_off_.doublings);
  if (back_off_.jitter_ns == 0) return wait;
  const auto span = static_cast<std::uint64_t>(2 * back_off_.jitter_ns + 1);
  return wait - back_off_.jitter_ns + static_cast<std::int64_t>(next_random(back_off_.seed) % span);
}

void Timeouts::arm(std::uint32_t client, std::uint32_t attempt, std::int64_t now_ns) noexcept {
  auto tick = static_cast<std::uint64_t>(now_ns + wait_ns(attempt) + tick_ns() - 1) >> tick_shift_;
  if (armed_++ == 0 || tick < next_) next_ = tick;
  tick = std::min(tick, next_ + mask_);
  occupied_[(tick & mask_) / 64] |= std::uint64_t{1} << (tick % 64);
  Link& ring = links_[head(tick)];
  links_[client] = {.previous = ring.previous, .next = head(tick), .attempt = attempt};
  links_[ring.previous].next = client;
  ring.previous = client;
}

void Timeouts::disarm(std::uint32_t client) noexcept {
  const Link& link = links_[client];
  links_[link.previous].next = link.next;
  links_[link.next].previous = link.previous;
  --armed_;
}

// Somebody is armed, and nobody in a tick before this one.
std::uint64_t Timeouts::occupied_from(std::uint64_t tick) noexcept {
  while (true) {
    std::uint64_t& word = occupied_[(tick & mask_) / 64];
    const std::uint64_t rest = word >> (tick % 64);
    if (rest == 0) {
      tick += 64 - tick % 64;
      continue;
    }
    tick += static_cast<unsigned>(std::countr_zero(rest));
    if (!is_empty(tick)) return tick;
    word &= ~(std::uint64_t{1} << (tick % 64));
  }
}

std::uint32_t Timeouts::expired(std::int64_t now_ns) noexcept {
  if (armed_ == 0 || earliest() > now_ns) return kNobody;
  const std::uint32_t first = links_[head(next_)].next;
  disarm(first);
  return first;
}

std::int64_t Timeouts::earliest() noexcept {
  if (armed_ == 0) return kNever;
  if (is_empty(next_)) next_ = occupied_from(next_);
  return static_cast<std::int64_t>(next_ << tick_shift_);
}

}  // namespace coaxd::storm
