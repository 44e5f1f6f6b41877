// log_writer.h: where log lines go: syslog under argv[0]'s name, as dhcpd's do, and stderr with -d. Packet lines come as LogEvents from the
// workers' queues and are formatted on this class's own thread; everything else (start, reload, alarms) comes through message().
// The rate limit drops packet lines, counts them, and never drops a DHCPACK. message() may be called from any thread but a worker's.
//
// Nothing here waits for syslog or for the reader of stderr: what they do not take stands in a backlog of 64 MiB each (log_backlog.h). When
// that is full, other lines are counted as lost and ACKs stay in the workers' queues, so a log that moves at all slows the service to its own
// pace and loses no ACK; what happens when it does not move is the worker's (worker.cc, log()).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/daemon/log_backlog.h"
#include "server/daemon/log_format.h"
#include "server/daemon/syslog_socket.h"
#include "server/worker/worker.h"

namespace coaxd::daemon {

class LogWriter {
 public:
  struct Options {
    std::string program = "coaxd";
    bool to_stderr = false;
    std::uint32_t lines_per_second = 0;  // 0: no limit
    std::string syslog_path = "/dev/log";
    std::size_t backlog = LogBacklog::kLimit;
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
  void stop();  // writes what is queued, with some seconds' patience if nobody takes it, then ends the thread

  std::uint64_t lines() const noexcept { return lines_.load(std::memory_order_relaxed); }
  std::uint64_t suppressed() const noexcept { return suppressed_.load(std::memory_order_relaxed); }
  // Lines, none of them an ACK's, that found no room or no syslog.
  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
  // Lines wait for syslog or stderr.
  bool behind() const noexcept { return behind_.load(std::memory_order_relaxed); }

 private:
  void run();
  void finish();
  bool drain();
  worker::Outlets* oldest() const;
  bool within_rate(const engine::LogEvent& event);
  bool has_room(bool must_keep);
  void add(int priority, std::string_view text, bool must_keep);
  void write(int priority, std::string_view text);
  bool flush();
  void flush_syslog();
  void flush_stderr();
  void wait_for_room();

  const Options options_;
  std::atomic<int> facility_;
  std::mutex mutex_;  // what is written, down to `stamped_at_`
  SyslogSocket syslog_;
  LogBacklog to_syslog_, to_terminal_;
  bool starved_ = false;  // the kernel had no memory for the line that comes next
  std::string octets_;    // scratch of write()
  std::string stamp_;     // of the second `stamped_at_`
  std::time_t stamped_at_ = 0;

  std::vector<worker::Outlets*> outlets_;
  InterfaceName name_ = nullptr;
  const void* context_ = nullptr;
  LogLine line_;
  std::int64_t second_ = 0;
  std::uint32_t this_second_ = 0;
  std::uint64_t reported_ = 0;
  std::int64_t give_up_at_ns_ = 0;  // finish()
  std::atomic<std::uint64_t> lines_{0}, suppressed_{0}, lost_{0};
  std::atomic<bool> to_stderr_, stop_{false}, behind_{false};
  std::thread thread_;
};

}  // namespace coaxd::daemon
