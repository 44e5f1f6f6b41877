// fixed_notes.h: what was heard last of each host with a fixed address, and what he was told: he has no lease, so nothing else keeps his option 82, his client identifier and
// the time (RFC 4388 §6.4.2). A note is a binding in a lease table of its own, of as many slots as there are fixed addresses: what workers and readers may do at once, and how
// a reload keeps what it knew, is the table's matter. In memory alone: after a start nothing is known until the host asks again.
//
// Threads: configure() is the control thread's, while no worker runs (start, reload barrier) and no reader reads; follow() and take_changed() are those of the one who follows;
// the rest is for any. Nothing is allocated but by configure().
// Source: RFC 4388 §6.4.2, RFC 7724 §8.2.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "server/base/atomic.h"
#include "server/base/hash.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/config/config.h"
#include "server/lease/lease_table.h"

namespace coaxd::leasequery {

class FixedNotes {
 public:
  explicit FixedNotes(HashSeed seed) : seed_(seed), notes_(seed) {}

  void configure(const config::Config& config, WallSeconds now);

  // This host was answered on this fixed address; `told`: as if it were a lease. What the message did not say (a unicast renewal has no option 82) stays as it was.
  void heard(Ipv4 address, const config::Host& host, const lease::Binding& told) noexcept;

  // False: nothing was heard of this host there since it was declared as it is now.
  bool read(Ipv4 address, const config::Host& host, lease::Binding& out) const noexcept;
  // Where such a client was heard, by what he said, which may be more than his declaration says. How many of `out`.
  std::size_t find_by_hardware(std::uint8_t htype, Bytes chaddr, std::span<Ipv4> out) const noexcept;
  std::size_t find_by_client_id(Bytes client_id, std::span<Ipv4> out) const noexcept;

  // From then on heard() remembers where. Nothing is lost: one bit an address.
  void follow(bool on) noexcept { followed_.store(on, std::memory_order_relaxed); }
  template <typename Take>
  void take_changed(Take take) noexcept {
    for (std::uint32_t word = 0; word * kBits < notes_.slot_count(); ++word) {
      if (changed_[word].load(std::memory_order_relaxed) == 0) continue;
      // Pairs with heard(): the note is there to be read.
      for (std::uint64_t bits = changed_[word].exchange(0, std::memory_order_acquire); bits != 0; bits &= bits - 1)
        take(notes_.address_of(word * kBits + static_cast<std::uint32_t>(std::countr_zero(bits))));
    }
  }

 private:
  static constexpr std::uint32_t kBits = 64;
  using Mark = std::array<std::uint8_t, 8>;  // of a host declaration

  Mark mark_of(const config::Host& host) const noexcept;
  std::size_t addresses_of(std::span<const lease::SlotId> slots, std::span<Ipv4> out) const noexcept;

  const HashSeed seed_;
  lease::LeaseTable notes_;
  std::unique_ptr<Atomic<std::uint64_t>[]> changed_;  // one bit a slot
  Atomic<bool> followed_{false};
};

}  // namespace coaxd::leasequery
