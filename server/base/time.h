// time.h: time as a value. Nothing below io/ reads a clock: it is told `now`, once per batch, and so can be replayed.
//
// Leases are kept in wall seconds (they outlive the process), but expiry must not jump when somebody
// sets the clock. So an Instant carries both: `mono` for timers, `wall` for leases, where `wall` is the *disciplined* time of
// WallClock: it advances with the monotonic clock, follows small corrections, and freezes at a step of more than 60 s.
#pragma once

#include <chrono>
#include <cstdint>

namespace coaxd {

using Millis = std::chrono::milliseconds;

// Seconds since 1970, UTC. 0 is "never happened", kNever is "never ends" (dhcpd's `ends never`).
using WallSeconds = std::int64_t;
inline constexpr WallSeconds kNever = 0xffffffff;

struct Instant {
  std::int64_t mono_ns = 0;
  WallSeconds wall = 0;

  constexpr std::int64_t mono_ms() const noexcept { return mono_ns / 1'000'000; }
};

// Turns readings of the two clocks into Instants. One per process, owned by the thread that reads the clocks; `advance`
// is a pure step and is what the tests drive.
class WallClock {
 public:
  static constexpr WallSeconds kStepLimit = 60;

  WallClock(std::int64_t mono_ns, WallSeconds wall) noexcept : base_mono_ns_(mono_ns), base_wall_(wall), last_(wall) {}

  // Small differences (NTP slewing, a leap second) are followed, never backwards; a step of more than kStepLimit is not
  // followed: leases go on by monotonic time and `frozen()` tells the operator. accept_step() takes the new time over.
  Instant advance(std::int64_t mono_ns, WallSeconds wall_reading) noexcept;
  bool frozen() const noexcept { return frozen_; }
  WallSeconds step() const noexcept { return step_; }
  void accept_step(std::int64_t mono_ns, WallSeconds wall_reading) noexcept;

 private:
  std::int64_t base_mono_ns_;
  WallSeconds base_wall_;
  WallSeconds last_;
  WallSeconds step_ = 0;
  bool frozen_ = false;
};

}  // namespace coaxd
