// receive_batch.h: replies from one socket, many at a system call. Where the server sends trains (UDP_SEGMENT) or the card joins
// datagrams, the kernel hands over a whole one at once (UDP_GRO, udp(7), Linux 5.0), and it is cut here. Single thread; nothing is
// allocated after construction.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/coaxstorm/socket_address.h"
#include "server/base/bytes.h"

namespace coaxd::storm {

class ReceiveBatch {
 public:
  // Where a datagram came from, and to which of our addresses.
  struct Way {
    SocketAddress from;
    Ipv4 to;
  };

  // `tells_ways`: those are told too; the socket has IP_PKTINFO then.
  explicit ReceiveBatch(bool tells_ways = false);
  ReceiveBatch(const ReceiveBatch&) = delete;  // kernel structures point into it
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // What has arrived, without waiting; valid until the next call.
  std::span<const Bytes> receive(int fd) noexcept;
  const Way& way(std::size_t datagram) const noexcept { return ways_[datagram]; }  // of what the last receive() gave

  std::uint64_t received() const noexcept { return received_; }
  std::uint32_t drops() const noexcept { return drops_; }  // SO_RXQ_OVFL: lost at the socket's buffer

 private:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kSegments = 128;  // UDP_MAX_SEGMENTS of newer kernels; what one message may be cut into
  // What a UDP datagram holds at most, and a step that is no multiple of a page: or the heads of all would meet in the same few lines
  // of the cache.
  static constexpr std::size_t kRoom = (64 << 10) + 640;

  using Control = std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint32_t)) + CMSG_SPACE(sizeof(in_pktinfo))>;
  struct Told {
    std::size_t segment = 0;  // how long each of the message's datagrams is, but perhaps the last; 0 if it is only one
    Ipv4 to;
  };
  Told read_control(msghdr& header) noexcept;

  std::uint64_t received_ = 0;
  std::uint32_t drops_ = 0;
  std::vector<std::uint8_t> octets_;
  std::vector<Bytes> arrived_;
  std::vector<Way> ways_;          // of each of them; empty: not wanted
  std::vector<sockaddr_in> names_;  // of each message
  std::array<mmsghdr, kMessages> messages_{};
  std::array<iovec, kMessages> vectors_;
  alignas(cmsghdr) std::array<Control, kMessages> controls_{};
};

}  // namespace coaxd::storm
