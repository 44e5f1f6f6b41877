// compose.h: from what the scopes have set to octets in the transmit buffer: the fields of RFC 2131
// table 3, the options that the server adds by itself (dhcpd-compat §12.1, §12.2), the size that
// the client can take. Private to the engine.
#pragma once

#include "server/engine/exchange.h"

namespace coaxd::engine {

struct Answer {
  wire::MessageType type = wire::MessageType::bootp;
  Ipv4 yiaddr, ciaddr, siaddr;
  bool broadcast = false;
  Departure departure;
  const Lease* lease = nullptr;  // that the reply gives; null: it gives none
};

// The server identifier that the scopes gave, or the interface's address; with RFC 5107 what the
// relay says. Set as option 54.
Ipv4 set_server_identifier(Exchange& exchange) noexcept;
// Options 53 and 54, 51 with T1 and T2 checked against it.
void set_lease_options(Exchange& exchange, wire::MessageType type, std::uint32_t seconds) noexcept;
// What dhcpd fills in when nobody has set it: subnet mask, host name, routers, the echoes of
// options 61 and 118.
void set_automatic_options(Exchange& exchange, const config::Subnet* subnet,
                           const config::Host* host, Ipv4 yiaddr) noexcept;

// The broadcast flag of a reply: the client's, or always-broadcast.
bool wants_broadcast(const Exchange& exchange) noexcept;

// Writes the reply and fills verdict, reply and departure into the Actions. False: dropped, it fits
// into nothing.
bool write_answer(Exchange& exchange, const Answer& answer) noexcept;
// Only options 53, 54, 56, 61 and 82 (dhcpd-compat §9.5).
void send_nak(Exchange& exchange, Ipv4 asked) noexcept;

}  // namespace coaxd::engine
