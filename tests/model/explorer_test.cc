// The explorer itself: it must find what C++ allows, and nothing else. The programs are the usual litmus tests of memory models.
#include "tests/model/explorer.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>

#include "tests/model/stepped_atomic.h"

namespace coaxd::model {
namespace {

struct Two {
  Atomic<std::uint32_t> x{0}, y{0};
};

TEST(Explorer, FindsALostUpdateAndNoneWhereThereIsNone) {
  const auto count = [](bool exchange) {
    return explore([exchange] {
      auto two = std::make_shared<Two>();
      const auto add = [two, exchange] { exchange ? (void)two->x.fetch_add(1) : two->x.store(two->x.load() + 1); };
      return World{{add, add}, [two] { check(two->x.load() == 2, "an update was lost"); }};
    });
  };
  EXPECT_EQ(count(false).failure, "an update was lost");
  EXPECT_EQ(count(true).failure, "");
  EXPECT_EQ(count(true).exhaustive, 3u);
}

std::string message_passing(Order release, Order acquire) {
  return explore([=] {
    auto two = std::make_shared<Two>();
    return World{{[=] {
                    two->x.store(1, Order::relaxed);
                    two->y.store(1, release);
                  },
                  [=] { check(two->y.load(acquire) == 0 || two->x.load(Order::relaxed) == 1, "no message"); }},
                 {}};
  }).failure;
}

TEST(Explorer, AMessageNeedsReleaseAndAcquire) {
  EXPECT_EQ(message_passing(Order::release, Order::acquire), "");
  EXPECT_EQ(message_passing(Order::seq_cst, Order::seq_cst), "");
  EXPECT_EQ(message_passing(Order::relaxed, Order::acquire), "no message");
  EXPECT_EQ(message_passing(Order::release, Order::relaxed), "no message");
}

TEST(Explorer, AnExchangeCarriesTheMessageOnAStoreDoesNot) {
  const auto relay = [](bool exchange) {
    return explore([exchange] {
      auto two = std::make_shared<Two>();
      return World{{[=] {
                      two->x.store(1, Order::relaxed);
                      two->y.store(1, Order::release);
                    },
                    [=] {
                      std::uint32_t one = 1;
                      if (exchange) two->y.compare_exchange_strong(one, 2, Order::relaxed);
                      else if (two->y.load(Order::relaxed) == 1) two->y.store(2, Order::relaxed);
                    },
                    [=] { check(two->y.load(Order::acquire) != 2 || two->x.load(Order::relaxed) == 1, "no message"); }},
                   {}};
    }).failure;
  };
  EXPECT_EQ(relay(true), "");
  EXPECT_EQ(relay(false), "no message");
}

// Store buffering: each thread misses the other's store, unless both are seq_cst.
std::set<std::pair<std::uint32_t, std::uint32_t>> store_buffering(Order store, Order load) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> results;
  explore([&] {
    struct Run : Two {
      std::uint32_t a = 9, b = 9;
    };
    auto run = std::make_shared<Run>();
    return World{{[=] {
                    run->x.store(1, store);
                    run->a = run->y.load(load);
                  },
                  [=] {
                    run->y.store(1, store);
                    run->b = run->x.load(load);
                  }},
                 [&results, run] { results.emplace(run->a, run->b); }};
  });
  return results;
}

TEST(Explorer, OnlySequentialConsistencyForbidsThatBothLookTooEarly) {
  using Set = std::set<std::pair<std::uint32_t, std::uint32_t>>;
  EXPECT_EQ(store_buffering(Order::seq_cst, Order::seq_cst), (Set{{0, 1}, {1, 0}, {1, 1}}));
  EXPECT_EQ(store_buffering(Order::release, Order::acquire), (Set{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
}

TEST(Explorer, NobodyReadsOlderThanWhatHeHasRead) {
  EXPECT_EQ(explore([] {
              auto two = std::make_shared<Two>();
              return World{{[=] {
                              for (std::uint32_t i = 1; i <= 3; ++i) two->x.store(i, Order::relaxed);
                            },
                            [=] {
                              const std::uint32_t first = two->x.load(Order::relaxed);
                              check(two->x.load(Order::relaxed) >= first, "time went backwards");
                            }},
                           {}};
            }).failure,
            "");
}

TEST(Explorer, WaitsForOthersButNotForEver) {
  const auto wait = [](bool comes) {
    return explore([comes] {
      auto two = std::make_shared<Two>();
      return World{{[=] {
                      while (two->x.load(Order::acquire) == 0) wait_a_moment(0);
                    },
                    [=] {
                      if (comes) two->x.store(1, Order::release);
                    }},
                   {}};
    }).failure;
  };
  EXPECT_EQ(wait(true), "");
  EXPECT_EQ(wait(false), "it does not end");
}

// A stack of three without a tag: one thread is stopped in the middle of its pop, the other turns the stack round (ABA). One departure is enough.
TEST(Explorer, FindsABA) {
  struct Stack {
    Atomic<std::uint32_t> head{1};
    Atomic<std::uint32_t> next[4] = {{0}, {2}, {3}, {0}};
    Atomic<std::uint32_t> owners[4];
    std::uint32_t pop() {
      std::uint32_t old = head.load();
      while (old != 0 && !head.compare_exchange_strong(old, next[old].load())) {
      }
      check(owners[old].fetch_add(1) == 0 || old == 0, "two owners");
      return old;
    }
    void push(std::uint32_t node) {
      owners[node].store(0);
      std::uint32_t old = head.load();
      do next[node].store(old);
      while (!head.compare_exchange_strong(old, node));
    }
  };
  const Outcome outcome = explore(
      [] {
        auto stack = std::make_shared<Stack>();
        return World{{[=] {
                        stack->pop();
                        stack->pop();
                      },
                      [=] {
                        const std::uint32_t first = stack->pop();
                        stack->pop();
                        stack->push(first);
                      }},
                     {}};
      },
      {.departures = 1});
  EXPECT_EQ(outcome.failure, "two owners");
}

}  // namespace
}  // namespace coaxd::model
