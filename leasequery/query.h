// query.h: what a relay asks: which dialect it speaks, by which key it asks, what it wants to be told and may be. Values over a parsed message, which they must not outlive.
//
// Message type 13 is a query in the drafts of RFC 4388 and an answer in the RFC, so the dialect is the requester's setting, or told by the type:
//
//     dialect    query          answers: active, unassigned, unknown     spoken by
//     rfc4388    10             13, 11, 12                               IOS of today, E6000, Casa, C4 in its rfc-4388 mode
//     draft0     13             DHCPACK, DHCPNAK, DHCPNAK                uBR7200 with old IOS
//     draft2     T: 13, or 9-12 T+3, T+1, T+2                            ARRIS C4 (draft-2, draft-4), Motorola BSR
//
// Any thread; nothing is allocated. Source: RFC 4388 §§6.1-6.4, its drafts 0 and 2 to 9.
#pragma once

#include <bitset>
#include <cstdint>
#include <expected>
#include <string_view>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

enum class Dialect : std::uint8_t { rfc4388, draft0, draft2, count };
std::string_view to_string(Dialect) noexcept;  // as `dialect` of coaxd.toml and metrics have it

// What a requester is set to; automatic takes type 13 for draft0, which is what a uBR7200 means by it.
enum class DialectChoice : std::uint8_t { automatic, rfc4388, draft0, draft2, count };

enum class Key : std::uint8_t { address, hardware, client_id, count };
std::string_view to_string(Key) noexcept;

// Why a query gets no answer. One row each (query.cc); the texts are labels of metrics.
enum class Refusal : std::uint8_t {
  none,
  not_allowed,        // neither `allow leasequery` nor a requester covers giaddr
  source_not_allowed, // a requester covers giaddr, none the address it came from
  no_giaddr,          // RFC 4388 §6.3: it says where the answer goes
  no_key,             // neither address, nor hardware address, nor client identifier: an answer would list those without one
  other_dialect,      // a message type that this requester is not set to
  other_server,       // it names a server (option 54) that is not this one
  too_many,           // beyond the requester's rate
  busy,               // beyond the rate of all together
  no_room,            // the answer does not fit into what the requester takes
  count
};
std::string_view to_string(Refusal) noexcept;

// What the drafts called 92, 12 and 91 before they had numbers: sent where a draft's requester lists them.
namespace draft_option {
inline constexpr std::uint8_t leased_addresses = 161, host_name = 162, last_transaction = 163;
}

// A set of options, by code.
using Codes = std::bitset<256>;

// How an option list (55) counts. liberal: it adds to what every relay needs (51, 58, 59, 60, 61, 82, 91, 92; to a draft without the last two, which had no numbers then);
// strict: it is all that is sent. Without a list what every relay needs is sent in either case.
enum class Lists : std::uint8_t { liberal, strict };

// What a requester may be told if nobody says otherwise (RFC 4388 §6.4.2, "non-sensitive options"): all that is kept of a client.
const Codes& told_to_anybody() noexcept;

// Which options the answer has, as far as they are known.
Codes wanted_by(const wire::Message& message, Dialect dialect, Lists lists, const Codes& may_be_told) noexcept;

struct Query {
  Dialect dialect = Dialect::rfc4388;
  std::uint8_t type = 0;      // of the message
  Key key = Key::address;
  bool several_keys = false;  // RFC 4388 §6.1 wants one; ciaddr counts, then the client identifier, as dhcpd has it
  Ipv4 address;               // by address
  std::uint8_t htype = 0;     // by hardware
  Bytes hardware;
  Bytes client_id;            // by client identifier
};

// The dialect of a message type to a requester with such a setting; nothing: none that he may speak.
std::expected<Dialect, Refusal> dialect_of(wire::MessageType type, DialectChoice choice, std::uint8_t draft_type) noexcept;
// Whether anybody may mean a query by it: what else has its meaning in RFC 6926 and 7724, over TCP, or in DHCP.
constexpr bool may_be_query(wire::MessageType type) noexcept {
  return type >= wire::MessageType::force_renew && type <= wire::MessageType::lease_active;
}

// Some relays leave hlen at 6 where they ask by something else: an address of zeros is nobody's.
bool names_hardware(const wire::Message& message) noexcept;

// The key of a UDP query. `server_id`: ours; `asked`: the address it was sent to, which is as good.
std::expected<Query, Refusal> read_query(const wire::Message& message, Dialect dialect, Ipv4 server_id, Ipv4 asked) noexcept;

}  // namespace coaxd::leasequery
