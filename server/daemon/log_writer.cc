#include "server/daemon/log_writer.h"

#include <fmt/format.h>
#include <strings.h>
#include <syslog.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "server/io/clock.h"

namespace coaxd::daemon {

namespace {

struct FacilityRow {
  std::string_view name;
  int code;
};
constexpr FacilityRow kFacilities[] = {
    {"kern", LOG_KERN},     {"user", LOG_USER},     {"mail", LOG_MAIL},         {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},
    {"syslog", LOG_SYSLOG}, {"lpr", LOG_LPR},       {"news", LOG_NEWS},         {"uucp", LOG_UUCP},     {"cron", LOG_CRON},
    {"authpriv", LOG_AUTHPRIV}, {"ftp", LOG_FTP},   {"local0", LOG_LOCAL0},     {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},     {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

// How long the log thread sleeps when there was nothing: lines may be this late. Short while packets come, so that a line is in the log
// about when its packet is on the wire; long when nothing happens.
constexpr auto kBusyPause = std::chrono::milliseconds(1), kIdlePause = std::chrono::milliseconds(10);
constexpr int kBusyTurns = 1000;
constexpr std::size_t kPerDrain = 256;  // lines between two looks at stop_, and two flushes of stderr

}  // namespace

LogWriter::LogWriter(Options options) : options_(std::move(options)), facility_(LOG_DAEMON), to_stderr_(options_.to_stderr) {
  openlog(options_.program.c_str(), LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

LogWriter::~LogWriter() {
  stop();
  closelog();
}

void LogWriter::set_facility(std::string_view name) {
  for (const FacilityRow& row : kFacilities)
    if (row.name.size() == name.size() && strncasecmp(row.name.data(), name.data(), name.size()) == 0) facility_ = row.code;
}

void LogWriter::message(int priority, std::string_view text) {
  const std::lock_guard lock(write_mutex_);
  write(priority, text);
}

void LogWriter::write(int priority, std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    syslog(facility_ | priority, "%.*s", static_cast<int>(line.size()), line.data());
    if (to_stderr_.load(std::memory_order_relaxed)) std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    lines_.fetch_add(1, std::memory_order_relaxed);
  }
}

void LogWriter::start(std::vector<worker::Outlets*> outlets, InterfaceName name, const void* context) {
  outlets_ = std::move(outlets);
  name_ = name;
  context_ = context;
  stop_.store(false);
  thread_ = std::thread([this] { run(); });
}

void LogWriter::stop() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  thread_.join();
}

void LogWriter::run() {
  int quiet = kBusyTurns;
  while (!stop_.load(std::memory_order_relaxed)) {
    if (drain()) {
      quiet = 0;
    } else {
      std::this_thread::sleep_for(++quiet < kBusyTurns ? kBusyPause : kIdlePause);
    }
  }
  while (drain()) {
  }
}

// The queue whose next line is the oldest. A client may be served by several workers one after the other, and his DISCOVER is to
// stand before his REQUEST.
worker::Outlets* LogWriter::oldest() const {
  worker::Outlets* oldest = nullptr;
  for (worker::Outlets* outlet : outlets_) {
    const engine::LogEvent* event = outlet->logs.front();
    if (event != nullptr && (oldest == nullptr || event->at_ns < oldest->logs.front()->at_ns)) oldest = outlet;
  }
  return oldest;
}

bool LogWriter::drain() {
  std::size_t lines = 0;
  for (worker::Outlets* outlet; lines < kPerDrain && (outlet = oldest()) != nullptr; ++lines) {
    const engine::LogEvent& event = *outlet->logs.front();
    if (within_rate(event)) {
      format_log_event(event, name_, context_, line_);
      const std::lock_guard lock(write_mutex_);
      write(line_.priority, line_.text);
    }
    outlet->logs.pop();
  }
  if (lines > 0 && to_stderr_.load(std::memory_order_relaxed)) std::fflush(stderr);
  return lines > 0;
}

// Once a second it is said how many lines the limit held back.
bool LogWriter::within_rate(const engine::LogEvent& event) {
  if (options_.lines_per_second == 0) return true;
  const std::int64_t second = io::read_monotonic_ns() / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    this_second_ = 0;
    const std::uint64_t total = suppressed();
    if (total != reported_) {
      message(4, fmt::format("{} packet log lines suppressed by the rate limit of {} a second ([log] lines_per_second)", total - reported_,
                             options_.lines_per_second));
      reported_ = total;
    }
  }
  if (++this_second_ <= options_.lines_per_second) return true;
  if (event.kind == engine::LogKind::ack || event.kind == engine::LogKind::inform_ack) return true;
  suppressed_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace coaxd::daemon
