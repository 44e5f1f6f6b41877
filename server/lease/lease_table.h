// lease_table.h: every dynamic address of the configuration and who has it. The one shared mutable thing on the packet path:
// all workers, expiry, the control plane and (later) leasequery use it at once, without a lock.
//
// One slot an address, in blocks of 256 (a /24) that never move; a directory finds the block. One 64-bit atomic word per slot holds
// state, PENDING, generation and expiry, and a CAS on it is the only way an address changes hands:
//
//     free --offer()--> offered --claim()--> PENDING --commit()--> active ...      every arrow is a new generation
//       ^                  |  time              | rollback(): the word from before claim() returns (with a new generation)
//       +------------------+--------------------+
//
// The slot's payload is always the last *committed* binding: while PENDING the new one waits in its owner's hands (a worker's journal
// batch) and the slot still shows what was true before; if the store fails, rollback() has nothing to restore. An offer stores only
// a hash of its client beside the payload, for the previous client of that address keeps his claim until somebody is ACKed.
// Payload words are atomics read under the generation, without fences (slot.h). tests/model runs all of this in every order of few threads.
//
// Threads: any, everything, unless said. configure() and restore() run while no worker does (start, reload barrier).
// Source: RFC 2131 §3.1 step 4 (commit before ACK); dhcpd-compat §10 for the order of addresses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "server/base/hash.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/lease/binding.h"

namespace coaxd::lease {

using SlotId = std::uint32_t;
inline constexpr SlotId kNoSlot = 0xffffffff;
using PoolId = std::uint32_t;
inline constexpr PoolId kNoPool = 0xffffffff;

// The client's key into the index: 64 bits of a seeded hash, never 0.
using ClientHash = std::uint64_t;

enum class SlotState : std::uint8_t {
  absent,     // no such slot
  free,       // free, expired, released, reset, backup: the payload's state says which
  offered,    // OFFER sent, until `expiry`; nothing of it is in the payload
  active,
  abandoned,
};

// The atomic word, decoded. Equality of `raw` is equality of everything.
struct SlotWord {
  std::uint64_t raw = 0;
  SlotState state() const noexcept { return static_cast<SlotState>((raw >> 60) & 7); }
  bool pending() const noexcept { return ((raw >> 59) & 1) != 0; }
  std::uint32_t generation() const noexcept { return static_cast<std::uint32_t>(raw >> 32) & 0x07ffffff; }
  // Offer or lease end; a free address that is reserved for its client has kStoredNever.
  StoredTime expiry() const noexcept { return static_cast<StoredTime>(raw); }
  bool operator==(const SlotWord&) const noexcept = default;
};
// Somebody's lease that has not ended. One that has is active still until expiry has worked it off.
inline bool is_running(SlotWord word, WallSeconds now) noexcept { return word.state() == SlotState::active && !is_over(word.expiry(), now); }

// Generations wrap after 134 million changes of one address (a client that renews ten times a second: five months), so they compare
// as serial numbers (RFC 1982): the newer one is less than half way round ahead.
constexpr bool newer_generation(std::uint32_t a, std::uint32_t b) noexcept {
  const std::uint32_t ahead = (a - b) & 0x07ffffff;
  return ahead != 0 && ahead < 0x04000000;
}

// Right to change one slot, from claim() until commit() or rollback(). Exactly one of them must follow.
struct Claim {
  SlotId slot = kNoSlot;
  SlotWord before;
  std::uint32_t generation = 0;  // of the binding being committed: goes into its journal record
};

struct PoolSpec {
  PoolId id = kNoPool;  // dense from 0
  struct Range { Ipv4 low, high; };
  std::vector<Range> ranges;     // ascending, disjoint
  std::vector<Ipv4> excluded;    // fixed addresses of hosts: never given dynamically
};

struct Candidate {
  SlotId slot = kNoSlot;
  SlotWord word;
  StoredTime ended = 0;    // 0: never used
  bool abandoned = false;
};

// A lease whose time is up, and the word that says so: claim(slot, word) ends this lease and no later one.
struct Due {
  SlotId slot = kNoSlot;
  SlotWord word;
};

struct PoolCounts {
  std::uint64_t total = 0, active = 0, offered = 0, abandoned = 0;
  std::uint64_t free() const noexcept { return total - active - offered - abandoned; }
};

class LeaseTable {
 public:
  explicit LeaseTable(HashSeed seed);
  ~LeaseTable();
  LeaseTable(const LeaseTable&) = delete;
  LeaseTable& operator=(const LeaseTable&) = delete;

  // --- start and reload barrier only ---
  // Makes slots for addresses that have none, assigns addresses to pools, rebuilds the orders. Slots of addresses that no pool names any
  // more stay (their leases come back with the range) but are not candidates. Also resizes the client index.
  void configure(std::span<const PoolSpec> pools, WallSeconds now);
  // Recovery: puts a committed binding in place; keeps the newer generation. False: no slot for that address.
  bool restore(Ipv4 address, const Binding& binding, std::uint32_t generation);
  // After the last restore(): rebuilds orders, counts and index in one pass.
  void restored(WallSeconds now);

  // --- looking ---
  SlotId find(Ipv4 address) const noexcept;
  Ipv4 address_of(SlotId slot) const noexcept;
  PoolId pool_of(SlotId slot) const noexcept;  // kNoPool: not in the configuration now
  SlotWord word(SlotId slot) const noexcept;
  // A consistent copy of the committed binding, and the word it belongs to. Retries while a commit is being written; never blocks a writer.
  // With it, and as consistent: who the running offer is for, if that word says `offered`.
  SlotWord read(SlotId slot, Binding& out, ClientHash* offered_to = nullptr) const noexcept;
  // Who the running offer is for, now; it may not be the one that a word read before spoke of.
  ClientHash offered_to(SlotId slot) const noexcept;
  // Of an active lease whose word was read before: its last change was rolled back, and nothing was committed since. The record of that change
  // may be in a journal all the same and would win after a crash, so the lease holds but may not be promised anew without a record.
  bool in_doubt(SlotId slot) const noexcept;

  // Ask the memory for what soon will be read and written: by the find functions of this client (empty: not known); by find(), whose answer this
  // is if there is one; of a slot (kNoSlot: of none); by commit() or rollback().
  void prefetch(std::uint8_t htype, Bytes chaddr, Bytes client_id) const noexcept;
  SlotId prefetch(Ipv4 address) const noexcept;
  void prefetch(SlotId slot) const noexcept;
  void prefetch(const Claim& claim) const noexcept;
  ClientHash hash_client_id(Bytes client_id) const noexcept;
  ClientHash hash_hardware(std::uint8_t htype, Bytes chaddr) const noexcept;
  // Slots whose committed binding has exactly that client-id / hardware address (active, or ended and not given away since), or whose
  // running offer is for that hash. At most out.size(), and at most what the index holds of one key, 16 (the rest is cut: an attacker's
  // MAC with a thousand client-ids).
  std::size_t find_by_client_id(Bytes client_id, std::span<SlotId> out) const noexcept;
  std::size_t find_by_hardware(std::uint8_t htype, Bytes chaddr, std::span<SlotId> out) const noexcept;
  std::size_t find_offers(ClientHash client, std::span<SlotId> out) const noexcept;
  // False: no other slot has a lease, or an offer, under the client-id of this slot's committed binding, so nobody need look in the index, which
  // is far away. True says little: once so, it stays so until configure() or restored().
  bool may_have_namesakes(SlotId slot) const noexcept;

  // --- giving ---
  // The address of this pool that is next by dhcpd's order (never used, lowest first; then longest ended; then abandoned).
  std::optional<Candidate> first_free(PoolId pool) const noexcept;
  // free, abandoned or an offer (own or run out) -> offered until `until`. False: somebody was faster; look again.
  bool offer(SlotId slot, SlotWord expected, ClientHash client, StoredTime until) noexcept;
  // Takes an offer back at once (DHCPDECLINE of an offer, probe answered, REQUEST selects another server).
  bool withdraw_offer(SlotId slot, SlotWord expected) noexcept;

  // --- changing hands ---
  std::optional<Claim> claim(SlotId slot, SlotWord expected) noexcept;  // nothing: not as expected any more, or PENDING
  void commit(const Claim& claim, const Binding& binding) noexcept;      // the binding is durable
  void rollback(const Claim& claim) noexcept;                            // it is not and will not be

  // --- time ---
  // A slot whose lease has run out at `now`, earliest first. Offers that have run out are freed on the way (nothing to commit).
  // Leases need claim(), of the word that was judged here, and commit() of what they become. Nothing: none, or none found in a bounded time:
  // leases that were renewed are looked at again when they would have ended (next_due_at() says whether to ask again).
  std::optional<Due> next_due(WallSeconds now) noexcept;
  // For when leases cannot be ended (the store fails, the clock stepped): takes back the offers that have run out, also those behind leases
  // that wait for their end. Looks at up to `limit` due slots from `from` on; the answer is where to go on, 0 when all were seen.
  SlotId withdraw_ended_offers(WallSeconds now, SlotId from, std::size_t limit) noexcept;
  // When next_due() may have something, kStoredNever if nothing is waiting.
  StoredTime next_due_at() const noexcept;

  // --- counting and walking (control plane, leasequery, export) ---
  PoolCounts counts(PoolId pool) const noexcept;
  // A word that all workers together remember of a pool between packets; the engine knows its meaning. 0 after configure(). False: it is
  // not `expected` any more.
  std::uint64_t memo(PoolId pool) const noexcept;
  bool set_memo(PoolId pool, std::uint64_t expected, std::uint64_t desired) noexcept;
  std::uint32_t slot_count() const noexcept;  // walk with SlotId 0..slot_count()-1; absent ones say so
  std::size_t memory_bytes() const noexcept;  // address space in use but for untouched overflow
  // How often the client index had no room for a key (client_index.h): such a client is found by his other key, or by address.
  std::uint64_t unindexed() const noexcept;
  // Tests, while nothing else runs: orders, index and counts say the same as the slots.
  bool consistent() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::lease
