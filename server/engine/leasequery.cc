// leasequery.cc: DHCPLEASEQUERY (RFC 4388) is not answered yet; it is refused as dhcpd refuses one
// that `allow leasequery` does not cover, which is his default (dhcpd-compat §9.10).
#include "server/engine/messages.h"

namespace coaxd::engine {

void leasequery(Exchange& exchange) noexcept {
  const bool relayed = !exchange.query->giaddr().is_zero();
  LogEvent& event = note(exchange, LogKind::leasequery);
  event.address = exchange.query->ciaddr();
  drop(exchange, DropReason::leasequery_denied,
       relayed ? LogSuffix::leasequery_not_allowed : LogSuffix::missing_giaddr);
}

}  // namespace coaxd::engine
