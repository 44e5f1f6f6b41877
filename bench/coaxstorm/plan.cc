#include "bench/coaxstorm/plan.h"

#include <algorithm>

#include "bench/coaxstorm/random.h"

namespace coaxd::storm {

namespace {

bool can_begin(const Population& population, std::uint32_t client, ExchangeKind kind) noexcept {
  const ClientState state = population.client(client).state;
  return state == ClientState::bound || (state == ClientState::init && !wants_lease(kind));
}

}  // namespace

std::size_t Mix::kinds() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(weights_, [](std::uint32_t one) { return one > 0; }));
}

ExchangeKind Mix::draw(std::uint64_t& random) const noexcept {
  std::uint64_t total = 0;
  for (const std::uint32_t one : weights_) total += one;
  std::uint64_t left = next_random(random) % total;
  std::size_t kind = 0;
  for (; left >= weights_[kind]; ++kind) left -= weights_[kind];
  return static_cast<ExchangeKind>(kind);
}

std::uint32_t Turn::draw_client(const Population& population) noexcept {
  const auto draw = [&] { return static_cast<std::uint32_t>(next_random(clients_random_) % population.size()); };
  if (drawn_ == 0) {
    for (std::uint32_t& client : ahead_) client = draw();
  }
  std::uint32_t& place = ahead_[drawn_++ % kAhead];
  const std::uint32_t client = place;
  place = draw();
  population.prefetch(place);
  return client;
}

Turn::Start Turn::next(const Population& population) noexcept {
  ExchangeKind kind{};
  for (int look = 0; look < kLooks; ++look) {
    if (over(population)) return {};
    if (look % kLooksOfAKind == 0) kind = mix_.draw(kinds_random_);
    // Whoever has no lease has no part in a `once` that wants one: he is passed over, like the busy ones of a `round`.
    const std::uint32_t client = order_ == Order::random ? draw_client(population)
                                                         : static_cast<std::uint32_t>(position_++ % population.size());
    if (can_begin(population, client, kind)) return {client, kind};
  }
  return {};
}

}  // namespace coaxd::storm
