// standing_queue.h: tells a burst, which is worked off, from a queue that stands because more comes than can be answered, from how long each
// packet has waited. Served in the order in which it came, such a queue makes every client wait for as long as it is, until no answer comes in
// time for anybody; the kernel, which throws away what comes last, keeps it full. So while it stands, what has waited longer than its target
// gives way to what has not. (Not before: after a pause of the server's own, what is older is worth its answer, too.)
// Owned and called by one worker; one for each of its sockets, and for each kind of patience: it must be a queue, first in, first out.
// Source: RFC 8289 (CoDel) §3, with a queue's end in one step, for what is in front of it is cheap to drop.
#pragma once

#include <algorithm>
#include <cstdint>

namespace coaxd::worker {

class StandingQueue {
 public:
  explicit constexpr StandingQueue(std::int64_t target_ns) noexcept : target_(target_ns) {}

  // So long nothing was served sooner than the target: longer than what a fold, a reload or the disk may take.
  std::int64_t interval() const noexcept { return std::max<std::int64_t>(1'000'000'000, target_ / 3 * 2); }
  // With as little the queue no longer stands. While it does, and more comes than can be answered, packets are served at about the target.
  std::int64_t drained() const noexcept { return target_ / 4; }

  // Told of each packet in turn. True: it is to give way.
  bool gives_way(std::int64_t waited_ns, std::int64_t now_ns) noexcept {
    // It came when all before it had been served: whatever held it up since, no queue stood then.
    if (now_ns - waited_ns > last_) reset();
    last_ = now_ns;
    if (waited_ns > target_) {
      if (above_since_ == kNever) above_since_ = now_ns;
      stands_ = stands_ || now_ns - above_since_ > interval();
      return stands_;
    }
    if (waited_ns < drained()) stands_ = false;
    if (!stands_) above_since_ = kNever;
    return false;
  }

 private:
  static constexpr std::int64_t kNever = -1;

  void reset() noexcept {
    above_since_ = kNever;
    stands_ = false;
  }

  std::int64_t target_;
  std::int64_t last_ = 0;  // told of a packet
  std::int64_t above_since_ = kNever;
  bool stands_ = false;
};

}  // namespace coaxd::worker
