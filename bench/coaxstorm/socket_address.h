// socket_address.h: an IPv4 address and a UDP port, and the kernel's way of writing the two. Values only, any thread.
#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "server/base/ipv4.h"

namespace coaxd::storm {

struct SocketAddress {
  Ipv4 address;  // zero: any
  std::uint16_t port = 0;
  bool operator==(const SocketAddress&) const noexcept = default;
};

inline sockaddr_in to_sockaddr(SocketAddress from) noexcept {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(from.address.value);
  result.sin_port = htons(from.port);
  return result;
}

inline SocketAddress from_sockaddr(const sockaddr_in& from) noexcept { return {{ntohl(from.sin_addr.s_addr)}, ntohs(from.sin_port)}; }

}  // namespace coaxd::storm
