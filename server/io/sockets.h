// sockets.h: the kernel's side of RFC 2131 §4.1: which sockets a worker has, what each of them is for, and how a datagram's
// surroundings become an Arrival and a Departure becomes a message to send. Used by both transports.
//
//   udp     0.0.0.0:67, SO_REUSEPORT: whatever was sent to a unicast address: relays, renewing clients. Every reuseport socket would also
//           get every broadcast: a filter keeps the limited ones out, and what else was not sent to a local unicast address is dropped.
//   discovers  the same for DISCOVERs: a queue of their own, so that a flood of clients without an address does not crowd out those who
//           have one, or an offer of one, and are about to lose it. Steered by the kernel: a DISCOVER too many costs the worker nothing.
//   leasequeries  the same for what CMTSs ask: a reloaded one asks for all its clients at once. Its queue is shorter, and behind all others.
//   packet  AF_PACKET with fanout: broadcasts from clients on the link, which UDP could neither receive without an own address
//           nor answer without ARP. Sends frames to clients that have no address yet.
//   icmp    raw, echo replies only: ping-check.
//   services  TFTP and the time of day: service_sockets.h.
//
// Steering: both groups pick the worker by a seeded hash of chaddr, not by the 4-tuple, for a CMTS relay is one flow. It
// gives order and locality in the common case; correctness never rests on it. Leasequeries, most of which have no chaddr, go by what they ask about.
// Threads: open_sockets() from main; afterwards each worker uses its own.
#pragma once

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <expected>
#include <string>
#include <vector>

#include "server/engine/arrival.h"
#include "server/engine/drop_reason.h"
#include "server/io/interfaces.h"
#include "server/io/service_sockets.h"
#include "server/io/socket_setup.h"
#include "server/worker/transport.h"

namespace coaxd::io {

class WorkerSockets {
 public:
  WorkerSockets() = default;
  WorkerSockets(WorkerSockets&& other) noexcept;
  WorkerSockets& operator=(WorkerSockets&&) = delete;
  ~WorkerSockets();

  int udp = -1, discovers = -1, leasequeries = -1;
  int packet = -1;  // -1: no interface has clients of its own, or not permitted
  int icmp = -1;
  ServiceSockets services;  // none: off
};

struct SocketOptions {
  unsigned workers = 1;
  std::uint16_t port = engine::kServerPort;
  std::uint32_t steering_seed = 0;
  bool packet_sockets = true;
  int receive_buffer = 32 << 20;  // an avalanche arrives faster than any server answers; the kernel keeps what fits
  int leasequery_buffer = 16 << 20;  // those of a CMTS with 20,000 clients, asked at once
  int send_buffer = 4 << 20;  // the kernel doubles it; an ACK takes some 1,300 octets of it: all that one sync releases, while the card sends
};

// All workers' sockets, steered; the port is probed without SO_REUSEPORT first, or a second server of the same user would bind
// happily and steal clients.
std::expected<std::vector<WorkerSockets>, SocketError> open_sockets(const SocketOptions& options);

// After a transport has gone the kernel may hold its port for some milliseconds more, while it takes the ring apart. Returns when the port is
// free, or false after a few seconds: a server that has ended must not stand in the way of the one that is started next, dhcpd above all.
bool wait_until_port_is_free(std::uint16_t port);

// rp_filter on: the kernel drops relayed packets whose source has no route back over the interface they came in, which dhcpd's
// raw socket would have seen. One warning per interface concerned, with the mend.
std::vector<std::string> rp_filter_warnings(const std::vector<ScannedInterface>& served);

// --- receiving ---
// Ancillary room for one received message: SO_TIMESTAMPNS with IP_PKTINFO and UDP_GRO, or with PACKET_AUXDATA.
inline constexpr std::size_t kControlSize = 96;

// How many packets the kernel had no room for, by queue, all workers' together. From the control thread.
struct SocketDrops {
  std::uint64_t requests = 0, discovers = 0, leasequeries = 0, link = 0, services = 0;
};
SocketDrops socket_drops(const std::vector<WorkerSockets>& sockets) noexcept;

struct Received {
  Bytes payload;             // DHCP message
  engine::Arrival arrival;
  engine::DropReason discard = engine::DropReason::none;  // not none: payload means nothing
};
// `wall_ns`: now, to tell how long it has waited.
Received read_udp(Bytes data, const sockaddr_in& from, msghdr& control, std::int64_t wall_ns, const InterfaceTable& interfaces) noexcept;
// How large each datagram of a received train is (UDP_GRO, udp(7)); `all` if it is no train.
std::size_t datagram_size(msghdr& control, std::size_t all) noexcept;
Received read_frame(Bytes frame, const sockaddr_ll& from, msghdr& control, std::uint16_t port, std::int64_t wall_ns,
                    const InterfaceTable& interfaces) noexcept;

struct EchoReply {
  bool valid = false;
  Ipv4 from;
  std::uint16_t id = 0, sequence = 0;
};
EchoReply read_echo(Bytes packet) noexcept;
// Writes an ICMP echo request (8 octets of header, 8 of data) and its checksum.
std::size_t write_echo(MutableBytes out, std::uint16_t id, std::uint16_t sequence) noexcept;

// --- sending ---
// One outgoing message: the kernel reads it after the call that queued it, so it must stay in place until the send is complete.
struct Outgoing {
  union {
    sockaddr_in inet;
    sockaddr_ll link;
  };
  iovec data;
  msghdr message;
  alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))];
  bool by_packet = false;  // which socket
};
// The whole message, for one reply.
void prepare_send(Outgoing& out, worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure,
                  std::uint16_t server_port) noexcept;

// Its parts, for a message of several replies (send_train.h): where a routed one goes and from which address; the data is the caller's.
void address_routed(Outgoing& out, const engine::Departure& departure) noexcept;
template <typename T>
void append_control(Outgoing& out, int level, int type, const T& value) noexcept {
  auto* c = reinterpret_cast<cmsghdr*>(out.control + out.message.msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(c), &value, sizeof value);
  out.message.msg_control = out.control;
  out.message.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace coaxd::io
