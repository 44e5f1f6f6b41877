// client_query.h: what coaxctl asks: a leasequery in any dialect over UDP, a bulk or an active one over TCP, as octets. Values; any thread.
// Source: RFC 4388 §6.1, RFC 6926 §7.2, RFC 7724 §7.2, RFC 8357 (relay port).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leasequery/query.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

// Of whom or what: nothing of it is everything, which only TCP can be asked for.
struct Subject {
  std::optional<Ipv4> address;
  std::vector<std::uint8_t> hardware;  // Ethernet
  std::vector<std::uint8_t> client_id, remote_id, relay_id;
};
// ADDRESS, MAC, or a client identifier: hex octets as 01:00:10:95:01:02:03, or text behind "text:", or of six octets behind "id:". Error: one sentence.
std::expected<Subject, std::string> parse_subject(std::string_view word);
// Hex octets, with or without colons; or a MAC address as equipment writes it; or text behind "text:".
std::expected<std::vector<std::uint8_t>, std::string> parse_octets(std::string_view word);

struct ClientQuery {
  wire::MessageType type = wire::MessageType::leasequery;  // lease_active (13) in a draft
  std::uint32_t xid = 1;
  Subject subject{};
  Ipv4 giaddr{};            // UDP: where the answer goes
  bool relay_port = false;  // UDP: to the port that it came from
  std::optional<std::uint32_t> since{}, until{};
  std::vector<std::uint8_t> list{};  // option 55
};
std::vector<std::uint8_t> to_octets(const ClientQuery& query);

// Seconds since 1970, or how long ago: 90s, 15m, 2h, 3d.
std::expected<std::uint32_t, std::string> parse_since(std::string_view word, WallSeconds now);

}  // namespace coaxd::leasequery
