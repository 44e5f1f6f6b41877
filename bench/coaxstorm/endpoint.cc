#include "bench/coaxstorm/endpoint.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bench/coaxstorm/route.h"
#include "bench/coaxstorm/send_batch.h"

namespace coaxd::storm {
namespace {

constexpr int kSocketBuffer = 16 << 20;  // a server's whole batch of held-back ACKs may arrive at once

bool set_option(int fd, int level, int name, int value) noexcept {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

std::unexpected<std::string> refused(std::string_view what) { return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno))); }

}  // namespace

struct Endpoint::State {
  State(int socket, const sockaddr_in& server, bool names_source, bool trains, bool tells_ways)
      : fd(socket), out(server, names_source, trains), in(tells_ways) {}
  ~State() { close(fd); }

  int fd;
  SendBatch out;
  ReceiveBatch in;
};
static_assert(Endpoint::kBatch == SendBatch::kDatagrams && Endpoint::kSendRoom == SendBatch::kRoom);

std::expected<Endpoint, std::string> Endpoint::open(SocketAddress local, SocketAddress server, Trains trains) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused("socket");
  // A kernel that knows no trains would send one as a single fragmented datagram.
  const bool wanted = trains == Trains::always || (trains == Trains::on_cards && leaves_by_card(server.address));
  const bool in_trains = wanted && set_option(fd, IPPROTO_UDP, UDP_SEGMENT, 0) && set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
  return bind_to(local, std::make_unique<State>(fd, to_sockaddr(server), local.address.is_zero(), in_trains, false));
}

std::expected<Endpoint, std::string> Endpoint::open_to_all(SocketAddress local) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused("socket");
  set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
  return bind_to(local, std::make_unique<State>(fd, sockaddr_in{}, local.address.is_zero(), false, true));
}

std::expected<Endpoint, std::string> Endpoint::bind_to(SocketAddress local, std::unique_ptr<State> state) {
  const int fd = state->fd;
  // Without CAP_NET_ADMIN the buffers stay at net.core.[rw]mem_max, which only costs retransmissions.
  for (const int name : {SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
    set_option(fd, SOL_SOCKET, name, kSocketBuffer);
  }
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
  set_option(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
  set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);  // nothing here is long enough to be cut, and an identification for it costs the kernel two per cent
  const sockaddr_in address = to_sockaddr(local);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return refused(fmt::format("bind {}:{}", to_string(local.address), local.port));
  }
  return Endpoint{std::move(state)};
}

Endpoint::Endpoint(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;
Endpoint::~Endpoint() = default;

std::uint8_t* Endpoint::reserve() noexcept {
  if (state_->out.full()) flush();
  return state_->out.room();
}

void Endpoint::commit(std::size_t size, Ipv4 from) noexcept { state_->out.add(size, from); }
void Endpoint::commit(std::size_t size, Ipv4 from, SocketAddress to) noexcept { state_->out.add(size, from, to); }
void Endpoint::flush() noexcept { state_->out.flush(state_->fd); }
std::span<const Bytes> Endpoint::receive() noexcept { return state_->in.receive(state_->fd); }
const ReceiveBatch::Way& Endpoint::way(std::size_t datagram) const noexcept { return state_->in.way(datagram); }

int Endpoint::fd() const noexcept { return state_->fd; }
bool Endpoint::uses_trains() const noexcept { return state_->out.uses_trains(); }
std::uint64_t Endpoint::sent() const noexcept { return state_->out.sent(); }
std::uint64_t Endpoint::received() const noexcept { return state_->in.received(); }
std::uint64_t Endpoint::send_errors() const noexcept { return state_->out.errors(); }
std::uint64_t Endpoint::receive_drops() const noexcept { return state_->in.drops(); }

}  // namespace coaxd::storm
