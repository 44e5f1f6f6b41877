// train_receiver.h: datagrams from one socket as the kernel has them: those that left their sender as a train (UDP_SEGMENT) arrive as one
// message (UDP_GRO, udp(7), Linux 5.0) and are cut here. Single thread; stays where it is, for its headers point into it.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "server/base/bytes.h"

namespace coaxd::ceiling {

class TrainReceiver {
 public:
  TrainReceiver() : octets_(kMessages * kRoom) {}
  TrainReceiver(const TrainReceiver&) = delete;
  TrainReceiver& operator=(const TrainReceiver&) = delete;

  // False: this kernel knows no trains.
  static bool accept_on(int fd) noexcept {
    constexpr int kOn = 1;
    return setsockopt(fd, SOL_UDP, UDP_GRO, &kOn, sizeof kOn) == 0;
  }

  // Waits for something and gives every datagram of it, with whom it came from. False: the socket failed.
  template <typename Each>
  bool receive(int fd, Each each) {
    for (std::size_t i = 0; i < kMessages; ++i) {
      vectors_[i] = {&octets_[i * kRoom], kRoom};
      messages_[i] = {};
      messages_[i].msg_hdr = {.msg_name = &peers_[i], .msg_namelen = sizeof peers_[i], .msg_iov = &vectors_[i], .msg_iovlen = 1,
                              .msg_control = controls_[i].data(), .msg_controllen = controls_[i].size(), .msg_flags = 0};
    }
    const int got = recvmmsg(fd, messages_.data(), kMessages, MSG_WAITFORONE, nullptr);
    if (got < 0) return errno == EINTR;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      Bytes left{&octets_[i * kRoom], messages_[i].msg_len};
      const std::size_t each_size = segment_size(messages_[i].msg_hdr, left.size());
      for (; !left.empty(); left = left.subspan(std::min(each_size, left.size()))) {
        each(left.first(std::min(each_size, left.size())), peers_[i]);
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t kMessages = 16;
  // The largest UDP datagram, in a step that is no multiple of a page: or all messages would begin in the same few lines of the cache.
  static constexpr std::size_t kRoom = (64 << 10) + 640;

  static std::size_t segment_size(msghdr& header, std::size_t all) noexcept {
    for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
      int size = 0;
      if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) continue;
      std::memcpy(&size, CMSG_DATA(control), sizeof size);
      if (size > 0) return static_cast<std::size_t>(size);
    }
    return all;
  }

  std::vector<std::uint8_t> octets_;
  std::array<iovec, kMessages> vectors_;
  std::array<sockaddr_in, kMessages> peers_;
  std::array<mmsghdr, kMessages> messages_;
  alignas(cmsghdr) std::array<std::array<char, CMSG_SPACE(sizeof(int))>, kMessages> controls_;
};

}  // namespace coaxd::ceiling
