#include "bench/coaxstorm/timeouts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace coaxd::storm {
namespace {

TEST(Timeouts, NobodyArmedNobodyExpires) {
  Timeouts timeouts{4, 100};
  EXPECT_EQ(timeouts.earliest(), Timeouts::kNever);
  EXPECT_EQ(timeouts.expired(INT64_MAX), kNobody);
}

// RFC 2131 §4.1: the delay doubles with each transmission.
TEST(Rfc2131_4_1_Retransmission, EachAttemptWaitsTwiceAsLong) {
  Timeouts timeouts{1, 100};
  for (std::uint32_t attempt = 0; attempt < Timeouts::kMaxAttempts; ++attempt) {
    timeouts.arm(0, attempt, 1000);
    const std::int64_t deadline = 1000 + (std::int64_t{100} << attempt);
    EXPECT_EQ(timeouts.earliest(), deadline);
    EXPECT_EQ(timeouts.expired(deadline - 1), kNobody);
    EXPECT_EQ(timeouts.expired(deadline), 0u);
    EXPECT_EQ(timeouts.attempt(0), attempt);
  }
}

// The model is a map from client to deadline.
TEST(Timeouts, AgreeWithAMap) {
  constexpr std::uint32_t kClients = 50;
  Timeouts timeouts{kClients, 64};
  std::map<std::uint32_t, std::int64_t> model;
  std::mt19937 random{99};
  std::int64_t now = 0;
  for (int step = 0; step < 100'000; ++step) {
    now += random() % 4;
    while (true) {
      const std::uint32_t client = timeouts.expired(now);
      if (client == kNobody) break;
      ASSERT_TRUE(model.contains(client));
      ASSERT_LE(model[client], now);
      model.erase(client);
    }
    std::int64_t earliest = Timeouts::kNever;
    for (const auto& [client, deadline] : model) earliest = std::min(earliest, deadline);
    ASSERT_GT(earliest, now);
    ASSERT_EQ(timeouts.earliest(), earliest);
    const auto client = static_cast<std::uint32_t>(random() % kClients);
    if (model.erase(client) != 0) {
      timeouts.disarm(client);
    } else {
      const auto attempt = static_cast<std::uint32_t>(random() % 3);
      timeouts.arm(client, attempt, now);
      model[client] = now + (std::int64_t{64} << attempt);
    }
  }
}

}  // namespace
}  // namespace coaxd::storm
