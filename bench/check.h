// check.h: what a bench makes sure of before it times anything: a figure of something that does not work is worth nothing. Any thread.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace coaxd::bench {

// Ends the program with `what` unless it holds.
inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
  std::abort();
}

}  // namespace coaxd::bench
