// inform.cc: DHCPINFORM: a client that has its address and wants the rest (RFC 2131 §4.3.5,
// dhcpd-compat §9.7).
#include "server/engine/addressing.h"
#include "server/engine/compose.h"
#include "server/engine/find_lease.h"
#include "server/engine/messages.h"
#include "server/engine/reply_scopes.h"

namespace coaxd::engine {
namespace {

namespace code = wire::option;
using config::OptionRegistry;

// Link selection, subnet selection, the client's address, the relay's: the first that is there.
Ipv4 place_of(const wire::Message& query, Ipv4 client_address) noexcept {
  if (const auto link = link_selection(query)) return *link;
  if (const Ipv4 subnet = query.address_option(code::subnet_selection); !subnet.is_zero())
    return subnet;
  return client_address.is_zero() ? query.giaddr() : client_address;
}

// His host declaration: the one that fixes this very address, else one without an address
// (dhcpd-compat §6).
const config::Host* host_of(const Client& client, Ipv4 address) noexcept {
  return client.fixed_host != nullptr && client.fixed_address == address ? client.fixed_host
                                                                         : client.host;
}

void set_inform_options(Exchange& exchange, const config::Subnet& subnet) noexcept {
  OptionState& options = *exchange.server.reply;
  set_lease_options(exchange, wire::MessageType::ack, 0);
  // RFC 2131 §4.3.5: no lease time, and so none of its fractions.
  for (const std::uint8_t option : {code::lease_time, code::renewal_time, code::rebinding_time}) {
    options.unset(OptionRegistry::kDhcp, option);
  }
  set_automatic_options(exchange, &subnet, exchange.server.context.host, {});
}

}  // namespace

void inform(Exchange& exchange) noexcept {
  const wire::Message& query = *exchange.query;
  // A client that leaves out ciaddr still has an address: it sent from it. Through a relay the
  // source is the relay's.
  const bool direct = query.giaddr().is_zero();
  const Ipv4 address =
      query.ciaddr().is_zero() && direct ? exchange.arrival.source : query.ciaddr();
  LogEvent& event = note(exchange, LogKind::inform);
  event.address = address.is_zero() ? query.giaddr() : address;
  event.other = exchange.arrival.source;
  exchange.stable_logs = exchange.actions.log_count;

  // Options may tell where somebody is who has no address, but no reply would find him.
  const bool nowhere = address.is_zero() && direct;
  const Ipv4 place = nowhere ? address : place_of(query, address);
  const config::Subnet* subnet = place.is_zero() ? nullptr : exchange.config().subnet_of(place);
  if (subnet == nullptr)
    return drop(exchange, DropReason::unknown_network, LogSuffix::inform_unknown_subnet);
  if (!subnet->scope->authoritative) {
    drop(exchange, DropReason::not_authoritative, LogSuffix::inform_not_authoritative);
    std::array<char, 16> text;
    const char* end = format_ipv4(text.data(), subnet->prefix.network);
    return set_text(exchange.actions.logs[0], {text.data(), end});
  }
  introduce(exchange, subnet->network);

  const lease::SlotId slot =
      address.is_zero() ? lease::kNoSlot : exchange.server.leases.find(address);
  const config::Pool* pool = slot == lease::kNoSlot ? nullptr : pool_of(exchange.server, slot);
  if (pool != nullptr && pool->network != subnet->network) pool = nullptr;
  run_subnet_scopes(exchange, *subnet, pool, host_of(exchange.client, address));
  set_inform_options(exchange, *subnet);

  Answer answer;
  answer.type = wire::MessageType::ack;
  answer.ciaddr = query.ciaddr();  // RFC 2131 §4.3.1 table 3
  // dhcpd-compat §19: the relay cannot unicast to a client whose address it is not told.
  answer.broadcast = wants_broadcast(exchange) || address.is_zero();
  answer.departure = address_inform(exchange, address);
  if (!write_answer(exchange, answer)) return;
  exchange.actions.reply_log = line(exchange, LogKind::inform_ack);
  exchange.actions.reply_log.address = event.address;
  if (!address.is_zero()) exchange.actions.reply_log.giaddr = {};  // not by way of the relay
  exchange.actions.effects = {exchange.server.context.effects.data(),
                              exchange.server.context.effect_count};
}

}  // namespace coaxd::engine
