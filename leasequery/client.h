// client.h: asks a server, over UDP or TCP, and prints what it answers as it comes: coaxctl leasequery. Blocks; one thread. Every error is a sentence with what to do.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "leasequery/client_query.h"
#include "server/base/ipv4.h"

namespace coaxd::leasequery {

struct ClientTls {
  bool wanted = false;
  std::string certificate, key;  // ours
  std::string ca;                // who signs the server's
  std::string name;              // in the server's certificate; empty: the address that is asked
};

struct ClientOptions {
  enum class Over : std::uint8_t { udp, bulk, active } over = Over::udp;
  Ipv4 server = Ipv4::of(127, 0, 0, 1);
  std::uint16_t port = 67;
  Dialect dialect = Dialect::rfc4388;
  ClientQuery query{};  // its type, xid and ways of being answered are filled in
  ClientTls tls{};
  unsigned timeout_s = 5;   // UDP: for an answer; TCP: for the connection, and between two messages of a dump
  unsigned follow_s = 0;    // active: for how long; 0: until the server ends it
};

// A line or several, ready to be written.
using Print = std::function<void(const wire::Message& reply, bool last)>;

// Success: it was answered (UNKNOWN is an answer as well).
std::expected<void, std::string> ask(ClientOptions options, const Print& print);

}  // namespace coaxd::leasequery
