// pool_threshold.h: `log-threshold-high` and `log-threshold-low`: one line when a pool has become so
// full, one when it is no longer. Private to the engine; the mark is kept in the lease table, for
// all workers. Source: dhcpd.conf manual; arithmetic and moments as seen from dhcpd 4.4.3-P1.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

// Of a lease that is being acknowledged; the addresses in use are counted without its change.
void watch_pool(Exchange& exchange, const Lease& lease) noexcept;

}  // namespace coaxd::engine
