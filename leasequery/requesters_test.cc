#include "leasequery/requesters.h"

#include <gtest/gtest.h>

#include <thread>

#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Prefix prefix(Ipv4 network, int length) { return {network, {length == 0 ? 0 : 0xffffffffu << (32 - length)}}; }
const RequesterSpec kWide{.prefix = prefix(Ipv4::of(10, 0, 0, 0), 8), .dialect = DialectChoice::rfc4388};
const RequesterSpec kOne{.prefix = prefix(kCmts, 32), .dialect = DialectChoice::draft0};
const RequesterSpec kManagement{.prefix = prefix(Ipv4::of(192, 0, 2, 0), 24)};

int take_all(TokenBucket& bucket, std::int64_t now, int most) {
  int taken = 0;
  while (taken < most && bucket.take(now)) ++taken;
  return taken;
}

TEST(TokenBucket, HoldsTenSecondsOfItsRateAndFillsEvenly) {
  TokenBucket bucket(100);
  EXPECT_EQ(take_all(bucket, kSecond, 5000), 1000);
  EXPECT_EQ(take_all(bucket, kSecond, 5000), 0);
  EXPECT_EQ(take_all(bucket, kSecond + kSecond / 100, 5000), 1);
  EXPECT_EQ(take_all(bucket, 2 * kSecond, 5000), 99);
  EXPECT_EQ(take_all(bucket, 100 * kSecond, 5000), 1000);
}

TEST(TokenBucket, WithoutARateThereIsNoLimit) {
  TokenBucket bucket(0);
  EXPECT_EQ(take_all(bucket, 0, 5000), 5000);
}

TEST(TokenBucket, EdgesOfRates) {
  TokenBucket slow(1), fast(1'000'000'000);
  EXPECT_EQ(take_all(slow, kSecond, 5000), 10);
  EXPECT_EQ(take_all(fast, kSecond, 5000), 5000);
}

// Workers read the clock each for itself: a reading from before another's takes nothing away.
TEST(TokenBucket, AnOlderClockIsNoFillUp) {
  TokenBucket bucket(1);
  EXPECT_EQ(take_all(bucket, 10 * kSecond, 100), 10);
  EXPECT_EQ(take_all(bucket, 9 * kSecond, 100), 0);
  EXPECT_EQ(take_all(bucket, 11 * kSecond, 100), 1);
}

TEST(TokenBucket, WorkersTogetherTakeNoMoreThanThereIs) {
  TokenBucket bucket(1000);
  std::array<int, 4> taken{};
  {
    std::vector<std::jthread> workers;
    for (int& mine : taken) workers.emplace_back([&] { mine = take_all(bucket, kSecond, 100'000); });
  }
  EXPECT_EQ(taken[0] + taken[1] + taken[2] + taken[3], 10'000);
}

TEST(Rfc4388_7_Requesters, TheLongestPrefixCounts) {
  const RequesterSpec specs[] = {kWide, kOne, kManagement};
  const Requesters requesters(specs);
  EXPECT_TRUE(requesters.listed());
  EXPECT_EQ(requesters.count(), 3u);
  EXPECT_EQ(requesters.find(kCmts), 1u);
  EXPECT_EQ(requesters.find(Ipv4::of(10, 1, 0, 2)), 0u);
  EXPECT_EQ(requesters.find(kServer), 2u);
  EXPECT_EQ(requesters.find(kStranger), Requesters::kNobody);
  EXPECT_EQ(requesters.name(0), "10.0.0.0/8");
  EXPECT_EQ(requesters.name(1), "10.1.0.1/32");
}

TEST(Rfc4388_7_Requesters, SourceAndGiaddrMustBothBeListed) {
  const RequesterSpec specs[] = {kOne, kManagement};
  const Requesters requesters(specs);
  const auto refusal = [&](Ipv4 source, Ipv4 giaddr, bool allowed) {
    const auto admitted = requesters.admit(source, giaddr, allowed);
    return admitted ? Refusal::none : admitted.error();
  };
  EXPECT_EQ(requesters.admit(kCmts, kCmts, false), 0u);
  EXPECT_EQ(requesters.admit(kServer, kCmts, false), 0u) << "giaddr says who asks";
  EXPECT_EQ(refusal(kStranger, kCmts, true), Refusal::source_not_allowed);
  EXPECT_EQ(refusal(kCmts, kStranger, true), Refusal::not_allowed) << "whatever dhcpd.conf allows";
  EXPECT_EQ(refusal(kStranger, kStranger, true), Refusal::not_allowed);
}

TEST(Dhcpd_9_10_Requesters, WithoutAListDhcpdConfDecides) {
  const Requesters requesters;
  EXPECT_FALSE(requesters.listed());
  EXPECT_EQ(requesters.count(), 1u);
  EXPECT_EQ(requesters.name(0), "allow leasequery");
  EXPECT_EQ(requesters.admit(kStranger, kCmts, true), 0u);
  EXPECT_EQ(requesters.admit(kCmts, kCmts, false).error(), Refusal::not_allowed);
}

TEST(Rfc4388_7_Rates, OfEachAndOfAllTogether) {
  RequesterSpec one = kOne, other = kManagement;
  one.rate = 1;
  const RequesterSpec specs[] = {one, other};
  Requesters requesters(specs, 2);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(requesters.charge(0, kSecond), Refusal::none);
  EXPECT_EQ(requesters.charge(0, kSecond), Refusal::too_many);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(requesters.charge(1, kSecond), Refusal::none);
  EXPECT_EQ(requesters.charge(1, kSecond), Refusal::busy);
}

TEST(Requesters, EachRelayIsNewOnceInEachDialect) {
  Requesters requesters;
  EXPECT_TRUE(requesters.heard_first(kCmts, Dialect::rfc4388));
  EXPECT_FALSE(requesters.heard_first(kCmts, Dialect::rfc4388));
  EXPECT_TRUE(requesters.heard_first(kCmts, Dialect::draft0));
  EXPECT_TRUE(requesters.heard_first({}, Dialect::rfc4388));
  int heard = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) heard += requesters.heard_first({i << 8}, Dialect::draft2) ? 1 : 0;
  EXPECT_LE(heard, static_cast<int>(Requesters::kHeard));
  EXPECT_GE(heard, static_cast<int>(Requesters::kHeard / 2));
  EXPECT_FALSE(requesters.heard_first(kCmts, Dialect::draft0));
}

TEST(Tally, CountsByRequesterAndByNobody) {
  Tally tally(2);
  tally.answered(1, Dialect::draft0, Key::hardware, Result::unknown);
  tally.refused(0, Refusal::too_many);
  tally.refused(Requesters::kNobody, Refusal::not_allowed);
  EXPECT_EQ(tally.answers(1, Dialect::draft0, Key::hardware, Result::unknown), 1u);
  EXPECT_EQ(tally.answers(0, Dialect::draft0, Key::hardware, Result::unknown), 0u);
  EXPECT_EQ(tally.answers(1, Dialect::draft0, Key::hardware, Result::active), 0u);
  EXPECT_EQ(tally.refusals(0, Refusal::too_many), 1u);
  EXPECT_EQ(tally.refusals(Requesters::kNobody, Refusal::not_allowed), 1u);
  EXPECT_EQ(tally.refusals(1, Refusal::not_allowed), 0u);
}

}  // namespace
}  // namespace coaxd::leasequery
