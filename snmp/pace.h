// pace.h: how fast a CMTS is asked, and how patiently: two plans with the time as a value. Each belongs to one thread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace coaxd::snmp {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;

// So many a second, of which one second's worth may go at once (GCRA): a quarantine of one subscriber is not spread over seconds, a town's is.
class Pace {
 public:
  explicit Pace(unsigned per_second) noexcept : interval_(kSecondNs / per_second), burst_(kSecondNs - interval_) {}

  // From when on the next one may go: `now` or earlier, it may.
  std::int64_t next_ns() const noexcept { return due_ - burst_; }
  void take(std::int64_t now_ns) noexcept { due_ = std::max(due_, now_ns) + interval_; }

 private:
  std::int64_t interval_, burst_, due_ = 0;
};

// After each failure in a row twice as long, up to a minute: a CMTS that reloads is back after some, and is not asked much meanwhile.
constexpr std::int64_t back_off_ns(unsigned failures) noexcept { return failures == 0 ? 0 : std::min(kSecondNs << std::min(failures - 1, 6u), 60 * kSecondNs); }

}  // namespace coaxd::snmp
