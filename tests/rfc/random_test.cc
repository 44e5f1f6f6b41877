// A seeded crowd: clients that discover, request, renew, move, decline, release, lie and change
// their minds; two workers; a store that is slow or fails; time that jumps. After every step the
// Witness looks. A seed that fails is printed first and replays exactly.
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kConfig = R"(
  authoritative; ping-check false; default-lease-time 600; max-lease-time 1200; one-lease-per-client true;
  class "modem" { spawn with option agent.remote-id; lease limit 2; }
  class "bad" { match if option host-name = "bad"; }
  host fixed1 { hardware ethernet 00:15:96:63:00:01; fixed-address 10.1.0.12, 10.2.0.200; }
  shared-network one {
    subnet 10.1.0.0 netmask 255.255.255.0 {
      pool { deny members of "bad"; range dynamic-bootp 10.1.0.10 10.1.0.15; }
      pool { range 10.1.0.20 10.1.0.22; } }
    subnet 10.3.0.0 netmask 255.255.255.0 { range 10.3.0.10 10.3.0.12; } }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.14; }
)";

class Crowd {
 public:
  Crowd(std::uint32_t seed, Sim& sim) : random_(seed), sim_(sim) {}

  void step() {
    const unsigned what = pick(100);
    if (what < 4) return advance();
    if (what < 10) {
      for (unsigned n = pick(4); n > 0; --n) sim_.settle_one(pick(8) != 0);
      return;
    }
    if (what < 13) {
      constexpr StorePolicy kPolicies[] = {StorePolicy::immediate, StorePolicy::delayed,
                                           StorePolicy::failing};
      return sim_.set_store(kPolicies[pick(3)]);
    }
    if (what < 16) {
      sim_.expire(1 + pick(4), pick(2));
      return;
    }
    talk();
  }

 private:
  unsigned pick(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  void advance() {
    constexpr WallSeconds kJumps[] = {0, 1, 10, 121, 300, 601, 2000};
    time_ += kJumps[pick(7)];
    sim_.set_time(time_);
  }

  Ipv4 some_address() {
    constexpr Ipv4 kNetworks[] = {Ipv4::of(10, 1, 0, 0), Ipv4::of(10, 2, 0, 0),
                                  Ipv4::of(10, 3, 0, 0)};
    return {kNetworks[pick(3)].value + 9 + pick(15)};
  }

  void talk() {
    Packet packet;
    const unsigned client = 1 + pick(12);
    packet.chaddr = Sim::mac_of(fmt::format("c{}", client));
    packet.xid = static_cast<std::uint32_t>(random_());
    constexpr wire::MessageType kTypes[] = {
        wire::MessageType::discover, wire::MessageType::discover, wire::MessageType::request,
        wire::MessageType::request,  wire::MessageType::request,  wire::MessageType::request,
        wire::MessageType::release,  wire::MessageType::decline,  wire::MessageType::inform,
        wire::MessageType::bootp};
    packet.type = kTypes[pick(10)];
    engine::Arrival arrival;
    arrival.interface = &sim_.interface(pick(2));
    arrival.destination = Ipv4{0xffffffff};
    if (pick(3) != 0) {
      packet.giaddr = arrival.source = Ipv4::of(10, static_cast<std::uint8_t>(1 + pick(4)), 0, 1);
      if (pick(2) != 0) {
        const std::uint8_t remote = static_cast<std::uint8_t>('a' + pick(3));
        packet.add_agent(wire::agent::remote_id, Bytes{&remote, 1});
      }
    }
    const Ipv4 last = last_[client];
    const Ipv4 address = pick(4) != 0 && !last.is_zero() ? last : some_address();
    if (packet.type == wire::MessageType::release ||
        (packet.type != wire::MessageType::discover && pick(3) == 0)) {
      packet.ciaddr = address;
      if (packet.giaddr.is_zero()) arrival.source = address;
    } else if (pick(5) != 0) {
      packet.add(wire::option::requested_address, address);
    }
    if (pick(6) == 0) packet.flags = 0x8000;
    if (client % 3 == 0)
      packet.add(wire::option::client_identifier,
                 std::string_view(client % 2 == 0 ? "even" : "odd"));
    if (pick(8) == 0)
      packet.add(wire::option::host_name, std::string_view(pick(2) == 0 ? "bad" : "good"));
    if (pick(8) == 0) packet.add(wire::option::lease_time, pick(2000));
    if (pick(8) == 0) packet.add(wire::option::server_identifier, sim_.interface().address);
    const Outcome& outcome = sim_.send(packet.encode(), arrival, pick(2));
    if (!outcome.reply.empty() && !outcome.message.yiaddr().is_zero())
      last_[client] = outcome.message.yiaddr();
    answered_ += outcome.reply.empty() ? 0 : 1;
  }

  std::mt19937 random_;
  Sim& sim_;
  WallSeconds time_ = 0;
  Ipv4 last_[16];

 public:
  std::size_t answered_ = 0;
};

class Simulation_Invariants : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Simulation_Invariants, HoldWhateverHappens) {
  const std::uint32_t seed = GetParam();
  fmt::print("seed {}\n", seed);
  Sim sim{kConfig, {.workers = 2, .changes = 16}};
  Crowd crowd{seed, sim};
  for (int step = 0; step < 20'000; ++step) {
    crowd.step();
    if (HasFailure()) FAIL() << "seed " << seed << ", step " << step;
  }
  EXPECT_GT(crowd.answered_, 2000u) << "the crowd talks to itself";

  // Everything settles, ends and is free again: nothing leaks.
  sim.settle(true);
  sim.set_store(StorePolicy::immediate);
  sim.set_time(10'000'000);
  sim.expire();
  sim.settle(true);
  std::uint64_t active = 0, offered = 0;
  for (lease::PoolId pool = 0; pool < sim.config().pools().size(); ++pool) {
    active += sim.leases().counts(pool).active;
    offered += sim.leases().counts(pool).offered;
  }
  EXPECT_EQ(offered, 0u);
  std::uint64_t forever = 0;  // BOOTP leases have no end
  for (lease::SlotId slot = 0; slot < sim.leases().slot_count(); ++slot) {
    const lease::SlotWord word = sim.leases().word(slot);
    if (word.state() == lease::SlotState::active && word.expiry() == lease::kStoredNever) ++forever;
  }
  EXPECT_EQ(active, forever);
  for (const char remote : {'a', 'b', 'c'}) {
    const Bytes data{reinterpret_cast<const std::uint8_t*>(&remote), 1};
    EXPECT_EQ(sim.limits().count(sim.limits().key(std::string_view("modem"), data)), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Simulation_Invariants,
                         testing::Range(std::uint32_t{1}, std::uint32_t{13}));

// The witness itself must be able to see: a planted wrong is a complaint.
TEST(Simulation_Witness, SeesAnAddressBoundTwice) {
  const auto config = load_config(kConfig);
  Witness witness{*config, {}};
  engine::Change change;
  change.address = Ipv4::of(10, 1, 0, 10);
  change.binding.state = lease::BindingState::active;
  change.binding.ends = static_cast<lease::StoredTime>(Sim::kStart + 100);
  const Instant now{0, Sim::kStart};
  change.claim.generation = 1;
  change.binding.set_hardware(1, Sim::mac_of("c1"));
  witness.settled(change, true, now);
  EXPECT_TRUE(witness.complaints().empty());
  change.claim.generation = 2;
  change.binding.set_hardware(1, Sim::mac_of("c2"));
  witness.settled(change, true, now);
  EXPECT_EQ(witness.complaints().size(), 1u);
}

TEST(Simulation_Witness, SeesAnAckWithoutABinding) {
  Sim sim{kConfig};
  Witness witness{sim.config(), {}};
  const Outcome* outcome = nullptr;
  Packet packet;
  packet.type = wire::MessageType::request;
  packet.chaddr = Sim::mac_of("c9");
  packet.giaddr = Ipv4::of(10, 2, 0, 1);
  packet.add(wire::option::requested_address, Ipv4::of(10, 2, 0, 10));
  engine::Arrival arrival;
  arrival.interface = &sim.interface();
  const auto datagram = packet.encode();
  outcome = &sim.send(datagram, arrival);
  ASSERT_EQ(outcome->word, "ACK");
  wire::Message query;
  ASSERT_TRUE(query.parse(datagram));
  witness.sent(query, outcome->actions, outcome->reply, sim.now());
  ASSERT_EQ(witness.complaints().size(), 1u);
  EXPECT_NE(witness.complaints()[0].find("never stored"), std::string::npos);
}

}  // namespace
}  // namespace coaxd::test
