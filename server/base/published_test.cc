#include "server/base/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace coaxd {
namespace {

struct Pair {
  int first = 0, second = 0;
};

TEST(Published_View, HoldsWhatItSawUntilItLooksAgain) {
  auto first = std::make_shared<const Pair>(1, 1);
  const std::weak_ptr<const Pair> watched = first;
  Published<Pair> published(std::move(first));
  Published<Pair>::View view(published);
  published.publish(std::make_shared<const Pair>(2, 2));
  EXPECT_EQ(view->first, 1);
  EXPECT_FALSE(watched.expired());
  view.refresh();
  EXPECT_EQ((*view).second, 2);
  EXPECT_TRUE(watched.expired());
  view.refresh();
  EXPECT_EQ(view->first, 2);
}

TEST(Published_Threads, EachViewIsWholeAndNeverGoesBack) {
  constexpr int kVersions = 20'000;
  Published<Pair> published(std::make_shared<const Pair>(0, 0));
  std::atomic<bool> good{true};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      Published<Pair>::View view(published);
      for (int last = 0; last != kVersions; last = view->first) {
        view.refresh();
        if (view->first != view->second || view->first < last) good = false;
      }
    });
  }
  for (int version = 1; version <= kVersions; ++version) published.publish(std::make_shared<const Pair>(version, version));
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(good);
}

}  // namespace
}  // namespace coaxd
