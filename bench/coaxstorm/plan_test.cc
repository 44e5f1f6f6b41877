#include "bench/coaxstorm/plan.h"

#include <gtest/gtest.h>

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
  Turn turn{Order::once, false, 1};
  for (std::uint32_t client = 0; client < 3; ++client) {
    EXPECT_FALSE(turn.over(population));
    EXPECT_EQ(turn.next(population), client);
  }
  EXPECT_TRUE(turn.over(population));
  EXPECT_EQ(turn.next(population), kNobody);
}

TEST(Turn, RoundPassesOverTheBusy) {
  Population population = population_of(3);
  Turn turn{Order::round, false, 1};
  EXPECT_EQ(turn.next(population), 0u);
  population.begin(1, ExchangeKind::dora, 0, 0);
  EXPECT_EQ(turn.next(population), 2u);
  EXPECT_EQ(turn.next(population), 0u);
  EXPECT_EQ(turn.next(population), 2u);
  EXPECT_FALSE(turn.over(population));
}

TEST(Turn, RandomDrawsFromTheBoundAndRepeatsBySeed) {
  Population population = population_of(10);
  Turn nobody{Order::random, true, 7};
  EXPECT_EQ(nobody.next(population), kNobody);
  for (const std::uint32_t client : {2u, 5u, 6u, 8u}) adopt(population, client);
  Turn one{Order::random, true, 7}, two{Order::random, true, 7};
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t client = one.next(population);
    EXPECT_EQ(client, two.next(population));
    if (client != kNobody) seen.insert(client);
  }
  EXPECT_EQ(seen, (std::set<std::uint32_t>{2, 5, 6, 8}));
}

TEST(Turn, OnceForLeaseholdersLeavesOutTheOthers) {
  Population population = population_of(200);
  adopt(population, 150);
  Turn turn{Order::once, true, 1};
  std::vector<std::uint32_t> seen;
  while (!turn.over(population)) {
    const std::uint32_t client = turn.next(population);
    if (client != kNobody) seen.push_back(client);
  }
  EXPECT_EQ(seen, std::vector<std::uint32_t>{150});
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
