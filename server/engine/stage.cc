// stage.cc: changes of hands before they are handed to the store. What is staged is claimed in the
// lease table, so it must be either given to the caller or given back; there is no third way out of
// decide().
#include "server/engine/exchange.h"

#include "server/base/assert.h"

namespace coaxd::engine {

ChangePool::ChangePool(std::size_t capacity) : changes_(capacity), available_(capacity) {
  for (Change& change : changes_) {
    change.next = free_;
    free_ = &change;
  }
}

Change* ChangePool::take() noexcept {
  Change* change = free_;
  if (change == nullptr) return nullptr;
  free_ = change->next;
  --available_;
  change->next = nullptr;
  change->billed = change->unbilled = 0;
  change->ward = 0;
  return change;
}

void ChangePool::give(Change* change) noexcept {
  COAXD_ASSERT(available_ < changes_.size());
  change->next = free_;
  free_ = change;
  ++available_;
}

Change* stage(Server& server, Actions& actions, lease::SlotId slot, lease::SlotWord expected,
              DropReason& why) noexcept {
  Change* change = server.changes.take();
  if (change == nullptr) {
    why = DropReason::overload;
    return nullptr;
  }
  const std::optional<lease::Claim> claim = server.leases.claim(slot, expected);
  if (!claim) {
    server.changes.give(change);
    why = server.leases.word(slot).pending() ? DropReason::busy : DropReason::contended;
    return nullptr;
  }
  change->claim = *claim;
  change->address = server.leases.address_of(slot);
  change->next = actions.changes;
  actions.changes = change;
  return change;
}

void settle_change(Server& server, Change* change, bool durable) noexcept {
  if (durable) {
    server.leases.commit(change->claim, change->binding);
    if (change->unbilled != 0) server.limits.release(change->unbilled);
    if (change->ward != 0 && server.ward_sightings)
      server.ward_sightings->note(subscriber::WardSighting::Kind::garden_ack, change->ward, change->binding.hardware(), change->address, server.heard_ns);
  } else {
    server.leases.rollback(change->claim);
    if (change->billed != 0) server.limits.release(change->billed);
  }
  server.changes.give(change);
}

void unstage(Exchange& exchange) noexcept {
  Actions& actions = exchange.actions;
  while (actions.changes != nullptr) {
    Change* change = actions.changes;
    actions.changes = change->next;
    settle_change(exchange.server, change, false);
  }
  if (exchange.billed != 0) exchange.server.limits.release(exchange.billed);
  exchange.billed = exchange.unbilled = 0;
  actions.effects = {};
  exchange.server.context.effect_count = exchange.stable_effects;
}

void restart(Exchange& exchange) noexcept {
  unstage(exchange);
  exchange.actions.log_count = static_cast<std::uint8_t>(exchange.stable_logs);
  exchange.complaint = {};
}

}  // namespace coaxd::engine
