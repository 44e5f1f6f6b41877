// ceiling.cc: two servers that do nothing, so that a real server's figure also stands as a share of what kernel and generator
// allow. Both are plain recvmmsg/sendmmsg on one thread.
//   null: answers DISCOVER and REQUEST from an array indexed by the low octets of the MAC; no options logic, no store.
//   echo: sends every datagram back as it came (coaxstorm cannot read that; it is for plain packet counters).
// Usage: ceiling null|echo FIRST-ADDRESS SERVER-ADDRESS; serves UDP port 67 until killed.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/wire/option_table.h"

namespace {

using namespace coaxd;
namespace option = wire::option;

constexpr std::size_t kBatch = 64, kRoom = 1536, kHeader = 240;
constexpr int kSocketBuffer = 16 << 20;
constexpr std::uint32_t kClients = 1 << 24;

struct Batch {
  std::array<std::array<std::uint8_t, kRoom>, kBatch> octets;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> peers;
  std::array<mmsghdr, kBatch> messages{};

  // Every header to its own buffer, with all its room.
  void reset() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {octets[i].data(), kRoom};
      messages[i].msg_hdr = {.msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &vectors[i], .msg_iovlen = 1,
                             .msg_control = nullptr, .msg_controllen = 0, .msg_flags = 0};
    }
  }
};

class NullResponder {
 public:
  NullResponder(Ipv4 first, Ipv4 server) : first_(first), server_(server), assigned_(kClients) {}

  // Turns the query into its reply in place; returns the new size, 0 for no reply.
  std::size_t answer(std::uint8_t* packet, std::size_t size) {
    if (size < kHeader) return 0;
    std::uint8_t type = 0;
    std::array<std::uint8_t, 257> agent{};
    std::size_t agent_size = 0;
    for (std::size_t at = kHeader; at + 1 < size && packet[at] != option::end; at += 2u + packet[at + 1]) {
      if (packet[at] == option::message_type) type = packet[at + 2];
      if (packet[at] != option::relay_agent_information || at + 2u + packet[at + 1] > size) continue;
      agent_size = 2u + packet[at + 1];
      std::memcpy(agent.data(), packet + at, agent_size);
    }
    if (type != 1 && type != 3) return 0;
    packet[0] = 2;
    packet[3] = 0;
    std::uint32_t& address = assigned_[load_be32(packet + 30) & (kClients - 1)];
    if (address == 0) address = first_.value + next_++;
    store_be32(packet + 16, address);
    std::uint8_t* out = packet + kHeader;
    const auto put = [&](std::uint8_t code, std::uint32_t value) {
      out[0] = code;
      out[1] = 4;
      store_be32(out + 2, value);
      out += 6;
    };
    *out++ = option::message_type;
    *out++ = 1;
    *out++ = type == 1 ? 2 : 5;
    put(option::server_identifier, server_.value);
    put(option::lease_time, 86400);
    put(option::subnet_mask, 0xffe00000);
    put(option::routers, server_.value);
    put(option::domain_name_servers, server_.value);
    std::memcpy(out, agent.data(), agent_size);
    out += agent_size;
    *out++ = option::end;
    return static_cast<std::size_t>(out - packet);
  }

 private:
  Ipv4 first_, server_;
  std::uint32_t next_ = 0;
  std::vector<std::uint32_t> assigned_;
};

int open_socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(67);
  for (const int name : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
    setsockopt(fd, SOL_SOCKET, name, &kSocketBuffer, sizeof kSocketBuffer);
  }
  return fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0 ? fd : -1;
}

template <typename Answer>
int serve(int fd, Answer answer) {
  static Batch batch;
  while (true) {
    batch.reset();
    const int got = recvmmsg(fd, batch.messages.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (got < 0 && errno != EINTR) return 1;
    unsigned replies = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(got, 0)); ++i) {
      const std::size_t size = answer(batch.octets[i].data(), batch.messages[i].msg_len);
      if (size == 0) continue;
      batch.vectors[i].iov_len = size;
      std::swap(batch.messages[replies++].msg_hdr, batch.messages[i].msg_hdr);
    }
    for (unsigned done = 0; done < replies;) {
      const int sent = sendmmsg(fd, &batch.messages[done], replies - done, 0);
      done += sent > 0 ? static_cast<unsigned>(sent) : 1;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto first = argc == 4 ? Ipv4::parse(argv[2]) : std::nullopt;
  const auto server = argc == 4 ? Ipv4::parse(argv[3]) : std::nullopt;
  if (!first || !server) {
    fmt::print(stderr, "usage: ceiling null|echo FIRST-ADDRESS SERVER-ADDRESS\n");
    return 1;
  }
  const int fd = open_socket();
  if (fd < 0) {
    fmt::print(stderr, "ceiling: port 67: {}\n", std::strerror(errno));
    return 1;
  }
  if (std::string_view{argv[1]} == "echo") return serve(fd, [](std::uint8_t*, std::size_t size) { return size; });
  NullResponder responder{*first, *server};
  return serve(fd, [&](std::uint8_t* packet, std::size_t size) { return responder.answer(packet, size); });
}
