// plan.h: who is next, with what, and when. Mix says in what shares the kinds of exchange come, Turn chooses client and kind, Pace the
// moment: as soon as one of `window` places is free (closed loop), or at a fixed rate whatever the server does (open loop). In an open loop an exchange counts from when it was due, so
// that a server which stalls is charged for all who had to wait (coordinated omission). Pure steps, single thread.
#pragma once

#include <array>
#include <cstdint>

#include "bench/coaxstorm/population.h"

namespace coaxd::storm {

enum class Order : std::uint8_t {
  once,     // each client one time, in order
  round,    // in order, then again from the first
  random,   // drawn from those who hold a lease
};

class Mix {
 public:
  using Weights = std::array<std::uint32_t, kExchangeKinds>;

  Mix(ExchangeKind only) noexcept { weights_[static_cast<std::size_t>(only)] = 1; }  // NOLINT: a kind is a mix of one
  explicit Mix(const Weights& weights) noexcept : weights_(weights) {}                // not all of them 0

  std::uint32_t weight(ExchangeKind kind) const noexcept { return weights_[static_cast<std::size_t>(kind)]; }
  std::size_t kinds() const noexcept;  // that it has a share for
  // Nobody without a lease can begin any of it.
  bool wants_leases() const noexcept { return weight(ExchangeKind::dora) + weight(ExchangeKind::dora_release) + weight(ExchangeKind::fetch) == 0; }
  ExchangeKind draw(std::uint64_t& random) const noexcept;

 private:
  Weights weights_{};
};

class Turn {
 public:
  struct Start {
    std::uint32_t client = kNobody;
    ExchangeKind kind = ExchangeKind::dora;
  };

  Turn(Order order, const Mix& mix, std::uint64_t seed) noexcept
      : order_(order), mix_(mix), kinds_random_(seed), clients_random_(~seed) {}

  // A client that can begin; kNobody if there is none just now.
  Start next(const Population& population) noexcept;
  // Nobody will ever be next.
  bool over(const Population& population) const noexcept {
    return (order_ == Order::once && position_ >= population.size()) ||
           (mix_.wants_leases() && population.leases() == 0);
  }

 private:
  static constexpr int kLooks = 64;         // at so many clients before saying "none just now"
  static constexpr int kLooksOfAKind = 16;  // before another kind is drawn, for which there may be somebody
  static constexpr std::size_t kAhead = 8;  // clients are drawn so long before it is their turn: their records come from memory

  std::uint32_t draw_client(const Population& population) noexcept;

  Order order_;
  Mix mix_;
  std::uint64_t kinds_random_, clients_random_;
  std::uint64_t position_ = 0;
  std::array<std::uint32_t, kAhead> ahead_{};
  std::uint64_t drawn_ = 0;
};

class Pace {
 public:
  // `rate` exchanges a second; infinity: all are due at once; 0: closed loop.
  Pace(double rate, std::uint32_t window, std::int64_t start_ns) noexcept
      : rate_(rate), window_(window), start_ns_(start_ns) {}

  bool is_due(std::uint32_t outstanding, std::int64_t now_ns) const noexcept {
    return rate_ > 0 ? due_at() <= now_ns : outstanding < window_;
  }
  // When the next exchange is due: the moment its latency is counted from.
  std::int64_t due_at(std::int64_t now_ns) const noexcept { return rate_ > 0 ? due_at() : now_ns; }
  void begun() noexcept { ++begun_; }
  std::uint64_t begun_count() const noexcept { return begun_; }
  // How long nothing is due if nothing arrives; INT64_MAX in a closed loop.
  std::int64_t idle_until() const noexcept { return rate_ > 0 ? due_at() : INT64_MAX; }

 private:
  std::int64_t due_at() const noexcept {
    return start_ns_ + static_cast<std::int64_t>(static_cast<double>(begun_) * 1e9 / rate_);
  }

  double rate_;
  std::uint32_t window_;
  std::int64_t start_ns_;
  std::uint64_t begun_ = 0;
};

}  // namespace coaxd::storm
