// billing.h: `lease limit`: every dynamic lease is billed to at most one limited class, and a class
// that is full gives no more (dhcpd-compat §9.9). The count is over all workers
// (lease::LeaseLimits); who is billed for a lease stands in its binding, so counts survive a
// restart. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

// The class or subclass that a committed binding is billed to; 0: none, or the lease does not run.
lease::LeaseLimits::Key billed_key(const lease::LeaseLimits& limits,
                                   const lease::Binding& binding) noexcept;

// Bills server.after to the first of the packet's limited classes that has room, or leaves it with
// the class it is billed to already. An OFFER only looks (`commit` false): it keeps nothing. False:
// all are full.
bool bill(Exchange& exchange, const Lease& lease, bool commit) noexcept;

}  // namespace coaxd::engine
