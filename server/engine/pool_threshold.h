// pool_threshold.h: `log-threshold-high` and `log-threshold-low`: one line when a pool has become so
// full, one when it is no longer. Private to the engine; the mark is kept in the lease table, for
// all workers. Source: dhcpd.conf manual; arithmetic and moments as seen from dhcpd 4.4.3-P1.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

struct Thresholds {
  std::uint32_t high = 0, low = 0;
};
// Read before other leases of the client end: their statements take the place of his in server.reply.
Thresholds thresholds_of(const OptionState& options) noexcept;

// Of a lease that is being acknowledged; the addresses in use are counted without its change.
void watch_pool(Exchange& exchange, const Lease& lease, Thresholds thresholds) noexcept;

}  // namespace coaxd::engine
