// test_server.h: a DHCP server of a few lines on the loopback, with a thread of its own, which a test can make misbehave; and all the parts
// of a run against it.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <thread>

#include "bench/coaxstorm/storm.h"
#include "server/wire/message.h"
#include "server/wire/test_packet.h"

namespace coaxd::storm {

using wire::MessageType;
using wire::TestPacket;

inline constexpr Ipv4 kLoopback = Ipv4::of(127, 0, 0, 1);

// Answers every DISCOVER and REQUEST; the address is the low octets of the MAC.
class TinyServer {
 public:
  // False: no answer. With yiaddr zero a REQUEST is refused.
  using Muddle = std::function<bool(const wire::Message& query, Ipv4& yiaddr)>;

  explicit TinyServer(Muddle muddle) : muddle_(std::move(muddle)), fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(kLoopback.value);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~TinyServer() {
    stopping_ = true;
    thread_.join();
    close(fd_);
  }
  std::uint16_t port() const { return port_; }
  std::uint64_t heard(MessageType type) const { return heard_[static_cast<std::size_t>(type)]; }
  // What nobody answers may still be on its way.
  bool comes_to_hear(MessageType type, std::uint64_t count) const {
    for (const std::int64_t end = monotonic_ns() + 5'000'000'000; heard(type) < count && monotonic_ns() < end;) {
      std::this_thread::yield();
    }
    return heard(type) == count;
  }

 private:
  void serve() {
    wire::Message query;
    while (!stopping_) {
      pollfd readable{fd_, POLLIN, 0};
      if (poll(&readable, 1, 20) <= 0) continue;
      std::array<std::uint8_t, 1500> room{};
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(fd_, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0 || !query.parse({room.data(), static_cast<std::size_t>(got)})) continue;
      ++heard_[static_cast<std::size_t>(query.type())];
      if (query.type() == MessageType::release) continue;
      Ipv4 yiaddr{0x0a000000 | (load_be32(query.chaddr().data() + 2) & 0xffffff)};
      if (!muddle_(query, yiaddr)) continue;
      const TestPacket reply = answer(query, yiaddr);
      const Bytes octets = reply;
      sendto(fd_, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  static TestPacket answer(const wire::Message& query, Ipv4 yiaddr) {
    TestPacket packet{2};
    const Bytes from = query.raw();
    for (std::size_t at = 4; at < 8; ++at) packet.set(at, {from[at]});
    for (std::size_t at = 24; at < 34; ++at) packet.set(at, {from[at]});
    std::array<std::uint8_t, 4> address{};
    store_be32(address.data(), yiaddr.value);
    packet.set(16, {address[0], address[1], address[2], address[3]});
    const bool offers = query.type() == MessageType::discover;
    packet.cookie().add(53, {static_cast<std::uint8_t>(offers ? 2 : yiaddr.is_zero() ? 6 : 5)});
    return packet.add(54, {127, 0, 0, 1}).add(51, {0, 0, 14, 16}).add(82, query.relay_agent_info().raw()).end();
  }

  Muddle muddle_;
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::array<std::atomic<std::uint64_t>, 20> heard_{};
  std::thread thread_;
};

// All the parts of a run.
struct Rig {
  explicit Rig(std::uint32_t clients, TinyServer::Muddle muddle = [](const auto&, Ipv4&) { return true; },
               Trains trains = Trains::always, BackOff back_off = {.first_ns = 20'000'000})
      : server(std::move(muddle)),
        population({.clients = clients, .first_mac = 0x02c0a0000000, .relays = {kLoopback}}, nullptr),
        templates(QueryStyle{}),
        timeouts(clients, back_off),
        relay(*Endpoint::open({kLoopback, 0}, {kLoopback, server.port()}, trains)),
        storm({population, templates, timeouts, relay, nullptr, nullptr}, 6, false) {}

  TinyServer server;
  Population population;
  QueryTemplates templates;
  Timeouts timeouts;
  Endpoint relay;
  Storm storm;
};

}  // namespace coaxd::storm
