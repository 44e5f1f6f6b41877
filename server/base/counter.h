// counter.h: a number that one thread counts up (relaxed, no contention) and anybody may read, some nanoseconds late.
#pragma once

#include <atomic>
#include <cstdint>

namespace coaxd {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { set(get() + n); }  // one writer: no lock prefix
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace coaxd
