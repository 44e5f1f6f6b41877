#include "server/engine/quarantine.h"

#include "server/engine/find_lease.h"
#include "server/wire/cable_device.h"

namespace coaxd::engine {
namespace {

using subscriber::Confined;
using subscriber::WardSighting;
using wire::MessageType;

// A telephone adapter says what it is when it boots; a renewal of its may not say it again, and must not cost anybody his calls for that. Then what its lease says counts.
Bytes vendor_class_of(Exchange& exchange) noexcept {
  const wire::Message& query = *exchange.query;
  if (query.has(wire::option::vendor_class_identifier)) return query.option(wire::option::vendor_class_identifier);
  const Ipv4 wished = query.address_option(wire::option::requested_address);
  const Ipv4 address = wished.is_zero() ? query.ciaddr() : wished;
  const lease::SlotId slot = address.is_zero() ? lease::kNoSlot : exchange.server.leases.find(address);
  if (slot == lease::kNoSlot) return {};
  exchange.server.leases.read(slot, exchange.server.before);
  if (!holds(exchange.client, exchange.server.before)) return {};
  return exchange.server.arena.copy(exchange.server.before.get(lease::Item::vendor_class));
}

// The modem behind which the sender's address was given. What a message that passed no relay says of its modem is its sender's own word.
Bytes remote_id_of_source(Exchange& exchange) noexcept {
  if (!exchange.query->giaddr().is_zero() || exchange.arrival.from_link) return {};
  Server& server = exchange.server;
  const lease::SlotId slot = server.leases.find(exchange.arrival.source);
  if (slot == lease::kNoSlot || !lease::is_running(server.leases.read(slot, server.before), exchange.now.wall)) return {};
  return wire::find_tlv(server.before.get(lease::Item::agent_info), wire::agent::remote_id).value_or(Bytes{});
}

}  // namespace

const Confined::Hold* quarantine_of(Exchange& exchange) noexcept {
  Server& server = exchange.server;
  if (!server.confined || (*server.confined)->empty()) return nullptr;
  const Confined& confined = **server.confined;
  subscriber::Holder holder{.hardware = exchange.client.hardware,
                            .remote_id = exchange.query->relay_agent_info().get(wire::agent::remote_id),
                            .vendor_class = vendor_class_of(exchange)};
  if (const Confined::Hold* hold = confined.find(holder)) return hold;
  holder.remote_id = remote_id_of_source(exchange);
  return confined.find(holder);
}

void note_sightings(Exchange& exchange) noexcept {
  const wire::Message& query = *exchange.query;
  const Actions& actions = exchange.actions;
  const auto note = [&](WardSighting::Kind kind, std::uint64_t id, Ipv4 address) {
    exchange.server.ward_sightings->note(kind, id, query.chaddr(), address, exchange.now.mono_ns);
  };
  if (query.type() == MessageType::discover && wire::is_modem(query)) {
    const Confined::Hold* modem = (*exchange.server.confined)->find_modem(query.chaddr());
    if (modem != nullptr && modem->scope == subscriber::Scope::modem) note(WardSighting::Kind::modem_back, modem->id, {});
  }
  if (exchange.quarantine == nullptr) return;
  const std::uint64_t id = exchange.quarantine->id;
  if (query.type() == MessageType::discover) note(WardSighting::Kind::discover, id, {});
  if (query.type() != MessageType::request || actions.verdict != Actions::Verdict::reply) return;
  if (actions.reply_type == MessageType::nak) note(WardSighting::Kind::nak, id, actions.reply_log.address);
  if (actions.reply_type == MessageType::ack && actions.changes == nullptr) note(WardSighting::Kind::garden_ack, id, actions.reply_log.address);
}

}  // namespace coaxd::engine
