#include "tests/rfc/witness.h"

#include <algorithm>

#include <fmt/format.h>

namespace coaxd::test {
namespace {

using engine::Actions;
using engine::Departure;
using lease::Binding;
using lease::BindingState;
using lease::Item;
using wire::MessageType;

// RFC 2131 §2.1: the client identifier is the key, the hardware address where there is none.
bool same_client(const Binding& a, const Binding& b) {
  const Bytes a_id = a.get(Item::client_id), b_id = b.get(Item::client_id);
  if (!a_id.empty() && !b_id.empty()) return equal(a_id, b_id);
  return a.htype == b.htype && equal(a.hardware(), b.hardware());
}

bool runs(const Binding& binding, WallSeconds now) {
  return binding.state == BindingState::active &&
         (binding.ends == lease::kStoredNever || binding.ends > now);
}

bool belongs_to(const Binding& binding, const wire::Message& query) {
  const Bytes id = binding.get(Item::client_id),
              sent = query.option(wire::option::client_identifier);
  if (!id.empty() && !sent.empty()) return equal(id, sent);
  return equal(binding.hardware(), query.chaddr());
}

bool is_reply_with_address(MessageType type) {
  return type == MessageType::offer || type == MessageType::ack || type == MessageType::bootp;
}

}  // namespace

void Witness::decided(const wire::Message& query, const engine::Arrival& arrival,
                      const Actions& actions, Bytes reply, std::size_t capacity, Instant) {
  if (actions.verdict == Actions::Verdict::drop) return;
  wire::Message message;
  if (!message.parse(reply, wire::Message::Accept::replies))
    return complain("the reply does not parse");
  if (message.xid() != query.xid()) complain("xid is not the client's");
  if (leasequery::may_be_query(query.type())) return check_leasequery(query, actions, message);
  if (!equal(message.chaddr(), query.chaddr())) complain("chaddr is not the client's");
  if (query.type() != MessageType::bootp && message.type() != actions.reply_type)
    complain("option 53 is not the reply's type");
  check_addressing(query, arrival, actions, message);
  check_size(query, actions, reply, capacity);
  check_place(query, arrival, actions, message);
}

// Of somebody else's address, and for the relay.
void Witness::check_leasequery(const wire::Message& query, const Actions& actions, const wire::Message& reply) {
  const Departure& to = actions.departure;
  if (to.kind != Departure::Kind::routed || to.to != query.giaddr() || reply.giaddr() != query.giaddr()) complain("RFC 4388 §6.3: the answer goes to giaddr");
  if (actions.changes != nullptr) complain("RFC 4388 §6.4: a query changes nothing");
}

void Witness::check_addressing(const wire::Message& query, const engine::Arrival&,
                               const Actions& actions, const wire::Message& reply) {
  const Departure& to = actions.departure;
  const bool nak = actions.reply_type == MessageType::nak;
  if (!query.giaddr().is_zero()) {
    const bool relay = to.kind == Departure::Kind::routed && to.to == query.giaddr();
    const bool informer = query.type() == MessageType::inform && to.to == query.ciaddr();
    if (!relay && !informer)
      complain("RFC 2131 §4.1: giaddr is set, and the reply does not go there");
    if (nak && !reply.broadcast()) complain("RFC 2131 §4.3.2: a relayed NAK has the broadcast bit");
    return;
  }
  if (nak) {
    if (!reply.yiaddr().is_zero() || !reply.ciaddr().is_zero())
      complain("RFC 2131 table 3: a NAK carries no address");
    const bool renewal = to.kind == Departure::Kind::routed && to.to == query.ciaddr();
    if (to.kind != Departure::Kind::link_broadcast && !renewal)
      complain("RFC 2131 §4.1: a NAK is broadcast");
    return;
  }
  switch (to.kind) {
    case Departure::Kind::routed:
      if (query.type() != MessageType::inform && to.to != query.ciaddr())
        complain("routed, but not to ciaddr");
      break;
    case Departure::Kind::link_unicast:
      if (to.to != reply.yiaddr()) complain("RFC 2131 §4.1: unicast goes to yiaddr");
      if (query.broadcast()) complain("RFC 2131 §4.1: the client asked for broadcast");
      if (!equal(Bytes{to.mac}, query.chaddr())) complain("RFC 2131 §4.1: unicast goes to chaddr");
      break;
    case Departure::Kind::link_broadcast:
      if (to.to != settings_.limited_broadcast)
        complain("broadcast to something else than 255.255.255.255");
      break;
  }
}

void Witness::check_size(const wire::Message& query, const Actions& actions, Bytes reply,
                         std::size_t capacity) {
  if (actions.reply_size != reply.size() || reply.size() > capacity)
    return complain("larger than the transmit buffer");
  // RFC 2131 §2: 576 octets of datagram unless option 57 says more; option 82 comes on top (RFC
  // 3046 §2.2).
  std::size_t allowed = 576;
  const Bytes wish = query.option(wire::option::max_message_size);
  if (wish.size() == 2) allowed = std::clamp<std::size_t>(load_be16(wish.data()), 576, 1500);
  const std::size_t agent = query.relay_agent_info().raw().size();
  const std::size_t pieces = agent == 0 ? 0 : 2 * ((agent + 254) / 255);
  if (reply.size() + 28 > allowed + agent + pieces) {
    complain(
        fmt::format("RFC 2131 §2: {} octets of reply, {} allowed", reply.size() + 28, allowed));
  }
}

void Witness::check_place(const wire::Message& query, const engine::Arrival&,
                          const Actions& actions, const wire::Message& reply) {
  if (!is_reply_with_address(actions.reply_type) || reply.yiaddr().is_zero()) return;
  const Ipv4 address = reply.yiaddr();
  const bool fixed = config_->is_fixed_address(address);
  const config::Pool* pool = config_->pool_of(address);
  if (!fixed && pool == nullptr)
    return complain(to_string(address) + " is in no pool and no host's");
  const config::Subnet* there = config_->subnet_of(address);
  if (there == nullptr) return complain(to_string(address) + " is in no subnet");
  // Where the client is, as far as the message itself says.
  const config::Subnet* here =
      query.giaddr().is_zero() ? nullptr : config_->subnet_of(query.giaddr());
  const bool moved = query.relay_agent_info().has(wire::agent::link_selection) ||
                     query.has(wire::option::subnet_selection);
  if (here != nullptr && !moved && here->network != there->network)
    complain(to_string(address) + " is on a foreign network");
}

void Witness::settled(const engine::Change& change, bool durable, Instant now) {
  if (!durable) return;
  auto [at, fresh] = bound_.try_emplace(change.address.value);
  Holder& holder = at->second;
  if (!fresh && change.claim.generation <= holder.generation) {
    complain(to_string(change.address) + ": a generation went back");
  }
  if (!fresh && runs(holder.binding, now.wall) && runs(change.binding, now.wall) &&
      !same_client(holder.binding, change.binding)) {
    complain(to_string(change.address) + " is bound twice");
  }
  holder = {change.binding, change.claim.generation};
}

void Witness::sent(const wire::Message& query, const Actions& actions, Bytes reply,
                   Instant decided_at) {
  wire::Message message;
  if (!message.parse(reply, wire::Message::Accept::replies) || leasequery::may_be_query(query.type())) return;
  const bool promises =
      actions.reply_type == MessageType::ack || actions.reply_type == MessageType::bootp;
  if (!promises || message.yiaddr().is_zero()) return;
  const auto at = bound_.find(message.yiaddr().value);
  if (config_->is_fixed_address(message.yiaddr())) {
    if (at != bound_.end() && runs(at->second.binding, decided_at.wall) &&
        !belongs_to(at->second.binding, query))
      complain(to_string(message.yiaddr()) + " was acknowledged to its host and is somebody else's");
    return;
  }
  if (at == bound_.end())
    return complain("RFC 2131 §3.1: " + to_string(message.yiaddr()) +
                    " was acknowledged and never stored");
  const Binding& binding = at->second.binding;
  if (!belongs_to(binding, query))
    return complain(to_string(message.yiaddr()) + " was acknowledged to somebody else");
  const Bytes seconds = message.option(wire::option::lease_time);
  if (seconds.size() != 4 || binding.ends == lease::kStoredNever) return;
  if (decided_at.wall + load_be32(seconds.data()) > binding.ends) {
    complain(to_string(message.yiaddr()) + " was acknowledged for longer than it is stored");
  }
}

std::size_t Witness::active() const {
  return static_cast<std::size_t>(std::ranges::count_if(bound_, [](const auto& entry) {
    return entry.second.binding.state == BindingState::active;
  }));
}

}  // namespace coaxd::test
