#include "server/io/sockets.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <utility>

#include "server/io/control_message.h"
#include "server/wire/frame.h"

namespace coaxd::io {

namespace {

constexpr std::uint16_t kEthernet = 14, kIp = 20, kUdp = 8, kXid = 4, kCiaddr = 12, kChaddr = 28;
constexpr std::uint32_t kLanes = 3;  // UDP sockets of a worker

// Classic BPF that hashes the six octets of an Ethernet chaddr at `chaddr` and answers a number below `workers`. The multiplier is odd
// and secret with the seed, so that nobody outside can send all his packets to one worker.
std::vector<sock_filter> steering_program(std::uint32_t chaddr, unsigned workers, std::uint32_t seed) {
  const std::uint32_t multiplier = (seed * 2654435761u) | 1u;
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, chaddr + 4),
      BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, seed >> 16),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1u),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, chaddr),
      BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, multiplier),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 15),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
}

// For reuseport, which sees the UDP payload: each worker has three sockets, the second for DISCOVERs and the third for leasequeries. Both have the message type as
// their first option, RFC 2132 §9.6 notwithstanding; who does otherwise stands with the requests. A message that is too short for one goes to the first socket of all.
std::vector<sock_filter> lane_program(unsigned workers, std::uint32_t seed) {
  constexpr std::uint32_t kFirstOption = 240, kDiscover = 1, kFirstQuery = 9, kLastQuery = 13;  // leasequery/query.h: may_be_query()
  std::vector<sock_filter> hash = steering_program(kChaddr, workers, seed);
  hash.pop_back();
  // By ciaddr, and by what differs between hardware addresses of one maker. Those by client identifier have neither, and are spread by xid, which no two queries of a relay
  // share; it is mixed by itself, for both may count up together.
  const std::vector<sock_filter> query_hash = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kXid),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1u),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kChaddr + 2),
      BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCiaddr),
      BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
      BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, seed),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, (seed * 2654435761u) | 1u),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 15),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, kLanes),
      BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 2),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  const auto past_query_hash = static_cast<std::uint8_t>(query_hash.size());
  std::vector<sock_filter> program = {
      // M[0]: the lane of what is no leasequery.
      BPF_STMT(BPF_LD | BPF_IMM, 0),
      BPF_STMT(BPF_ST, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kFirstOption),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x3501, 0, static_cast<std::uint8_t>(7 + past_query_hash)),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFirstOption + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kDiscover, 0, 3),
      BPF_STMT(BPF_LD | BPF_IMM, 1),
      BPF_STMT(BPF_ST, 0),
      BPF_JUMP(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(2 + past_query_hash), 0, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kFirstQuery, 0, static_cast<std::uint8_t>(1 + past_query_hash)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kLastQuery, past_query_hash, 0),
  };
  program.insert(program.end(), query_hash.begin(), query_hash.end());
  program.insert(program.end(), hash.begin(), hash.end());
  program.push_back(BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, kLanes));
  program.push_back(BPF_STMT(BPF_LDX | BPF_MEM, 0));
  program.push_back(BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_A, 0));
  return program;
}

// What a packet socket lets through: untagged IPv4, not a fragment, UDP to our port, broadcast in its frame or in its IP header.
std::vector<sock_filter> link_filter(std::uint16_t port) {
  constexpr std::uint32_t kPacketType = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE);
  constexpr std::uint32_t kVlanPresent = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 14),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kVlanPresent),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 12),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kEthernet + 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 10),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kEthernet + 6),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 8, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, kEthernet),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, kEthernet + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kPacketType),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_BROADCAST, 2, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kEthernet + 16),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffffu, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
}

std::expected<int, SocketError> open_udp(const SocketOptions& options, int receive_buffer) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return socket_error("cannot open a UDP socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  // Without SO_BROADCAST: what is for everybody on a link leaves by the packet socket, and a giaddr or ciaddr that names a broadcast
  // address is somebody's who wants to reach them all by us.
  if (!set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) || !set_option(fd, IPPROTO_IP, IP_PKTINFO, 1) || !set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) ||
      !attach_program(fd, SO_ATTACH_FILTER, unicast_filter()) ||
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    auto error = socket_error(fmt::format("cannot bind UDP port {}", options.port));
    close(fd);
    return error;
  }
  size_buffers(fd, receive_buffer, options.send_buffer);
  return fd;
}

// `fanout_group`: of the workers before this one. The first asks the kernel for a number that is nobody's in this network: another server's
// (or an intrusion detector's) would mix what is for us with what is for them.
std::expected<int, SocketError> open_packet(const SocketOptions& options, std::optional<int>& fanout_group) {
  // Protocol 0: nothing arrives before the filter stands.
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return socket_error("cannot open a packet socket (it needs CAP_NET_RAW)");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  if (!attach_program(fd, SO_ATTACH_FILTER, link_filter(options.port)) || !set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) ||
      !set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1) || !set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) ||
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    auto error = socket_error("cannot set up a packet socket");
    close(fd);
    return error;
  }
  if (options.workers > 1) {
    const int fanout =
        fanout_group ? *fanout_group | PACKET_FANOUT_CBPF << 16 : (PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
    int joined = 0;
    socklen_t size = sizeof joined;
    // The fanout program sees the packet from its IP header on.
    auto program = steering_program(kIp + kUdp + kChaddr, options.workers, options.steering_seed);
    const sock_fprog code{static_cast<unsigned short>(program.size()), program.data()};
    if (!set_option(fd, SOL_PACKET, PACKET_FANOUT, fanout) || getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &joined, &size) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &code, sizeof code) != 0) {
      auto error = socket_error("cannot share packets between workers (PACKET_FANOUT)");
      close(fd);
      return error;
    }
    fanout_group = joined & 0xffff;
  }
  size_buffers(fd, options.receive_buffer, options.send_buffer);
  return fd;
}

int open_icmp() {
  const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
  if (fd < 0) return -1;
  icmp_filter filter{};
  filter.data = ~(1u << ICMP_ECHOREPLY);
  setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
  return fd;
}

int read_rp_filter(const std::string& interface) {
  const std::string path = "/proc/sys/net/ipv4/conf/" + interface + "/rp_filter";
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  int value = 0;
  if (std::fscanf(file, "%d", &value) != 1) value = 0;  // NOLINT(cert-err34-c): one digit of the kernel's
  std::fclose(file);
  return value;
}

std::uint16_t internet_checksum(Bytes bytes) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be16(&bytes[i]);
  if (bytes.size() % 2 != 0) sum += std::uint32_t{bytes.back()} << 8;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::int64_t waited_ns(msghdr& control, std::int64_t wall_ns) noexcept {
  const timespec* came = find_control<timespec>(control, SOL_SOCKET, SCM_TIMESTAMPNS);
  if (came == nullptr) return 0;
  return std::max<std::int64_t>(0, wall_ns - (std::int64_t{came->tv_sec} * 1'000'000'000 + came->tv_nsec));
}

std::uint64_t drops_of(int fd) noexcept {
  std::uint32_t memory[SK_MEMINFO_VARS] = {};
  socklen_t size = sizeof memory;
  return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0 ? memory[SK_MEMINFO_DROPS] : 0;
}

Received discarded(engine::DropReason reason) noexcept {
  Received result;
  result.discard = reason;
  return result;
}

}  // namespace

WorkerSockets::WorkerSockets(WorkerSockets&& other) noexcept
    : udp(std::exchange(other.udp, -1)),
      discovers(std::exchange(other.discovers, -1)),
      leasequeries(std::exchange(other.leasequeries, -1)),
      packet(std::exchange(other.packet, -1)), icmp(std::exchange(other.icmp, -1)),
      services(std::move(other.services)) {}

WorkerSockets::~WorkerSockets() {
  for (const int fd : {udp, discovers, leasequeries, packet, icmp})
    if (fd >= 0) close(fd);
}

std::expected<std::vector<WorkerSockets>, SocketError> open_sockets(const SocketOptions& options) {
  if (auto probed = probe_port(options.port, "stop it first"); !probed) return std::unexpected(probed.error());
  std::vector<WorkerSockets> all(options.workers);
  std::optional<int> fanout_group;
  for (WorkerSockets& one : all) {
    for (int* fd : {&one.udp, &one.discovers, &one.leasequeries}) {  // in the order that lane_program() counts in
      auto udp = open_udp(options, fd == &one.leasequeries ? options.leasequery_buffer : options.receive_buffer);
      if (!udp) return std::unexpected(udp.error());
      *fd = *udp;
    }
    if (options.packet_sockets) {
      auto packet = open_packet(options, fanout_group);
      if (!packet) return std::unexpected(packet.error());
      one.packet = *packet;
    }
    one.icmp = open_icmp();
  }
  // It applies to the group, so one socket carries it.
  if (!attach_program(all.front().udp, SO_ATTACH_REUSEPORT_CBPF, lane_program(options.workers, options.steering_seed)))
    return socket_error("cannot steer packets to workers (SO_ATTACH_REUSEPORT_CBPF)");
  return all;
}

bool wait_until_port_is_free(std::uint16_t port) { return probe_port(port, {}).has_value(); }

std::vector<std::string> rp_filter_warnings(const std::vector<ScannedInterface>& served) {
  std::vector<std::string> warnings;
  const int all = read_rp_filter("all");
  for (const ScannedInterface& interface : served) {
    // ip-sysctl: the larger of the two values counts; 1 is strict.
    if (std::max(all, read_rp_filter(interface.name)) != 1) continue;
    warnings.push_back(fmt::format(
        "rp_filter is strict on {}: the kernel drops relayed packets whose source has no route back over it; "
        "if relays go unanswered: sysctl -w net.ipv4.conf.{}.rp_filter=2 (and net.ipv4.conf.all.rp_filter if that is 1).",
        interface.name, interface.name));
  }
  return warnings;
}

SocketDrops socket_drops(const std::vector<WorkerSockets>& sockets) noexcept {
  SocketDrops drops;
  for (const WorkerSockets& one : sockets) {
    drops.requests += drops_of(one.udp);
    drops.discovers += drops_of(one.discovers);
    drops.leasequeries += drops_of(one.leasequeries);
    drops.link += drops_of(one.packet);
    for (const int fd : one.services.fds()) drops.services += drops_of(fd);
  }
  return drops;
}

Received read_udp(Bytes data, const sockaddr_in& from, msghdr& control, std::int64_t wall_ns,
                  const InterfaceTable& interfaces) noexcept {
  const auto* info = find_control<in_pktinfo>(control, IPPROTO_IP, IP_PKTINFO);
  if (info == nullptr) return discarded(engine::DropReason::not_for_server);
  // ipi_spec_dst is the local address; they differ for broadcast and multicast, which the packet socket serves.
  if (info->ipi_addr.s_addr != info->ipi_spec_dst.s_addr) return discarded(engine::DropReason::not_for_server);
  Received result;
  result.arrival.interface = interfaces.find(static_cast<std::uint32_t>(info->ipi_ifindex));
  if (result.arrival.interface == nullptr) return discarded(engine::DropReason::not_for_server);
  result.arrival.source = {ntohl(from.sin_addr.s_addr)};
  result.arrival.source_port = ntohs(from.sin_port);
  result.arrival.destination = {ntohl(info->ipi_addr.s_addr)};
  result.arrival.waited_ns = waited_ns(control, wall_ns);
  result.payload = data;
  return result;
}

std::size_t datagram_size(msghdr& control, std::size_t all) noexcept {
  const int* size = find_control<int>(control, SOL_UDP, UDP_GRO);
  return size != nullptr && *size > 0 ? static_cast<std::size_t>(*size) : all;
}

Received read_frame(Bytes frame, const sockaddr_ll& from, msghdr& control, std::uint16_t port, std::int64_t wall_ns,
                    const InterfaceTable& interfaces) noexcept {
  Received result;
  result.arrival.interface = interfaces.find(static_cast<std::uint32_t>(from.sll_ifindex));
  if (result.arrival.interface == nullptr) return discarded(engine::DropReason::not_for_server);
  const auto* aux = find_control<tpacket_auxdata>(control, SOL_PACKET, PACKET_AUXDATA);
  const bool checksum_ready = aux == nullptr || (aux->tp_status & TP_STATUS_CSUMNOTREADY) == 0;
  const auto datagram = wire::parse_ethernet_udp(frame, checksum_ready);
  if (!datagram) return discarded(engine::DropReason::bad_frame);
  if (datagram->destination_port != port) return discarded(engine::DropReason::not_for_server);
  result.arrival.source = datagram->source;
  result.arrival.source_port = datagram->source_port;
  // To everybody, be it 255.255.255.255 or 10.0.0.255: no address of ours was asked, and none of these can be a source.
  result.arrival.destination = {0xffffffff};
  result.arrival.from_link = true;
  result.arrival.queue = engine::Arrival::Queue::link;
  result.arrival.waited_ns = waited_ns(control, wall_ns);
  result.payload = datagram->payload;
  return result;
}

EchoReply read_echo(Bytes packet) noexcept {
  if (packet.size() < 20) return {};
  const std::size_t header = std::size_t{packet[0] & 0x0fu} * 4;
  if (header < 20 || packet.size() < header + 8 || packet[header] != ICMP_ECHOREPLY) return {};
  return {true, {load_be32(&packet[12])}, load_be16(&packet[header + 4]), load_be16(&packet[header + 6])};
}

std::size_t write_echo(MutableBytes out, std::uint16_t id, std::uint16_t sequence) noexcept {
  constexpr std::size_t kSize = 16;
  std::memset(out.data(), 0, kSize);
  out[0] = ICMP_ECHO;
  store_be16(&out[4], id);
  store_be16(&out[6], sequence);
  store_be16(&out[2], internet_checksum(out.first(kSize)));
  return kSize;
}

void address_routed(Outgoing& out, const engine::Departure& departure) noexcept {
  out.message = {};
  out.by_packet = false;
  out.inet = {};
  out.inet.sin_family = AF_INET;
  out.inet.sin_port = htons(departure.port);
  out.inet.sin_addr.s_addr = htonl(departure.to.value);
  out.message.msg_name = &out.inet;
  out.message.msg_namelen = sizeof out.inet;
  if (departure.from.is_zero()) return;
  // The reply leaves from the address that was asked, also when that is a VIP.
  in_pktinfo info{};
  info.ipi_spec_dst.s_addr = htonl(departure.from.value);
  append_control(out, IPPROTO_IP, IP_PKTINFO, info);
}

void prepare_send(Outgoing& out, worker::TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure,
                  std::uint16_t server_port) noexcept {
  if (departure.kind == engine::Departure::Kind::routed) {
    address_routed(out, departure);
    out.data = {buffer.payload().data(), payload_size};
    out.message.msg_iov = &out.data;
    out.message.msg_iovlen = 1;
    return;
  }
  out.message = {};
  out.by_packet = true;
  static constexpr wire::MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const bool broadcast = departure.kind == engine::Departure::Kind::link_broadcast;
  const wire::MacAddress to = broadcast ? kBroadcast : departure.mac;
  const Ipv4 from = departure.from.is_zero() ? departure.interface->address : departure.from;
  const std::size_t size =
      wire::write_ethernet_udp({buffer.frame, worker::TransmitBuffer::kHeadroom + payload_size}, to, departure.interface->mac, from,
                               departure.to, server_port, departure.port, payload_size);
  out.link = {};
  out.link.sll_family = AF_PACKET;
  out.link.sll_protocol = htons(ETH_P_IP);
  out.link.sll_ifindex = static_cast<int>(departure.interface->index);
  out.link.sll_halen = 6;
  std::copy(to.begin(), to.end(), out.link.sll_addr);
  out.message.msg_name = &out.link;
  out.message.msg_namelen = sizeof out.link;
  out.data = {buffer.frame, size};
  out.message.msg_iov = &out.data;
  out.message.msg_iovlen = 1;
}

}  // namespace coaxd::io
