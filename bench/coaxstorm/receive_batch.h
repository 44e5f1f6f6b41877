// receive_batch.h: replies from one socket, many at a system call. Where the server sends trains (UDP_SEGMENT) or the card joins
// datagrams, the kernel hands over a whole one at once (UDP_GRO, udp(7), Linux 5.0), and it is cut here. Single thread; nothing is
// allocated after construction.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "server/base/bytes.h"

namespace coaxd::storm {

class ReceiveBatch {
 public:
  ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;  // kernel structures point into it
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // What has arrived, without waiting; valid until the next call.
  std::span<const Bytes> receive(int fd) noexcept;

  std::uint64_t received() const noexcept { return received_; }
  std::uint32_t drops() const noexcept { return drops_; }  // SO_RXQ_OVFL: lost at the socket's buffer

 private:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kSegments = 128;  // UDP_MAX_SEGMENTS of newer kernels; what one message may be cut into
  // What a UDP datagram holds at most, and a step that is no multiple of a page: or the heads of all would meet in the same few lines
  // of the cache.
  static constexpr std::size_t kRoom = (64 << 10) + 640;

  using Control = std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint32_t))>;
  std::size_t read_control(msghdr& header) noexcept;

  std::uint64_t received_ = 0;
  std::uint32_t drops_ = 0;
  std::vector<std::uint8_t> octets_;
  std::vector<Bytes> arrived_;
  std::array<mmsghdr, kMessages> messages_{};
  std::array<iovec, kMessages> vectors_;
  alignas(cmsghdr) std::array<Control, kMessages> controls_{};
};

}  // namespace coaxd::storm
