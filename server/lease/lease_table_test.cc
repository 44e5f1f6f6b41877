#include "server/lease/lease_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "server/lease/lease_table_impl.h"

namespace coaxd::lease {
namespace {

constexpr HashSeed kSeed{1, 2};
constexpr WallSeconds kNow = 1'800'000'000;
constexpr StoredTime kSoon = static_cast<StoredTime>(kNow) + 120;
constexpr Ipv4 kFirst = Ipv4::of(10, 1, 0, 10);

Binding binding_of(std::string_view client_id, StoredTime ends, BindingState state = BindingState::active) {
  Binding b;
  b.state = state;
  b.set_hardware(1, as_bytes(client_id.substr(0, 6)));
  b.set(Item::client_id, as_bytes(client_id));
  b.starts = static_cast<StoredTime>(kNow);
  b.ends = ends;
  return b;
}

// Offers and abandonments have an end as well, and are no leases.
TEST(LeaseTable_IsRunning, WhileItIsActiveAndHasNotEnded) {
  const auto runs = [](SlotState state, StoredTime expiry) { return is_running(make_word(state, 7, expiry), kNow); };
  EXPECT_TRUE(runs(SlotState::active, kSoon));
  EXPECT_TRUE(runs(SlotState::active, kStoredNever));
  EXPECT_FALSE(runs(SlotState::active, static_cast<StoredTime>(kNow)));
  for (const SlotState state : {SlotState::absent, SlotState::free, SlotState::offered, SlotState::abandoned}) EXPECT_FALSE(runs(state, kSoon));
}

class LeaseTableTest : public testing::Test {
 protected:
  LeaseTableTest() { configure({{kFirst, {kFirst.value + 9}}}); }

  void configure(std::vector<PoolSpec::Range> ranges, std::vector<Ipv4> excluded = {}) {
    const PoolSpec pool{0, std::move(ranges), std::move(excluded)};
    table.configure({&pool, 1}, kNow);
  }
  SlotId at(std::uint32_t i) { return table.find({kFirst.value + i}); }
  void bind(SlotId slot, const Binding& b) {
    const auto claim = table.claim(slot, table.word(slot));
    ASSERT_TRUE(claim);
    table.commit(*claim, b);
  }
  std::vector<SlotId> by_client_id(std::string_view id) {
    std::vector<SlotId> out(16);
    out.resize(table.find_by_client_id(as_bytes(id), out));
    return out;
  }
  std::vector<SlotId> by_hardware(std::string_view address) {
    std::vector<SlotId> out(16);
    out.resize(table.find_by_hardware(1, as_bytes(address), out));
    return out;
  }
  std::vector<SlotId> offers_of(ClientHash client) {
    std::vector<SlotId> out(16);
    out.resize(table.find_offers(client, out));
    return out;
  }
  SlotId due_at(StoredTime now) {
    const auto due = table.next_due(now);
    return due ? due->slot : kNoSlot;
  }
  Binding read(SlotId slot) {
    Binding b;
    table.read(slot, b);
    return b;
  }

  LeaseTable table{kSeed};
};

TEST_F(LeaseTableTest, FindsExactlyTheConfiguredAddresses) {
  EXPECT_EQ(table.find({kFirst.value - 1}), kNoSlot);
  EXPECT_EQ(table.find({kFirst.value + 10}), kNoSlot);
  EXPECT_EQ(table.find(Ipv4::of(10, 1, 1, 10)), kNoSlot);
  EXPECT_EQ(table.find(Ipv4::of(192, 0, 2, 1)), kNoSlot);
  for (std::uint32_t i = 0; i < 10; ++i) {
    ASSERT_NE(at(i), kNoSlot);
    EXPECT_EQ(table.address_of(at(i)).value, kFirst.value + i);
    EXPECT_EQ(table.pool_of(at(i)), 0u);
    EXPECT_EQ(table.word(at(i)).state(), SlotState::free);
  }
  std::uint32_t existing = 0;
  for (SlotId s = 0; s < table.slot_count(); ++s) existing += table.word(s).state() != SlotState::absent ? 1 : 0;
  EXPECT_EQ(existing, 10u);
  EXPECT_EQ(table.counts(0).free(), 10u);
  EXPECT_EQ(table.first_free(1), std::nullopt) << "no such pool";
  EXPECT_EQ(table.counts(1).total, 0u);
}

// RFC 2131 §3.1: OFFER, REQUEST, ACK. The binding is shown from commit() on and not before.
TEST_F(LeaseTableTest, OfferClaimCommit) {
  const ClientHash client = table.hash_client_id(as_bytes("client-A"));
  const auto candidate = table.first_free(0);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->slot, at(0));
  EXPECT_EQ(candidate->ended, 0u);
  ASSERT_TRUE(table.offer(at(0), candidate->word, client, kSoon));
  EXPECT_FALSE(table.offer(at(0), candidate->word, client, kSoon)) << "the word has changed";
  EXPECT_EQ(table.word(at(0)).state(), SlotState::offered);
  EXPECT_EQ(table.word(at(0)).expiry(), kSoon);
  EXPECT_EQ(table.offered_to(at(0)), client);
  EXPECT_EQ(offers_of(client), std::vector{at(0)});
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)});
  EXPECT_EQ(table.first_free(0)->slot, at(1));
  EXPECT_EQ(table.counts(0).offered, 1u);

  const SlotWord offered = table.word(at(0));
  const auto claim = table.claim(at(0), offered);
  ASSERT_TRUE(claim);
  EXPECT_TRUE(table.word(at(0)).pending());
  EXPECT_FALSE(table.claim(at(0), offered));
  EXPECT_FALSE(table.claim(at(0), table.word(at(0)))) << "nobody takes what is PENDING";
  EXPECT_FALSE(table.offer(at(0), table.word(at(0)), client, kSoon));
  EXPECT_FALSE(table.withdraw_offer(at(0), table.word(at(0))));
  EXPECT_FALSE(read(at(0)).ever_used()) << "not durable yet";

  const Binding b = binding_of("client-A", kSoon + 3600);
  table.commit(*claim, b);
  EXPECT_EQ(read(at(0)), b);
  EXPECT_EQ(table.word(at(0)).state(), SlotState::active);
  EXPECT_EQ(table.word(at(0)).generation(), claim->generation);
  EXPECT_EQ(table.word(at(0)).expiry(), b.ends);
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)});
  EXPECT_EQ(by_hardware("client"), std::vector{at(0)});
  EXPECT_TRUE(offers_of(client).empty());
  EXPECT_EQ(table.counts(0).active, 1u);
  EXPECT_EQ(table.counts(0).offered, 0u);
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, RollbackBringsBackWhatWasWithANewGeneration) {
  bind(at(3), binding_of("client-A", kSoon));
  for (int i = 0; i < 2; ++i) {
    const SlotWord before = table.word(at(3));
    const auto claim = table.claim(at(3), before);
    ASSERT_TRUE(claim);
    table.rollback(*claim);
    const SlotWord after = table.word(at(3));
    EXPECT_EQ(after.state(), before.state());
    EXPECT_EQ(after.expiry(), before.expiry());
    EXPECT_FALSE(after.pending());
    EXPECT_TRUE(newer_generation(after.generation(), claim->generation)) << "its record may be in a journal";
    EXPECT_FALSE(table.claim(at(3), before));
    EXPECT_TRUE(table.in_doubt(at(3)));
  }
  EXPECT_EQ(read(at(3)), binding_of("client-A", kSoon));
  bind(at(3), binding_of("client-A", kSoon));
  EXPECT_FALSE(table.in_doubt(at(3)));
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, RollbackOfAnOfferKeepsTheOffer) {
  const ClientHash client = table.hash_client_id(as_bytes("client-A"));
  ASSERT_TRUE(table.offer(at(2), table.word(at(2)), client, kSoon));
  table.rollback(*table.claim(at(2), table.word(at(2))));
  EXPECT_EQ(table.word(at(2)).state(), SlotState::offered);
  EXPECT_EQ(offers_of(client), std::vector{at(2)});
  EXPECT_TRUE(table.consistent());
}

// dhcpd-compat §10: never used first, lowest address first, then the longest ended, abandoned ones last.
TEST_F(LeaseTableTest, Dhcpd_10_OrderOfAddresses) {
  const auto ended = [](StoredTime ends, BindingState state) { return binding_of("who", ends, state); };
  for (std::uint32_t i = 0; i < 10; ++i) {
    const BindingState state = i == 4 || i == 6 ? BindingState::abandoned : BindingState::free;
    bind(at(i), ended(kSoon - 100 * (i % 5) - i, state));
  }
  bind(at(8), binding_of("who", kSoon));
  bind(at(1), ended(1, BindingState::expired));
  std::vector<std::uint32_t> order;
  while (const auto candidate = table.first_free(0)) {
    order.push_back(table.address_of(candidate->slot).value - kFirst.value);
    EXPECT_EQ(candidate->abandoned, order.back() == 4 || order.back() == 6);
    EXPECT_EQ(candidate->ended, candidate->word.expiry());
    ASSERT_TRUE(table.offer(candidate->slot, candidate->word, 7, kSoon));
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 9, 3, 7, 2, 5, 0, 4, 6}));
  EXPECT_TRUE(table.consistent());
}

TEST(OrderKey, KeepsWholeSecondsAndTheClasses) {
  const auto key = [](SlotState s, StoredTime t) { return order_key(make_word(s, 0, t)); };
  EXPECT_EQ(key(SlotState::free, 0), 0u);
  EXPECT_EQ(key(SlotState::free, 1), 1u) << "used, however long ago, comes after never used";
  EXPECT_EQ(key(SlotState::free, kSoon) + 1, key(SlotState::free, kSoon + 1));
  EXPECT_LT(key(SlotState::free, kStoredNever - 1), key(SlotState::abandoned, 0));
  EXPECT_EQ(key(SlotState::free, kStoredNever), MinTree::kNone) << "reserved for its client";
  EXPECT_LT(key(SlotState::abandoned, kStoredNever), MinTree::kNone);
  EXPECT_EQ(key(SlotState::active, 5), MinTree::kNone);
  EXPECT_EQ(key(SlotState::offered, 5), MinTree::kNone);
  EXPECT_EQ(order_key({make_word(SlotState::free, 0, 5).raw | kPending}), MinTree::kNone);
}

// dhcpd-compat §9.6: a released address keeps uid and MAC, so that its client gets it back.
TEST_F(LeaseTableTest, Dhcpd_9_6_PreviousClientKeepsHisClaimUntilTheNextAck) {
  bind(at(0), binding_of("client-A", kSoon));
  bind(at(0), binding_of("client-A", static_cast<StoredTime>(kNow), BindingState::free));
  EXPECT_EQ(table.word(at(0)).state(), SlotState::free);
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)});

  const ClientHash other = table.hash_client_id(as_bytes("robber-B"));
  ASSERT_TRUE(table.offer(at(0), table.word(at(0)), other, kSoon));
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)}) << "an offer takes nothing away";
  EXPECT_EQ(by_client_id("robber-B"), std::vector{at(0)});
  ASSERT_TRUE(table.withdraw_offer(at(0), table.word(at(0))));
  EXPECT_EQ(table.word(at(0)).expiry(), static_cast<StoredTime>(kNow)) << "its place in the order as well";
  EXPECT_TRUE(by_client_id("robber-B").empty());
  EXPECT_TRUE(table.consistent());

  bind(at(0), binding_of("robber-B", kSoon));
  EXPECT_TRUE(by_client_id("client-A").empty());
  EXPECT_TRUE(by_hardware("client").empty());
  EXPECT_EQ(by_client_id("robber-B"), std::vector{at(0)});
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, AnOfferToItsOwnPreviousClientLeavesHimFindable) {
  bind(at(0), binding_of("client-A", kSoon, BindingState::free));
  const ClientHash client = table.hash_client_id(as_bytes("client-A"));
  ASSERT_TRUE(table.offer(at(0), table.word(at(0)), client, kSoon));
  ASSERT_TRUE(table.offer(at(0), table.word(at(0)), client, kSoon + 1)) << "renewed for himself";
  ASSERT_TRUE(table.offer(at(0), table.word(at(0)), 99, kSoon + 1)) << "run out, given to another";
  EXPECT_TRUE(offers_of(client).empty());
  EXPECT_EQ(offers_of(99), std::vector{at(0)});
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)});
  ASSERT_TRUE(table.withdraw_offer(at(0), table.word(at(0))));
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)});
  EXPECT_FALSE(table.withdraw_offer(at(0), table.word(at(0)))) << "there is none any more";
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, OneClientAtSeveralAddressesIsFoundAtAll) {
  for (const std::uint32_t i : {7u, 2u, 5u}) bind(at(i), binding_of("client-A", kSoon));
  EXPECT_EQ(by_client_id("client-A").size(), 3u);
  EXPECT_EQ(by_hardware("client").size(), 3u);
  SlotId two[2];
  EXPECT_EQ(table.find_by_client_id(as_bytes("client-A"), two), 2u) << "cut, not overrun";
  EXPECT_EQ(table.find_by_client_id(as_bytes("client-A"), {}), 0u);
}

TEST_F(LeaseTableTest, ClientIdThatLooksLikeAHardwareAddressIsAnotherClient) {
  // RFC 2132 §9.14: `01 MAC` is a usual client-id, but the client with that chaddr and no client-id is a different key.
  const std::uint8_t id[] = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_NE(table.hash_client_id(id), table.hash_hardware(1, Bytes{id}.subspan(1)));
  EXPECT_NE(table.hash_hardware(1, Bytes{id}.subspan(1)), table.hash_hardware(6, Bytes{id}.subspan(1)));
}

TEST_F(LeaseTableTest, NextDueFreesOffersAndReturnsLeasesInOrder) {
  EXPECT_EQ(table.next_due_at(), kStoredNever);
  bind(at(0), binding_of("client-A", kSoon + 30));
  bind(at(1), binding_of("client-B", kSoon + 10));
  bind(at(2), binding_of("client-C", kStoredNever));
  bind(at(3), binding_of("client-D", kSoon + 20, BindingState::abandoned));
  ASSERT_TRUE(table.offer(at(4), table.word(at(4)), 44, kSoon));
  EXPECT_EQ(table.next_due_at(), kSoon);
  EXPECT_FALSE(table.next_due(kSoon - 1));
  EXPECT_EQ(table.word(at(4)).state(), SlotState::offered);
  EXPECT_FALSE(table.next_due(kSoon));
  EXPECT_EQ(table.word(at(4)).state(), SlotState::free);
  EXPECT_TRUE(offers_of(44).empty());
  EXPECT_EQ(table.next_due_at(), kSoon + 10);

  std::vector<SlotId> due;
  while (const auto next = table.next_due(kSoon + 1000)) {
    const SlotId slot = next->slot;
    const auto claim = table.claim(slot, next->word);
    ASSERT_TRUE(claim);
    EXPECT_NE(due_at(kSoon + 1000), slot) << "PENDING: somebody sees to it";
    if (due.empty()) {
      table.rollback(*claim);  // the disk was full: it is due again
      ASSERT_EQ(due_at(kSoon + 1000), slot);
      bind(slot, binding_of("client-B", kSoon + 10, BindingState::free));
    } else {
      table.commit(*claim, binding_of("client-X", kSoon, BindingState::free));
    }
    due.push_back(slot);
  }
  EXPECT_EQ(due, (std::vector{at(1), at(3), at(0)}));
  EXPECT_EQ(table.next_due_at(), kStoredNever) << "an infinite lease never ends";
  EXPECT_EQ(table.counts(0).active, 1u);
  EXPECT_TRUE(table.consistent());
}

// Whatever happens to a lease between the judgement and the claim, the judgement is void.
TEST_F(LeaseTableTest, WhatIsRenewedOrGivenAwayAfterNextDueIsNotEnded) {
  const auto renew = [this] { bind(at(0), binding_of("client-A", kSoon + 7200)); };
  const auto renew_for_as_long = [this] { bind(at(0), binding_of("client-A", kSoon)); };
  const auto give_away = [this] {
    bind(at(0), binding_of("client-A", kSoon, BindingState::free));
    bind(at(0), binding_of("client-B", kSoon + 7200));
  };
  const auto fail = [this] { table.rollback(*table.claim(at(0), table.word(at(0)))); };
  for (const std::function<void()>& meanwhile : {std::function<void()>(renew), {renew_for_as_long}, {give_away}, {fail}}) {
    bind(at(0), binding_of("client-A", kSoon));
    const auto due = table.next_due(kSoon);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->slot, at(0));
    EXPECT_LE(due->word.expiry(), kSoon);
    meanwhile();
    const Binding after = read(at(0));
    EXPECT_FALSE(table.claim(due->slot, due->word));
    EXPECT_EQ(read(at(0)), after);
  }
  EXPECT_TRUE(table.consistent());
}

// While the store fails no lease can end, but what was offered meanwhile must come back.
TEST_F(LeaseTableTest, EndedOffersComeBackFromBehindEndedLeases) {
  for (std::uint32_t i = 0; i < 5; ++i) bind(at(i), binding_of("client" + std::to_string(i), kSoon - 50));
  for (std::uint32_t i = 5; i < 9; ++i) {
    ASSERT_TRUE(table.offer(at(i), table.word(at(i)), 1000 + i, i == 8 ? kSoon + 1 : kSoon));
  }
  EXPECT_EQ(due_at(kSoon), at(0)) << "a lease stands before them";
  EXPECT_EQ(table.counts(0).offered, 4u);
  // Three due slots at a time: five leases, then three offers.
  SlotId from = 0;
  for (int i = 0; i < 2; ++i) {
    from = table.withdraw_ended_offers(kSoon, from, 3);
    EXPECT_NE(from, 0u);
  }
  EXPECT_EQ(table.counts(0).offered, 3u);
  EXPECT_EQ(table.withdraw_ended_offers(kSoon, from, 3), 0u) << "all were seen";
  EXPECT_EQ(table.counts(0).offered, 1u);
  EXPECT_EQ(table.word(at(8)).state(), SlotState::offered) << "it still runs";
  EXPECT_EQ(table.counts(0).active, 5u);
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, LongBindingsGoOnInTheOverflowAndComeBackWhole) {
  for (const std::size_t size : {0u, 1u, 60u, 61u, 68u, 69u, 70u, 71u, 72u, 130u, 500u, 935u, 3u, 938u, 100u}) {
    Binding b;
    b.set_hardware(1, as_bytes("0123456789abcdef"));
    b.state = BindingState::active;
    ASSERT_TRUE(b.set(Item::variables, std::vector<std::uint8_t>(size, static_cast<std::uint8_t>(size))));
    bind(at(5), b);
    EXPECT_EQ(read(at(5)), b) << size;
  }
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, OverflowChunksAreUsedAgain) {
  Binding full = binding_of("client-A", kSoon);
  ASSERT_TRUE(full.set(Item::variables, std::vector<std::uint8_t>(900, 9)));
  bind(at(0), full);
  const std::size_t used = table.memory_bytes();
  for (int i = 0; i < 1000; ++i) {
    bind(at(0), binding_of("client-A", kSoon));
    bind(at(0), full);
  }
  EXPECT_EQ(table.memory_bytes(), used);
}

TEST_F(LeaseTableTest, ReloadKeepsLeasesOfRangesThatGoAndComeBack) {
  bind(at(0), binding_of("client-A", kSoon));
  ASSERT_TRUE(table.offer(at(1), table.word(at(1)), 11, kSoon));
  const auto claim = table.claim(at(2), table.word(at(2)));
  ASSERT_TRUE(claim);
  const SlotId slot = at(0);

  configure({{Ipv4::of(10, 1, 1, 0), Ipv4::of(10, 1, 4, 255)}});
  EXPECT_EQ(at(0), slot) << "slots never move";
  EXPECT_EQ(table.pool_of(slot), kNoPool);
  EXPECT_EQ(read(slot), binding_of("client-A", kSoon));
  EXPECT_EQ(by_client_id("client-A"), std::vector{slot});
  EXPECT_EQ(offers_of(11), std::vector{at(1)});
  EXPECT_EQ(table.counts(0).total, 1024u);
  EXPECT_EQ(table.counts(0).active, 0u);
  EXPECT_EQ(table.next_due_at(), kSoon) << "they still end";
  EXPECT_TRUE(table.consistent());

  configure({{kFirst, {kFirst.value + 9}}, {Ipv4::of(10, 1, 1, 0), Ipv4::of(10, 1, 4, 255)}});
  EXPECT_EQ(table.counts(0).total, 1034u);
  EXPECT_EQ(table.counts(0).active, 1u);
  EXPECT_EQ(table.counts(0).offered, 1u);
  EXPECT_EQ(table.first_free(0)->slot, at(3));
  table.commit(*claim, binding_of("client-C", kSoon));  // what was PENDING over the reload
  EXPECT_EQ(table.counts(0).active, 2u);
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, ExcludedAddressesAreNeverCandidates) {
  bind(at(1), binding_of("client-A", kSoon));
  configure({{kFirst, {kFirst.value + 3}}}, {{kFirst.value + 1}, {kFirst.value + 2}, Ipv4::of(192, 0, 2, 9)});
  EXPECT_EQ(table.counts(0).total, 2u);
  EXPECT_EQ(table.counts(0).active, 0u);
  EXPECT_EQ(table.pool_of(at(1)), 0u);
  bind(at(1), binding_of("client-A", kSoon, BindingState::free));
  std::vector<SlotId> given;
  while (const auto c = table.first_free(0)) {
    given.push_back(c->slot);
    ASSERT_TRUE(table.offer(c->slot, c->word, 1, kSoon));
  }
  EXPECT_EQ(given, (std::vector{at(0), at(3)}));
  EXPECT_TRUE(table.consistent());
}

// dhcpd.conf manual, RESERVED LEASES: "not placed on the queue for allocation to other clients".
TEST_F(LeaseTableTest, ReservedAddressesAreNoCandidatesOnceTheyEnd) {
  configure({{kFirst, {kFirst.value + 3}}});
  const auto reserved = [](std::string_view client, BindingState state) {
    Binding b = binding_of(client, kSoon, state);
    b.flags = Binding::kReserved;
    return b;
  };
  bind(at(0), reserved("client-A", BindingState::active));
  bind(at(0), reserved("client-A", BindingState::free));
  EXPECT_TRUE(table.restore({kFirst.value + 1}, reserved("client-B", BindingState::expired), 1));
  Binding nobodys;
  nobodys.flags = Binding::kReserved;
  nobodys.ends = kStoredNever;  // reserves nothing, and is the last to be given
  EXPECT_TRUE(table.restore({kFirst.value + 2}, nobodys, 1));
  table.restored(kNow);

  // Offered to its client and taken back, it is where it was.
  ASSERT_TRUE(table.offer(at(0), table.word(at(0)), 7, kSoon));
  ASSERT_TRUE(table.withdraw_offer(at(0), table.word(at(0))));
  std::vector<SlotId> given;
  while (const auto c = table.first_free(0)) {
    given.push_back(c->slot);
    ASSERT_TRUE(table.offer(c->slot, c->word, 1, kSoon));
  }
  EXPECT_EQ(given, (std::vector{at(3), at(2)}));
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(0)}) << "only its client finds it";
  EXPECT_EQ(table.next_due(kNow), std::nullopt);
  EXPECT_TRUE(table.consistent());

  // No longer reserved, it is as free as any.
  bind(at(0), binding_of("client-A", kSoon, BindingState::free));
  EXPECT_EQ(table.first_free(0)->slot, at(0));
}

TEST_F(LeaseTableTest, RestoreKeepsTheNewerGeneration) {
  const Binding a = binding_of("client-A", kSoon), b = binding_of("client-B", kSoon);
  EXPECT_FALSE(table.restore(Ipv4::of(192, 0, 2, 1), a, 1));
  EXPECT_TRUE(table.restore(kFirst, a, 0x07ffffff));
  EXPECT_TRUE(table.restore(kFirst, b, 0x07fffffe));
  EXPECT_EQ(read(at(0)), a);
  EXPECT_TRUE(table.restore(kFirst, b, 3)) << "generations wrap (RFC 1982)";
  EXPECT_EQ(read(at(0)), b);
  EXPECT_TRUE(table.restore({kFirst.value + 1}, a, 0x05000000)) << "the first is taken whatever its number";
  table.restored(kNow);
  EXPECT_EQ(by_client_id("client-B"), std::vector{at(0)});
  EXPECT_EQ(by_client_id("client-A"), std::vector{at(1)});
  EXPECT_EQ(table.word(at(0)).generation(), 3u);
  EXPECT_EQ(table.first_free(0)->slot, at(2));
  EXPECT_EQ(table.counts(0).active, 2u);
  EXPECT_EQ(table.next_due_at(), kSoon);
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, ARenewedLeaseEndsWhenItsLastRenewalSays) {
  bind(at(3), binding_of("client-A", kSoon));
  bind(at(3), binding_of("client-A", kSoon + 50));
  bind(at(3), binding_of("client-A", kSoon + 100));
  EXPECT_LE(table.next_due_at(), kSoon + 100);
  EXPECT_TRUE(table.consistent());
  EXPECT_EQ(due_at(kSoon + 99), kNoSlot);
  EXPECT_EQ(table.next_due_at(), kSoon + 100);
  EXPECT_EQ(due_at(kSoon + 100), at(3));
  bind(at(3), binding_of("client-A", kSoon + 10));  // shorter
  EXPECT_EQ(table.next_due_at(), kSoon + 10);
  EXPECT_EQ(due_at(kSoon + 10), at(3));
  bind(at(3), binding_of("client-A", kStoredNever));
  EXPECT_EQ(due_at(kStoredNever - 1), kNoSlot);
  EXPECT_EQ(table.next_due_at(), kStoredNever);
}

// All clients of a city came back in one second, and renewed: when they would have ended, next_due() takes its time in pieces.
TEST_F(LeaseTableTest, ManyRenewedLeasesAreMovedOnALittleAtATime) {
  constexpr std::uint32_t kMany = 1000;
  configure({{kFirst, {kFirst.value + kMany}}});
  for (std::uint32_t i = 0; i < kMany; ++i) {
    bind(at(i), binding_of("client-" + std::to_string(i), kSoon));
    bind(at(i), binding_of("client-" + std::to_string(i), kSoon + 500));
  }
  bind(at(kMany), binding_of("the one that ends", kSoon));
  int asked = 0;
  SlotId ended = kNoSlot;
  for (; ended == kNoSlot && table.next_due_at() <= kSoon; ++asked) ended = due_at(kSoon);
  EXPECT_EQ(ended, at(kMany));
  EXPECT_GT(asked, 10);
  EXPECT_LT(asked, 20);
  EXPECT_TRUE(table.consistent());
}

TEST_F(LeaseTableTest, NamesakesAreThoseOfOneClientId) {
  bind(at(0), binding_of("same-mac-1", kSoon));
  bind(at(1), binding_of("client-A", kSoon));
  bind(at(2), binding_of("client-B", kSoon));
  for (const std::uint32_t i : {0, 1, 2}) EXPECT_FALSE(table.may_have_namesakes(at(i)));
  bind(at(1), binding_of("client-A", kSoon + 1));  // a renewal is no second lease
  EXPECT_FALSE(table.may_have_namesakes(at(1)));
  ASSERT_TRUE(table.offer(at(5), table.word(at(5)), table.hash_client_id(as_bytes("client-A")), kSoon));
  EXPECT_TRUE(table.may_have_namesakes(at(1)));
  EXPECT_TRUE(table.may_have_namesakes(at(5)));
  bind(at(6), binding_of("client-B", kSoon));
  EXPECT_TRUE(table.may_have_namesakes(at(2)));
  EXPECT_TRUE(table.may_have_namesakes(at(6)));
  EXPECT_FALSE(table.may_have_namesakes(at(3)));
  table.restored(kNow);  // made anew from what is there
  EXPECT_TRUE(table.may_have_namesakes(at(1)));
  EXPECT_TRUE(table.may_have_namesakes(at(2)));
  EXPECT_TRUE(table.may_have_namesakes(at(6)));
}

}  // namespace
}  // namespace coaxd::lease
