#include "server/engine/engine.h"

#include <algorithm>
#include <array>

#include "server/base/assert.h"
#include "server/engine/ending.h"
#include "server/engine/expire.h"
#include "server/engine/find_lease.h"
#include "server/engine/messages.h"
#include "server/engine/quarantine.h"
#include "server/engine/reply_scopes.h"
#include "server/wire/cable_device.h"

namespace coaxd::engine {
namespace {

using wire::MessageType;

// What has no row is dropped as unhandled-type: servers' messages, and the bulk queries of RFC 6926.
struct Handler {
  MessageType type;
  bool anywhere;  // knows what to say where the network is unknown
  void (*handle)(Exchange&) noexcept;
};
constexpr Handler kHandlers[] = {
    {MessageType::bootp, true, bootp},      {MessageType::discover, true, discover},
    {MessageType::request, true, request},  {MessageType::decline, false, decline},
    {MessageType::release, false, release}, {MessageType::inform, true, inform},
    {MessageType::leasequery, true, leasequery},
    // What drafts of RFC 4388 have for a query (leasequery/query.h).
    {MessageType::force_renew, true, leasequery},      {MessageType::lease_unassigned, true, leasequery},
    {MessageType::lease_unknown, true, leasequery},    {MessageType::lease_active, true, leasequery},
};

void begin(Server& server, Actions& actions) noexcept {
  server.arena.reset();
  server.context.effect_count = 0;
  server.context.effects_lost = 0;
  server.context.refused = 0;
  actions.verdict = Actions::Verdict::drop;
  actions.reason = DropReason::none;
  actions.reply_size = 0;
  actions.changes = nullptr;
  actions.probe_slot = lease::kNoSlot;
  actions.log_count = 0;
  actions.reply_log.kind = LogKind::none;
  actions.effects = {};
}

// stash-agent-options (dhcpd-compat §8.4): a client that renews by unicast passes no relay; what
// the relay said about him when he was last ACKed stands in his lease and decides again which
// classes and pools he is in.
const wire::Message& with_stashed_agent_info(Exchange& exchange,
                                             const wire::Message& query) noexcept {
  Server& server = exchange.server;
  if (query.type() != MessageType::request || query.ciaddr().is_zero() ||
      !query.giaddr().is_zero() || query.relay_agent_info().present()) {
    return query;
  }
  const lease::SlotId slot = server.leases.find(query.ciaddr());
  if (slot == lease::kNoSlot) return query;
  const Client client = identify(query, server.leases, false);
  if (inspect(server, client, slot, exchange.now.wall).standing != Standing::running) return query;
  const Bytes stashed = server.arena.copy(server.before.get(lease::Item::agent_info));
  if (stashed.empty()) return query;
  server.renewal = query;
  server.renewal.adopt_relay_agent_info(stashed);
  return server.renewal;
}

// A modem asks for an address: its record says so from now on.
void note_modem(Server& server, const wire::Message& query, Instant now) noexcept {
  const bool asks = query.type() == MessageType::discover || query.type() == MessageType::request;
  if (!server.modems || !asks || !wire::is_modem(query)) return;
  const std::optional<subscriber::Mac> mac = subscriber::Mac::of(query.chaddr());
  if (!mac) return;
  const bool vouched = equal(query.relay_agent_info().get(wire::agent::remote_id), query.chaddr());
  server.modems->note_dhcp(*mac, now.wall, wire::device_says(query), vouched);
}

}  // namespace

bool introduce(Exchange& exchange, const config::SharedNetwork* network) noexcept {
  Server& server = exchange.server;
  exchange.client = identify(*exchange.query, server.leases, ignores_client_ids(exchange, network));
  exchange.quarantine = quarantine_of(exchange);
  // dhcpd-compat §6: class membership is computed before any lease or host is known.
  begin_context(server, exchange.query, exchange.now, nullptr, {});
  classify(server.context, exchange.classes);
  if (const config::Class* cls = exchange.config().quarantine_class(); cls != nullptr && exchange.quarantine != nullptr) exchange.classes.add_first({cls, nullptr, {}, false});
  exchange.stable_effects = server.context.effect_count;
  // A line for each, but so many only as leave room for what else there is to say.
  for (std::size_t i = 0; i < std::min<std::size_t>(exchange.classes.left_out(), 3); ++i) {
    note(exchange, LogKind::too_many_classes);
    exchange.stable_logs = exchange.actions.log_count;
  }
  look_up_hosts(exchange.client, exchange.config(), *exchange.query, network);
  if (exchange.quarantine != nullptr) exchange.client.fixed_address = {};  // is not in the garden
  return !exchange.client.anonymous();
}

bool introduce_lessee(Exchange& exchange, const config::SharedNetwork* network) noexcept {
  if (introduce(exchange, network)) return true;
  drop(exchange, DropReason::unknown_client, LogSuffix::unknown_client);
  return false;
}

struct Engine::Impl : Server {
  using Server::Server;
};

Engine::Engine(lease::LeaseTable& leases, lease::LeaseLimits& limits, ChangePool& changes,
               Settings settings)
    : impl_(std::make_unique<Impl>(leases, limits, changes, settings)) {}

Engine::~Engine() = default;

void Engine::use(std::shared_ptr<const config::Config> config,
                 std::shared_ptr<const config::HostTable> names) {
  impl_->use(std::move(config), std::move(names));
}

// Asking stands still where the page tables must be walked first, but several walks go on at once: so all that is asked for stands together.
void Engine::prefetch(std::span<const Bytes> datagrams) const noexcept {
  COAXD_ASSERT(datagrams.size() <= kComing);
  std::array<lease::SlotId, kComing> slots;
  std::size_t count = 0;
  for (const Bytes datagram : datagrams) {
    const wire::Glimpse coming = wire::glimpse(datagram);
    if (!coming.address.is_zero()) slots[count++] = impl_->leases.prefetch(coming.address);
    // Who uses an address is found by it (find_lease.cc, rival_of).
    if (!coming.uses_address) impl_->leases.prefetch(coming.htype, coming.chaddr, coming.client_id);
  }
  for (const lease::SlotId slot : std::span(slots).first(count)) impl_->leases.prefetch(slot);
}

void Engine::decide(const wire::Message& query, const Arrival& arrival, Instant now,
                    MutableBytes out, Actions& actions) noexcept {
  begin(*impl_, actions);
  impl_->heard_ns = now.mono_ns;
  if (impl_->confined) impl_->confined->refresh();
  Exchange exchange(*impl_, query, arrival, now, out, actions);
  exchange.query = &with_stashed_agent_info(exchange, query);
  exchange.network = select_network(*impl_->config, impl_->interfaces, *exchange.query, arrival);
  const Handler* handler = std::ranges::find(kHandlers, query.type(), &Handler::type);
  const bool handled = handler != std::end(kHandlers);
  if (exchange.network == nullptr && !(handled && handler->anywhere)) {
    note(exchange, LogKind::unknown_segment).number_a = static_cast<std::uint32_t>(query.type());
    return drop(exchange, DropReason::unknown_network);
  }
  if (!handled) return drop(exchange, DropReason::unhandled_type);
  note_modem(*impl_, *exchange.query, now);
  handler->handle(exchange);
  if (impl_->confined && impl_->ward_sightings && !(*impl_->confined)->empty()) note_sightings(exchange);
}

void Engine::settle(Change* change, bool durable) noexcept {
  settle_change(*impl_, change, durable);
}

Change* Engine::expire(Instant now, std::size_t limit, Actions& actions) noexcept {
  begin(*impl_, actions);
  return expire_due(*impl_, now, limit, actions);
}

Change* Engine::probe_answered(lease::SlotId slot, Instant now, Actions& actions) noexcept {
  begin(*impl_, actions);
  return abandon_probed(*impl_, slot, now, actions);
}

const leasequery::Tally& Engine::leasequeries() const noexcept { return impl_->leasequeries.tally(); }

Change* Engine::free_lease(lease::SlotId slot, Instant now, Actions& actions) noexcept {
  begin(*impl_, actions);
  return free_by_order(*impl_, slot, now, actions);
}

}  // namespace coaxd::engine
