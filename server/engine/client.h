// client.h: who is asking: the identity that leases are kept under (RFC 2131 §2.1: client
// identifier, else hardware address) and what the configuration declares about him (dhcpd-compat
// §3.5, §9.1.1). Private to the engine; views into the message in hand.
#pragma once

#include <array>
#include <cstdint>

#include "server/config/config.h"
#include "server/lease/lease_table.h"
#include "server/wire/message.h"

namespace coaxd::engine {

struct Client {
  Bytes uid;       // raw option 61; empty: none sent, or ignore-client-uids
  Bytes hardware;  // chaddr[0, hlen)
  std::uint8_t htype = 0;
  lease::ClientHash hash = 0;  // offers are held for this
  bool by_hardware = false;    // a lease is his by hardware, whatever identifier it was taken under

  bool known = false;             // some host declaration names him, usable here or not
  bool host_by_hardware = false;  // ... and it was found by hardware and names no client identifier
  const config::Host* host =
      nullptr;  // whose statements apply to a dynamic lease: one without fixed-address
  const config::Host* fixed_host = nullptr;
  Ipv4 fixed_address;  // of fixed_host on the network looked at; zero: none

  // A client without any identity cannot be told from the next one, so nothing may be given to him.
  bool anonymous() const noexcept { return uid.empty() && hardware.empty(); }
};

// The identity alone. `ignore_uid`: ignore-client-uids is on where he stands.
Client identify(const wire::Message& query, const lease::LeaseTable& leases,
                bool ignore_uid) noexcept;

// Fills in what the host declarations say for a client on `network` (null: no fixed address fits).
void look_up_hosts(Client& client, const config::Config& config, const wire::Message& query,
                   const config::SharedNetwork* network) noexcept;

// The binding is this client's. One that was taken under a client identifier is his only if he
// sends the same (RFC 2131 §4.2); one without is his by hardware, and takes on his identifier
// (observed).
bool holds(const Client& client, const lease::Binding& binding) noexcept;

}  // namespace coaxd::engine
