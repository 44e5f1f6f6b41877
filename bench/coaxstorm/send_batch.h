// send_batch.h: queries on their way from one socket to a server or several, in as few system calls as the kernel allows. Those of one size
// from one address to one leave as a train: one message that the kernel (or the card) cuts into datagrams (UDP_SEGMENT, udp(7), Linux
// 4.18), so that the way through sockets, routing and queues is gone once for up to 64 of them.
// The datagrams of one source address leave in the order they came in, trains or not. Single thread; nothing is allocated after
// construction. Errors: a datagram that cannot be sent is counted and lost, as on a wire.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "bench/coaxstorm/socket_address.h"

namespace coaxd::storm {

class SendBatch {
 public:
  static constexpr std::size_t kDatagrams = 256;  // so many at a time
  static constexpr std::size_t kRoom = 576;       // for each

  // `names_source`: each message says which address it comes from. Stays where it is: kernel structures point into it.
  SendBatch(const sockaddr_in& to, bool names_source, bool trains) noexcept;
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  bool full() const noexcept { return count_ == kDatagrams; }
  // Room for the next datagram, valid until add(); not when full.
  std::uint8_t* room() noexcept { return &octets_[used_]; }
  void add(std::size_t size, Ipv4 from) noexcept { add(size, from, to_); }
  void add(std::size_t size, Ipv4 from, SocketAddress to) noexcept;  // to another than the usual server
  void flush(int fd) noexcept;

  bool uses_trains() const noexcept { return trains_on_; }  // false from when the kernel refused one
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t errors() const noexcept { return errors_; }

 private:
  static constexpr std::size_t kMaxSegments = 64;     // UDP_MAX_SEGMENTS of the oldest kernel that cuts trains
  static constexpr std::size_t kMaxOctets = 65'000;   // one IP packet, until it is cut
  static constexpr std::size_t kOpen = 64;            // source addresses told apart

  struct Datagram {
    const std::uint8_t* octets;
    std::uint16_t size;
    std::uint16_t next;  // in its train
  };
  struct Train {
    Ipv4 from;
    SocketAddress to;
    std::uint16_t first, last;  // datagrams
    std::uint16_t size;         // of each but perhaps the last
    std::uint16_t count;
    bool takes(Ipv4 source, SocketAddress target, std::size_t next_size, std::uint16_t last_size) const noexcept {
      // An empty one would leave no trace in a train.
      return source == from && target == to && last_size == size && next_size > 0 && next_size <= size && count < kMaxSegments &&
             (count + 1u) * size <= kMaxOctets;
    }
  };
  using Control = std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))>;

  void lay_out(std::size_t first) noexcept;
  void address(std::size_t train) noexcept;
  void take_apart(std::size_t first) noexcept;

  SocketAddress to_;
  bool names_source_, trains_on_;
  std::size_t count_ = 0, trains_ = 0, used_ = 0;
  std::uint64_t sent_ = 0, errors_ = 0;
  std::array<std::uint16_t, kOpen> open_{};  // by source address: the train that may take the next; stale ones show by their address
  std::array<Datagram, kDatagrams> datagrams_;
  std::array<Train, kDatagrams> train_;
  std::array<mmsghdr, kDatagrams> messages_;  // a train's has its number, as its name has
  std::array<sockaddr_in, kDatagrams> names_;
  std::array<iovec, kDatagrams> vectors_;
  alignas(cmsghdr) std::array<Control, kDatagrams> controls_;
  std::array<std::uint8_t, kDatagrams * kRoom> octets_;  // one behind the other, so that a train is one piece
};

}  // namespace coaxd::storm
