// process.h: being a daemon as dhcpd is one: the parent waits until the child is ready and reports its fate by exit status; a pid file that
// names a living process refuses the start; privileges are dropped after the sockets stand; systemd is told. Main thread only.
#pragma once

#include <sys/types.h>

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
  struct Error {
    bool taken = false;    // another coaxd holds the file, be it one that starts in the same instant: it is not written over, nor removed
    std::string sentence;
  };
  PidFile() = default;
  ~PidFile();
  // Held (flock) until the end.
  std::expected<void, Error> write(const std::string& path);
  // The living process that the file names and that is not us, or 0.
  static pid_t living_process_of(const std::string& path);

 private:
  std::string path_;
  int file_ = -1;  // open since before the privileges were dropped: who may not remove the file any more can still empty it
};

// Who the server becomes; looked up before a change of root hides /etc/passwd. Errors here and below: one sentence. Empty strings: leave as is.
struct Identity {
  std::string user, group;
  uid_t uid = 0;
  gid_t gid = 0;
};
std::expected<Identity, std::string> find_identity(const std::string& user, const std::string& group);
std::expected<void, std::string> change_root(const std::string& directory);
// Group, then user; keeps CAP_NET_BIND_SERVICE, CAP_NET_RAW and CAP_NET_ADMIN when a user is named, because addresses and interfaces may
// come back after the drop.
std::expected<void, std::string> drop_privileges(const Identity& identity);

// To what the hard limit allows: the connections of API, portal and leasequery together are more than the usual 1024, and the store must not find none left.
void raise_descriptor_limit();

// sd_notify(3); nothing happens without NOTIFY_SOCKET.
void notify_systemd(const std::string& state);

}  // namespace coaxd::daemon
