// The single-threaded half of LeaseTable: start, reload barrier, recovery.
#include <algorithm>
#include <array>
#include <utility>

#include "server/base/assert.h"
#include "server/lease/lease_table_impl.h"

namespace coaxd::lease {

void LeaseTable::configure(std::span<const PoolSpec> pools, WallSeconds /*now*/) {
  impl_->map.assign(pools);
  const std::uint32_t addresses = impl_->map.address_count();
  impl_->slots.resize(std::size_t{impl_->map.slot_count()} * sizeof(Slot));
  impl_->slots.populate();  // the overflow is not: few bindings need it
  const std::uint64_t chunks = std::uint64_t{addresses} * kMaxChunks;
  COAXD_ASSERT(chunks <= 0xffffffff);  // 268 million addresses
  impl_->overflow.grow(static_cast<std::uint32_t>(chunks));
  impl_->expiry = std::make_unique<MinTree>(impl_->map.slot_count());

  impl_->pools.clear();
  for (PoolId id = 0; id < impl_->map.pool_count(); ++id) {
    impl_->pools.push_back(std::make_unique<Impl::Pool>(impl_->map.leaf_count(id)));
    impl_->pools.back()->total = impl_->map.candidate_count(id);
  }
  impl_->rebuild();
}

bool LeaseTable::restore(Ipv4 address, const Binding& binding, std::uint32_t generation) {
  const SlotId id = find(address);
  if (id == kNoSlot) return false;
  Slot& slot = impl_->slot(id);
  if (!slot.untouched() && newer_generation(slot.load().generation(), generation)) return true;
  slot.write(binding, impl_->overflow);
  slot.publish(make_word(slot_state_of(binding.state), generation,
                         expiry_of(binding.state, binding.ends, binding.reserved())));
  return true;
}

void LeaseTable::restored(WallSeconds /*now*/) {
  for (auto& pool : impl_->pools) pool->active = pool->offered = pool->abandoned = 0;
  impl_->rebuild();
}

namespace {

// Filling the index is one cache miss after the other. This lets sixteen of them overlap.
template <typename Table>
class IndexFiller {
 public:
  explicit IndexFiller(Table& table) : table_(table) {}
  ~IndexFiller() {
    for (std::size_t i = 0; i < kAhead; ++i) add({});
  }
  void add_client(ClientHash key, SlotId slot) noexcept { add({key, slot, true}); }
  void add_hardware(ClientHash key, SlotId slot) noexcept { add({key, slot, false}); }

 private:
  struct Entry {
    ClientHash key = 0;  // 0: none
    SlotId slot = kNoSlot;
    bool client = false;
  };
  static constexpr std::size_t kAhead = 16;

  void add(const Entry& entry) noexcept {
    const Entry old = std::exchange(waiting_[next_++ % kAhead], entry);
    if (entry.key != 0) table_.index.prefetch(entry.key);
    if (old.key == 0) return;
    if (old.client) {
      table_.add_client(old.key, old.slot);
    } else {
      table_.index.insert(old.key, old.slot);
    }
  }

  Table& table_;
  std::array<Entry, kAhead> waiting_{};
  std::size_t next_ = 0;
};

}  // namespace

void LeaseTable::Impl::rebuild() {
  index.reset(map.address_count());
  namesakes.reset(map.slot_count());
  unlisted.reset(map.slot_count());
  IndexFiller filler(*this);
  for (SlotId id = 0; id < map.slot_count(); ++id) {
    if (!map.exists(id)) continue;
    const SlotWord word = slot(id).load();
    const AddressMap::Place place = map.place_of(id);
    if (place.leaf != AddressMap::kNoLeaf) pools[place.pool]->order.load(place.leaf, order_key(word));
    if (slot(id).untouched()) continue;

    if (word.pending()) unlisted.set(id);
    expiry->load(id, expiry_key(word));
    count(id, SlotState::free, word.state());
    Payload payload;
    slot(id).read(overflow, payload);
    const Keys keys = keys_of(payload);
    if (keys.client_id != 0) filler.add_client(keys.client_id, id);
    if (keys.hardware != 0) filler.add_hardware(keys.hardware, id);
    if (word.state() == SlotState::offered) filler.add_client(slot(id).offer(), id);
  }
  for (auto& pool : pools) pool->order.build();
  expiry->build();
}

std::size_t LeaseTable::memory_bytes() const noexcept {
  std::size_t bytes = impl_->map.memory_bytes() + impl_->slots.size() + impl_->overflow.memory_bytes() +
                      impl_->index.memory_bytes() + impl_->namesakes.memory_bytes() + impl_->unlisted.memory_bytes() +
                      impl_->expiry->memory_bytes();
  for (const auto& pool : impl_->pools) bytes += pool->order.memory_bytes() + sizeof(Impl::Pool);
  return bytes;
}

bool LeaseTable::consistent() const {
  std::uint64_t keys = 0, indexed = 0;
  const auto expect_key = [&](ClientHash key, SlotId id) {
    if (key == 0) return;
    ClientIndex::Found found;
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(impl_->index.find(key, found));
    indexed += std::find(found.begin(), end, id) != end ? 1 : 0;
    ++keys;
  };
  std::vector<PoolCounts> counted(impl_->pools.size());
  for (SlotId id = 0; id < impl_->map.slot_count(); ++id) {
    if (!impl_->map.exists(id)) continue;
    const Slot& slot = impl_->slot(id);
    const SlotWord word = slot.load();
    // Slots that are PENDING now may still stand in an order, renewed ones at an earlier end; everything else is exact.
    const std::uint32_t leaf = impl_->expiry->get(id);
    const bool early = word.state() == SlotState::active && leaf < expiry_key(word);
    if (!word.pending() && leaf != expiry_key(word) && !early) return false;
    if (const AddressMap::Place place = impl_->map.place_of(id); place.leaf != AddressMap::kNoLeaf) {
      if (!word.pending() && impl_->pools[place.pool]->order.get(place.leaf) != order_key(word)) return false;
      PoolCounts& pool = counted[place.pool];
      ++pool.total;
      pool.active += word.state() == SlotState::active ? 1 : 0;
      pool.offered += word.state() == SlotState::offered ? 1 : 0;
      pool.abandoned += word.state() == SlotState::abandoned ? 1 : 0;
    }
    Payload payload;
    slot.read(impl_->overflow, payload);
    const Impl::Keys expected = impl_->keys_of(payload);
    const ClientHash offer = word.state() == SlotState::offered ? slot.offer() : 0;
    expect_key(expected.client_id, id);
    expect_key(expected.hardware, id);
    if (!expected.contains(offer)) expect_key(offer, id);
  }
  for (PoolId id = 0; id < counted.size(); ++id) {
    const PoolCounts said = counts(id);
    if (said.total != counted[id].total || said.active != counted[id].active ||
        said.offered != counted[id].offered || said.abandoned != counted[id].abandoned ||
        !impl_->pools[id]->order.consistent())
      return false;
  }
  return impl_->expiry->consistent() && impl_->index.count() == indexed && (indexed == keys || unindexed() > 0);
}

}  // namespace coaxd::lease
