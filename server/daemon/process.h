// process.h: being a daemon as dhcpd is one: the parent waits until the child is ready and reports its fate by exit status; a pid file that
// names a living process refuses the start; privileges are dropped after the sockets stand; systemd is told. Main thread only.
#pragma once

#include <expected>
#include <string>

namespace coaxd::daemon {

// Forks. The child returns with a handle on which it reports readiness; the parent never returns: it exits 0 when the child
// reported ready, 1 when it died first. Must be called while the process has one thread.
class Daemonizer {
 public:
  // foreground: no fork, ready() does nothing.
  explicit Daemonizer(bool foreground);
  void ready();  // child: parent exits 0, standard streams are closed

 private:
  int pipe_ = -1;
};

class PidFile {
 public:
  PidFile() = default;
  ~PidFile();
  std::expected<void, std::string> write(const std::string& path);
  // One that is not us: "There's already a DHCP server running."
  static bool names_living_process(const std::string& path);

 private:
  std::string path_;
  int file_ = -1;  // open since before the privileges were dropped: who may not remove the file any more can still empty it
};

// chroot, then group, then user; keeps CAP_NET_BIND_SERVICE, CAP_NET_RAW and CAP_NET_ADMIN when a user is named, because addresses and
// interfaces may come back after the drop. Empty strings: leave as is. Error: one sentence.
std::expected<void, std::string> drop_privileges(const std::string& user, const std::string& group, const std::string& chroot_dir);

// sd_notify(3); nothing happens without NOTIFY_SOCKET.
void notify_systemd(const std::string& state);

}  // namespace coaxd::daemon
