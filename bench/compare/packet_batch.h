// packet_batch.h: room for a batch of datagrams with their peers, as recvmmsg(2) and sendmmsg(2) want it, and the UDP socket that
// both sides of a ceiling use. Single thread; a batch stays where it is, for its headers point into it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "server/base/ipv4.h"

namespace coaxd::ceiling {

struct PacketBatch {
  static constexpr std::size_t kPackets = 64, kRoom = 1536;

  PacketBatch() = default;
  PacketBatch(const PacketBatch&) = delete;
  PacketBatch& operator=(const PacketBatch&) = delete;

  std::array<std::array<std::uint8_t, kRoom>, kPackets> octets;
  std::array<iovec, kPackets> vectors;
  std::array<sockaddr_in, kPackets> peers;
  std::array<mmsghdr, kPackets> messages;

  // Every header to its own buffer, with all its room.
  void reset() noexcept {
    for (std::size_t i = 0; i < kPackets; ++i) {
      vectors[i] = {octets[i].data(), kRoom};
      messages[i] = {};
      messages[i].msg_hdr.msg_name = &peers[i];
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // The first `count` messages leave; one that the kernel refuses is lost, as on a wire.
  void send(int fd, std::size_t count) noexcept {
    for (std::size_t done = 0; done < count;) {
      const int sent = sendmmsg(fd, &messages[done], static_cast<unsigned>(count - done), 0);
      done += sent > 0 ? static_cast<std::size_t>(sent) : errno == EINTR ? 0 : 1;
    }
  }
};

inline sockaddr_in socket_address(Ipv4 address, std::uint16_t port) noexcept {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address.value);
  result.sin_port = htons(port);
  return result;
}

// -1: errno says why. Zero as the address is any of ours.
inline int open_udp(Ipv4 address, std::uint16_t port) noexcept {
  constexpr int kSocketBuffer = 16 << 20;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  for (const int name : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) setsockopt(fd, SOL_SOCKET, name, &kSocketBuffer, sizeof kSocketBuffer);
  const sockaddr_in local = socket_address(address, port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace coaxd::ceiling
