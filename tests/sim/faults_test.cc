// What the disk and the power do to a running network, and what clients must never notice.
#include <cerrno>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kNetwork = R"(
  authoritative; ping-check false; one-lease-per-client true;
  min-lease-time 60; default-lease-time 120; max-lease-time 240;
  class "modem" { spawn with option agent.remote-id; lease limit 3; }
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.40; }
  shared-network relayed {
    subnet 10.2.0.0 netmask 255.255.255.0 { option routers 10.2.0.1; pool { range 10.2.0.10 10.2.0.30; } pool { range 10.2.0.40 10.2.0.50; } }
    subnet 10.4.0.0 netmask 255.255.255.0 { range 10.4.0.10 10.4.0.20; }
  }
  subnet 10.3.0.0 netmask 255.255.255.0 { range 10.3.0.10 10.3.0.25; }
)";

// A network of 24 clients in weather, with a little abuse.
void populate(World& world, unsigned clients = 24) {
  for (unsigned i = 0; i < clients; ++i) world.add_client(i % 3, i % 4 == 0 ? fmt::format("client-{}", i) : std::string{});
  world.start_all();
}

// RFC 2131 §3.1 step 4: a binding is committed before it is acknowledged. The power goes at any
// moment, six times in a history; every client's unexpired lease is honoured afterwards.
TEST(Sim, PowerCutAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= seed_count(12); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(kNetwork, {.seed = seed, .loss = 5, .duplicates = 5, .most_delay = 2 * kSecond});
    populate(world);
    world.add_abuse(200 * kMillisecond);
    for (int life = 0; life < 6; ++life) {
      world.run(2 * kSecond + world.random(60'000) * kMillisecond + world.random(1'000'000));
      NO_VIOLATION(world);
      world.power_cut();
      NO_VIOLATION(world);
    }
    world.run(120 * kSecond);
    NO_VIOLATION(world);
    EXPECT_GT(world.acks(), 100u);
    EXPECT_GT(world.bound(), 6u) << "clients are served again";
    world.expect_settled();
  }
}

// The same in crash-safe mode, which promises nothing about the power: the invariant must be seen to break, or the test above proves
// nothing.
TEST(Sim, PowerCutInCrashSafeModeLosesLeases) {
  std::size_t broken = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    World world(kNetwork, {.seed = seed, .durability = store::Durability::crash_safe});
    populate(world);
    world.run(kSecond + static_cast<std::int64_t>(seed) * 250 * kMillisecond);  // clients are coming in
    EXPECT_TRUE(world.violations().empty());
    world.power_cut();
    broken += world.violations().empty() ? 0 : 1;
  }
  EXPECT_GT(broken, 3u);
}

// What crash-safe does promise.
TEST(Sim, KillInCrashSafeModeLosesNothing) {
  for (std::uint64_t seed = 1; seed <= seed_count(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(kNetwork, {.seed = seed, .durability = store::Durability::crash_safe, .loss = 5});
    populate(world);
    for (int life = 0; life < 4; ++life) {
      world.run(5 * kSecond + world.random(40'000) * kMillisecond);
      world.kill();
      NO_VIOLATION(world);
    }
  }
}

// Power cuts and kills while the disk fails now and then: what a failed sync has left behind must not come back as somebody else's lease.
TEST(Sim, PowerCutOnAFailingDisk) {
  for (std::uint64_t seed = 1; seed <= seed_count(12); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(kNetwork, {.seed = seed, .loss = 5, .duplicates = 5, .most_delay = kSecond});
    populate(world);
    for (int life = 0; life < 6; ++life) {
      for (int fault = 0; fault < 4; ++fault) {
        world.disk().fail_at(1 + world.random(40), world.random(2) == 0 ? EIO : ENOSPC);
        world.run(world.random(15'000) * kMillisecond);
      }
      NO_VIOLATION(world);
      // What a mere kill has left in the page cache, recovery makes durable before it is served.
      world.random(3) == 0 ? world.kill() : world.power_cut();
      NO_VIOLATION(world);
    }
    world.run(200 * kSecond);
    NO_VIOLATION(world);
    EXPECT_GT(world.bound(), 6u);
    world.expect_settled();
  }
}

// A full disk under an avalanche: nobody is acknowledged, no address is used up by it, and when there is room again, service resumes without
// a restart.
TEST(Sim, FullDiskServesNobodyAndResumes) {
  for (std::uint64_t seed = 1; seed <= seed_count(4); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(kNetwork, {.seed = seed});
    for (unsigned i = 0; i < 12; ++i) world.add_client(2, {}, kSteady);
    world.start_all();
    world.run(20 * kSecond);
    ASSERT_EQ(world.bound(), 12u);
    const lease::PoolId pool = world.config().pool_of(Ipv4::of(10, 3, 0, 10))->id;
    const auto before = world.leases().counts(pool);
    ASSERT_EQ(before.active, 12u);

    world.disk().fail_at(1, ENOSPC, true);
    world.run(kSecond);
    // Strangers, twice as many as there is room for, and all of them persist.
    const std::uint64_t acks = world.acks();
    for (unsigned i = 0; i < 32; ++i) world.add_client(2, {}, kSteady);
    world.start_all(1000);
    world.run(30 * kSecond);
    NO_VIOLATION(world);
    EXPECT_EQ(world.acks(), acks) << "acknowledged although nothing can be stored";
    EXPECT_TRUE(world.store_failed());
    EXPECT_GT(world.dropped(engine::DropReason::store_failed), 0u);
    EXPECT_EQ(world.leases().counts(pool).active, before.active);
    EXPECT_EQ(world.bound(), 12u) << "their leases still run";

    // When the strangers have gone, their offers run out although nothing can be stored, also behind leases that have ended meanwhile: an
    // offer was only ever in memory.
    for (const auto& client : world.clients()) client->switch_off();
    world.run(125 * kSecond);
    EXPECT_EQ(world.leases().counts(pool).offered, 0u);
    EXPECT_EQ(world.acks(), acks);

    world.disk().heal();
    world.start_all(1000);
    world.run(60 * kSecond);
    NO_VIOLATION(world);
    EXPECT_FALSE(world.store_failed());
    EXPECT_EQ(world.bound(), 16u) << "every address serves again";
    world.expect_settled();
  }
}

// The disk has no room for another segment: those that are there still serve, then the same as above.
TEST(Sim, NoRoomForAnotherSegment) {
  World world(kNetwork, {.seed = 5, .segment_size = 8192});
  for (unsigned i = 0; i < 12; ++i) world.add_client(2, {}, {.release = 0, .reboot = 50, .forget = 0, .decline = 0, .inform = 0});
  world.start_all();
  world.run(20 * kSecond);
  ASSERT_EQ(world.bound(), 12u);
  world.disk().set_capacity(world.disk().used());
  for (int minute = 0; minute < 60 && !world.store_failed(); ++minute) world.run(60 * kSecond);
  ASSERT_TRUE(world.store_failed());
  NO_VIOLATION(world);
  world.disk().set_capacity(~std::uint64_t{0});
  world.run(120 * kSecond);
  EXPECT_FALSE(world.store_failed());
  EXPECT_EQ(world.bound(), 12u);
  NO_VIOLATION(world);
  world.expect_settled();
}

// One sync fails and the next would succeed (Linux reports a write error once): what waited for it is not acknowledged.
TEST(Sim, EioOnSync) {
  for (std::uint64_t seed = 1; seed <= seed_count(6); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(kNetwork, {.seed = seed});
    populate(world, 18);
    for (int i = 0; i < 20; ++i) {
      world.run(world.random(10'000) * kMillisecond);
      world.disk().fail_at(1 + world.random(6), EIO);
    }
    world.disk().heal();
    world.run(60 * kSecond);
    NO_VIOLATION(world);
    EXPECT_FALSE(world.store_failed());
    EXPECT_GT(world.bound(), 9u);
    world.expect_settled();
  }
}

// A disk that needs seconds: replies wait for it, nobody is acknowledged early, nobody waits for ever.
TEST(Sim, SlowDiskHoldsReplies) {
  World world(kNetwork, {.seed = 3});
  for (unsigned i = 0; i < 12; ++i) world.add_client(2, {}, kSteady);
  world.set_disk_delay(3 * kSecond, 3 * kSecond);
  world.start_all(100);
  world.run(2500 * kMillisecond);
  EXPECT_EQ(world.offers(), 12u) << "an OFFER waits for nothing";
  EXPECT_EQ(world.acks(), 0u);
  EXPECT_GT(world.worker(0).held() + world.worker(1).held(), 0u);
  world.run(30 * kSecond);
  EXPECT_EQ(world.bound(), 12u);
  NO_VIOLATION(world);
  world.expect_settled();
}

// A relayed client, transaction 77, that asks for the network's first address; others, numbered, for the next ones.
Packet init_reboot(std::uint8_t number = 0) {
  Packet request;
  request.chaddr = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(9 + number)};
  request.xid = 77u + number;
  request.giaddr = Ipv4::of(10, 3, 0, 1);
  request.type = wire::MessageType::request;
  request.add(wire::option::requested_address, Ipv4::of(10, 3, 0, static_cast<std::uint8_t>(10 + number)));
  return request;
}

// While packets wait, the sync is put off so that what they change shares it; but no client waits for a packet that may never come.
TEST(Sim, AFullBatchGathersButNobodySleepsOnIt) {
  for (const bool endless : {false, true}) {
    World world(kNetwork, {.seed = 5, .workers = 1});
    SimTransport& transport = world.transport(0);
    worker::Worker& worker = world.worker(0);
    const std::int64_t later = world.time().mono_ns + kSecond;
    const auto fill = [&] {
      for (std::size_t i = 0; i < worker::Transport::kBatch; ++i) transport.deliver({init_reboot().encode(), world.relayed(2)});
    };
    fill();
    worker.turn(later);
    EXPECT_TRUE(transport.disk_idle()) << "more packets may wait";
    EXPECT_EQ(worker.held(), 1u);
    for (int turn = 0; turn < 8 && transport.disk_idle(); ++turn) {
      if (endless) fill();
      worker.turn(later);
      EXPECT_LE(transport.until(), world.time().mono_ns);
      if (!endless) break;
    }
    EXPECT_FALSE(transport.disk_idle());
    worker.turn(later);
    EXPECT_EQ(transport.until(), later) << "nothing is left to hurry for";
    world.expect_settled();
  }
}

// All clients came back in one second once, and have renewed since: when that second comes round, what is to be looked at does not wait for packets.
TEST(Sim, NobodySleepsOnLeasesToBeMovedOn) {
  World world("authoritative; subnet 10.4.0.0 netmask 255.255.0.0 { range 10.4.1.0 10.4.3.255; }", {.seed = 7, .workers = 1});
  const lease::StoredTime now = lease::to_stored(world.time().server_wall());
  for (std::uint32_t i = 0; i < 3 * 256; ++i) {
    const lease::SlotId slot = world.leases().find({Ipv4::of(10, 4, 1, 0).value + i});
    for (const lease::StoredTime ends : {now, now + 3600}) {
      lease::Binding binding;
      binding.state = lease::BindingState::active;
      binding.ends = ends;
      world.leases().commit(*world.leases().claim(slot, world.leases().word(slot)), binding);
    }
  }
  worker::Worker& worker = world.worker(0);
  const std::int64_t later = world.time().mono_ns + kSecond;
  worker.turn(later);
  int turns = 1;
  for (; turns < 100 && world.leases().next_due_at() <= now; ++turns) {
    worker.turn(later);
    EXPECT_LE(world.transport(0).until(), world.time().mono_ns);
  }
  EXPECT_GT(turns, 5);
  EXPECT_LT(turns, 20);
  worker.turn(later);
  worker.turn(later);
  EXPECT_EQ(world.transport(0).until(), later) << "nothing is left to hurry for";
  EXPECT_EQ(world.worker(0).counters().expired.get(), 0u);
}

// RFC 2131 §4.1: a client asks again after four seconds, give or take one; what it asked before that is answered for nobody. §4.4.5: one that
// renews waits a minute. §4.4.6: a RELEASE is said once.
TEST(Sim, WhatTheClientHasGivenUpIsNotAnswered) {
  World world(kNetwork, {.seed = 6, .workers = 1});
  const auto deliver = [&](const Packet& packet, std::int64_t waited_ns, bool direct) {
    engine::Arrival arrival = world.relayed(2);
    if (direct) arrival.source = packet.ciaddr;
    arrival.waited_ns = waited_ns;
    world.inject(packet.encode(), arrival);
    world.run(kSecond);
  };
  Packet request = init_reboot();
  deliver(request, 3 * kSecond + 1, false);
  EXPECT_TRUE(world.replies_to(77).empty());
  EXPECT_EQ(world.dropped(engine::DropReason::stale), 1u);
  deliver(request, 3 * kSecond, false);
  EXPECT_EQ(world.replies_to(77).size(), 1u);

  Packet discover = init_reboot(1);
  discover.type = wire::MessageType::discover;
  deliver(discover, 4 * kSecond, false);
  EXPECT_TRUE(world.replies_to(78).empty());
  EXPECT_EQ(world.dropped(engine::DropReason::stale), 2u);

  Packet renewal;
  renewal.chaddr = request.chaddr;
  renewal.xid = 90;
  renewal.type = wire::MessageType::request;
  renewal.ciaddr = Ipv4::of(10, 3, 0, 10);
  deliver(renewal, 60 * kSecond, true);
  EXPECT_EQ(world.replies_to(90).size(), 1u);
  renewal.xid = 91;
  deliver(renewal, 60 * kSecond + 1, true);
  EXPECT_TRUE(world.replies_to(91).empty());
  Packet release = renewal;
  release.type = wire::MessageType::release;
  deliver(release, 3600 * kSecond, true);
  EXPECT_NE(world.binding(Ipv4::of(10, 3, 0, 10)).state, lease::BindingState::active);
  EXPECT_EQ(world.dropped(engine::DropReason::stale), 3u);
}

// RFC 8289 §3: a queue that stands is not served from its old end, but what nobody says twice is heard (RFC 2131 §4.4.6).
TEST(Sim, AQueueThatStandsGivesWayToWhatCameLater) {
  World world(kNetwork, {.seed = 8, .workers = 1});
  std::uint8_t n = 0;
  const auto deliver = [&](Packet packet, std::int64_t waited_ns) {
    engine::Arrival arrival = world.relayed(2);
    arrival.waited_ns = waited_ns;
    if (packet.type == wire::MessageType::discover) arrival.queue = engine::Arrival::Queue::discovers;
    world.inject(packet.encode(), arrival);
    world.run(100 * kMillisecond);
    return !world.replies_to(packet.xid).empty();
  };
  const auto discover = [&] {
    Packet packet = init_reboot(n++);
    packet.type = wire::MessageType::discover;
    return packet;
  };
  int answered = 0;
  for (int i = 0; i < 30; ++i) answered += deliver(discover(), 600 * kMillisecond) ? 1 : 0;
  EXPECT_GE(answered, 10);  // of the first second
  EXPECT_LE(answered, 11);
  EXPECT_EQ(world.dropped(engine::DropReason::overload), 30u - static_cast<unsigned>(answered));
  EXPECT_TRUE(deliver(discover(), 400 * kMillisecond)) << "later ones are served";
  Packet request = init_reboot(15);
  EXPECT_TRUE(deliver(request, 600 * kMillisecond)) << "a queue of DISCOVERs is not that of others";
  for (int i = 0; i < 30; ++i) deliver(init_reboot(n++), 600 * kMillisecond);
  EXPECT_EQ(world.binding(Ipv4::of(10, 3, 0, 25)).state, lease::BindingState::active);
  const auto dropped = world.dropped(engine::DropReason::overload);
  Packet release;
  release.chaddr = request.chaddr;
  release.type = wire::MessageType::release;
  release.ciaddr = Ipv4::of(10, 3, 0, 25);
  deliver(release, 600 * kMillisecond);
  EXPECT_EQ(world.dropped(engine::DropReason::overload), dropped);
  EXPECT_TRUE(deliver(discover(), 0));
  EXPECT_TRUE(deliver(discover(), 600 * kMillisecond)) << "it has drained";
}

// When replies wait for the disk in all places, nothing more is taken from the sockets; and the last places are not for clients who have
// nothing to lose yet.
TEST(Sim, ASlowDiskTurnsAwayDiscoversFirst) {
  World world(kNetwork, {.seed = 7, .workers = 1, .max_held = 4});
  world.set_disk_delay(kSecond, kSecond);
  for (std::uint8_t i = 0; i < 3; ++i) world.inject(init_reboot(i).encode(), world.relayed(2));
  world.run(10 * kMillisecond);
  EXPECT_EQ(world.worker(0).held(), 3u);
  Packet discover = init_reboot(8);
  discover.type = wire::MessageType::discover;
  world.inject(discover.encode(), world.relayed(2));
  world.run(10 * kMillisecond);
  EXPECT_EQ(world.dropped(engine::DropReason::overload), 1u);
  world.inject(init_reboot(3).encode(), world.relayed(2));
  world.run(10 * kMillisecond);
  EXPECT_EQ(world.worker(0).held(), 4u);
  world.inject(init_reboot(4).encode(), world.relayed(2));
  world.run(5 * kSecond);
  for (std::uint8_t i = 0; i < 5; ++i) EXPECT_EQ(world.replies_to(77u + i).size(), 1u) << int{i};
  EXPECT_EQ(world.dropped(engine::DropReason::overload), 1u);
}

// RFC 2131 §3.1 step 4, when the client is impatient: while its binding is on the way to the disk a retransmission is not answered early, and
// not twice.
TEST(Sim, RetransmissionWhilePendingGetsOneAck) {
  World world(kNetwork, {.seed = 4});
  world.set_disk_delay(kSecond, kSecond);
  const Packet request = init_reboot();
  for (int i = 0; i < 5; ++i) {
    world.inject(request.encode(), world.relayed(2), static_cast<unsigned>(i) % 2);
    world.run(100 * kMillisecond);
    EXPECT_TRUE(world.replies_to(77).empty());
  }
  world.run(2 * kSecond);
  EXPECT_EQ(world.replies_to(77), std::vector{wire::MessageType::ack});
  EXPECT_EQ(world.dropped(engine::DropReason::busy), 4u);
  NO_VIOLATION(world);
}

// A lease that was released while the store failed: the release is lost and undone, and a repeated REQUEST within dhcp-cache-threshold must
// not be answered from memory, for the record of the release may come back after a power cut (store/journal.cc).
TEST(Sim, NoCachedAckWhileTheStoreFails) {
  std::uint64_t given_away = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    World world(kNetwork, {.seed = seed, .workers = 1});
    Packet request = init_reboot();
    world.inject(request.encode(), world.relayed(2));
    world.run(kSecond);
    ASSERT_EQ(world.replies_to(77).size(), 1u);

    Packet release = request;
    release.type = wire::MessageType::release;
    release.ciaddr = Ipv4::of(10, 3, 0, 10);
    release.giaddr = {};
    engine::Arrival direct = world.relayed(2);
    direct.source = release.ciaddr;
    world.set_disk_delay(kMillisecond, 2 * kMillisecond);
    world.disk().fail_at(2, EIO, true);  // the write goes out, its sync fails
    world.inject(release.encode(), direct);
    world.run(100 * kMillisecond);
    ASSERT_TRUE(world.store_failed());
    request.xid = 78;
    world.inject(request.encode(), world.relayed(2));
    world.run(100 * kMillisecond);
    EXPECT_TRUE(world.replies_to(78).empty());
    world.power_cut();
    given_away += world.binding(Ipv4::of(10, 3, 0, 10)).state == lease::BindingState::active ? 0 : 1;
  }
  EXPECT_GT(given_away, 0u) << "the lost release never came back: this test shows nothing";
}

// draft0 says "active" by DHCPACK, which gives nobody a lease: a CMTS goes on passing packets while the store fails.
TEST(Rfc4388_Draft0_Store, IsAnsweredWhileItFails) {
  World world(std::string(kNetwork) + "allow leasequery;", {.seed = 1, .workers = 1});
  world.inject(init_reboot(0).encode(), world.relayed(2));
  world.run(kSecond);
  world.disk().fail_at(1, ENOSPC, true);
  world.inject(init_reboot(1).encode(), world.relayed(2));
  world.run(100 * kMillisecond);
  ASSERT_TRUE(world.store_failed());
  Packet query;
  query.type = wire::MessageType::lease_active;
  query.htype = 0;
  query.xid = 99;
  query.giaddr = Ipv4::of(10, 3, 0, 1);
  query.ciaddr = Ipv4::of(10, 3, 0, 10);
  world.inject(query.encode(), world.relayed(2));
  world.run(100 * kMillisecond);
  EXPECT_EQ(world.replies_to(99).size(), 1u);
  // And is counted as what it is: whoever watches ACKs watches leases.
  const auto counted = [&](const auto& counters, wire::MessageType type) { return counters[static_cast<std::size_t>(type)].get(); };
  const worker::Counters& counters = world.worker(0).counters();
  EXPECT_EQ(counted(counters.received, wire::MessageType::leasequery), 1u);
  EXPECT_EQ(counted(counters.sent, wire::MessageType::lease_active), 1u);
  EXPECT_EQ(counted(counters.sent, wire::MessageType::ack), 1u) << "the first client's";
}

// A disk that hangs reports no error, and a monitor must not read that all is well: no ACK leaves.
TEST(Sim, ADiskThatHangsIsAFailedStoreUntilItAnswers) {
  World world(kNetwork, {.seed = 1, .workers = 1});
  world.set_disk_delay(12 * kSecond, 12 * kSecond);
  Packet request = init_reboot();
  request.xid = 77;
  world.inject(request.encode(), world.relayed(2));
  world.run(4 * kSecond);
  EXPECT_FALSE(world.store_failed()) << "slow is not stuck";
  world.run(4 * kSecond);
  EXPECT_EQ(world.worker(0).store_error(), ETIMEDOUT);
  EXPECT_TRUE(world.replies_to(77).empty());
  world.run(6 * kSecond);
  EXPECT_FALSE(world.store_failed());
  EXPECT_EQ(world.replies_to(77).size(), 1u) << "nothing was given up meanwhile";
}

// An operator must not have to guess why a client asks again and again: dhcpd's words follow its REQUEST, whether the write has just failed or
// nothing is written any more.
TEST(Sim, ARequestThatCannotBeStoredIsLoggedWithTheReason) {
  World world(kNetwork, {.seed = 1, .workers = 1, .log_packets = true});
  world.disk().fail_at(1, ENOSPC, true);
  Packet request = init_reboot();
  for (const std::uint32_t xid : {77u, 78u}) {
    request.xid = xid;
    world.inject(request.encode(), world.relayed(2));
    world.run(100 * kMillisecond);
    ASSERT_TRUE(world.store_failed());
    EXPECT_TRUE(world.replies_to(xid).empty());
    std::size_t said = 0;
    for (auto& logs = world.worker(0).outlets().logs; logs.front() != nullptr; logs.pop()) {
      const engine::LogEvent& event = *logs.front();
      if (event.suffix != engine::LogSuffix::database_update_failed) continue;
      EXPECT_EQ(event.kind, engine::LogKind::request);
      EXPECT_EQ(event.address, Ipv4::of(10, 3, 0, 10));
      ++said;
    }
    EXPECT_EQ(said, 1u);
  }
}

// `[log] packets = false` keeps quiet about messages, not about what became of an address.
TEST(Sim, WithoutPacketLinesAnAbandonedAddressIsStillTold) {
  for (const bool packets : {true, false}) {
    World world(kNetwork, {.seed = 1, .workers = 1, .log_packets = packets});
    world.inject(init_reboot().encode(), world.relayed(2));
    world.run(kSecond);
    Packet decline = init_reboot();
    decline.type = wire::MessageType::decline;
    world.inject(decline.encode(), world.relayed(2));
    world.run(kSecond);
    std::size_t abandoned = 0, others = 0;
    for (auto& logs = world.worker(0).outlets().logs; logs.front() != nullptr; logs.pop()) {
      ++(logs.front()->kind == engine::LogKind::abandoned_declined ? abandoned : others);
    }
    EXPECT_EQ(abandoned, 1u);
    EXPECT_EQ(others > 0, packets);
  }
}

// The same with two workers, of which only one has lost a batch: the other's disk is well, and what it acknowledges must be there after a
// power cut. It may not rest on the lease that the first one's rollback has put back into memory.
TEST(Sim, NoCachedAckOfWhatAnotherWorkerLost) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    World world(kNetwork, {.seed = seed, .workers = 2});
    const Ipv4 address = Ipv4::of(10, 3, 0, 10);
    Packet request;
    request.chaddr = {2, 0, 0, 0, 0, 9};
    request.xid = 77;
    request.giaddr = Ipv4::of(10, 3, 0, 1);
    request.type = wire::MessageType::request;
    request.add(wire::option::requested_address, address);
    world.inject(request.encode(), world.relayed(2), 1);
    world.run(kSecond);
    ASSERT_EQ(world.replies_to(77).size(), 1u);

    Packet release = request;
    release.type = wire::MessageType::release;
    release.ciaddr = address;
    release.giaddr = {};
    engine::Arrival direct = world.relayed(2);
    direct.source = release.ciaddr;
    world.set_disk_delay(kMillisecond, 2 * kMillisecond);
    world.disk().fail_at(2, EIO, true);  // the write goes out, its sync fails
    world.inject(release.encode(), direct, 0);
    world.run(100 * kMillisecond);
    world.disk().heal();
    ASSERT_NE(world.worker(0).store_error(), 0);
    ASSERT_EQ(world.worker(1).store_error(), 0);
    request.xid = 78;
    world.inject(request.encode(), world.relayed(2), 1);
    world.run(20 * kMillisecond);
    EXPECT_EQ(world.replies_to(78).size(), 1u);
    world.power_cut();
    EXPECT_EQ(world.binding(address).state, lease::BindingState::active) << "seed " << seed << ": acknowledged and gone";
  }
}

}  // namespace
}  // namespace coaxd::test
