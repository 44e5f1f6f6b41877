#include "server/daemon/alarms.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace coaxd::daemon {

namespace {

constexpr int kError = 3, kWarning = 4;

}  // namespace

std::string store_ailment(int error) {
  return fmt::format("cannot be written: {}", error == ETIMEDOUT ? "its disk does not answer" : std::strerror(error));
}

std::vector<Alarms::Line> Alarms::look(const State& now) {
  std::vector<Line> said;
  if (now.journal_error != before_.journal_error) {
    if (now.journal_error != 0) {
      said.push_back({kError, fmt::format("The lease store {} {}. No lease is given or renewed until it can; free space or mend the disk, service "
                                          "resumes by itself.",
                                          store_, store_ailment(now.journal_error))});
    } else {
      said.push_back({kWarning, "The lease store can be written again: service resumed."});
    }
  }
  if (now.sqlite_error == 0) {
    if (std::exchange(fold_failures_, 0) >= kFoldPatience) said.push_back({kWarning, fmt::format("SQLite can write {} again.", store_)});
  } else if (++fold_failures_ == kFoldPatience) {
    said.push_back({kError, fmt::format("SQLite cannot write {}: {}. What was acknowledged is safe in the journals beside it, which grow until it can.",
                                        store_, std::strerror(now.sqlite_error))});
  }
  if (now.clock_frozen != before_.clock_frozen) {
    if (now.clock_frozen) {
      said.push_back({kError, fmt::format("The wall clock stepped by {} s: leases go on by monotonic time and expiry is frozen. Set the clock right; or, "
                                          "if it is right, restart, with --accept-clock-step if it has gone back.",
                                          now.clock_step)});
    } else {
      said.push_back({kWarning, "The wall clock is back: expiry goes on."});
    }
  }
  before_ = now;
  return said;
}

}  // namespace coaxd::daemon
