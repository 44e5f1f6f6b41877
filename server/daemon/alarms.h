// alarms.h: what the log says, once each, when something that the service needs begins to fail and when it works again: the journals, the
// SQLite file, the wall clock. Looked at once a tick. Pure; control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coaxd::daemon {

// Why no lease is given or renewed, for an errno of Worker::store_error(): the end of a sentence.
std::string store_ailment(int error);

class Alarms {
 public:
  // Ticks for which SQLite may fail unheard: somebody with sqlite3 may hold its lock for a moment.
  static constexpr int kFoldPatience = 5;

  struct State {
    int journal_error = 0;  // errno, 0 while every worker's journal can be written
    int sqlite_error = 0;
    bool clock_frozen = false;
    std::int64_t clock_step = 0;  // seconds
  };
  struct Line {
    int priority = 0;  // syslog's
    std::string text;
    bool operator==(const Line&) const = default;
  };

  explicit Alarms(std::string store) : store_(std::move(store)) {}

  std::vector<Line> look(const State& now);
  // As it was when last looked at.
  int store_error() const noexcept { return before_.journal_error; }
  bool clock_frozen() const noexcept { return before_.clock_frozen; }

 private:
  const std::string store_;  // its path
  State before_;
  int fold_failures_ = 0;  // ticks in a row
};

}  // namespace coaxd::daemon
