#include "server/daemon/syslog_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace coaxd::daemon {

namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

bool SyslogSocket::connect() { return fd_ >= 0 || connect_as(SOCK_DGRAM) || (errno == EPROTOTYPE && connect_as(SOCK_STREAM)); }

bool SyslogSocket::connect_as(int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return false;
  }
  fd_ = fd;
  stream_ = type == SOCK_STREAM;
  was_there_ = true;
  return true;
}

void SyslogSocket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

SyslogSocket::Sent SyslogSocket::send(std::string_view line) {
  using Fate = Sent::Fate;
  // A connection that was good until the log daemon went may be replaced by the next one at once.
  for (int attempt = 0; attempt < 2 && connect(); ++attempt) {
    const std::size_t size = stream_ ? line.size() : line.size() - 1;
    const ssize_t sent = ::send(fd_, line.data(), size, MSG_NOSIGNAL);
    if (sent >= 0) return {Fate::taken, stream_ ? static_cast<std::size_t>(sent) : line.size()};
    switch (errno) {
      case EAGAIN:
      case EINTR:
        return {Fate::later};
      case ENOBUFS:
        return {Fate::starved};
      case EMSGSIZE:
        return {Fate::never};
      default:
        close();
    }
  }
  return {Fate::later};
}

std::string syslog_stamp(std::time_t now, std::string_view program, int pid) {
  std::tm local{};
  localtime_r(&now, &local);
  return fmt::format("{} {:2} {:02}:{:02}:{:02} {}[{}]: ", kMonths[local.tm_mon], local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                     program, pid);
}

}  // namespace coaxd::daemon
