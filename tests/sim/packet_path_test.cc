// The promise of the packet path, for the whole of it: a worker that serves new clients, from the datagram to the ACK whose lease is in
// the journal, asks for no memory once it is warm: with classes, billed and spawned ones among them, hosts, statements on
// commit, and a log line for each message. A binary of its own, because it replaces malloc.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "server/base/testing/allocation_count.h"
#include "server/engine/test_cable.h"
#include "server/engine/test_scene.h"
#include "tests/sim/lone_worker.h"

namespace coaxd::test {
namespace {

using wire::MessageType;
namespace option = wire::option;

constexpr Ipv4 kServer = Ipv4::of(10, 1, 0, 2), kRelay = Ipv4::of(10, 1, 0, 1);
constexpr WallSeconds kNow = 1'700'000'000;

constexpr const char* kHosts = R"(
host known { hardware ethernet 00:15:96:00:01:07; option host-name "known"; }
host fixed { hardware ethernet 00:15:96:00:02:07; fixed-address 10.1.0.77; }
host by-modem { host-identifier option agent.remote-id 00:15:96:00:03:07; option host-name "by-modem"; }
)";

wire::TestPacket modem(MessageType type, std::uint16_t number, Ipv4 requested = {}) {
  const auto high = static_cast<std::uint8_t>(number >> 8), low = static_cast<std::uint8_t>(number);
  wire::TestPacket packet;
  packet.set(3, {1}).set(4, {0, 0, high, low}).set(24, {10, 1, 0, 1}).set(32, {high, low}).cookie();
  packet.add(option::message_type, {static_cast<std::uint8_t>(type)});
  packet.text(option::vendor_class_identifier, "docsis3.0:052401010102010303010104010105010106010107010f0801100901000a01010b01180c0101");
  packet.add(option::client_identifier, {1, 0, 0x15, 0x96, 0, high, low}).text(option::host_name, "modem");
  if (!requested.is_zero()) {
    std::array<std::uint8_t, 4> octets;
    store_be32(octets.data(), requested.value);
    packet.add(option::requested_address, octets);
    store_be32(octets.data(), kServer.value);
    packet.add(option::server_identifier, octets);
  }
  packet.add(option::parameter_request_list, {1, 2, 3, 4, 7, 6, 12, 15, 66, 67, 122, 125});
  packet.add(option::relay_agent_information, {1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0x96, 0, high, low, 4, 4, 0, 0, 0, 1}).end();
  return packet.pad();
}

class PacketPath : public testing::Test {
 protected:
  static constexpr std::uint16_t kAtOnce = 64;

  // The worker's turns until all of these are answered, on this thread; how often it asked for memory meanwhile.
  std::size_t serve(const std::vector<wire::TestPacket>& packets) {
    const std::vector<Bytes> datagrams(packets.begin(), packets.end());
    transport_.deliver(datagrams);
    const std::size_t before = allocation_count();
    for (int turns = 0; turns < 4; ++turns) worker_.turn(0);  // taken, written, heard of
    const std::size_t made = allocation_count() - before;
    EXPECT_TRUE(transport_.at_rest() && worker_.held() == 0);
    // What the log thread and the effects thread do.
    for (auto& logs = worker_.outlets().logs; logs.front() != nullptr; logs.pop()) ++logged_;
    for (auto& effects = worker_.outlets().effects; effects.front() != nullptr; effects.pop()) ++executed_;
    return made;
  }

  // DISCOVER, OFFER, REQUEST, ACK of so many clients that were never seen before.
  std::size_t dora(std::uint16_t clients) {
    std::size_t made = 0;
    for (const std::uint16_t end = static_cast<std::uint16_t>(next_ + clients); next_ < end;) {
      std::vector<wire::TestPacket> discovers, requests;
      for (std::uint16_t i = 0; i < kAtOnce && next_ < end; ++i) discovers.push_back(modem(MessageType::discover, next_++));
      made += serve(discovers);
      for (const SeenReply& offer : transport_.replies()) {
        EXPECT_EQ(offer.type, MessageType::offer);
        requests.push_back(modem(MessageType::request, static_cast<std::uint16_t>(offer.xid), offer.yiaddr));
      }
      made += serve(requests);
      for (const SeenReply& ack : transport_.replies()) acks_ += ack.type == MessageType::ack;
    }
    return made;
  }

  LoneWorker server_{{.config = engine::config_from(std::string{engine::kCableConfig} + kHosts),
                      .server = kServer,
                      .relay = kRelay,
                      .now = kNow,
                      .segment_size = 4 << 20}};
  ArrayTransport& transport_ = server_.transport;
  worker::Worker& worker_ = *server_.worker;
  std::uint16_t next_ = 0;
  std::size_t acks_ = 0, logged_ = 0, executed_ = 0;
};

TEST_F(PacketPath, AsksForNoMemoryOverADoraOfNewClients) {
  constexpr std::uint16_t kWarm = 128, kClients = 1600;
  dora(kWarm);
  EXPECT_EQ(dora(kClients), 0u);

  // And it did all that it was counted for.
  constexpr std::size_t kAll = kWarm + kClients;
  EXPECT_EQ(acks_, kAll);
  const worker::Counters& counters = worker_.counters();
  EXPECT_EQ(counters.commits.get(), kAll - 1);  // but for the host with an address of its own
  EXPECT_EQ(server_.journal->durable(), kAll - 1);
  EXPECT_EQ(executed_, kAll);                   // on commit
  EXPECT_GE(logged_, 5 * kAll);                 // four messages, and what the configuration logs
  EXPECT_EQ(counters.logs_lost.get() + counters.ack_logs_lost.get() + counters.effects_lost.get(), 0u);
  for (const worker::Counter& dropped : counters.dropped) EXPECT_EQ(dropped.get(), 0u);
  for (const std::uint8_t number : std::array<std::uint8_t, 2>{5, 9}) {  // a declared subclass, and a spawned one
    const std::array<std::uint8_t, 7> hardware{1, 0, 0x15, 0x96, 0, 0, number};
    const lease::LeaseLimits& limits = server_.memory.limits();
    const auto key = number == 5 ? limits.key("modem", hardware) : limits.key("cpe-of-modem", Bytes{hardware}.subspan(1));
    EXPECT_EQ(limits.count(key), 1u) << int{number};
  }
}

// A test that counts nothing would say the same.
TEST_F(PacketPath, OnePlantedAllocationIsSeen) {
  dora(128);
  transport_.plant_allocation();
  EXPECT_EQ(dora(128), 1u);
}

}  // namespace
}  // namespace coaxd::test
