#include "server/worker/standing_queue.h"

#include <gtest/gtest.h>

#include <deque>

namespace coaxd::worker {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000, kSecond = 1'000 * kMillisecond;

// Packets come at one pace and are served, or dropped for a tenth of the time, at another; the order is that in which they came.
struct Queue {
  StandingQueue standing;
  std::int64_t now = 0, next = 0;
  std::deque<std::int64_t> waiting{};
  std::int64_t served = 0, dropped = 0, longest = 0;

  void run(std::int64_t until, std::int64_t every_ns, std::int64_t work_ns) {
    while (now < until) {
      for (; next <= now; next += every_ns) waiting.push_back(next);
      if (waiting.empty()) {
        now = next;
        continue;
      }
      const std::int64_t waited = now - waiting.front();
      waiting.pop_front();
      const bool gone = standing.gives_way(waited, now);
      ++(gone ? dropped : served);
      if (!gone) longest = std::max(longest, waited);
      now += gone ? work_ns / 10 : work_ns;
    }
  }
  void forget() { served = dropped = longest = 0; }
};

// RFC 8289 §3: good queue and bad queue.
TEST(Rfc8289_3, ABurstIsWorkedOffWhole) {
  Queue queue;
  queue.run(kSecond, kMillisecond, kMillisecond / 2);
  queue.now += 900 * kMillisecond;  // a pause: what has come meanwhile waits up to so long
  queue.run(5 * kSecond, kMillisecond, kMillisecond / 2);
  EXPECT_EQ(queue.dropped, 0);
  EXPECT_GT(queue.longest, 890 * kMillisecond);
}

TEST(Rfc8289_3, AStandingQueueIsKeptShortAndServed) {
  Queue queue;
  queue.run(4 * kSecond, kMillisecond, 3 * kMillisecond);  // three times what can be served
  queue.forget();
  queue.run(14 * kSecond, kMillisecond, 3 * kMillisecond);
  EXPECT_LE(queue.longest, StandingQueue::kTarget);
  // Some two drops of 0.3 ms for each 3 ms of work.
  EXPECT_NEAR(static_cast<double>(queue.served), 10'000 / 3.6, 300);
  EXPECT_GT(queue.dropped, queue.served);
}

TEST(Rfc8289_3, WhenItHasDrainedItIsServedWholeAgain) {
  Queue queue;
  queue.run(4 * kSecond, kMillisecond, 3 * kMillisecond);
  EXPECT_GT(queue.dropped, 0);
  queue.run(6 * kSecond, 10 * kMillisecond, 3 * kMillisecond);
  queue.forget();
  queue.now += 900 * kMillisecond;
  queue.run(10 * kSecond, 10 * kMillisecond, 3 * kMillisecond);
  EXPECT_EQ(queue.dropped, 0);
  EXPECT_GT(queue.longest, StandingQueue::kTarget);
}

TEST(Rfc8289_3, ItStandsUntilItHasDrained) {
  StandingQueue queue;
  EXPECT_FALSE(queue.gives_way(StandingQueue::kTarget + 1, 0));
  EXPECT_FALSE(queue.gives_way(StandingQueue::kTarget + 1, StandingQueue::kInterval));
  EXPECT_TRUE(queue.gives_way(StandingQueue::kTarget + 1, StandingQueue::kInterval + 1));
  EXPECT_FALSE(queue.gives_way(StandingQueue::kTarget, StandingQueue::kInterval + 2));
  EXPECT_TRUE(queue.gives_way(StandingQueue::kTarget + 1, StandingQueue::kInterval + 3));
  EXPECT_FALSE(queue.gives_way(StandingQueue::kDrained - 1, StandingQueue::kInterval + 4));
  EXPECT_FALSE(queue.gives_way(StandingQueue::kTarget + 1, StandingQueue::kInterval + 5));
}

}  // namespace
}  // namespace coaxd::worker
