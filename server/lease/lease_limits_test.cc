#include "server/lease/lease_limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace coaxd::lease {
namespace {

constexpr HashSeed kSeed{3, 4};

// dhcpd-compat §3.6: N leases per subclass value, each separately.
TEST(LeaseLimits, Dhcpd_3_6_EachSubclassHasItsOwnLimit) {
  LeaseLimits limits(kSeed, 100);
  const auto modem = [&](std::string_view mac) { return limits.key("modem", as_bytes(mac)); };
  EXPECT_TRUE(limits.acquire(modem("A"), 2));
  EXPECT_TRUE(limits.acquire(modem("A"), 2));
  EXPECT_FALSE(limits.acquire(modem("A"), 2));
  EXPECT_TRUE(limits.acquire(modem("B"), 2));
  EXPECT_TRUE(limits.acquire(limits.key("class", as_bytes("A")), 2)) << "same data, another class";
  EXPECT_EQ(limits.count(modem("A")), 2u);
  limits.release(modem("A"));
  EXPECT_TRUE(limits.acquire(modem("A"), 2));
  EXPECT_FALSE(limits.acquire(modem("C"), 0)) << "lease limit 0";
  EXPECT_EQ(limits.count(modem("C")), 0u);
}

TEST(LeaseLimits, KeysTellClassAndDataApart) {
  LeaseLimits limits(kSeed, 1);
  EXPECT_NE(limits.key(1, as_bytes("A")), limits.key(2, as_bytes("A")));
  EXPECT_NE(limits.key(1, as_bytes("A")), limits.key(1, as_bytes("B")));
  EXPECT_NE(limits.key("ab", as_bytes("c")), limits.key("a", as_bytes("bc")));
  EXPECT_EQ(limits.key("a", as_bytes("b")), limits.key("a", as_bytes("b")));
}

TEST(LeaseLimits, RestoreCountsBeyondALoweredLimit) {
  LeaseLimits limits(kSeed, 10);
  for (int i = 0; i < 5; ++i) limits.restore(9);
  EXPECT_EQ(limits.count(9), 5u);
  EXPECT_FALSE(limits.acquire(9, 2));
  for (int i = 0; i < 4; ++i) limits.release(9);
  EXPECT_TRUE(limits.acquire(9, 2));
  limits.clear();
  EXPECT_EQ(limits.count(9), 0u);
  limits.release(9);  // of a lease that was billed before the clear
  EXPECT_EQ(limits.count(9), 0u);
}

TEST(LeaseLimits, AFullTableSaysNoAndPlacesComeBack) {
  LeaseLimits limits(kSeed, 50);
  std::mt19937_64 random{5};
  for (int round = 0; round < 2000; ++round) {  // more keys over time than nodes exist
    std::vector<LeaseLimits::Key> keys;
    for (int i = 0; i < 50; ++i) {
      keys.push_back(random() | 1);
      ASSERT_TRUE(limits.acquire(keys.back(), 1));
    }
    ASSERT_FALSE(limits.acquire(random() | 1, 1));
    ASSERT_FALSE(limits.acquire(keys[0], 1));
    for (const auto key : keys) limits.release(key);
  }
}

TEST(LeaseLimits, AgreesWithAMap) {
  constexpr std::uint64_t kRandomSeed = 99;
  SCOPED_TRACE(testing::Message() << "seed " << kRandomSeed);
  std::mt19937_64 random{kRandomSeed};
  LeaseLimits limits(kSeed, 20);
  std::map<LeaseLimits::Key, std::uint32_t> model;
  for (int step = 0; step < 200'000; ++step) {
    const LeaseLimits::Key key = limits.key(static_cast<std::uint32_t>(random() % 30), {});
    const auto there = model.find(key);
    if (random() % 2 == 0) {
      const auto limit = static_cast<std::uint32_t>(random() % 4);
      const bool room = there == model.end() ? limit > 0 && model.size() < 20 : there->second < limit;
      ASSERT_EQ(limits.acquire(key, limit), room);
      if (room) ++model[key];
    } else if (there != model.end()) {
      limits.release(key);
      if (--there->second == 0) model.erase(there);
    }
    ASSERT_EQ(limits.count(key), model.contains(key) ? model[key] : 0);
  }
}

// Threads fight for few places of few keys in few buckets: never more holders than the limit, and at rest nothing is lost.
TEST(LeaseLimits, NeverOverTheLimitUnderThreads) {
  constexpr std::uint32_t kLimit = 2, kKeys = 6;
  constexpr unsigned kThreads = 4;
  LeaseLimits limits(kSeed, 4);  // fewer places than keys: keys come and go
  std::atomic<std::uint32_t> holders[kKeys] = {};
  std::atomic<std::uint64_t> granted{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        std::mt19937_64 random{t};
        for (int step = 0; step < 20'000; ++step) {
          const auto k = static_cast<std::uint32_t>(random() % kKeys);
          if (!limits.acquire(k + 1, kLimit)) continue;
          ASSERT_LT(holders[k].fetch_add(1), kLimit);
          granted.fetch_add(1);
          if (random() % 4 == 0) std::this_thread::yield();
          holders[k].fetch_sub(1);
          limits.release(k + 1);
        }
      });
  }
  EXPECT_GT(granted.load(), 1000u);
  for (std::uint32_t k = 0; k < kKeys; ++k) EXPECT_EQ(limits.count(k + 1), 0u);
  for (std::uint32_t k = 0; k < 4; ++k) EXPECT_TRUE(limits.acquire(1000 + k, 1)) << "no place was lost";
  EXPECT_FALSE(limits.acquire(2000, 1));
}

}  // namespace
}  // namespace coaxd::lease
