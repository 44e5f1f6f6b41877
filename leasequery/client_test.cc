// The client, and the server with its thread and sockets, on the loopback device. What they say to each other is tcp_session_test.cc's.
#include "leasequery/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <thread>

#include "leasequery/client_reply.h"
#include "leasequery/tcp_server.h"
#include "leasequery/testing/tcp_sim.h"

namespace coaxd::leasequery {
namespace {

using testing::HasSubstr;
using Octets = std::vector<std::uint8_t>;
constexpr Ipv4 kFirst = Ipv4::of(10, 1, 0, 10), kHere = Ipv4::of(127, 0, 0, 1);
const std::string kConf = "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.19; }";

Instant real_now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return {.mono_ns = std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec, .wall = kStart};
}

class TcpServerTest : public testing::Test {
 protected:
  explicit TcpServerTest(Ipv4 requester = kHere) : requesters(std::vector<RequesterSpec>{{.prefix = {requester, {0xffffffff}}}}) {
    if (const auto listening = server.listen(); !listening) throw std::runtime_error(listening.error());
    server.start({.leases = leases.table, .requesters = requesters, .notes = &leases.notes, .config = leases.config, .feeds = {&feed}});
  }
  ~TcpServerTest() override { server.stop(); }

  std::expected<void, std::string> ask(ClientOptions::Over over, Subject subject = {}, std::optional<std::uint32_t> since = std::nullopt) {
    ClientOptions options{.over = over, .server = kHere, .port = server.port(), .timeout_s = 30};
    options.query.subject = std::move(subject);
    options.query.since = since;
    return leasequery::ask(options, [this](const wire::Message& reply, bool) {
      heard.push_back(SimPeer::understand(reply.raw()));
      if (on_reply) on_reply(heard.back());
    });
  }

  SimLeases leases{kConf};
  Requesters requesters;
  lease::ChangeFeed feed{64};
  std::vector<std::string> log;
  TcpServer server{{.port = 0}, real_now, [this](const std::string& line) { log.push_back(line); }};
  std::vector<Heard> heard;
  std::function<void(const Heard&)> on_reply;
  std::thread stopper;
};

TEST_F(TcpServerTest, DumpIsWhatTheLeasesAre) {
  leases.bind(kFirst, 7);
  ASSERT_TRUE(ask(ClientOptions::Over::bulk));
  ASSERT_EQ(heard.size(), 11u);
  EXPECT_EQ(heard[0].hardware, mac_of(7));
  EXPECT_EQ(heard[0].server_id, kHere);
  EXPECT_EQ(heard.back().type, wire::MessageType::lease_query_done);
  EXPECT_EQ(server.counters().accepted.get(), 1u);
}

// A requester that asks over UDP and over TCP hears of one server.
TEST_F(TcpServerTest, Rfc2132_9_7_ServerIdentifierIsTheConfiguredOne) {
  {
    const auto quiet = server.hold();
    leases.use("option dhcp-server-identifier 192.0.2.53; " + kConf);
    server.use(leases.config);
  }
  ASSERT_TRUE(ask(ClientOptions::Over::bulk));
  EXPECT_EQ(heard[0].server_id, Ipv4::of(192, 0, 2, 53));
}

TEST_F(TcpServerTest, FollowerHearsOfChangesAndReloadsUntilTheStop) {
  std::vector<StatusCode> status;
  on_reply = [&](const Heard& each) {
    if (each.type == wire::MessageType::lease_query_status) status.push_back(each.status);
    if (each.status == StatusCode::catch_up_complete) feed.changed(leases.bind(kFirst, 9));
    if (each.type == wire::MessageType::lease_active) {
      const auto quiet = server.hold();
      // The first brings and takes nobody, so nothing is missing.
      for (const std::string& conf : {"default-lease-time 60;" + kConf, kConf + "host new { hardware ethernet 2:0:0:0:0:1; fixed-address 10.1.0.99; }"}) {
        leases.use(conf);
        server.use(leases.config);
      }
    }
    // Not on this thread, which has to hear the last of it.
    if (each.status == StatusCode::data_missing) stopper = std::thread([this] { server.stop(); });
  };
  const auto asked = ask(ClientOptions::Over::active, {}, static_cast<std::uint32_t>(kStart));
  stopper.join();
  EXPECT_THAT(status, testing::ElementsAre(StatusCode::catch_up_complete, StatusCode::data_missing));
  ASSERT_FALSE(asked);
  EXPECT_THAT(asked.error(), HasSubstr("QueryTerminated: the server stops"));
}

// A fixed address has no lease to change; what is told of it is what its host said last.
TEST_F(TcpServerTest, FollowerHearsOfFixedAddresses) {
  const Ipv4 fixed = Ipv4::of(10, 1, 0, 99);
  const Octets agent_info{2, 1, 9};
  int told = 0;
  {
    const auto quiet = server.hold();
    leases.use(kConf + "host web { hardware ethernet 00:10:95:0:0:5; fixed-address 10.1.0.99; }");
    server.use(leases.config);
  }
  on_reply = [&](const Heard& each) {
    if (each.status == StatusCode::catch_up_complete) leases.hear(fixed, 5, agent_info);
    if (each.address != fixed) return;
    EXPECT_EQ(each.agent_info, agent_info);
    EXPECT_EQ(each.since_cltt, 0u);
    if (++told == 1) server.changed(fixed);  // a revocation, say
    if (told == 2) stopper = std::thread([this] { server.stop(); });
  };
  EXPECT_FALSE(ask(ClientOptions::Over::active, {}, static_cast<std::uint32_t>(kStart + 1)));
  stopper.join();
  EXPECT_EQ(told, 2);
}

TEST_F(TcpServerTest, RefusedQueryIsSaidInWords) {
  Subject twice;
  twice.hardware = mac_of(1);
  twice.client_id = {1, 2};
  const auto asked = ask(ClientOptions::Over::bulk, twice);
  ASSERT_FALSE(asked);
  EXPECT_THAT(asked.error(), HasSubstr("MalformedQuery: more than one key"));
}

struct Strange : TcpServerTest {
  Strange() : TcpServerTest(Ipv4::of(127, 0, 0, 9)) {}
};

TEST_F(Strange, WhoIsNotListedIsClosedAndToldWhy) {
  const auto asked = ask(ClientOptions::Over::bulk);
  ASSERT_FALSE(asked);
  EXPECT_THAT(asked.error(), HasSubstr("requesters"));
  server.stop();
  EXPECT_EQ(server.counters().not_listed.get(), 1u);
  EXPECT_THAT(log, testing::ElementsAre(HasSubstr("127.0.0.1: not among [leasequery] requesters")));
}

// --- words ---

TEST(ClientQuery, SubjectIsAddressMacOrClientId) {
  EXPECT_EQ(parse_subject("10.1.0.10")->address, Ipv4::of(10, 1, 0, 10));
  EXPECT_EQ(parse_subject("00:10:95:1:2:3")->hardware, (Octets{0, 0x10, 0x95, 1, 2, 3}));
  EXPECT_EQ(parse_subject("0010.9501.0203")->hardware, (Octets{0, 0x10, 0x95, 1, 2, 3}));
  EXPECT_EQ(parse_subject("01:00:10:95:01:02:03")->client_id, (Octets{1, 0, 0x10, 0x95, 1, 2, 3}));
  EXPECT_EQ(parse_subject("id:00:10:95:01:02:3")->client_id, (Octets{0, 0x10, 0x95, 1, 2, 3}));
  EXPECT_EQ(parse_subject("text:abc")->client_id, (Octets{'a', 'b', 'c'}));
  EXPECT_EQ(parse_subject("0102")->client_id, (Octets{1, 2}));
  for (const char* wrong : {"", "host", "10.1.0", "01:", ":01", "0:1:g", "012", "text:", "id:"}) EXPECT_FALSE(parse_subject(wrong)) << wrong;
}

TEST(ClientQuery, SinceIsATimeOrHowLongAgo) {
  EXPECT_EQ(parse_since("1700000000", kStart), 1'700'000'000u);
  EXPECT_EQ(parse_since("90s", kStart), kStart - 90);
  EXPECT_EQ(parse_since("15m", kStart), kStart - 900);
  EXPECT_EQ(parse_since("2h", kStart), kStart - 7200);
  EXPECT_EQ(parse_since("3d", kStart), kStart - 259200);
  for (const char* wrong : {"", "m", "1w", "1mm", "-5", "yesterday"}) EXPECT_FALSE(parse_since(wrong, kStart)) << wrong;
}

// What the server reads of it, is what was asked.
TEST(ClientQuery, SaysWhatItIsAskedToSay) {
  ClientQuery query{.type = wire::MessageType::bulk_leasequery, .xid = 77, .since = 5, .until = 6, .list = {51, 82}};
  query.subject.remote_id = {1, 2, 3};
  const Octets octets = to_octets(query);
  const auto message = std::make_unique<wire::Message>();
  ASSERT_TRUE(message->parse(octets));
  const auto read = parse_tcp_query(*message);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->xid, 77u);
  EXPECT_EQ(read->by, TcpQuery::By::remote_id);
  EXPECT_EQ(read->key, (Octets{1, 2, 3}));
  EXPECT_EQ(read->changed_since, 5u);
  EXPECT_EQ(read->changed_until, 6u);
  EXPECT_EQ(wanted_by(*message, Dialect::rfc4388, Lists::strict, told_to_anybody()), Codes{}.set(51).set(82));
}

TEST(ClientReply, IsALineForPeopleAndOneForPrograms) {
  SimLeases leases{kConf};
  leases.bind(kFirst, 7, 3600, Octets{2, 3, 9, 8, 7});
  leases.pass(60);
  SimPeer peer(leases);
  ASSERT_TRUE(peer.send(QueryPacket().hardware(1, mac_of(7))));
  ASSERT_TRUE(peer.settle());
  const auto message = std::make_unique<wire::Message>();
  ASSERT_TRUE(message->parse(peer.heard[0].message, wire::Message::Accept::replies));
  const AnswerKind kind = kind_of(*message, Dialect::rfc4388, 10);
  EXPECT_EQ(kind, AnswerKind::active);
  EXPECT_EQ(to_table_line(*message, kind), "10.1.0.10       ACTIVE     00:10:95:00:00:07     59m0s      1m0s  09:08:07          01:00:10:95:00:00:07\n");
  const std::string json = to_json_line(*message, kind);
  for (const char* part : {R"({"answer": "active")", R"("ip": "10.1.0.10")", R"("state": "ACTIVE")", R"("mac": "00:10:95:00:00:07")", R"("lease_seconds": 3540)", R"("heard_seconds_ago": 60)",
                           R"("remote_id": "09:08:07")", R"("base_time": 1800000060)"})
    EXPECT_THAT(json, HasSubstr(part));
}

TEST(ClientReply, KindsOfEveryDialect) {
  const auto kind = [](std::uint8_t type, Dialect dialect, std::uint8_t asked) {
    Octets octets = QueryPacket(static_cast<wire::MessageType>(type)).message();
    octets[0] = 2;
    const auto message = std::make_unique<wire::Message>();
    EXPECT_TRUE(message->parse(octets, wire::Message::Accept::replies));
    return kind_of(*message, dialect, asked);
  };
  EXPECT_EQ(kind(13, Dialect::rfc4388, 10), AnswerKind::active);
  EXPECT_EQ(kind(11, Dialect::rfc4388, 10), AnswerKind::unassigned);
  EXPECT_EQ(kind(12, Dialect::rfc4388, 10), AnswerKind::unknown);
  EXPECT_EQ(kind(5, Dialect::draft0, 13), AnswerKind::active);
  EXPECT_EQ(kind(6, Dialect::draft0, 13), AnswerKind::unknown);
  EXPECT_EQ(kind(16, Dialect::draft2, 13), AnswerKind::active);
  EXPECT_EQ(kind(15, Dialect::draft2, 13), AnswerKind::unknown);
  EXPECT_EQ(kind(14, Dialect::draft2, 13), AnswerKind::unassigned);
}

}  // namespace
}  // namespace coaxd::leasequery
