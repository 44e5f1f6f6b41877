#include "server/lease/lease_table.h"

#include <algorithm>
#include <array>

#include "server/base/assert.h"
#include "server/lease/lease_table_impl.h"

namespace coaxd::lease {

namespace {

// Ends are ordered by whole seconds in 31 bits, from 2010 to 2078; what lies outside is clamped. The top bit is `abandoned`.
constexpr StoredTime kOrderEpoch = 1'262'304'000;  // 2010-01-01
constexpr std::uint32_t kOrderMax = 0x7ffffffe;
constexpr std::uint32_t kAbandonedBit = 0x80000000;

// Leaves of renewed leases that one next_due() moves on: a million clients who once came back together must not stop the packets.
constexpr unsigned kMovedAtMost = 64;

// What stands in the place of the offer's client while there is none (else 0): in_doubt(). As a client's hash it would not matter, for
// nobody reads it as one unless the word says offered.
constexpr ClientHash kInDoubt = ~ClientHash{0};

bool may_be_candidate(SlotState state) noexcept { return state == SlotState::free || state == SlotState::abandoned; }

}  // namespace

std::uint32_t order_key(SlotWord word) noexcept {
  const bool abandoned = word.state() == SlotState::abandoned;
  if (word.pending() || !may_be_candidate(word.state())) return MinTree::kNone;
  const StoredTime ends = word.expiry();
  if (!abandoned && ends == kStoredNever) return MinTree::kNone;  // reserved (slot.h, expiry_of)
  std::uint32_t key = 0;
  if (ends != 0) key = ends <= kOrderEpoch ? 1 : std::min(ends - kOrderEpoch, kOrderMax);
  return abandoned ? key | kAbandonedBit : key;
}

std::uint32_t expiry_key(SlotWord word) noexcept {
  if (word.pending() || word.state() == SlotState::free) return MinTree::kNone;
  return word.expiry();  // kStoredNever is kNone
}
static_assert(kStoredNever == MinTree::kNone);

// --- Impl: keys ---

ClientHash LeaseTable::Impl::hash_client_id(Bytes client_id) const noexcept {
  return std::max<ClientHash>(1, hash_bytes(seed, client_id));
}

ClientHash LeaseTable::Impl::hash_hardware(std::uint8_t htype, Bytes chaddr) const noexcept {
  // Another key than for client-ids: `01 MAC` is a common client-id, but not the same client.
  std::array<std::uint8_t, 17> octets;
  octets[0] = htype;
  const Bytes address = chaddr.first(std::min<std::size_t>(chaddr.size(), 16));
  std::ranges::copy(address, octets.begin() + 1);
  return std::max<ClientHash>(1, hash_bytes({~seed.k0, seed.k1}, Bytes{octets.data(), address.size() + 1}));
}

LeaseTable::Impl::Keys LeaseTable::Impl::keys_of(const Payload& payload) const noexcept {
  Keys keys;
  if (const Bytes id = payload.client_id(); !id.empty()) keys.client_id = hash_client_id(id);
  if (const Bytes address = payload.hardware(); !address.empty())
    keys.hardware = hash_hardware(payload.htype(), address);
  return keys;
}

void LeaseTable::Impl::write_keys(SlotId id, const Keys& before, const Keys& after) noexcept {
  for (const ClientHash key : {after.client_id, after.hardware, before.client_id, before.hardware})
    if (key != 0) index.prefetch(key);
  // Once there was no room for somebody, what should be there already may be missing.
  const bool all = index.refused() > 0;
  const auto is_new = [&](ClientHash key) { return key != 0 && (all || !before.contains(key)); };
  if (is_new(after.client_id)) add_client(after.client_id, id);
  if (is_new(after.hardware)) index.insert(after.hardware, id);
  for (const ClientHash key : {before.client_id, before.hardware})
    if (key != 0 && !after.contains(key)) index.erase(key, id);
}

// --- Impl: PENDING ---

bool LeaseTable::Impl::take(SlotId id, SlotWord expected) noexcept {
  if (expected.pending()) return false;
  SlotWord mine = make_word(expected.state(), expected.generation() + 1, expected.expiry());
  mine.raw |= kPending;
  return slot(id).exchange(expected, mine);
}

// After the insertion, so that of two who bring the same key to two slots one sees the other.
void LeaseTable::Impl::add_client(ClientHash key, SlotId id) noexcept {
  index.insert(key, id);
  ClientIndex::Found found;
  for (std::size_t i = index.find(key, found); i > 0; --i) {
    if (found[i - 1] == id) continue;
    namesakes.set(id);
    namesakes.set(found[i - 1]);
  }
}

void LeaseTable::Impl::give(SlotId id, SlotWord was, SlotWord after) noexcept {
  const SlotState before = was.state();
  // Before publishing: afterwards the slot may already be somebody else's, and counted by him.
  count(id, before, after.state());
  slot(id).publish(after);
  // Between two states that are no candidates the leaf is what it was, whatever word of theirs it was computed from, PENDING or not; and
  // where it is to be found is far away.
  if (may_be_candidate(before) || may_be_candidate(after.state())) settle_order(id);
  // A renewal leaves its leaf at the earlier end: next_due() moves it on when that has come, once a lease time instead of twice.
  const bool renewed = before == SlotState::active && after.state() == SlotState::active && after.expiry() >= was.expiry();
  if (!renewed || unlisted.test(id)) settle_expiry(id);
}

void LeaseTable::Impl::erase_offer(SlotId id, const Keys& keys) noexcept {
  const ClientHash client = slot(id).offer();
  if (!keys.contains(client)) index.erase(client, id);
}

// --- Impl: orders and counts ---

void LeaseTable::Impl::settle_order(SlotId id) noexcept {
  const AddressMap::Place place = map.place_of(id);
  if (place.leaf == AddressMap::kNoLeaf) return;
  MinTree& order = pools[place.pool]->order;
  for (SlotWord word = slot(id).load();;) {
    const std::uint32_t key = order_key(word);
    if (order.get(place.leaf) != key) order.set(place.leaf, key);
    const SlotWord again = slot(id).load();
    if (again == word) return;
    word = again;
  }
}

void LeaseTable::Impl::settle_expiry(SlotId id) noexcept {
  for (SlotWord word = slot(id).load();;) {
    const std::uint32_t key = expiry_key(word);
    if (word.pending()) unlisted.set(id);  // his owner must put the leaf back, whatever comes of it
    if (expiry->get(id) != key) expiry->set(id, key);
    const SlotWord again = slot(id).load();
    if (again == word) return;
    word = again;
  }
}

Atomic<std::uint64_t>* LeaseTable::Impl::Pool::counter(SlotState state) noexcept {
  switch (state) {
    case SlotState::offered: return &offered;
    case SlotState::active: return &active;
    case SlotState::abandoned: return &abandoned;
    default: return nullptr;  // free is what is left
  }
}

void LeaseTable::Impl::count(SlotId id, SlotState before, SlotState after) noexcept {
  if (before == after) return;
  const AddressMap::Place place = map.place_of(id);
  if (place.leaf == AddressMap::kNoLeaf) return;
  Pool& pool = *pools[place.pool];
  if (auto* counter = pool.counter(after)) counter->fetch_add(1, std::memory_order_relaxed);
  if (auto* counter = pool.counter(before)) counter->fetch_sub(1, std::memory_order_relaxed);
}

// --- looking ---

LeaseTable::LeaseTable(HashSeed seed) : impl_(std::make_unique<Impl>(seed)) {}
LeaseTable::~LeaseTable() = default;

SlotId LeaseTable::find(Ipv4 address) const noexcept { return impl_->map.find(address); }
Ipv4 LeaseTable::address_of(SlotId slot) const noexcept { return impl_->map.address_of(slot); }
PoolId LeaseTable::pool_of(SlotId slot) const noexcept { return impl_->map.place_of(slot).pool; }
std::uint32_t LeaseTable::slot_count() const noexcept { return impl_->map.slot_count(); }

SlotWord LeaseTable::word(SlotId slot) const noexcept {
  SlotWord word = impl_->slot(slot).load();
  if (word.raw == kVirgin && !impl_->map.exists(slot)) return {};
  word.raw &= ~kWriting;
  return word;
}

SlotWord LeaseTable::read(SlotId slot, Binding& out, ClientHash* offered_to) const noexcept {
  Payload payload;
  const SlotWord word = impl_->slot(slot).read(impl_->overflow, payload);
  payload.to_binding(out);
  if (offered_to != nullptr) *offered_to = payload.offer();
  return word;
}

ClientHash LeaseTable::offered_to(SlotId slot) const noexcept { return impl_->slot(slot).offer(); }

bool LeaseTable::in_doubt(SlotId slot) const noexcept { return impl_->slot(slot).offer() == kInDoubt; }

ClientHash LeaseTable::hash_client_id(Bytes client_id) const noexcept { return impl_->hash_client_id(client_id); }
ClientHash LeaseTable::hash_hardware(std::uint8_t htype, Bytes chaddr) const noexcept {
  return impl_->hash_hardware(htype, chaddr);
}

namespace {

// Fills `out` with the slots that the index names and `is_his` confirms.
template <typename Predicate>
std::size_t confirm(const ClientIndex& index, ClientHash client, std::span<SlotId> out, Predicate is_his) noexcept {
  ClientIndex::Found hints;
  const std::size_t hinted = index.find(client, hints);
  std::size_t found = 0;
  for (std::size_t i = 0; i < hinted && found < out.size(); ++i)
    if (is_his(hints[i])) out[found++] = hints[i];
  return found;
}

}  // namespace

void LeaseTable::prefetch(std::uint8_t htype, Bytes chaddr, Bytes client_id) const noexcept {
  if (!chaddr.empty()) impl_->index.prefetch(hash_hardware(htype, chaddr));
  if (!client_id.empty()) impl_->index.prefetch(hash_client_id(client_id));
}

SlotId LeaseTable::prefetch(Ipv4 address) const noexcept { return impl_->map.prefetch(address); }

void LeaseTable::prefetch(SlotId slot) const noexcept {
  if (slot != kNoSlot) impl_->prefetch(slot);
}

void LeaseTable::prefetch(const Claim& claim) const noexcept {
  impl_->prefetch(claim.slot);
  if (claim.before.state() != SlotState::active) impl_->expiry->prefetch(claim.slot);
}

bool LeaseTable::may_have_namesakes(SlotId slot) const noexcept { return impl_->namesakes.test(slot); }

std::size_t LeaseTable::find_by_client_id(Bytes client_id, std::span<SlotId> out) const noexcept {
  const ClientHash client = hash_client_id(client_id);
  return confirm(impl_->index, client, out, [&](SlotId id) {
    Payload payload;
    const SlotWord word = impl_->slot(id).read(impl_->overflow, payload);
    return equal(payload.client_id(), client_id) ||
           (word.state() == SlotState::offered && payload.offer() == client);
  });
}

std::size_t LeaseTable::find_by_hardware(std::uint8_t htype, Bytes chaddr, std::span<SlotId> out) const noexcept {
  const ClientHash client = hash_hardware(htype, chaddr);
  return confirm(impl_->index, client, out, [&](SlotId id) {
    Payload payload;
    const SlotWord word = impl_->slot(id).read(impl_->overflow, payload);
    return (payload.htype() == htype && equal(payload.hardware(), chaddr)) ||
           (word.state() == SlotState::offered && payload.offer() == client);
  });
}

std::size_t LeaseTable::find_offers(ClientHash client, std::span<SlotId> out) const noexcept {
  return confirm(impl_->index, client, out, [&](SlotId id) {
    return impl_->slot(id).load().state() == SlotState::offered && impl_->slot(id).offer() == client;
  });
}

// --- giving ---

std::optional<Candidate> LeaseTable::first_free(PoolId pool) const noexcept {
  if (pool >= impl_->pools.size()) return std::nullopt;
  for (;;) {
    const std::uint32_t leaf = impl_->pools[pool]->order.min_index();
    if (leaf == MinTree::kNone) return std::nullopt;
    const SlotId id = impl_->map.slot_at(pool, leaf);
    const SlotWord word = this->word(id);
    if (order_key(word) != MinTree::kNone)
      return Candidate{id, word, word.expiry(), word.state() == SlotState::abandoned};
    impl_->settle_order(id);  // its owner has not come to it yet
  }
}

bool LeaseTable::offer(SlotId id, SlotWord expected, ClientHash client, StoredTime until) noexcept {
  const SlotState before = expected.state();
  if (before != SlotState::free && before != SlotState::abandoned && before != SlotState::offered) return false;
  if (!impl_->take(id, expected)) return false;
  Slot& slot = impl_->slot(id);
  if (before == SlotState::offered && slot.offer() != client) {
    Payload payload;
    slot.read(impl_->overflow, payload);
    impl_->erase_offer(id, impl_->keys_of(payload));
  }
  slot.set_offer(client);
  impl_->add_client(client, id);
  impl_->give(id, expected, make_word(SlotState::offered, expected.generation() + 1, until));
  return true;
}

bool LeaseTable::withdraw_offer(SlotId id, SlotWord expected) noexcept {
  if (expected.state() != SlotState::offered || !impl_->take(id, expected)) return false;
  Payload payload;
  impl_->slot(id).read(impl_->overflow, payload);
  impl_->erase_offer(id, impl_->keys_of(payload));
  impl_->slot(id).set_offer(0);
  impl_->give(id, expected,
              make_word(slot_state_of(payload.state()), expected.generation() + 1,
                        expiry_of(payload.state(), payload.ends(), payload.reserved())));
  return true;
}

// --- changing hands ---

std::optional<Claim> LeaseTable::claim(SlotId id, SlotWord expected) noexcept {
  // The leaves are left as they are: who finds them first repairs them, and mostly nobody does before commit().
  if (expected.state() == SlotState::absent || !impl_->take(id, expected)) return std::nullopt;
  return Claim{id, expected, (expected.generation() + 1) & kGenerationMask};
}

void LeaseTable::commit(const Claim& claim, const Binding& binding) noexcept {
  Slot& slot = impl_->slot(claim.slot);
  COAXD_ASSERT(slot.load().pending() && slot.load().generation() == claim.generation);
  Payload old;
  slot.read(impl_->overflow, old);

  const bool offered = claim.before.state() == SlotState::offered;
  const bool same_client = equal(old.client_id(), binding.get(Item::client_id)) && old.htype() == binding.htype &&
                           equal(old.hardware(), binding.hardware());
  const bool may_be_missing = impl_->index.refused() > 0;
  if (!same_client || offered || may_be_missing) {
    Impl::Keys keys;
    if (binding.has(Item::client_id)) keys.client_id = impl_->hash_client_id(binding.get(Item::client_id));
    if (binding.hlen > 0) keys.hardware = impl_->hash_hardware(binding.htype, binding.hardware());
    // New entries first: in between the client is found twice rather than not at all.
    if (!same_client || may_be_missing) impl_->write_keys(claim.slot, impl_->keys_of(old), keys);
    if (offered) impl_->erase_offer(claim.slot, keys);
  }
  slot.write(binding, impl_->overflow);
  impl_->give(claim.slot, claim.before,
              make_word(slot_state_of(binding.state), claim.generation,
                        expiry_of(binding.state, binding.ends, binding.reserved())));
}

void LeaseTable::rollback(const Claim& claim) noexcept {
  COAXD_ASSERT(impl_->slot(claim.slot).load().pending());
  if (claim.before.state() == SlotState::active) impl_->slot(claim.slot).set_offer(kInDoubt);
  // One more than the claim's: its record may be in a journal, and must not look like what comes next.
  impl_->give(claim.slot, claim.before,
              make_word(claim.before.state(), claim.generation + 1, claim.before.expiry()));
}

// --- time ---

std::optional<Due> LeaseTable::next_due(WallSeconds now) noexcept {
  const StoredTime limit = to_stored(now);
  for (unsigned moved = 0; moved < kMovedAtMost;) {
    if (impl_->expiry->min_key() > limit) return std::nullopt;
    const SlotId id = impl_->expiry->min_index();
    if (id == MinTree::kNone) continue;
    const SlotWord word = this->word(id);
    const std::uint32_t due = expiry_key(word);
    if (due != impl_->expiry->get(id)) {
      impl_->settle_expiry(id);
      ++moved;
    } else if (due > limit) {
      continue;  // the one that was due has just been taken care of
    } else if (word.state() == SlotState::offered) {
      withdraw_offer(id, word);
    } else {
      return Due{id, word};
    }
  }
  return std::nullopt;
}

SlotId LeaseTable::withdraw_ended_offers(WallSeconds now, SlotId from, std::size_t limit) noexcept {
  const StoredTime due = to_stored(now);
  for (; limit > 0; --limit, ++from) {
    from = impl_->expiry->next_at_most(from, due);
    if (from == MinTree::kNone) return 0;
    const SlotWord word = this->word(from);
    if (word.state() == SlotState::offered && word.expiry() <= due) withdraw_offer(from, word);
  }
  return from;
}

StoredTime LeaseTable::next_due_at() const noexcept { return impl_->expiry->min_key(); }

// --- counting ---

PoolCounts LeaseTable::counts(PoolId pool) const noexcept {
  if (pool >= impl_->pools.size()) return {};
  const Impl::Pool& p = *impl_->pools[pool];
  PoolCounts counts;
  // Three reads are not one: what changes hands between them must not make free() negative.
  counts.total = p.total;
  counts.active = std::min(p.active.load(std::memory_order_relaxed), counts.total);
  counts.abandoned = std::min(p.abandoned.load(std::memory_order_relaxed), counts.total - counts.active);
  counts.offered =
      std::min(p.offered.load(std::memory_order_relaxed), counts.total - counts.active - counts.abandoned);
  return counts;
}

std::uint64_t LeaseTable::memo(PoolId pool) const noexcept {
  return impl_->pools[pool]->memo.load(std::memory_order_relaxed);
}
bool LeaseTable::set_memo(PoolId pool, std::uint64_t expected, std::uint64_t desired) noexcept {
  return impl_->pools[pool]->memo.compare_exchange_strong(expected, desired, std::memory_order_relaxed);
}

std::uint64_t LeaseTable::unindexed() const noexcept { return impl_->index.refused(); }

}  // namespace coaxd::lease
