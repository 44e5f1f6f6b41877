#include "server/worker/standing_queue.h"

#include <gtest/gtest.h>

#include <deque>

namespace coaxd::worker {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000, kSecond = 1'000 * kMillisecond, kTarget = 500 * kMillisecond;

// Packets come at one pace and are served, or dropped for a tenth of the time, at another; the order is that in which they came.
struct Queue {
  StandingQueue standing{kTarget};
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
  EXPECT_LE(queue.longest, kTarget);
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
  EXPECT_GT(queue.longest, kTarget);
}

TEST(Rfc8289_3, ItStandsUntilItHasDrained) {
  StandingQueue queue{kTarget};
  std::int64_t now = 0;
  for (; now <= queue.interval(); now += 100 * kMillisecond) EXPECT_FALSE(queue.gives_way(kTarget + 1, now));
  EXPECT_TRUE(queue.gives_way(kTarget + 1, now));
  EXPECT_FALSE(queue.gives_way(kTarget, now + 1));
  EXPECT_TRUE(queue.gives_way(kTarget + 1, now + 2));
  EXPECT_FALSE(queue.gives_way(queue.drained() - 1, now + 3));
  EXPECT_FALSE(queue.gives_way(kTarget + 1, now + 4));
}

// Two pauses of the server, minutes apart, with nothing in between.
TEST(Rfc8289_3, WhatCameToAnEmptyQueueDoesNotStand) {
  StandingQueue queue{kTarget};
  EXPECT_FALSE(queue.gives_way(600 * kMillisecond, 0));
  EXPECT_FALSE(queue.gives_way(600 * kMillisecond, 300 * kSecond));
  for (int i = 1; i < 20; ++i) EXPECT_FALSE(queue.gives_way(600 * kMillisecond, (300 + i) * kSecond));
}

// RFC 2131 §4.4.5: who renews waits a minute; what a stall of five seconds leaves at half load is answered whole.
TEST(Rfc8289_3, TheLongerThePatienceTheLongerTheQueueMayBe) {
  Queue queue{.standing = StandingQueue{3 * kSecond}};
  queue.run(kSecond, kMillisecond, kMillisecond / 2);
  queue.now += 5 * kSecond;
  queue.run(20 * kSecond, kMillisecond, kMillisecond / 2);
  EXPECT_EQ(queue.dropped, 0);
  EXPECT_GT(queue.longest, 4 * kSecond);
}

}  // namespace
}  // namespace coaxd::worker
