#include "bench/coaxstorm/plan.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <vector>

namespace coaxd::storm {
namespace {

Population population_of(std::uint32_t clients) {
  return {{.clients = clients, .first_mac = 0x020000000000}, nullptr};
}

void adopt(Population& population, std::uint32_t client) {
  population.adopt(client, Ipv4{0x0a000001 + client}, Ipv4{}, 0, INT64_MAX);
}

TEST(Turn, OnceComesToEachAndEnds) {
  const Population population = population_of(3);
  Turn turn{Order::once, ExchangeKind::dora, 1};
  for (std::uint32_t client = 0; client < 3; ++client) {
    EXPECT_FALSE(turn.over(population));
    EXPECT_EQ(turn.next(population).client, client);
  }
  EXPECT_TRUE(turn.over(population));
  EXPECT_EQ(turn.next(population).client, kNobody);
}

TEST(Turn, RoundPassesOverTheBusy) {
  Population population = population_of(3);
  Turn turn{Order::round, ExchangeKind::dora, 1};
  EXPECT_EQ(turn.next(population).client, 0u);
  population.begin(1, ExchangeKind::dora, 0, 0);
  EXPECT_EQ(turn.next(population).client, 2u);
  EXPECT_EQ(turn.next(population).client, 0u);
  EXPECT_EQ(turn.next(population).client, 2u);
  EXPECT_FALSE(turn.over(population));
}

TEST(Turn, RandomDrawsFromTheBoundAndRepeatsBySeed) {
  Population population = population_of(10);
  Turn nobody{Order::random, ExchangeKind::renew, 7};
  EXPECT_EQ(nobody.next(population).client, kNobody);
  for (const std::uint32_t client : {2u, 5u, 6u, 8u}) adopt(population, client);
  Turn one{Order::random, ExchangeKind::renew, 7}, two{Order::random, ExchangeKind::renew, 7};
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t client = one.next(population).client;
    EXPECT_EQ(client, two.next(population).client);
    if (client != kNobody) seen.insert(client);
  }
  EXPECT_EQ(seen, (std::set<std::uint32_t>{2, 5, 6, 8}));
}

TEST(Turn, OnceForLeaseholdersLeavesOutTheOthers) {
  Population population = population_of(200);
  adopt(population, 150);
  Turn turn{Order::once, ExchangeKind::renew, 1};
  std::vector<std::uint32_t> seen;
  while (!turn.over(population)) {
    const std::uint32_t client = turn.next(population).client;
    if (client != kNobody) seen.push_back(client);
  }
  EXPECT_EQ(seen, std::vector<std::uint32_t>{150});
}

TEST(Turn, IsOverWhenNobodyCanEverBegin) {
  Population population = population_of(3);
  const Turn renewals{Order::random, ExchangeKind::renew, 1}, doras{Order::random, ExchangeKind::dora, 1};
  EXPECT_TRUE(renewals.over(population));
  EXPECT_FALSE(doras.over(population));
  adopt(population, 1);
  EXPECT_FALSE(renewals.over(population));
}

// Where nobody has a lease the kinds that want one are passed over.
TEST(Turn, OfAMixAlwaysFindsSomebody) {
  const Population population = population_of(20);
  Turn turn{Order::random, Mix{{1, 1, 1, 1, 0}}, 4};
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    const Turn::Start start = turn.next(population);
    if (start.client == kNobody) continue;
    ++found;
    EXPECT_EQ(start.kind, ExchangeKind::dora);
  }
  EXPECT_GT(found, 50);
}

TEST(Mix, DrawsEachKindByItsWeight) {
  const Mix mix{{1, 0, 2, 0, 7}};
  std::array<int, kExchangeKinds> drawn{};
  std::uint64_t random = 11;
  for (int i = 0; i < 10'000; ++i) ++drawn[static_cast<std::size_t>(mix.draw(random))];
  EXPECT_EQ(drawn[1] + drawn[3], 0);
  EXPECT_NEAR(drawn[0], 1000, 150);
  EXPECT_NEAR(drawn[2], 2000, 200);
  EXPECT_EQ(mix.kinds(), 3u);
  EXPECT_FALSE(mix.wants_leases());
  EXPECT_TRUE((Mix{{0, 1, 1, 1, 0}}.wants_leases()));
}

TEST(Pace, AnAvalancheIsDueAtOnce) {
  Pace pace{std::numeric_limits<double>::infinity(), 2, 1000};
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pace.is_due(1'000'000, 1000));
    EXPECT_EQ(pace.due_at(5000), 1000);
    pace.begun();
  }
}

TEST(Pace, AClosedLoopFillsItsWindow) {
  const Pace pace{0, 2, 1000};
  EXPECT_TRUE(pace.is_due(1, 5000));
  EXPECT_FALSE(pace.is_due(2, 5000));
  EXPECT_EQ(pace.due_at(5000), 5000);
}

// Coordinated omission: what could not begin in time is late, and its lateness is counted.
TEST(Pace, AnOpenLoopKeepsItsScheduleWhateverIsOutstanding) {
  Pace pace{1000, 2, 1'000'000};
  EXPECT_TRUE(pace.is_due(99, 1'000'000));
  pace.begun();
  EXPECT_FALSE(pace.is_due(0, 1'999'999));
  EXPECT_TRUE(pace.is_due(0, 2'000'000));
  EXPECT_EQ(pace.idle_until(), 2'000'000);
  EXPECT_EQ(pace.due_at(50'000'000), 2'000'000);
  for (int i = 0; i < 9; ++i) pace.begun();
  EXPECT_EQ(pace.due_at(50'000'000), 11'000'000);
  EXPECT_EQ(pace.begun_count(), 10u);
}

}  // namespace
}  // namespace coaxd::storm
