// reclaim.h: a fixed address that somebody else has a lease on, from the days when it was dynamic. The host declaration is the
// operator's newer word: the host gets his address as soon as he asks, and before his ACK leaves the other lease has ended, on disk.
// So no address is ever bound twice; whoever had it hears a NAK at his next renewal, and where ping-check is on nothing is offered
// while he is there to answer (RFC 2131 §2.2: the server should probe an address that is reused). Private to the engine.
#pragma once

#include "server/engine/exchange.h"
#include "server/engine/grant.h"

namespace coaxd::engine {

// The slot of a running lease of somebody else; kNoSlot: there is none. Leaves its binding in server.before.
lease::SlotId leased_to_another(Exchange& exchange, Ipv4 address) noexcept;

// Ends whatever stands between a host and his address, as a change of this exchange. After the reply is written.
Granted reclaim(Exchange& exchange, const Lease& lease) noexcept;

// A line about an address and the client who has it.
void describe_holder(LogEvent& event, LogKind kind, Ipv4 address, const lease::Binding& binding) noexcept;

}  // namespace coaxd::engine
