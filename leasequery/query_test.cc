#include "leasequery/query.h"

#include <gmock/gmock.h>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
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

std::vector<int> codes_of(const Codes& codes) {
  std::vector<int> out;
  for (int code = 0; code < 256; ++code)
    if (codes[static_cast<std::size_t>(code)]) out.push_back(code);
  return out;
}

std::vector<int> wanted(std::initializer_list<std::uint8_t> list, Lists lists, Dialect dialect = Dialect::rfc4388, const Codes& may_be_told = told_to_anybody()) {
  Asking asking;
  return codes_of(wanted_by(asking.add(55, list).message(), dialect, lists, may_be_told));
}

TEST(Rfc4388_6_1_RequestList, AddsOrIsAllThereIs) {
  EXPECT_THAT(wanted({51, 82, 51}, Lists::strict), ElementsAre(51, 82));
  EXPECT_THAT(wanted({12}, Lists::liberal), ElementsAre(12, 51, 58, 59, 60, 61, 82, 91, 92));
  EXPECT_THAT(wanted({}, Lists::strict), IsEmpty()) << "an empty one is a list";
  Asking none;
  EXPECT_THAT(codes_of(wanted_by(none.message(), Dialect::rfc4388, Lists::strict, told_to_anybody())), ElementsAre(51, 58, 59, 60, 61, 82, 91, 92));
}

TEST(Rfc4388_Drafts_RequestList, HasTheNumbersOfBothTimes) {
  EXPECT_THAT(wanted({}, Lists::liberal, Dialect::draft2), ElementsAre(51, 58, 59, 60, 61, 82));
  EXPECT_THAT(wanted({91, 161, 162, 163}, Lists::strict, Dialect::draft0), ElementsAre(91, 161, 162, 163));
  EXPECT_THAT(wanted({161, 162, 163}, Lists::strict), IsEmpty()) << "the RFC has none of these";
}

// "Any option not on this list SHOULD NOT be returned to a client, even if requested by that client."
TEST(Rfc4388_6_4_2_NonSensitiveOptions, AreAllThatIsTold) {
  const Codes two = Codes{}.set(51).set(82);
  EXPECT_THAT(wanted({51, 60, 61, 82}, Lists::strict, Dialect::rfc4388, two), ElementsAre(51, 82));
  EXPECT_THAT(wanted({}, Lists::liberal, Dialect::rfc4388, two), ElementsAre(51, 82));
  EXPECT_THAT(wanted({1, 43, 90, 128, 255}, Lists::strict), IsEmpty()) << "not told unless somebody says so";
}

}  // namespace
}  // namespace coaxd::leasequery
