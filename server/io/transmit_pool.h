// transmit_pool.h: a worker's reply buffers: one block of memory, a stack of free indices. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "server/worker/transport.h"

namespace coaxd::io {

class TransmitPool {
 public:
  static constexpr std::size_t kStride = 1536;  // headroom + payload, up to a multiple of the cache line
  static_assert(worker::TransmitBuffer::kHeadroom + worker::TransmitBuffer::kPayload <= kStride);

  explicit TransmitPool(std::size_t count)
      : memory_(std::make_unique_for_overwrite<std::uint8_t[]>(count * kStride)), free_(count) {
    std::iota(free_.rbegin(), free_.rend(), 0u);
  }
  worker::TransmitBuffer take() noexcept {
    if (free_.empty()) return {};
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return at(index);
  }
  worker::TransmitBuffer at(std::uint32_t index) const noexcept { return {index, memory_.get() + index * kStride}; }
  void give_back(std::uint32_t index) noexcept { free_.push_back(index); }  // never grows: capacity is the count
  std::size_t available() const noexcept { return free_.size(); }

 private:
  std::unique_ptr<std::uint8_t[]> memory_;
  std::vector<std::uint32_t> free_;
};

}  // namespace coaxd::io
