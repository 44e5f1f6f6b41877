// fake_syslog.h: a /dev/log of a test's own, that reads when the test says so. Test code only.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace coaxd::daemon {

class FakeSyslog {
 public:
  FakeSyslog() {
    char directory[] = "/tmp/coaxd-syslog-XXXXXX";
    if (mkdtemp(directory) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = directory;
  }
  ~FakeSyslog() {
    stop();
    rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/log"; }

  // SOCK_DGRAM as journald and rsyslog, or SOCK_STREAM.
  void start(int type = SOCK_DGRAM) {
    type_ = type;
    listener_ = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("bind");
    if (type == SOCK_STREAM && listen(listener_, 1) != 0) throw std::runtime_error("listen");
  }
  void stop() {
    for (int* fd : {&connection_, &listener_})
      if (*fd >= 0) close(std::exchange(*fd, -1));
    unlink(path().c_str());
  }

  // Throws away what is there, of datagrams; does not wait.
  void discard() {
    char octet;
    while (recv(listener_, &octet, 1, MSG_DONTWAIT) >= 0) {
    }
  }
  // The next line; waits for it.
  std::string read() {
    if (type_ == SOCK_DGRAM) {
      char octets[8192];
      const ssize_t size = recv(listener_, octets, sizeof octets, 0);
      return size < 0 ? std::string{} : std::string(octets, static_cast<std::size_t>(size));
    }
    if (connection_ < 0) connection_ = accept(listener_, nullptr, nullptr);
    std::size_t end;
    while ((end = stream_.find('\0')) == std::string::npos) {
      char octets[1000];
      const ssize_t size = recv(connection_, octets, sizeof octets, 0);
      if (size <= 0) return {};
      stream_.append(octets, static_cast<std::size_t>(size));
    }
    std::string line = stream_.substr(0, end);
    stream_.erase(0, end + 1);
    return line;
  }

 private:
  std::string directory_, stream_;
  int type_ = SOCK_DGRAM, listener_ = -1, connection_ = -1;
};

}  // namespace coaxd::daemon
