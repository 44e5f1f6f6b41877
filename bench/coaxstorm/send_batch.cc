#include "bench/coaxstorm/send_batch.h"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

#include "server/base/assert.h"

namespace coaxd::storm {
namespace {

// What the kernel answers where a train cannot be cut: the way's MTU is below one segment (EINVAL, EMSGSIZE), or the way knows no
// checksum offload or is IPsec (EIO). Each datagram by itself may still pass.
bool refuses_train(int error) noexcept { return error == EINVAL || error == EMSGSIZE || error == EIO; }

template <typename Value>
cmsghdr* append_control(msghdr& header, cmsghdr* after, int level, int type, const Value& value) noexcept {
  header.msg_controllen += CMSG_SPACE(sizeof value);
  cmsghdr* control = after == nullptr ? CMSG_FIRSTHDR(&header) : CMSG_NXTHDR(&header, after);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(control), &value, sizeof value);
  return control;
}

}  // namespace

SendBatch::SendBatch(const sockaddr_in& to, bool names_source, bool trains) noexcept
    : to_(from_sockaddr(to)), names_source_(names_source), trains_on_(trains) {
  controls_ = {};  // CMSG_NXTHDR looks at what stands behind
}

void SendBatch::add(std::size_t size, Ipv4 from, SocketAddress to) noexcept {
  COAXD_ASSERT(!full() && size <= kRoom);
  const auto number = static_cast<std::uint16_t>(count_++);
  datagrams_[number] = {&octets_[used_], static_cast<std::uint16_t>(size), 0};
  used_ += size;
  std::uint16_t& open = open_[from.value % kOpen];
  if (trains_on_ && open < trains_) {
    Train& train = train_[open];
    if (train.takes(from, to, size, datagrams_[train.last].size)) {
      datagrams_[train.last].next = number;
      train.last = number;
      ++train.count;
      return;
    }
  }
  open = static_cast<std::uint16_t>(trains_);
  train_[trains_++] = {from, to, number, number, static_cast<std::uint16_t>(size), 1};
}

void SendBatch::flush(int fd) noexcept {
  lay_out(0);
  for (std::size_t done = 0; done < trains_;) {
    const int count = sendmmsg(fd, &messages_[done], static_cast<unsigned>(trains_ - done), 0);
    if (count > 0) {
      for (const std::size_t end = done + static_cast<std::size_t>(count); done < end; ++done) sent_ += train_[done].count;
    } else if (errno == EINTR) {
      continue;
    } else if (train_[done].count > 1 && refuses_train(errno)) {
      trains_on_ = false;
      take_apart(done);
      lay_out(done);
    } else {
      errors_ += train_[done++].count;
    }
  }
  count_ = trains_ = used_ = 0;
}

void SendBatch::lay_out(std::size_t first) noexcept {
  std::size_t used = 0;
  for (std::size_t number = first; number < trains_; ++number) {
    msghdr& header = messages_[number].msg_hdr;
    header = {};
    header.msg_iov = &vectors_[used];
    std::uint16_t at = train_[number].first;
    for (unsigned left = train_[number].count; left > 0; --left, at = datagrams_[at].next) {
      const Datagram& datagram = datagrams_[at];
      iovec* const before = header.msg_iovlen > 0 ? &vectors_[used - 1] : nullptr;
      if (before != nullptr && static_cast<std::uint8_t*>(before->iov_base) + before->iov_len == datagram.octets) {
        before->iov_len += datagram.size;
      } else {
        vectors_[used++] = {const_cast<std::uint8_t*>(datagram.octets), datagram.size};
        ++header.msg_iovlen;
      }
    }
    address(number);
  }
}

void SendBatch::address(std::size_t train) noexcept {
  msghdr& header = messages_[train].msg_hdr;
  names_[train] = to_sockaddr(train_[train].to);
  header.msg_name = &names_[train];
  header.msg_namelen = sizeof names_[train];
  const bool several = train_[train].count > 1;
  if (!names_source_ && !several) return;
  header.msg_control = controls_[train].data();
  cmsghdr* last = nullptr;
  if (names_source_) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(train_[train].from.value);
    last = append_control(header, last, IPPROTO_IP, IP_PKTINFO, info);
  }
  if (several) append_control(header, last, IPPROTO_UDP, UDP_SEGMENT, train_[train].size);
}

// From train `first` on every datagram leaves by itself. Backwards, for there are as many trains as datagrams afterwards.
void SendBatch::take_apart(std::size_t first) noexcept {
  std::size_t end = first;
  for (std::size_t number = first; number < trains_; ++number) end += train_[number].count;
  std::size_t place = end;
  for (std::size_t number = trains_; number-- > first;) {
    const Train train = train_[number];
    place -= train.count;
    std::uint16_t at = train.first;
    for (std::size_t i = 0; i < train.count; ++i, at = datagrams_[at].next) {
      train_[place + i] = {train.from, train.to, at, at, datagrams_[at].size, 1};
    }
  }
  trains_ = end;
}

}  // namespace coaxd::storm
