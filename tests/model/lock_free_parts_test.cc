// The parts that the lease table is made of, each alone and small, in as many orders as there are (explorer.h). What a part promises at
// rest and what its callers may rely on meanwhile is stated as checks; which mistakes they find is in mutations.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "server/base/spsc_queue.h"
#include "server/lease/client_index.h"
#include "server/lease/lease_limits.h"
#include "server/lease/min_tree.h"
#include "server/lease/slab.h"
#include "server/lease/slot.h"
#include "tests/model/explorer.h"

namespace coaxd::lease {
namespace {

using model::Bounds;
using model::check;
using model::explore;
using model::World;

void expect_none(const model::Outcome& outcome) {
  EXPECT_EQ(outcome.failure, "");
  testing::Test::RecordProperty("executions", std::to_string(outcome.executions));
  testing::Test::RecordProperty("exhaustive_departures", std::to_string(outcome.exhaustive));
}

// --- SpscQueue ---

// Items are atomics here, written and read relaxed: only the queue's own order makes them visible.
TEST(SpscQueueModel, EachItemComesOnceWholeAndInOrder) {
  expect_none(explore([] {
    auto queue = std::make_shared<SpscQueue<Atomic<std::uint32_t>>>(2);
    return World{{[=] {
                    for (std::uint32_t n = 1; n <= 4;) {
                      Atomic<std::uint32_t>* place = queue->reserve();
                      if (place == nullptr) {
                        wait_a_moment(0);
                        continue;
                      }
                      check(place->load(std::memory_order_relaxed) == (n > 2 ? 100 : 0), "a place that is still in use");
                      place->store(n++, std::memory_order_relaxed);
                      queue->push();
                    }
                  },
                  [=] {
                    for (std::uint32_t n = 1; n <= 4;) {
                      Atomic<std::uint32_t>* item = queue->front();
                      if (item == nullptr) {
                        wait_a_moment(0);
                        continue;
                      }
                      check(item->load(std::memory_order_relaxed) == n++, "not the next item");
                      item->store(100, std::memory_order_relaxed);
                      queue->pop();
                    }
                  }},
                 [=] { check(queue->size() == 0, "something is left"); }};
  }));
}

// --- MinTree ---

struct Set {
  std::uint32_t leaf, key;
};

// Leaves 0 and 16 are set; each thread sets its keys. In the end every parent is the best of its children.
constexpr std::uint32_t kTwoLevels = 17, kThreeLevels = 257;

void explore_tree(const std::vector<std::vector<Set>>& threads, std::uint32_t leaves = kTwoLevels) {
  expect_none(explore([&threads, leaves] {
    auto tree = std::make_shared<MinTree>(leaves);
    tree->load(0, 5);
    tree->load(16, 7);
    tree->build();
    World world;
    for (const std::vector<Set>& sets : threads)
      world.threads.emplace_back([tree, leaves, &sets] {
        for (const Set& set : sets) tree->set(set.leaf, set.key);
        // Somebody who trips over what another has not finished finishes it, and never waits.
        const std::uint32_t leaf = tree->min_index();
        check(leaf == MinTree::kNone || leaf < leaves, "no such leaf");
      });
    world.at_rest = [tree, leaves] {
      check(tree->consistent(), "a parent is not the best of its children");
      std::uint32_t best = 0;
      for (std::uint32_t leaf = 1; leaf < leaves; ++leaf)
        if (tree->get(leaf) < tree->get(best)) best = leaf;
      const bool none = tree->get(best) == MinTree::kNone;
      check(tree->min_index() == (none ? MinTree::kNone : best), "not the first of the smallest");
    };
    return world;
  }));
}

TEST(MinTreeModel, TheBestGoesWhileAnotherComes) { explore_tree({{{0, MinTree::kNone}}, {{1, 5}}}); }
TEST(MinTreeModel, TheBestGoesWhileABetterOneComes) { explore_tree({{{0, 9}}, {{1, 3}}}); }
TEST(MinTreeModel, TwoBranchesChangePlaces) { explore_tree({{{0, 8}}, {{16, 4}}}); }
TEST(MinTreeModel, ThreeAtOnce) { explore_tree({{{0, MinTree::kNone}}, {{1, 6}}, {{16, 5}}}); }
TEST(MinTreeModel, OneLeafByTwo) { explore_tree({{{0, 9}, {0, 2}}, {{0, MinTree::kNone}}}); }
TEST(MinTreeModel, TwoBranchesUnderTheSameRoot) { explore_tree({{{0, 8}}, {{256, 4}}}, kThreeLevels); }
TEST(MinTreeModel, AReaderMendsUpToTheRoot) { explore_tree({{{0, 9}}, {}, {{256, 3}}}, kThreeLevels); }

// --- Slab ---

TEST(SlabModel, NoNodeToTwoAndNoneIsLost) {
  struct Nodes {
    Slab<2> slab{3};
    std::array<int, 4> owners{};
    std::uint32_t allocate() {
      const std::uint32_t node = slab.allocate();
      if (node != Slab<2>::kNone) check(++owners[node] == 1, "a node was given to two");
      return node;
    }
    void release(std::uint32_t node) {
      if (node == Slab<2>::kNone) return;
      --owners[node];
      slab.release(node);
    }
  };
  expect_none(explore([] {
    auto nodes = std::make_shared<Nodes>();
    for (const std::uint32_t node : {nodes->allocate(), nodes->allocate(), nodes->allocate()}) nodes->release(node);
    return World{{[nodes] {
                    const std::uint32_t first = nodes->allocate(), second = nodes->allocate();
                    nodes->release(second);
                    nodes->release(first);
                  },
                  [nodes] {
                    const std::uint32_t first = nodes->allocate(), second = nodes->allocate();
                    nodes->release(first);
                    nodes->release(second);
                  }},
                 [nodes] {
                   for (int i = 0; i < 3; ++i) check(nodes->allocate() != Slab<2>::kNone, "a node was lost");
                   check(nodes->allocate() == Slab<2>::kNone, "a node too many");
                 }};
  }));
}

// What its last owner wrote into a node is seen by the next one, who may read it relaxed.
TEST(SlabModel, ANodeComesWithAllThatItsLastOwnerDid) {
  expect_none(explore([] {
    auto slab = std::make_shared<Slab<2>>(1);
    const std::uint32_t node = slab->allocate();
    return World{{[=] {
                    slab->node(node)[1].store(7, std::memory_order_relaxed);
                    slab->release(node);
                  },
                  [=] {
                    if (slab->allocate() == Slab<2>::kNone) return;
                    check(slab->node(node)[1].load(std::memory_order_relaxed) == 7, "an older value");
                  }},
                 {}};
  }));
}

// --- LeaseLimits ---

struct Limits {
  LeaseLimits limits{{3, 4}, 2};
  LeaseLimits::Key key = limits.key(1, as_bytes("cm"));
  int got = 0;
  void acquire(std::uint32_t limit) {
    if (!limits.acquire(key, limit)) return;
    check(++got <= static_cast<int>(limit), "more than the limit");
  }
  void release() {
    --got;
    limits.release(key);
  }
};

TEST(LeaseLimitsModel, ALimitIsNeverPassedAndNoLeaseForgotten) {
  expect_none(explore([] {
    auto l = std::make_shared<Limits>();
    l->acquire(9);
    return World{{[=] { l->acquire(9); },
                  [=] {
                    l->acquire(9);
                    l->release();
                  },
                  [=] { l->acquire(9); }},
                 [=] { check(l->limits.count(l->key) == static_cast<std::uint32_t>(l->got), "miscounted"); }};
  }));
}

TEST(LeaseLimitsModel, TheLastPlaceIsGivenOnce) {
  expect_none(explore([] {
    auto l = std::make_shared<Limits>();
    l->acquire(2);
    const auto one = [=] { l->acquire(2); };
    return World{{one, one, [=] { l->release(); }},
                 [=] { check(l->limits.count(l->key) == static_cast<std::uint32_t>(l->got), "miscounted"); }};
  }));
}

// --- ClientIndex ---

// Two buckets for everybody, nearly full: threads want the same places. Each finds his own entries from insert() to erase().
TEST(ClientIndexModel, EverybodyFindsHisOwnWhileOthersComeAndGo) {
  expect_none(explore([] {
    auto index = std::make_shared<ClientIndex>();
    index->reset(0);
    constexpr ClientHash kKey = 0x5555'0000'0000;
    for (SlotId slot = 100; slot < 114; ++slot) index->insert(kKey, slot);
    const auto come_and_go = [index](SlotId slot) {
      const auto found = [&] {
        ClientIndex::Found hints;
        const std::size_t count = index->find(kKey, hints);
        return std::count(hints.begin(), hints.begin() + count, slot);
      };
      check(index->insert(kKey, slot), "there was room");
      check(found() == 1, "not found, or twice");
      index->erase(kKey, slot);
      check(found() == 0, "not erased");
    };
    return World{{[=] { come_and_go(1); }, [=] { come_and_go(2); }},
                 [=] { check(index->count() == 14 && index->refused() == 0, "an entry too many or too few"); }};
  }));
}

// --- Slot ---

Binding numbered(std::uint32_t n, std::size_t octets) {
  Binding b;
  b.state = BindingState::active;
  b.starts = b.ends = b.cltt = b.tstp = n;
  const std::vector<std::uint8_t> id(octets, static_cast<std::uint8_t>(n));
  b.set_hardware(1, Bytes{id}.first(std::min<std::size_t>(octets, 6)));
  b.set(Item::client_id, id);
  return b;
}

// Whoever reads gets a binding that was committed, and the one of the word that comes with it: while PENDING, the one before.
struct Slots {
  std::array<Slot, 2> slots;
  OverflowSlab overflow{4};
  std::array<std::vector<Binding>, 2> committed{{{Binding{}}, {Binding{}}}};  // by generation

  void write(std::size_t i, std::size_t octets) {
    const auto n = static_cast<std::uint32_t>(committed[i].size());
    committed[i].push_back(numbered(n * 16 + static_cast<std::uint32_t>(i), octets));
    const SlotWord before = slots[i].load();
    check(slots[i].exchange(before, {make_word(before.state(), n, 0).raw | kPending}), "nobody else may take it");
    slots[i].write(committed[i][n], overflow);
    slots[i].publish(make_word(SlotState::active, n, n));
  }
  void read(std::size_t i) {
    Payload payload;
    const SlotWord word = slots[i].read(overflow, payload);
    Binding b;
    payload.to_binding(b);
    check(b == committed[i][word.generation() - (word.pending() ? 1 : 0)], "a mixed binding, or another's");
  }
};

TEST(SlotModel, AReaderGetsTheBindingOfItsWord) {
  expect_none(explore([] {
    auto s = std::make_shared<Slots>();
    s->write(0, 8);
    return World{{[=] {
                    s->write(0, 16);
                    s->write(0, 24);
                  },
                  [=] {
                    s->read(0);
                    s->read(0);
                  }},
                 [=] { s->read(0); }};
  }));
}

TEST(SlotModel, AReaderGetsALongBindingWhole) {
  expect_none(explore(
      [] {
        auto s = std::make_shared<Slots>();
        s->write(0, 80);
        return World{{[=] { s->write(0, 80); }, [=] { s->read(0); }}, {}};
      },
      {.executions = 200'000}));  // all with three departures
}

// The first slot's chunks go to the second while a reader is still in them.
TEST(SlotModel, AReaderIsNotFooledByChunksThatHaveGoneToAnother) {
  expect_none(explore(
      [] {
        auto s = std::make_shared<Slots>();
        s->write(0, 100);
        return World{{[=] { s->write(0, 8); }, [=] { s->write(1, 100); }, [=] { s->read(0); }},
                     [=] {
                       s->read(0);
                       s->read(1);
                     }};
      },
      {.executions = 60'000}));  // all with two departures
}

}  // namespace
}  // namespace coaxd::lease
