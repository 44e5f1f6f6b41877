#include "leasequery/framing.h"

#include <algorithm>
#include <cstring>

#include "server/base/assert.h"

namespace coaxd::leasequery {

FrameReader::FrameReader(std::size_t longest) : longest_(longest), buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kLengthSize + longest)) {
  COAXD_ASSERT(longest >= kShortestMessage && longest <= kLongestMessage);
}

std::size_t FrameReader::take(Bytes octets) noexcept {
  std::size_t taken = 0;
  while (!broken_ && !whole() && taken < octets.size()) {
    const std::size_t count = std::min(wanted() - have_, octets.size() - taken);
    std::memcpy(buffer_.get() + have_, octets.data() + taken, count);
    have_ += count;
    taken += count;
    if (have_ != kLengthSize) continue;
    const std::size_t length = wanted() - kLengthSize;
    broken_ = length < kShortestMessage || length > longest_;
  }
  return taken;
}

FrameWriter::FrameWriter(std::size_t capacity) : capacity_(capacity), buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)) {}

MutableBytes FrameWriter::room(std::size_t least) noexcept {
  if (capacity_ - tail_ < kLengthSize + least) return {};
  return {buffer_.get() + tail_ + kLengthSize, std::min(capacity_ - tail_ - kLengthSize, kLongestMessage)};
}

void FrameWriter::push(std::size_t size) noexcept {
  COAXD_ASSERT(size <= kLongestMessage && size + kLengthSize <= capacity_ - tail_);
  store_be16(buffer_.get() + tail_, static_cast<std::uint16_t>(size));
  tail_ += kLengthSize + size;
}

void FrameWriter::sent(std::size_t octets) noexcept {
  COAXD_ASSERT(octets <= tail_ - head_);
  head_ += octets;
  // What is left of a large buffer moves to its front seldom enough to cost nothing.
  if (head_ != tail_ && head_ < capacity_ / 2) return;
  std::memmove(buffer_.get(), buffer_.get() + head_, tail_ - head_);
  tail_ -= head_;
  head_ = 0;
}

}  // namespace coaxd::leasequery
