// counters.h: what SNMP has done. Written under the Resetter's lock; anybody may read (server/base/counter.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "server/base/counter.h"

namespace coaxd::snmp {

struct Counters {
  // Answers of agents, by how long they took; the last bucket is all above.
  static constexpr std::array<std::uint32_t, 12> kLatencyMs{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};

  Counter posted, joined, turned_away;     // requests: taken, one with another that was pending already, refused because of their number
  Counter sets, gets;                      // requests sent; resends are not counted
  Counter done, refused, unknown, proven;  // what came of them; proven: resets with their modem's DISCOVER seen
  Counter silent, not_sent, not_trusted;   // requests without an answer, by why
  Counter errors;                          // answers with an error-status
  Counter pending;                         // now
  std::array<Counter, kLatencyMs.size() + 1> latency;
  Counter latency_us;  // their sum

  void answered_after(std::int64_t ns) noexcept {
    const auto bucket = std::ranges::find_if(kLatencyMs, [ns](std::uint32_t ms) { return ns <= std::int64_t{ms} * 1'000'000; }) - kLatencyMs.begin();
    latency[static_cast<std::size_t>(bucket)].add();
    latency_us.add(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)) / 1000);
  }
};

}  // namespace coaxd::snmp
