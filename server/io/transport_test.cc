// Both transports against the kernel's own network, in a namespace that the test made: what one does the other must do.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/io/asio_transport.h"
#include "server/io/clock.h"
#include "server/io/uring_transport.h"
#include "server/wire/frame.h"
#include "server/worker/worker.h"

namespace coaxd::io {
namespace {

constexpr std::uint16_t kPort = 6767;
constexpr std::int64_t kSecond = 1'000'000'000;

// A namespace with a cable: `srv` (10.0.0.1/24, and 10.0.0.9 as a VIP) is the server's end, `cli` (10.0.0.2/24) the other one.
class Network {
 public:
  static const char* why_not() {
    static const char* const reason = make();
    return reason;
  }
  static int index(const char* name) { return static_cast<int>(if_nametoindex(name)); }

 private:
  static const char* make() {
    if (unshare(CLONE_NEWNET) != 0) return "cannot make a network namespace (needs root)";
    // Both ends in one namespace would answer each other locally: the client's end has no address and is used by packet socket only, but for
    // routed packets, which go over lo.
    for (const char* command : {"ip link set lo up", "ip link add srv address 02:00:00:00:00:01 type veth peer name cli address 02:00:00:00:00:02",
                                "ip addr add 10.0.0.1/24 dev srv", "ip addr add 10.0.0.9/24 dev srv", "ip link set srv up", "ip link set cli up"})
      if (std::system(command) != 0) return "ip(8) could not make the test network";  // NOLINT(concurrency-mt-unsafe): one thread so far
    return nullptr;
  }
};

struct Recorder final : worker::Handler {
  struct Datagram {
    std::vector<std::uint8_t> payload;
    engine::Arrival arrival;
  };
  std::vector<Datagram> datagrams;
  std::vector<engine::DropReason> discards;
  std::vector<std::uint16_t> echoes;
  std::map<std::uint64_t, int> disk;
  int send_failures = 0;
  struct Service {
    std::vector<std::uint8_t> payload;
    tftp::Arrival arrival;
  };
  std::vector<Service> services;
  int service_failures = 0;

  void on_datagram(Bytes payload, const engine::Arrival& arrival) override {
    datagrams.push_back({{payload.begin(), payload.end()}, arrival});
  }
  void on_discarded(engine::DropReason reason) override { discards.push_back(reason); }
  void on_echo_reply(Ipv4, std::uint16_t, std::uint16_t sequence) override { echoes.push_back(sequence); }
  void on_disk(std::uint64_t token, int result) override { disk[token] = result; }
  void on_send_failed(int) override { ++send_failures; }
  void on_service(Bytes payload, const tftp::Arrival& arrival) override { services.push_back({{payload.begin(), payload.end()}, arrival}); }
  void on_service_send_failed(int) override { ++service_failures; }
};

enum class Which : std::uint8_t { uring, asio };

class TransportTest : public testing::TestWithParam<Which> {
 protected:
  void SetUp() override {
    if (const char* why = Network::why_not()) GTEST_SKIP() << why;
    open(1);
  }

  void open(unsigned workers, bool link_clients = true) {
    transports_.clear();
    sockets_.clear();
    std::vector<ScannedInterface> served;
    const auto scanned = scan_interfaces();
    ASSERT_TRUE(scanned);
    for (const auto& one : *scanned)
      if (one.name == "srv" || one.name == "lo") served.push_back(one);
    interfaces_.publish(served);
    auto opened = open_sockets({.workers = workers, .port = kPort, .steering_seed = 0x1234567, .packet_sockets = link_clients});
    ASSERT_TRUE(opened) << opened.error().message;
    sockets_ = std::move(*opened);
    service_options_.workers = workers;
    auto services = open_service_sockets(service_options_);
    ASSERT_TRUE(services) << services.error().message;
    for (std::size_t i = 0; i < workers; ++i) sockets_[i].services = std::move((*services)[i]);
    for (WorkerSockets& one : sockets_) {
      std::unique_ptr<worker::Transport> made;
      if (GetParam() == Which::uring) {
        int error = 0;
        made = make_uring_transport(one, interfaces_, {.port = kPort, .transmit_buffers = transmit_buffers_, .trains = trains_}, error);
        ASSERT_NE(made, nullptr) << "io_uring: " << std::strerror(error);
      } else {
        made = make_asio_transport(one, interfaces_, {.port = kPort, .transmit_buffers = transmit_buffers_});
      }
      transports_.push_back(std::move(made));
    }
  }

  worker::Transport& transport() { return *transports_.front(); }

  // Turns until `done`, or fails after five seconds.
  void turn_until(worker::Transport& transport, const std::function<bool()>& done) {
    const std::int64_t limit = read_monotonic_ns() + 5 * kSecond;
    while (!done() && read_monotonic_ns() < limit) {
      transport.wait(recorder_, read_monotonic_ns() + kSecond / 20, worker::Transport::Intake::everything);
      transport.flush();
    }
    ASSERT_TRUE(done());
  }

  static int udp_client(std::uint16_t& port, Ipv4 own = {INADDR_LOOPBACK}) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(own.value);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
  }

  static void send_to(int fd, Ipv4 to, const std::vector<std::uint8_t>& payload, std::uint16_t port = kPort) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(to.value);
    ASSERT_EQ(sendto(fd, payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof address),
              static_cast<ssize_t>(payload.size()));
  }

  static int link_client(const char* interface = "cli", int type = SOCK_RAW) {
    const int fd = socket(AF_PACKET, type | SOCK_CLOEXEC, htons(ETH_P_IP));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_IP);
    address.sll_ifindex = Network::index(interface);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int ignore = 1;
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof ignore);
    return fd;
  }

  // A client's broadcast as it leaves a machine without an address.
  static void broadcast(int fd, const std::vector<std::uint8_t>& payload, Ipv4 to = Ipv4{0xffffffff}, std::uint16_t port = kPort) {
    std::vector<std::uint8_t> frame(wire::kFrameOverhead + payload.size());
    std::copy(payload.begin(), payload.end(), frame.begin() + wire::kFrameOverhead);
    wire::write_ethernet_udp(frame, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {2, 0, 0, 0, 0, 2}, Ipv4{}, to, 68, port, payload.size());
    ASSERT_EQ(send(fd, frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
  }

  // Enough of a DHCP message for steering: chaddr stands at 28.
  static std::vector<std::uint8_t> packet(std::uint8_t mark, std::uint32_t client = 1) {
    std::vector<std::uint8_t> bytes(300, mark);
    store_be32(&bytes[28], client * 2654435761u);
    store_be16(&bytes[32], static_cast<std::uint16_t>(client));
    return bytes;
  }

  static std::vector<std::uint8_t> typed_packet(std::uint8_t type, std::uint8_t mark = 0, std::uint32_t client = 1) {
    std::vector<std::uint8_t> bytes = packet(mark, client);
    const std::uint8_t option[] = {53, 1, type, 255};
    std::ranges::copy(option, bytes.begin() + 240);
    return bytes;
  }

  // At least, each of two workers.
  void both_have_a_quarter_of(std::size_t datagrams) {
    std::size_t first = 0;
    turn_until(*transports_[0], [&] {
      first = recorder_.datagrams.size();
      return first >= datagrams / 4;
    });
    turn_until(*transports_[1], [&] { return recorder_.datagrams.size() - first >= datagrams / 4; });
  }

  config::ReplyTrains trains_ = config::ReplyTrains::always;
  std::size_t transmit_buffers_ = 64;
  ServiceOptions service_options_;
  InterfaceTable interfaces_;
  std::vector<WorkerSockets> sockets_;
  std::vector<std::unique_ptr<worker::Transport>> transports_;
  Recorder recorder_;
};

TEST_P(TransportTest, RelayedUnicastComesAndTheReplyLeavesFromTheAddressAsked) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  send_to(client, Ipv4::of(10, 0, 0, 9), packet(7));
  turn_until(transport(), [&] { return recorder_.datagrams.size() == 1; });
  const auto& got = recorder_.datagrams.front();
  EXPECT_EQ(got.payload, packet(7));
  EXPECT_EQ(got.arrival.destination, Ipv4::of(10, 0, 0, 9));
  EXPECT_EQ(got.arrival.source_port, port);
  EXPECT_FALSE(got.arrival.from_link);

  const worker::TransmitBuffer buffer = transport().take();
  ASSERT_TRUE(buffer);
  std::fill_n(buffer.payload().begin(), 300, std::uint8_t{9});
  engine::Departure departure;
  departure.to = got.arrival.source;
  departure.port = port;
  departure.from = got.arrival.destination;
  departure.interface = got.arrival.interface;
  transport().send(buffer, 300, departure);
  transport().flush();
  std::uint8_t reply[512];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  ASSERT_EQ(recvfrom(client, reply, sizeof reply, 0, reinterpret_cast<sockaddr*>(&from), &size), 300);
  EXPECT_EQ(ntohl(from.sin_addr.s_addr), Ipv4::of(10, 0, 0, 9).value);
  EXPECT_EQ(ntohs(from.sin_port), kPort);
  close(client);
}

// RFC 2131 §4.1: a client without an address broadcasts, and is answered before it can do ARP.
TEST_P(TransportTest, BroadcastOnTheLinkIsHeardOnceAndAnsweredByFrame) {
  const int client = link_client();
  broadcast(client, packet(3));
  turn_until(transport(), [&] { return !recorder_.datagrams.empty(); });
  for (int i = 0; i < 3; ++i) transport().wait(recorder_, read_monotonic_ns() + kSecond / 50, worker::Transport::Intake::everything);
  ASSERT_EQ(recorder_.datagrams.size(), 1u) << "the UDP socket must leave broadcasts to the packet socket";
  const auto& got = recorder_.datagrams.front();
  EXPECT_TRUE(got.arrival.from_link);
  EXPECT_EQ(got.arrival.interface->name, "srv");
  EXPECT_EQ(got.arrival.interface->address, Ipv4::of(10, 0, 0, 1));
  EXPECT_EQ(got.payload, packet(3));

  const worker::TransmitBuffer buffer = transport().take();
  std::fill_n(buffer.payload().begin(), 300, std::uint8_t{5});
  engine::Departure departure;
  departure.kind = engine::Departure::Kind::link_unicast;
  departure.to = Ipv4::of(10, 0, 0, 77);
  departure.port = 68;
  departure.mac = {2, 0, 0, 0, 0, 2};
  departure.interface = got.arrival.interface;
  transport().send(buffer, 300, departure);
  transport().flush();
  std::uint8_t frame[1600];
  for (;;) {
    const ssize_t size = recv(client, frame, sizeof frame, 0);
    ASSERT_GT(size, 0);
    const auto datagram = wire::parse_ethernet_udp({frame, static_cast<std::size_t>(size)}, true);
    if (!datagram || datagram->destination_port != 68) continue;
    EXPECT_EQ(datagram->destination, Ipv4::of(10, 0, 0, 77));
    EXPECT_EQ(datagram->source, Ipv4::of(10, 0, 0, 1));
    EXPECT_EQ(datagram->source_port, kPort);
    EXPECT_EQ(datagram->payload.size(), 300u);
    break;
  }
  close(client);
}

// A relay's helper address may be the servers' subnet, so that both of a pair hear it (10.0.0.255). The reply must leave from an
// address: the kernel sends nothing from a broadcast one (RFC 1122 §3.2.1.3: never a source).
TEST_P(TransportTest, Rfc1122_3_2_1_3_WhatCameToADirectedBroadcastIsAnsweredFromAnAddress) {
  const int link = link_client();
  broadcast(link, packet(4), Ipv4::of(10, 0, 0, 255));
  turn_until(transport(), [&] { return !recorder_.datagrams.empty(); });
  const engine::Arrival arrival = recorder_.datagrams.front().arrival;
  EXPECT_TRUE(arrival.from_link);
  EXPECT_EQ(arrival.destination, Ipv4{0xffffffff}) << "as arrival.h has it: no address of ours was asked";

  std::uint16_t port = 0;
  const int relay = udp_client(port);
  engine::Departure departure;  // as the engine addresses it: from the address that was asked, if one was
  departure.to = Ipv4::of(127, 0, 0, 1);
  departure.port = port;
  if (arrival.destination != Ipv4{0xffffffff}) departure.from = arrival.destination;
  departure.interface = arrival.interface;
  transport().send(transport().take(), 300, departure);
  transport().flush();
  std::uint8_t reply[512];
  const timeval patience{1, 0};
  setsockopt(relay, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  EXPECT_EQ(recv(relay, reply, sizeof reply, 0), 300);
  close(relay);
  close(link);
}

// giaddr and ciaddr are the sender's word. Who puts a broadcast address there wants his reply to reach everybody: no routed reply does.
TEST_P(TransportTest, NothingIsRoutedToABroadcastAddress) {
  transport().wait(recorder_, read_monotonic_ns(), worker::Transport::Intake::everything);
  engine::Departure departure;
  departure.port = 67;
  departure.interface = interfaces_.served().front();
  for (const Ipv4 to : {Ipv4::of(10, 0, 0, 255), Ipv4::of(127, 255, 255, 255)}) {
    recorder_.send_failures = 0;
    departure.to = to;
    transport().send(transport().take(), 300, departure);
    transport().flush();
    transport().wait(recorder_, read_monotonic_ns() + kSecond / 50, worker::Transport::Intake::everything);
    EXPECT_EQ(recorder_.send_failures, 1) << to_string(to);
  }
}

TEST_P(TransportTest, DatagramsWaitWhileOnlyCompletionsAreWanted) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  for (std::uint8_t i = 0; i < 10; ++i) send_to(client, Ipv4::of(10, 0, 0, 1), packet(i));
  for (int i = 0; i < 3; ++i) transport().wait(recorder_, read_monotonic_ns() + kSecond / 50, worker::Transport::Intake::completions);
  EXPECT_TRUE(recorder_.datagrams.empty());
  turn_until(transport(), [&] { return recorder_.datagrams.size() == 10; });
  for (std::uint8_t i = 0; i < 10; ++i) EXPECT_EQ(recorder_.datagrams[i].payload, packet(i));
  close(client);
}

// After a rest the worker gets what has come meanwhile in batches, too: all of it at once would find no place among the held replies, and
// the disk, whose completion makes places, would not be listened to.
TEST_P(TransportTest, WhatHasWaitedComesInBatchesAndInOrder) {
  constexpr std::size_t kBatch = worker::Transport::kBatch, kMany = 3 * kBatch;
  const int file = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::uint16_t port = 0;
  const int client = udp_client(port);
  for (std::size_t i = 0; i < kMany; ++i) send_to(client, Ipv4::of(10, 0, 0, 1), packet(static_cast<std::uint8_t>(i)));
  for (int i = 0; i < 10; ++i) transport().wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::completions);
  const std::vector<std::uint8_t> written = packet(0);
  transport().disk().write(file, 0, written, false, 7);
  transport().flush();
  for (std::size_t most = kBatch; recorder_.datagrams.size() < kMany; most += kBatch) {
    EXPECT_TRUE(transport().wait(recorder_, read_monotonic_ns() + kSecond, worker::Transport::Intake::everything));
    ASSERT_LE(recorder_.datagrams.size(), most);
    if (GetParam() == Which::uring) {  // Boost.Asio's disk has a thread of its own, which may be late
      EXPECT_TRUE(recorder_.disk.contains(7));
    }
    if (most == kBatch) send_to(client, Ipv4::of(10, 0, 0, 1), packet(255));
  }
  turn_until(transport(), [&] { return recorder_.datagrams.size() == kMany + 1; });
  for (std::size_t i = 0; i < kMany; ++i) ASSERT_EQ(recorder_.datagrams[i].payload, packet(static_cast<std::uint8_t>(i))) << i;
  EXPECT_EQ(recorder_.datagrams.back().payload, packet(255));
  close(client);
  close(file);
}

// udp(7), UDP_SEGMENT and UDP_GRO: a relay on a virtual machine of this host, or a card that puts together what came in a burst, hands over
// many datagrams as one. Each is still heard as what it was.
TEST_P(TransportTest, ATrainOfQueriesIsHeardAsItsDatagrams) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  struct Train {
    std::size_t each, count, last;
  };
  for (const Train train : {Train{300, 20, 300}, Train{300, 20, 17}, Train{1000, 64, 1000}, Train{1472, 44, 1}, Train{548, 1, 548}}) {
    for (const bool at_rest : {false, true}) {  // at_rest: they wait while the worker does
      recorder_.datagrams.clear();
      std::vector<std::uint8_t> octets((train.count - 1) * train.each + train.last);
      for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i / train.each + i % train.each);
      const auto each = static_cast<int>(train.each);
      ASSERT_EQ(setsockopt(client, SOL_UDP, UDP_SEGMENT, &each, sizeof each), 0);
      send_to(client, Ipv4::of(10, 0, 0, 9), octets);
      for (int i = 0; at_rest && i < 3; ++i) {
        transport().wait(recorder_, read_monotonic_ns() + kSecond / 50, worker::Transport::Intake::completions);
      }
      ASSERT_TRUE(recorder_.datagrams.empty());
      turn_until(transport(), [&] { return recorder_.datagrams.size() == train.count; });
      for (std::size_t i = 0; i < train.count; ++i) {
        const Recorder::Datagram& got = recorder_.datagrams[i];
        const std::size_t size = i + 1 == train.count ? train.last : train.each;
        ASSERT_EQ(got.payload.size(), size);
        EXPECT_TRUE(std::equal(got.payload.begin(), got.payload.end(), octets.begin() + static_cast<std::ptrdiff_t>(i * train.each)));
        EXPECT_EQ(got.arrival.destination, Ipv4::of(10, 0, 0, 9));
        EXPECT_EQ(got.arrival.source_port, port);
      }
    }
  }
  // Nothing is still a datagram, to be counted as too short by who reads it.
  recorder_.datagrams.clear();
  send_to(client, Ipv4::of(10, 0, 0, 9), {});
  turn_until(transport(), [&] { return recorder_.datagrams.size() == 1; });
  EXPECT_TRUE(recorder_.datagrams.front().payload.empty());
  close(client);
}

// Who has an address, or the offer of one, is about to lose it: his packets go before those of clients that have nothing yet. But a
// flood of them does not keep the others out.
TEST_P(TransportTest, RequestsGoBeforeDiscoversThatCameEarlier) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  constexpr std::size_t kEach = 150;
  for (std::uint8_t type : {std::uint8_t{1}, std::uint8_t{3}}) {
    for (std::size_t i = 0; i < kEach; ++i) send_to(client, Ipv4::of(10, 0, 0, 1), typed_packet(type));
  }
  const auto count = [&](std::uint8_t type) {
    return static_cast<std::size_t>(
        std::ranges::count_if(recorder_.datagrams, [&](const auto& datagram) { return datagram.payload[242] == type; }));
  };
  turn_until(transport(), [&] {
    if (count(3) < kEach) {
      EXPECT_LE(count(1), recorder_.datagrams.size() / 4);
    }
    return recorder_.datagrams.size() == 2 * kEach;
  });
  EXPECT_EQ(count(1), kEach);
  close(client);
}

// A reloaded CMTS asks for all its clients at once: that goes behind what clients ask, and is not kept out for ever.
TEST_P(TransportTest, Rfc4388_7_QueriesGoBehindAllOthers) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  constexpr std::size_t kEach = 150;
  const std::vector<std::uint8_t> types{9, 10, 13, 1, 3};
  for (const std::uint8_t type : types) {
    for (std::size_t i = 0; i < kEach; ++i) send_to(client, Ipv4::of(10, 0, 0, 1), typed_packet(type));
  }
  const auto count = [&](bool queries) {
    return static_cast<std::size_t>(std::ranges::count_if(recorder_.datagrams, [&](const auto& datagram) {
      const bool is_query = datagram.payload[242] >= 9;
      EXPECT_EQ(datagram.arrival.queue == engine::Arrival::Queue::leasequeries, is_query);
      return is_query == queries;
    }));
  };
  turn_until(transport(), [&] {
    if (count(false) < 2 * kEach) {
      EXPECT_LE(count(true), recorder_.datagrams.size() / 4);
    }
    return recorder_.datagrams.size() == types.size() * kEach;
  });
  EXPECT_EQ(count(true), 3 * kEach);
  close(client);
}

// What RFC 6926 has for TCP, and DHCP's own types, are no queries.
TEST_P(TransportTest, Rfc4388_7_OtherTypesStandWithTheRequests) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  const std::vector<std::uint8_t> types{2, 4, 8, 14, 18, 255};
  for (const std::uint8_t type : types) send_to(client, Ipv4::of(10, 0, 0, 1), typed_packet(type));
  turn_until(transport(), [&] { return recorder_.datagrams.size() == types.size(); });
  for (const auto& datagram : recorder_.datagrams) EXPECT_EQ(datagram.arrival.queue, engine::Arrival::Queue::routed);
  close(client);
}

// Queries by address have no chaddr: they go by what they ask about, or one worker would have them all.
TEST_P(TransportTest, Rfc4388_6_1_QueriesByAddressAreSharedByWorkers) {
  open(2);
  std::uint16_t port = 0;
  const int client = udp_client(port);
  constexpr std::size_t kQueries = 256;
  for (std::size_t i = 0; i < kQueries; ++i) {
    auto query = typed_packet(10);
    std::fill_n(query.begin() + 28, 16, std::uint8_t{0});
    query[12] = 10;
    query[15] = static_cast<std::uint8_t>(i);
    send_to(client, Ipv4::of(10, 0, 0, 1), query);
  }
  both_have_a_quarter_of(kQueries);
  close(client);
}

// Queries by client identifier have neither.
TEST_P(TransportTest, Rfc4388_6_1_QueriesByClientIdentifierAreSharedByWorkers) {
  open(2);
  std::uint16_t port = 0;
  const int client = udp_client(port);
  constexpr std::size_t kQueries = 256;
  for (std::size_t i = 0; i < kQueries; ++i) {
    auto query = typed_packet(10);
    std::fill_n(query.begin() + 28, 16, std::uint8_t{0});
    query[7] = static_cast<std::uint8_t>(i);  // xid
    send_to(client, Ipv4::of(10, 0, 0, 1), query);
  }
  both_have_a_quarter_of(kQueries);
  close(client);
}

// The kernel begins to stamp packets a moment after it was asked to; until then they seem to have come just now.
TEST_P(TransportTest, ADatagramTellsHowLongItHasWaited) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  const int link = link_client();
  const auto waited = [&](bool from_link) {
    return std::ranges::any_of(recorder_.datagrams, [&](const auto& datagram) {
      return datagram.arrival.from_link == from_link && datagram.arrival.waited_ns > 0;
    });
  };
  turn_until(transport(), [&] {
    for (const std::uint8_t type : {std::uint8_t{1}, std::uint8_t{3}}) send_to(client, Ipv4::of(10, 0, 0, 1), typed_packet(type));
    broadcast(link, packet(1));
    return waited(false) && waited(true);
  });
  for (const auto& datagram : recorder_.datagrams) EXPECT_LT(datagram.arrival.waited_ns, 60 * kSecond);
  close(client);
  close(link);
}

TEST_P(TransportTest, WritesAreCompleteAndInOrderOfTheirTokens) {
  char path[] = "/tmp/coaxd-transport-test.XXXXXX";
  const int file = mkstemp(path);
  ASSERT_GE(file, 0);
  const std::vector<std::uint8_t> data(100000, 0x5a);
  transport().disk().write(file, 4096, data, true, 41);
  turn_until(transport(), [&] { return recorder_.disk.contains(41); });
  EXPECT_EQ(recorder_.disk[41], 0);
  transport().disk().write(file, 0, Bytes(data).first(10), false, 42);
  turn_until(transport(), [&] { return recorder_.disk.contains(42); });
  EXPECT_EQ(recorder_.disk[42], 0);
  std::vector<std::uint8_t> read_back(data.size());
  EXPECT_EQ(pread(file, read_back.data(), read_back.size(), 4096), static_cast<ssize_t>(data.size()));
  EXPECT_EQ(read_back, data);
  close(file);
  unlink(path);
}

TEST_P(TransportTest, AFullDiskAndABadFileAreErrors) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  const std::vector<std::uint8_t> data(10, 1);
  transport().disk().write(full, 0, data, true, 1);
  turn_until(transport(), [&] { return recorder_.disk.contains(1); });
  EXPECT_EQ(recorder_.disk[1], -ENOSPC);
  transport().disk().write(-1, 0, data, true, 2);
  turn_until(transport(), [&] { return recorder_.disk.contains(2); });
  EXPECT_EQ(recorder_.disk[2], -EBADF);
  close(full);
}

// Replies to one relay may share a message (send_train.h): each is still a datagram of its own, and whole.
TEST_P(TransportTest, RepliesOfManySizesToTwoRelaysArriveEachAsItsOwn) {
  for (const unsigned mtu : {65536u, 600u}) {  // the second: some replies must be fragmented, which no card does for a train
    ASSERT_EQ(std::system(fmt::format("ip link set lo mtu {}", mtu).c_str()), 0);  // NOLINT(concurrency-mt-unsafe): one thread
    std::map<std::uint16_t, int> relays;
    for (int i = 0; i < 2; ++i) {
      std::uint16_t port = 0;
      const int fd = udp_client(port);
      relays[port] = fd;
    }
    std::map<std::uint16_t, std::multiset<std::vector<std::uint8_t>>> wanted;
    std::uint8_t mark = 0;
    for (int i = 0; i < 60; ++i) {
      for (const auto& [port, fd] : relays) {
        worker::TransmitBuffer buffer = transport().take();
        for (int tries = 0; !buffer && tries < 100; ++tries) {
          transport().wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
          buffer = transport().take();
        }
        ASSERT_TRUE(buffer);
        const std::size_t size = i % 3 == 0 ? 300u : i % 3 == 1 ? 301u + static_cast<unsigned>(i) : 1200u;
        std::fill_n(buffer.payload().begin(), size, ++mark);
        wanted[port].emplace(buffer.payload().begin(), buffer.payload().begin() + static_cast<std::ptrdiff_t>(size));
        engine::Departure departure;
        departure.to = Ipv4::of(127, 0, 0, 1);
        departure.port = port;
        departure.from = i % 2 == 0 ? Ipv4{} : Ipv4::of(10, 0, 0, 9);
        departure.interface = interfaces_.served().front();
        transport().send(buffer, size, departure);
      }
    }
    for (int i = 0; i < 5; ++i)  // what could not leave together leaves alone after its completion was seen
      transport().wait(recorder_, read_monotonic_ns() + kSecond / 50, worker::Transport::Intake::everything);
    transport().flush();
    for (const auto& [port, fd] : relays) {
      std::multiset<std::vector<std::uint8_t>> got;
      while (got.size() < wanted[port].size()) {
        std::vector<std::uint8_t> reply(2000);
        const ssize_t size = recv(fd, reply.data(), reply.size(), 0);
        ASSERT_GT(size, 0) << got.size() << " of " << wanted[port].size();
        reply.resize(static_cast<std::size_t>(size));
        got.insert(std::move(reply));
      }
      EXPECT_EQ(got, wanted[port]);
      close(fd);
    }
  }
  EXPECT_EQ(recorder_.send_failures, 0);
  EXPECT_EQ(std::system("ip link set lo mtu 65536"), 0);  // NOLINT(concurrency-mt-unsafe): one thread
}

// Who reads a packet socket at the other end of a virtual cable (dhcrelay does) must find one reply in a packet.
TEST_P(TransportTest, OnAVirtualCableRepliesTravelAlone) {
  trains_ = config::ReplyTrains::on_cards;
  open(1);
  for (const engine::Interface* one : interfaces_.served()) EXPECT_FALSE(one->card) << one->name;
  const int witness = link_client("lo", SOCK_DGRAM);
  std::uint16_t port = 0;
  const int client = udp_client(port);
  engine::Departure departure;
  departure.to = Ipv4::of(127, 0, 0, 1);
  departure.port = port;
  departure.interface = interfaces_.served().front();
  for (int i = 0; i < 8; ++i) transport().send(transport().take(), 300, departure);
  transport().wait(recorder_, read_monotonic_ns(), worker::Transport::Intake::everything);
  transport().flush();
  std::uint8_t packet[65536];
  for (int i = 0; i < 8; ++i) ASSERT_EQ(recv(client, packet, sizeof packet, 0), 300);
  int seen = 0;
  for (ssize_t size; (size = recv(witness, packet, sizeof packet, MSG_DONTWAIT)) > 0; ++seen) EXPECT_LE(size, 328);
  EXPECT_GE(seen, 8);
  close(client);
  close(witness);
}

TEST_P(TransportTest, EveryBufferComesBack) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  engine::Departure departure;
  departure.to = Ipv4::of(127, 0, 0, 1);
  departure.port = port;
  departure.interface = interfaces_.served().front();
  for (int round = 0; round < 4; ++round) {
    std::size_t taken = 0;
    for (worker::TransmitBuffer buffer = transport().take(); buffer; buffer = transport().take()) {
      ++taken;
      transport().send(buffer, 240, departure);
    }
    EXPECT_EQ(taken, 64u);
    const std::int64_t limit = read_monotonic_ns() + 5 * kSecond;
    std::vector<worker::TransmitBuffer> back;
    while (back.size() < 64 && read_monotonic_ns() < limit) {
      transport().wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
      for (worker::TransmitBuffer buffer = transport().take(); buffer; buffer = transport().take()) back.push_back(buffer);
    }
    EXPECT_EQ(back.size(), 64u);
    for (const auto& buffer : back) transport().give_back(buffer);
  }
  EXPECT_EQ(recorder_.send_failures, 0);
  close(client);
}

// What one sync of the journal releases leaves faster than a card sends, and waits in its queue: each of these replies is an ACK that was
// written and synced, and a client of whom nobody else knows that he asks again.
TEST_P(TransportTest, EveryReplyThatWaitedForOneSyncFindsRoomOnTheWayOut) {
  for (const char* command : {"tc qdisc replace dev srv root tbf rate 20mbit burst 20kb latency 10s",
                              "ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev srv"})
    if (std::system(command) != 0) GTEST_SKIP() << "the kernel cannot play a slow card";  // NOLINT(concurrency-mt-unsafe): one thread
  for (const config::ReplyTrains trains : {config::ReplyTrains::never, config::ReplyTrains::always}) {
    transmit_buffers_ = worker::Worker::kMaxHeld;
    trains_ = trains;
    open(1);
    engine::Departure routed, framed;
    routed.to = framed.to = Ipv4::of(10, 0, 0, 2);
    routed.port = framed.port = 68;
    framed.kind = engine::Departure::Kind::link_unicast;
    framed.mac = {2, 0, 0, 0, 0, 2};
    for (const engine::Interface* one : interfaces_.served())
      if (one->name == "srv") routed.interface = framed.interface = one;
    transport().wait(recorder_, read_monotonic_ns(), worker::Transport::Intake::everything);
    for (const engine::Departure& departure : {routed, framed}) {
      for (std::size_t i = 0; i < transmit_buffers_; ++i) {
        const worker::TransmitBuffer buffer = transport().take();
        ASSERT_TRUE(buffer);
        transport().send(buffer, 400, departure);
      }
      for (std::size_t back = 0; back < transmit_buffers_;) {
        transport().wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
        std::vector<worker::TransmitBuffer> free;
        for (worker::TransmitBuffer buffer = transport().take(); buffer; buffer = transport().take()) free.push_back(buffer);
        back = free.size();
        for (const worker::TransmitBuffer& buffer : free) transport().give_back(buffer);
      }
      EXPECT_EQ(recorder_.send_failures, 0);
      recorder_.send_failures = 0;
    }
  }
  EXPECT_EQ(std::system("tc qdisc del dev srv root"), 0);  // NOLINT(concurrency-mt-unsafe): one thread
}

TEST_P(TransportTest, AnEchoIsAnsweredByThisMachine) {
  ASSERT_TRUE(transport().send_echo(Ipv4::of(127, 0, 0, 1), 77, 12));
  turn_until(transport(), [&] { return !recorder_.echoes.empty(); });
  EXPECT_EQ(recorder_.echoes.front(), 12);
}

TEST_P(TransportTest, WakeEndsAWait) {
  std::thread other([this] { transport().wake(); });
  const std::int64_t began = read_monotonic_ns();
  transport().wait(recorder_, began + 60 * kSecond, worker::Transport::Intake::everything);
  other.join();
  EXPECT_LT(read_monotonic_ns() - began, 60 * kSecond);
}

// Steered by chaddr, not by the 4-tuple: a CMTS is one flow, and its modems still spread over the workers.
TEST_P(TransportTest, OneRelaysClientsSpreadAndEachStaysWithItsWorker) {
  open(2);
  std::uint16_t port = 0;
  const int relay = udp_client(port);
  const int link = link_client();
  constexpr std::uint32_t kClients = 64;
  for (int round = 0; round < 2; ++round)
    for (std::uint32_t client = 0; client < kClients; ++client) {
      send_to(relay, Ipv4::of(10, 0, 0, 1), typed_packet(round == 0 ? 1 : 3, 1, client));  // its DISCOVER and its REQUEST
      broadcast(link, packet(2, client));
    }
  std::map<std::pair<std::uint8_t, std::uint32_t>, std::set<std::size_t>> seen;
  std::size_t total = 0;
  const std::int64_t limit = read_monotonic_ns() + 5 * kSecond;
  while (total < 4 * kClients && read_monotonic_ns() < limit) {
    for (std::size_t worker = 0; worker < 2; ++worker) {
      recorder_.datagrams.clear();
      transports_[worker]->wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
      for (const auto& one : recorder_.datagrams) seen[{one.payload[0], load_be32(&one.payload[28])}].insert(worker);
      total += recorder_.datagrams.size();
    }
  }
  ASSERT_EQ(total, 4 * kClients);
  std::map<std::uint8_t, std::map<std::size_t, int>> load;
  for (const auto& [key, workers] : seen) {
    EXPECT_EQ(workers.size(), 1u) << "a client's packets went to two workers";
    ++load[key.first][*workers.begin()];
  }
  for (const auto& [kind, by_worker] : load) {
    EXPECT_EQ(by_worker.size(), 2u) << "kind " << int{kind};
    for (const auto& [worker, count] : by_worker) EXPECT_GT(count, static_cast<int>(kClients / 5)) << "worker " << worker;
  }
  close(relay);
  close(link);
}

// Two servers on one link, on two ports: a trial beside the one in service. Each hears what is for it, though it may have the same process id
// as the other, as the first process of a container has.
TEST_P(TransportTest, TwoServersDoNotShareTheirBroadcasts) {
  open(2);
  const auto trial = open_sockets({.workers = 2, .port = kPort + 1, .steering_seed = 0x1234567});
  ASSERT_TRUE(trial) << trial.error().message;
  const int link = link_client();
  constexpr std::uint32_t kClients = 16;
  for (std::uint32_t client = 0; client < kClients; ++client) {
    broadcast(link, packet(1, client));
    broadcast(link, packet(2, client), Ipv4{0xffffffff}, kPort + 1);
  }
  std::size_t heard = 0;
  const std::int64_t limit = read_monotonic_ns() + 5 * kSecond;
  while ((heard < kClients || recorder_.datagrams.size() < kClients) && read_monotonic_ns() < limit) {
    std::uint8_t frame[512];
    for (const WorkerSockets& one : *trial)
      while (recv(one.packet, frame, sizeof frame, MSG_DONTWAIT) > 0) ++heard;
    for (const auto& transport : transports_)
      transport->wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
  }
  EXPECT_EQ(heard, kClients);
  EXPECT_EQ(recorder_.datagrams.size(), kClients);
  close(link);
}

// Behind CMTSs alone nobody need look at every frame of the link.
TEST_P(TransportTest, WithoutLinkClientsRelaysAreHeardAndTheLinkIsNot) {
  open(1, false);
  std::uint16_t port = 0;
  const int relay = udp_client(port);
  const int link = link_client();
  for (std::uint32_t client = 0; client < 4; ++client) broadcast(link, packet(1, client));
  for (int i = 0; i < 4; ++i) send_to(relay, Ipv4::of(10, 0, 0, 1), typed_packet(3));
  turn_until(transport(), [&] { return recorder_.datagrams.size() >= 4; });
  for (int i = 0; i < 3; ++i) transport().wait(recorder_, read_monotonic_ns() + kSecond / 50, worker::Transport::Intake::everything);
  EXPECT_EQ(recorder_.datagrams.size(), 4u);
  for (const auto& datagram : recorder_.datagrams) EXPECT_EQ(datagram.payload[242], 3);
  close(relay);
  close(link);
}

TEST_P(TransportTest, ASecondServerIsRefusedInOneSentence) {
  const auto second = open_sockets({.workers = 1, .port = kPort});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().error, EADDRINUSE);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

// --- TFTP and the time of day ---

constexpr std::uint16_t kTftpPort = 6969, kTimePort = 6037;
constexpr Ipv4 kLoopback = Ipv4::of(127, 0, 0, 1);

class ServiceTest : public TransportTest {
 protected:
  void SetUp() override {
    service_options_ = {.tftp_port = kTftpPort, .transfer_ports = 2, .time_port = kTimePort, .steering_seed = 0x7654321};
    TransportTest::SetUp();
  }

  void send_service(std::string_view text, const tftp::Departure& departure) {
    const MutableBytes room = transport().service_room();
    ASSERT_EQ(room.size(), worker::Transport::kServiceRoom);
    std::ranges::copy(text, room.begin());
    transport().send_service(text.size(), departure);
    transport().flush();
  }
  static std::vector<std::uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }
  // What comes, and the port that it comes from.
  static std::pair<std::string, std::uint16_t> receive(int client, Ipv4* source = nullptr) {
    char text[2048];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(client, text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (source != nullptr) *source = {ntohl(from.sin_addr.s_addr)};
    return {got < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(got)), ntohs(from.sin_port)};
  }
};

TEST_P(ServiceTest, Rfc1350_4_AnAnswerLeavesByThePortNamedAndFromTheAddressAsked) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  send_to(client, Ipv4::of(10, 0, 0, 9), octets("request"), kTftpPort);
  turn_until(transport(), [&] { return recorder_.services.size() == 1; });
  const tftp::Arrival asked = recorder_.services.front().arrival;
  EXPECT_EQ(recorder_.services.front().payload, octets("request"));
  EXPECT_EQ(asked.socket, 0);
  EXPECT_EQ(asked.to, Ipv4::of(10, 0, 0, 9));
  EXPECT_EQ(asked.from, (tftp::Endpoint{kLoopback, port}));
  EXPECT_TRUE(recorder_.datagrams.empty());

  std::set<std::uint16_t> ports{kTftpPort};
  for (std::uint8_t socket = 0; socket <= 2; ++socket) {
    send_service("block", {asked.from, asked.to, socket});
    Ipv4 source;
    const auto [text, from] = receive(client, &source);
    EXPECT_EQ(text, "block");
    EXPECT_EQ(source, Ipv4::of(10, 0, 0, 9));
    EXPECT_EQ(from == kTftpPort, socket == 0);
    EXPECT_EQ(ports.insert(from).second, socket != 0);
    recorder_.services.clear();
    send_to(client, Ipv4::of(10, 0, 0, 9), octets("ack"), from);
    turn_until(transport(), [&] { return !recorder_.services.empty(); });
    EXPECT_EQ(recorder_.services.front().arrival.socket, socket) << "what comes back to a port is known by it";
  }
  EXPECT_EQ(recorder_.service_failures, 0);
  close(client);
}

TEST_P(ServiceTest, Rfc868_TheTimesPortHasItsSocket) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  send_to(client, kLoopback, {}, kTimePort);
  turn_until(transport(), [&] { return recorder_.services.size() == 1; });
  const tftp::Arrival asked = recorder_.services.front().arrival;
  EXPECT_EQ(asked.socket, worker::kTimeSocket);
  EXPECT_TRUE(recorder_.services.front().payload.empty());
  send_service("time", {asked.from, asked.to, asked.socket});
  EXPECT_EQ(receive(client), std::pair(std::string{"time"}, kTimePort));
  close(client);
}

// A request that overtook the last acknowledgement of the transfer before would meet that transfer.
TEST_P(ServiceTest, NoRequestOvertakesAnAcknowledgementThatCameBeforeIt) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  send_to(client, kLoopback, octets("?"), kTftpPort);
  turn_until(transport(), [&] { return recorder_.services.size() == 1; });
  send_service("!", {recorder_.services.front().arrival.from, kLoopback, 2});
  const std::uint16_t transfer = receive(client).second;
  recorder_.services.clear();
  constexpr int kSent = 40;
  for (int i = 0; i < kSent; ++i) send_to(client, kLoopback, {static_cast<std::uint8_t>(i)}, i % 3 == 0 ? kTftpPort : transfer);
  turn_until(transport(), [&] { return recorder_.services.size() == kSent; });
  int request = -1, acknowledgement = -1;
  for (const auto& [payload, arrival] : recorder_.services) {
    int& last = arrival.socket == 0 ? request : acknowledgement;
    EXPECT_LT(last, int{payload[0]}) << "of one socket in their order";
    last = payload[0];
    if (arrival.socket != 0) {
      EXPECT_LT(request, acknowledgement);
    }
  }
  close(client);
}

// RFC 1123 §4.2.3.5: what everybody has got is not answered, so it must be told apart. The limited broadcast does not come at all.
TEST_P(ServiceTest, Rfc1123_4_2_3_5_ABroadcastSaysSo) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  const int yes = 1;
  ASSERT_EQ(setsockopt(client, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes), 0);
  send_to(client, Ipv4::of(127, 255, 255, 255), octets("all"), kTftpPort);
  turn_until(transport(), [&] { return recorder_.services.size() == 1; });
  EXPECT_EQ(recorder_.services.front().arrival.to, Ipv4{0xffffffff});
  close(client);
}

TEST_P(ServiceTest, WhatIsLongerThanAnyRequestIsDropped) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  send_to(client, kLoopback, std::vector<std::uint8_t>(3000), kTftpPort);
  send_to(client, kLoopback, octets("short"), kTftpPort);
  turn_until(transport(), [&] { return !recorder_.services.empty(); });
  EXPECT_EQ(recorder_.services.front().payload, octets("short"));
  close(client);
}

// One address is one worker's, whatever port it asks from: only so is its limit of transfers a limit.
TEST_P(ServiceTest, TheKernelPicksTheWorkerByTheClientsAddress) {
  open(2);
  constexpr std::uint32_t kClients = 40, kRequests = 3;
  for (const auto& one : transports_) one->wait(recorder_, 0, worker::Transport::Intake::everything);
  for (std::uint32_t i = 0; i < kClients * kRequests; ++i) {
    const int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(Ipv4::of(127, 0, 1, 0).value + i % kClients);
    ASSERT_EQ(bind(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    send_to(client, kLoopback, octets("?"), kTftpPort);
    close(client);
  }
  std::map<std::uint32_t, std::set<std::size_t>> seen;
  std::array<int, 2> load{};
  const std::int64_t limit = read_monotonic_ns() + 5 * kSecond;
  while (load[0] + load[1] < static_cast<int>(kClients * kRequests) && read_monotonic_ns() < limit) {
    for (std::size_t worker = 0; worker < 2; ++worker) {
      recorder_.services.clear();
      transports_[worker]->wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
      for (const auto& one : recorder_.services) seen[one.arrival.from.address.value].insert(worker);
      load[worker] += static_cast<int>(recorder_.services.size());
    }
  }
  ASSERT_EQ(load[0] + load[1], static_cast<int>(kClients * kRequests));
  for (const auto& [client, workers] : seen) EXPECT_EQ(workers.size(), 1u) << to_string(Ipv4{client});
  EXPECT_GT(std::min(load[0], load[1]), static_cast<int>(kClients * kRequests / 5));
}

// A flood of requests for files leaves a turn to DHCP, of which it has what is over, and a few.
TEST_P(ServiceTest, DhcpGoesFirst) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  turn_until(transport(), [] { return true; });
  transport().wait(recorder_, 0, worker::Transport::Intake::everything);
  constexpr std::size_t kFiles = 150, kMessages = 300;
  for (std::size_t i = 0; i < kFiles; ++i) send_to(client, kLoopback, octets("file"), kTftpPort);
  const int link = link_client();
  for (std::size_t i = 0; i < kMessages / 2; ++i) {  // two sockets: one gives half a batch at a time
    send_to(client, kLoopback, packet(1));
    broadcast(link, packet(2));
  }
  std::size_t messages = 0, files = 0, full = 0;
  const std::int64_t limit = read_monotonic_ns() + 5 * kSecond;
  while ((messages < kMessages || files < kFiles) && read_monotonic_ns() < limit) {
    recorder_.datagrams.clear();
    recorder_.services.clear();
    transport().wait(recorder_, read_monotonic_ns() + kSecond / 100, worker::Transport::Intake::everything);
    const std::size_t left = worker::Transport::kBatch - std::min(recorder_.datagrams.size(), worker::Transport::kBatch);
    EXPECT_LE(recorder_.services.size(), std::max(left, worker::Transport::kLeastServices));
    if (left == 0) ++full;
    messages += recorder_.datagrams.size();
    files += recorder_.services.size();
    if (messages < kMessages && full > 0) {
      EXPECT_LT(files, kFiles) << "files went before messages";
    }
  }
  EXPECT_EQ(messages, kMessages);
  EXPECT_EQ(files, kFiles);
  EXPECT_GT(full, 0u) << "nothing was tried";
  close(link);
  close(client);
}

// For a worker that comes to rest: what has come waits, and none of it is lost.
TEST_P(ServiceTest, WhileOnlyCompletionsAreWantedNothingIsDelivered) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  transport().wait(recorder_, 0, worker::Transport::Intake::everything);
  for (int i = 0; i < 20; ++i) send_to(client, kLoopback, octets("file"), kTftpPort);
  for (int i = 0; i < 3; ++i) transport().wait(recorder_, 0, worker::Transport::Intake::completions);
  EXPECT_TRUE(recorder_.services.empty());
  turn_until(transport(), [&] { return recorder_.services.size() == 20; });
  close(client);
}

// More requests than there are buffers: the sockets keep the rest, and receiving goes on when buffers are back.
TEST_P(ServiceTest, ABurstBeyondTheBuffersIsDeliveredWhole) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  transport().wait(recorder_, 0, worker::Transport::Intake::everything);
  constexpr std::size_t kBurst = 900;
  for (std::size_t i = 0; i < kBurst; ++i) send_to(client, kLoopback, octets("file"), i % 2 == 0 ? kTftpPort : kTimePort);
  turn_until(transport(), [&] { return recorder_.services.size() == kBurst; });
  close(client);
}

// More than one turn's memory holds: they leave early, in their order, and each by its own socket.
TEST_P(ServiceTest, ThereIsRoomForAnyNumber) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  constexpr std::size_t kMany = 150;
  for (std::size_t i = 0; i < kMany; ++i) {
    const MutableBytes room = transport().service_room();
    ASSERT_EQ(room.size(), worker::Transport::kServiceRoom);
    room[0] = static_cast<std::uint8_t>(i);
    transport().send_service(1, {{kLoopback, port}, kLoopback, static_cast<std::uint8_t>(i % 3)});
  }
  EXPECT_TRUE(transport().take()) << "DHCP's buffers are others";
  transport().flush();
  std::map<std::uint16_t, std::vector<std::uint8_t>> from;
  for (std::size_t i = 0; i < kMany; ++i) {
    const auto [text, source] = receive(client);
    ASSERT_EQ(text.size(), 1u);
    from[source].push_back(static_cast<std::uint8_t>(text[0]));
  }
  EXPECT_EQ(from.size(), 3u);
  for (const auto& [source, numbers] : from) {
    ASSERT_EQ(numbers.size(), kMany / 3);
    for (std::size_t i = 1; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], numbers[i - 1] + 3);
  }
  close(client);
}

TEST_P(ServiceTest, WhatTheKernelRefusesIsCountedAndTheRestIsSent) {
  std::uint16_t port = 0;
  const int client = udp_client(port);
  transport().wait(recorder_, 0, worker::Transport::Intake::everything);
  for (const Ipv4 to : {kLoopback, Ipv4{0xffffffff}, kLoopback}) {  // EACCES: no SO_BROADCAST
    const MutableBytes room = transport().service_room();
    room[0] = '!';
    transport().send_service(1, {{to, port}, kLoopback, 1});
  }
  transport().flush();
  EXPECT_EQ(receive(client).first, "!");
  EXPECT_EQ(receive(client).first, "!");
  EXPECT_EQ(recorder_.service_failures, 1);
  close(client);
}

// RFC 1191 §3: no datagram is to be cut on its way; but where one has turned out to be too long, its likes are.
TEST_P(ServiceTest, AWayNarrowerThanItsInterfaceTakesFragments) {
  const Ipv4 narrow = Ipv4::of(127, 9, 9, 9);
  ASSERT_EQ(std::system("ip route replace local 127.9.9.9 dev lo table local mtu 600"), 0);  // NOLINT(concurrency-mt-unsafe): one thread
  std::uint16_t port = 0;
  const int client = udp_client(port, narrow);
  transport().wait(recorder_, 0, worker::Transport::Intake::everything);
  const std::string block(1400, 'x');
  for (int i = 0; i < 3; ++i) send_service(block, {{narrow, port}, kLoopback, 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(receive(client).first, block);
  EXPECT_EQ(recorder_.service_failures, 0);
  EXPECT_EQ(std::system("ip route del local 127.9.9.9 dev lo table local"), 0);  // NOLINT(concurrency-mt-unsafe): one thread
  close(client);
}

TEST_P(TransportTest, WithoutServicesThereIsNoRoom) { EXPECT_TRUE(transport().service_room().empty()); }

// --- their sockets ---

TEST(ServiceSockets, ATakenPortIsRefusedByTheNameOfWhoHasIt) {
  if (const char* why = Network::why_not()) GTEST_SKIP() << why;
  const int other = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);  // as tftpd-hpa: for IPv4 too
  if (other < 0) GTEST_SKIP() << "no IPv6 here";
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(7069);
  ASSERT_EQ(bind(other, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const auto refused = open_service_sockets({.tftp_port = 7069});
  close(other);
  ASSERT_FALSE(refused);
  std::string name;
  std::getline(std::ifstream("/proc/self/comm") >> std::ws, name);
  EXPECT_EQ(refused.error().message, fmt::format("UDP port 7069 is in use by {} (process {}): stop it (systemctl disable --now tftpd-hpa atftpd, or inetd's "
                                                 "line for tftp), or set [tftp] port or enabled.", name, getpid()));
  EXPECT_TRUE(open_service_sockets({.tftp_port = 7069}));
}

TEST(ServiceSockets, TransferPortsComeFromTheirRangePastThoseThatAreTaken) {
  if (const char* why = Network::why_not()) GTEST_SKIP() << why;
  const ServiceOptions options{.workers = 2, .tftp_port = 7069, .transfer_ports = 2, .transfer_range = {7100, 7104}};
  const auto taken = open_service_sockets({.tftp_port = 7101, .transfer_ports = 0});
  ASSERT_TRUE(taken);
  const auto opened = open_service_sockets(options);
  ASSERT_TRUE(opened) << opened.error().message;
  std::vector<std::uint16_t> ports;
  for (const ServiceSockets& one : *opened) {
    for (const int fd : one.fds()) {
      sockaddr_in address{};
      socklen_t size = sizeof address;
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
      ports.push_back(ntohs(address.sin_port));
    }
  }
  EXPECT_EQ(ports, (std::vector<std::uint16_t>{7069, 7100, 7102, 7069, 7103, 7104}));
  const auto crowded = open_service_sockets({.workers = 2, .tftp_port = 7070, .transfer_ports = 2, .transfer_range = {7100, 7106}});
  ASSERT_FALSE(crowded);
  EXPECT_EQ(crowded.error().message, "[tftp] ports = \"7100-7106\" has not enough free UDP ports: 2 workers with 2 transfer_ports each take 4.");
}

TEST(ServiceSockets, NothingIsOpenedForWhatIsOff) {
  const auto opened = open_service_sockets({.workers = 3});
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->size(), 3u);
  for (const ServiceSockets& one : *opened) EXPECT_TRUE(one.empty());
}

INSTANTIATE_TEST_SUITE_P(Both, ServiceTest, testing::Values(Which::uring, Which::asio),
                         [](const auto& instance) { return instance.param == Which::uring ? "uring" : "asio"; });
INSTANTIATE_TEST_SUITE_P(Both, TransportTest, testing::Values(Which::uring, Which::asio),
                         [](const auto& instance) { return instance.param == Which::uring ? "uring" : "asio"; });

}  // namespace
}  // namespace coaxd::io
