// expire.cc: what happens to leases without a packet: their time runs out, or somebody else answers
// a ping for them.
#include "server/engine/expire.h"
#include "server/engine/ending.h"
#include "server/engine/reclaim.h"

namespace coaxd::engine {
namespace {

// Room for the effects of one more `on expiry`: a caller that comes again gets the rest.
bool has_room(const Server& server) noexcept {
  return server.context.effect_count <= kMaxEffects / 2 &&
         server.arena.used() < server.arena_storage.size() / 2;
}

}  // namespace

Change* expire_due(Server& server, Instant now, std::size_t limit, Actions& actions) noexcept {
  for (std::size_t done = 0; done < limit && has_room(server);) {
    const std::optional<lease::Due> due = server.leases.next_due(now.wall);
    if (!due) break;
    DropReason why = DropReason::none;
    const Change* change =
        end_lease(server, actions, due->slot, due->word, Ending::expired, now, nullptr, why);
    // Another worker has renewed it meanwhile, or we are out of changes: the next call finds what
    // is left.
    if (change == nullptr) break;
    ++done;
  }
  return actions.changes;
}

Change* abandon_probed(Server& server, lease::SlotId slot, Instant now, Actions& actions) noexcept {
  const lease::SlotWord word = server.leases.word(slot);
  const Ipv4 address = server.leases.address_of(slot);
  // Whoever has the lease uses it: the address is his until his renewal is refused (reclaim.h).
  if (word.state() == lease::SlotState::active && server.config->is_fixed_address(address)) {
    server.leases.read(slot, server.before);
    actions.log_count = 1;
    describe_holder(actions.logs[0], LogKind::still_in_use, address, server.before);
    return nullptr;
  }
  // Too late: the client has its lease, or the offer has run out.
  if (word.state() != lease::SlotState::offered || word.pending()) return nullptr;
  DropReason why = DropReason::none;
  Change* change = end_lease(server, actions, slot, word, Ending::abandoned, now, nullptr, why);
  if (change == nullptr) return nullptr;
  actions.reason = DropReason::probe_answered;
  actions.log_count = 0;
  for (const LogKind kind : {LogKind::echo_reply, LogKind::abandoned_pinged}) {
    LogEvent& event = actions.logs[actions.log_count++];
    event = {};
    event.kind = kind;
    event.address = change->address;
  }
  return change;
}

Change* free_by_order(Server& server, lease::SlotId slot, Instant now, Actions& actions) noexcept {
  lease::SlotWord word = server.leases.read(slot, server.before);
  if (word.state() == lease::SlotState::offered && server.leases.withdraw_offer(slot, word))
    word = server.leases.read(slot, server.before);
  if (word.state() == lease::SlotState::free && !server.before.reserved()) return nullptr;
  DropReason why = DropReason::none;
  return end_lease(server, actions, slot, word, Ending::freed, now, nullptr, why);
}

}  // namespace coaxd::engine
