// LeaseTable under threads: few addresses, so that everybody meets everybody. Meant to be run under ThreadSanitizer, too. Every field
// of a binding is derived from one number, so a mixed binding is seen at once; at rest all parts of the table must agree exactly.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "server/lease/lease_table.h"

namespace coaxd::lease {
namespace {

constexpr HashSeed kSeed{7, 8};
constexpr Ipv4 kLow = Ipv4::of(10, 0, 0, 252), kHigh = Ipv4::of(10, 0, 1, 19);  // 24 addresses in two blocks
constexpr StoredTime kStart = 1'800'000'000, kFar = kStart + 100'000'000;

std::array<std::uint8_t, 9> client_id_of(std::uint32_t n) {
  std::array<std::uint8_t, 9> id{'c'};
  store_be32(&id[1], n);
  store_be32(&id[5], ~n);
  return id;
}

Binding binding_of(std::uint32_t n, BindingState state, StoredTime ends) {
  Binding b;
  b.state = state;
  b.flags = static_cast<std::uint8_t>(n & ~1u);  // none is reserved: the pool would run dry
  b.starts = n;
  b.cltt = ~n;
  b.tstp = n * 2654435761u;
  b.ends = ends;
  std::array<std::uint8_t, 16> mac;
  mac.fill(static_cast<std::uint8_t>(n));
  b.set_hardware(1, Bytes{mac}.first(n % 17));
  EXPECT_TRUE(b.set(Item::client_id, client_id_of(n)));
  std::array<std::uint8_t, 700> filler;
  filler.fill(static_cast<std::uint8_t>(n * 31));
  EXPECT_TRUE(b.set(Item::variables, Bytes{filler}.first(n % 3 == 0 ? n % 700 : n % 20)));
  return b;
}

bool whole(const Binding& b) { return !b.ever_used() || b == binding_of(b.starts, b.state, b.ends); }

class Stress {
 public:
  explicit Stress(unsigned leases) : leases_(leases) {
    const PoolSpec pool{0, {{kLow, kHigh}}, {}};
    table.configure({&pool, 1}, kStart);
  }

  // A client: discovers, requests, keeps or releases. What it was given must stay its own until it lets go of it.
  void client(unsigned thread) {
    std::mt19937_64 random{thread};
    std::uint32_t number = thread << 24;
    std::vector<std::pair<SlotId, Binding>> mine;
    for (unsigned leases = 0; leases < leases_;) {
      if (mine.size() > 4 || (!mine.empty() && random() % 4 == 0)) {
        release(mine.back().first, mine.back().second, random() % 8 == 0);
        mine.pop_back();
      }
      const std::uint32_t n = ++number;
      const auto candidate = table.first_free(0);
      if (!candidate) {
        std::this_thread::yield();  // until expiry has had its turn
        continue;
      }
      const ClientHash hash = table.hash_client_id(client_id_of(n));
      if (!table.offer(candidate->slot, candidate->word, hash, now_.load() + 3)) continue;
      const SlotWord offered = table.word(candidate->slot);
      // On a busy machine the offer may have run out already, and the address be somebody else's offer, or his lease.
      if (offered.state() != SlotState::offered || table.offered_to(candidate->slot) != hash) continue;
      if (random() % 8 == 0) {
        table.withdraw_offer(candidate->slot, offered);
        continue;
      }
      const auto claim = table.claim(candidate->slot, offered);
      if (!claim) continue;  // the offer ran out in between
      own(claim->slot);
      if (random() % 8 == 0) {
        disown(claim->slot);
        table.rollback(*claim);
        continue;
      }
      const bool keep = random() % 2 == 0;
      const Binding b = binding_of(n, BindingState::active, keep ? kFar : now_.load() + 2);
      disown(claim->slot);
      table.commit(*claim, b);
      ++leases;
      if (keep) mine.emplace_back(claim->slot, b);
      for (const auto& [slot, binding] : mine) still_mine(slot, binding);
    }
    for (const auto& [slot, binding] : mine) release(slot, binding, false);
  }

  void expiry(const std::atomic<bool>& stop) {
    while (!stop.load()) {
      const StoredTime now = now_.fetch_add(1) + 1;
      while (const auto due = table.next_due(now)) {
        const SlotId slot = due->slot;
        const auto claim = table.claim(slot, due->word);
        if (!claim) continue;  // it changed hands since next_due() saw it
        Binding b;
        table.read(slot, b);
        own(slot);
        ASSERT_LE(b.ends, now) << "expired too early";
        const bool abandon = b.state == BindingState::active && b.starts % 5 == 0;
        b.state = abandon ? BindingState::abandoned : BindingState::free;
        disown(slot);
        table.commit(*claim, b);
      }
      std::this_thread::yield();
    }
  }

  void reader(const std::atomic<bool>& stop) {
    std::vector<std::uint32_t> generation(table.slot_count());
    while (!stop.load()) {
      for (SlotId slot = 0; slot < table.slot_count(); ++slot) {
        if (table.word(slot).state() == SlotState::absent) continue;
        Binding b;
        const SlotWord word = table.read(slot, b);
        ASSERT_TRUE(whole(b)) << "a mixed binding";
        ASSERT_FALSE(newer_generation(generation[slot], word.generation())) << "time went backwards";
        generation[slot] = word.generation();
        ASSERT_TRUE(word.state() != SlotState::active || word.expiry() == b.ends);
        SlotId found[16];
        const std::size_t count = table.find_by_client_id(client_id_of(b.starts), found);
        for (std::size_t i = 0; i < count; ++i) ASSERT_LT(found[i], table.slot_count());
      }
      const PoolCounts counts = table.counts(0);
      ASSERT_LE(counts.active + counts.offered + counts.abandoned, counts.total);
    }
  }

  LeaseTable table{kSeed};

 private:
  void own(SlotId slot) { ASSERT_FALSE(owned_[slot].exchange(true)) << "two owners"; }
  void disown(SlotId slot) { ASSERT_TRUE(owned_[slot].exchange(false)); }

  void still_mine(SlotId slot, const Binding& expected) {
    Binding b;
    table.read(slot, b);
    ASSERT_EQ(b, expected) << "an active lease was given to another";
    SlotId found[16];
    ASSERT_EQ(table.find_by_client_id(expected.get(Item::client_id), found), 1u);
    ASSERT_EQ(found[0], slot);
  }

  void release(SlotId slot, Binding b, bool store_fails) {
    still_mine(slot, b);
    auto claim = table.claim(slot, table.word(slot));
    ASSERT_TRUE(claim) << "nobody else may hold it";
    own(slot);
    disown(slot);
    if (store_fails) {
      table.rollback(*claim);
      still_mine(slot, b);
      claim = table.claim(slot, table.word(slot));
      ASSERT_TRUE(claim);
    }
    b.state = BindingState::free;
    b.ends = now_.load();
    table.commit(*claim, b);
  }

  unsigned leases_;  // each client gets this many
  std::atomic<StoredTime> now_{kStart};
  std::array<std::atomic<bool>, 512> owned_{};
};

TEST(LeaseTableStress, NoMixedBindingNoSecondOwnerAllPartsAgreeAtRest) {
  for (unsigned round = 0; round < 4; ++round) {
    Stress stress(1500);
    std::atomic<bool> stop{false};
    std::jthread expiry([&] { stress.expiry(stop); });
    std::jthread reader([&] { stress.reader(stop); });
    {
      std::vector<std::jthread> clients;
      for (unsigned t = 1; t <= 3; ++t) clients.emplace_back([&, t] { stress.client(round * 8 + t); });
    }
    stop = true;
    expiry.join();
    reader.join();
    EXPECT_EQ(stress.table.unindexed(), 0u);
    ASSERT_TRUE(stress.table.consistent()) << "round " << round;
    // No address got lost: once everything has run out, all can be given again.
    while (const auto due = stress.table.next_due(kFar + 1)) {
      const auto claim = stress.table.claim(due->slot, due->word);
      ASSERT_TRUE(claim);
      Binding free;
      stress.table.commit(*claim, free);
    }
    unsigned given = 0;
    for (; const auto c = stress.table.first_free(0); ++given)
      ASSERT_TRUE(stress.table.offer(c->slot, c->word, 1, kFar));
    EXPECT_EQ(given, kHigh.value - kLow.value + 1);
    EXPECT_TRUE(stress.table.consistent());
  }
}

}  // namespace
}  // namespace coaxd::lease
