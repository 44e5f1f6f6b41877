// binding.h: what is known about one address: who has it, until when, in which state. A value of fixed size, so that it can wait in a
// journal batch without a heap. The variable parts (client-id, option 82, host name ...) share one packed area whose octets are
// the same in the slot, in the journal record and in the store.
// Source: RFC 2131 §2.1 (client key), dhcpd.leases(5) for the fields, RFC 6926 §6.2.7 and the failover draft for the states.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "server/base/bytes.h"
#include "server/base/time.h"

namespace coaxd::lease {

// Our own order; never sent or stored without the table below (they disagree: 7 is REMOTE in RFC 6926, BACKUP in failover).
enum class BindingState : std::uint8_t { free, active, expired, released, abandoned, reset, backup, count };

struct BindingStateRow {
  BindingState state;
  std::string_view word;       // dhcpd.leases `binding state`
  std::uint8_t rfc6926_code;   // OPTION 156 dhcp-state
  std::uint8_t failover_code;  // ISC failover binding-status
};
const BindingStateRow& row_of(BindingState) noexcept;
const BindingStateRow* state_by_word(std::string_view word) noexcept;

// Seconds since 1970 as stored: 0 none, 0xffffffff never. Good until 2106.
using StoredTime = std::uint32_t;
inline constexpr StoredTime kStoredNever = 0xffffffff;
StoredTime to_stored(WallSeconds) noexcept;
// Of the end of a lease, an offer, an abandonment: at that very second it is over.
inline bool is_over(StoredTime end, WallSeconds now) noexcept { return end != kStoredNever && end <= to_stored(now); }

enum class Item : std::uint8_t {
  client_id = 1,      // raw option 61
  agent_info = 2,     // option 82 as last received: the stash, and what leasequery answers
  hostname = 3,       // option 12, printable
  vendor_class = 4,   // option 60
  billing = 5,        // u8 length of the class name, name, then the subclass data (empty: the class itself)
  variables = 6,      // `set`: u8 name length, name, u16 value length, value; repeated, newest first
  on_expiry = 7,      // statement text of an attached `on expiry` block
  on_release = 8,
  failover = 9,       // tsfp, atsfp: two u32
};

struct BindingFields {
  BindingState state = BindingState::free;
  BindingState next_state = BindingState::free;    // what it becomes at `ends`
  BindingState rewind_state = BindingState::free;
  std::uint8_t flags = 0;
  std::uint8_t htype = 0, hlen = 0;
  std::array<std::uint8_t, 16> chaddr{};
  StoredTime starts = 0, ends = 0, cltt = 0, tstp = 0;
};

class Binding : public BindingFields {
 public:
  static constexpr std::size_t kVariableCapacity = 944;
  static constexpr std::uint8_t kReserved = 1, kBootp = 2;

  Binding() noexcept {}  // the area is not written before it is needed
  // A copy takes what is there, mostly a tenth of what could be: several are made for a packet.
  Binding(const Binding& from) noexcept : BindingFields(from) { copy_area(from); }
  Binding& operator=(const Binding& from) noexcept {
    BindingFields::operator=(from);
    copy_area(from);
    return *this;
  }

  Bytes hardware() const noexcept { return {chaddr.data(), hlen}; }
  void set_hardware(std::uint8_t type, Bytes address) noexcept;

  // Empty when absent. Views into this object.
  Bytes get(Item) const noexcept;
  bool has(Item) const noexcept;
  // Replaces; an empty value removes. False (and unchanged) when the area has no room: the caller decides what to do without.
  bool set(Item, Bytes value) noexcept;
  Bytes packed() const noexcept { return {variable_.data(), variable_size_}; }
  // Takes over an area that packed() once gave; false when it is not well-formed (a damaged record).
  bool set_packed(Bytes area) noexcept;

  // Marked `reserved`, and for somebody: nobody else gets the address, ended or not (dhcpd.conf manual, RESERVED LEASES).
  bool reserved() const noexcept { return (flags & kReserved) != 0 && (hlen > 0 || has(Item::client_id)); }
  // Ever used: dhcpd writes exactly these to its leases file (dhcpd-compat 14.1).
  bool ever_used() const noexcept;
  bool operator==(const Binding&) const noexcept;

 private:
  void copy_area(const Binding& from) noexcept {
    variable_size_ = from.variable_size_;
    std::copy_n(from.variable_.begin(), variable_size_, variable_.begin());
  }

  std::uint16_t variable_size_ = 0;
  std::array<std::uint8_t, kVariableCapacity> variable_;  // Item u8, length u16, octets; ascending by Item
};

}  // namespace coaxd::lease
