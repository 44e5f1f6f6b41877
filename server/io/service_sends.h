// service_sends.h: datagrams of TFTP and of the time of day on their way out: room for so many at once, and what the kernel must know of each until it is sent.
// One thread. Not DHCP's transmit pool: files must not use up what replies need.
#pragma once

#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "server/base/assert.h"
#include "server/io/sockets.h"

namespace coaxd::io {

class ServiceSends {
 public:
  static constexpr std::size_t kSize = worker::Transport::kServiceRoom;
  // A window of 16 blocks for each of 64 clients; half the memory of a socket's send buffer.
  static constexpr std::uint32_t kCount = 1024;

  explicit ServiceSends(std::uint32_t count = kCount)
      : octets_(std::make_unique_for_overwrite<std::uint8_t[]>(count * kSize)), outgoing_(count), sockets_(count), free_(count) {
    std::iota(free_.rbegin(), free_.rend(), 0u);
  }

  // Empty: all are on their way.
  MutableBytes room() noexcept {
    if (free_.empty()) return {};
    return {octets_.get() + free_.back() * kSize, kSize};
  }
  // Takes the room; its index, until give_back().
  std::uint32_t take(std::size_t size, const tftp::Departure& departure) noexcept {
    COAXD_ASSERT(!free_.empty() && size <= kSize);
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Outgoing& out = outgoing_[index];
    address_routed(out, {.to = departure.to.address, .port = departure.to.port, .from = departure.from});
    out.data = {octets_.get() + index * kSize, size};
    out.message.msg_iov = &out.data;
    out.message.msg_iovlen = 1;
    sockets_[index] = departure.socket;
    return index;
  }
  msghdr& message(std::uint32_t index) noexcept { return outgoing_[index].message; }
  std::uint8_t socket(std::uint32_t index) const noexcept { return sockets_[index]; }
  void give_back(std::uint32_t index) noexcept { free_.push_back(index); }  // never grows: capacity is the count

 private:
  std::unique_ptr<std::uint8_t[]> octets_;
  std::vector<Outgoing> outgoing_;
  std::vector<std::uint8_t> sockets_;
  std::vector<std::uint32_t> free_;
};

}  // namespace coaxd::io
