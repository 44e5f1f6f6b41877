#include "server/daemon/log_writer.h"

#include <fmt/format.h>
#include <poll.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iterator>

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
constexpr std::size_t kPerDrain = 256;  // lines between two looks at stop_, and while the mutex is held
constexpr std::int64_t kLastPatienceNs = 5'000'000'000;

bool must_be_kept(const engine::LogEvent& event) noexcept {
  return event.kind == engine::LogKind::ack || event.kind == engine::LogKind::inform_ack;
}

bool takes(int fd, int timeout_ms) noexcept {
  pollfd place{fd, POLLOUT, 0};
  return poll(&place, 1, timeout_ms) > 0;
}

}  // namespace

LogWriter::LogWriter(Options options)
    : options_(std::move(options)),
      facility_(LOG_DAEMON),
      syslog_(options_.syslog_path),
      to_syslog_(options_.backlog),
      to_terminal_(options_.backlog),
      to_stderr_(options_.to_stderr) {
  syslog_.connect();  // before a chroot hides it
}

LogWriter::~LogWriter() {
  stop();
  finish();
}

void LogWriter::set_facility(std::string_view name) {
  for (const FacilityRow& row : kFacilities)
    if (row.name.size() == name.size() && strncasecmp(row.name.data(), name.data(), name.size()) == 0) facility_ = row.code;
}

void LogWriter::message(int priority, std::string_view text) {
  add(priority, text, false);
  flush();
}

// False: somebody takes nothing, and what waits for him is as much as may.
bool LogWriter::has_room(bool must_keep) {
  const std::lock_guard lock(mutex_);
  return to_syslog_.has_room(must_keep) && to_terminal_.has_room(must_keep);
}

void LogWriter::add(int priority, std::string_view text, bool must_keep) {
  // A line that must be kept was asked for before: if another thread's has come between, it goes beyond the limit.
  if (!must_keep && !has_room(false)) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::lock_guard lock(mutex_);
  write(priority, text);
}

void LogWriter::write(int priority, std::string_view text) {
  const bool to_stderr = to_stderr_.load(std::memory_order_relaxed);
  if (const std::time_t now = std::time(nullptr); now != stamped_at_) {
    stamped_at_ = now;
    stamp_ = syslog_stamp(now, options_.program, getpid());
  }
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (syslog_.was_there()) {
      octets_.clear();
      fmt::format_to(std::back_inserter(octets_), "<{}>{}{}", facility_.load(std::memory_order_relaxed) | priority, stamp_, line);
      octets_ += '\0';
      to_syslog_.push(octets_);
    } else if (!to_stderr) {
      lost_.fetch_add(1, std::memory_order_relaxed);  // as syslog(3) would; but counted
    }
    if (to_stderr) {
      octets_.assign(line) += '\n';
      to_terminal_.push(octets_);
    }
    lines_.fetch_add(1, std::memory_order_relaxed);
  }
}

// Hands on what is taken without waiting, some lines at a time. True: nothing is left.
bool LogWriter::flush() {
  const std::lock_guard lock(mutex_);
  flush_syslog();
  flush_stderr();
  const bool left = !to_syslog_.empty() || !to_terminal_.empty();
  behind_.store(left, std::memory_order_relaxed);
  return !left;
}

void LogWriter::flush_syslog() {
  using Fate = SyslogSocket::Sent::Fate;
  if (!syslog_.connect()) return;
  for (std::size_t lines = 0; lines < kPerDrain && !to_syslog_.empty(); ++lines) {
    const SyslogSocket::Sent sent = syslog_.send(to_syslog_.front());
    starved_ = sent.fate == Fate::starved;
    if (sent.fate == Fate::later || starved_) return;
    if (sent.fate == Fate::never) lost_.fetch_add(1, std::memory_order_relaxed);
    to_syslog_.consume(sent.fate == Fate::never ? to_syslog_.front().size() : sent.octets);
  }
}

// stderr is whoever's started us, so it is left blocking: a place that takes anything takes a line.
void LogWriter::flush_stderr() {
  for (std::size_t lines = 0; lines < kPerDrain && !to_terminal_.empty() && takes(STDERR_FILENO, 0); ++lines) {
    const std::string_view line = to_terminal_.front();
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
    to_terminal_.consume(written < 0 ? line.size() : static_cast<std::size_t>(written));  // closed: nobody wants it
  }
}

void LogWriter::wait_for_room() {
  int fd = -1;
  bool starved = false;
  {
    const std::lock_guard lock(mutex_);
    fd = to_syslog_.empty() ? STDERR_FILENO : syslog_.fd();
    starved = starved_;
  }
  if (fd < 0) return std::this_thread::sleep_for(kIdlePause);
  if (starved) return std::this_thread::sleep_for(kBusyPause);
  takes(fd, kBusyPause.count());
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
  outlets_.clear();  // the workers go next; their queues are empty
}

void LogWriter::run() {
  int quiet = kBusyTurns;
  while (!stop_.load(std::memory_order_relaxed)) {
    const bool some = drain();
    if (const bool all = flush(); some) {
      quiet = 0;
    } else if (!all) {
      wait_for_room();
    } else {
      std::this_thread::sleep_for(++quiet < kBusyTurns ? kBusyPause : kIdlePause);
    }
  }
  finish();
}

// A stop waits for a stuck log, once and not for ever.
void LogWriter::finish() {
  if (give_up_at_ns_ == 0) give_up_at_ns_ = io::read_monotonic_ns() + kLastPatienceNs;
  for (bool some = true, all = false; some || !all;) {
    some = drain();
    all = flush();
    if (io::read_monotonic_ns() >= give_up_at_ns_) return;
    if (!some && !all) wait_for_room();
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
    const bool keep = must_be_kept(event);
    if (keep && !has_room(keep)) break;
    if (within_rate(event)) {
      format_log_event(event, name_, context_, line_);
      add(line_.priority, line_.text, keep);
    }
    outlet->logs.pop();
  }
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
  if (must_be_kept(event)) return true;
  suppressed_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace coaxd::daemon
