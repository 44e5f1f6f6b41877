#include "server/lease/change_feed.h"

#include <gtest/gtest.h>

#include <vector>

namespace coaxd::lease {
namespace {

std::vector<SlotId> all_of(ChangeFeed& feed) {
  std::vector<SlotId> out;
  for (SlotId slot; feed.take(slot);) out.push_back(slot);
  return out;
}

TEST(ChangeFeed, TellsNothingWhileNobodyFollows) {
  ChangeFeed feed(4);
  feed.changed(1);
  EXPECT_TRUE(all_of(feed).empty());
  feed.follow(true);
  feed.changed(2);
  feed.follow(false);
  feed.changed(3);
  EXPECT_EQ(all_of(feed), std::vector<SlotId>{2});
  EXPECT_FALSE(feed.take_overflow());
}

TEST(ChangeFeed, SaysOnceThatSomethingIsMissing) {
  ChangeFeed feed(4);
  feed.follow(true);
  for (SlotId slot = 0; slot < 4; ++slot) feed.changed(slot);
  EXPECT_FALSE(feed.take_overflow());
  feed.changed(4);
  feed.changed(5);
  EXPECT_EQ(all_of(feed), (std::vector<SlotId>{0, 1, 2, 3}));
  EXPECT_TRUE(feed.take_overflow());
  EXPECT_FALSE(feed.take_overflow());
  feed.changed(6);
  EXPECT_EQ(all_of(feed), std::vector<SlotId>{6});
}

}  // namespace
}  // namespace coaxd::lease
