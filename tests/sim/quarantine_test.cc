// Quarantine in a running network: clients are confined and released at any moment, between any two packets.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace coaxd::test {
namespace {

using subscriber::Confined;
using subscriber::Scope;
using subscriber::WardSighting;

// Not authoritative. Each network has a garden; its leases are short.
std::string network(std::string_view globals) {
  return fmt::format(R"(
    ping-check false; {}
    class "quarantine" {{ }}
    shared-network here {{
      subnet 10.1.0.0 netmask 255.255.255.0 {{ range 10.1.0.10 10.1.0.40; }}
      subnet 10.101.0.0 netmask 255.255.255.0 {{ pool {{ allow members of "quarantine"; max-lease-time 20; range 10.101.0.10 10.101.0.40; }} }} }}
    shared-network one {{
      subnet 10.2.0.0 netmask 255.255.255.0 {{ range 10.2.0.10 10.2.0.40; }}
      subnet 10.102.0.0 netmask 255.255.255.0 {{ pool {{ allow members of "quarantine"; max-lease-time 20; range 10.102.0.10 10.102.0.40; }} }} }}
    shared-network two {{
      subnet 10.3.0.0 netmask 255.255.255.0 {{ range 10.3.0.10 10.3.0.40; }}
      subnet 10.103.0.0 netmask 255.255.255.0 {{ pool {{ allow members of "quarantine"; max-lease-time 20; range 10.103.0.10 10.103.0.40; }} }} }}
  )",
                     globals);
}

Confined::Ward machine(const Client& client) { return {.hardware = {client.mac().begin(), client.mac().end()}, .scope = Scope::cpe, .id = client.number() + 1u}; }
Confined::Ward behind(const Client& client) { return {.remote_id = World::modem_of(client), .scope = Scope::subscriber, .id = 1000 + client.number()}; }

bool in_garden(World& world, const Client& client) {
  const auto address = client.address(world.time().true_wall());
  return address && world.is_in_garden(*address);
}

// Nobody gets an address of the wrong kind who asked when it was known, no address is two clients', and all count their leases right.
TEST(SimQuarantine, ClientsAreConfinedAndReleasedAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= seed_count(16); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network("default-lease-time 60; max-lease-time 90; one-lease-per-client true; class \"modem\" { spawn with option agent.remote-id; lease limit 2; }"),
                {.seed = seed, .workers = 3, .loss = 5, .duplicates = 15, .most_delay = kSecond});
    for (unsigned i = 0; i < 24; ++i) world.add_client(i % 3, i % 2 == 0 ? fmt::format("client-{}", i) : std::string{});
    world.start_all();
    world.add_abuse(2 * kSecond);
    std::vector<Confined::Ward> wards;
    for (int change = 0; change < 60; ++change) {
      wards.clear();
      for (const auto& client : world.clients()) {
        if (world.random(4) == 0) wards.push_back(machine(*client));
        if (world.random(8) == 0) wards.push_back(behind(*client));
      }
      if (world.random(5) == 0) wards.clear();
      world.confine(wards);
      world.run(world.random(20'000) * kMillisecond);
      NO_VIOLATION(world);
      if (change % 20 == 19) world.power_cut();
      if (change % 20 == 9) world.reload(network("default-lease-time 60; max-lease-time 90;"));
      NO_VIOLATION(world);
    }
    // The weather clears, and all who are confined are where they belong.
    world.set_weather(0, 0, 20 * kMillisecond);
    world.run(240 * kSecond);
    NO_VIOLATION(world);
    world.confine({});
    world.run(240 * kSecond);
    NO_VIOLATION(world);
    for (const auto& client : world.clients()) EXPECT_FALSE(in_garden(world, *client)) << "client " << client->number();
    EXPECT_GT(world.bound(), 12u);
    world.expect_settled();
  }
}

// Reference 4.3: the old address is nobody else's meanwhile, and after the release it is his again.
TEST(SimQuarantine, AllOfThemMoveAndAllComeBack) {
  for (std::uint64_t seed = 1; seed <= seed_count(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network("default-lease-time 600;"), {.seed = seed, .workers = 3, .duplicates = 20, .most_delay = 300 * kMillisecond});
    for (unsigned i = 0; i < 18; ++i) world.add_client(i % 3, i % 2 == 0 ? fmt::format("client-{}", i) : std::string{}, kSteady);
    world.start_all();
    world.run(30 * kSecond);
    ASSERT_EQ(world.bound(), 18u);
    std::vector<Ipv4> before;
    std::vector<Confined::Ward> wards;
    for (const auto& client : world.clients()) {
      before.push_back(*client->address(world.time().true_wall()));
      wards.push_back(client->link() == 0 ? machine(*client) : behind(*client));
    }
    world.confine(wards);
    world.run(310 * kSecond);  // half of a lease: each has heard his NAK, by unicast, and has asked anew
    NO_VIOLATION(world);
    for (const auto& client : world.clients()) {
      EXPECT_TRUE(in_garden(world, *client)) << "client " << client->number();
      const lease::Binding old = world.binding(before[client->number()]);
      EXPECT_EQ(old.state, lease::BindingState::active);
      EXPECT_TRUE(equal(old.hardware(), client->mac()));
    }
    std::map<WardSighting::Kind, std::set<std::vector<std::uint8_t>>> seen;
    for (const WardSighting& one : world.ward_sightings()) seen[one.kind].emplace(one.hardware().begin(), one.hardware().end());
    EXPECT_EQ(seen[WardSighting::Kind::nak].size(), 18u);
    EXPECT_EQ(seen[WardSighting::Kind::discover].size(), 18u);
    EXPECT_EQ(seen[WardSighting::Kind::garden_ack].size(), 18u);
    world.confine({});
    world.run(40 * kSecond);
    NO_VIOLATION(world);
    for (const auto& client : world.clients()) EXPECT_EQ(client->address(world.time().true_wall()), before[client->number()]) << "client " << client->number();
    world.expect_settled();
  }
}

}  // namespace
}  // namespace coaxd::test
