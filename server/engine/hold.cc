#include "server/engine/hold.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

using config::Parameter;

constexpr std::uint32_t kPingSeconds = 1, kPingCltt = 60;

Millis ping_timeout(const OptionState& options) noexcept {
  const std::uint32_t ms = options.number(Parameter::ping_timeout_ms, 0);
  return Millis{ms != 0 ? ms : options.number(Parameter::ping_timeout, kPingSeconds) * 1000LL};
}

// dhcpd-compat §9.12: not for an address that its client used, or was offered, a moment ago.
bool needs_probe(const Exchange& exchange, const Lease& lease) noexcept {
  const OptionState& options = *exchange.server.reply;
  if (lease.is_static() || lease.running || lease.held ||
      !options.flag(Parameter::ping_check, true))
    return false;
  const std::uint32_t quiet = options.number(Parameter::ping_cltt_secs, kPingCltt);
  return !lease.own || exchange.server.before.cltt + WallSeconds{quiet} < exchange.now.wall;
}

}  // namespace

Granted hold(Exchange& exchange, const Lease& lease) noexcept {
  Server& server = exchange.server;
  Actions& actions = exchange.actions;
  const bool needs_no_offer = lease.is_static() || lease.word.state() == lease::SlotState::active;
  if (needs_no_offer) return Granted::done;

  const OptionState& options = *server.reply;
  const bool probe = needs_probe(exchange, lease);
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
  const bool short_hold = !probe && options.flag(Parameter::ping_check, true);
  const WallSeconds until = exchange.now.wall + (short_hold ? kOfferHold - probing : kOfferHold);
  if (!server.leases.offer(lease.slot, lease.word, exchange.client.hash, lease::to_stored(until)))
    return Granted::lost;
  if (probe) {
    actions.verdict = Actions::Verdict::probe;
    actions.probe_address = lease.address;
    actions.probe_slot = lease.slot;
    actions.probe_timeout = timeout;
  }
  return Granted::done;
}

}  // namespace coaxd::engine
