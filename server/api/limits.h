// limits.h: how much one client may ask of the API, and how long whoever guesses tokens waits. No clock: told the time. Control thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace coaxd::api {

// So many a second, and as many at once after a second of rest.
class TokenBucket {
 public:
  // Whether one more is within `rate`. 0: no limit.
  bool take(std::uint32_t rate, std::int64_t now_ns) {
    if (rate == 0) return true;
    const double full = rate;
    if (last_ns_ == 0) level_ = full;
    level_ = std::min(full, level_ + static_cast<double>(now_ns - last_ns_) * 1e-9 * full);
    last_ns_ = now_ns;
    if (level_ < 1) return false;
    level_ -= 1;
    return true;
  }

 private:
  double level_ = 0;
  std::int64_t last_ns_ = 0;
};

// Wrong tokens of one peer: the answer to each takes twice as long as to the one before, and a peer that rests is forgotten.
class Guesses {
 public:
  static constexpr std::chrono::milliseconds kFirst{100}, kLongest{10'000};
  static constexpr std::int64_t kRestNs = std::int64_t{600} * 1'000'000'000;
  static constexpr std::size_t kMostPeers = 4096;  // one more, and all of those who guess share the newest's fate

  std::chrono::milliseconds wrong(const std::string& peer, std::int64_t now_ns) {
    std::erase_if(peers_, [&](const auto& each) { return now_ns - each.second.last_ns > kRestNs; });
    Peer& of = peers_.size() < kMostPeers || peers_.contains(peer) ? peers_[peer] : peers_.begin()->second;
    of.last_ns = now_ns;
    const auto delay = std::min(kLongest, kFirst * (1 << std::min(of.count, 16u)));
    ++of.count;
    return delay;
  }

 private:
  struct Peer {
    unsigned count = 0;
    std::int64_t last_ns = 0;
  };
  std::map<std::string, Peer> peers_;
};

}  // namespace coaxd::api
