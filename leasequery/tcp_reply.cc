#include "leasequery/tcp_reply.h"

#include <algorithm>
#include <array>

#include "server/wire/option_table.h"

namespace coaxd::leasequery {

namespace {

void write_server_id(ReplyWriter& writer, Ipv4 server_id) noexcept {
  if (!server_id.is_zero()) writer.address(wire::option::server_identifier, server_id);
}

}  // namespace

lease::StoredTime start_of_state(const Facts& facts) noexcept {
  const bool since_start = facts.standing == Standing::active || facts.state == lease::BindingState::abandoned;
  return since_start ? facts.starts : facts.ends == lease::kStoredNever ? facts.cltt : facts.ends;
}

lease::StoredTime last_change(const Facts& facts) noexcept { return std::max(facts.cltt, start_of_state(facts)); }

std::size_t write_lease(MutableBytes out, const TcpQuery& query, const Facts& facts, Ipv4 server_id, WallSeconds now) noexcept {
  const bool active = facts.standing == Standing::active;
  ReplyWriter writer(out, {.xid = query.xid, .ciaddr = facts.address, .htype = facts.htype, .chaddr = facts.hardware});
  writer.u8(wire::option::message_type, static_cast<std::uint8_t>(active ? wire::MessageType::lease_active : wire::MessageType::lease_unassigned));
  write_server_id(writer, server_id);
  const lease::StoredTime base = lease::to_stored(now);
  writer.u32(option::base_time, base);
  if (const lease::StoredTime start = start_of_state(facts); start != 0 && start <= base) writer.u32(option::start_time_of_state, base - start);
  writer.u8(option::dhcp_state, lease::row_of(facts.state).rfc6926_code);
  write_facts(writer, query.wanted, facts, {});
  return writer.finish();
}

std::size_t write_status(MutableBytes out, wire::MessageType type, std::uint32_t xid, const Status& status, Ipv4 server_id, WallSeconds now) noexcept {
  constexpr std::size_t kMostText = 200;
  ReplyWriter writer(out, {.xid = xid});
  writer.u8(wire::option::message_type, static_cast<std::uint8_t>(type));
  write_server_id(writer, server_id);
  // RFC 7724 §8.2: from these a requester learns how far it is, though no binding has changed.
  if (type == wire::MessageType::lease_query_status) writer.u32(option::base_time, lease::to_stored(now));
  if (status.code != StatusCode::success) {
    std::array<std::uint8_t, 1 + kMostText> value{static_cast<std::uint8_t>(status.code)};
    const Bytes text = as_bytes(status.text.substr(0, kMostText));
    std::copy(text.begin(), text.end(), value.begin() + 1);
    writer.option(option::status_code, Bytes{value}.first(1 + text.size()));
  }
  return writer.finish();
}

}  // namespace coaxd::leasequery
