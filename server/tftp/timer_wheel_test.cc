#include "server/tftp/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace coaxd::tftp {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1000 * kMs, kTick = std::int64_t{1} << TimerWheel::kTickShift;

std::vector<std::uint32_t> fired(TimerWheel& wheel, std::int64_t now) {
  std::vector<std::uint32_t> items;
  wheel.expire(now, [&](std::uint32_t item) { items.push_back(item); });
  return items;
}

TEST(TimerWheel, NeverEarlyAndAtMostATickLate) {
  TimerWheel wheel(1, 5 * kSecond);
  wheel.arm(0, 6 * kSecond);
  EXPECT_TRUE(fired(wheel, 6 * kSecond - 1).empty());
  EXPECT_EQ(fired(wheel, 6 * kSecond + kTick), std::vector<std::uint32_t>{0});
  EXPECT_TRUE(fired(wheel, 9 * kSecond).empty());  // once
}

TEST(TimerWheel, NothingArmedIsNoTime) {
  TimerWheel wheel(2, 0);
  EXPECT_EQ(wheel.next_ns(), TimerWheel::kNoTime);
  wheel.arm(1, kSecond);
  EXPECT_LE(wheel.next_ns(), kSecond + kTick);
  wheel.disarm(1);
  wheel.disarm(1);
  EXPECT_EQ(wheel.next_ns(), TimerWheel::kNoTime);
  EXPECT_TRUE(fired(wheel, 100 * kSecond).empty());
}

TEST(TimerWheel, ArmedAgainForLaterOrEarlier) {
  TimerWheel wheel(2, 0);
  wheel.arm(0, kSecond);
  wheel.arm(0, 3 * kSecond);
  EXPECT_TRUE(fired(wheel, 2 * kSecond).empty());
  wheel.arm(1, 8 * kSecond);
  wheel.arm(1, 2 * kSecond + 100 * kMs);
  EXPECT_EQ(fired(wheel, 2 * kSecond + 200 * kMs), std::vector<std::uint32_t>{1});
  EXPECT_EQ(fired(wheel, 3 * kSecond + kTick), std::vector<std::uint32_t>{0});
}

TEST(TimerWheel, BeyondOneTurn) {
  TimerWheel wheel(1, 0);
  wheel.arm(0, 255 * kSecond);
  for (std::int64_t now = 0; now < 255 * kSecond; now += kSecond) EXPECT_TRUE(fired(wheel, now).empty()) << now;
  EXPECT_EQ(fired(wheel, 255 * kSecond + kTick).size(), 1u);
}

TEST(TimerWheel, WhatFiresMayArmAndDisarmOthers) {
  TimerWheel wheel(4, 0);
  for (std::uint32_t item = 0; item < 4; ++item) wheel.arm(item, kSecond);
  std::vector<std::uint32_t> seen;
  wheel.expire(2 * kSecond, [&](std::uint32_t item) {
    seen.push_back(item);
    wheel.arm(item, 4 * kSecond);
    if (seen.size() > 1) return;
    wheel.disarm(item == 2 ? 1 : 2);               // due, and not to fire any more
    wheel.arm(item == 3 ? 0 : 3, 5 * kSecond);     // due, and put off
  });
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_EQ(fired(wheel, 4 * kSecond + kTick).size(), 2u);
  EXPECT_EQ(fired(wheel, 5 * kSecond + kTick).size(), 1u);
}

TEST(TimerWheel, ALongSleepFiresEverythingOnce) {
  TimerWheel wheel(2000, 0);
  for (std::uint32_t item = 0; item < 2000; ++item) wheel.arm(item, item * 20 * kMs);
  EXPECT_EQ(fired(wheel, 3600 * kSecond).size(), 2000u);
}

// Against a map of deadlines that a child could check.
TEST(TimerWheel, AgreesWithAModel) {
  std::mt19937_64 random(7);
  constexpr std::uint32_t kItems = 300;
  TimerWheel wheel(kItems, 0);
  std::map<std::uint32_t, std::int64_t> model;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto item = static_cast<std::uint32_t>(random() % kItems);
    if (random() % 8 == 0) {
      wheel.disarm(item);
      model.erase(item);
    } else {
      const std::int64_t deadline = now + static_cast<std::int64_t>(random() % (random() % 4 == 0 ? 60'000'000'000 : 900'000'000));
      wheel.arm(item, deadline);
      model[item] = deadline;
    }
    if (random() % 4 != 0) continue;
    std::int64_t earliest = TimerWheel::kNoTime;
    for (const auto& [armed, deadline] : model) earliest = std::min(earliest, deadline);
    // It does not sleep past a deadline.
    if (earliest != TimerWheel::kNoTime) {
      ASSERT_LE(wheel.next_ns(), std::max(earliest, now) + 2 * kTick);
    }
    now += static_cast<std::int64_t>(random() % (random() % 50 == 0 ? 30'000'000'000 : 300'000'000));
    for (const std::uint32_t each : fired(wheel, now)) {
      ASSERT_TRUE(model.contains(each));
      ASSERT_LE(model[each], now);
      model.erase(each);
    }
    for (const auto& [armed, deadline] : model) ASSERT_GT(deadline, now - 2 * kTick);
  }
}

}  // namespace
}  // namespace coaxd::tftp
