#include "server/engine/ending.h"

#include "server/engine/billing.h"
#include "server/engine/find_lease.h"

namespace coaxd::engine {
namespace {

using lease::BindingState;
using lease::Item;

constexpr std::uint32_t kAbandonTime = 86400;

std::uint32_t abandon_time(const config::Config& config) noexcept {
  const Bytes value = config.global_constant(config::Parameter::abandon_lease_time);
  return value.size() == 4 ? load_be32(value.data()) : kAbandonTime;
}

// The client keeps his claim to the address: he gets it back if nobody else needed it (RFC 2131
// §4.3.1).
void becomes_free(lease::Binding& binding, lease::StoredTime at) noexcept {
  binding.state = binding.next_state = binding.rewind_state = BindingState::free;
  binding.ends = binding.tstp = at;
  for (const Item item : {Item::agent_info, Item::billing, Item::on_expiry, Item::on_release})
    binding.set(item, {});
}

// dhcpd-compat §9.6: nobody's any more, and nobody's again before the time is over.
void becomes_abandoned(lease::Binding& binding, WallSeconds now, std::uint32_t seconds) noexcept {
  binding = {};
  binding.state = BindingState::abandoned;
  binding.starts = binding.cltt = lease::to_stored(now);
  binding.ends = seconds == lease::kStoredNever ? seconds : lease::to_stored(now + seconds);
}

void run_event(Server& server, Actions& actions, Bytes source_text, Ipv4 address) noexcept {
  if (source_text.empty()) return;
  const config::Statement* block = server.event_bodies.find(source_text);
  if (block != nullptr) {
    execute(block->body, server.context);
    actions.effects = {server.context.effects.data(), server.context.effect_count};
    return;
  }
  if (actions.log_count == actions.logs.size()) return;
  LogEvent& event = actions.logs[actions.log_count++];
  event = {};
  event.kind = LogKind::text;
  event.level = 4;
  event.address = address;
  set_text(
      event,
      "a lease ended without its `on expiry` or `on release`: the configuration has it no longer");
}

}  // namespace

void begin_context(Server& server, const wire::Message* query, Instant now, lease::Binding* binding,
                   Ipv4 address) noexcept {
  Context& context = server.context;
  server.reply->clear();
  context.config = server.config.get();
  context.names = server.names.get();
  context.request = query;
  context.reply = &*server.reply;
  context.arena = &server.arena;
  context.globals = &server.globals;
  context.modems = server.modems ? &*server.modems : nullptr;
  context.now = now;
  context.binding = binding;
  context.leased_address = address;
  context.has_lease = binding != nullptr;
  context.host = nullptr;
  context.known = context.is_static = false;
  context.on_commit = context.on_expiry = context.on_release = nullptr;
  context.added_class_count = 0;
  context.vendor_space = nullptr;
}

Change* end_lease(Server& server, Actions& actions, lease::SlotId slot, lease::SlotWord expected,
                  Ending ending, Instant now, const wire::Message* query,
                  DropReason& why) noexcept {
  if (server.leases.read(slot, server.before) != expected) {
    why = DropReason::contended;
    return nullptr;
  }
  Change* change = stage(server, actions, slot, expected, why);
  if (change == nullptr) return nullptr;
  const lease::Binding& before = server.before;
  // An address that a reload took out of the configuration has been taken off its bill as well.
  if (server.leases.pool_of(slot) != lease::kNoPool) change->unbilled = billed_key(server.limits, before);
  change->binding = before;
  begin_context(server, query, now, &change->binding, change->address);
  const bool was_active = before.state == BindingState::active;
  switch (ending) {
    case Ending::expired:
      if (was_active) run_event(server, actions, before.get(Item::on_expiry), change->address);
      becomes_free(change->binding, before.ends);
      break;
    case Ending::released:
      if (was_active) run_event(server, actions, before.get(Item::on_release), change->address);
      becomes_free(change->binding, lease::to_stored(now.wall));
      change->binding.cltt = lease::to_stored(now.wall);
      break;
    case Ending::freed:
      if (was_active) run_event(server, actions, before.get(Item::on_release), change->address);
      becomes_free(change->binding, lease::to_stored(now.wall));
      change->binding.flags &= static_cast<std::uint8_t>(~lease::Binding::kReserved);
      break;
    case Ending::abandoned:
      becomes_abandoned(change->binding, now.wall, abandon_time(*server.config));
      break;
  }
  return change;
}

void release_all(Exchange& exchange, std::span<const lease::SlotId> slots) noexcept {
  for (const lease::SlotId slot : slots) {
    const View view = inspect(exchange.server, exchange.client, slot, exchange.now.wall);
    if (view.standing != Standing::running) continue;
    DropReason why;
    end_lease(exchange.server, exchange.actions, slot, view.word, Ending::released, exchange.now,
              exchange.query, why);
  }
}

}  // namespace coaxd::engine
