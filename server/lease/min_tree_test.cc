#include "server/lease/min_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <random>
#include <thread>
#include <vector>

namespace coaxd::lease {
namespace {

std::uint32_t true_min_index(const std::vector<std::uint32_t>& keys) {
  const auto least = std::ranges::min_element(keys);
  if (least == keys.end() || *least == MinTree::kNone) return MinTree::kNone;
  return static_cast<std::uint32_t>(least - keys.begin());
}

TEST(MinTree, AgreesWithAVectorAtEverySizeAroundALevel) {
  constexpr std::uint64_t kSeed = 4711;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937_64 random{kSeed};
  for (const std::uint32_t size : {1u, 2u, 15u, 16u, 17u, 255u, 256u, 257u, 4095u, 4097u}) {
    MinTree tree(size);
    std::vector<std::uint32_t> model(size, MinTree::kNone);
    EXPECT_EQ(tree.min_index(), MinTree::kNone);
    EXPECT_EQ(tree.min_key(), MinTree::kNone);
    for (int step = 0; step < 3000; ++step) {
      const auto leaf = static_cast<std::uint32_t>(random() % size);
      // Few different keys, so that ties (lowest index first) and extremes are common.
      const std::uint32_t choices[] = {MinTree::kNone, 0, 1, MinTree::kNone - 1, static_cast<std::uint32_t>(random() % 50)};
      const std::uint32_t key = choices[random() % 5];
      tree.set(leaf, key);
      model[leaf] = key;
      ASSERT_EQ(tree.get(leaf), key);
      ASSERT_EQ(tree.min_index(), true_min_index(model)) << "size " << size;
      ASSERT_EQ(tree.min_key(), *std::ranges::min_element(model));
    }
    EXPECT_TRUE(tree.consistent());
  }
}

TEST(MinTree, NextAtMostVisitsExactlyThoseInOrder) {
  std::mt19937_64 random{7};
  for (const std::uint32_t size : {1u, 16u, 17u, 257u, 4097u}) {
    MinTree tree(size);
    std::vector<std::uint32_t> model(size, MinTree::kNone);
    for (std::uint32_t i = 0; i < size; ++i) {
      if (random() % 3 == 0) continue;
      model[i] = static_cast<std::uint32_t>(random() % 20);
      tree.set(i, model[i]);
    }
    for (const std::uint32_t key : {0u, 1u, 10u, 19u, MinTree::kNone - 1}) {
      std::vector<std::uint32_t> expected, seen;
      for (std::uint32_t i = 0; i < size; ++i)
        if (model[i] <= key) expected.push_back(i);
      for (std::uint32_t i = 0; (i = tree.next_at_most(i, key)) != MinTree::kNone; ++i) seen.push_back(i);
      EXPECT_EQ(seen, expected) << "size " << size << " key " << key;
    }
    EXPECT_EQ(tree.next_at_most(size, 19), MinTree::kNone);
  }
}

TEST(MinTree, NothingInAnEmptyTree) {
  const MinTree tree(0);
  EXPECT_EQ(tree.min_index(), MinTree::kNone);
  EXPECT_EQ(tree.min_key(), MinTree::kNone);
}

TEST(MinTree, BulkLoadIsTheSameAsSetting) {
  std::mt19937_64 random{7};
  MinTree loaded(10'000), set(10'000);
  for (std::uint32_t leaf = 0; leaf < 10'000; ++leaf) {
    const auto key = static_cast<std::uint32_t>(random());
    loaded.load(leaf, key);
    set.set(leaf, key);
  }
  loaded.build();
  EXPECT_TRUE(loaded.consistent());
  EXPECT_EQ(loaded.min_index(), set.min_index());
  loaded.load(set.min_index(), MinTree::kNone);  // a second load may also take away
  loaded.build();
  EXPECT_TRUE(loaded.consistent());
  EXPECT_NE(loaded.min_index(), set.min_index());
}

// The claim at the head of min_tree.cc: at rest every parent is the minimum of its children, whatever the threads did.
TEST(MinTree, ConsistentAtRestAfterConcurrentSets) {
  constexpr std::uint32_t kLeaves = 300;  // three levels, much contention
  constexpr unsigned kThreads = 4;
  for (std::uint64_t round = 0; round < 40; ++round) {
    MinTree tree(kLeaves);
    {
      std::vector<std::jthread> threads;
      for (unsigned t = 0; t < kThreads; ++t)
        threads.emplace_back([&tree, t, round] {
          std::mt19937_64 random{round * kThreads + t};
          for (int step = 0; step < 2000; ++step) {
            const auto leaf = static_cast<std::uint32_t>(random() % kLeaves);
            tree.set(leaf, random() % 3 == 0 ? MinTree::kNone : static_cast<std::uint32_t>(random() % 8));
            if (step % 4 == 0) {
              const std::uint32_t found = tree.min_index();
              ASSERT_TRUE(found < kLeaves || found == MinTree::kNone);
            }
          }
        });
    }
    ASSERT_TRUE(tree.consistent()) << "round " << round;
    std::vector<std::uint32_t> keys(kLeaves);
    for (std::uint32_t leaf = 0; leaf < kLeaves; ++leaf) keys[leaf] = tree.get(leaf);
    EXPECT_EQ(tree.min_index(), true_min_index(keys));
    EXPECT_EQ(tree.min_key(), *std::ranges::min_element(keys));
  }
}

// The same in many short bursts: what is wrong at the end of one is not mended by the next set() that comes along.
TEST(MinTree, ConsistentAfterEveryBurst) {
  constexpr std::uint32_t kLeaves = 17;  // one full node, and a level above it
  constexpr int kBursts = 5000;
  MinTree tree(kLeaves);
  int inconsistent = 0;
  std::barrier burst(2, [&]() noexcept { inconsistent += tree.consistent() ? 0 : 1; });
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random{seed};
    for (int i = 0; i < kBursts; ++i) {
      for (int step = 0; step < 30; ++step)
        tree.set(static_cast<std::uint32_t>(random() % kLeaves), static_cast<std::uint32_t>(random() % 100));
      burst.arrive_and_wait();
    }
  };
  std::jthread other(work, 1);
  work(2);
  other.join();
  EXPECT_EQ(inconsistent, 0);
}

}  // namespace
}  // namespace coaxd::lease
