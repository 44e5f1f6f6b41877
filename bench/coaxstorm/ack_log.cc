#include "bench/coaxstorm/ack_log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <utility>

#include "bench/coaxstorm/mac.h"

namespace coaxd::storm {
namespace {

template <typename Number>
char* put(char* out, Number value) noexcept {
  return std::to_chars(out, out + 24, value).ptr;
}

bool take_number(std::string_view& text, auto& value) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) noexcept {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view take_word(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::expected<AckLog, std::string> AckLog::append_to(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return AckLog{fd};
}

AckLog::AckLog(int fd) : fd_(fd), room_(kRoom) {}
AckLog::AckLog(AckLog&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), failed_(other.failed_), room_(std::move(other.room_)), used_(other.used_) {}

AckLog::~AckLog() {
  if (fd_ < 0) return;
  flush();
  close(fd_);
}

void AckLog::add(const AckRecord& record) noexcept {
  if (used_ + kLongestLine > kRoom) flush();
  char* out = room_.data() + used_;
  out = put(out, record.wall_us / 1'000'000);
  *out++ = '.';
  auto fraction = record.wall_us % 1'000'000;
  for (std::size_t digit = 6; digit > 0; --digit, fraction /= 10) {
    out[digit - 1] = static_cast<char>('0' + fraction % 10);
  }
  out += 6;
  *out++ = ' ';
  out = format_mac(out, record.mac);
  *out++ = ' ';
  out = format_ipv4(out, record.address);
  *out++ = ' ';
  out = put(out, record.lease_time);
  *out++ = '\n';
  used_ = static_cast<std::size_t>(out - room_.data());
}

void AckLog::flush() noexcept {
  for (std::size_t done = 0; done < used_;) {
    const ssize_t written = write(fd_, room_.data() + done, used_ - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      failed_ = true;
      break;
    }
    done += static_cast<std::size_t>(written);
  }
  used_ = 0;
}

bool parse_ack_line(std::string_view line, AckRecord& record) noexcept {
  std::int64_t seconds = 0, micros = 0;
  if (!take_number(line, seconds) || !take(line, '.') || line.find(' ') != 6 ||
      !take_number(line, micros) || !take(line, ' ')) {
    return false;
  }
  record.wall_us = seconds * 1'000'000 + micros;
  const auto mac = parse_mac(take_word(line));
  if (!mac || !take(line, ' ')) return false;
  const auto address = Ipv4::parse(take_word(line));
  if (!address || !take(line, ' ')) return false;
  record.mac = *mac;
  record.address = *address;
  return take_number(line, record.lease_time) && line.empty();
}

std::expected<void, std::string> read_ack_log(const std::string& path,
                                              const std::function<void(const AckRecord&)>& each) {
  std::ifstream file{path};
  if (!file) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string line;
  for (std::size_t number = 1; std::getline(file, line) && !file.eof(); ++number) {
    AckRecord record;
    if (!parse_ack_line(line, record)) {
      return std::unexpected(fmt::format("{}:{}: not a line of an ack log: {}", path, number, line));
    }
    each(record);
  }
  return {};
}

}  // namespace coaxd::storm
