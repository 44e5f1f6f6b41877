// A running network and its weather: everything but the disk.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace coaxd::test {
namespace {

std::string network(std::string_view globals, std::string_view relayed = "range 10.2.0.10 10.2.0.30;") {
  return fmt::format(R"(
    authoritative; min-lease-time 60; default-lease-time 120; max-lease-time 240; {}
    subnet 10.1.0.0 netmask 255.255.255.0 {{ range 10.1.0.10 10.1.0.40; }}
    subnet 10.2.0.0 netmask 255.255.255.0 {{ {} }}
    subnet 10.3.0.0 netmask 255.255.255.0 {{ range 10.3.0.10 10.3.0.25; }}
  )",
                     globals, relayed);
}

Packet discover_from(std::uint8_t who, World& world) {
  Packet packet;
  packet.type = wire::MessageType::discover;
  packet.chaddr = {2, 0, 0, 0, 0, who};
  packet.xid = world.next_xid();
  packet.giaddr = Ipv4::of(10, 2, 0, 1);
  return packet;
}

// RFC 2131 §4.1: messages may be lost, doubled and late; what clients believe stays true.
TEST(Sim, DuplicatedAndReorderedPackets) {
  for (std::uint64_t seed = 1; seed <= seed_count(8); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network("ping-check false; one-lease-per-client true;"), {.seed = seed, .workers = 3, .loss = 20, .duplicates = 40, .most_delay = 5 * kSecond});
    for (unsigned i = 0; i < 24; ++i) world.add_client(i % 3, i % 2 == 0 ? fmt::format("client-{}", i) : std::string{});
    world.start_all();
    world.add_abuse(100 * kMillisecond);
    for (int minute = 0; minute < 10; ++minute) {
      world.run(60 * kSecond);
      NO_VIOLATION(world);
    }
    EXPECT_GT(world.acks(), 200u);
    world.set_weather(0, 0, 20 * kMillisecond);
    world.run(180 * kSecond);
    NO_VIOLATION(world);
    EXPECT_GT(world.bound(), 8u);
    world.expect_settled();
  }
}

// RFC 2131 §4.3.1: an address whose lease has ended may be given to another, and not a second before.
TEST(Sim, ExpiryAndReuse) {
  for (std::uint64_t seed = 1; seed <= seed_count(4); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    // Twice as many clients as addresses; none renews.
    World world(network("ping-check false;", "range 10.2.0.10 10.2.0.14;"), {.seed = seed});
    Habits absent = kSteady;
    absent.renew = false;
    for (unsigned i = 0; i < 10; ++i) world.add_client(1, {}, absent);
    world.start_all();
    world.run(30 * kSecond);
    EXPECT_EQ(world.bound(), 5u);
    for (int minute = 0; minute < 20; ++minute) {
      world.run(60 * kSecond);
      NO_VIOLATION(world);
    }
    std::size_t served = 0;
    for (const auto& client : world.clients()) served += client->acks() > 0 ? 1 : 0;
    EXPECT_GT(served, 7u) << "addresses come free and are given again";
    std::uint64_t expired = 0;
    for (unsigned i = 0; i < 2; ++i) expired += world.worker(i).counters().expired.get();
    EXPECT_GT(expired, 20u);
    world.expect_settled();
  }
}

// dhcpd-compat §9.9: `lease limit` counts over all workers, whatever they do at once.
TEST(Sim, LeaseLimitAcrossWorkers) {
  for (std::uint64_t seed = 1; seed <= seed_count(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network(R"(ping-check false; class "cpe" { match if substring(hardware, 1, 1) = 02; lease limit 3; }
                           class "sub" { spawn with option agent.remote-id; lease limit 2; })"),
                {.seed = seed, .workers = 4});
    world.set_disk_delay(kMillisecond, 200 * kMillisecond);
    // Eight computers behind one modem, all at once, on different workers.
    const std::string modem = "one";
    for (std::uint8_t i = 0; i < 8; ++i) {
      Packet request = discover_from(i, world);
      request.chaddr[0] = 6;
      request.type = wire::MessageType::request;
      request.add(wire::option::requested_address, Ipv4::of(10, 2, 0, static_cast<std::uint8_t>(10 + i)));
      request.add_agent(wire::agent::remote_id, as_bytes(modem));
      world.inject(request.encode(), world.relayed(1), i % 4u);
    }
    world.run(5 * kSecond);
    EXPECT_EQ(world.billed("sub", modem), 2u);
    EXPECT_EQ(world.acks(), 2u);
    EXPECT_EQ(world.dropped(engine::DropReason::lease_limit), 6u);
    // A count outlives the power.
    world.power_cut();
    EXPECT_EQ(world.billed("sub", modem), 2u);
    // And goes down with the leases.
    world.run(400 * kSecond);
    EXPECT_EQ(world.billed("sub", modem), 0u);
    NO_VIOLATION(world);
    world.expect_settled();
  }
}

// dhcpd-compat §9.12: a probe takes its second; others are served meanwhile.
TEST(Sim, ProbeNeverStallsOthers) {
  World world(network("ping-check true; ping-timeout 1;"), {.seed = 2, .workers = 1});
  world.inject(discover_from(1, world).encode(), world.relayed(1));
  world.run(100 * kMillisecond);
  EXPECT_EQ(world.worker(0).counters().probes_sent.get(), 1u);
  EXPECT_EQ(world.offers(), 0u);
  // A client that asks by name of address needs no probe.
  Packet request = discover_from(2, world);
  request.type = wire::MessageType::request;
  request.add(wire::option::requested_address, Ipv4::of(10, 2, 0, 20));
  world.inject(request.encode(), world.relayed(1));
  world.run(100 * kMillisecond);
  EXPECT_EQ(world.acks(), 1u);
  EXPECT_EQ(world.offers(), 0u);
  world.run(1300 * kMillisecond);
  EXPECT_EQ(world.offers(), 1u) << "nobody answered: the address is free";
  NO_VIOLATION(world);
}

// RFC 2131 §3.1 step 2: an address that answers is in use: it is abandoned and the next one offered.
TEST(Sim, ProbeAnsweredAbandonsTheAddress) {
  for (std::uint64_t seed = 1; seed <= seed_count(4); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network("ping-check true; ping-timeout 1;"), {.seed = seed, .loss = 5});
    for (std::uint8_t i = 10; i < 13; ++i) world.add_squatter(Ipv4::of(10, 2, 0, i));
    for (unsigned i = 0; i < 6; ++i) world.add_client(1, {}, kSteady);
    world.start_all();
    world.run(120 * kSecond);
    NO_VIOLATION(world);
    EXPECT_EQ(world.bound(), 6u);
    for (const auto& client : world.clients()) {
      const auto address = client->address(world.time().true_wall());
      ASSERT_TRUE(address);
      EXPECT_GE(address->value, Ipv4::of(10, 2, 0, 13).value) << "somebody sits there";
    }
    EXPECT_GE(world.dropped(engine::DropReason::probe_answered), 3u);
    world.expect_settled();
  }
}

// A DISCOVER that both ends a lease (its pool is closed to the client now) and asks about another address: the probe must not be lost over
// the change.
TEST(Sim, ProbeTogetherWithAChange) {
  World world(network(R"(ping-check true; ping-timeout 1; class "moved" { match if option host-name = "moved"; })",
                      R"(pool { deny members of "moved"; range 10.2.0.10 10.2.0.14; } pool { allow members of "moved"; range 10.2.0.20 10.2.0.24; })"),
              {.seed = 2, .workers = 1});
  Packet request = discover_from(1, world);
  request.type = wire::MessageType::request;
  request.add(wire::option::requested_address, Ipv4::of(10, 2, 0, 10));
  world.inject(request.encode(), world.relayed(1));
  world.run(kSecond);
  ASSERT_EQ(world.acks(), 1u);
  Packet discover = discover_from(1, world);
  discover.add(wire::option::host_name, std::string_view("moved"));
  world.inject(discover.encode(), world.relayed(1));
  world.run(100 * kMillisecond);
  EXPECT_EQ(world.worker(0).counters().probes_sent.get(), 1u);
  EXPECT_NE(world.binding(Ipv4::of(10, 2, 0, 10)).state, lease::BindingState::active);
  EXPECT_TRUE(world.replies_to(discover.xid).empty());
  world.run(1500 * kMillisecond);
  EXPECT_EQ(world.replies_to(discover.xid), std::vector{wire::MessageType::offer});
  NO_VIOLATION(world);
}

// dhcpd-compat §7: a pool is closed to whom it denies, also when it is the only one with room, under loss and power cuts.
TEST(Sim, PoolsStayClosedToWhomTheyDeny) {
  for (std::uint64_t seed = 1; seed <= seed_count(4); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network(R"(ping-check false; class "guest" { match if option host-name = "guest"; })",
                        R"(pool { deny members of "guest"; range 10.2.0.10 10.2.0.30; } pool { allow members of "guest"; range 10.2.0.40 10.2.0.43; })"),
                {.seed = seed, .workers = 3, .loss = 10, .duplicates = 10, .most_delay = kSecond});
    const auto is_guest = [](const Client& client) { return client.number() % 2 == 0; };
    for (unsigned i = 0; i < 16; ++i) {
      Client& client = world.add_client(1);
      if (is_guest(client)) client.set_host_name("guest");
    }
    world.forbid([&](const Client& client, Ipv4 address) { return is_guest(client) != (address.value >= Ipv4::of(10, 2, 0, 40).value); });
    world.start_all();
    for (int life = 0; life < 4; ++life) {
      world.run(90 * kSecond);
      NO_VIOLATION(world);
      world.power_cut();
    }
    EXPECT_GT(world.bound(), 4u);
    world.expect_settled();
  }
}

// Somebody sets the clock a day ahead: no lease ends by it, and when the clock is right again all goes on.
TEST(Sim, ClockStepFreezesExpiry) {
  World world(network("ping-check false;"), {.seed = 6});
  for (unsigned i = 0; i < 12; ++i) world.add_client(i % 3, {}, kSteady);
  world.start_all();
  world.run(30 * kSecond);
  ASSERT_EQ(world.bound(), 12u);
  world.step_clock(86400);
  world.run(20 * kSecond);
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_TRUE(world.transport(i).clock_frozen());
    EXPECT_EQ(world.worker(i).counters().expired.get(), 0u);
  }
  EXPECT_EQ(world.bound(), 12u);
  world.step_clock(-86400);
  // Every client stops renewing: their leases end in their time.
  for (const auto& client : world.clients()) {
    Habits gone = kSteady;
    gone.renew = false;
    client->set_habits(gone);
  }
  world.run(60 * kSecond);
  for (unsigned i = 0; i < 2; ++i) EXPECT_FALSE(world.transport(i).clock_frozen());
  EXPECT_TRUE(world.violations().empty()) << world.violations().front();
}

// An operator's reload in the middle of everything: no held reply is lost, no lease forgotten, a removed range comes back with its leases.
TEST(Sim, ReloadUnderLoad) {
  const std::string whole = network("ping-check false; one-lease-per-client true;");
  const std::string less = network("ping-check false; one-lease-per-client true;", "range 10.2.0.10 10.2.0.12;");
  const std::string more = network("ping-check false; one-lease-per-client true;", "range 10.2.0.10 10.2.0.60;");
  for (std::uint64_t seed = 1; seed <= seed_count(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(whole, {.seed = seed, .loss = 2, .duplicates = 5, .most_delay = kSecond});
    for (unsigned i = 0; i < 24; ++i) world.add_client(i % 3);
    world.start_all();
    world.add_abuse(100 * kMillisecond);
    for (int i = 0; i < 12; ++i) {
      world.run(world.random(20'000) * kMillisecond);
      world.reload(i % 2 == 0 ? more : whole);
      NO_VIOLATION(world);
    }
    // A smaller range: who is outside keeps his lease in the store, and has it again with the range.
    world.reload(less);
    world.reload(whole);
    NO_VIOLATION(world);
    world.power_cut();
    NO_VIOLATION(world);
    world.run(120 * kSecond);
    NO_VIOLATION(world);
    EXPECT_GT(world.bound(), 6u);
    world.expect_settled();
  }
}

// RFC 2131 §2.2: the operator pins the address of one client for another, on a network where pings are answered. Whoever has it uses it until
// his renewal is refused, and the other does not get it a moment earlier; nor does a power cut bring the old lease back.
TEST(Sim, APinnedAddressIsNeverTwoClients) {
  for (std::uint64_t seed = 1; seed <= seed_count(8); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(network(""), {.seed = seed, .workers = 3, .duplicates = 20, .clients_answer_pings = true});
    for (unsigned i = 0; i < 6; ++i) world.add_client(1, {}, kSteady);
    world.start_all();
    world.run(30 * kSecond);
    const Client &holder = *world.clients()[0], &newcomer = *world.clients()[1];
    const auto pinned = holder.address(world.time().true_wall());
    ASSERT_TRUE(pinned);
    world.reload(network(fmt::format("host pinned {{ hardware ethernet {:02x}; fixed-address {}; }}", fmt::join(newcomer.mac(), ":"), to_string(*pinned))));
    for (int i = 0; i < 10; ++i) {
      world.run(24 * kSecond);
      NO_VIOLATION(world);
    }
    EXPECT_EQ(newcomer.address(world.time().true_wall()), pinned);
    EXPECT_TRUE(holder.address(world.time().true_wall()));
    EXPECT_EQ(world.binding(*pinned).state, lease::BindingState::free);
    world.power_cut();
    EXPECT_EQ(world.binding(*pinned).state, lease::BindingState::free);
    world.run(150 * kSecond);
    NO_VIOLATION(world);
    EXPECT_EQ(newcomer.address(world.time().true_wall()), pinned);
    world.expect_settled();
  }
}

// Two MACs with one identifier, one MAC with many, forged option 82, other people's addresses, noise: nobody else notices, and every packet
// is accounted for.
TEST(Sim, AbuseHurtsNobodyElse) {
  for (std::uint64_t seed = 1; seed <= seed_count(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    // The abusers may drain 10.2 and 10.3; the clients of 10.1 have reserved theirs by being there first.
    World world(network("ping-check false;"), {.seed = seed, .workers = 3});
    for (unsigned i = 0; i < 12; ++i) world.add_client(0, {}, kSteady);
    world.start_all();
    world.run(20 * kSecond);
    ASSERT_EQ(world.bound(), 12u);
    world.add_abuse(5 * kMillisecond);
    world.run(60 * kSecond);
    NO_VIOLATION(world);
    EXPECT_EQ(world.bound(), 12u);
    world.expect_settled();
  }
}

// Few transmit buffers and a slow disk: what cannot be answered is dropped and counted, and afterwards all is as before.
TEST(Sim, ShortOfBuffers) {
  World world(network("ping-check false;"), {.seed = 8, .buffers = 3});
  world.set_disk_delay(2 * kSecond, 2 * kSecond);
  for (unsigned i = 0; i < 24; ++i) world.add_client(i % 3, {}, kSteady);
  world.start_all(200);
  world.run(10 * kSecond);
  EXPECT_GT(world.dropped(engine::DropReason::no_transmit_buffer), 0u);
  NO_VIOLATION(world);
  world.set_disk_delay(kMillisecond, kMillisecond);
  world.run(200 * kSecond);
  NO_VIOLATION(world);
  EXPECT_EQ(world.bound(), 24u);
  world.expect_settled();
}

// Equal seeds, equal histories: a failure can be replayed.
TEST(Sim, EqualSeedsAreEqualHistories) {
  std::vector<std::uint64_t> acks;
  for (int run = 0; run < 2; ++run) {
    World world(network("ping-check false;"), {.seed = 42, .loss = 10, .duplicates = 10, .most_delay = kSecond});
    for (unsigned i = 0; i < 24; ++i) world.add_client(i % 3);
    world.start_all();
    world.add_abuse(50 * kMillisecond);
    world.run(200 * kSecond);
    world.power_cut();
    world.run(200 * kSecond);
    acks.push_back(world.acks());
    acks.push_back(world.offers());
    acks.push_back(world.disk().operations());
  }
  EXPECT_EQ(acks[0], acks[3]);
  EXPECT_EQ(acks[1], acks[4]);
  EXPECT_EQ(acks[2], acks[5]);
}

}  // namespace
}  // namespace coaxd::test
