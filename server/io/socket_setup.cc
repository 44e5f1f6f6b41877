#include "server/io/socket_setup.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "server/io/port_owner.h"

namespace coaxd::io {

namespace {

// A server that was killed a moment ago still holds its sockets while the kernel takes its io_uring apart: what is in use only for so
// long is no other server.
constexpr auto kRingTeardown = std::chrono::seconds(3);

// errno, 0 when it is free.
int why_taken(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const int error = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

std::unexpected<SocketError> socket_error(std::string_view what) {
  const int error = errno;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
  return std::unexpected(SocketError{error, fmt::format("{}: {}.", what, std::strerror(error))});
}

bool set_option(int fd, int level, int name, int value) noexcept { return setsockopt(fd, level, name, &value, sizeof value) == 0; }

bool attach_program(int fd, int option, std::vector<sock_filter> program) {
  const sock_fprog code{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd, SOL_SOCKET, option, &code, sizeof code) == 0;
}

std::vector<sock_filter> unicast_filter() {
  constexpr std::uint32_t kDestination = static_cast<std::uint32_t>(SKF_NET_OFF) + 16;
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kDestination),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffffu, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffffu),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
}

void size_buffers(int fd, int receive, int send) noexcept {
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive)) (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, receive);
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, send)) (void)set_option(fd, SOL_SOCKET, SO_SNDBUF, send);
}

std::expected<void, SocketError> probe_port(std::uint16_t port, std::string_view mend) {
  const auto deadline = std::chrono::steady_clock::now() + kRingTeardown;
  int error = why_taken(port);
  while (error == EADDRINUSE && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    error = why_taken(port);
  }
  if (error == 0) return {};
  if (error == EADDRINUSE) {
    std::string owner = udp_port_owner(port);
    if (owner.empty()) owner = fmt::format("another server (ss -lunp 'sport = :{}' names it)", port);
    return std::unexpected(SocketError{error, fmt::format("UDP port {} is in use by {}: {}.", port, owner, mend)});
  }
  errno = error;
  return socket_error(fmt::format("cannot bind UDP port {} (ports below 1024 need CAP_NET_BIND_SERVICE)", port));
}

}  // namespace coaxd::io
