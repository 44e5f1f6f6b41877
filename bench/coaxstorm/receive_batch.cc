#include "bench/coaxstorm/receive_batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace coaxd::storm {

ReceiveBatch::ReceiveBatch() : octets_(kMessages * kRoom), arrived_(kMessages * kSegments) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    vectors_[i] = {&octets_[i * kRoom], kRoom};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].data();
    header.msg_controllen = controls_[i].size();
  }
}

// How long each of the message's datagrams is, but perhaps the last; 0 if it is only one.
std::size_t ReceiveBatch::read_control(msghdr& header) noexcept {
  int segment = 0;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&drops_, CMSG_DATA(control), sizeof drops_);
    } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
      std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
    }
  }
  return static_cast<std::size_t>(std::max(segment, 0));
}

std::span<const Bytes> ReceiveBatch::receive(int fd) noexcept {
  const int count = recvmmsg(fd, messages_.data(), kMessages, MSG_DONTWAIT, nullptr);
  std::size_t arrived = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
    msghdr& header = messages_[i].msg_hdr;
    const std::size_t segment = read_control(header);
    header.msg_controllen = controls_[i].size();
    const Bytes message{&octets_[i * kRoom], messages_[i].msg_len};
    const std::size_t step = segment > 0 ? segment : std::max<std::size_t>(message.size(), 1);
    // An empty datagram is one, too.
    const std::size_t datagrams = std::clamp<std::size_t>((message.size() + step - 1) / step, 1, kSegments);
    for (std::size_t at = 0; at < datagrams * step; at += step) {
      arrived_[arrived++] = message.subspan(at, std::min(step, message.size() - at));
    }
  }
  received_ += arrived;
  return {arrived_.data(), arrived};
}

}  // namespace coaxd::storm
