// log_backlog.h: lines on their way to one place (syslog, stderr) that may take nothing for a while. Octets in chunks, so that a stuck
// syslog costs what the lines are long and a flowing one keeps one chunk; bounded by octets. Owner: LogWriter, under its mutex.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace coaxd::daemon {

class LogBacklog {
 public:
  // The lines of some 500,000 DHCPACKs: at 10,000 a second, syslog may be stuck for 50 seconds.
  static constexpr std::size_t kLimit = 64 << 20;

  explicit LogBacklog(std::size_t limit = kLimit) : limit_(limit) {}

  bool empty() const noexcept { return octets_ == 0; }
  std::size_t octets() const noexcept { return octets_; }
  // Lines that must not be lost may use all of it, others a quarter: an avalanche of DISCOVERs must not fill it before its ACKs come.
  bool has_room(bool must_keep) const noexcept { return octets_ < (must_keep ? limit_ : limit_ / 4); }

  void push(std::string_view line);  // not empty
  // What is left of the oldest line; not when empty().
  std::string_view front() const noexcept { return {chunks_.front().data() + at_, left_}; }
  // So many octets of it were taken; the line goes with its last one.
  void consume(std::size_t octets) noexcept;

 private:
  void look_at_front() noexcept;

  const std::size_t limit_;
  std::deque<std::string> chunks_;  // lines, each behind its length
  std::size_t octets_ = 0;          // lengths included
  std::size_t at_ = 0, left_ = 0;   // the front line's rest, in the first chunk
};

}  // namespace coaxd::daemon
