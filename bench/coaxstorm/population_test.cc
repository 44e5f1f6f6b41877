#include "bench/coaxstorm/population.h"

#include <gtest/gtest.h>

#include <utility>

#include "server/wire/test_packet.h"

namespace coaxd::storm {
namespace {

using wire::TestPacket;
using Step = Population::Step;

constexpr Ipv4 kServer = Ipv4::of(10, 0, 0, 1), kRelay = Ipv4::of(10, 0, 0, 2);
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint8_t kOffer = 2, kAck = 5, kNak = 6;

Ipv4 address(std::uint8_t last) { return Ipv4::of(10, 0, 1, last); }

// Plays a server to a few clients. A faultless reply is what `reply` makes; a test spoils one thing in it.
class Scene {
 public:
  explicit Scene(PopulationSettings settings = {}) : population(fill(std::move(settings)), nullptr) {}

  struct Spoil {
    Ipv4 server = kServer;
    std::uint32_t xid_change = 0;
    std::uint8_t lease_size = 4;
    std::uint32_t lease_time = 100;
    bool echo = true;
    Ipv4 giaddr = kRelay;
    std::uint64_t mac_change = 0;
  };
  TestPacket reply(std::uint32_t client, std::uint8_t type, Ipv4 yiaddr, Spoil spoil) const {
    const QueryFields sent = population.fields(client, population.query(client), 0);
    TestPacket packet{2};
    put(packet, 4, sent.xid + spoil.xid_change);
    put(packet, 16, yiaddr.value);
    put(packet, 24, sent.giaddr.is_zero() ? 0 : spoil.giaddr.value);
    put_mac(packet, 28, sent.mac + spoil.mac_change);
    packet.cookie().add(53, {type});
    if (!spoil.server.is_zero()) packet.add(54, be32(spoil.server.value));
    if (type != kNak) packet.add(51, Bytes{be32(spoil.lease_time)}.first(spoil.lease_size));
    if (spoil.echo && !sent.giaddr.is_zero()) {
      TestPacket::Octets agent{1, 4};
      for (const std::uint8_t octet : be32(sent.circuit_id)) agent.push_back(octet);
      agent.insert(agent.end(), {2, 6});
      for (int shift = 40; shift >= 0; shift -= 8) agent.push_back(static_cast<std::uint8_t>(sent.remote_id >> shift));
      packet.add(82, agent);
    }
    return packet.end();
  }
  TestPacket reply(std::uint32_t client, std::uint8_t type, Ipv4 yiaddr) const { return reply(client, type, yiaddr, {}); }

  Population::Outcome outcome(const TestPacket& packet) { return population.receive(packet, now); }
  Step receive(const TestPacket& packet) { return population.receive(packet, now).step; }
  void begin(std::uint32_t client, ExchangeKind kind) { population.begin(client, kind, now, now); }
  void bind(std::uint32_t client, Ipv4 to, Spoil spoil) {
    begin(client, ExchangeKind::dora);
    ASSERT_EQ(receive(reply(client, kOffer, to, spoil)), Step::request);
    ASSERT_EQ(receive(reply(client, kAck, to, spoil)), Step::bound);
  }
  void bind(std::uint32_t client, Ipv4 to) { bind(client, to, {}); }
  std::uint64_t counted(Violation violation) const {
    return population.violations()[static_cast<std::size_t>(violation)];
  }
  // Exactly this one, once.
  bool only(Violation violation) const { return counted(violation) == 1 && population.violations_total() == 1; }

  std::int64_t now = 5 * kSecond;
  Population population;

 private:
  static PopulationSettings fill(PopulationSettings settings) {
    settings.clients = 10;
    settings.first_mac = 0x02c0a0000000;
    settings.relays = {kRelay};
    return settings;
  }
  static std::array<std::uint8_t, 4> be32(std::uint32_t value) {
    std::array<std::uint8_t, 4> octets{};
    store_be32(octets.data(), value);
    return octets;
  }
  static void put(TestPacket& packet, std::size_t at, std::uint32_t value) {
    const auto o = be32(value);
    packet.set(at, {o[0], o[1], o[2], o[3]});
  }
  static void put_mac(TestPacket& packet, std::size_t at, std::uint64_t mac) {
    for (std::size_t i = 0; i < 6; ++i) packet.set(at + i, {static_cast<std::uint8_t>(mac >> (40 - 8 * i))});
  }
};

TEST(Rfc2131_3_1_Dora, ABindingIsMadeInTwoSteps) {
  Scene scene;
  scene.begin(3, ExchangeKind::dora);
  EXPECT_EQ(scene.population.query(3), QueryKind::discover);
  scene.now += 5;
  const auto offer = scene.outcome(scene.reply(3, kOffer, address(9)));
  EXPECT_EQ(offer.step, Step::request);
  EXPECT_EQ(offer.client, 3u);
  EXPECT_EQ(offer.answer_ns, 5);
  EXPECT_EQ(scene.population.query(3), QueryKind::selecting);
  const QueryFields request = scene.population.fields(3, QueryKind::selecting, scene.now);
  EXPECT_EQ(request.address, address(9));
  EXPECT_EQ(request.server_id, kServer);
  scene.now += 7;
  const auto ack = scene.outcome(scene.reply(3, kAck, address(9)));
  EXPECT_EQ(ack.step, Step::bound);
  EXPECT_EQ(ack.answer_ns, 7);
  EXPECT_EQ(ack.exchange_ns, 12);
  EXPECT_EQ(ack.lease_time, 100u);
  EXPECT_EQ(scene.population.client(3).state, ClientState::bound);
  EXPECT_EQ(scene.population.leases(), 1u);
  EXPECT_EQ(scene.population.violations_total(), 0u);
}

TEST(Rfc2131_4_4_1_Xid, OneForAnExchangeAnotherForTheNext) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  const std::uint32_t xid = scene.population.client(0).xid;
  EXPECT_EQ(scene.receive(scene.reply(0, kOffer, address(1))), Step::request);
  EXPECT_EQ(scene.population.client(0).xid, xid);
  EXPECT_EQ(scene.receive(scene.reply(0, kAck, address(1))), Step::bound);
  scene.begin(0, ExchangeKind::renew);
  EXPECT_NE(scene.population.client(0).xid, xid);
}

TEST(Seed, GivesTheSameTransactionsAgain) {
  for (const std::uint64_t seed : {1u, 2u}) {
    Scene one{{.seed = seed}}, two{{.seed = seed}}, other{{.seed = seed + 7}};
    for (Scene* scene : {&one, &two, &other}) scene->begin(0, ExchangeKind::dora);
    EXPECT_EQ(one.population.client(0).xid, two.population.client(0).xid);
    EXPECT_NE(one.population.client(0).xid, other.population.client(0).xid);
  }
}

TEST(Rfc2131_4_3_2_Renewing, GoesRelayedOrStraight) {
  for (const bool direct : {false, true}) {
    Scene scene{{.direct = direct}};
    scene.bind(0, address(1));
    scene.begin(0, ExchangeKind::renew);
    EXPECT_EQ(scene.population.query(0), QueryKind::renewing);
    EXPECT_EQ(scene.population.fields(0, QueryKind::renewing, scene.now).giaddr, direct ? Ipv4{} : kRelay);
    EXPECT_EQ(scene.population.fields(0, QueryKind::init_reboot, scene.now).giaddr, kRelay);
    EXPECT_EQ(scene.receive(scene.reply(0, kAck, address(1))), Step::bound);
    EXPECT_EQ(scene.population.violations_total(), 0u);
  }
}

TEST(Rfc2131_1_6_NoAddressTwice, IsFound) {
  Scene scene;
  scene.bind(0, address(1));
  scene.bind(1, address(1));
  EXPECT_TRUE(scene.only(Violation::duplicate_address));
}

TEST(Rfc2131_1_6_NoAddressTwice, AnExpiredOrReleasedLeaseMayGoToAnother) {
  Scene scene;
  scene.bind(0, address(1));
  scene.now += 101 * kSecond;
  scene.bind(1, address(1));
  scene.population.release(1);
  scene.bind(2, address(1));
  EXPECT_EQ(scene.population.violations_total(), 0u);
  EXPECT_EQ(scene.population.leases(), 1u);
}

TEST(Rfc2131_3_3_Infinity, NeverExpires) {
  Scene scene;
  scene.bind(0, address(1), {.lease_time = 0xffffffff});
  scene.now += 1'000'000 * kSecond;
  scene.bind(1, address(1));
  EXPECT_TRUE(scene.only(Violation::duplicate_address));
}

TEST(Rfc2131_3_1_Ack, MustNotChangeTheOffer) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  scene.receive(scene.reply(0, kOffer, address(1)));
  EXPECT_EQ(scene.receive(scene.reply(0, kAck, address(2))), Step::bound);
  EXPECT_TRUE(scene.only(Violation::changed_address));
}

TEST(Rfc2131_Table3_Replies, EachRuleBrokenIsCountedAsItself) {
  struct Row {
    Scene::Spoil spoil;
    Violation violation;
  };
  const Row rows[] = {
      {{.server = {}}, Violation::no_server_id},
      {{.xid_change = 1}, Violation::wrong_xid},
      {{.lease_size = 0}, Violation::no_lease_time},
      {{.echo = false}, Violation::wrong_agent_info},
      {{.giaddr = kServer}, Violation::wrong_giaddr},
      {{.mac_change = 100}, Violation::unknown_client},
  };
  for (const Row& row : rows) {
    Scene scene;
    scene.begin(4, ExchangeKind::dora);
    scene.receive(scene.reply(4, kOffer, address(1), row.spoil));
    EXPECT_TRUE(scene.only(row.violation)) << describe(row.violation).key;
  }
}

TEST(Rfc2131_4_3_2_ServerIdentifier, StaysFromOfferToAck) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  scene.receive(scene.reply(0, kOffer, address(1)));
  scene.receive(scene.reply(0, kAck, address(1), {.server = kRelay}));
  EXPECT_TRUE(scene.only(Violation::changed_server_id));
}

TEST(Rfc2131_3_1_Types, AnAckIsNoAnswerToADiscover) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  EXPECT_EQ(scene.receive(scene.reply(0, kAck, address(1))), Step::none);
  EXPECT_TRUE(scene.only(Violation::unexpected_type));
}

TEST(Replies, WithoutAnAddressOrNotEvenAMessage) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  EXPECT_EQ(scene.receive(scene.reply(0, kOffer, Ipv4{})), Step::none);
  EXPECT_TRUE(scene.only(Violation::no_address));
  EXPECT_EQ(scene.receive(TestPacket{1}.cookie().end()), Step::none);  // a request
  EXPECT_EQ(scene.population.receive(Bytes{}, scene.now).step, Step::none);
  EXPECT_EQ(scene.counted(Violation::malformed), 2u);
}

TEST(ExpectedOption, MissingOrOther) {
  using Octets = std::vector<std::uint8_t>;
  const struct {
    ExpectedOption expected;
    bool fine;
  } rows[] = {
      {{54, std::nullopt}, true},
      {{54, Octets{10, 0, 0, 1}}, true},
      {{54, Octets{10, 0, 0, 9}}, false},
      {{66, std::nullopt}, false},
  };
  for (const auto& row : rows) {
    Scene scene{{.expected = {row.expected}}};
    scene.begin(0, ExchangeKind::dora);
    scene.receive(scene.reply(0, kOffer, address(1)));
    EXPECT_EQ(scene.counted(Violation::missing_option), row.fine ? 0u : 1u);
  }
}

TEST(Nak, OfAnOwnLeaseIsAViolation) {
  Scene scene;
  scene.bind(0, address(1));
  scene.begin(0, ExchangeKind::init_reboot);
  EXPECT_EQ(scene.receive(scene.reply(0, kNak, Ipv4{})), Step::refused);
  EXPECT_TRUE(scene.only(Violation::refused));
  EXPECT_EQ(scene.population.client(0).state, ClientState::init);
  EXPECT_EQ(scene.population.leases(), 0u);
}

TEST(Nak, OfAnExpiredLeaseOrAnOfferIsNot) {
  Scene scene;
  scene.bind(0, address(1));
  scene.now += 101 * kSecond;
  scene.begin(0, ExchangeKind::renew);
  EXPECT_EQ(scene.receive(scene.reply(0, kNak, Ipv4{})), Step::refused);
  scene.begin(1, ExchangeKind::dora);
  scene.receive(scene.reply(1, kOffer, address(2)));
  EXPECT_EQ(scene.receive(scene.reply(1, kNak, Ipv4{})), Step::refused);
  EXPECT_EQ(scene.population.violations_total(), 0u);
}

TEST(Strays, RepeatedAnswersAreNoViolation) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  const TestPacket offer = scene.reply(0, kOffer, address(1));
  scene.receive(offer);
  EXPECT_EQ(scene.receive(offer), Step::none);
  const TestPacket ack = scene.reply(0, kAck, address(1));
  scene.receive(ack);
  EXPECT_EQ(scene.receive(ack), Step::none);
  EXPECT_EQ(scene.population.strays(), 2u);
  EXPECT_EQ(scene.population.violations_total(), 0u);
}

TEST(Strays, ALateAnswerToWhatWasSentTwice) {
  Scene scene;
  scene.bind(0, address(1));
  scene.begin(0, ExchangeKind::renew);
  const TestPacket late = scene.reply(0, kAck, address(1));
  scene.population.sent_again(0);
  scene.receive(late);
  scene.begin(0, ExchangeKind::renew);
  EXPECT_EQ(scene.receive(late), Step::none);
  EXPECT_EQ(scene.population.strays(), 1u);
  EXPECT_EQ(scene.population.violations_total(), 0u);
}

TEST(GivingUp, KeepsALeaseButNotAnOffer) {
  Scene scene;
  scene.bind(0, address(1));
  scene.begin(0, ExchangeKind::renew);
  scene.population.give_up(0);
  EXPECT_EQ(scene.population.client(0).state, ClientState::bound);
  EXPECT_EQ(scene.population.client(0).address, address(1));
  scene.begin(1, ExchangeKind::dora);
  scene.receive(scene.reply(1, kOffer, address(2)));
  scene.population.give_up(1);
  EXPECT_EQ(scene.population.client(1).state, ClientState::init);
  EXPECT_TRUE(scene.population.client(1).address.is_zero());
  EXPECT_EQ(scene.population.leases(), 1u);
}

TEST(Rfc2131_3_1_Step5, ARestartHasItsOwnTransactionButTheSameBeginning) {
  Scene scene;
  scene.begin(0, ExchangeKind::dora);
  scene.receive(scene.reply(0, kOffer, address(1)));
  const TestPacket late = scene.reply(0, kAck, address(1));
  const std::uint32_t xid = scene.population.client(0).xid;
  scene.now += 60 * kSecond;
  scene.population.restart(0, scene.now);
  EXPECT_EQ(scene.population.query(0), QueryKind::discover);
  EXPECT_NE(scene.population.client(0).xid, xid);
  EXPECT_TRUE(scene.population.client(0).address.is_zero());
  EXPECT_EQ(scene.population.fields(0, QueryKind::discover, scene.now).secs, 60);
  EXPECT_EQ(scene.receive(late), Step::none);
  EXPECT_EQ(scene.population.strays(), 1u);
  scene.receive(scene.reply(0, kOffer, address(2)));
  EXPECT_EQ(scene.outcome(scene.reply(0, kAck, address(2))).exchange_ns, 60 * kSecond);
  EXPECT_EQ(scene.population.violations_total(), 0u);
}

TEST(Rfc2131_4_4_6_Release, WaitsForNothing) {
  Scene scene;
  scene.bind(0, address(1));
  const std::uint32_t xid = scene.population.client(0).xid;
  scene.begin(0, ExchangeKind::release);
  EXPECT_FALSE(scene.population.client(0).waits());
  EXPECT_NE(scene.population.client(0).xid, xid);
  EXPECT_EQ(scene.population.fields(0, QueryKind::release, scene.now).address, address(1));
  scene.population.release(0);
  EXPECT_EQ(scene.population.leases(), 0u);
}

TEST(Outcome, NamesTheKindOfExchangeThatEnded) {
  Scene scene;
  for (const ExchangeKind kind : {ExchangeKind::dora, ExchangeKind::renew, ExchangeKind::init_reboot}) {
    scene.begin(0, kind);
    if (kind == ExchangeKind::dora) scene.receive(scene.reply(0, kOffer, address(1)));
    EXPECT_EQ(scene.outcome(scene.reply(0, kAck, address(1))).kind, kind);
  }
}

TEST(Violations, OnlyTheFirstAreTold) {
  int told = 0;
  Population population{{.clients = 1, .first_mac = 1}, [&](Violation, const std::string&) { ++told; }};
  int asked = 0;
  for (int i = 0; i < 100; ++i) population.count(Violation::lost, [&] { return std::to_string(++asked); });
  EXPECT_EQ(told, 10);
  EXPECT_EQ(asked, 10);
  EXPECT_EQ(population.violations_total(), 100u);
}

TEST(Prefetch, LooksAtNothingThatIsNotThere) {
  const Scene scene;
  for (std::size_t size = 0; size < 300; ++size) {
    const std::vector<std::uint8_t> octets(size, 0xff);
    scene.population.prefetch(Bytes{octets});
  }
}

TEST(Modem, ItsClientsShareARemoteId) {
  Scene scene{{.clients_per_modem = 3}};
  const auto remote_id = [&](std::uint32_t client) {
    return scene.population.fields(client, QueryKind::discover, scene.now).remote_id;
  };
  EXPECT_EQ(remote_id(3), scene.population.mac(3));
  EXPECT_EQ(remote_id(5), remote_id(3));
  EXPECT_NE(remote_id(6), remote_id(3));
}

// RFC 2131 §4.2: a client is who has the client-id, whatever its hardware address.
TEST(Rfc2131_4_2_ClientId, ThoseWhoShareOneShareAnAddress) {
  Scene scene{{.clients_per_client_id = 3}};
  const auto client_id = [&](std::uint32_t client) {
    return scene.population.fields(client, QueryKind::discover, scene.now).client_id;
  };
  EXPECT_EQ(client_id(3), scene.population.mac(3));
  EXPECT_EQ(client_id(5), client_id(3));
  EXPECT_NE(client_id(6), client_id(3));
  scene.bind(3, address(1));
  scene.bind(5, address(1));
  EXPECT_EQ(scene.population.violations_total(), 0u);
  for (const std::uint32_t client : {3u, 5u, 3u}) {
    scene.begin(client, ExchangeKind::renew);
    EXPECT_EQ(scene.receive(scene.reply(client, kAck, address(1))), Step::bound);
  }
  EXPECT_EQ(scene.population.violations_total(), 0u);
  scene.bind(6, address(1));  // another one
  EXPECT_TRUE(scene.only(Violation::duplicate_address));
}

TEST(Rfc2131_4_2_ClientId, WhatOneGivesBackNoneOfThemHolds) {
  Scene scene{{.clients_per_client_id = 2}};
  scene.bind(0, address(1));
  scene.bind(1, address(1));
  scene.population.release(1);
  scene.begin(0, ExchangeKind::renew);
  EXPECT_EQ(scene.receive(scene.reply(0, kNak, Ipv4{})), Step::refused);
  scene.bind(2, address(1));
  EXPECT_EQ(scene.population.violations_total(), 0u);
}

TEST(Secs, CountFromWhenTheExchangeWasDue) {
  Scene scene;
  scene.population.begin(0, ExchangeKind::dora, scene.now - 2 * kSecond, scene.now);
  EXPECT_EQ(scene.population.fields(0, QueryKind::discover, scene.now + kSecond).secs, 3);
  EXPECT_EQ(scene.population.fields(0, QueryKind::discover, scene.now + 100'000 * kSecond).secs, 0xffff);
}

TEST(Adopted, LeasesAreHeldAgainstEachOther) {
  Scene scene;
  scene.population.adopt(0, address(1), kServer, scene.now, scene.now + kSecond);
  EXPECT_EQ(scene.population.client(0).state, ClientState::bound);
  scene.population.adopt(1, address(1), kServer, scene.now + 2 * kSecond, scene.now + 9 * kSecond);
  EXPECT_EQ(scene.population.violations_total(), 0u);
  EXPECT_EQ(scene.population.client(0).state, ClientState::init);
  scene.population.adopt(2, address(1), kServer, scene.now + 3 * kSecond, scene.now + 9 * kSecond);
  EXPECT_TRUE(scene.only(Violation::duplicate_address));
}

}  // namespace
}  // namespace coaxd::storm
