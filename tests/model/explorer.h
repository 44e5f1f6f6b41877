// explorer.h: runs a few threads over stepped atomics (stepped_atomic.h) in many orders, and fails the first in which a check does not
// hold. Threads are fibers of one: an execution is nothing but the list of its decisions, so every failure can be replayed.
//
// There are decisions of two kinds. Which thread goes on when one has ended is free: all are tried. A *departure* is a switch where
// the running thread could have gone on, or a load that gets an older value though a newer one is there; executions have at most
// so many of them. Bugs of lock-free code need few: a lost update one, an ABA one.
//
// The memory is that of C++ without fences: each store keeps what its thread had seen (if it is a release), each thread what it must
// see; a load may get any store that is not older than that. Modification order is the order of execution, which leaves out some
// behaviours of relaxed stores (2+2W); consume and spurious CAS failures are left out as well. Non-atomic data is not watched:
// ThreadSanitizer does that in the stress tests.
// One thread only; not reentrant.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace coaxd::model {

// One world, made new for every execution, while stepped atomics are plain.
struct World {
  std::vector<std::function<void()>> threads;
  std::function<void()> at_rest;  // after the last thread has ended
};

struct Bounds {
  unsigned departures = 3;
  // Up to here executions are exhaustive, one departure more at a time; when the next round is too large, the rest is drawn.
  std::uint64_t executions = 20'000;
  std::uint64_t seed = 1;
};

struct Outcome {
  std::uint64_t executions = 0;
  unsigned exhaustive = 0;  // all executions with so many departures were run
  std::string failure;      // empty: none
};

// Both bounds can be raised by the environment: COAXD_MODEL_DEPARTURES, COAXD_MODEL_EXECUTIONS. A failing execution is run once more and its
// steps are printed to stderr when COAXD_MODEL_TRACE is set.
Outcome explore(const std::function<World()>& make, Bounds bounds = {});

// Inside a thread or at_rest: ends the exploration.
void check(bool holds, const char* what);

}  // namespace coaxd::model
