// service_sends.h: datagrams of TFTP and of the time of day on their way out: gathered while a turn lasts, then each socket's given to the kernel by one sendmmsg(2).
// It copies them in that call, so their memory serves the next turn and stays in the processor's cache; by a ring each would take an entry, a request of the
// kernel's and a completion besides.
// One thread. Not DHCP's transmit pool: files must not use up what replies need.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/base/assert.h"
#include "server/io/sockets.h"

namespace coaxd::io {

class ServiceSends {
 public:
  static constexpr std::size_t kSize = worker::Transport::kServiceRoom;
  static constexpr std::size_t kMost = 64;  // so many are more than their system call costs

  explicit ServiceSends(const ServiceSockets& sockets)
      : sockets_(sockets), octets_(std::make_unique_for_overwrite<std::uint8_t[]>(kMost * kSize)), outgoing_(kMost), queues_(sockets.fds().size()) {
    for (auto& queue : queues_) queue.reserve(kMost);
  }

  bool full() const noexcept { return taken_ == kMost; }  // then depart()
  MutableBytes room() noexcept {
    COAXD_ASSERT(!full());
    return {octets_.get() + taken_ * kSize, kSize};
  }
  // Takes the room.
  void queue(std::size_t size, const tftp::Departure& departure) noexcept {
    COAXD_ASSERT(size <= kSize);
    Outgoing& out = outgoing_[taken_];
    address_routed(out, {.to = departure.to.address, .port = departure.to.port, .from = departure.from});
    out.data = {room().data(), size};
    out.message.msg_iov = &out.data;
    out.message.msg_iovlen = 1;
    queues_[sockets_.place_of(departure.socket)].push_back({out.message, 0});
    ++taken_;
  }
  // Sends what is queued. `failed(errno)` for each that the kernel refuses.
  template <typename Failed>
  void depart(Failed failed) {
    for (std::size_t place = 0; place < queues_.size() && taken_ > 0; ++place) {
      std::vector<mmsghdr>& queue = queues_[place];
      for (std::size_t done = 0; done < queue.size();) {
        const int sent = sendmmsg(sockets_.fds()[place], queue.data() + done, static_cast<unsigned>(queue.size() - done), MSG_DONTWAIT);
        if (sent < 0 && errno == EMSGSIZE && let_fragment(place)) continue;
        if (sent < 0) failed(errno);
        done += sent < 0 ? 1 : static_cast<std::size_t>(sent);
      }
      queue.clear();
    }
    taken_ = 0;
  }

 private:
  // A way has turned out to be narrower than its interface, and a block that is agreed upon cannot be made smaller: from now on the kernel may cut what this
  // socket sends. False: it may already.
  bool let_fragment(std::size_t place) noexcept {
    int how = 0;
    socklen_t size = sizeof how;
    const int fd = sockets_.fds()[place];
    if (getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, &size) != 0 || how != IP_PMTUDISC_DO) return false;
    return set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
  }

  const ServiceSockets& sockets_;
  std::unique_ptr<std::uint8_t[]> octets_;
  std::vector<Outgoing> outgoing_;
  std::vector<std::vector<mmsghdr>> queues_;  // by place in ServiceSockets
  std::size_t taken_ = 0;
};

}  // namespace coaxd::io
