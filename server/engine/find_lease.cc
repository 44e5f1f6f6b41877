#include "server/engine/find_lease.h"

#include "server/engine/permits.h"

namespace coaxd::engine {
namespace {

// Who is in quarantine is served from the garden and from nowhere else, whatever other permits say of him.
bool may_use(const Exchange& exchange, const config::Pool& pool) noexcept {
  if (is_kept(exchange, pool)) return false;
  const bool bootp = exchange.query->type() == wire::MessageType::bootp;
  return permitted(pool, {exchange.classes, exchange.client.known, bootp}, exchange.now.wall);
}

Lease lease_at(const Exchange& exchange, lease::SlotId slot, const View& view) noexcept {
  Lease lease;
  lease.slot = slot;
  lease.word = view.word;
  lease.address = exchange.server.leases.address_of(slot);
  lease.subnet = exchange.config().subnet_of(lease.address);
  lease.pool = pool_of(exchange.server, slot);
  lease.running = view.standing == Standing::running;
  lease.own =
      lease.running || view.standing == Standing::own || view.standing == Standing::own_abandoned;
  lease.held = view.standing == Standing::held;
  lease.reclaimed = view.word.state() == lease::SlotState::abandoned;
  return lease;
}

// Running leases come first, then what is on offer, then what he had last (dhcpd-compat §9.1.2).
int rank(Standing standing) noexcept {
  switch (standing) {
    case Standing::running:
      return 3;
    case Standing::held:
      return 2;
    case Standing::own:
      return 1;
    default:
      return 0;
  }
}

struct Best {
  Found found;
  int rank = 0;
  lease::StoredTime time = 0;
};

// Which of two slots of one rank. Of several running leases the one he used last, for that is the
// address he has (RFC 2131 §4.3.1: the one "in the client's current binding"; dhcpd takes the one
// that its list happens to name first); of ended ones the last that was his (observed). What is
// equal goes by address: the index knows no order.
bool better(const Lease& here, lease::StoredTime time, const Best& best) noexcept {
  if (time != best.time) return time > best.time;
  return here.slot < best.found.lease.slot;
}

// Looks at one slot that some index says is the client's. False: stop, his binding is on its way to
// the store.
bool consider(Exchange& exchange, lease::SlotId slot, Best& best, Forbidden& forbidden) noexcept {
  Server& server = exchange.server;
  const config::Pool* pool = pool_of(server, slot);
  if (pool == nullptr || pool->network != exchange.network || is_kept(exchange, *pool)) return true;
  const View view = inspect(server, exchange.client, slot, exchange.now.wall);
  if (view.standing == Standing::pending) {
    best.found.kind = Found::Kind::busy;
    return false;
  }
  const int here = rank(view.standing);
  if (here == 0) return true;
  if (!may_use(exchange, *pool) ||
      exchange.config().is_fixed_address(server.leases.address_of(slot))) {
    // One in the garden ends by its time: the ACK may still be on its way to him, and he is to use nothing that another may get.
    if (view.standing == Standing::running && !pool->is_garden && forbidden.size < forbidden.slots.size()) {
      forbidden.slots[forbidden.size++] = slot;
    }
    return true;
  }
  const bool running = view.standing == Standing::running;
  const lease::StoredTime time = running ? server.before.cltt : server.before.ends;
  const Lease lease = lease_at(exchange, slot, view);
  if (here < best.rank || (here == best.rank && !better(lease, time, best))) return true;
  best = {{Found::Kind::lease, lease}, here, time};
  return true;
}

// The address of a host declaration. Somebody may still hold it from the days when it was dynamic:
// what comes of his lease is reclaim.h's.
Found fixed_lease(Exchange& exchange) noexcept {
  Server& server = exchange.server;
  const Client& client = exchange.client;
  Found found{Found::Kind::lease, {}};
  found.lease.address = client.fixed_address;
  found.lease.subnet = exchange.config().subnet_of(client.fixed_address);
  found.lease.host = client.fixed_host;
  const lease::SlotId slot = server.leases.find(client.fixed_address);
  if (slot == lease::kNoSlot) return found;
  switch (inspect(server, client, slot, exchange.now.wall).standing) {
    case Standing::pending:
      found.kind = Found::Kind::busy;
      break;
    case Standing::running: {
      LogEvent& event = note(exchange, LogKind::static_and_dynamic);
      event.address = client.fixed_address;
      set_name(event, as_bytes(client.fixed_host->name));
      set_text(event, found.lease.subnet->network->name);
      break;
    }
    default:
      break;
  }
  return found;
}

// Option 50 of a DISCOVER, or what stands in ciaddr: his wish is granted if the address is free and
// on his network, before the lease he has (dhcpd-compat §19).
Found wished_lease(Exchange& exchange) noexcept {
  const Ipv4 requested = exchange.query->address_option(wire::option::requested_address);
  const Ipv4 wish = requested.is_zero() ? exchange.query->ciaddr() : requested;
  const lease::SlotId slot = wish.is_zero() ? lease::kNoSlot : exchange.server.leases.find(wish);
  if (slot == lease::kNoSlot) return {};
  const config::Pool* pool = pool_of(exchange.server, slot);
  if (pool == nullptr || pool->network != exchange.network || !may_use(exchange, *pool) ||
      exchange.config().is_fixed_address(wish)) {
    return {};
  }
  const View view = inspect(exchange.server, exchange.client, slot, exchange.now.wall);
  const bool usable = view.standing == Standing::available || rank(view.standing) > 0;
  return usable ? Found{Found::Kind::lease, lease_at(exchange, slot, view)} : Found{};
}

}  // namespace

bool is_kept(const Exchange& exchange, const config::Pool& pool) noexcept { return exchange.quarantine != nullptr && !pool.is_garden; }

const config::Pool* pool_of(const Server& server, lease::SlotId slot) noexcept {
  const lease::PoolId id = server.leases.pool_of(slot);
  const auto pools = server.config->pools();
  return id < pools.size() ? pools[id].get() : nullptr;
}

View inspect(Server& server, const Client& client, lease::SlotId slot, WallSeconds now) noexcept {
  lease::ClientHash offered_to = 0;
  const lease::SlotWord word = server.leases.read(slot, server.before, &offered_to);
  const bool own = holds(client, server.before);
  const bool over = lease::is_over(word.expiry(), now);
  if (word.pending()) return {Standing::pending, word};
  // Whose it is once it has ended.
  const auto ended = [&](Standing otherwise) {
    return own ? Standing::own : server.before.reserved() ? Standing::reserved : otherwise;
  };
  switch (word.state()) {
    case lease::SlotState::absent:
      return {Standing::absent, word};
    case lease::SlotState::free:
      return {ended(Standing::available), word};
    case lease::SlotState::offered:
      if (over) return {ended(Standing::available), word};
      return {offered_to == client.hash ? Standing::held : Standing::offered_away, word};
    case lease::SlotState::active:
      if (!over) return {own ? Standing::running : Standing::taken, word};
      return {ended(Standing::lapsed), word};
    case lease::SlotState::abandoned:
      if (over) return {Standing::available, word};
      return {own ? Standing::own_abandoned : Standing::abandoned, word};
  }
  return {Standing::absent, word};
}

lease::SlotId rival_of(const Exchange& exchange, const Lease& lease) noexcept {
  const lease::LeaseTable& leases = exchange.server.leases;
  const bool by_uid = lease.running && equal(exchange.server.before.get(lease::Item::client_id), exchange.client.uid);
  if (by_uid && !leases.may_have_namesakes(lease.slot)) return lease::kNoSlot;
  std::array<lease::SlotId, kMaxLeasesOfClient> slots;
  const std::size_t count = slots_of(exchange, true, slots);
  lease::SlotId first = lease.running ? lease.slot : lease::kNoSlot;
  lease::StoredTime used = lease.running ? exchange.server.before.cltt : lease::kStoredNever;
  for (const lease::SlotId slot : std::span(slots).first(count)) {
    const config::Pool* pool = pool_of(exchange.server, slot);
    if (slot == lease.slot || pool == nullptr || pool->network != lease.subnet->network || is_kept(exchange, *pool)) continue;
    lease::Binding other;
    const bool runs = lease::is_running(leases.read(slot, other), exchange.now.wall);
    if (!runs || other.cltt > used || (other.cltt == used && slot > first)) continue;
    first = slot;
    used = other.cltt;
  }
  return first == lease.slot ? lease::kNoSlot : first;
}

void note_duplicate(Exchange& exchange, lease::SlotId other, const Lease& lease) noexcept {
  const Bytes uid = exchange.server.before.get(lease::Item::client_id);
  const bool both = lease.running && equal(uid, exchange.client.uid);
  LogEvent& event = note(exchange, both ? LogKind::duplicate_leases : LogKind::duplicate_uid);
  event.address = exchange.server.leases.address_of(other);
  set_text(event, lease.subnet->network->name);
}

std::size_t slots_of(const Exchange& exchange, bool by_uid, std::span<lease::SlotId> out) noexcept {
  const Client& client = exchange.client;
  const lease::LeaseTable& leases = exchange.server.leases;
  if (by_uid) return client.uid.empty() ? 0 : leases.find_by_client_id(client.uid, out);
  return client.hardware.empty() ? 0 : leases.find_by_hardware(client.htype, client.hardware, out);
}

Found find_claimed(Exchange& exchange, Forbidden& forbidden) noexcept {
  if (!exchange.client.fixed_address.is_zero()) return fixed_lease(exchange);

  const Found wished = wished_lease(exchange);
  std::array<lease::SlotId, kMaxLeasesOfClient> slots;
  Best best;
  // What is on offer to him counts with the leases under the same key as the offer: his client
  // identifier, if he sent one.
  const std::size_t offers = exchange.server.leases.find_offers(exchange.client.hash, slots);
  for (std::size_t i = 0; i < offers; ++i) {
    if (!consider(exchange, slots[i], best, forbidden)) return best.found;
  }
  for (const bool by_uid : {true, false}) {
    const std::size_t count = slots_of(exchange, by_uid, slots);
    for (std::size_t i = 0; i < count; ++i) {
      if (!consider(exchange, slots[i], best, forbidden)) return best.found;
    }
    if (!exchange.client.uid.empty() && best.rank > 0) break;
  }
  if (wished.kind != Found::Kind::lease) return best.found;
  // The name in the log and the binding that grant() sees are those of the wish.
  inspect(exchange.server, exchange.client, wished.lease.slot, exchange.now.wall);
  if (const lease::SlotId rival = rival_of(exchange, wished.lease); rival != lease::kNoSlot)
    note_duplicate(exchange, rival, wished.lease);
  return wished;
}

Found find_requested(Exchange& exchange, Ipv4 asked, Forbidden& forbidden) noexcept {
  const Client& client = exchange.client;
  if (!client.fixed_address.is_zero()) {
    if (client.fixed_address == asked) return fixed_lease(exchange);
    exchange.complaint = "requested address is incorrect";
    return {Found::Kind::unavailable, {}};
  }
  exchange.complaint = "requested address not available";
  const lease::SlotId slot = exchange.server.leases.find(asked);
  const config::Pool* pool = slot == lease::kNoSlot ? nullptr : pool_of(exchange.server, slot);
  // In quarantine he is told at once that this is not for him, even if it is nobody's or changing hands; but not of an address that another server offers him.
  const bool is_ours = pool != nullptr || exchange.config().is_fixed_address(asked);
  if (exchange.quarantine != nullptr && (is_ours ? pool == nullptr || is_kept(exchange, *pool) : !exchange.query->has(wire::option::server_identifier)))
    return {Found::Kind::unavailable, {}};
  if (pool == nullptr) return {};
  const View view = inspect(exchange.server, client, slot, exchange.now.wall);
  switch (view.standing) {
    case Standing::absent:
      return {};
    // Somebody else's, or held for him: a NAK sends this client back to DISCOVER at once,
    // authoritative or not.
    case Standing::taken:
    case Standing::reserved:
    case Standing::offered_away:
      return {Found::Kind::unavailable, {}};
    case Standing::abandoned:
      return {Found::Kind::abandoned, {}};
    case Standing::pending:
      return {Found::Kind::busy, {}};
    default:
      break;
  }
  if (!may_use(exchange, *pool) || exchange.config().is_fixed_address(asked)) {
    // A client that says with ciaddr that he uses the address gets his NAK first; then it ends by
    // itself.
    if (view.standing == Standing::running && !pool->is_garden && exchange.query->ciaddr().is_zero())
      forbidden.slots[forbidden.size++] = slot;
    return {Found::Kind::unavailable, {}};
  }
  exchange.complaint = {};
  return {Found::Kind::lease, lease_at(exchange, slot, view)};
}

namespace {

// Never used before used, then the longest ended; abandoned ones last of all (dhcpd-compat §10).
// Equal ones: the pool declared first.
bool better(const lease::Candidate& a, const lease::Candidate& b) noexcept {
  if (a.abandoned != b.abandoned) return b.abandoned;
  return a.ended < b.ended;
}

}  // namespace

std::optional<Lease> find_free(Exchange& exchange) noexcept {
  std::optional<lease::Candidate> best;
  for (const config::Pool* pool : exchange.network->pools) {
    if (!may_use(exchange, *pool)) continue;
    const std::optional<lease::Candidate> candidate = exchange.server.leases.first_free(pool->id);
    if (!candidate || (best && !better(*candidate, *best))) continue;
    // An offer may yet fall through: until then nobody gets an address that is said to be in use.
    if (candidate->abandoned && exchange.server.leases.counts(pool->id).offered > 0) continue;
    best = candidate;
  }
  if (!best) return std::nullopt;
  Lease lease = lease_at(exchange, best->slot, {Standing::available, best->word});
  lease.reclaimed = best->abandoned;
  return lease;
}

}  // namespace coaxd::engine
