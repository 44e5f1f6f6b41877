// A client for whom the client index has no room, because a crowd behind one MAC fills both buckets of his key (client_index.h): he is
// harder to find, but what he has is his all the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/lease/client_index.h"
#include "server/lease/lease_table.h"

namespace coaxd::lease {
namespace {

constexpr StoredTime kNow = 1'800'000'000, kSoon = kNow + 60, kLater = kNow + 3600;
constexpr Ipv4 kFirst = Ipv4::of(10, 0, 0, 0);
constexpr std::uint32_t kAddresses = 40, kCrowd = ClientIndex::kMaxFound;

class FullBucket : public testing::Test {
 protected:
  FullBucket() {
    const PoolSpec pool{0, {{kFirst, {kFirst.value + kAddresses - 1}}}, {}};
    table.configure({&pool, 1}, kNow);
    slot = at(20);
    for (std::uint32_t i = 0; i < kCrowd; ++i) bind(at(i), crowd(i));
    EXPECT_EQ(table.unindexed(), 0u);
    // Whoever is refused with an offer of his own has both buckets in common with the crowd's MAC.
    for (int i = 0; table.unindexed() == 0; ++i) {
      name = "client-" + std::to_string(i);
      EXPECT_TRUE(table.offer(slot, table.word(slot), hash(), kSoon));
      if (table.unindexed() == 0) {
        EXPECT_TRUE(table.withdraw_offer(slot, table.word(slot)));
      }
    }
  }

  SlotId at(std::uint32_t i) const { return table.find({kFirst.value + i}); }
  ClientHash hash() const { return table.hash_client_id(as_bytes(name)); }
  static Binding binding_of(std::string_view client, std::string_view mac, StoredTime ends) {
    Binding b;
    b.state = BindingState::active;
    b.ends = ends;
    b.set_hardware(1, as_bytes(mac));
    b.set(Item::client_id, as_bytes(client));
    return b;
  }
  static Binding crowd(std::uint32_t i) { return binding_of("crowd-" + std::to_string(i), "crowd!", kLater); }
  void bind(SlotId id, const Binding& b) {
    const auto claim = table.claim(id, table.word(id));
    ASSERT_TRUE(claim);
    table.commit(*claim, b);
  }
  std::vector<SlotId> by_client_id(std::string_view client) const {
    std::vector<SlotId> out(ClientIndex::kMaxFound);
    out.resize(table.find_by_client_id(as_bytes(client), out));
    return out;
  }
  std::vector<SlotId> by_hardware(std::string_view mac) const {
    std::vector<SlotId> out(ClientIndex::kMaxFound);
    out.resize(table.find_by_hardware(1, as_bytes(mac), out));
    return out;
  }
  Binding read(SlotId id) const {
    Binding b;
    table.read(id, b);
    return b;
  }

  LeaseTable table{{1, 2}};
  SlotId slot = kNoSlot;
  std::string name;  // of the client for whose client-id there is no room
};

TEST_F(FullBucket, WhatHeIsOfferedAndHasIsHisAllTheSame) {
  EXPECT_TRUE(by_client_id(name).empty());
  EXPECT_EQ(table.word(slot).state(), SlotState::offered);
  EXPECT_EQ(table.offered_to(slot), hash()) << "his REQUEST names the address";
  const auto claim = table.claim(slot, table.word(slot));
  ASSERT_TRUE(claim);
  table.rollback(*claim);
  EXPECT_EQ(table.offered_to(slot), hash());

  bind(slot, binding_of(name, "hisown", kLater));
  EXPECT_TRUE(by_client_id(name).empty());
  EXPECT_EQ(by_hardware("hisown"), std::vector{slot}) << "his other key has room";
  EXPECT_EQ(read(slot), binding_of(name, "hisown", kLater)) << "a renewal names the address";
  EXPECT_FALSE(table.offer(slot, table.word(slot), 99, kSoon));
  for (auto candidate = table.first_free(0); candidate; candidate = table.first_free(0)) {
    ASSERT_NE(candidate->slot, slot) << "given to another";
    ASSERT_TRUE(table.offer(candidate->slot, candidate->word, 99, kSoon));
  }
  EXPECT_TRUE(table.consistent());
}

TEST_F(FullBucket, HisLeaseEndsAndLeavesNothingBehind) {
  bind(slot, binding_of(name, "crowd!", kSoon));
  EXPECT_TRUE(by_client_id(name).empty());
  EXPECT_EQ(std::ranges::count(by_hardware("crowd!"), slot), 0) << "neither key has room: by address only";
  EXPECT_TRUE(table.consistent());
  const auto due = table.next_due(kSoon);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->slot, slot);
  bind(slot, Binding{});
  EXPECT_EQ(by_hardware("crowd!").size(), kCrowd) << "nobody else's entry was taken away";
  for (std::uint32_t i = 0; i < kCrowd; ++i) EXPECT_EQ(by_client_id("crowd-" + std::to_string(i)), std::vector{at(i)});
  EXPECT_TRUE(table.consistent());
}

TEST_F(FullBucket, ARenewalFindsTheRoomThatSomebodyLeft) {
  bind(slot, binding_of(name, "hisown", kSoon));
  bind(at(3), Binding{});
  EXPECT_TRUE(by_client_id(name).empty());
  bind(slot, binding_of(name, "hisown", kLater));
  EXPECT_EQ(by_client_id(name), std::vector{slot});
  bind(slot, binding_of(name, "hisown", kLater + 1));
  EXPECT_EQ(by_client_id(name), std::vector{slot}) << "once";
  EXPECT_TRUE(table.consistent());
}

TEST_F(FullBucket, AReloadMakesTheIndexAnewAndStillHasNoRoomForTheSeventeenth) {
  bind(slot, binding_of(name, "crowd!", kLater));
  table.restored(kNow);
  EXPECT_GT(table.unindexed(), 0u);
  EXPECT_EQ(by_hardware("crowd!").size(), kCrowd);
  EXPECT_EQ(read(slot), binding_of(name, "crowd!", kLater));
  EXPECT_TRUE(table.consistent());
}

}  // namespace
}  // namespace coaxd::lease
