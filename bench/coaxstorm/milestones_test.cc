#include "bench/coaxstorm/milestones.h"

#include <gtest/gtest.h>

namespace coaxd::storm {
namespace {

TEST(Milestones, EachIsReachedByTheFirstThatMakesItTrue) {
  Milestones milestones{200};
  const std::uint64_t first[] = {100, 180, 198, 200};
  for (std::uint64_t count = 1; count <= 200; ++count) {
    milestones.add(static_cast<std::int64_t>(count) * 10);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(milestones.after_ns(i).has_value(), count >= first[i]) << count;
  }
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(milestones.after_ns(i), static_cast<std::int64_t>(first[i]) * 10);
}

TEST(Milestones, AFewRoundUpAndOneIsAll) {
  Milestones three{3};
  three.add(7);
  EXPECT_FALSE(three.after_ns(0));
  three.add(8);
  EXPECT_EQ(three.after_ns(0), 8);
  EXPECT_FALSE(three.after_ns(1));
  three.add(9);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(three.after_ns(i), 9);
  Milestones one{1};
  one.add(5);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(one.after_ns(i), 5);
}

}  // namespace
}  // namespace coaxd::storm
