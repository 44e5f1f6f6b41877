// test_server.h: a DHCP server of a few lines on the loopback, with a thread of its own, which a test can make misbehave, and one of files; and all the
// parts of a run against them.
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

// A socket that its owner's thread reads, until it is stopped.
class TinySocket {
 public:
  TinySocket() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address = to_sockaddr({kLoopback, 0});
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~TinySocket() { close(fd_); }
  TinySocket(const TinySocket&) = delete;
  TinySocket& operator=(const TinySocket&) = delete;

  template <typename Take>  // (Bytes datagram, const sockaddr_in& from)
  void start(Take take) {
    thread_ = std::thread{[this, take]() mutable {
      while (!stopping_) {
        pollfd readable{fd_, POLLIN, 0};
        if (poll(&readable, 1, 20) <= 0) continue;
        std::array<std::uint8_t, 1500> room{};
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t got = recvfrom(fd_, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got >= 0) take(Bytes{room}.first(static_cast<std::size_t>(got)), from);
      }
    }};
  }
  void stop() {
    stopping_ = true;
    thread_.join();
  }
  void send(Bytes octets, const sockaddr_in& to) const { sendto(fd_, octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to); }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// Answers every DISCOVER and REQUEST; the address is the low octets of the MAC.
class TinyServer {
 public:
  // False: no answer. With yiaddr zero a REQUEST is refused.
  using Muddle = std::function<bool(const wire::Message& query, Ipv4& yiaddr)>;

  explicit TinyServer(Muddle muddle) : muddle_(std::move(muddle)) {
    socket_.start([this](Bytes datagram, const sockaddr_in& from) { serve(datagram, from); });
  }
  ~TinyServer() { socket_.stop(); }
  std::uint16_t port() const { return socket_.port(); }
  std::uint64_t heard(MessageType type) const { return heard_[static_cast<std::size_t>(type)]; }
  // What nobody answers may still be on its way.
  bool comes_to_hear(MessageType type, std::uint64_t count) const {
    for (const std::int64_t end = monotonic_ns() + 5'000'000'000; heard(type) < count && monotonic_ns() < end;) {
      std::this_thread::yield();
    }
    return heard(type) == count;
  }

 private:
  void serve(Bytes datagram, const sockaddr_in& from) {
    if (!query_.parse(datagram)) return;
    ++heard_[static_cast<std::size_t>(query_.type())];
    if (query_.type() == MessageType::release) return;
    Ipv4 yiaddr{0x0a000000 | (load_be32(query_.chaddr().data() + 2) & 0xffffff)};
    if (!muddle_(query_, yiaddr)) return;
    const TestPacket reply = answer(query_, yiaddr);
    socket_.send(reply, from);
  }

  static TestPacket answer(const wire::Message& query, Ipv4 yiaddr) {
    TestPacket packet{2};
    const Bytes from = query.raw();
    for (std::size_t at = 4; at < 8; ++at) packet.set(at, {from[at]});
    for (std::size_t at = 24; at < 34; ++at) packet.set(at, {from[at]});
    std::array<std::uint8_t, 4> address{};
    store_be32(address.data(), yiaddr.value);
    packet.set(16, {address[0], address[1], address[2], address[3]});
    packet.set(20, {127, 0, 0, 1});
    packet.set(108, {'f'});
    const bool offers = query.type() == MessageType::discover;
    packet.cookie().add(53, {static_cast<std::uint8_t>(offers ? 2 : yiaddr.is_zero() ? 6 : 5)});
    return packet.add(54, {127, 0, 0, 1}).add(51, {0, 0, 14, 16}).add(82, query.relay_agent_info().raw()).end();
  }

  Muddle muddle_;
  wire::Message query_;
  std::array<std::atomic<std::uint64_t>, 20> heard_{};
  TinySocket socket_;
};

// Any file is 100 octets, one block; every `loses`th request is lost.
class TinyFiles {
 public:
  explicit TinyFiles(unsigned loses) {
    socket_.start([this, loses, asked = 0u](Bytes datagram, const sockaddr_in& from) mutable {
      const auto packet = tftp::parse(datagram);
      if (!packet || packet->opcode != tftp::Opcode::rrq || ++asked % loses == 0) return;
      std::array<std::uint8_t, tftp::kHeaderSize + 100> data{};
      tftp::write_data_header(data, 1);
      socket_.send(data, from);
    });
  }
  ~TinyFiles() { socket_.stop(); }
  std::uint16_t port() const { return socket_.port(); }

 private:
  TinySocket socket_;
};

// Addresses of the loopback, so that nobody needs rights to be a host that has one.
inline bool on_loopback(const wire::Message&, Ipv4& yiaddr) {
  yiaddr.value = 0x7f010000 | (yiaddr.value & 0xffff);
  return true;
}

// All the parts of a run.
struct Rig {
  explicit Rig(std::uint32_t clients, TinyServer::Muddle muddle = [](const auto&, Ipv4&) { return true; },
               Trains trains = Trains::always, BackOff back_off = {.first_ns = 20'000'000})
      : server(std::move(muddle)),
        population({.clients = clients, .first_mac = 0x02c0a0000000, .relays = {kLoopback}}, nullptr),
        templates(QueryStyle{}),
        timeouts(clients, back_off),
        relay(*Endpoint::open({kLoopback, 0}, {kLoopback, server.port()}, trains)),
        storm({population, templates, timeouts, &relay, nullptr, nullptr}, 6, false) {}

  TinyServer server;
  Population population;
  QueryTemplates templates;
  Timeouts timeouts;
  Endpoint relay;
  Storm storm;
};

// And what comes after the ACK.
struct BootRig : Rig {
  explicit BootRig(std::uint32_t clients, std::uint32_t places)
      : Rig(clients, on_loopback),
        boots({.file = true, .patient = true, .tftp_port = files.port(), .places = places, .back_off = {.first_ns = 10'000'000, .doublings = 5}},
              population, hosts),
        storm({population, templates, timeouts, &relay, nullptr, nullptr, &boots, Ipv4::of(127, 2, 0, 0), names}, 6, false) {}

  std::array<BootFile, 2> names{{{.server = kLoopback, .time_server = {}, .name = "a"}, {.server = kLoopback, .time_server = {}, .name = "b"}}};
  TinyFiles files{20};
  Endpoint hosts = *Endpoint::open_to_all({});
  Boots boots;
  Storm storm;
};

}  // namespace coaxd::storm
