// messages.h: one function for each kind of message, the rows of the engine's dispatch table.
// Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

void discover(Exchange& exchange) noexcept;  // RFC 2131 §4.3.1
void request(Exchange& exchange) noexcept;   // RFC 2131 §4.3.2
void decline(Exchange& exchange) noexcept;   // RFC 2131 §4.3.3
void release(Exchange& exchange) noexcept;   // RFC 2131 §4.3.4
void inform(Exchange& exchange) noexcept;    // RFC 2131 §4.3.5
void bootp(Exchange& exchange) noexcept;     // RFC 951, RFC 1534
void leasequery(Exchange& exchange) noexcept;  // RFC 4388 and its drafts

// Identity, classes and host declarations: what every handler knows of its client before it looks
// for a lease. `network`: where the lease is looked for. False: the client has no identity to keep
// a lease under.
bool introduce(Exchange& exchange, const config::SharedNetwork* network) noexcept;
// The same for messages about leases: an anonymous client is dropped.
bool introduce_lessee(Exchange& exchange, const config::SharedNetwork* network) noexcept;

}  // namespace coaxd::engine
