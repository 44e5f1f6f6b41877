#include "leasequery/query.h"

#include <gtest/gtest.h>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using wire::MessageType;

std::expected<Query, Refusal> read(Asking& asking) { return read_query(asking.message(), Dialect::rfc4388, kServer, Ipv4::of(192, 0, 2, 9)); }
Refusal refusal(Asking& asking) {
  const auto query = read(asking);
  return query ? Refusal::none : query.error();
}

// The whole table: what each setting makes of each message type.
TEST(Rfc4388_6_1_Dialect, TypeAndSettingDecide) {
  struct Row {
    DialectChoice choice;
    std::uint8_t draft_type;
    const char* by_type;  // 9, 10, 11, 12, 13: r rfc4388, 0 draft0, 2 draft2, - none
  };
  constexpr Row kRows[] = {
      {DialectChoice::automatic, 13, "-r--0"}, {DialectChoice::rfc4388, 13, "-r---"}, {DialectChoice::draft0, 13, "-r--0"},
      {DialectChoice::draft2, 13, "-r--2"},    {DialectChoice::draft2, 9, "2r---"},   {DialectChoice::draft2, 10, "-2---"},
      {DialectChoice::draft2, 11, "-r2--"},    {DialectChoice::draft2, 12, "-r-2-"},
  };
  for (const Row& row : kRows)
    for (std::uint8_t type = 9; type <= 13; ++type) {
      const auto dialect = dialect_of(MessageType{type}, row.choice, row.draft_type);
      const char told = !dialect ? '-' : *dialect == Dialect::rfc4388 ? 'r' : *dialect == Dialect::draft0 ? '0' : '2';
      EXPECT_EQ(told, row.by_type[type - 9]) << static_cast<int>(row.choice) << " set to " << int{row.draft_type} << ", type " << int{type};
      if (!dialect) {
        EXPECT_EQ(dialect.error(), Refusal::other_dialect);
      }
    }
}

// RFC 6926 and 7724 have 14 to 18 for TCP; DHCP has what is below 9.
TEST(Rfc6926_6_1_MessageTypes, AreNoQueriesOverUdp) {
  for (int type = 0; type <= 18; ++type) EXPECT_EQ(may_be_query(MessageType{static_cast<std::uint8_t>(type)}), type >= 9 && type <= 13) << type;
}

TEST(Rfc4388_6_1_QueryByAddress, TakesCiaddr) {
  Asking asking;
  const auto query = read(asking.address(Ipv4::of(10, 1, 0, 20)));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->key, Key::address);
  EXPECT_EQ(query->address, Ipv4::of(10, 1, 0, 20));
  EXPECT_FALSE(query->several_keys);
  EXPECT_FALSE(query->wanted.listed);
}

TEST(Rfc4388_6_1_QueryByHardwareAddress, TakesHtypeAndChaddr) {
  Asking asking;
  const auto query = read(asking.hardware("modem1", 6));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->key, Key::hardware);
  EXPECT_EQ(query->htype, 6);
  EXPECT_EQ(as_text(query->hardware), "modem1");
  EXPECT_TRUE(query->address.is_zero());
}

TEST(Rfc4388_6_1_QueryByHardwareAddress, TakesSixteenOctets) {
  Asking asking;
  const auto query = read(asking.hardware("sixteen octets!!"));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->hardware.size(), 16u);
}

TEST(Rfc4388_6_1_QueryByClientIdentifier, TakesOption61) {
  Asking asking;
  const auto query = read(asking.text(61, "\1modem1"));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->key, Key::client_id);
  EXPECT_EQ(as_text(query->client_id), "\1modem1");
}

// dhcpd's order; RFC 4388 §6.1 has the relay send one.
TEST(Rfc4388_6_1_SeveralKeys, AddressThenClientIdentifierThenHardware) {
  Asking all, two;
  const auto first = read(all.address(Ipv4::of(10, 1, 0, 20)).hardware("modem1").text(61, "id"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->key, Key::address);
  EXPECT_TRUE(first->several_keys);
  EXPECT_TRUE(first->hardware.empty());
  const auto second = read(two.hardware("modem1").text(61, "id"));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->key, Key::client_id);
  EXPECT_TRUE(second->several_keys);
}

// A relay may leave htype and hlen as they are in its other messages.
TEST(Rfc4388_6_1_QueryByAddress, HardwareOfZerosIsNoKey) {
  Asking asking;
  const auto query = read(asking.address(Ipv4::of(10, 1, 0, 20)).set(1, {1, 6}));
  ASSERT_TRUE(query);
  EXPECT_FALSE(query->several_keys);
}

TEST(Rfc4388_6_1_NoKey, IsRefused) {
  Asking nothing, zeros, htype_only;
  EXPECT_EQ(refusal(nothing), Refusal::no_key);
  EXPECT_EQ(refusal(zeros.set(1, {1, 6})), Refusal::no_key);
  EXPECT_EQ(refusal(htype_only.set(1, {1})), Refusal::no_key);
}

// Both refused before: by wire::Message.
TEST(Rfc4388_6_1_BrokenKey, IsNoMessage) {
  Asking long_hlen, empty_id;
  EXPECT_THROW(long_hlen.set(1, {1, 17}).message(), std::runtime_error);
  EXPECT_THROW(empty_id.text(61, "").message(), std::runtime_error);
}

TEST(Rfc2131_4_1_ServerIdentifier, OfAnotherServerIsRefused) {
  Asking ours, asked, other;
  EXPECT_EQ(refusal(ours.address(Ipv4::of(10, 1, 0, 20)).add(54, {192, 0, 2, 2})), Refusal::none);
  EXPECT_EQ(refusal(asked.address(Ipv4::of(10, 1, 0, 20)).add(54, {192, 0, 2, 9})), Refusal::none);
  EXPECT_EQ(refusal(other.address(Ipv4::of(10, 1, 0, 20)).add(54, {192, 0, 2, 3})), Refusal::other_server);
}

TEST(Rfc4388_6_1_RequestList, IsASet) {
  Asking asking;
  const auto query = read(asking.address(Ipv4::of(10, 1, 0, 20)).add(55, {51, 82, 255, 51}));
  ASSERT_TRUE(query);
  EXPECT_TRUE(query->wanted.listed);
  EXPECT_TRUE(query->wanted.lists(51) && query->wanted.lists(82) && query->wanted.lists(255));
  EXPECT_FALSE(query->wanted.lists(91));
  EXPECT_EQ(query->wanted.codes.count(), 3u);
}

TEST(Rfc4388_6_1_RequestList, AnEmptyOneIsAList) {
  Asking asking;
  const auto query = read(asking.address(Ipv4::of(10, 1, 0, 20)).add(55, {}));
  ASSERT_TRUE(query);
  EXPECT_TRUE(query->wanted.listed);
  EXPECT_EQ(query->wanted.codes.count(), 0u);
}

}  // namespace
}  // namespace coaxd::leasequery
