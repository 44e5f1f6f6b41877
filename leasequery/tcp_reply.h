// tcp_reply.h: the messages that answer over TCP: one about an address, one that ends a query or tells how it stands. Any thread; nothing is allocated.
// Source: RFC 6926 §8.3 (what a reply has), §6.2 (times are relative to base-time), RFC 7724 §8.2.
#pragma once

#include <cstddef>
#include <optional>

#include "leasequery/lease_view.h"
#include "leasequery/reply.h"
#include "leasequery/tcp_query.h"

namespace coaxd::leasequery {

// No message is longer: a binding's own octets (lease::Binding), fixed fields and what is added.
inline constexpr std::size_t kLongestTcpReply = 2048;

// When the address came into its present state, as far as it is known; 0: not known. Of an active lease this is its last renewal, as in dhcpd's failover: when it
// was first given is nowhere stored.
lease::StoredTime start_of_state(const Facts& facts) noexcept;
// When anything about it changed last: what query-start-time and query-end-time are compared with. 0: never used, or a fixed address.
lease::StoredTime last_change(const Facts& facts) noexcept;

// DHCPLEASEACTIVE or DHCPLEASEUNASSIGNED. `server_id`: zero when it was told before.
std::size_t write_lease(MutableBytes out, const TcpQuery& query, const Facts& facts, Ipv4 server_id, WallSeconds now) noexcept;

// DHCPLEASEQUERYDONE, DHCPLEASEQUERYSTATUS or DHCPTLS. Success is told by leaving option 151 out (RFC 6926 §6.2.2).
std::size_t write_status(MutableBytes out, wire::MessageType type, std::uint32_t xid, const Status& status, Ipv4 server_id, WallSeconds now) noexcept;

}  // namespace coaxd::leasequery
