#include "server/engine/grant.h"

#include <algorithm>

#include "server/engine/addressing.h"
#include "server/engine/admission.h"
#include "server/engine/billing.h"
#include "server/engine/compose.h"
#include "server/engine/ending.h"
#include "server/engine/find_lease.h"
#include "server/engine/hold.h"
#include "server/engine/lease_time.h"
#include "server/engine/pool_threshold.h"
#include "server/engine/reclaim.h"
#include "server/engine/reply_scopes.h"

namespace coaxd::engine {
namespace {

using config::Parameter;
using lease::Binding;
using lease::BindingState;
using lease::Item;
using wire::MessageType;

constexpr std::uint32_t kCacheThreshold = 25;

// --- the binding that it becomes ---

// In the order of what may be lost when a client sends more than fits: his identity never is.
void describe_binding(Exchange& exchange, const Lease& lease) noexcept {
  Server& server = exchange.server;
  const wire::Message& query = *exchange.query;
  const Client& client = exchange.client;
  Binding& after = server.after;
  if (lease.running) {
    after = server.before;
  } else {
    after = Binding{};
    if (holds(client, server.before)) after.flags = server.before.flags & Binding::kReserved;
  }
  const auto describe = [&](Item item, Bytes value) {
    if (!after.set(item, value)) after.set(item, {});
  };
  after.state = BindingState::active;
  after.set_hardware(client.htype, client.hardware);
  describe(Item::client_id, client.uid);
  describe(Item::on_expiry, {});
  describe(Item::on_release, {});
  const bool own_agent = query.relay_agent_info().present() && exchange.query != &server.renewal;
  if (own_agent) describe(Item::agent_info, query.relay_agent_info().raw());
  if (query.has(wire::option::host_name)) describe(Item::hostname, told_host_name(query));
  if (query.has(wire::option::vendor_class_identifier)) {
    describe(Item::vendor_class, query.option(wire::option::vendor_class_identifier));
  }
}

void attach_events(Server& server) noexcept {
  const auto attach = [&](Item item, const config::Statement* block) {
    if (block != nullptr && block->has_body) server.after.set(item, as_bytes(block->source_text));
  };
  attach(Item::on_expiry, server.context.on_expiry);
  attach(Item::on_release, server.context.on_release);
}

// --- times ---

// dhcpd-compat §9.4: a lease that has hardly begun is answered as it stands and nothing is written,
// unless anything about it has changed.
bool reusable(Exchange& exchange, const Lease& lease) noexcept {
  Server& server = exchange.server;
  const Binding& before = server.before;
  const Binding& after = server.after;
  const std::uint32_t percent =
      server.reply->number(Parameter::dhcp_cache_threshold, kCacheThreshold);
  if (percent == 0 || !lease.running || exchange.now.wall < before.starts ||
      before.ends <= before.starts || server.leases.in_doubt(lease.slot))
    return false;
  const auto same = [&](Item item) { return equal(before.get(item), after.get(item)); };
  if (before.htype != after.htype || !equal(before.hardware(), after.hardware())) return false;
  if (!same(Item::client_id) || !same(Item::billing) || !same(Item::hostname) ||
      !same(Item::agent_info))
    return false;
  const auto age = static_cast<std::uint64_t>(exchange.now.wall - before.starts);
  const std::uint64_t length = before.ends - before.starts;
  if (age * 100 > length * percent) return false;
  LogEvent& event = note(exchange, LogKind::reuse_lease);
  event.address = lease.address;
  event.number_a = static_cast<std::uint32_t>(age);
  event.number_b = percent;
  return true;
}

void set_times(Exchange& exchange, std::uint32_t seconds) noexcept {
  Binding& after = exchange.server.after;
  after.starts = after.cltt = lease::to_stored(exchange.now.wall);
  after.ends = lease_end(exchange.now.wall, seconds);
  after.tstp = 0;
  after.next_state = after.rewind_state = BindingState::free;
  if (exchange.query->type() == MessageType::bootp) after.flags |= Binding::kBootp;
  // dhcpd.conf manual, infinite-is-reserved: for clients that ask for infinity, whatever they get.
  const Bytes asked = exchange.query->option(wire::option::lease_time);
  const bool infinite = asked.size() == 4 && load_be32(asked.data()) == kInfinite;
  if (infinite && exchange.server.reply->flag(Parameter::infinite_is_reserved, false)) {
    after.flags |= Binding::kReserved;
  }
}

void run_commit(Server& server) noexcept {
  const config::Statement* block = server.context.on_commit;
  if (block != nullptr && block->has_body) execute(block->body, server.context);
  attach_events(server);
}

// --- the reply ---

bool write_reply_for(Exchange& exchange, const Lease& lease, MessageType type,
                     std::uint32_t seconds) noexcept {
  Server& server = exchange.server;
  if (type != MessageType::bootp) set_lease_options(exchange, type, seconds);
  set_automatic_options(exchange, lease.subnet, server.context.host, lease.address);
  Answer answer;
  answer.type = type;
  answer.lease = &lease;
  answer.yiaddr = lease.address;
  answer.ciaddr = exchange.query->ciaddr();
  answer.broadcast = wants_broadcast(exchange);
  // dhcpd-compat §12.1: only a BOOTP client with a fixed address is pointed at this server without
  // next-server.
  const bool own_file = type == MessageType::bootp && lease.is_static() &&
                        !server.reply->has(config::OptionRegistry::kServer,
                                           static_cast<std::uint32_t>(Parameter::next_server));
  if (own_file) answer.siaddr = exchange.arrival.interface->address;
  answer.departure =
      address_lease_reply(exchange, type, {lease.address, answer.broadcast, lease.subnet->network});
  return write_answer(exchange, answer);
}

LogKind reply_line(MessageType type, bool is_static) noexcept {
  if (type == MessageType::offer) return LogKind::offer;
  if (type == MessageType::ack) return LogKind::ack;
  return is_static ? LogKind::bootreply_static : LogKind::bootreply_dynamic;
}

void log_reply(Exchange& exchange, const Lease& lease, MessageType type) noexcept {
  LogEvent& event = exchange.actions.reply_log;
  event = line(exchange, reply_line(type, lease.is_static()));
  event.address = lease.address;
  const bool bootp_host = type == MessageType::bootp && lease.is_static();
  if (bootp_host) set_text(event, lease.host->name);
  // An OFFER shows what this DISCOVER told, an ACK what the lease says.
  const bool offers = type == MessageType::offer;
  set_name(event,
           offers ? told_host_name(*exchange.query) : exchange.server.after.get(Item::hostname));
  if (offers && !lease.is_static())
    exchange.server.offered_names.remember(lease.slot, exchange.client.hash,
                                           told_host_name(*exchange.query));
}

// --- taking the address ---

Granted take(Exchange& exchange, const Lease& lease) noexcept {
  DropReason why;
  Change* change = stage(exchange.server, exchange.actions, lease.slot, lease.word, why);
  if (change == nullptr) {
    if (why == DropReason::contended) return Granted::lost;
    drop(exchange, why);
    return Granted::refused;
  }
  change->binding = exchange.server.after;
  change->billed = exchange.billed;
  change->unbilled = exchange.unbilled;
  if (exchange.quarantine != nullptr) change->ward = exchange.quarantine->id;
  exchange.billed = exchange.unbilled = 0;
  return Granted::done;
}

// Which of his other leases on this network a client loses when he is ACKed (dhcpd-compat §9.3, as
// seen on the wire): his rival_of(); all, with one-lease-per-client; those of his hardware, where
// duplicates are denied and his host declaration names no client identifier, when he renews.
void release_others(Exchange& exchange, const Lease& lease) noexcept {
  const OptionState& options = *exchange.server.reply;
  const Client client = exchange.client;
  const bool one_lease = options.flag(Parameter::one_lease_per_client, false);
  const bool no_duplicates =
      options.tri(Parameter::duplicates, OptionState::Tri::allow) != OptionState::Tri::allow;
  const bool hardware = (one_lease && client.uid.empty()) ||
                        (no_duplicates && client.host_by_hardware && lease.running);
  if (const lease::SlotId rival = rival_of(exchange, lease); rival != lease::kNoSlot) {
    note_duplicate(exchange, rival, lease);
    // Who fills in ciaddr uses that address as well as the other one: nothing is taken from him.
    if (exchange.query->ciaddr().is_zero()) release_all(exchange, {&rival, 1});
  }
  for (const bool by_uid : {true, false}) {
    if (!(by_uid ? one_lease : hardware)) continue;
    exchange.client.by_hardware = !by_uid;  // now whatever identifier a lease was taken under
    std::array<lease::SlotId, kMaxLeasesOfClient> slots;
    std::size_t count = slots_of(exchange, by_uid, slots);
    const auto stays = [&](lease::SlotId slot) {
      const config::Pool* pool = pool_of(exchange.server, slot);
      return slot == lease.slot || pool == nullptr || pool->network != lease.subnet->network || is_kept(exchange, *pool);
    };
    const auto end =
        std::remove_if(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(count), stays);
    release_all(exchange, {slots.begin(), end});
  }
  exchange.client.by_hardware = client.by_hardware;
}

Granted attempt(Exchange& exchange, const Lease& lease, MessageType type) noexcept {
  Server& server = exchange.server;
  if (lease.is_static()) {
    server.before = Binding{};
  } else if (server.leases.read(lease.slot, server.before) != lease.word) {
    return Granted::lost;
  }
  if (server.settings.file_names != nullptr) server.settings.file_names->prefetch(lease.address);
  const bool binding_reply = type != MessageType::offer;
  describe_binding(exchange, lease);
  run_lease_scopes(exchange, lease);
  if (turns_away(exchange, type)) return Granted::refused;
  if (!server.reply->flag(Parameter::stash_agent_options, true))
    server.after.set(Item::agent_info, {});
  if (!bill(exchange, lease, binding_reply)) {
    drop(exchange, DropReason::lease_limit, LogSuffix::lease_limit);
    return Granted::refused;
  }

  const bool reuse = type != MessageType::bootp && reusable(exchange, lease);
  const std::uint32_t seconds = reuse ? seconds_left(exchange.now.wall, server.before.ends)
                                : type == MessageType::bootp ? bootp_lease_seconds(exchange, lease)
                                                             : lease_seconds(exchange, lease);
  set_times(exchange, seconds);
  if (binding_reply && !reuse) run_commit(server);
  if (!write_reply_for(exchange, lease, type, seconds)) return Granted::refused;
  log_reply(exchange, lease, type);
  exchange.actions.effects = {server.context.effects.data(), server.context.effect_count};
  if (lease.reclaimed) {
    const bool asked = type == MessageType::ack;
    note(exchange, asked ? LogKind::reclaiming_requested_abandoned : LogKind::reclaiming_abandoned)
        .address = lease.address;
  }

  if (!binding_reply) return hold(exchange, lease);
  if (!lease.is_static() && !reuse) {
    if (const Granted taken = take(exchange, lease); taken != Granted::done) return taken;
  }
  // No lease says what he was told and how he came (leasequery/fixed_notes.h).
  if (lease.is_static() && server.settings.fixed_notes != nullptr) server.settings.fixed_notes->heard(lease.address, *lease.host, server.after);
  const Thresholds thresholds = thresholds_of(*server.reply);
  release_others(exchange, lease);
  if (lease.is_static()) {
    if (const Granted taken = reclaim(exchange, lease); taken != Granted::done) return taken;
  }
  if (type == MessageType::ack) watch_pool(exchange, lease, thresholds);
  return Granted::done;
}

}  // namespace

Granted grant(Exchange& exchange, const Lease& lease, MessageType type) noexcept {
  const Granted granted = attempt(exchange, lease, type);
  if (granted != Granted::done) unstage(exchange);
  return granted;
}

}  // namespace coaxd::engine
