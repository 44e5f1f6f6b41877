#include "server/ctl/server_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace coaxd::ctl {

std::expected<int, std::string> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::unexpected("the socket's path is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  if (fd >= 0) close(fd);
  const std::string hint = error == EACCES ? "The socket belongs to root, or to the user of -user: ask as one of them."
                                           : "Is it running? Another path is given with --socket (coaxd.toml: [control] socket).";
  return std::unexpected("cannot reach coaxd at " + path + ": " + std::strerror(error) + ". " + hint);
}

bool send_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// HTTP/1.0: the body ends with the connection, and has no chunks to be put together.
std::expected<unsigned, std::string> ask_api(const std::string& socket, const ApiRequest& request, const std::function<bool(std::string_view)>& take, std::string& problem) {
  const auto fd = connect_to(socket);
  if (!fd) return std::unexpected(fd.error());
  const auto end = [&](auto what) {
    close(*fd);
    return what;
  };
  using Result = std::expected<unsigned, std::string>;
  if (!send_all(*fd, fmt::format("{} {} HTTP/1.0\r\nHost: coaxd\r\nAccept: {}\r\nContent-Length: {}\r\n\r\n{}", request.method, request.target, request.accept, request.body.size(), request.body)))
    return end(Result(std::unexpected("the server closed the connection")));
  std::string head;
  unsigned status = 0;
  char buffer[65536];
  ssize_t n = 0;
  while ((n = recv(*fd, buffer, sizeof buffer, 0)) > 0) {
    std::string_view piece(buffer, static_cast<std::size_t>(n));
    if (status == 0) {
      head += piece;
      const std::size_t body = head.find("\r\n\r\n");
      if (body == head.npos) continue;
      status = static_cast<unsigned>(std::strtoul(head.c_str() + std::min(head.find(' '), head.size()), nullptr, 10));
      head.erase(0, body + 4);
      piece = head;
    }
    if (status >= 300) problem += piece;
    else if (!piece.empty() && !take(piece)) break;
  }
  if (status == 0) return end(Result(std::unexpected("the server closed the connection without an answer")));
  return end(Result(status));
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~:").find(c) != std::string_view::npos;
    plain ? void(out += c) : void(fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace coaxd::ctl
