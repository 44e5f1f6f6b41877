// allocations.h: shows beside a time how often one packet allocated: 0 is what the packet path promises. The benches link
// coaxd_allocation_count, which counts what malloc itself is asked for, each thread for itself.
#pragma once

#include <benchmark/benchmark.h>

#include "server/base/testing/allocation_count.h"

namespace coaxd::bench {

// Make one before the timed loop; it adds the counter `allocs` (per iteration) to the figures when
// it goes.
class AllocationCount {
 public:
  explicit AllocationCount(benchmark::State& state) : state_(state), before_(allocation_count()) {}
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;
  ~AllocationCount() {
    const auto made = static_cast<double>(allocation_count() - before_);
    state_.counters["allocs"] = made / static_cast<double>(state_.iterations());
  }

 private:
  benchmark::State& state_;
  std::size_t before_;
};

}  // namespace coaxd::bench
