// service_sockets.h: the sockets of TFTP and of the time of day, which a worker has beside those of DHCP (sockets.h).
//
//   0       0.0.0.0:69, SO_REUSEPORT: requests. The kernel picks the worker by a seeded hash of the client's address, so that a client is one worker's: its limit
//           of transfers is exact, and a repeated request meets its transfer. Not by the port, which is another one for each request.
//   1 to n  a worker's own transfer ports (RFC 1350 §4: TIDs): what comes there comes to the right worker by itself. None: all goes over port 69.
//   time    0.0.0.0:37, SO_REUSEPORT (RFC 868)
//
// An arrival or departure names its socket by that number, port 37's is kTimeSocket.
// Threads: open_service_sockets() from main; afterwards each worker uses its own.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "server/io/interfaces.h"
#include "server/io/socket_setup.h"
#include "server/tftp/responder.h"
#include "server/worker/transport.h"

namespace coaxd::io {

inline constexpr unsigned kMostTransferPorts = 16;

class ServiceSockets {
 public:
  ServiceSockets() = default;
  ServiceSockets(ServiceSockets&& other) noexcept;
  ServiceSockets& operator=(ServiceSockets&& other) noexcept;
  ~ServiceSockets();

  bool empty() const noexcept { return fds_.empty(); }
  std::span<const int> fds() const noexcept { return fds_; }
  void add(int fd, std::uint8_t number);
  // Between the place in fds() and the number in an arrival.
  std::uint8_t number_of(std::size_t place) const noexcept { return numbers_[place]; }
  std::size_t place_of(std::uint8_t number) const noexcept;

 private:
  std::vector<int> fds_;
  std::vector<std::uint8_t> numbers_;
};

struct PortRange {
  std::uint16_t low = 0, high = 0;  // 0: the kernel's choice
};

struct ServiceOptions {
  unsigned workers = 1;
  std::uint16_t tftp_port = 0;  // 0: no TFTP
  unsigned transfer_ports = 4;  // of each worker
  PortRange transfer_range{};
  std::uint16_t time_port = 0;  // 0: no time of day
  std::uint32_t steering_seed = 0;
  int buffer = 4 << 20;
};

// One for each worker, empty when nothing is on.
std::expected<std::vector<ServiceSockets>, SocketError> open_service_sockets(const ServiceOptions& options);

// What was not sent to an address of ours alone says 255.255.255.255 (RFC 1123 §4.2.3.5: it is not answered).
tftp::Arrival read_service(const sockaddr_in& from, msghdr& control, std::uint8_t socket, const InterfaceTable& interfaces) noexcept;

}  // namespace coaxd::io
