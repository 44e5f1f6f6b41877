#include "leasequery/tcp_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "leasequery/testing/tcp_sim.h"

namespace coaxd::leasequery {
namespace {

using wire::MessageType;
using Octets = std::vector<std::uint8_t>;

constexpr std::int64_t kSecond = 1'000'000'000;
const std::string kConf = R"(
  default-lease-time 3600; max-lease-time 3600;
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.29; }
  host fixed { hardware ethernet 00:aa:00:00:00:01; fixed-address 10.1.0.5; }
)";
constexpr Ipv4 at(std::uint32_t i) { return {Ipv4::of(10, 1, 0, 10).value + i}; }
constexpr Ipv4 kFixed = Ipv4::of(10, 1, 0, 5);

// Option 82 of a client behind this modem.
Octets behind(std::uint32_t modem) {
  Octets agent{1, 4, 0, 0, 0, 1, 2, 6};
  const Octets mac = mac_of(modem);
  agent.insert(agent.end(), mac.begin(), mac.end());
  return agent;
}

std::vector<Ipv4> addresses_of(const std::vector<Heard>& heard, MessageType type) {
  std::vector<Ipv4> out;
  for (const Heard& each : heard)
    if (each.type == type) out.push_back(each.address);
  return out;
}
int count_of(const std::vector<Heard>& heard, MessageType type) { return static_cast<int>(addresses_of(heard, type).size()); }
// The one DONE, which is the last of its query.
StatusCode done_of(const std::vector<Heard>& heard, std::uint32_t xid = 1) {
  EXPECT_EQ(std::ranges::count_if(heard, [&](const Heard& each) { return each.xid == xid && each.type == MessageType::lease_query_done; }), 1);
  const auto last = std::find_if(heard.rbegin(), heard.rend(), [&](const Heard& each) { return each.xid == xid; });
  if (last == heard.rend() || last->type != MessageType::lease_query_done) return StatusCode::count;
  return last->status;
}

class TcpSessionTest : public testing::Test {
 protected:
  std::vector<Heard> ask(const QueryPacket& query) {
    EXPECT_TRUE(peer.send(query));
    EXPECT_TRUE(peer.settle());
    return peer.take();
  }

  SimLeases leases{kConf};
  SimPeer peer{leases};
};

using Rfc6926_7_2_ByKey = TcpSessionTest;

TEST_F(Rfc6926_7_2_ByKey, HardwareGivesAllHisAddresses) {
  leases.bind(at(0), 7);
  leases.bind(at(3), 7);
  leases.bind(at(4), 8);
  const auto heard = ask(QueryPacket().hardware(1, mac_of(7)));
  EXPECT_THAT(addresses_of(heard, MessageType::lease_active), testing::ElementsAre(at(0), at(3)));
  EXPECT_EQ(done_of(heard), StatusCode::success);
}

TEST_F(Rfc6926_7_2_ByKey, HardwareGivesWhatHeHadLast) {
  leases.bind(at(0), 7);
  leases.bind(at(1), 7);
  leases.pass(10);
  leases.release(at(1));
  leases.pass(5);
  const auto heard = ask(QueryPacket().hardware(1, mac_of(7)));
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[1].type, MessageType::lease_unassigned);
  EXPECT_EQ(heard[1].address, at(1));
  EXPECT_EQ(heard[1].state, 1) << "AVAILABLE";
  EXPECT_EQ(heard[1].start_of_state, 5u);
  EXPECT_FALSE(heard[1].lease_time);
}

TEST_F(Rfc6926_7_2_ByKey, HardwareFindsAFixedAddress) {
  const auto heard = ask(QueryPacket().hardware(1, Octets{0, 0xaa, 0, 0, 0, 1}));
  EXPECT_THAT(addresses_of(heard, MessageType::lease_active), testing::ElementsAre(kFixed));
}

TEST_F(Rfc6926_7_2_ByKey, ClientId) {
  leases.bind(at(0), 7);
  leases.bind(at(4), 8);
  const auto heard = ask(QueryPacket().add(61, {1, 0, 0x10, 0x95, 0, 0, 8}));
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].address, at(4));
  EXPECT_EQ(heard[0].client_id, (Octets{1, 0, 0x10, 0x95, 0, 0, 8}));
}

// All CPE behind one modem.
TEST_F(Rfc6926_7_2_ByKey, RemoteId) {
  leases.bind(at(0), 7, 3600, behind(1));
  leases.bind(at(1), 8, 3600, behind(2));
  leases.bind(at(2), 9, 3600, behind(1));
  Octets key = mac_of(1);
  key.insert(key.begin(), {2, 6});
  const auto heard = ask(QueryPacket().add(82, key));
  EXPECT_THAT(addresses_of(heard, MessageType::lease_active), testing::ElementsAre(at(0), at(2)));
  EXPECT_EQ(heard[0].agent_info, behind(1));
}

TEST_F(Rfc6926_7_2_ByKey, RelayId) {
  leases.bind(at(0), 7, 3600, Octets{12, 2, 9, 9});
  leases.bind(at(1), 8, 3600, Octets{12, 2, 9, 8});
  leases.bind(at(2), 9, 3600, Octets{12, 9, 9, 9});  // overruns
  const auto heard = ask(QueryPacket().add(82, {12, 2, 9, 9}));
  EXPECT_THAT(addresses_of(heard, MessageType::lease_active), testing::ElementsAre(at(0)));
}

TEST_F(Rfc6926_7_2_ByKey, WhoIsNotKnownGetsDoneAlone) {
  const auto heard = ask(QueryPacket().hardware(1, mac_of(1)));
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].server_id, kServerId);
  EXPECT_EQ(done_of(heard), StatusCode::success);
}

// RFC 6926 §7.2: all configured addresses, whether or not they were ever used.
TEST_F(Rfc6926_7_2_ByKey, NoneGivesEveryAddressInOrder) {
  leases.bind(at(2), 7);
  const auto heard = ask(QueryPacket());
  ASSERT_EQ(heard.size(), 22u);
  EXPECT_EQ(heard.front().address, kFixed);
  EXPECT_EQ(count_of(heard, MessageType::lease_active), 2);
  EXPECT_EQ(count_of(heard, MessageType::lease_unassigned), 19);
  EXPECT_TRUE(std::ranges::is_sorted(std::span(heard).first(21), {}, &Heard::address));
  EXPECT_EQ(done_of(heard), StatusCode::success);
}

using Rfc6926_8_3_Reply = TcpSessionTest;

TEST_F(Rfc6926_8_3_Reply, TimesAreRelativeToBaseTime) {
  leases.bind(at(0), 7, 3600, behind(3));
  leases.pass(100);
  const auto heard = ask(QueryPacket().hardware(1, mac_of(7)));
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].base_time, kStart + 100);
  EXPECT_EQ(heard[0].start_of_state, 100u);
  EXPECT_EQ(heard[0].since_cltt, 100u);
  EXPECT_EQ(heard[0].lease_time, 3500u);
  EXPECT_EQ(heard[0].state, 2) << "ACTIVE";
  EXPECT_EQ(heard[0].hardware, mac_of(7));
  EXPECT_EQ(heard[0].agent_info, behind(3));
}

TEST_F(Rfc6926_8_3_Reply, ServerIsNamedInTheFirst) {
  const auto heard = ask(QueryPacket());
  EXPECT_EQ(heard[0].server_id, kServerId);
  for (const Heard& each : std::span(heard).subspan(1)) EXPECT_TRUE(each.server_id.is_zero());
}

TEST_F(Rfc6926_8_3_Reply, LeaseThatRanOutAMomentAgoIsExpired) {
  leases.bind(at(0), 7, 60);
  leases.pass(61);
  const auto heard = ask(QueryPacket().hardware(1, mac_of(7)));
  EXPECT_EQ(heard[0].type, MessageType::lease_unassigned);
  EXPECT_EQ(heard[0].state, 3) << "EXPIRED";
  EXPECT_EQ(heard[0].start_of_state, 1u);
}

TEST_F(Rfc6926_8_3_Reply, InfiniteLease) {
  leases.bind(at(0), 7, lease::kStoredNever);
  EXPECT_EQ(ask(QueryPacket().hardware(1, mac_of(7)))[0].lease_time, 0xffffffff);
}

TEST_F(Rfc6926_8_3_Reply, StrictListIsAllThatIsSent) {
  leases.bind(at(0), 7, 3600, behind(3));
  SimPeer strict(leases, {}, 0, Lists::strict);
  ASSERT_TRUE(strict.send(QueryPacket().hardware(1, mac_of(7)).add(55, {82})));
  ASSERT_TRUE(strict.settle());
  EXPECT_FALSE(strict.heard[0].lease_time);
  EXPECT_EQ(strict.heard[0].agent_info, behind(3));
  EXPECT_EQ(strict.heard[0].base_time, kStart) << "without it the requester could not place the message";
}

using Rfc6926_8_2_QueryTimes = TcpSessionTest;

TEST_F(Rfc6926_8_2_QueryTimes, OnlyWhatChangedThen) {
  leases.bind(at(0), 1);
  leases.pass(10);
  leases.bind(at(1), 2);
  leases.pass(10);
  leases.bind(at(2), 3);
  leases.release(at(0));
  const auto since = ask(QueryPacket().u32(154, kStart + 10));
  EXPECT_THAT(addresses_of(since, MessageType::lease_active), testing::ElementsAre(at(1), at(2)));
  EXPECT_THAT(addresses_of(since, MessageType::lease_unassigned), testing::ElementsAre(at(0)));
  const auto until = ask(QueryPacket().u32(155, kStart + 10));
  EXPECT_THAT(addresses_of(until, MessageType::lease_active), testing::ElementsAre(at(1)));
  EXPECT_EQ(count_of(until, MessageType::lease_unassigned), 0);
}

using Rfc6926_8_2_Errors = TcpSessionTest;

TEST_F(Rfc6926_8_2_Errors, AreToldByDone) {
  const auto malformed = ask(QueryPacket().put(15, 1));
  ASSERT_EQ(malformed.size(), 1u);
  EXPECT_EQ(done_of(malformed), StatusCode::malformed_query);
  EXPECT_EQ(done_of(ask(QueryPacket().add(221, {255}))), StatusCode::not_allowed);
  EXPECT_EQ(done_of(ask(QueryPacket(MessageType::discover))), StatusCode::malformed_query);
  EXPECT_EQ(done_of(ask(QueryPacket())), StatusCode::success) << "the connection goes on";
}

TEST_F(Rfc6926_8_2_Errors, OctetsThatAreNoMessageAreMalformed) {
  Octets octets = QueryPacket(MessageType::bulk_leasequery, 77).framed();
  octets[2] = 2;  // a reply
  ASSERT_TRUE(peer.send(octets));
  ASSERT_TRUE(peer.settle());
  EXPECT_EQ(done_of(peer.heard, 77), StatusCode::malformed_query);
}

TEST_F(Rfc6926_8_2_Errors, LengthThatNoMessageHasEndsTheConnection) {
  EXPECT_FALSE(peer.send(Octets{0, 239, 1, 1, 6}));
  EXPECT_EQ(peer.session.next(), TcpSession::Next::close);
  EXPECT_EQ(peer.session.ended(), Ended::bad_length);
}

// RFC 6926 §8.4: as many at once as there are xids.
TEST_F(TcpSessionTest, Rfc6926_8_4_QueriesInterleave) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.31.255; }"};
  SimPeer both(many);
  ASSERT_TRUE(both.send(QueryPacket(MessageType::bulk_leasequery, 5)));
  ASSERT_TRUE(both.send(QueryPacket(MessageType::bulk_leasequery, 6)));
  ASSERT_TRUE(both.settle());
  std::map<std::uint32_t, std::vector<Ipv4>> by_xid;
  std::size_t turns = 0;
  for (std::size_t i = 0; i < both.heard.size(); ++i) {
    if (i > 0 && both.heard[i].xid != both.heard[i - 1].xid) ++turns;
    if (both.heard[i].type == MessageType::lease_unassigned) by_xid[both.heard[i].xid].push_back(both.heard[i].address);
  }
  EXPECT_GT(turns, 2u) << "neither waits for the other";
  EXPECT_EQ(by_xid[5].size(), 8192u);
  EXPECT_EQ(by_xid[5], by_xid[6]);
  EXPECT_EQ(done_of(both.heard, 5), StatusCode::success);
  EXPECT_EQ(done_of(both.heard, 6), StatusCode::success);
}

TEST_F(TcpSessionTest, Rfc6926_8_4_XidInFlightIsNotBegunAgain) {
  ASSERT_TRUE(peer.send(QueryPacket()));
  ASSERT_TRUE(peer.send(QueryPacket()));
  ASSERT_TRUE(peer.settle());
  EXPECT_EQ(done_of(peer.heard), StatusCode::success);
  EXPECT_EQ(peer.counters.repeated.get(), 1u);
  peer.take();
  EXPECT_EQ(done_of(ask(QueryPacket())), StatusCode::success) << "it is free again";
}

TEST_F(TcpSessionTest, QueriesBeyondTheLimitWaitInTheStream) {
  SimPeer two(leases, {.queries = 2});
  Octets stream;
  for (std::uint32_t xid = 1; xid <= 5; ++xid) {
    const Octets one = QueryPacket(MessageType::bulk_leasequery, xid).framed();
    stream.insert(stream.end(), one.begin(), one.end());
  }
  Bytes rest = stream;
  for (int turns = 0; turns < 100 && !rest.empty(); ++turns) {
    rest = rest.subspan(two.session.receive(rest, leases.now));
    EXPECT_TRUE(two.settle());
  }
  EXPECT_TRUE(rest.empty());
  for (std::uint32_t xid = 1; xid <= 5; ++xid) EXPECT_EQ(done_of(two.heard, xid), StatusCode::success) << xid;
}

// No snapshot: what changes ahead of the walk is told as it is, what changes behind it is not told again, and no address comes twice.
TEST_F(TcpSessionTest, Rfc6926_8_2_LeasesThatChangeDuringADump) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.15.255; }"};
  SimPeer slow(many, {.output = 4096});
  const auto address = [](std::uint32_t i) { return Ipv4{Ipv4::of(10, 2, 0, 0).value + i}; };
  for (std::uint32_t i = 0; i < 4096; i += 2) many.bind(address(i), i);
  ASSERT_TRUE(slow.send(QueryPacket()));
  std::map<Ipv4, Heard> told;
  std::uint32_t step = 0;
  for (bool done = false; !done;) {
    slow.session.work(many.now);
    slow.read(900);
    many.pass(1);
    for (const Heard& each : slow.take()) {
      if (each.type == MessageType::lease_query_done) {
        done = true;
        continue;
      }
      EXPECT_TRUE(told.emplace(each.address, each).second) << to_string(each.address);
    }
    // Both ends of the range change, so some of it is behind the walk, and some before it.
    many.bind(address(4095 - (2 * step % 2048)), 5000 + step);
    if (step % 4 == 0) many.release(address(2 * (step / 4)));
    ++step;
    ASSERT_LT(step, 100'000u);
  }
  EXPECT_EQ(told.size(), 4096u);
  std::size_t new_ones = 0;
  for (const auto& [where, each] : told) {
    EXPECT_LE(each.base_time.value(), static_cast<std::uint32_t>(many.now.wall));
    new_ones += each.type == MessageType::lease_active && (where.value & 1) != 0;
  }
  EXPECT_GT(new_ones, 100u) << "leases that were given during the dump are in it";
}

TEST_F(TcpSessionTest, SlowReaderStopsTheWalkAndNothingElse) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.15.255; }"};
  SimPeer slow(many, {.output = 8192});
  ASSERT_TRUE(slow.send(QueryPacket()));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(slow.session.work(many.now));
  EXPECT_LE(slow.session.pending().size(), 8192u);
  const std::size_t before = slow.session.pending().size();
  slow.read(5000);
  slow.session.work(many.now);
  EXPECT_LE(slow.session.pending().size(), 8192u);
  EXPECT_GT(slow.session.pending().size(), before - 5000);
}

TEST_F(TcpSessionTest, Rfc6926_6_3_WhoDoesNotReadIsCutOff) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.15.255; }"};
  SimPeer stuck(many, {.output = 8192});
  ASSERT_TRUE(stuck.send(QueryPacket()));
  stuck.session.work(many.now);
  many.pass(299);
  stuck.session.on_time(many.now);
  EXPECT_FALSE(stuck.session.broken());
  EXPECT_EQ(stuck.session.next_ns() - many.now.mono_ns, kSecond);
  many.pass(1);
  stuck.session.on_time(many.now);
  EXPECT_TRUE(stuck.session.broken());
  EXPECT_EQ(stuck.session.ended(), Ended::not_reading);
}

TEST_F(TcpSessionTest, Rfc6926_6_3_IdleConnectionIsClosed) {
  ask(QueryPacket());
  leases.pass(299);
  peer.session.on_time(leases.now);
  EXPECT_EQ(peer.session.next(), TcpSession::Next::go_on);
  leases.pass(1);
  peer.session.on_time(leases.now);
  EXPECT_EQ(peer.session.next(), TcpSession::Next::close);
  EXPECT_EQ(peer.session.ended(), Ended::idle);
}

TEST_F(TcpSessionTest, Rfc6926_8_5_StopEndsQueriesWithQueryTerminated) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.31.255; }"};
  SimPeer cut(many);
  ASSERT_TRUE(cut.send(QueryPacket()));
  cut.session.work(many.now);
  cut.read();
  cut.session.terminate(Ended::stopped, many.now);
  cut.read();
  EXPECT_EQ(done_of(cut.heard), StatusCode::query_terminated);
  EXPECT_EQ(cut.session.next(), TcpSession::Next::close);
}

TEST_F(TcpSessionTest, Rfc6926_8_5_WhatWasAskedBeforeTheEndOfInputIsAnswered) {
  ASSERT_TRUE(peer.send(QueryPacket()));
  peer.session.end_of_input();
  EXPECT_EQ(peer.session.next(), TcpSession::Next::go_on);
  ASSERT_TRUE(peer.settle());
  EXPECT_EQ(done_of(peer.heard), StatusCode::success);
  EXPECT_EQ(peer.session.next(), TcpSession::Next::close);
  EXPECT_EQ(peer.session.ended(), Ended::by_peer);
}

// --- active queries ---

class Active : public TcpSessionTest {
 protected:
  QueryPacket active(std::uint32_t xid = 1) { return QueryPacket(MessageType::active_leasequery, xid); }
  // As the TCP thread does: the slot is told after its commit.
  void bind(Ipv4 address, std::uint32_t number) { peer.session.changed(LeaseView::number_of(leases.bind(address, number))); }
  void release(Ipv4 address) { peer.session.changed(LeaseView::number_of(leases.release(address))); }
  std::vector<Heard> news() {
    EXPECT_TRUE(peer.settle());
    return peer.take();
  }
};

using Rfc7724_8_2_Live = Active;

TEST_F(Rfc7724_8_2_Live, EveryChangeIsTold) {
  EXPECT_TRUE(ask(active()).empty()) << "nothing has changed since";
  bind(at(0), 1);
  leases.pass(1);
  auto heard = news();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].type, MessageType::lease_active);
  EXPECT_EQ(heard[0].address, at(0));
  EXPECT_EQ(heard[0].server_id, kServerId);
  EXPECT_EQ(heard[0].base_time, kStart + 1);
  EXPECT_EQ(heard[0].start_of_state, 1u);
  release(at(0));
  heard = news();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].type, MessageType::lease_unassigned);
  EXPECT_EQ(heard[0].state, 1);
}

TEST_F(Rfc7724_8_2_Live, SeveralChangesOfOneAddressAreToldAsItIsNow) {
  ask(active());
  bind(at(0), 1);
  release(at(0));
  bind(at(0), 2);
  const auto heard = news();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].hardware, mac_of(2));
}

TEST_F(Rfc7724_8_2_Live, OneAConnection) {
  ask(active(1));
  EXPECT_EQ(done_of(ask(active(2)), 2), StatusCode::not_allowed);
  EXPECT_TRUE(ask(active(1)).empty()) << "its own xid again is a repetition";
  bind(at(0), 1);
  EXPECT_EQ(news().size(), 1u);
}

TEST_F(Rfc7724_8_2_Live, BulkQueriesRunBesideIt) {
  ask(active(1));
  bind(at(0), 1);
  const auto heard = ask(QueryPacket(MessageType::bulk_leasequery, 2));
  EXPECT_EQ(std::ranges::count(heard, 1u, &Heard::xid), 1);
  EXPECT_EQ(done_of(heard, 2), StatusCode::success);
}

using Rfc7724_8_3_CatchUp = Active;

TEST_F(Rfc7724_8_3_CatchUp, TellsWhatChangedSinceAndThatItIsComplete) {
  leases.bind(at(0), 1);
  leases.pass(1000);
  leases.bind(at(1), 2);
  leases.pass(1000);
  leases.release(at(1));
  leases.bind(at(2), 3);
  const auto heard = ask(active().u32(154, kStart + 1000));
  EXPECT_THAT(addresses_of(heard, MessageType::lease_active), testing::ElementsAre(at(2)));
  EXPECT_THAT(addresses_of(heard, MessageType::lease_unassigned), testing::ElementsAre(at(1)));
  EXPECT_EQ(heard.back().type, MessageType::lease_query_status);
  EXPECT_EQ(heard.back().status, StatusCode::catch_up_complete);
  EXPECT_EQ(heard.back().base_time, kStart + 2000);
}

// A commit comes after the moment that it is stamped with, an end is worked off after it.
TEST_F(Rfc7724_8_3_CatchUp, LooksALittleFurtherBack) {
  leases.bind(at(0), 1);
  leases.pass(30);
  EXPECT_EQ(addresses_of(ask(active().u32(154, leases.now.wall)), MessageType::lease_active).size(), 1u);
}

TEST_F(Rfc7724_8_3_CatchUp, BeforeHistoryBeginsDataIsMissing) {
  leases.bind(at(0), 1);
  SimPeer late(leases, {}, static_cast<lease::StoredTime>(kStart) + 5);
  ASSERT_TRUE(late.send(active().u32(154, kStart + 4)));
  ASSERT_TRUE(late.settle());
  ASSERT_EQ(late.heard.size(), 3u);
  EXPECT_EQ(late.heard[0].status, StatusCode::data_missing);
  EXPECT_EQ(late.heard[1].type, MessageType::lease_active) << "what there is, is told";
  EXPECT_EQ(late.heard[2].status, StatusCode::catch_up_complete);
  SimPeer in_time(leases, {}, static_cast<lease::StoredTime>(kStart) + 5);
  ASSERT_TRUE(in_time.send(active().u32(154, kStart + 5)));
  ASSERT_TRUE(in_time.settle());
  EXPECT_EQ(in_time.heard.front().status, StatusCode::success);
}

TEST_F(Rfc7724_8_3_CatchUp, ChangesComeInBetween) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.15.255; }"};
  SimPeer slow(many, {.output = 4096});
  for (std::uint32_t i = 0; i < 2000; ++i) many.bind({Ipv4::of(10, 2, 0, 0).value + i}, i);
  ASSERT_TRUE(slow.send(active().u32(154, kStart)));
  slow.session.work(many.now);
  slow.session.changed(LeaseView::number_of(many.bind(Ipv4::of(10, 2, 15, 255), 9999)));
  slow.read();
  slow.session.work(many.now);
  slow.read();
  EXPECT_EQ(std::ranges::count(slow.heard, Ipv4::of(10, 2, 15, 255), &Heard::address), 1);
  EXPECT_LT(slow.heard.size(), 100u);
  ASSERT_TRUE(slow.settle());
  EXPECT_EQ(slow.heard.back().status, StatusCode::catch_up_complete);
  EXPECT_EQ(slow.heard.size(), 2000u + 2 + 1) << "the late one again by the walk, for which it is new";
}

// Whoever follows knows in the end what a dump would say, whatever happened and however slowly he read.
TEST_F(Active, Rfc7724_8_2_AFollowerEndsUpWithTheTruth) {
  SimLeases many{"subnet 10.2.0.0 netmask 255.255.0.0 { range 10.2.0.0 10.2.3.255; }"};
  SimPeer slow(many, {.output = 4096});
  ASSERT_TRUE(slow.send(active().u32(154, kStart)));
  std::map<Ipv4, Heard> known;
  const auto learn = [&] {
    for (const Heard& each : slow.take())
      if (!each.address.is_zero()) known[each.address] = each;
  };
  std::uint32_t random = 12345;
  for (int step = 0; step < 20'000; ++step) {
    random = random * 1664525 + 1013904223;
    const Ipv4 address{Ipv4::of(10, 2, 0, 0).value + (random >> 8) % 1024};
    slow.session.changed(LeaseView::number_of((random & 3) == 0 ? many.release(address) : many.bind(address, random >> 12)));
    if (step % 16 == 0) {
      slow.session.work(many.now);
      slow.read(700);
      learn();
      many.pass(1);
    }
  }
  ASSERT_TRUE(slow.settle());
  learn();
  SimPeer dump(many);
  ASSERT_TRUE(dump.send(QueryPacket()));
  ASSERT_TRUE(dump.settle());
  for (const Heard& truth : dump.heard) {
    if (truth.type == MessageType::lease_query_done) continue;
    ASSERT_TRUE(known.contains(truth.address));
    EXPECT_EQ(known[truth.address].type, truth.type);
    EXPECT_EQ(known[truth.address].hardware, truth.hardware);
  }
}

TEST_F(Active, Rfc7724_8_4_ConnectionThatIsQuietIsSaidToBeAlive) {
  ask(active());
  leases.pass(59);
  EXPECT_TRUE(news().empty());
  EXPECT_EQ(peer.session.next_ns() - leases.now.mono_ns, kSecond);
  leases.pass(1);
  const auto heard = news();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].type, MessageType::lease_query_status);
  EXPECT_EQ(heard[0].status, StatusCode::connection_active);
  EXPECT_EQ(heard[0].base_time, kStart + 60);
  EXPECT_TRUE(news().empty());
}

TEST_F(Active, Rfc7724_8_4_ANewsIsASignOfLifeToo) {
  ask(active());
  leases.pass(59);
  bind(at(0), 1);
  news();
  leases.pass(59);
  EXPECT_TRUE(news().empty());
}

TEST_F(Active, Rfc7724_6_3_FollowerThatDoesNotReadIsCutOffAfterTwoMinutes) {
  ask(active());
  bind(at(0), 1);
  peer.session.work(leases.now);
  leases.pass(119);
  peer.session.on_time(leases.now);
  EXPECT_FALSE(peer.session.broken());
  leases.pass(1);
  peer.session.on_time(leases.now);
  EXPECT_TRUE(peer.session.broken());
  EXPECT_EQ(peer.session.ended(), Ended::not_reading);
  peer.read();
  EXPECT_EQ(done_of(peer.heard), StatusCode::query_terminated);
}

TEST_F(Active, Rfc7724_6_3_FollowerMayBeSilent) {
  ask(active());
  for (int minute = 0; minute < 20; ++minute) {
    leases.pass(60);
    peer.session.on_time(leases.now);
    news();
  }
  EXPECT_EQ(peer.session.next(), TcpSession::Next::go_on);
}

TEST_F(Active, Rfc7724_8_3_LostChangesAreDataMissing) {
  ask(active());
  peer.session.changes_lost();
  const auto heard = news();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].type, MessageType::lease_query_status);
  EXPECT_EQ(heard[0].status, StatusCode::data_missing);
}

TEST_F(Active, AddressThatAReloadTookOutIsNotSpokenOf) {
  ask(active());
  bind(at(0), 1);
  leases.use("subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.20 10.1.0.29; }");
  peer.session.changes_lost();
  const auto heard = news();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].status, StatusCode::data_missing);
}

TEST_F(Active, EndsWithTheInput) {
  ask(active());
  peer.session.end_of_input();
  EXPECT_EQ(peer.session.next(), TcpSession::Next::close);
}

// --- TLS ---

Heard one_reply(SimPeer& peer) {
  peer.read();
  EXPECT_EQ(peer.heard.size(), 1u);
  return peer.heard.empty() ? Heard{} : peer.take().front();
}

TEST_F(TcpSessionTest, Rfc7724_8_1_TlsIsRefusedWhereItIsOff) {
  ASSERT_TRUE(peer.send(QueryPacket(MessageType::tls)));
  const Heard reply = one_reply(peer);
  EXPECT_EQ(reply.type, MessageType::tls);
  EXPECT_EQ(reply.status, StatusCode::tls_connection_refused);
  EXPECT_EQ(done_of(ask(QueryPacket())), StatusCode::success) << "whoever may go on in clear does";
}

TEST_F(TcpSessionTest, Rfc7724_8_1_TlsBeginsAfterTheAnswer) {
  for (const TlsMode mode : {TlsMode::optional, TlsMode::required}) {
    SimPeer tls(leases, {.tls = mode});
    ASSERT_TRUE(tls.send(QueryPacket(MessageType::tls)));
    const Heard reply = one_reply(tls);
    EXPECT_EQ(reply.type, MessageType::tls);
    EXPECT_EQ(reply.status, StatusCode::success);
    EXPECT_EQ(tls.session.next(), TcpSession::Next::start_tls);
    EXPECT_EQ(tls.session.receive(Octets{1, 2, 3}, leases.now), 0u) << "what comes now is the handshake's";
  }
}

TEST_F(TcpSessionTest, Rfc7724_8_1_QueriesGoOnInsideTls) {
  SimPeer tls(leases, {.tls = TlsMode::required});
  ASSERT_TRUE(tls.send(QueryPacket(MessageType::tls)));
  one_reply(tls);
  tls.session.tls_started();
  ASSERT_TRUE(tls.send(QueryPacket()));
  ASSERT_TRUE(tls.settle());
  EXPECT_EQ(done_of(tls.heard), StatusCode::success);
}

// RFC 7724 §9: else octets of a stranger would be taken for the requester's.
TEST_F(TcpSessionTest, Rfc7724_9_NothingInClearFollowsTls) {
  for (const std::size_t more : {1u, 2u, 100u}) {
    SimPeer tls(leases, {.tls = TlsMode::optional});
    Octets stream = QueryPacket(MessageType::tls).framed();
    const Octets query = QueryPacket().framed();
    stream.insert(stream.end(), query.begin(), query.begin() + static_cast<std::ptrdiff_t>(more));
    tls.send(stream);
    EXPECT_TRUE(tls.session.broken());
    EXPECT_EQ(tls.session.ended(), Ended::no_tls);
  }
}

TEST_F(TcpSessionTest, Rfc7724_8_1_TlsComesFirstOrNever) {
  SimPeer tls(leases, {.tls = TlsMode::optional});
  ASSERT_TRUE(tls.send(QueryPacket()));
  ASSERT_TRUE(tls.settle());
  tls.take();
  ASSERT_TRUE(tls.send(QueryPacket(MessageType::tls)));
  EXPECT_EQ(one_reply(tls).status, StatusCode::tls_connection_refused);
}

TEST_F(TcpSessionTest, Rfc7724_8_1_NothingInClearIsAnsweredWhereTlsIsRequired) {
  for (const Octets& octets : {QueryPacket().framed(), QueryPacket(MessageType::active_leasequery).framed(), QueryPacket().put(0, 2).framed()}) {
    SimPeer tls(leases, {.tls = TlsMode::required});
    tls.send(octets);
    EXPECT_TRUE(tls.session.pending().empty());
    EXPECT_EQ(tls.session.next(), TcpSession::Next::close);
    EXPECT_EQ(tls.session.ended(), Ended::no_tls);
  }
}

}  // namespace
}  // namespace coaxd::leasequery
