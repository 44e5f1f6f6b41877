// client_index.h: from a client to his slots. 64-bit entries, 32 bits of the hash and the slot, in buckets of eight (a cache line). A
// key may stand in either of two buckets, drawn from its hash; insert() takes the emptier one, so at our load (at most half)
// bucket pairs do not fill up (client_index.cc), lookups always cost two lines that are fetched at once, and an entry that goes leaves an empty
// place: no tombstones, no moves, no decay.
//
// An entry is a hint: the reader verifies at the slot, octet by octet. Only the owner of a slot (PENDING) inserts and erases its
// entries, so they appear once, and at rest there are exactly those of the committed bindings and running offers.
// Any thread, lock-free; reset() alone.
//
// A key with more slots than two buckets hold (one MAC with two dozen client-ids) is found at those that found room, and who shares both
// buckets with it may find no room, either. The others count in refused(). What that means for such a client (full_bucket_test.cc):
// nothing for who may have which address, for the slot's word alone says that. He is found by his other key (a client-id has room
// where the crowd's MAC has none), and by the address that he names: option 50, ciaddr. A DISCOVER that names nothing, by a client
// neither of whose keys has room, gets another address, and the first one runs out. commit() tries again at each renewal.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "server/base/atomic.h"
#include "server/lease/lease_table.h"
#include "server/lease/mapped_memory.h"

namespace coaxd::lease {

class ClientIndex {
 public:
  static constexpr std::uint32_t kBucketEntries = 8;
  static constexpr std::size_t kMaxFound = std::size_t{2} * kBucketEntries;
  using Found = std::array<SlotId, kMaxFound>;

  // Empties it and makes room for this many addresses with up to three keys each: client-id, hardware address, and while an offer to
  // somebody else runs, him.
  void reset(std::uint64_t addresses);

  // Both lines are likely to be far away: fetch them while there is something else to do.
  void prefetch(ClientHash client) const noexcept {
    const Pair buckets = buckets_of(client);
    __builtin_prefetch(buckets.first, 1);
    __builtin_prefetch(buckets.second, 1);
  }
  bool insert(ClientHash client, SlotId slot) noexcept;
  void erase(ClientHash client, SlotId slot) noexcept;
  // Slots that may be this client's; how many. Of two that insert one key and then look, at least one finds the other.
  std::size_t find(ClientHash client, Found& out) const noexcept;

  // Since reset(); a key that is tried again counts again.
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  std::uint64_t count() const noexcept;  // walks; tests
  std::size_t memory_bytes() const noexcept { return memory_.size(); }

 private:
  using Entry = Atomic<std::uint64_t>;  // upper half of the hash, never 0 | slot; 0: empty
  struct Pair {
    Entry* first;
    Entry* second;
  };
  static std::uint64_t entry_of(ClientHash client, SlotId slot) noexcept;
  Pair buckets_of(ClientHash client) const noexcept;

  MappedMemory memory_;
  std::uint64_t buckets_ = 0;
  Atomic<std::uint64_t> refused_{0};
};

}  // namespace coaxd::lease
