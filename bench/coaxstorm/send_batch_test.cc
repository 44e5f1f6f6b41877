// Both batches against the kernel's loopback, where a train is cut by the receiving socket.
#include "bench/coaxstorm/send_batch.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/coaxstorm/receive_batch.h"

namespace coaxd::storm {
namespace {

constexpr std::uint32_t kLoopback = 0x7f000001;

struct Socket {
  explicit Socket(std::uint32_t address = kLoopback) : fd(socket(AF_INET, SOCK_DGRAM, 0)) {
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(address);
    socklen_t size = sizeof name;
    if (bind(fd, reinterpret_cast<sockaddr*>(&name), size) != 0) std::abort();
    getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  }
  ~Socket() { close(fd); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  void set(int level, int option, int value) const {
    ASSERT_EQ(setsockopt(fd, level, option, &value, sizeof value), 0) << std::strerror(errno);
  }

  int fd;
  sockaddr_in name{};
};

// What arrived, in order, by source address.
using Heard = std::map<std::uint32_t, std::vector<std::string>>;
Heard hear(const Socket& socket) {
  Heard heard;
  char room[1024];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  ssize_t got;
  while ((got = recvfrom(socket.fd, room, sizeof room, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size)) >= 0) {
    heard[ntohl(from.sin_addr.s_addr)].emplace_back(room, static_cast<std::size_t>(got));
  }
  return heard;
}

void add(SendBatch& batch, const std::string& text, std::uint32_t from = kLoopback) {
  text.copy(reinterpret_cast<char*>(batch.room()), SendBatch::kRoom);
  batch.add(text.size(), Ipv4{from});
}

std::string text_of(int number, std::size_t size) {
  std::string text = std::to_string(number);
  text.resize(size, '.');
  return text;
}

// Sizes and sources by turns, at random; what is heard of each source is what was said, in order.
TEST(SendBatch, SaysTheSameInTrainsAndAlone) {
  for (const bool trains : {true, false}) {
    const Socket server, client{0};
    const auto batch = std::make_unique<SendBatch>(server.name, true, trains);
    std::mt19937 random{5};
    std::uint64_t said = 0;
    for (int round = 0; round < 50; ++round) {
      Heard expected;
      for (int i = 0; i < 100; ++i) {
        const std::uint32_t from = kLoopback + static_cast<std::uint32_t>(random() % (round < 25 ? 3 : 90));
        const std::string text = text_of(i, random() % 4 == 0 ? 100 + random() % 3 : 60);
        expected[from].push_back(text);
        add(*batch, text, from);
      }
      batch->flush(client.fd);
      ASSERT_EQ(hear(server), expected) << (trains ? "trains" : "alone") << ", round " << round;
      said += 100;
    }
    EXPECT_EQ(batch->sent(), said);
    EXPECT_EQ(batch->errors(), 0u);
    EXPECT_EQ(batch->uses_trains(), trains);
  }
}

// A receiver that takes trains whole sees what left as one: of one size but for a shorter last, 64 at most, 64 KiB at most.
TEST(Udp7_Segment, TrainsAreOfOneSizeButForTheLast) {
  const Socket server, client;
  server.set(IPPROTO_UDP, UDP_GRO, 1);
  const auto batch = std::make_unique<SendBatch>(server.name, false, true);
  for (int i = 0; i < 64; ++i) add(*batch, text_of(i, 20));
  for (int i = 64; i < 67; ++i) add(*batch, text_of(i, 20));
  add(*batch, text_of(67, 10));  // gets on, and is the last
  add(*batch, text_of(68, 10));
  add(*batch, text_of(69, 30));  // longer: another one
  batch->flush(client.fd);
  std::vector<std::size_t> sizes;
  char room[65536];
  for (ssize_t got; (got = recv(server.fd, room, sizeof room, MSG_DONTWAIT)) >= 0;) sizes.push_back(static_cast<std::size_t>(got));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{64 * 20, 3 * 20 + 10, 10, 30}));
  EXPECT_EQ(batch->sent(), 70u);
}

TEST(ReceiveBatch, CutsTrainsAsTheyWere) {
  for (const bool whole : {true, false}) {
    const Socket server, client;
    if (whole) server.set(IPPROTO_UDP, UDP_GRO, 1);
    const auto batch = std::make_unique<SendBatch>(server.name, false, true);
    std::vector<std::string> said;
    for (int i = 0; i < 90; ++i) said.push_back(text_of(i, i % 40 == 39 ? 17 : 300));
    said.insert(said.begin() + 50, "");
    for (const std::string& text : said) add(*batch, text);
    batch->flush(client.fd);
    const auto receiver = std::make_unique<ReceiveBatch>();
    std::vector<std::string> heard;
    for (auto datagrams = receiver->receive(server.fd); !datagrams.empty(); datagrams = receiver->receive(server.fd)) {
      for (const Bytes datagram : datagrams) heard.emplace_back(as_text(datagram));
    }
    EXPECT_EQ(heard, said);
    EXPECT_EQ(receiver->received(), said.size());
  }
}

// A socket without checksums cannot send trains (EINVAL, like a way whose MTU is too small): nothing is lost by having tried.
TEST(SendBatch, GoesOnAloneWhereTheKernelRefusesTrains) {
  const Socket server, client{0};
  client.set(SOL_SOCKET, SO_NO_CHECK, 1);
  const auto batch = std::make_unique<SendBatch>(server.name, true, true);
  Heard expected;
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t from = kLoopback + static_cast<std::uint32_t>(i % 3);
    expected[from].push_back(text_of(i, 50));
    add(*batch, expected[from].back(), from);
  }
  batch->flush(client.fd);
  EXPECT_EQ(hear(server), expected);
  EXPECT_FALSE(batch->uses_trains());
  EXPECT_EQ(batch->sent(), 100u);
  EXPECT_EQ(batch->errors(), 0u);
}

TEST(SendBatch, CountsWhatCannotBeSent) {
  Socket server;
  const Socket client;
  server.name.sin_port = 0;  // EINVAL for every datagram
  const auto batch = std::make_unique<SendBatch>(server.name, false, true);
  for (int i = 0; i < 10; ++i) add(*batch, text_of(i, 50));
  batch->flush(client.fd);
  EXPECT_EQ(batch->errors(), 10u);
  EXPECT_EQ(batch->sent(), 0u);
}

}  // namespace
}  // namespace coaxd::storm
