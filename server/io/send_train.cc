#include "server/io/send_train.h"

#include <netinet/udp.h>

namespace coaxd::io {

void SendTrain::start(const engine::Departure& departure, std::size_t size) noexcept {
  departure_ = departure;
  size_ = size;
  count_ = 0;
}

void SendTrain::add(worker::TransmitBuffer buffer) noexcept {
  vectors_[count_] = {buffer.payload().data(), size_};
  buffers_[count_++] = buffer.index;
}

void SendTrain::close() noexcept {
  address_routed(message_, departure_);
  message_.message.msg_iov = vectors_.data();
  message_.message.msg_iovlen = count_;
  if (count_ > 1) append_control(message_, IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(size_));
}

}  // namespace coaxd::io
