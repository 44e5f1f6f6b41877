#include "bench/coaxstorm/route.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace coaxd::storm {
namespace {

TEST(Route, LoopbackIsNoCard) {
  EXPECT_FALSE(leaves_by_card(Ipv4::of(127, 0, 0, 1)));
}

TEST(Route, WhereNothingLeadsIsNoCard) {
  bool made = false;
  // A network namespace of the thread's own, without any route.
  std::thread{[&] {
    made = unshare(CLONE_NEWNET) == 0;
    EXPECT_FALSE(made && leaves_by_card(Ipv4::of(192, 0, 2, 1)));
  }}.join();
  if (!made) GTEST_SKIP() << "cannot make a network namespace (needs root)";
}

}  // namespace
}  // namespace coaxd::storm
