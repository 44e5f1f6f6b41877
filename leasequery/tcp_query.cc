#include "leasequery/tcp_query.h"

#include "server/wire/option_table.h"

namespace coaxd::leasequery {

namespace {

std::unexpected<Status> malformed(std::string_view text) { return std::unexpected(Status{StatusCode::malformed_query, text}); }

// RFC 6926 §6.2.5, §6.2.6: four octets, absolute. False: of another length.
bool read_time(const wire::Message& message, std::uint8_t code, std::optional<lease::StoredTime>& out) {
  if (!message.has(code)) return true;
  const Bytes value = message.option(code);
  if (value.size() != 4) return false;
  out = load_be32(value.data());
  return true;
}

struct FoundKey {
  TcpQuery::By by;
  Bytes key;
};

// RFC 6926 §7.2: a query has one key, or none and so asks for everything.
std::expected<FoundKey, Status> find_key(const wire::Message& message) {
  using By = TcpQuery::By;
  const wire::RelayAgentInfo& agent = message.relay_agent_info();
  FoundKey found{By::everything, {}};
  unsigned keys = 0;
  const auto take = [&](bool present, By by, Bytes key) {
    if (!present) return;
    ++keys;
    found = {by, key};
  };
  take(names_hardware(message), By::hardware, message.chaddr());
  take(message.has(wire::option::client_identifier), By::client_id, message.option(wire::option::client_identifier));
  take(agent.has(agent::relay_id), By::relay_id, agent.get(agent::relay_id));
  take(agent.has(wire::agent::remote_id), By::remote_id, agent.get(wire::agent::remote_id));
  if (keys > 1) return malformed("more than one key: ask by hardware address, client-id, relay-id or remote-id alone");
  if (keys == 0 && agent.present()) return malformed("option 82 has neither relay-id (12) nor remote-id (2)");
  if (found.by != By::everything && found.key.empty()) return malformed("the key is empty");
  if (found.by == By::hardware && message.htype() == 0) return malformed("a hardware address without htype");
  return found;
}

}  // namespace

std::expected<TcpQuery, Status> parse_tcp_query(const wire::Message& message) {
  TcpQuery query;
  query.xid = message.xid();
  query.active = message.type() == wire::MessageType::active_leasequery;
  if (!query.active && message.type() != wire::MessageType::bulk_leasequery)
    return malformed("over TCP only DHCPBULKLEASEQUERY, DHCPACTIVELEASEQUERY and DHCPTLS are answered");
  if (message.has(option::vss)) return std::unexpected(Status{StatusCode::not_allowed, "there are no VPNs here (option 221)"});
  if (!message.ciaddr().is_zero() || !message.yiaddr().is_zero() || !message.siaddr().is_zero())
    return malformed("ciaddr, yiaddr and siaddr must be zero: ask for one address with DHCPLEASEQUERY over UDP");

  auto found = find_key(message);
  if (!found) return std::unexpected(found.error());
  query.by = found->by;
  query.htype = message.htype();
  query.key.assign(found->key.begin(), found->key.end());
  if (!read_time(message, option::query_start_time, query.changed_since)) return malformed("query-start-time (154) has not four octets");
  if (!read_time(message, option::query_end_time, query.changed_until)) return malformed("query-end-time (155) has not four octets");
  if (query.changed_since && query.changed_until && *query.changed_since > *query.changed_until)
    return malformed("query-start-time (154) is after query-end-time (155)");
  // RFC 7724 §7.2: it follows all bindings, from then on.
  if (query.active && query.by != TcpQuery::By::everything) return malformed("a DHCPACTIVELEASEQUERY has no key");
  if (query.active && query.changed_until) return malformed("a DHCPACTIVELEASEQUERY has no query-end-time (155)");
  return query;
}

}  // namespace coaxd::leasequery
