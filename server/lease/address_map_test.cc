#include "server/lease/address_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace coaxd::lease {
namespace {

PoolSpec pool(PoolId id, std::vector<PoolSpec::Range> ranges, std::vector<Ipv4> excluded = {}) {
  return {id, std::move(ranges), std::move(excluded)};
}

TEST(AddressMap, EndsOfTheAddressSpaceAndOfBlocks) {
  AddressMap map;
  const PoolSpec pools[] = {pool(0, {{{0}, {0}}, {{255}, {256}}, {{0xfffffeff}, {0xffffffff}}})};
  map.assign(pools);
  EXPECT_EQ(map.address_count(), 260u);
  EXPECT_EQ(map.leaf_count(0), 260u);
  for (std::uint32_t leaf = 0; leaf < 260; ++leaf) {
    const SlotId slot = map.slot_at(0, leaf);
    ASSERT_NE(slot, kNoSlot);
    EXPECT_EQ(map.place_of(slot).leaf, leaf);
    EXPECT_EQ(map.find(map.address_of(slot)), slot);
  }
  EXPECT_EQ(map.address_of(map.slot_at(0, 259)).value, 0xffffffff);
  EXPECT_EQ(map.find({1}), kNoSlot);
  EXPECT_EQ(map.find({257}), kNoSlot);
}

TEST(AddressMap, AnAddressThatTwoPoolsClaimBelongsToOne) {
  AddressMap map;
  const PoolSpec pools[] = {pool(0, {{{100}, {200}}}), pool(1, {{{150}, {160}}, {{190}, {220}}})};
  map.assign(pools);
  EXPECT_EQ(map.leaf_count(0), 101u);
  EXPECT_EQ(map.leaf_count(1), 20u);
  EXPECT_EQ(map.place_of(map.find({200})).pool, 0u);
  EXPECT_EQ(map.place_of(map.find({201})).pool, 1u);
  EXPECT_EQ(map.place_of(map.find({201})).leaf, 0u);
}

TEST(AddressMap, EmptyConfigurationAndEmptyPool) {
  AddressMap map;
  map.assign({});
  EXPECT_EQ(map.slot_count(), 0u);
  EXPECT_EQ(map.find({5}), kNoSlot);
  EXPECT_FALSE(map.exists(0));
  const PoolSpec pools[] = {pool(2, {{{9}, {8}}})};  // high below low: nothing
  map.assign(pools);
  EXPECT_EQ(map.pool_count(), 3u);
  EXPECT_EQ(map.leaf_count(2), 0u);
}

// Random pools, reassigned again and again, against a map from address to pool.
TEST(AddressMap, AgreesWithAMapOverReloads) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random{seed};
    AddressMap map;
    std::map<std::uint32_t, SlotId> slots;  // ever configured
    for (int reload = 0; reload < 5; ++reload) {
      std::vector<PoolSpec> pools(4);
      std::map<std::uint32_t, PoolId> owner;
      std::vector<std::uint32_t> leaves(4), excluded;
      for (PoolId id = 0; id < 4; ++id) pools[id].id = id;
      for (std::uint32_t low = 0x0a000000 + static_cast<std::uint32_t>(random() % 50); low < 0x0a000800;) {
        const auto high = low + static_cast<std::uint32_t>(random() % 400);
        const auto id = static_cast<PoolId>(random() % 4);
        pools[id].ranges.push_back({{low}, {high}});
        for (std::uint32_t a = low; a <= high; ++a) owner[a] = id;
        if (random() % 2 == 0) excluded.push_back(low + static_cast<std::uint32_t>(random() % (high - low + 1)));
        low = high + 1 + static_cast<std::uint32_t>(random() % 300);
      }
      for (PoolSpec& p : pools)
        for (const std::uint32_t a : excluded) p.excluded.push_back({a});
      map.assign(pools);
      for (const auto& [address, id] : owner) {
        const SlotId slot = map.find({address});
        ASSERT_NE(slot, kNoSlot);
        ASSERT_EQ(slots.try_emplace(address, slot).first->second, slot) << "a slot moved";
        ASSERT_EQ(map.place_of(slot).pool, id);
        const std::uint32_t leaf = leaves[id]++;
        ASSERT_EQ(map.slot_at(id, leaf), slot);
        const bool out = std::ranges::find(excluded, address) != excluded.end();
        ASSERT_EQ(map.place_of(slot).leaf, out ? AddressMap::kNoLeaf : leaf);
      }
      for (const auto& [address, slot] : slots) {
        ASSERT_EQ(map.address_of(slot).value, address);
        ASSERT_TRUE(owner.contains(address) || map.place_of(slot).pool == kNoPool);
      }
      ASSERT_EQ(map.address_count(), slots.size());
      for (PoolId id = 0; id < 4; ++id) ASSERT_EQ(map.leaf_count(id), leaves[id]);
    }
  }
}

}  // namespace
}  // namespace coaxd::lease
