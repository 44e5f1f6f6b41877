// find_lease.h: which address a message is about (dhcpd-compat §9.1, §10): the client's fixed
// address, the one he asks for, the one he has or had, a free one. Only looks; nothing changes
// hands here. What is found may be lost to another worker before it is used: the CAS of offer() or
// claim() tells, and the caller looks again. Private to the engine.
#pragma once

#include <optional>

#include "server/engine/exchange.h"

namespace coaxd::engine {

// How a slot stands to the client who asks.
enum class Standing : std::uint8_t {
  absent,     // no dynamic address of this configuration
  available,  // nobody's, or somebody's who has lost it
  lapsed,   // somebody else's lease that has ended but was not yet worked off: may be claimed, not
            // offered
  own,      // his, ended
  running,  // his, active
  held,     // offered to him
  taken,    // somebody else's
  reserved,  // ended, but for nobody except its client (dhcpd.conf manual, RESERVED LEASES)
  offered_away,  // offered to somebody else
  abandoned,
  own_abandoned,  // abandoned while it was his
  pending,        // changing hands now
};

struct View {
  Standing standing = Standing::absent;
  lease::SlotWord word;
};
// Leaves the slot's committed binding in server.before.
View inspect(Server& server, const Client& client, lease::SlotId slot, WallSeconds now) noexcept;

struct Found {
  enum class Kind : std::uint8_t {
    lease,
    none,         // nothing for this client
    unavailable,  // ours, but not for him now: a REQUEST gets a NAK
    abandoned,    // neither ACK nor NAK (dhcpd-compat §19)
    busy,         // PENDING
  };
  Kind kind = Kind::none;
  Lease lease;
};

// An address that the client of a DISCOVER (or BOOTP request) has some claim to. Leases that he
// holds in pools that no longer admit him are collected in `forbidden`: they are to be released.
struct Forbidden {
  std::array<lease::SlotId, kMaxLeasesOfClient> slots;
  std::size_t size = 0;
};
Found find_claimed(Exchange& exchange, Forbidden& forbidden) noexcept;

// The address that a REQUEST names, on its own shared network.
Found find_requested(Exchange& exchange, Ipv4 asked, Forbidden& forbidden) noexcept;

// The next free address of the client's network (dhcpd-compat §10).
std::optional<Lease> find_free(Exchange& exchange) noexcept;

// Of the running leases under the client's identifier on this network the one that was used least
// recently (as dhcpd's list names it first, observed); kNoSlot when it is `lease`, or there is none.
// server.before is the binding of `lease`.
lease::SlotId rival_of(const Exchange& exchange, const Lease& lease) noexcept;
// Says that he has `other`, too, so that the operator can tell two clients of one identifier.
void note_duplicate(Exchange& exchange, lease::SlotId other, const Lease& lease) noexcept;

// All slots with a lease of this client, by client identifier or by hardware. At most out.size().
std::size_t slots_of(const Exchange& exchange, bool by_uid, std::span<lease::SlotId> out) noexcept;

// Quarantine keeps this pool from him. A lease that he has there stays as it is: he may go on using the address for as long as nothing stops him, so nobody else may have
// it before its end, and after the release it is his again.
bool is_kept(const Exchange& exchange, const config::Pool& pool) noexcept;

// Null: in no pool of this configuration.
const config::Pool* pool_of(const Server& server, lease::SlotId slot) noexcept;

}  // namespace coaxd::engine
