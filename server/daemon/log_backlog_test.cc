#include "server/daemon/log_backlog.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace coaxd::daemon {
namespace {

// Against a deque of strings: whatever is pushed, and taken whole or in pieces, comes out in order.
TEST(LogBacklog, IsAQueueOfLines) {
  std::mt19937 random(1);
  LogBacklog backlog;
  std::deque<std::string> model;
  for (int step = 0; step < 200'000; ++step) {
    // Now growing, now shrinking, through many chunks and down to none.
    const bool grows = random() % 100 < (step / 20'000 % 2 == 0 ? 70u : 30u);
    if (grows) {
      const std::size_t size = random() % 1000 == 0 ? 100'000 : 1 + random() % 200;  // one longer than a chunk
      backlog.push(model.emplace_back(size, static_cast<char>('a' + random() % 26)));
    } else if (!model.empty()) {
      const std::size_t taken = random() % 4 == 0 ? random() % model.front().size() : model.front().size();
      backlog.consume(taken);
      model.front().erase(0, taken);
      if (model.front().empty()) model.pop_front();
    }
    ASSERT_EQ(backlog.empty(), model.empty());
    if (!model.empty()) {
      ASSERT_EQ(backlog.front(), model.front());
    }
  }
}

TEST(LogBacklog, KeepsMostOfItsRoomForWhatMustNotBeLost) {
  LogBacklog backlog(4000);
  std::size_t others = 0, kept = 0;
  for (; backlog.has_room(false); ++others) backlog.push("another line");
  EXPECT_TRUE(backlog.has_room(true));
  for (; backlog.has_room(true); ++kept) backlog.push("DHCPACK line");
  EXPECT_GT(kept, 2 * others);
  while (backlog.octets() > 1000) backlog.consume(backlog.front().size());
  EXPECT_TRUE(backlog.has_room(true));
  while (!backlog.empty()) backlog.consume(backlog.front().size());
  EXPECT_EQ(backlog.octets(), 0u);
  EXPECT_TRUE(backlog.has_room(false));
}

}  // namespace
}  // namespace coaxd::daemon
