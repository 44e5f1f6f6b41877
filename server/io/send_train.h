// send_train.h: replies of one size to one relay leave as a train: one message that the kernel (or the card) cuts into datagrams
// (UDP_SEGMENT, udp(7), Linux 4.18), so that the way through sockets, routing and queues is gone once for up to 64 replies. A CMTS is one
// relay for thousands of modems, so under load trains are long; a train of one is an ordinary datagram.
// Owned by a transport, used by its thread. A train stays in place, and its replies' buffers stay taken, until its send is complete.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "server/io/sockets.h"

namespace coaxd::io {

class SendTrain {
 public:
  static constexpr std::size_t kMaxReplies = 64;     // UDP_MAX_SEGMENTS of the oldest kernel that we run on
  static constexpr std::size_t kMaxOctets = 65'000;  // one IP packet, until it is cut

  // What its replies have in common.
  const engine::Departure& departure() const noexcept { return departure_; }
  std::size_t reply_size() const noexcept { return size_; }
  std::span<const std::uint32_t> buffers() const noexcept { return {buffers_.data(), count_}; }
  msghdr& message() noexcept { return message_.message; }

 private:
  friend class SendTrains;
  bool takes(const engine::Departure& departure, std::size_t size) const noexcept {
    return size == size_ && departure.to == departure_.to && departure.port == departure_.port &&
           departure.from == departure_.from;
  }
  bool full() const noexcept { return count_ == kMaxReplies || (count_ + 1) * size_ > kMaxOctets; }
  void start(const engine::Departure& departure, std::size_t size) noexcept;
  void add(worker::TransmitBuffer buffer) noexcept;
  void close() noexcept;

  engine::Departure departure_;
  std::size_t size_ = 0, count_ = 0;
  Outgoing message_;
  std::array<iovec, kMaxReplies> vectors_;
  std::array<std::uint32_t, kMaxReplies> buffers_;
};

class SendTrains {
 public:
  explicit SendTrains(std::size_t count) : trains_(count) {
    for (SendTrain& train : trains_) free_.push_back(&train);
  }

  // A routed reply gets on; `depart(train)` is called for a train that takes no more. False: no train is free, or they are off.
  template <typename Depart>
  bool join(worker::TransmitBuffer buffer, std::size_t size, const engine::Departure& departure, Depart depart) {
    SendTrain** train = std::find_if(open_.begin(), open_.begin() + open_count_,
                                     [&](const SendTrain* open) { return open->takes(departure, size); });
    if (train == open_.begin() + open_count_) {
      if (off_ || free_.empty()) return false;
      if (open_count_ == kMaxOpen) train = leave(open_.begin(), depart);
      *train = free_.back();
      free_.pop_back();
      ++open_count_;
      (*train)->start(departure, size);
    }
    (*train)->add(buffer);
    if ((*train)->full()) leave(train, depart);
    return true;
  }
  // The batch is over.
  template <typename Depart>
  void depart_all(Depart depart) {
    while (open_count_ > 0) leave(open_.begin(), depart);
  }

  std::uint64_t number(const SendTrain& train) const noexcept { return static_cast<std::uint64_t>(&train - trains_.data()); }
  SendTrain& at(std::uint64_t number) noexcept { return trains_[number]; }
  void give_back(SendTrain& train) noexcept { free_.push_back(&train); }  // its send is complete
  void turn_off() noexcept { off_ = true; }

 private:
  // Relays times sizes that come by turns within one batch; with more of them some leave early.
  static constexpr std::size_t kMaxOpen = 16;

  // Gives the place that is open now.
  template <typename Depart>
  SendTrain** leave(SendTrain** train, Depart& depart) {
    SendTrain& leaving = **train;
    *train = open_[--open_count_];
    leaving.close();
    depart(leaving);
    return &open_[open_count_];
  }

  std::vector<SendTrain> trains_;
  std::vector<SendTrain*> free_;
  std::array<SendTrain*, kMaxOpen> open_{};
  std::size_t open_count_ = 0;
  bool off_ = false;
};

}  // namespace coaxd::io
