#include "bench/coaxstorm/timeouts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace coaxd::storm {
namespace {

TEST(Timeouts, NobodyArmedNobodyExpires) {
  Timeouts timeouts{4, {.first_ns = 100}};
  EXPECT_EQ(timeouts.earliest(), Timeouts::kNever);
  EXPECT_EQ(timeouts.expired(INT64_MAX), kNobody);
}

// RFC 2131 §4.1: the delay doubles with each transmission.
TEST(Rfc2131_4_1_Retransmission, EachAttemptWaitsTwiceAsLong) {
  Timeouts timeouts{1, {.first_ns = 100}};
  for (std::uint32_t attempt = 0; attempt <= Timeouts::kMaxDoublings; ++attempt) {
    timeouts.arm(0, attempt, 1000);
    const std::int64_t deadline = 1000 + (std::int64_t{100} << attempt);
    EXPECT_EQ(timeouts.earliest(), deadline);
    EXPECT_EQ(timeouts.expired(deadline - 1), kNobody);
    EXPECT_EQ(timeouts.expired(deadline), 0u);
    EXPECT_EQ(timeouts.attempt(0), attempt);
  }
}

TEST(Rfc2131_4_1_Retransmission, WaitsGrowToAnEnd) {
  Timeouts timeouts{1, {.first_ns = 4, .doublings = 4}};
  for (const std::uint32_t attempt : {4u, 5u, 200u}) {
    timeouts.arm(0, attempt, 0);
    EXPECT_EQ(timeouts.earliest(), 64);
    EXPECT_EQ(timeouts.expired(64), 0u);
    EXPECT_EQ(timeouts.attempt(0), attempt);
  }
}

// RFC 2131 §4.1: 4, 8, 16 ... seconds, each one longer or shorter by up to a second, at random.
TEST(Rfc2131_4_1_Retransmission, IsRandomizedByASeed) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const BackOff back_off{.first_ns = 4 * kSecond, .jitter_ns = kSecond, .doublings = 4, .seed = 5};
  Timeouts one{1, back_off}, two{1, back_off};
  for (std::uint32_t attempt = 0; attempt < 5; ++attempt) {
    const std::int64_t middle = (4 * kSecond) << attempt;
    std::int64_t shortest = INT64_MAX, longest = 0;
    for (int i = 0; i < 200; ++i) {
      one.arm(0, attempt, 7);
      two.arm(0, attempt, 7);
      const std::int64_t wait = one.earliest() - 7;
      EXPECT_EQ(wait, two.earliest() - 7);
      shortest = std::min(shortest, wait);
      longest = std::max(longest, wait);
      one.disarm(0);
      two.disarm(0);
    }
    EXPECT_GE(shortest, middle - kSecond);
    EXPECT_LE(longest, middle + kSecond + one.tick_ns());
    EXPECT_LT(shortest, middle - kSecond / 2);
    EXPECT_GT(longest, middle + kSecond / 2);
  }
}

TEST(Timeouts, GoOnAfterAllWereTakenBeforeTheirTime) {
  Timeouts timeouts{3, {.first_ns = 1'000'000}};
  for (std::uint32_t client = 0; client < 3; ++client) timeouts.arm(client, client, 5);
  for (std::uint32_t client = 0; client < 3; ++client) EXPECT_EQ(timeouts.expired(INT64_MAX), client);
  EXPECT_EQ(timeouts.expired(INT64_MAX), kNobody);
  timeouts.arm(1, 0, 10);
  EXPECT_EQ(timeouts.expired(1'000'009), kNobody);
  EXPECT_EQ(timeouts.expired(1'000'010 + timeouts.tick_ns()), 1u);
}

// The model is a map from client to deadline. With the shorter wait a tick is a nanosecond; in both, time leaps over whole turns
// of the wheel now and then.
TEST(Timeouts, AgreeWithAMap) {
  constexpr std::uint32_t kClients = 50;
  for (const std::int64_t first_ns : {std::int64_t{64}, std::int64_t{3'000'000}}) {
    Timeouts timeouts{kClients, {.first_ns = first_ns, .doublings = 2}};
    const std::int64_t tick = timeouts.tick_ns();
    std::map<std::uint32_t, std::int64_t> model;
    std::mt19937 random{99};
    std::int64_t now = 0;
    for (int step = 0; step < 40'000; ++step) {
      now += static_cast<std::int64_t>(random() % 4) * tick + (step % 5000 == 0 ? 100 * first_ns : 0);
      while (true) {
        const std::uint32_t client = timeouts.expired(now);
        if (client == kNobody) break;
        ASSERT_TRUE(model.contains(client));
        ASSERT_LE(model[client], now);
        model.erase(client);
      }
      std::int64_t earliest = Timeouts::kNever;
      for (const auto& [client, deadline] : model) earliest = std::min(earliest, deadline);
      ASSERT_GT(earliest, now - tick);
      if (model.empty()) {
        ASSERT_EQ(timeouts.earliest(), Timeouts::kNever);
      } else {
        ASSERT_GE(timeouts.earliest(), earliest);
        ASSERT_LT(timeouts.earliest(), earliest + tick);
      }
      const auto client = static_cast<std::uint32_t>(random() % kClients);
      if (model.erase(client) != 0) {
        timeouts.disarm(client);
      } else {
        const auto attempt = static_cast<std::uint32_t>(random() % 3);
        timeouts.arm(client, attempt, now);
        model[client] = now + (first_ns << attempt);
      }
    }
  }
}

}  // namespace
}  // namespace coaxd::storm
