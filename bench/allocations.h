// allocations.h: shows beside a time how often one packet allocated: 0 is what the packet path
// promises. bench_main.cc replaces the global operator new to count. Exact while one thread
// allocates.
#pragma once

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstddef>

namespace coaxd::bench {

extern std::atomic<std::size_t> allocations;

// Make one before the timed loop; it adds the counter `allocs` (per iteration) to the figures when
// it goes.
class AllocationCount {
 public:
  explicit AllocationCount(benchmark::State& state) : state_(state), before_(allocations.load()) {}
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;
  ~AllocationCount() {
    const auto made = static_cast<double>(allocations.load() - before_);
    state_.counters["allocs"] = made / static_cast<double>(state_.iterations());
  }

 private:
  benchmark::State& state_;
  std::size_t before_;
};

}  // namespace coaxd::bench
