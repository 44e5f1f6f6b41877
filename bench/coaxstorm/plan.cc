#include "bench/coaxstorm/plan.h"

#include "bench/coaxstorm/random.h"

namespace coaxd::storm {

bool Turn::can_begin(const Population& population, std::uint32_t client) const noexcept {
  const ClientState state = population.client(client).state;
  return wants_lease_ ? state == ClientState::bound
                      : state == ClientState::init || state == ClientState::bound;
}

std::uint32_t Turn::next(const Population& population) noexcept {
  const std::uint32_t size = population.size();
  for (int look = 0; look < kLooks; ++look) {
    if (over(population)) return kNobody;
    const std::uint64_t drawn = order_ == Order::random ? next_random(random_) : position_;
    const auto client = static_cast<std::uint32_t>(drawn % size);
    const bool free = can_begin(population, client);
    // Whoever has no lease has no part in a `once` that wants one: he is passed over, like the busy ones of a `round`.
    if (order_ != Order::random) ++position_;
    if (free) return client;
  }
  return kNobody;
}

}  // namespace coaxd::storm
