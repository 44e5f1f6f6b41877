// Whole plants: clients over a network that loses, doubles, delays and reorders, in virtual time. Each run is one seed; what fails is replayed by it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "server/tftp/testing/sim_network.h"

namespace coaxd::tftp {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1000 * kMs;

// Of its own for each modem, so that a wrong one would be noticed at its first octet.
std::vector<std::uint8_t> file_for(std::uint32_t modem, std::size_t size) {
  std::vector<std::uint8_t> octets(size);
  std::mt19937 random(modem);
  for (auto& octet : octets) octet = static_cast<std::uint8_t>(random());
  return octets;
}
Endpoint modem(std::uint32_t number) { return {Ipv4{Ipv4::of(10, 64, 0, 0).value + number}, static_cast<std::uint16_t>(1024 + number % 60'000)}; }

Options wishes(std::uint64_t number) {
  Options options;
  if (number % 3 == 0) return options;  // many modems ask for nothing
  if (number % 2 == 0) options.set(Option::blksize, number % 5 == 0 ? 8 + number % 100 : 1448);
  if (number % 4 == 1) options.set(Option::tsize, 0);
  if (number % 7 == 1) options.set(Option::timeout, 1 + number % 2);
  if (number % 5 == 1) options.set(Option::windowsize, 1 + number % 9);
  return options;
}

Bytes octets_of(const Contents* contents) { return static_cast<const MemoryContents*>(contents)->octets(); }

struct Outcome {
  std::size_t complete = 0, failed = 0, wrong = 0, complaints = 0;
  std::string first;
};
Outcome outcome_of(const SimNetwork& network) {
  Outcome outcome;
  for (const auto& client : network.clients) {
    const std::string& name = client->settings().name;
    const Contents* file = network.files.find(name);
    if (client->state() == SimClient::State::complete) {
      ++outcome.complete;
      if (!equal(client->received(), octets_of(file))) ++outcome.wrong;
    } else {
      ++outcome.failed;
      if (outcome.first.empty()) outcome.first = name + ": " + client->text();
    }
    if (!client->complaint().empty()) {
      ++outcome.complaints;
      outcome.first = name + ": " + client->complaint();
    }
  }
  return outcome;
}

struct Weather {
  const char* name;
  SimFaults faults;
};
class Plant : public testing::TestWithParam<std::tuple<Weather, std::uint64_t>> {};

// 2,000 modems within a second: each gets its own file, octet for octet, whatever the network does.
TEST_P(Plant, EveryModemGetsItsOwnFile) {
  const auto& [weather, seed] = GetParam();
  SCOPED_TRACE(seed);
  SimNetwork network({.transfers = 4096, .seed = {seed, 1}}, weather.faults, seed);
  std::mt19937_64 random(seed);
  constexpr std::uint32_t kModems = 2000;
  for (std::uint32_t i = 0; i < kModems; ++i) {
    std::string name = (i % 10 == 0 ? "late-" : "cm-") + std::to_string(i) + ".cm";
    const std::size_t size = i % 50 == 0 ? 512 * (i % 8) : random() % 5000;
    network.files.put(name, file_for(i, size));
    network.add({.self = modem(i), .server = {}, .name = std::move(name), .asked = wishes(random())}, static_cast<std::int64_t>(random() % 1'000'000'000));
  }
  // DOCSIS: a modem tries a whole download three times. In a storm some need that: both sides have given up by then.
  for (int download = 1; download <= 3; ++download) {
    EXPECT_TRUE(network.run(1200 * kSecond)) << "something never ends";
    for (const auto& client : network.clients) {
      if (client->state() == SimClient::State::failed) network.start_again(*client, kSecond);
    }
    const std::size_t failed = outcome_of(network).failed;
    EXPECT_LE(failed, weather.faults.loss < 0.1 ? 0 : kModems / 100);
    if (failed == 0) break;
  }
  const Outcome outcome = outcome_of(network);
  EXPECT_EQ(outcome.complete, kModems) << outcome.first;
  EXPECT_EQ(outcome.wrong, 0u);
  EXPECT_EQ(outcome.complaints, 0u) << outcome.first;
  EXPECT_LE(network.most_open(), 4096u);
  EXPECT_EQ(network.responder().open(), 0u);
  EXPECT_TRUE(network.files.open_now.empty());
  EXPECT_LE(network.largest_datagram(), 1472u);
  const Counters& counters = network.counters();
  EXPECT_EQ(counters.of(Reason::busy).get(), 0u);
  EXPECT_EQ(counters.started.get(), network.files.closed_complete + network.files.closed_early);
  if (weather.faults.least_delay_ns == weather.faults.most_delay_ns) {
    EXPECT_EQ(counters.resent.get(), 0u);
  }
}
constexpr Weather kFair{"fair", {.least_delay_ns = 20 * kMs, .most_delay_ns = 20 * kMs}};
constexpr Weather kGusty{"gusty", {.least_delay_ns = 5 * kMs, .most_delay_ns = 60 * kMs}};
constexpr Weather kRain{"rain", {.loss = 0.05, .doubled = 0.02, .least_delay_ns = 5 * kMs, .most_delay_ns = 100 * kMs}};
constexpr Weather kStorm{"storm", {.loss = 0.2, .doubled = 0.2, .least_delay_ns = 1 * kMs, .most_delay_ns = 900 * kMs}};
INSTANTIATE_TEST_SUITE_P(Seeds, Plant, testing::Combine(testing::Values(kFair, kGusty, kRain, kStorm), testing::Values(1u, 2u, 3u)),
                         [](const auto& run) { return std::get<0>(run.param).name + std::to_string(std::get<1>(run.param)); });

// RFC 1123 §4.2.3.1: a network that doubles every packet must not have every block sent twice, let alone more: what is sent is one DATA for each block, and
// one more where a timeout ran out or the request came twice.
TEST(Rfc1123_4_2_3_1_SorcerersApprentice, DoesNotComeEvenWhenEveryPacketIsDoubled) {
  SimNetwork network({}, {.doubled = 1.0, .least_delay_ns = 5 * kMs, .most_delay_ns = 5 * kMs}, 1);
  network.files.put("big", file_for(1, 100 * 512 + 17));
  network.add({.self = modem(1), .server = {}, .name = "big"}, 0);
  EXPECT_TRUE(network.run(600 * kSecond));
  EXPECT_EQ(outcome_of(network).wrong + outcome_of(network).failed, 0u);
  EXPECT_LE(network.counters().sent.get(), 101u + 2);
}

// Larger than 65,535 blocks: the numbers roll over, the octets do not.
TEST(Rfc1350_5_BlockNumbers, RollOverOverABadNetwork) {
  Options options;
  options.set(Option::blksize, 16);
  options.set(Option::windowsize, 32);
  SimNetwork network({}, {.loss = 0.001, .doubled = 0.001, .least_delay_ns = 100'000, .most_delay_ns = 300'000}, 5);
  network.files.put("firmware", file_for(9, 16 * 140'000 + 3));
  network.add({.self = modem(1), .server = {}, .name = "firmware", .asked = options}, 0);
  EXPECT_TRUE(network.run(36'000 * kSecond));
  const Outcome outcome = outcome_of(network);
  EXPECT_EQ(outcome.complete, 1u) << outcome.first;
  EXPECT_EQ(outcome.wrong + outcome.complaints, 0u) << outcome.first;
}

// More modems than places, and too little room to send in: nobody is lost, everybody is served in turn, and memory is what it was.
TEST(TftpLimits, AMassBootBeyondThemIsServedInTurn) {
  SimNetwork network({.transfers = 200}, {.least_delay_ns = 20 * kMs, .most_delay_ns = 60 * kMs}, 11);
  network.rooms_per_step = 4;
  constexpr std::uint32_t kModems = 3000;
  for (std::uint32_t i = 0; i < kModems; ++i) {
    std::string name = fmt::format("cm-{}", i);
    network.files.put(name, file_for(i, 1000 + i % 3000));
    network.add({.self = modem(i), .server = {}, .name = std::move(name), .asked = wishes(i), .tries = 40}, static_cast<std::int64_t>(i) * kMs);
  }
  EXPECT_TRUE(network.run(3600 * kSecond));
  const Outcome outcome = outcome_of(network);
  EXPECT_EQ(outcome.complete, kModems) << outcome.first;
  EXPECT_EQ(outcome.wrong + outcome.complaints, 0u) << outcome.first;
  EXPECT_LE(network.most_open(), 200u);
  EXPECT_GT(network.counters().of(Reason::busy).get(), 0u);
}

// 20,000 modems within a minute, as after a power cut, over single-port and over transfer ports.
TEST(TftpLimits, TwentyThousandModemsWithinAMinute) {
  for (const std::uint8_t sockets : {std::uint8_t{0}, std::uint8_t{4}}) {
    SimNetwork network({.transfer_sockets = sockets}, {.loss = 0.01, .doubled = 0.002, .least_delay_ns = 5 * kMs, .most_delay_ns = 60 * kMs}, 20'000);
    constexpr std::uint32_t kModems = 20'000;
    for (std::uint32_t i = 0; i < kModems; ++i) {
      std::string name = fmt::format("cm-{}", i);
      network.files.put(name, file_for(i, 600 + i % 900));
      network.add({.self = modem(i), .server = {}, .name = std::move(name), .asked = wishes(i)}, static_cast<std::int64_t>(i) * 3 * kMs);
    }
    EXPECT_TRUE(network.run(600 * kSecond));
    const Outcome outcome = outcome_of(network);
    EXPECT_EQ(outcome.complete, kModems) << outcome.first;
    EXPECT_EQ(outcome.wrong + outcome.complaints, 0u) << outcome.first;
    RecordProperty("most_open", static_cast<int>(network.most_open()));
  }
}

// A CMTS that fetches for all its modems from one address.
TEST(TftpLimits, AProxyServesAWholePlant) {
  const Ipv4 cmts = Ipv4::of(10, 1, 1, 1);
  SimNetwork network({.proxies = {{cmts, Ipv4::of(255, 255, 255, 255)}}}, {.loss = 0.02, .least_delay_ns = 1 * kMs, .most_delay_ns = 9 * kMs}, 4);
  for (std::uint16_t i = 0; i < 1000; ++i) {
    std::string name = fmt::format("cm-{}", i);
    network.files.put(name, file_for(i, 1500));
    network.add({.self = {cmts, static_cast<std::uint16_t>(10'000 + i)}, .server = {}, .name = std::move(name)}, 0);
  }
  EXPECT_TRUE(network.run(600 * kSecond));
  EXPECT_EQ(outcome_of(network).complete, 1000u);
  EXPECT_EQ(outcome_of(network).wrong, 0u);
}

// Equal inputs, equal outputs: what a failing seed is worth.
TEST(TftpSimulation, IsDeterministic) {
  std::vector<std::uint64_t> sent;
  for (int run = 0; run < 2; ++run) {
    SimNetwork network({}, kStorm.faults, 77);
    for (std::uint32_t i = 0; i < 50; ++i) {
      std::string name = fmt::format("cm-{}", i);
      network.files.put(name, file_for(i, 2000));
      network.add({.self = modem(i), .server = {}, .name = std::move(name), .asked = wishes(i)}, 0);
    }
    network.run(600 * kSecond);
    sent.push_back(network.counters().sent.get());
    sent.push_back(static_cast<std::uint64_t>(network.now_ns()));
  }
  EXPECT_EQ(sent[0], sent[2]);
  EXPECT_EQ(sent[1], sent[3]);
}

// Strangers' packets, thousands of them, around transfers that are under way: nobody else is disturbed.
TEST(TftpSimulation, NoiseDisturbsNobody) {
  SimNetwork network({.transfers = 500}, {.least_delay_ns = 5 * kMs, .most_delay_ns = 20 * kMs}, 8);
  std::mt19937 random(8);
  for (std::uint32_t i = 0; i < 200; ++i) {
    std::string name = fmt::format("cm-{}", i);
    network.files.put(name, file_for(i, 3000));
    network.add({.self = modem(i), .server = {}, .name = std::move(name), .asked = wishes(i)}, static_cast<std::int64_t>(i) * kMs);
  }
  for (int round = 0; round < 300; ++round) {
    network.run(kMs);
    for (int i = 0; i < 20; ++i) {
      std::vector<std::uint8_t> octets(random() % 40);
      for (auto& octet : octets) octet = static_cast<std::uint8_t>(random() % 8);
      const Endpoint stranger{Ipv4{static_cast<std::uint32_t>(Ipv4::of(172, 16, 0, 0).value + random() % 64)}, static_cast<std::uint16_t>(random())};
      const auto port = static_cast<std::uint16_t>(random() % 2 == 0 ? 69 : SimNetwork::kFirstTransferPort + random() % 4);
      network.send_from(stranger, {SimNetwork::kServer.address, port}, octets);
    }
  }
  EXPECT_TRUE(network.run(600 * kSecond));
  const Outcome outcome = outcome_of(network);
  EXPECT_EQ(outcome.complete, 200u) << outcome.first;
  EXPECT_EQ(outcome.wrong + outcome.complaints, 0u) << outcome.first;
}

}  // namespace
}  // namespace coaxd::tftp
