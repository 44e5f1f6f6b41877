// reply_scopes.h: whose statements make the reply, and in which order (dhcpd-compat §6): host over
// class over pool over subnet over shared network over global, for each kind of message. Each
// leaves its result in server.reply and server.context. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

// OFFER, ACK and BOOTREPLY: subnet of the address, pool, classes, host; server.after is the lease
// in hand.
void run_lease_scopes(Exchange& exchange, const Lease& lease) noexcept;
// NAK: the network's first subnet and its first pool; then, down to what those have run, the
// classes.
const config::Scope* run_network_scopes(Exchange& exchange,
                                        const config::SharedNetwork* network) noexcept;
void run_class_scopes(Exchange& exchange, const config::Scope* limit) noexcept;
// DECLINE: subnet and classes. INFORM: those, the pool of his lease (may be null) and his host.
void run_subnet_scopes(Exchange& exchange, const config::Subnet& subnet, const config::Pool* pool,
                       const config::Host* host) noexcept;

// ignore-client-uids decides who the client is, so it is asked before anything is known about him;
// of the network that his lease is looked for on.
bool ignores_client_ids(Exchange& exchange, const config::SharedNetwork* network) noexcept;

}  // namespace coaxd::engine
