// grant.h: an address in hand becomes an OFFER, an ACK or a BOOTREPLY: the checks of dhcpd-compat
// §9.11 in their order, the binding it will be, the reply, and at last the one atomic step that
// takes the address. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

enum class Granted : std::uint8_t {
  done,     // the Actions say what to send
  refused,  // the Actions say why not
  lost,     // another worker took the address meanwhile: restart() and look again
};

// `type` is offer, ack, or bootp for a BOOTREPLY.
Granted grant(Exchange& exchange, const Lease& lease, wire::MessageType type) noexcept;

}  // namespace coaxd::engine
