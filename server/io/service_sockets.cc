#include "server/io/service_sockets.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "server/base/assert.h"
#include "server/io/control_message.h"

namespace coaxd::io {

namespace {

constexpr std::string_view kTftpMend = "stop it (systemctl disable --now tftpd-hpa atftpd, or inetd's line for tftp), or set [tftp] port or enabled";
constexpr std::string_view kTimeMend = "stop it (inetd's line for time), or set [time] enabled = false";

// By the source address, which stands in the IP header also where a program sees the UDP payload (SKF_NET_OFF). The multiplier is odd and secret with
// the seed, so that nobody outside can send all his requests to one worker.
std::vector<sock_filter> by_source(unsigned workers, std::uint32_t seed) {
  constexpr std::uint32_t kSource = static_cast<std::uint32_t>(SKF_NET_OFF) + 12;
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSource),
      BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, seed),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, (seed * 2654435761u) | 1u),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 15),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
}

// Every socket of a shared port would get each broadcast. The others have no filter, for each datagram costs a run of it.
bool share(int fd) noexcept { return set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) && attach_program(fd, SO_ATTACH_FILTER, unicast_filter()); }

std::expected<int, SocketError> open_service(std::uint16_t port, bool shared, int buffer) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return socket_error("cannot open a UDP socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if ((shared && !share(fd)) || !set_option(fd, IPPROTO_IP, IP_PKTINFO, 1) ||
      !set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO) ||  // what is never cut needs no identification (RFC 6864 §4.1), and the kernel's work for one
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    auto error = socket_error(fmt::format("cannot bind UDP port {}", port));
    close(fd);
    return error;
  }
  size_buffers(fd, buffer, buffer);
  return fd;
}

// The next port of the range that nobody has; with no range any.
std::expected<int, SocketError> open_transfer(const ServiceOptions& options, std::uint32_t& next) {
  const PortRange range = options.transfer_range;
  if (range.low == 0) return open_service(0, false, options.buffer);
  for (; next <= range.high; ++next) {
    auto opened = open_service(static_cast<std::uint16_t>(next), false, options.buffer);
    if (!opened && opened.error().error == EADDRINUSE) continue;
    ++next;
    return opened;
  }
  const unsigned wanted = options.workers * options.transfer_ports;
  return std::unexpected(SocketError{
      EADDRINUSE, fmt::format("[tftp] ports = \"{}-{}\" has not enough free UDP ports: {} workers with {} transfer_ports each take {}.", range.low, range.high,
                              options.workers, options.transfer_ports, wanted)});
}

}  // namespace

ServiceSockets::ServiceSockets(ServiceSockets&& other) noexcept : fds_(std::exchange(other.fds_, {})), numbers_(std::exchange(other.numbers_, {})) {}

ServiceSockets& ServiceSockets::operator=(ServiceSockets&& other) noexcept {
  std::swap(fds_, other.fds_);
  std::swap(numbers_, other.numbers_);
  return *this;
}

ServiceSockets::~ServiceSockets() {
  for (const int fd : fds_) close(fd);
}

void ServiceSockets::add(int fd, std::uint8_t number) {
  fds_.push_back(fd);
  numbers_.push_back(number);
}

// Port 37's stands last, the others at their numbers.
std::size_t ServiceSockets::place_of(std::uint8_t number) const noexcept {
  const std::size_t place = number == worker::kTimeSocket ? fds_.size() - 1 : number;
  COAXD_ASSERT(place < fds_.size() && numbers_[place] == number);
  return place;
}

std::expected<std::vector<ServiceSockets>, SocketError> open_service_sockets(const ServiceOptions& options) {
  COAXD_ASSERT(options.transfer_ports <= kMostTransferPorts);
  std::vector<ServiceSockets> all(options.workers);
  if (options.tftp_port != 0)
    if (auto probed = probe_port(options.tftp_port, kTftpMend); !probed) return std::unexpected(probed.error());
  if (options.time_port != 0)
    if (auto probed = probe_port(options.time_port, kTimeMend); !probed) return std::unexpected(probed.error());
  std::uint32_t next = options.transfer_range.low;
  for (ServiceSockets& one : all) {
    if (options.tftp_port != 0) {
      auto requests = open_service(options.tftp_port, true, options.buffer);
      if (!requests) return std::unexpected(requests.error());
      one.add(*requests, 0);
      for (unsigned i = 1; i <= options.transfer_ports; ++i) {
        auto transfer = open_transfer(options, next);
        if (!transfer) return std::unexpected(transfer.error());
        one.add(*transfer, static_cast<std::uint8_t>(i));
      }
    }
    if (options.time_port != 0) {
      auto time = open_service(options.time_port, true, options.buffer);
      if (!time) return std::unexpected(time.error());
      one.add(*time, worker::kTimeSocket);
    }
  }
  // It applies to the group, so one socket carries it.
  if (options.tftp_port != 0 &&
      !attach_program(all.front().fds().front(), SO_ATTACH_REUSEPORT_CBPF, by_source(options.workers, options.steering_seed)))
    return socket_error("cannot steer TFTP requests to workers (SO_ATTACH_REUSEPORT_CBPF)");
  return all;
}

tftp::Arrival read_service(const sockaddr_in& from, msghdr& control, std::uint8_t socket, const InterfaceTable& interfaces) noexcept {
  tftp::Arrival arrival{.from = {{ntohl(from.sin_addr.s_addr)}, ntohs(from.sin_port)}, .to = {0xffffffff}, .socket = socket};
  const auto* info = find_control<in_pktinfo>(control, IPPROTO_IP, IP_PKTINFO);
  if (info == nullptr) return arrival;
  // ipi_spec_dst is the local address; they differ for broadcast and multicast.
  if (info->ipi_addr.s_addr == info->ipi_spec_dst.s_addr) arrival.to = {ntohl(info->ipi_addr.s_addr)};
  if (const engine::Interface* interface = interfaces.find(static_cast<std::uint32_t>(info->ipi_ifindex))) arrival.path_mtu = interface->mtu;
  return arrival;
}

}  // namespace coaxd::io
