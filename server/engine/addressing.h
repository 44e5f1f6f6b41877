// addressing.h: where a reply goes (RFC 2131 §4.1, RFC 1542 §4.1.2, dhcpd-compat §12.6). Pure.
// Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

struct Addressee {
  Ipv4 yiaddr;
  bool broadcast = false;  // the flag as it stands in the reply
  const config::SharedNetwork* lease_network = nullptr;
};

// OFFER, ACK of a REQUEST, BOOTREPLY.
Departure address_lease_reply(const Exchange& exchange, wire::MessageType type,
                              const Addressee& to) noexcept;
Departure address_nak(const Exchange& exchange) noexcept;
// To a client that has an address (INFORM), or through the relay.
Departure address_inform(const Exchange& exchange, Ipv4 client_address) noexcept;

// The server is reached through the relay agent that put option 82 in, so it is owed its option
// back (RFC 3046 §2.2).
bool passes_relay(const Exchange& exchange, const Departure& departure) noexcept;

}  // namespace coaxd::engine
