// leasequery_share.h: how many leasequeries a turn takes. After a CMTS's reload they come by the hundred thousand a second, and clients must not wait for them: a turn without
// DHCP is theirs, and a short one, for DHCP may come meanwhile; beside DHCP they have a tenth of the time, however short the turns are. One worker's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace coaxd::io {

class LeasequeryShare {
 public:
  static constexpr std::size_t kAlone = 8;
  static constexpr std::int64_t kOneIn = 10;        // of the time
  static constexpr std::int64_t kQueryNs = 5'000;   // what one costs, about, with its answer
  static constexpr std::int64_t kSavedNs = 100'000; // time that was not used is not saved up for a flood

  // `messages`: of DHCP, delivered in this turn.
  std::size_t take(std::size_t messages, std::int64_t now_ns) noexcept {
    saved_ns_ = std::min(saved_ns_ + std::max<std::int64_t>(now_ns - last_ns_, 0) / kOneIn, kSavedNs);
    last_ns_ = now_ns;
    if (messages == 0) return kAlone;
    const auto count = static_cast<std::size_t>(saved_ns_ / kQueryNs);
    saved_ns_ -= static_cast<std::int64_t>(count) * kQueryNs;
    return count;
  }

 private:
  std::int64_t saved_ns_ = 0, last_ns_ = 0;
};

}  // namespace coaxd::io
