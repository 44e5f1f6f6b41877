// request.cc: DHCPREQUEST. The client's state (SELECTING, INIT-REBOOT, RENEWING, REBINDING) shows
// in which fields he fills in (RFC 2131 §4.3.2 table 4); as in dhcpd it decides about networks and
// addressing, not about who may have the address (dhcpd-compat §9.3).
#include "server/engine/compose.h"
#include "server/engine/ending.h"
#include "server/engine/find_lease.h"
#include "server/engine/grant.h"
#include "server/engine/messages.h"

namespace coaxd::engine {
namespace {

using wire::MessageType;

// Says "wrong network" to a client whose address does not belong where he is. Renewals by unicast
// pass: their way in tells nothing about where the client is. True: answered, one way or the other.
bool on_wrong_network(Exchange& exchange, Ipv4 asked, const config::Subnet* subnet) noexcept {
  const wire::Message& query = *exchange.query;
  if (!query.ciaddr().is_zero() && query.giaddr().is_zero()) return false;
  const config::SharedNetwork* here = exchange.network;
  if (here != nullptr && subnet != nullptr && subnet->network == here) return false;

  // Who put him in quarantine knows what he is not to have: an address of ours is refused by us, whoever else may serve this wire.
  const bool confines = exchange.quarantine != nullptr && subnet != nullptr;
  const bool authoritative = here != nullptr ? here->scope->authoritative
                                             : subnet != nullptr && subnet->scope->authoritative;
  if (authoritative || confines) {
    exchange.actions.logs[0].suffix = LogSuffix::wrong_network;
    send_nak(exchange, asked);
  } else if (here == nullptr && subnet == nullptr) {
    drop(exchange, DropReason::unknown_subnet, LogSuffix::ignored_unknown_subnet);
  } else {
    drop(exchange, DropReason::not_authoritative, LogSuffix::ignored_not_authoritative);
  }
  return true;
}

// He took another server's offer: ours is free again at once, not in two minutes (RFC 2131 §3.1
// step 3).
void withdraw_offers(Exchange& exchange) noexcept {
  lease::LeaseTable& leases = exchange.server.leases;
  std::array<lease::SlotId, kMaxLeasesOfClient> slots;
  const std::size_t count = leases.find_offers(exchange.client.hash, slots);
  for (std::size_t i = 0; i < count; ++i) {
    const View view = inspect(exchange.server, exchange.client, slots[i], exchange.now.wall);
    if (view.standing == Standing::held) leases.withdraw_offer(slots[i], view.word);
  }
}

// Who selects an address that is not ours by a name that is not ours has chosen another server; dhcpd
// takes him for a client of an unknown lease, and so does the line in the log.
bool selects_another(const Exchange& exchange) noexcept {
  const Ipv4 named = exchange.query->address_option(wire::option::server_identifier);
  return named != exchange.arrival.interface->address && named != exchange.arrival.destination;
}

// No lease that he could have: NAK if the address is ours to refuse, else silence.
void refuse(Exchange& exchange, Found::Kind kind, Ipv4 asked) noexcept {
  exchange.actions.logs[0].other = asked;
  switch (kind) {
    case Found::Kind::busy:
      return drop(exchange, DropReason::busy, LogSuffix::not_responding);
    case Found::Kind::abandoned:
      return drop(exchange, DropReason::abandoned, LogSuffix::unknown_lease);
    case Found::Kind::unavailable:
      exchange.actions.logs[0].suffix = LogSuffix::lease_unavailable;
      return send_nak(exchange, asked);
    default:
      break;
  }
  if (!exchange.query->has(wire::option::server_identifier))
    return drop(exchange, DropReason::unknown_lease, LogSuffix::unknown_lease);
  withdraw_offers(exchange);
  drop(exchange, selects_another(exchange) ? DropReason::other_server : DropReason::unknown_lease,
       LogSuffix::unknown_lease);
}

void describe_request(Exchange& exchange, Ipv4 asked) noexcept {
  LogEvent& event = note(exchange, LogKind::request);
  event.address = asked;
  event.has_server_id = exchange.query->has(wire::option::server_identifier);
  event.server_id = exchange.query->address_option(wire::option::server_identifier);
  exchange.stable_logs = exchange.actions.log_count;
}

}  // namespace

void request(Exchange& exchange) noexcept {
  const wire::Message& query = *exchange.query;
  // Option 50 first, even from a client that fills in both against RFC 2131 table 4.
  const Ipv4 wished = query.address_option(wire::option::requested_address);
  const Ipv4 asked = wished.is_zero() ? query.ciaddr() : wished;
  describe_request(exchange, asked);
  if (asked.is_zero())
    return drop(exchange, DropReason::no_requested_address, LogSuffix::unknown_lease);
  const config::Subnet* subnet = exchange.config().subnet_of(asked);
  // dhcpd-compat §9.1: the lease is looked for on the network of the address, whatever way the
  // packet came.
  if (!introduce_lessee(exchange, subnet != nullptr ? subnet->network : nullptr)) return;

  Forbidden forbidden;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    restart(exchange);
    forbidden.size = 0;
    const Found found = subnet != nullptr ? find_requested(exchange, asked, forbidden) : Found{};
    set_name(exchange.actions.logs[0], name_before(exchange, found.lease));
    if (on_wrong_network(exchange, asked, subnet)) return;
    if (found.kind != Found::Kind::lease) {
      refuse(exchange, found.kind, asked);
      return release_all(exchange, {forbidden.slots.data(), forbidden.size});
    }
    if (grant(exchange, found.lease, MessageType::ack) != Granted::lost) return;
  }
  drop(exchange, DropReason::contended, LogSuffix::not_responding);
}

}  // namespace coaxd::engine
