// plan.h: who is next, and when. Turn chooses the client, Pace the moment: as soon as one of `window` places is free (closed
// loop), or at a fixed rate whatever the server does (open loop). In an open loop an exchange counts from when it was due, so
// that a server which stalls is charged for all who had to wait (coordinated omission). Pure steps, single thread.
#pragma once

#include <cstdint>

#include "bench/coaxstorm/population.h"

namespace coaxd::storm {

enum class Order : std::uint8_t {
  once,     // each client one time, in order
  round,    // in order, then again from the first
  random,   // drawn from those who hold a lease
};

class Turn {
 public:
  Turn(Order order, bool wants_lease, std::uint64_t seed) noexcept
      : order_(order), wants_lease_(wants_lease), random_(seed) {}

  // A client that can begin; kNobody if there is none just now.
  std::uint32_t next(const Population& population) noexcept;
  // Nobody will ever be next.
  bool over(const Population& population) const noexcept {
    return order_ == Order::once && position_ >= population.size();
  }

 private:
  static constexpr int kLooks = 64;  // at so many clients before saying "none just now"

  bool can_begin(const Population& population, std::uint32_t client) const noexcept;

  Order order_;
  bool wants_lease_;
  std::uint64_t random_;
  std::uint64_t position_ = 0;
};

class Pace {
 public:
  // `rate` exchanges a second, or 0: closed loop.
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
