// decline_release.cc: the two messages that give an address back and are answered by nothing
// (dhcpd-compat §9.6).
#include "server/engine/ending.h"
#include "server/engine/find_lease.h"
#include "server/engine/messages.h"
#include "server/engine/reply_scopes.h"

namespace coaxd::engine {
namespace {

// Ends the lease, looking again when another worker has moved it. `mine` says which standings are
// the client's to give up.
template <typename Mine>
void give_up(Exchange& exchange, Ipv4 address, Ending ending, LogSuffix found, Mine mine) noexcept {
  Server& server = exchange.server;
  const lease::SlotId slot = address.is_zero() ? lease::kNoSlot : server.leases.find(address);
  for (int attempt = 0; slot != lease::kNoSlot && attempt < kAttempts; ++attempt) {
    const View view = inspect(server, exchange.client, slot, exchange.now.wall);
    if (view.standing == Standing::pending) {
      // Mostly a relay's second copy while the first is being written: the line is dhcpd's for either.
      const bool his = ending == Ending::released && holds(exchange.client, server.before);
      return drop(exchange, DropReason::busy, his ? found : LogSuffix::not_responding);
    }
    if (!mine(view.standing)) break;
    set_name(exchange.actions.logs[0], server.before.get(lease::Item::hostname));
    DropReason why = DropReason::none;
    // RFC 2131 §4.3.4: a lease that has ended already needs no release.
    const bool nothing_to_end = ending == Ending::released && view.standing != Standing::running;
    if (nothing_to_end || end_lease(server, exchange.actions, slot, view.word, ending, exchange.now,
                                    exchange.query, why) != nullptr) {
      return drop(exchange, DropReason::none, found);
    }
    if (why != DropReason::contended) return drop(exchange, why, LogSuffix::not_responding);
  }
  drop(exchange, DropReason::not_found, LogSuffix::not_found);
}

}  // namespace

void decline(Exchange& exchange) noexcept {
  const Ipv4 address = exchange.query->address_option(wire::option::requested_address);
  note(exchange, LogKind::decline).address = address;
  exchange.stable_logs = exchange.actions.log_count;
  if (address.is_zero()) {
    exchange.actions.log_count = 0;  // dhcpd has no word for it
    return drop(exchange, DropReason::no_requested_address);
  }
  const config::Subnet* subnet = exchange.config().subnet_of(address);
  if (!introduce_lessee(exchange, subnet != nullptr ? subnet->network : nullptr)) return;
  if (subnet == nullptr) return drop(exchange, DropReason::not_found, LogSuffix::not_found);

  run_subnet_scopes(exchange, *subnet, nullptr, nullptr);
  const auto declines =
      exchange.server.reply->tri(config::Parameter::declines, OptionState::Tri::allow);
  if (declines != OptionState::Tri::allow) {
    drop(exchange, DropReason::decline_ignored, LogSuffix::ignored);
    if (declines == OptionState::Tri::ignore) exchange.actions.log_count = 0;
    return;
  }
  give_up(exchange, address, Ending::abandoned, LogSuffix::abandoned, [](Standing standing) {
    return standing == Standing::running || standing == Standing::held;
  });
  if (exchange.actions.changes != nullptr)
    note(exchange, LogKind::abandoned_declined).address = address;
}

void release(Exchange& exchange) noexcept {
  const Ipv4 address = exchange.query->ciaddr();
  note(exchange, LogKind::release).address = address;
  if (exchange.query->has(wire::option::requested_address))
    note(exchange, LogKind::release_with_address);
  exchange.stable_logs = exchange.actions.log_count;
  if (!introduce_lessee(exchange, network_of(exchange.config(), address))) return;
  // dhcpd-compat §19: the hardware must be his; another client identifier than at the ACK does not
  // matter.
  exchange.client.by_hardware = true;
  give_up(exchange, address, Ending::released, LogSuffix::found, [](Standing standing) {
    return standing == Standing::running || standing == Standing::own;
  });
}

}  // namespace coaxd::engine
