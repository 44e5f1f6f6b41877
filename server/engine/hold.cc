#include "server/engine/hold.h"

#include <algorithm>

#include "server/engine/reclaim.h"

namespace coaxd::engine {
namespace {

using config::Parameter;

constexpr std::uint32_t kPingSeconds = 1, kPingCltt = 60;

Millis ping_timeout(const OptionState& options) noexcept {
  const std::uint32_t ms = options.number(Parameter::ping_timeout_ms, 0);
  return Millis{ms != 0 ? ms : options.number(Parameter::ping_timeout, kPingSeconds) * 1000LL};
}

void probe(Actions& actions, Ipv4 address, lease::SlotId slot, Millis timeout) noexcept {
  actions.verdict = Actions::Verdict::probe;
  actions.probe_address = address;
  actions.probe_slot = slot;
  actions.probe_timeout = timeout;
}

// dhcpd-compat §9.12: not for an address that its client used, or was offered, a moment ago.
bool needs_probe(const Exchange& exchange, const Lease& lease) noexcept {
  const OptionState& options = *exchange.server.reply;
  if (lease.running || lease.held || !options.flag(Parameter::ping_check, true))
    return false;
  const std::uint32_t quiet = options.number(Parameter::ping_cltt_secs, kPingCltt);
  return !lease.own || exchange.server.before.cltt + WallSeconds{quiet} < exchange.now.wall;
}

}  // namespace

Granted hold(Exchange& exchange, const Lease& lease) noexcept {
  Server& server = exchange.server;
  Actions& actions = exchange.actions;
  const OptionState& options = *server.reply;
  if (lease.is_static()) {
    const lease::SlotId slot = leased_to_another(exchange, lease.address);
    if (slot != lease::kNoSlot && options.flag(Parameter::ping_check, true))
      probe(actions, lease.address, slot, ping_timeout(options));
    return Granted::done;
  }
  if (lease.word.state() == lease::SlotState::active) return Granted::done;

  const bool asks = needs_probe(exchange, lease);
  const Millis timeout = ping_timeout(options);
  // A hold with a probe is told from one without by its length, so that a DISCOVER in the middle of
  // the probe is known for what it is.
  const WallSeconds probing = std::min<WallSeconds>(timeout.count() / 1000 + 1, kOfferHold / 2);
  const WallSeconds left = lease.held ? lease.word.expiry() - exchange.now.wall : 0;
  if (lease.held && options.flag(Parameter::ping_check, true) && left > kOfferHold - probing) {
    exchange.actions.log_count = 0;  // dhcpd says nothing either: the first DISCOVER was logged
    drop(exchange, DropReason::probing);
    return Granted::refused;
  }
  if (left > kOfferHold / 2) return Granted::done;
  const bool short_hold = !asks && options.flag(Parameter::ping_check, true);
  const WallSeconds until = exchange.now.wall + (short_hold ? kOfferHold - probing : kOfferHold);
  if (!server.leases.offer(lease.slot, lease.word, exchange.client.hash, lease::to_stored(until)))
    return Granted::lost;
  if (asks) probe(actions, lease.address, lease.slot, timeout);
  return Granted::done;
}

}  // namespace coaxd::engine
