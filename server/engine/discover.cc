// discover.cc: DHCPDISCOVER and, because it goes the same way, a BOOTP request (dhcpd-compat §9.2,
// §9.8).
#include "server/engine/ending.h"
#include "server/engine/find_lease.h"
#include "server/engine/grant.h"
#include "server/engine/messages.h"

namespace coaxd::engine {
namespace {

using wire::MessageType;

// The client's own address, else the next free one, given as `type`. Bounded: who loses the race
// for a slot looks again.
void allocate(Exchange& exchange, MessageType type, DropReason none_left,
              LogSuffix none_left_suffix) noexcept {
  Forbidden forbidden;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    restart(exchange);
    forbidden.size = 0;
    Found found = find_claimed(exchange, forbidden);
    if (found.kind == Found::Kind::busy)
      return drop(exchange, DropReason::busy, LogSuffix::not_responding);
    if (found.kind == Found::Kind::none) {
      const std::optional<Lease> free = find_free(exchange);
      if (!free) {
        drop(exchange, none_left, none_left_suffix);
        set_text(exchange.actions.logs[0], exchange.network->name);
        return release_all(exchange, {forbidden.slots.data(), forbidden.size});
      }
      found.lease = *free;
    }
    set_name(exchange.actions.logs[0], name_before(exchange, found.lease));
    const Granted granted = grant(exchange, found.lease, type);
    if (granted == Granted::lost) continue;
    return release_all(exchange, {forbidden.slots.data(), forbidden.size});
  }
  drop(exchange, DropReason::contended, LogSuffix::not_responding);
}

}  // namespace

void discover(Exchange& exchange) noexcept {
  note(exchange, LogKind::discover);
  exchange.stable_logs = exchange.actions.log_count;
  if (exchange.network == nullptr)
    return drop(exchange, DropReason::unknown_network, LogSuffix::unknown_network_segment);
  if (!introduce_lessee(exchange, exchange.network)) return;
  allocate(exchange, MessageType::offer, DropReason::no_free_leases, LogSuffix::no_free_leases);
}

void bootp(Exchange& exchange) noexcept {
  note(exchange, LogKind::bootrequest);
  exchange.stable_logs = exchange.actions.log_count;
  if (exchange.network == nullptr)
    return drop(exchange, DropReason::unknown_network, LogSuffix::bootp_network_unknown);
  if (!introduce_lessee(exchange, exchange.network)) return;
  // What BOOTP gives is for ever, and quarantine is not.
  if (exchange.quarantine != nullptr) return drop(exchange, DropReason::bootp_disallowed, LogSuffix::bootp_disallowed);
  allocate(exchange, MessageType::bootp, DropReason::no_free_leases,
           LogSuffix::bootp_dynamic_no_leases);
}

}  // namespace coaxd::engine
