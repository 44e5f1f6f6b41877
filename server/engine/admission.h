// admission.h: who gets no answer although there is an address for him (dhcpd-compat §9.11): too
// early, unknown, BOOTP or booting refused. Silence, never a NAK. Asked when the lease's scopes
// have run. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

// True: the message is dropped, and the Actions say why.
bool turns_away(Exchange& exchange, wire::MessageType type) noexcept;

}  // namespace coaxd::engine
