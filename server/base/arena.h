// arena.h: a bump allocator over a buffer that somebody else owns. The packet path takes its scratch from one and forgets it
// with reset() after each packet; running out is an answer (an empty span), not an allocation. One thread at a time.
#pragma once

#include <cstring>

#include "server/base/bytes.h"

namespace coaxd {

class Arena {
 public:
  explicit Arena(MutableBytes storage) noexcept : storage_(storage) {}

  // Uninitialised octets, or an empty span with exhausted() set when they do not fit. A request for 0 never exhausts.
  MutableBytes take(std::size_t size) noexcept {
    if (size > storage_.size() - used_) {
      exhausted_ = true;
      return {};
    }
    MutableBytes result = storage_.subspan(used_, size);
    used_ += size;
    return result;
  }
  Bytes copy(Bytes bytes) noexcept {
    MutableBytes out = take(bytes.size());
    if (out.size() == bytes.size() && !bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
  // Gives back the tail of the newest take(): `keep` of its octets stay.
  void shrink_last(MutableBytes last, std::size_t keep) noexcept { used_ -= last.size() - keep; }
  bool exhausted() const noexcept { return exhausted_; }
  std::size_t used() const noexcept { return used_; }
  void reset() noexcept {
    used_ = 0;
    exhausted_ = false;
  }

 private:
  MutableBytes storage_;
  std::size_t used_ = 0;
  bool exhausted_ = false;
};

}  // namespace coaxd
