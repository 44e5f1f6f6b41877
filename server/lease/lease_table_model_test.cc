// LeaseTable against a model that a child could check: one struct an address, every question answered by looking at all of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "server/lease/lease_table.h"

namespace coaxd::lease {
namespace {

constexpr HashSeed kSeed{5, 6};
constexpr StoredTime kStart = 1'800'000'000;
constexpr int kClients = 12;

struct Address {
  Binding committed;
  bool offered = false;
  int offered_to = 0;
  StoredTime offered_until = 0;
  bool pending = false;
  Claim claim;
  PoolId pool = kNoPool;
  bool excluded = false;

  SlotState state() const {
    if (offered) return SlotState::offered;
    if (committed.state == BindingState::active) return SlotState::active;
    return committed.state == BindingState::abandoned ? SlotState::abandoned : SlotState::free;
  }
  // Free, but nobody's except its client's.
  bool reserved() const { return state() == SlotState::free && committed.reserved(); }
  StoredTime expiry() const {
    if (offered) return offered_until;
    if (state() != SlotState::free) return committed.ends;
    return committed.reserved() ? kStoredNever : std::min(committed.ends, kStoredNever - 1);
  }
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    reconfigure();
    for (int step = 0; step < 150 && !testing::Test::HasFatalFailure(); ++step) one_step();
  }
  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      one_step();
      if (random_() % 16 == 0) compare();
    }
    EXPECT_TRUE(table_.consistent());
  }

 private:
  using Leases = std::map<std::uint32_t, Address>;

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  ClientHash hash(int client) const { return table_.hash_client_id(as_bytes(id_of(client))); }
  static std::string id_of(int client) { return "client-" + std::to_string(client); }
  Leases::iterator any() { return std::next(leases_.begin(), below(static_cast<std::uint32_t>(leases_.size()))); }
  SlotId slot(std::uint32_t address) const { return table_.find({address}); }

  // Two pools over three blocks; reloads move their borders, and take addresses away or bring them back.
  void reconfigure() {
    const std::uint32_t base = Ipv4::of(10, 0, 0, 250).value, cut = base + 5 + below(8), end = base + 16 + below(4);
    std::vector<PoolSpec> pools{{0, {{{base}, {cut}}, {{base + 512}, {base + 514}}}, {}}, {1, {{{cut + 1}, {end}}}, {}}};
    const std::uint32_t excluded = base + below(16);
    for (PoolSpec& pool : pools) pool.excluded = {{excluded}, {1}};
    table_.configure(pools, kStart);
    for (auto& [address, lease] : leases_) lease.pool = kNoPool;
    for (const PoolSpec& pool : pools)
      for (const auto& range : pool.ranges)
        for (std::uint32_t a = range.low.value; a <= range.high.value; ++a) {
          leases_[a].pool = pool.id;
          leases_[a].excluded = a == excluded;
        }
  }

  void one_step() {
    now_ += below(4) == 0 ? below(40) : 0;
    auto& [address, lease] = *any();
    const SlotId id = slot(address);
    ASSERT_NE(id, kNoSlot);
    const SlotWord word = table_.word(id);
    switch (below(10)) {
      case 0:
      case 1: offer_first_free(); break;
      case 2: offer(address, lease, word); break;
      case 3: {
        const bool can = lease.offered && !lease.pending;
        ASSERT_EQ(table_.withdraw_offer(id, word), can);
        if (can) lease.offered = false;
        break;
      }
      case 4:
      case 5: {
        const auto claim = table_.claim(id, word);
        ASSERT_EQ(claim.has_value(), !lease.pending);
        if (!claim) break;
        lease.pending = true;
        lease.claim = *claim;
        break;
      }
      case 6:
      case 7:
        if (lease.pending) finish(lease);
        break;
      case 8: due(); break;
      default:
        if (below(100) == 0) reconfigure();
        break;
    }
  }

  void offer(std::uint32_t address, Address& lease, SlotWord word) {
    const int client = static_cast<int>(below(kClients));
    const StoredTime until = now_ + below(60);
    const bool can = !lease.pending && lease.state() != SlotState::active;
    ASSERT_EQ(table_.offer(slot(address), word, hash(client), until), can);
    if (!can) return;
    lease.offered = true;
    lease.offered_to = client;
    lease.offered_until = until;
  }

  void offer_first_free() {
    const PoolId pool = below(2);
    const Leases::value_type* best = nullptr;
    const auto key = [](const Leases::value_type& l) {
      return std::tuple(l.second.state() == SlotState::abandoned, l.second.committed.ends, l.first);
    };
    for (const auto& l : leases_) {
      if (l.second.pool != pool || l.second.excluded || l.second.pending) continue;
      if (l.second.state() != SlotState::free && l.second.state() != SlotState::abandoned) continue;
      if (l.second.reserved()) continue;
      if (best == nullptr || key(l) < key(*best)) best = &l;
    }
    const auto candidate = table_.first_free(pool);
    ASSERT_EQ(candidate.has_value(), best != nullptr);
    if (!candidate) return;
    ASSERT_EQ(table_.address_of(candidate->slot).value, best->first);
    ASSERT_EQ(candidate->ended, best->second.expiry());
    ASSERT_EQ(candidate->abandoned, best->second.state() == SlotState::abandoned);
    offer(best->first, leases_[best->first], candidate->word);
  }

  void finish(Address& lease) {
    lease.pending = false;
    if (below(3) == 0) return table_.rollback(lease.claim);
    constexpr BindingState kChoices[] = {BindingState::active, BindingState::active,    BindingState::free,
                                         BindingState::expired, BindingState::abandoned, BindingState::backup};
    const int client = lease.offered ? lease.offered_to : static_cast<int>(below(kClients));
    Binding b;
    b.state = kChoices[below(6)];
    b.starts = now_;
    b.ends = b.state == BindingState::active ? now_ + below(100) : now_ - below(50);
    if (below(20) == 0) b.ends = kStoredNever;
    if (below(8) == 0) b.flags = Binding::kReserved;
    if (below(8) != 0) b.set(Item::client_id, as_bytes(id_of(client)));
    if (below(8) != 0) b.set_hardware(1, as_bytes(id_of(client % 5)));  // several clients share a MAC
    if (below(4) == 0) b.set(Item::variables, std::vector<std::uint8_t>(below(900), static_cast<std::uint8_t>(client)));
    table_.commit(lease.claim, b);
    lease.committed = b;
    lease.offered = false;
  }

  void due() {
    // The earliest first, of equals the lowest address: offers are freed on the way (an abandoned address below one is due again).
    std::uint32_t expected = 0;
    for (;;) {
      Leases::value_type* first = nullptr;
      StoredTime earliest = kStoredNever;
      for (auto& l : leases_) {
        const Address& lease = l.second;
        if (lease.pending || lease.state() == SlotState::free) continue;
        const StoredTime end = lease.offered ? lease.offered_until : lease.committed.ends;
        if (end >= earliest) continue;
        earliest = end;
        first = &l;
      }
      if (earliest > now_) break;
      if (!first->second.offered) {
        expected = first->first;
        break;
      }
      first->second.offered = false;
    }
    const auto found = table_.next_due(now_);
    ASSERT_EQ(found.has_value(), expected != 0);
    if (!found) return;
    ASSERT_EQ(found->slot, slot(expected));
    ASSERT_EQ(found->word, table_.word(found->slot));
  }

  void compare() {
    std::vector<PoolCounts> counts(2);
    for (const auto& [address, lease] : leases_) {
      const SlotId id = slot(address);
      Binding b;
      const SlotWord word = table_.read(id, b);
      ASSERT_EQ(b, lease.committed);
      ASSERT_EQ(word, table_.word(id));
      ASSERT_EQ(word.state(), lease.state());
      ASSERT_EQ(word.pending(), lease.pending);
      ASSERT_EQ(word.expiry(), lease.expiry());
      ASSERT_TRUE(!lease.offered || table_.offered_to(id) == hash(lease.offered_to));
      ASSERT_EQ(table_.pool_of(id), lease.pool);
      if (lease.pool == kNoPool || lease.excluded) continue;
      PoolCounts& pool = counts[lease.pool];
      ++pool.total;
      pool.active += lease.state() == SlotState::active ? 1 : 0;
      pool.offered += lease.state() == SlotState::offered ? 1 : 0;
      pool.abandoned += lease.state() == SlotState::abandoned ? 1 : 0;
    }
    for (PoolId pool = 0; pool < 2; ++pool) {
      const PoolCounts said = table_.counts(pool);
      ASSERT_EQ(said.total, counts[pool].total);
      ASSERT_EQ(said.active, counts[pool].active);
      ASSERT_EQ(said.offered, counts[pool].offered);
      ASSERT_EQ(said.abandoned, counts[pool].abandoned);
      ASSERT_EQ(said.free(), counts[pool].free());
    }
    for (int client = 0; client < kClients; ++client) compare_client(client);
  }

  void compare_client(int client) {
    const std::string id = id_of(client);
    std::vector<SlotId> by_id, by_mac, offers;
    for (const auto& [address, lease] : leases_) {
      const bool offer = lease.offered && lease.offered_to == client;
      if (offer) offers.push_back(slot(address));
      if (offer || as_text(lease.committed.get(Item::client_id)) == id) by_id.push_back(slot(address));
      if (as_text(lease.committed.hardware()) == id) by_mac.push_back(slot(address));
    }
    const auto check = [this](std::vector<SlotId> expected, std::size_t found, const std::vector<SlotId>& got) {
      std::vector<SlotId> sorted(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(found));
      std::ranges::sort(sorted);
      std::ranges::sort(expected);
      // A bucket pair holds 16; a key beyond that is counted and cut.
      ASSERT_TRUE(table_.unindexed() == 0 ? sorted == expected : std::ranges::includes(expected, sorted));
    };
    std::vector<SlotId> got(64);
    check(by_id, table_.find_by_client_id(as_bytes(id), got), got);
    check(by_mac, table_.find_by_hardware(1, as_bytes(id), got), got);
    check(offers, table_.find_offers(hash(client), got), got);
  }

  std::mt19937_64 random_;
  LeaseTable table_{kSeed};
  Leases leases_;
  StoredTime now_ = kStart;
};

TEST(LeaseTableModel, RandomOperationsAgree) {
  for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model(seed).run(3000);
  }
}

}  // namespace
}  // namespace coaxd::lease
