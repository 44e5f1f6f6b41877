#include "server/engine/addressing.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

constexpr Ipv4 kLoopback = Ipv4::of(127, 0, 0, 1);
constexpr std::uint8_t kEthernet = 1;

Departure leave(const Exchange& exchange, Departure::Kind kind, Ipv4 to,
                std::uint16_t port) noexcept {
  Departure departure;
  departure.kind = kind;
  departure.to = to;
  departure.port = port;
  departure.interface = exchange.arrival.interface;
  // A reply leaves from the address that was asked, unless local-address names the one to use; dhcpd
  // binds only the socket of what is routed to it (observed), so on the link nothing changes.
  const Ipv4 asked = exchange.arrival.destination;
  const Ipv4 local = exchange.server.settings.local_address;
  if (kind == Departure::Kind::routed && !local.is_zero()) {
    departure.from = local;
  } else if (asked.value != 0xffffffff) {
    departure.from = asked;
  }
  return departure;
}

Departure to_relay(const Exchange& exchange) noexcept {
  const Ipv4 giaddr = exchange.query->giaddr();
  const Settings& settings = exchange.server.settings;
  std::uint16_t port = giaddr == kLoopback ? settings.client_port : settings.server_port;
  // RFC 8357 §4: a relay that says so wants the reply on the port it sent from.
  if (exchange.query->relay_agent_info().has(wire::agent::relay_port))
    port = exchange.arrival.source_port;
  return leave(exchange, Departure::Kind::routed, giaddr, port);
}

Departure to_client(const Exchange& exchange, Ipv4 address) noexcept {
  return leave(exchange, Departure::Kind::routed, address, exchange.server.settings.client_port);
}

Departure to_everybody(const Exchange& exchange) noexcept {
  const Settings& settings = exchange.server.settings;
  return leave(exchange, Departure::Kind::link_broadcast, settings.limited_broadcast,
               settings.client_port);
}

const config::SharedNetwork* local_network(const Exchange& exchange) noexcept {
  return exchange.server.interfaces.find(exchange.config(), *exchange.arrival.interface);
}

}  // namespace

Departure address_lease_reply(const Exchange& exchange, wire::MessageType type,
                              const Addressee& to) noexcept {
  const wire::Message& query = *exchange.query;
  if (!query.giaddr().is_zero()) return to_relay(exchange);

  if (type == wire::MessageType::ack && !query.ciaddr().is_zero()) {
    // dhcpd-compat §12.6: a client that selects (or wants broadcasts) on our own link cannot mean
    // what its ciaddr says.
    const bool selecting = query.has(wire::option::server_identifier) || to.broadcast;
    if (!selecting || local_network(exchange) != to.lease_network)
      return to_client(exchange, query.ciaddr());
  }
  // RFC 2131 §4.1: unicast to an address that the client does not have yet goes to chaddr, without
  // ARP.
  const Bytes chaddr = query.chaddr();
  Departure departure = leave(exchange, Departure::Kind::link_unicast, to.yiaddr,
                              exchange.server.settings.client_port);
  if (to.broadcast || query.htype() != kEthernet || chaddr.size() != departure.mac.size())
    return to_everybody(exchange);
  std::ranges::copy(chaddr, departure.mac.begin());
  return departure;
}

// A client that renews from behind routers hears no broadcast of ours: his NAK goes to him. dhcpd
// broadcasts it on its own link.
Departure address_nak(const Exchange& exchange) noexcept {
  const wire::Message& query = *exchange.query;
  if (!query.giaddr().is_zero()) return to_relay(exchange);
  const Ipv4 ciaddr = query.ciaddr();
  const bool routed = !ciaddr.is_zero() && exchange.arrival.source == ciaddr &&
                      !exchange.arrival.from_link &&
                      network_of(exchange.config(), ciaddr) != local_network(exchange);
  return routed ? to_client(exchange, ciaddr) : to_everybody(exchange);
}

Departure address_inform(const Exchange& exchange, Ipv4 client_address) noexcept {
  return client_address.is_zero() ? to_relay(exchange) : to_client(exchange, client_address);
}

bool passes_relay(const Exchange& exchange, const Departure& departure) noexcept {
  return !exchange.query->giaddr().is_zero() || departure.kind != Departure::Kind::routed;
}

}  // namespace coaxd::engine
