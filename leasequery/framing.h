// framing.h: DHCP messages in a stream of octets: each is preceded by its length, two octets, most significant first (RFC 6926 §6.1). A reader that takes
// octets however they are split, and a writer of bounded size. No socket, clock or thread of their own; nothing is allocated after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/base/bytes.h"

namespace coaxd::leasequery {

inline constexpr std::size_t kLengthSize = 2;
inline constexpr std::size_t kShortestMessage = 240;   // fixed fields and cookie: nothing shorter is a DHCP message
inline constexpr std::size_t kLongestMessage = 65535;  // what the length can say

class FrameReader {
 public:
  // Messages longer than `longest` are not waited for: the stream is broken.
  explicit FrameReader(std::size_t longest);

  // Takes octets until a message is whole, and says how many it took; none while one is whole or the stream is broken.
  std::size_t take(Bytes octets) noexcept;
  bool whole() const noexcept { return !broken_ && have_ >= kLengthSize && have_ == wanted(); }
  // Of a whole message, until next().
  Bytes message() const noexcept { return {buffer_.get() + kLengthSize, have_ - kLengthSize}; }
  void next() noexcept { have_ = 0; }
  // A length that no message has was read: where the next one begins is not known any more.
  bool broken() const noexcept { return broken_; }
  std::size_t bad_length() const noexcept { return broken_ ? wanted() - kLengthSize : 0; }
  // A message has begun and is not whole: a stream that ends now is cut.
  bool in_message() const noexcept { return have_ != 0; }

 private:
  std::size_t wanted() const noexcept { return have_ < kLengthSize ? kLengthSize : kLengthSize + load_be16(buffer_.get()); }

  const std::size_t longest_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t have_ = 0;
  bool broken_ = false;
};

class FrameWriter {
 public:
  explicit FrameWriter(std::size_t capacity);

  // Where the next message may be written; empty when there is less room than `least`. push() adds its length and queues it.
  MutableBytes room(std::size_t least) noexcept;
  void push(std::size_t size) noexcept;

  // What waits to be sent: these octets stay where they are until sent().
  Bytes pending() const noexcept { return {buffer_.get() + head_, tail_ - head_}; }
  void sent(std::size_t octets) noexcept;
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  const std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t head_ = 0, tail_ = 0;
};

}  // namespace coaxd::leasequery
