// expire.h: the changes that no message asks for. Private to the engine; see Engine::expire,
// Engine::probe_answered and Engine::free_lease.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

Change* expire_due(Server& server, Instant now, std::size_t limit, Actions& actions) noexcept;
Change* abandon_probed(Server& server, lease::SlotId slot, Instant now, Actions& actions) noexcept;
Change* free_by_order(Server& server, lease::SlotId slot, Instant now, Actions& actions) noexcept;

}  // namespace coaxd::engine
