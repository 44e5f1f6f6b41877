#include "bench/coaxstorm/endpoint.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coaxd::storm {
namespace {

constexpr std::size_t kReceiveRoom = 1536;
constexpr int kSocketBuffer = 16 << 20;  // a server's whole batch of held-back ACKs may arrive at once

sockaddr_in to_sockaddr(SocketAddress from) noexcept {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(from.address.value);
  result.sin_port = htons(from.port);
  return result;
}

void set_option(int fd, int level, int name, int value) noexcept {
  setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

struct Endpoint::State {
  ~State() {
    if (fd >= 0) close(fd);
  }

  int fd = -1;
  bool chooses_source = false;
  sockaddr_in server{};
  std::size_t queued = 0;
  std::uint64_t sent = 0, received = 0, send_errors = 0;
  std::uint32_t drops = 0;

  using ControlRoom = std::array<char, CMSG_SPACE(sizeof(in_pktinfo))>;
  std::array<std::array<std::uint8_t, kSendRoom>, kBatch> out;
  std::array<iovec, kBatch> out_vectors;
  alignas(cmsghdr) std::array<ControlRoom, kBatch> out_control;
  std::array<mmsghdr, kBatch> out_messages;

  std::array<std::array<std::uint8_t, kReceiveRoom>, kBatch> in;
  std::array<iovec, kBatch> in_vectors;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> drop_control;
  std::array<mmsghdr, kBatch> in_messages;
  std::array<Bytes, kBatch> arrived;

  void prepare_messages() noexcept;
  void read_drops(msghdr& header) noexcept;
};

void Endpoint::State::prepare_messages() noexcept {
  for (std::size_t i = 0; i < kBatch; ++i) {
    out_vectors[i] = {out[i].data(), 0};
    out_messages[i] = {};
    msghdr& header = out_messages[i].msg_hdr;
    header.msg_name = &server;
    header.msg_namelen = sizeof server;
    header.msg_iov = &out_vectors[i];
    header.msg_iovlen = 1;
    if (chooses_source) {
      header.msg_control = out_control[i].data();
      header.msg_controllen = out_control[i].size();
      cmsghdr* control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = IPPROTO_IP;
      control->cmsg_type = IP_PKTINFO;
      control->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
      std::memset(CMSG_DATA(control), 0, sizeof(in_pktinfo));
    }
    in_vectors[i] = {in[i].data(), kReceiveRoom};
    in_messages[i] = {};
    in_messages[i].msg_hdr.msg_iov = &in_vectors[i];
    in_messages[i].msg_hdr.msg_iovlen = 1;
  }
}

std::expected<Endpoint, std::string> Endpoint::open(SocketAddress local, SocketAddress server) {
  auto state = std::make_unique<State>();
  state->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto refused = [](std::string_view what) {
    return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
  };
  if (state->fd < 0) return refused("socket");
  state->server = to_sockaddr(server);
  state->chooses_source = local.address.is_zero();
  // Without CAP_NET_ADMIN the buffers stay at net.core.[rw]mem_max, which only costs retransmissions.
  for (const int name : {SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
    set_option(state->fd, SOL_SOCKET, name, kSocketBuffer);
  }
  set_option(state->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  set_option(state->fd, IPPROTO_IP, IP_FREEBIND, 1);
  set_option(state->fd, IPPROTO_IP, IP_TRANSPARENT, 1);
  const sockaddr_in address = to_sockaddr(local);
  if (bind(state->fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return refused(fmt::format("bind {}:{}", to_string(local.address), local.port));
  }
  state->prepare_messages();
  return Endpoint{std::move(state)};
}

Endpoint::Endpoint(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;
Endpoint::~Endpoint() = default;

std::uint8_t* Endpoint::reserve() noexcept {
  if (state_->queued == kBatch) flush();
  return state_->out[state_->queued].data();
}

void Endpoint::commit(std::size_t size, Ipv4 from) noexcept {
  State& state = *state_;
  state.out_vectors[state.queued].iov_len = size;
  if (state.chooses_source) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(from.value);
    std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&state.out_messages[state.queued].msg_hdr)), &info, sizeof info);
  }
  ++state.queued;
}

void Endpoint::flush() noexcept {
  State& state = *state_;
  for (std::size_t done = 0; done < state.queued;) {
    const int count = sendmmsg(state.fd, &state.out_messages[done],
                               static_cast<unsigned>(state.queued - done), 0);
    if (count > 0) {
      state.sent += static_cast<std::uint64_t>(count);
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      ++state.send_errors;  // this one is lost, like on a wire; the next may pass
      ++done;
    }
  }
  state.queued = 0;
}

void Endpoint::State::read_drops(msghdr& header) noexcept {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&drops, CMSG_DATA(control), sizeof drops);
    }
  }
}

std::span<const Bytes> Endpoint::receive() noexcept {
  State& state = *state_;
  // The count of drops only grows, so one message of a batch that carries it is enough.
  msghdr& first = state.in_messages[0].msg_hdr;
  first.msg_control = state.drop_control.data();
  first.msg_controllen = state.drop_control.size();
  const int count = recvmmsg(state.fd, state.in_messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count <= 0) return {};
  const auto arrived = static_cast<std::size_t>(count);
  state.read_drops(first);
  state.received += arrived;
  for (std::size_t i = 0; i < arrived; ++i) {
    state.arrived[i] = {state.in[i].data(), state.in_messages[i].msg_len};
  }
  return {state.arrived.data(), arrived};
}

int Endpoint::fd() const noexcept { return state_->fd; }
std::uint64_t Endpoint::sent() const noexcept { return state_->sent; }
std::uint64_t Endpoint::received() const noexcept { return state_->received; }
std::uint64_t Endpoint::send_errors() const noexcept { return state_->send_errors; }
std::uint64_t Endpoint::receive_drops() const noexcept { return state_->drops; }

}  // namespace coaxd::storm
