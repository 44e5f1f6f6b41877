#include "server/lease/client_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

namespace coaxd::lease {
namespace {

ClientHash hash_of(std::uint64_t n) {
  const HashSeed seed{9, 10};
  std::uint8_t octets[8];
  std::memcpy(octets, &n, sizeof octets);
  return std::max<ClientHash>(1, hash_bytes(seed, octets));
}

bool finds(const ClientIndex& index, ClientHash client, SlotId slot) {
  ClientIndex::Found found;
  const std::size_t count = index.find(client, found);
  return std::find(found.begin(), found.begin() + count, slot) != found.begin() + count;
}

TEST(ClientIndex, InsertsOnceErasesFully) {
  ClientIndex index;
  index.reset(100);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(index.insert(hash_of(1), 5));
  EXPECT_TRUE(index.insert(hash_of(1), 6));
  EXPECT_EQ(index.count(), 2u);
  index.erase(hash_of(1), 7);
  index.erase(hash_of(2), 5);
  EXPECT_EQ(index.count(), 2u);
  index.erase(hash_of(1), 5);
  EXPECT_FALSE(finds(index, hash_of(1), 5));
  EXPECT_TRUE(finds(index, hash_of(1), 6));
  index.reset(100);
  EXPECT_EQ(index.count(), 0u);
}

TEST(ClientIndex, SlotZeroAndTheSmallestTableWork) {
  ClientIndex index;
  index.reset(0);
  EXPECT_TRUE(index.insert(1, 0)) << "a hash whose upper half is 0";
  EXPECT_TRUE(finds(index, 1, 0));
  index.erase(1, 0);
  EXPECT_EQ(index.count(), 0u);
}

TEST(ClientIndex, AKeyWithTooManySlotsIsCutAndCounted) {
  ClientIndex index;
  index.reset(1000);
  for (SlotId slot = 0; slot < 20; ++slot) EXPECT_EQ(index.insert(hash_of(7), slot), slot < ClientIndex::kMaxFound);
  EXPECT_EQ(index.refused(), 4u);
  ClientIndex::Found found;
  EXPECT_EQ(index.find(hash_of(7), found), ClientIndex::kMaxFound);
  index.erase(hash_of(7), 3);
  EXPECT_TRUE(index.insert(hash_of(7), 99)) << "a place that was given back";
}

// Three keys for every address (all used, all offered to somebody else) is the most there can be. Clients come and go for as long as it takes to replace each entry ten times; nothing decays.
TEST(ClientIndex, TheWorstLoadFindsRoomForEverybodyForEver) {
  constexpr std::uint64_t kAddresses = 100'000, kLive = 3 * kAddresses;
  ClientIndex index;
  index.reset(kAddresses);
  std::mt19937_64 random{11};
  std::vector<std::uint64_t> live;
  for (std::uint64_t n = 0; n < kLive; ++n) {
    live.push_back(n);
    ASSERT_TRUE(index.insert(hash_of(n), static_cast<SlotId>(n % kAddresses)));
  }
  for (std::uint64_t n = kLive; n < 11 * kLive; ++n) {
    std::uint64_t& gone = live[random() % kLive];
    index.erase(hash_of(gone), static_cast<SlotId>(gone % kAddresses));
    gone = n;
    ASSERT_TRUE(index.insert(hash_of(n), static_cast<SlotId>(n % kAddresses))) << n - kLive;
  }
  EXPECT_EQ(index.refused(), 0u);
  EXPECT_EQ(index.count(), kLive);
  for (const std::uint64_t n : live) ASSERT_TRUE(finds(index, hash_of(n), static_cast<SlotId>(n % kAddresses)));
}

TEST(ClientIndex, ThreadsOnTheSameBucketsLoseNothing) {
  ClientIndex index;
  index.reset(8);  // six buckets for everybody
  {
    std::vector<std::jthread> threads;
    for (SlotId slot = 0; slot < 4; ++slot)
      threads.emplace_back([&index, slot] {
        std::mt19937_64 random{slot};
        for (int step = 0; step < 20'000; ++step) {
          const ClientHash client = hash_of(random() % 5);
          ASSERT_TRUE(index.insert(client, slot));
          ASSERT_TRUE(finds(index, client, slot));
          index.erase(client, slot);
          ASSERT_FALSE(finds(index, client, slot));
        }
      });
  }
  EXPECT_EQ(index.count(), 0u);
}

}  // namespace
}  // namespace coaxd::lease
