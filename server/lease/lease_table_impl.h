// lease_table_impl.h: what a LeaseTable is made of, and the one rule by which its parts keep in step:
//
//   Whoever holds PENDING of a slot owns everything about it: payload, offer hash, its index entries, its pool's counts. Offers and
//   withdrawals take PENDING for the moment they need, too. So all of these are exact at rest.
//   The leaves of the two orders are functions of the word alone, and anybody may write them: settle() writes the leaf and looks at the
//   word again until it has not changed. Proof that a leaf is right at rest: its last writer found the word, afterwards, as the one it
//   had computed from; a later change of the word would have been followed by its own settle(), which would have found the leaf right
//   or been the last writer, or it left the key as it was: between two words that are no candidates, and the PENDING one between them, the
//   pool's order has kNone, and nobody settles it; 
//   a renewal leaves the leaf of its expiry as well, which so may be early, but not late: unless somebody took it out while the word was
//   PENDING, who said so before (`unlisted`) and looked at the word afterwards, as the owner looked there after he had published it. (All seq_cst.) A leaf may lag while its owner is interrupted: who trips over it settles it himself.
//
// Included by lease_table*.cc only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "server/base/atomic.h"
#include "server/lease/address_map.h"
#include "server/lease/client_index.h"
#include "server/lease/lease_table.h"
#include "server/lease/mapped_memory.h"
#include "server/lease/min_tree.h"
#include "server/lease/slot.h"

namespace coaxd::lease {

// A bit a slot, which only ever becomes set while there is more than one thread.
class SlotFlags {
 public:
  void reset(std::uint32_t slots) {
    memory_ = MappedMemory((std::size_t{slots} / 64 + 1) * sizeof(Word));
  }
  void set(SlotId slot) noexcept {
    Word& word = memory_.as<Word>()[slot / 64];
    const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
    for (std::uint64_t was = word.load(); (was & bit) == 0 && !word.compare_exchange_weak(was, was | bit);) {
    }
  }
  bool test(SlotId slot) const noexcept { return (memory_.as<Word>()[slot / 64].load() >> (slot % 64) & 1) != 0; }
  std::size_t memory_bytes() const noexcept { return memory_.size(); }

 private:
  using Word = Atomic<std::uint64_t>;
  MappedMemory memory_;
};

struct LeaseTable::Impl {
  struct Pool {
    explicit Pool(std::uint32_t leaves) : order(leaves) {}
    MinTree order;
    std::uint64_t total = 0;
    // On their own cache line: every lease of the pool writes here.
    alignas(64) Atomic<std::uint64_t> active{0};
    Atomic<std::uint64_t> offered{0};
    Atomic<std::uint64_t> abandoned{0};
    Atomic<std::uint64_t> memo{0};

    Atomic<std::uint64_t>* counter(SlotState state) noexcept;
  };

  // What a slot's index entries are: the keys of its committed binding, and of its running offer. 0: none.
  struct Keys {
    ClientHash client_id = 0;
    ClientHash hardware = 0;
    bool contains(ClientHash key) const noexcept { return key == client_id || key == hardware; }
  };

  explicit Impl(HashSeed hash_seed) : seed(hash_seed) {}

  Slot& slot(SlotId id) const noexcept { return slots.as<Slot>()[id]; }
  ClientHash hash_client_id(Bytes client_id) const noexcept;
  ClientHash hash_hardware(std::uint8_t htype, Bytes chaddr) const noexcept;
  Keys keys_of(const Payload& payload) const noexcept;

  // --- PENDING ---
  bool take(SlotId id, SlotWord expected) noexcept;
  // Ends PENDING, which began at the word `was`: publishes, counts, settles the orders whose leaf may have changed.
  void give(SlotId id, SlotWord was, SlotWord after) noexcept;
  // The offer's index entry, unless it is one of `keys` as well.
  void erase_offer(SlotId id, const Keys& keys) noexcept;
  void write_keys(SlotId id, const Keys& before, const Keys& after) noexcept;
  // A client-id's index entry (or, of an offer, the client's, whatever he is known by), and `namesakes`.
  void add_client(ClientHash key, SlotId id) noexcept;

  // --- orders ---
  void settle_order(SlotId id) noexcept;
  void settle_expiry(SlotId id) noexcept;

  void count(SlotId id, SlotState before, SlotState after) noexcept;
  void prefetch(SlotId id) const noexcept {
    const auto* lines = reinterpret_cast<const char*>(&slot(id));
    __builtin_prefetch(lines, 1);
    __builtin_prefetch(lines + 64, 1);
  }
  void rebuild();

  HashSeed seed;
  AddressMap map;
  MappedMemory slots;
  OverflowSlab overflow;
  ClientIndex index;
  SlotFlags namesakes;  // two slots of one client-id in the index
  SlotFlags unlisted;   // once taken out of `expiry` while PENDING
  std::vector<std::unique_ptr<Pool>> pools;
  std::unique_ptr<MinTree> expiry = std::make_unique<MinTree>(0);
};

// The order in which a pool gives its addresses: never used (0), then by end, and abandoned ones after all others; reserved ones never.
std::uint32_t order_key(SlotWord word) noexcept;
// When something has to happen to this slot; MinTree::kNone: never.
std::uint32_t expiry_key(SlotWord word) noexcept;

}  // namespace coaxd::lease
