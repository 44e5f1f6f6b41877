#include "bench/coaxstorm/receive_batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace coaxd::storm {

ReceiveBatch::ReceiveBatch(bool tells_ways)
    : octets_(kMessages * kRoom),
      arrived_(kMessages * kSegments),
      ways_(tells_ways ? kMessages * kSegments : 0),
      names_(tells_ways ? kMessages : 0) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    vectors_[i] = {&octets_[i * kRoom], kRoom};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].data();
    header.msg_controllen = controls_[i].size();
    if (tells_ways) {
      header.msg_name = &names_[i];
      header.msg_namelen = sizeof names_[i];
    }
  }
}

ReceiveBatch::Told ReceiveBatch::read_control(msghdr& header) noexcept {
  int segment = 0;
  in_pktinfo local{};
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&drops_, CMSG_DATA(control), sizeof drops_);
    } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
      std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      std::memcpy(&local, CMSG_DATA(control), sizeof local);
    }
  }
  return {static_cast<std::size_t>(std::max(segment, 0)), {ntohl(local.ipi_addr.s_addr)}};
}

std::span<const Bytes> ReceiveBatch::receive(int fd) noexcept {
  const int count = recvmmsg(fd, messages_.data(), kMessages, MSG_DONTWAIT, nullptr);
  std::size_t arrived = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
    msghdr& header = messages_[i].msg_hdr;
    const auto [segment, to] = read_control(header);
    header.msg_controllen = controls_[i].size();
    const Bytes message{&octets_[i * kRoom], messages_[i].msg_len};
    const std::size_t step = segment > 0 ? segment : std::max<std::size_t>(message.size(), 1);
    // An empty datagram is one, too.
    const std::size_t datagrams = std::clamp<std::size_t>((message.size() + step - 1) / step, 1, kSegments);
    for (std::size_t at = 0; at < datagrams * step; at += step) {
      if (!ways_.empty()) ways_[arrived] = {from_sockaddr(names_[i]), to};
      arrived_[arrived++] = message.subspan(at, std::min(step, message.size() - at));
    }
  }
  received_ += arrived;
  return {arrived_.data(), arrived};
}

}  // namespace coaxd::storm
