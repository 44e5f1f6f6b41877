// arrival.h: how a message came in and how a reply is to leave: the addressing half of RFC 2131 §4.1 as values. io/ fills the first and
// obeys the second; the engine never sees a socket. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/ipv4.h"

namespace coaxd::engine {

inline constexpr std::uint16_t kServerPort = 67, kClientPort = 68;

// One served network interface, as io/ knows it; stable until the next rescan, when workers are told between batches.
struct Interface {
  std::uint32_t index = 0;  // kernel's ifindex
  std::string_view name;
  Ipv4 address;             // first address: the server identifier when nothing else is configured
  std::array<std::uint8_t, 6> mac{};
  bool card = false;        // hardware, or a VLAN or bond on it: what leaves is on a wire before anybody else sees it
  std::uint16_t mtu = 1500;  // 65535 where it is larger
};

struct Arrival {
  enum class Queue : std::uint8_t { routed, discovers, leasequeries, link, count };

  const Interface* interface = nullptr;  // never null
  Ipv4 source;
  std::uint16_t source_port = 0;
  Ipv4 destination;       // 255.255.255.255, or the address that was asked (a VIP): replies leave from it
  bool from_link = false; // by packet socket: a client on this link
  Queue queue = Queue::routed;  // which of the sockets' it waited in, and
  std::int64_t waited_ns = 0;   // for how long
};

// Of so many that will come soon the memory is asked together for what deciding on them needs, for what is asked for together comes together.
inline constexpr std::size_t kComing = 8;

struct Departure {
  enum class Kind : std::uint8_t {
    routed,          // UDP through the kernel: relays, renewing clients
    link_unicast,    // frame to chaddr, IP destination yiaddr: the client cannot answer ARP yet
    link_broadcast,  // frame to ff:ff:ff:ff:ff:ff, IP destination 255.255.255.255 (or -s)
  };
  Kind kind = Kind::routed;
  Ipv4 to;
  std::uint16_t port = 0;
  Ipv4 from;  // source address; zero: the kernel's or the interface's choice
  const Interface* interface = nullptr;
  std::array<std::uint8_t, 6> mac{};  // link_unicast
};

}  // namespace coaxd::engine
