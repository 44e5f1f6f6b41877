// effects.h: execute() of dhcpd.conf, off the packet path: one thread runs the programs one after the other, so that the order per lease
// is dhcpd's, without a shell. What does not start or ends badly is said in dhcpd's words. Each program has a process group of its own: one
// that does not end in its time is stopped together with whatever it started (SIGTERM, then SIGKILL).
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/daemon/log_writer.h"
#include "server/worker/worker.h"

namespace coaxd::daemon {

class EffectRunner {
 public:
  struct Options {
    std::chrono::nanoseconds limit = std::chrono::seconds(60);     // for one program
    std::chrono::nanoseconds patience = std::chrono::seconds(10);  // for all that is left at stop()
    std::chrono::nanoseconds grace = std::chrono::seconds(1);      // between SIGTERM and SIGKILL
  };
  EffectRunner(LogWriter& log, Options options) : log_(log), options_(options) {}
  ~EffectRunner() { stop(); }

  // Control thread, before start(): runs one program to its end in the caller's thread.
  void run_now(const std::vector<std::string>& argv);
  // Control thread: queues one for the thread.
  void run_later(std::vector<std::string> argv);
  void start(std::vector<worker::Outlets*> outlets);
  // What is queued still runs while `patience` lasts, however many programs that are; then the one that runs is stopped, and the others are
  // counted in the log.
  void stop();

 private:
  bool drain();
  void run_if_time(std::vector<char*> argv);
  void run(std::vector<char*> argv);
  void wait_for(pid_t child, const char* name);

  LogWriter& log_;
  const Options options_;
  std::vector<worker::Outlets*> outlets_;
  std::mutex mutex_;
  std::deque<std::vector<std::string>> later_;  // under mutex_
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> give_up_at_ns_{std::numeric_limits<std::int64_t>::max()};
  std::uint64_t not_run_ = 0;  // the thread's
  std::thread thread_;
};

}  // namespace coaxd::daemon
