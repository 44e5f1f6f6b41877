// Nothing is allocated per packet: malloc counts, and decide(), settle() and expire()
// must not reach it.
#include <gtest/gtest.h>

#include "server/base/testing/allocation_count.h"
#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kConfig = R"(
  authoritative; default-lease-time 600; one-lease-per-client true; option domain-name "isp.example"; ping-check false;
  option domain-name-servers 10.0.0.1, 10.0.0.2;
  class "modem" { match if substring(option vendor-class-identifier, 0, 6) = "docsis"; option domain-name "cm.example"; filename "cm.bin"; }
  class "per-modem" { spawn with option agent.remote-id; lease limit 3; }
  on commit { set who = binary-to-ascii(16, 8, ":", option agent.remote-id); log(info, concat("commit ", who)); }
  on expiry { log(info, concat("expiry ", who)); }
  subnet 10.1.0.0 netmask 255.255.255.0 { option routers 10.1.0.1; pool { range 10.1.0.10 10.1.0.200; } }
)";

// One message through decide() and settle(), counted.
std::size_t cost_of(Sim& sim, const Packet& packet, std::string_view expected) {
  const std::vector<std::uint8_t> datagram = packet.encode();
  static wire::Message query;
  static engine::Actions actions;
  std::array<std::uint8_t, 1472> out;
  EXPECT_TRUE(query.parse(datagram));
  engine::Arrival arrival;
  arrival.interface = &sim.interface();
  arrival.source = packet.giaddr;
  const std::size_t before = allocation_count();
  sim.engine().decide(query, arrival, sim.now(), out, actions);
  while (actions.changes != nullptr) {
    engine::Change* change = actions.changes;
    actions.changes = change->next;
    sim.engine().settle(change, true);
  }
  const std::size_t after = allocation_count();
  EXPECT_EQ(actions.verdict == engine::Actions::Verdict::reply ? "reply" : "drop", expected)
      << to_string(actions.reason);
  return after - before;
}

Packet message(wire::MessageType type, int client) {
  Packet packet;
  packet.type = type;
  packet.chaddr = Sim::mac_of("cm" + std::to_string(client));
  packet.giaddr = Ipv4::of(10, 1, 0, 1);
  packet.add(wire::option::vendor_class_identifier, std::string_view("docsis3.0"));
  packet.add_agent(wire::agent::remote_id, Bytes{packet.chaddr});
  return packet;
}

// Another name for each file, where the engine has made room for it.
class OtherNames final : public engine::FileNames {
 public:
  void prefetch(Ipv4) const noexcept override {}
  std::string_view hand_out(const engine::Handing& handing, Instant, std::span<char, kLongest> room) noexcept override {
    ++times;
    return {room.data(), handing.file.copy(room.data(), handing.file.size() - 1)};
  }
  int times = 0;
};

TEST(Engine_Allocations, NoneOnceWarm) {
  using wire::MessageType;
  OtherNames names;
  Sim sim{kConfig, {.settings = {.file_names = &names}}};
  std::size_t warm = 0;
  for (int client = 1; client <= 60; ++client) {
    const Ipv4 address{Ipv4::of(10, 1, 0, 9).value + static_cast<std::uint32_t>(client)};
    std::size_t cost = cost_of(sim, message(MessageType::discover, client), "reply");
    cost += cost_of(
        sim, message(MessageType::request, client).add(wire::option::requested_address, address),
        "reply");
    Packet renewal = message(MessageType::request, client);
    renewal.giaddr = {};
    renewal.agent.clear();
    renewal.ciaddr = address;
    cost += cost_of(sim, renewal, "reply");
    cost += cost_of(sim,
                    message(MessageType::request, client)
                        .add(wire::option::requested_address, Ipv4::of(10, 9, 0, 1)),
                    "reply");
    Packet inform = message(MessageType::inform, client);
    inform.ciaddr = address;
    cost += cost_of(sim, inform, "reply");
    if (client % 2 == 0) {
      Packet release = message(MessageType::release, client);
      release.ciaddr = address;
      cost += cost_of(sim, release, "drop");
    } else if (client % 5 == 0) {
      cost += cost_of(
          sim, message(MessageType::decline, client).add(wire::option::requested_address, address),
          "drop");
    }
    // The first packets let the option tables of the reply grow to their size.
    if (client > 10) warm += cost;
  }
  EXPECT_EQ(warm, 0u);
  EXPECT_EQ(names.times, 3 * 60);

  sim.set_time(700);
  static engine::Actions actions;
  const std::size_t before = allocation_count();
  std::size_t ended = 0;
  for (;;) {
    engine::Change* change = sim.engine().expire(sim.now(), 100, actions);
    if (change == nullptr) break;
    while (change != nullptr) {
      engine::Change* next = change->next;
      sim.engine().settle(change, true);
      change = next;
      ++ended;
    }
  }
  EXPECT_EQ(allocation_count() - before, 0u);
  EXPECT_GT(ended, 10u);
}

// docs/quarantine.md: neither for those who are in it, nor for what is told of them.
TEST(Engine_Allocations, NoneForThoseInQuarantine) {
  using wire::MessageType;
  subscriber::PublishedConfined confined{std::make_shared<const subscriber::Confined>(
      std::vector<subscriber::Confined::Ward>{{.remote_id = "modem", .scope = subscriber::Scope::subscriber, .id = 1}})};
  subscriber::WardSightings sightings;
  Sim sim{R"(
    authoritative; default-lease-time 600; ping-check false;
    class "quarantine" { option domain-name "quarantine.example"; }
    subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.10 10.1.0.99; } pool { allow members of "quarantine"; range 10.1.0.100 10.1.0.200; } }
  )",
          {.settings = {.confined = &confined, .ward_sightings = &sightings}}};
  std::size_t warm = 0;
  for (int client = 1; client <= 40; ++client) {
    const auto send = [&](MessageType type, Ipv4 requested) {
      Packet packet = message(type, client);
      packet.agent.clear();
      packet.add_agent(wire::agent::remote_id, as_bytes("modem"));
      if (!requested.is_zero()) packet.add(wire::option::requested_address, requested);
      return cost_of(sim, packet, "reply");
    };
    std::size_t cost = send(MessageType::request, Ipv4::of(10, 1, 0, 10));  // NAK
    cost += send(MessageType::discover, {});
    cost += send(MessageType::request, {Ipv4::of(10, 1, 0, 99).value + static_cast<std::uint32_t>(client)});
    if (client > 10) warm += cost;
  }
  EXPECT_EQ(warm, 0u);
  std::size_t told = 0;
  sightings.collect([&](const subscriber::WardSighting&) { ++told; });
  EXPECT_EQ(told, 3u * 40);
}

}  // namespace
}  // namespace coaxd::test
