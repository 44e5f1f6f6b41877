// clock.h: the one place that reads the clocks. Shared by all workers and the control thread: WallClock is advanced under a spin-free
// scheme in which each worker has its own, seeded with the same origin, so no two ever differ by more than a reading.
#pragma once

#include <ctime>

#include "server/base/time.h"

namespace coaxd::io {

inline std::int64_t read_monotonic_ns() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

inline std::int64_t read_wall_ns() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_REALTIME, &ts);
  return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}
inline WallSeconds read_wall() noexcept { return read_wall_ns() / 1'000'000'000; }

// A worker's own disciplined clock.
class Clock {
 public:
  Clock() : clock_(read_monotonic_ns(), read_wall()) {}
  Instant now() noexcept { return clock_.advance(read_monotonic_ns(), read_wall()); }
  bool frozen() const noexcept { return clock_.frozen(); }
  WallSeconds step() const noexcept { return clock_.step(); }
  void accept_step() noexcept { clock_.accept_step(read_monotonic_ns(), read_wall()); }

 private:
  WallClock clock_;
};

}  // namespace coaxd::io
