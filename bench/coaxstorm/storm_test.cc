// The whole generator against a server of a few lines on the loopback, which a test can make misbehave.
#include "bench/coaxstorm/storm.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <thread>

#include "bench/coaxstorm/mac.h"
#include "bench/coaxstorm/report.h"
#include "server/wire/test_packet.h"

namespace coaxd::storm {
namespace {

using wire::MessageType;
using wire::TestPacket;

constexpr Ipv4 kLoopback = Ipv4::of(127, 0, 0, 1);

// Answers every DISCOVER and REQUEST; the address is the low octets of the MAC.
class TinyServer {
 public:
  using Muddle = std::function<bool(const wire::Message& query, Ipv4& yiaddr)>;  // false: no answer

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
    packet.cookie().add(53, {static_cast<std::uint8_t>(query.type() == MessageType::discover ? 2 : 5)});
    return packet.add(54, {127, 0, 0, 1}).add(51, {0, 0, 14, 16}).add(82, query.relay_agent_info().raw()).end();
  }

  Muddle muddle_;
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// All the parts of a run.
struct Rig {
  explicit Rig(std::uint32_t clients, TinyServer::Muddle muddle = [](const auto&, Ipv4&) { return true; },
               Trains trains = Trains::always)
      : server(std::move(muddle)),
        population({.clients = clients, .first_mac = 0x02c0a0000000, .relays = {kLoopback}}, nullptr),
        templates(QueryStyle{}),
        timeouts(clients, 20'000'000),
        relay(*Endpoint::open({kLoopback, 0}, {kLoopback, server.port()}, trains)),
        storm({population, templates, timeouts, relay, nullptr, nullptr}, 6, false) {}

  TinyServer server;
  Population population;
  QueryTemplates templates;
  Timeouts timeouts;
  Endpoint relay;
  Storm storm;
};

TEST(Storm, EveryClientGetsALease) {
  Rig rig{500};
  const Figures figures = rig.storm.run({.window = 16}, {});
  EXPECT_EQ(figures.completed, 500u);
  EXPECT_EQ(figures.begun, 500u);
  EXPECT_EQ(figures.gave_up + figures.refused + figures.unfinished, 0u);
  EXPECT_EQ(figures.exchange.count(), figures.measured);
  EXPECT_EQ(rig.population.leases(), 500u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, RenewsAndReleases) {
  Rig rig{50};
  rig.storm.run({}, {});
  const Figures renewed =
      rig.storm.run({.exchange = ExchangeKind::renew, .order = Order::random, .window = 8, .count = 300}, {});
  EXPECT_EQ(renewed.completed, 300u);
  EXPECT_EQ(renewed.offer.count(), 0u);
  const Figures released =
      rig.storm.run({.exchange = ExchangeKind::release, .order = Order::round, .window = 8, .count = 100}, {});
  EXPECT_EQ(released.completed, 100u);
  EXPECT_EQ(rig.population.leases(), 0u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, AnOpenLoopBeginsWhatIsDue) {
  Rig rig{200};
  const Figures figures = rig.storm.run({.rate = 2000, .count = 150}, {});
  EXPECT_EQ(figures.begun, 150u);
  EXPECT_EQ(figures.completed, 150u);
}

// The first transmission of every DISCOVER is lost.
TEST(Rfc2131_4_1_Retransmission, OvercomesLoss) {
  std::map<std::uint64_t, int> seen;
  Rig rig{40, [&](const wire::Message& query, Ipv4&) {
            return query.type() != MessageType::discover || seen[load_mac(query.chaddr().data())]++ > 0;
          }};
  const Figures figures = rig.storm.run({.window = 40}, {});
  EXPECT_EQ(figures.completed, 40u);
  EXPECT_GE(figures.sent_again, 40u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, GivesUpOnASilentServer) {
  Rig rig{5, [](const auto&, Ipv4&) { return false; }};
  const Figures figures = rig.storm.run({}, {});
  EXPECT_EQ(figures.gave_up, 5u);
  EXPECT_EQ(figures.sent_again, 25u);
  EXPECT_EQ(figures.completed, 0u);
}

TEST(Storm, FindsAnAddressGivenTwice) {
  Rig rig{10, [](const auto&, Ipv4& yiaddr) {
            yiaddr.value &= ~1u;
            return true;
          }};
  rig.storm.run({.window = 1}, {});
  EXPECT_EQ(rig.population.violations()[static_cast<std::size_t>(Violation::duplicate_address)], 5u);
}

TEST(Storm, StopsWhenTold) {
  Rig rig{10};
  rig.storm.stop();
  const Figures figures = rig.storm.run({.exchange = ExchangeKind::release, .order = Order::round}, {});
  EXPECT_EQ(figures.begun, 0u);
}

TEST(Report, NamesWhatWasViolated) {
  Result result;
  result.mode = "dora";
  EXPECT_EQ(to_text(result).find("VIOLATED"), std::string::npos);
  EXPECT_NE(to_json(result).find("\"violations\": {}"), std::string::npos);
  result.violations[static_cast<std::size_t>(Violation::duplicate_address)] = 3;
  EXPECT_NE(to_text(result).find("VIOLATED 3 times"), std::string::npos);
  EXPECT_NE(to_json(result).find("\"duplicate-address\": 3"), std::string::npos);
}

}  // namespace
}  // namespace coaxd::storm
