// hold.h: an OFFER's address waits for its REQUEST, and may be probed first (dhcpd-compat §9.2,
// §9.12). Nothing is journalled: an OFFER promises nothing that must survive (RFC 2131 §3.1 step
// 2). Private to the engine.
#pragma once

#include "server/engine/grant.h"

namespace coaxd::engine {

// Holds the address for the client and turns the verdict into `probe` where one is due. The reply
// is written already.
Granted hold(Exchange& exchange, const Lease& lease) noexcept;

}  // namespace coaxd::engine
