// syslog_socket.h: our own end of /dev/log, because syslog(3) waits when the log daemon does, with the caller's lock held. Never waits;
// connects again when the log daemon comes back (a restart makes a new socket). Datagrams as journald, rsyslog and glibc use them, or a
// stream with a NUL behind each line where that is what listens. Owner: LogWriter, under its mutex.
// Source: RFC 3164 §4.1 in the form in which syslog(3) writes it (no host name).
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

namespace coaxd::daemon {

class SyslogSocket {
 public:
  explicit SyslogSocket(std::string path) : path_(std::move(path)) {}
  ~SyslogSocket() { close(); }
  SyslogSocket(const SyslogSocket&) = delete;
  SyslogSocket& operator=(const SyslogSocket&) = delete;

  // True when there is a connection, made now if need be.
  bool connect();
  // False: there has not been anybody at the path since the start, so nobody is waited for.
  bool was_there() const noexcept { return was_there_; }
  // For poll(POLLOUT); -1 while nobody listens.
  int fd() const noexcept { return fd_; }

  struct Sent {
    // starved: the kernel has no memory for it now. There may be room in the socket all the same, so poll() does not tell when it has.
    enum class Fate : unsigned char { taken, later, starved, never } fate;
    std::size_t octets = 0;  // taken: of the line, on a stream perhaps not all
  };
  // `line` ends in a NUL, which a datagram leaves out.
  Sent send(std::string_view line);

 private:
  bool connect_as(int type);
  void close();

  const std::string path_;
  int fd_ = -1;
  bool stream_ = false, was_there_ = false;
};

// "Mmm dd hh:mm:ss program[pid]: ", what follows the <priority>; local time, and month names whatever the locale.
std::string syslog_stamp(std::time_t now, std::string_view program, int pid);

}  // namespace coaxd::daemon
