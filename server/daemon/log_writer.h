// log_writer.h: where log lines go: syslog under argv[0]'s name, as dhcpd's do, and stderr with -d. Packet lines come as LogEvents from the
// workers' queues and are formatted on this class's own thread; everything else (start, reload, alarms) comes through message().
// The rate limit drops packet lines, counts them, and never drops a DHCPACK. message() may be called from any thread but a worker's.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/daemon/log_format.h"
#include "server/worker/worker.h"

namespace coaxd::daemon {

class LogWriter {
 public:
  struct Options {
    std::string program = "coaxd";
    bool to_stderr = false;
    std::uint32_t lines_per_second = 0;  // 0: no limit
  };
  explicit LogWriter(Options options);
  ~LogWriter();

  // log-facility of the configuration, read after the first lines went to `daemon` (dhcpd-compat 15.4).
  void set_facility(std::string_view name);
  void set_stderr(bool on) noexcept { to_stderr_.store(on, std::memory_order_relaxed); }
  void message(int priority, std::string_view text);
  void info(std::string_view text) { message(6, text); }
  void warning(std::string_view text) { message(4, text); }
  void error(std::string_view text) { message(3, text); }

  void start(std::vector<worker::Outlets*> outlets, InterfaceName name, const void* context);
  void stop();  // writes what is queued, then ends the thread

  std::uint64_t lines() const noexcept { return lines_.load(std::memory_order_relaxed); }
  std::uint64_t suppressed() const noexcept { return suppressed_.load(std::memory_order_relaxed); }

 private:
  void run();
  bool drain();
  worker::Outlets* oldest() const;
  bool within_rate(const engine::LogEvent& event);
  void write(int priority, std::string_view text);

  const Options options_;
  int facility_;
  std::mutex write_mutex_;
  std::vector<worker::Outlets*> outlets_;
  InterfaceName name_ = nullptr;
  const void* context_ = nullptr;
  LogLine line_;
  std::int64_t second_ = 0;
  std::uint32_t this_second_ = 0;
  std::uint64_t reported_ = 0;
  std::atomic<std::uint64_t> lines_{0}, suppressed_{0};
  std::atomic<bool> to_stderr_, stop_{false};
  std::thread thread_;
};

}  // namespace coaxd::daemon
