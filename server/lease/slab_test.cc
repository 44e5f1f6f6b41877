#include "server/lease/slab.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace coaxd::lease {
namespace {

TEST(Slab, GivesEachNodeOnceAndAgain) {
  Slab<2> slab(3);
  for (int round = 0; round < 3; ++round) {
    std::array<bool, 4> out{};
    for (int i = 0; i < 3; ++i) {
      const std::uint32_t node = slab.allocate();
      ASSERT_TRUE(slab.contains(node));
      ASSERT_FALSE(std::exchange(out[node], true));
    }
    EXPECT_EQ(slab.allocate(), Slab<2>::kNone);
    for (std::uint32_t node = 1; node <= 3; ++node) slab.release(node);
  }
  slab.grow(5);
  for (int i = 0; i < 5; ++i) EXPECT_NE(slab.allocate(), Slab<2>::kNone);
  EXPECT_EQ(slab.allocate(), Slab<2>::kNone);
}

// Few nodes taken in pairs and given back in turned order: a head that comes back with another link behind it is the rule here, and
// without its tag one node would soon be given to two.
TEST(Slab, NoNodeToTwoThreads) {
  constexpr std::uint32_t kNodes = 6;
  Slab<2> slab(kNodes);
  std::array<std::atomic<bool>, kNodes + 1> taken{};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 3; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 100'000; ++i) {
          const std::uint32_t pair[] = {slab.allocate(), slab.allocate()};
          for (const std::uint32_t node : pair) ASSERT_TRUE(node == 0 || !taken[node].exchange(true));
          for (const std::uint32_t node : pair) {
            if (node == 0) continue;
            taken[node] = false;
            slab.release(node);
          }
        }
      });
  }
  for (std::uint32_t i = 0; i < kNodes; ++i) EXPECT_NE(slab.allocate(), Slab<2>::kNone) << "a node was lost";
  EXPECT_EQ(slab.allocate(), Slab<2>::kNone);
}

}  // namespace
}  // namespace coaxd::lease
