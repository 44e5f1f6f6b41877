// effects.h: execute() of dhcpd.conf, off the packet path: one thread runs the programs one after the other, so that the order per lease
// is dhcpd's, without a shell. What does not start or ends badly is said in dhcpd's words. A program that hangs is killed after its time.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "server/daemon/log_writer.h"
#include "server/worker/worker.h"

namespace coaxd::daemon {

class EffectRunner {
 public:
  EffectRunner(LogWriter& log, std::chrono::seconds limit) : log_(log), limit_(limit) {}
  ~EffectRunner() { stop(); }
  void start(std::vector<worker::Outlets*> outlets);
  void stop();  // what is queued still runs, bounded by the limit each

 private:
  bool drain();
  void run(const worker::ExecuteEffect& effect);

  LogWriter& log_;
  const std::chrono::seconds limit_;
  std::vector<worker::Outlets*> outlets_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace coaxd::daemon
