// ending.h: how a lease ends: by time, by its client's RELEASE, by DECLINE or a ping that somebody
// answered, by the operator's word. Each is a change of hands like any other, with its own event block run on the way
// (dhcpd-compat §5.1, §9.6). Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

enum class Ending : std::uint8_t { expired, released, abandoned, freed };

// Claims the slot, if it is still as `expected`, and stages its end. Null: `why`. `query` may be
// null.
Change* end_lease(Server& server, Actions& actions, lease::SlotId slot, lease::SlotWord expected,
                  Ending ending, Instant now, const wire::Message* query, DropReason& why) noexcept;

// Releases those that are still running; what another worker has in his hands meanwhile is left to
// him.
void release_all(Exchange& exchange, std::span<const lease::SlotId> slots) noexcept;

// The context for statements about one binding; effects that are waiting stay.
void begin_context(Server& server, const wire::Message* query, Instant now, lease::Binding* binding,
                   Ipv4 address) noexcept;

}  // namespace coaxd::engine
