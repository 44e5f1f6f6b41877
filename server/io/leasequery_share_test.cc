#include "server/io/leasequery_share.h"

#include <gtest/gtest.h>

namespace coaxd::io {
namespace {

TEST(LeasequeryShare, ATurnWithoutDhcpIsTheirs) {
  LeasequeryShare share;
  for (std::int64_t now = 0; now < 1'000'000; now += 10'000) EXPECT_EQ(share.take(0, now), LeasequeryShare::kAlone);
}

TEST(LeasequeryShare, BesideDhcpTheyHaveATenthOfTheTimeHoweverShortTheTurns) {
  for (const std::int64_t turn_ns : {5'000, 20'000, 150'000, 400'000}) {
    LeasequeryShare share;
    std::size_t taken = 0;
    std::int64_t now = 1'000'000'000;
    share.take(1, now);
    const std::int64_t begun = now;
    for (; now < begun + 1'000'000'000; now += turn_ns) taken += share.take(3, now);
    const double of_the_time = static_cast<double>(taken) * LeasequeryShare::kQueryNs / 1e9;
    EXPECT_NEAR(of_the_time, 0.1, 0.01) << turn_ns;
  }
}

TEST(LeasequeryShare, ARestIsNoFloodLater) {
  LeasequeryShare share;
  share.take(1, 0);
  EXPECT_EQ(share.take(1, 3'600'000'000'000), 20u);
  EXPECT_EQ(share.take(1, 3'600'000'000'001), 0u);
}

TEST(LeasequeryShare, AClockThatGoesBackGivesNothing) {
  LeasequeryShare share;
  share.take(1, 1'000'000'000);
  share.take(1, 1'000'000'000);
  EXPECT_EQ(share.take(1, 5), 0u);
}

}  // namespace
}  // namespace coaxd::io
