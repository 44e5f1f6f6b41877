#include "leasequery/tcp_query.h"

#include <gtest/gtest.h>

#include "leasequery/testing/tcp_sim.h"

namespace coaxd::leasequery {
namespace {

using wire::MessageType;

// A query and what it was read from, which the status texts do not need but the message does.
struct Read {
  explicit Read(const QueryPacket& packet) : octets(packet.message()) {
    if (!message->parse(octets)) throw std::runtime_error("no message");
    query = parse_tcp_query(*message);
  }
  StatusCode refused() const { return query ? StatusCode::success : query.error().code; }
  const TcpQuery* operator->() const { return &*query; }

  std::vector<std::uint8_t> octets;
  std::unique_ptr<wire::Message> message = std::make_unique<wire::Message>();
  std::expected<TcpQuery, Status> query;
};

using Octets = std::vector<std::uint8_t>;
const Octets kMac{0, 1, 2, 3, 4, 5};

TEST(Rfc6926_7_2_Query, HasOneOfFiveKeys) {
  EXPECT_EQ(Read(QueryPacket())->by, TcpQuery::By::everything);
  const Read hardware(QueryPacket().hardware(6, kMac));
  EXPECT_EQ(hardware->by, TcpQuery::By::hardware);
  EXPECT_EQ(hardware->htype, 6);
  EXPECT_EQ(hardware->key, kMac);
  const Read client(QueryPacket().add(61, {1, 2, 3}));
  EXPECT_EQ(client->by, TcpQuery::By::client_id);
  EXPECT_EQ(client->key, (Octets{1, 2, 3}));
  const Read relay(QueryPacket().add(82, {1, 1, 9, 12, 2, 7, 8}));
  EXPECT_EQ(relay->by, TcpQuery::By::relay_id);
  EXPECT_EQ(relay->key, (Octets{7, 8}));
  const Read remote(QueryPacket().add(82, {2, 3, 7, 8, 9}));
  EXPECT_EQ(remote->by, TcpQuery::By::remote_id);
  EXPECT_EQ(remote->key, (Octets{7, 8, 9}));
}

// As over UDP: it would be an empty copy of all leases, and nobody would know.
TEST(Rfc6926_7_2_Query, AHardwareAddressOfZerosIsNoKey) {
  const Octets zeros(6);
  EXPECT_EQ(Read(QueryPacket().hardware(1, zeros))->by, TcpQuery::By::everything);
  EXPECT_EQ(Read(QueryPacket().hardware(1, zeros).add(82, {2, 1, 1}))->by, TcpQuery::By::remote_id);
}

TEST(Rfc6926_7_2_Query, WithTwoKeysIsMalformed) {
  const auto with_hardware = [] { return QueryPacket().hardware(1, kMac); };
  EXPECT_EQ(Read(with_hardware().add(61, {1})).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(with_hardware().add(82, {2, 1, 1})).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket().add(61, {1}).add(82, {12, 1, 1})).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket().add(82, {12, 1, 1, 2, 1, 1})).refused(), StatusCode::malformed_query);
}

TEST(Rfc6926_7_2_Query, WithAnEmptyOrHalfKeyIsMalformed) {
  EXPECT_EQ(Read(QueryPacket().add(82, {2, 0})).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket().add(82, {12, 0})).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket().add(82, {1, 1, 5})).refused(), StatusCode::malformed_query) << "a circuit-id is no key";
  EXPECT_EQ(Read(QueryPacket().hardware(0, kMac)).refused(), StatusCode::malformed_query);
}

// It is not for one address: that is what UDP is for.
TEST(Rfc6926_7_2_Query, WithAnAddressIsMalformed) {
  for (const std::size_t field : {12u, 16u, 20u}) EXPECT_EQ(Read(QueryPacket().put(field + 3, 1)).refused(), StatusCode::malformed_query) << field;
  EXPECT_EQ(Read(QueryPacket().put(27, 1)).refused(), StatusCode::success) << "giaddr is nothing to us";
}

TEST(Rfc6926_6_2_5_QueryTimes, AreFourOctetsEachAndInOrder) {
  const Read both(QueryPacket().u32(154, 100).u32(155, 200));
  EXPECT_EQ(both->changed_since, 100u);
  EXPECT_EQ(both->changed_until, 200u);
  EXPECT_EQ(Read(QueryPacket().u32(154, 200).u32(155, 200)).refused(), StatusCode::success);
  EXPECT_EQ(Read(QueryPacket().u32(154, 201).u32(155, 200)).refused(), StatusCode::malformed_query);
  for (const std::uint8_t code : {std::uint8_t{154}, std::uint8_t{155}})
    for (const Octets& value : {Octets{1}, Octets{1, 2, 3}, Octets{1, 2, 3, 4, 5}}) EXPECT_EQ(Read(QueryPacket().add(code, value)).refused(), StatusCode::malformed_query);
}

TEST(Rfc6926_6_2_5_QueryTimes, BoundBothEndsIncluded) {
  const Read both(QueryPacket().u32(154, 100).u32(155, 200));
  for (const auto& [at, in] : {std::pair{99u, false}, {100u, true}, {200u, true}, {201u, false}, {0u, false}}) EXPECT_EQ(both->changed_in_time(at), in) << at;
  EXPECT_FALSE(Read(QueryPacket().u32(155, 200))->changed_in_time(0)) << "what never changed has not changed before then";
  EXPECT_TRUE(Read(QueryPacket())->changed_in_time(0));
}

TEST(Rfc6926_6_2_9_Vss, IsNotAllowedWhereThereAreNoVpns) {
  EXPECT_EQ(Read(QueryPacket().add(221, {255})).refused(), StatusCode::not_allowed);
  EXPECT_EQ(Read(QueryPacket().add(221, {0, 'v', 'p', 'n'})).refused(), StatusCode::not_allowed);
}

TEST(Rfc7724_7_2_ActiveQuery, HasNoKeyAndNoEnd) {
  EXPECT_TRUE(Read(QueryPacket(MessageType::active_leasequery))->active);
  EXPECT_EQ(Read(QueryPacket(MessageType::active_leasequery).u32(154, 5))->changed_since, 5u);
  EXPECT_EQ(Read(QueryPacket(MessageType::active_leasequery).u32(155, 5)).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket(MessageType::active_leasequery).hardware(1, kMac)).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket(MessageType::active_leasequery).add(61, {1})).refused(), StatusCode::malformed_query);
  EXPECT_EQ(Read(QueryPacket(MessageType::active_leasequery).add(82, {2, 1, 1})).refused(), StatusCode::malformed_query);
}

TEST(Rfc6926_7_2_Query, OtherMessagesAreNone) {
  for (std::uint8_t type = 1; type <= 18; ++type) {
    const bool query = type == 14 || type == 16;
    EXPECT_EQ(Read(QueryPacket(static_cast<MessageType>(type))).refused(), query ? StatusCode::success : StatusCode::malformed_query) << int{type};
  }
}

}  // namespace
}  // namespace coaxd::leasequery
