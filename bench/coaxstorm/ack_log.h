// ack_log.h: what the server has promised, one line an ACK: `SECONDS.MICROSECONDS MAC ADDRESS LEASE-TIME`, and with a lease time
// of 0 what a client has given back. Lines reach the file (page cache) at flush(), which the caller does once a batch, so that
// after the server was killed the file tells what it had acknowledged. Single thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ipv4.h"

namespace coaxd::storm {

struct AckRecord {
  std::int64_t wall_us = 0;
  std::uint64_t mac = 0;
  Ipv4 address;
  std::uint32_t lease_time = 0;  // 0: released
};

class AckLog {
 public:
  static std::expected<AckLog, std::string> append_to(const std::string& path);
  AckLog(AckLog&& other) noexcept;
  AckLog& operator=(AckLog&&) = delete;
  ~AckLog();

  void add(const AckRecord& record) noexcept;
  void flush() noexcept;
  bool failed() const noexcept { return failed_; }  // a write was refused: the log is not complete

 private:
  static constexpr std::size_t kRoom = 64 << 10, kLongestLine = 80;
  explicit AckLog(int fd);

  int fd_;
  bool failed_ = false;
  std::vector<char> room_;
  std::size_t used_ = 0;
};

// One line without its end; false if it is none of ours.
bool parse_ack_line(std::string_view line, AckRecord& record) noexcept;
// Calls `each` in file order. A last line without its end is left out: the writer was stopped in it, before it was promised.
std::expected<void, std::string> read_ack_log(const std::string& path,
                                              const std::function<void(const AckRecord&)>& each);

}  // namespace coaxd::storm
