// slot.h: the octets of one address: its word, the client of its running offer, and its last committed binding (the payload).
//
// 128 octets, two cache lines: word, offer, three words of fixed fields, and a stream of chaddr followed by Binding's packed area. The
// stream has 88 octets here; a longer one keeps 80 and goes on in chunks of the overflow slab. The word in memory is the
// SlotWord with kVirgin flipped, so that an untouched page is 32 free addresses that nobody ever used.
//
// The payload is read under the word, as under a seqlock, without fences (ThreadSanitizer does not understand them):
//   writer  sets kWriting in the word (only the owner of PENDING may), stores payload words with release, stores the new word;
//   reader  loads the word (acquire), payload words with acquire, the word again: equal and not kWriting, or once more.
// The offer's client goes along: a commit ends the offer while it is kWriting, so a reader finds either the offer or the lease.
// If a reader got one payload word from a writer, that acquire pairs with that release, so its second look sees kWriting or later.
// Generations make words unique (134 million changes would have to fall into one read to fool it).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "server/base/atomic.h"
#include "server/lease/lease_table.h"
#include "server/lease/slab.h"

namespace coaxd::lease {

// Layout of SlotWord::raw: writing 1 | state 3 | PENDING 1 | generation 27 | expiry 32.
inline constexpr std::uint64_t kWriting = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kPending = std::uint64_t{1} << 59;
inline constexpr std::uint32_t kGenerationMask = 0x07ffffff;
inline constexpr std::uint64_t kVirgin = static_cast<std::uint64_t>(SlotState::free) << 60;

constexpr SlotWord make_word(SlotState state, std::uint32_t generation, StoredTime expiry) noexcept {
  return {(static_cast<std::uint64_t>(state) << 60) | (std::uint64_t{generation & kGenerationMask} << 32) | expiry};
}
constexpr SlotState slot_state_of(BindingState state) noexcept {
  if (state == BindingState::active) return SlotState::active;
  return state == BindingState::abandoned ? SlotState::abandoned : SlotState::free;
}

// The word's time for a binding at rest: its end. A free address that is reserved for its client has none, which keeps it out of the
// order in which addresses are given.
constexpr StoredTime expiry_of(BindingState state, StoredTime ends, bool reserved) noexcept {
  if (slot_state_of(state) != SlotState::free) return ends;
  return reserved ? kStoredNever : ends == kStoredNever ? kStoredNever - 1 : ends;
}

// Worst case: 16 octets of chaddr and a full packed area.
inline constexpr std::uint32_t kStreamCapacity = 16 + Binding::kVariableCapacity;
inline constexpr std::uint32_t kChunkWords = 8;  // link, then 56 octets
inline constexpr std::uint32_t kChunkOctets = (kChunkWords - 1) * 8;
using OverflowSlab = Slab<kChunkWords>;

// A copy of the payload's octets, good for as long as the word said so, and of the offer's client.
class Payload {
 public:
  ClientHash offer() const noexcept { return offer_; }
  BindingState state() const noexcept { return static_cast<BindingState>(fixed_[0] & 0xff); }
  StoredTime ends() const noexcept { return static_cast<StoredTime>(fixed_[1] >> 32); }
  bool reserved() const noexcept {
    return (fixed_[0] >> 24 & Binding::kReserved) != 0 && (hlen() > 0 || !client_id().empty());
  }
  std::uint8_t htype() const noexcept { return static_cast<std::uint8_t>(fixed_[0] >> 32); }
  Bytes hardware() const noexcept { return {octets(), hlen()}; }
  Bytes client_id() const noexcept;
  void to_binding(Binding& out) const noexcept;

 private:
  friend struct Slot;
  std::uint32_t hlen() const noexcept { return static_cast<std::uint8_t>(fixed_[0] >> 40); }
  std::uint32_t variable_size() const noexcept { return static_cast<std::uint32_t>(fixed_[0] >> 48); }
  std::uint32_t stream_size() const noexcept { return hlen() + variable_size(); }
  Bytes packed() const noexcept { return {octets() + hlen(), variable_size()}; }
  const std::uint8_t* octets() const noexcept { return reinterpret_cast<const std::uint8_t*>(stream_); }

  ClientHash offer_;
  std::uint64_t fixed_[3];
  std::uint64_t stream_[kStreamCapacity / 8 + kChunkWords];  // only stream_size() octets are set
};

struct alignas(128) Slot {
  static constexpr std::uint32_t kStreamWords = 11;
  static constexpr std::uint32_t kInlineOctets = kStreamWords * 8;

  // --- the word: seq_cst, because the trees' order rests on it (lease_table.cc, settle) ---
  SlotWord load() const noexcept { return {word_.load() ^ kVirgin}; }
  bool untouched() const noexcept { return word_.load(std::memory_order_relaxed) == 0; }
  bool exchange(SlotWord expected, SlotWord desired) noexcept {
    std::uint64_t raw = expected.raw ^ kVirgin;
    return word_.compare_exchange_strong(raw, desired.raw ^ kVirgin);
  }
  void publish(SlotWord word) noexcept { word_.store(word.raw ^ kVirgin); }

  // --- owner of PENDING only ---
  void set_offer(ClientHash client) noexcept { offer_.store(client, std::memory_order_release); }
  // Ends the offer, too. Leaves kWriting set: publish() ends it.
  void write(const Binding& binding, OverflowSlab& overflow) noexcept;

  // --- anybody ---
  // acquire: who sees that an offer has ended sees kWriting or later, so he cannot read the binding from before it as well.
  ClientHash offer() const noexcept { return offer_.load(std::memory_order_acquire); }
  SlotWord read(const OverflowSlab& overflow, Payload& out) const noexcept;

 private:
  using Word = Atomic<std::uint64_t>;

  bool copy_payload(const OverflowSlab& overflow, Payload& out) const noexcept;
  void store_stream(const std::uint64_t* words, std::uint32_t octets, std::uint32_t old_octets,
                    OverflowSlab& overflow) noexcept;

  Word word_;
  Word offer_;
  Word fixed_[3];  // state next rewind flags htype hlen size16 | starts ends | cltt tstp
  Word stream_[kStreamWords];
};
static_assert(sizeof(Slot) == 128 && Atomic<std::uint64_t>::is_always_lock_free);

// Chunks that one slot can need: with that many for each address no commit ever fails for want of one.
inline constexpr std::uint32_t kMaxChunks =
    (kStreamCapacity - (Slot::kInlineOctets - 8) + kChunkOctets - 1) / kChunkOctets;

}  // namespace coaxd::lease
