#include "server/daemon/log_backlog.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "server/base/assert.h"

namespace coaxd::daemon {

namespace {

constexpr std::size_t kChunk = 64 << 10;
using Length = std::uint32_t;

}  // namespace

void LogBacklog::push(std::string_view line) {
  COAXD_ASSERT(!line.empty());
  const std::size_t size = sizeof(Length) + line.size();
  const bool first = empty();
  // The chunk that is kept for use again must not stand, empty, before one that a long line needs.
  if (first && !chunks_.empty() && size > kChunk) chunks_.clear();
  if (chunks_.empty() || chunks_.back().size() + size > kChunk) chunks_.emplace_back().reserve(std::max(kChunk, size));
  const Length length = static_cast<Length>(line.size());
  chunks_.back().append(reinterpret_cast<const char*>(&length), sizeof length).append(line);
  octets_ += size;
  if (first) look_at_front();
}

void LogBacklog::consume(std::size_t octets) noexcept {
  at_ += octets;
  left_ -= octets;
  octets_ -= octets;
  if (left_ > 0) return;
  octets_ -= sizeof(Length);
  if (at_ == chunks_.front().size()) {
    // The last chunk is used again, so a log that flows allocates nothing.
    if (chunks_.size() > 1) {
      chunks_.pop_front();
    } else {
      chunks_.front().clear();
    }
    at_ = 0;
  }
  if (!empty()) look_at_front();
}

void LogBacklog::look_at_front() noexcept {
  Length length;
  std::memcpy(&length, chunks_.front().data() + at_, sizeof length);
  at_ += sizeof length;
  left_ = length;
}

}  // namespace coaxd::daemon
