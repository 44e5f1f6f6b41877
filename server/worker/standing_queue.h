// standing_queue.h: tells a burst, which is worked off, from a queue that stands because more comes than can be answered, from how long each
// packet has waited. Served in the order in which it came, such a queue makes every client wait for as long as it is, until no answer comes in
// time for anybody; the kernel, which throws away what comes last, keeps it full. So while it stands, what has waited longer than kTarget gives
// way to what has not. (Not before: after a pause of the server's own, even what is a second old is worth its answer.)
// Owned and called by one worker; one for each of its sockets, for it must be a queue: first in, first out. Source: RFC 8289 (CoDel) §3, with a queue's end in one step, for what is in
// front of it is cheap to drop.
#pragma once

#include <cstdint>

namespace coaxd::worker {

class StandingQueue {
 public:
  // A client that boots waits three seconds for each answer at least (RFC 2131 §4.1); this leaves it most of them.
  static constexpr std::int64_t kTarget = 500'000'000;
  // So long nothing was served sooner than kTarget: longer than what a fold, a reload or the disk may take.
  static constexpr std::int64_t kInterval = 1'000'000'000;
  // With as little the queue no longer stands. While it does, and more comes than can be answered, packets are served at about kTarget.
  static constexpr std::int64_t kDrained = kTarget / 4;

  // Told of each packet in turn. True: it is to give way.
  bool gives_way(std::int64_t waited_ns, std::int64_t now_ns) noexcept {
    if (waited_ns > kTarget) {
      if (above_since_ == kNever) above_since_ = now_ns;
      stands_ = stands_ || now_ns - above_since_ > kInterval;
      return stands_;
    }
    if (waited_ns < kDrained) stands_ = false;
    if (!stands_) above_since_ = kNever;
    return false;
  }

 private:
  static constexpr std::int64_t kNever = -1;
  std::int64_t above_since_ = kNever;
  bool stands_ = false;
};

}  // namespace coaxd::worker
