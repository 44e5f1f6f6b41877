// The store under power cuts: random workloads on a disk that forgets what was not synced, journal and SQLite alike, cut off at each of their
// writes and syncs. Every failing case names its seed and operation.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <deque>
#include <map>
#include <random>

#include "server/store/lease_store.h"
#include "server/store/sqlite.h"
#include "server/store/testing/sim_disk.h"
#include "server/store/testing/sim_vfs.h"

namespace coaxd::store {
namespace {

constexpr std::uint32_t kAddresses = 24;
constexpr unsigned kWorkers = 2;
constexpr const char* kPath = "d/leases.db";

// What the clients were promised, and a stand-in for the lease table that makes generations as it does: a new one at every transition.
struct Address {
  std::uint32_t generation = 0;
  bool pending = false;
  std::optional<std::uint32_t> acknowledged;
  std::map<std::uint32_t, lease::Binding> written;  // by generation, whatever became of it
};

class World {
 public:
  World(std::uint64_t seed, Durability durability) : random_(seed), durability_(durability), disk_(seed ^ 0x5eed), vfs_(disk_) {
    // Some addresses are about to wrap: comparing generations as numbers would lose them.
    for (auto& a : addresses_) a.generation = random_() % 2 == 0 ? 0 : kGenerationMask - 2;
  }

  SimDisk& disk() { return disk_; }
  std::uint64_t violations() const { return violations_; }
  std::string what;  // of the first violation

  // Opens, recovers, checks promises, and works for `steps` or until the disk has died.
  bool live(int steps, bool with_failures = false) {
    if (!open()) return false;
    for (int i = 0; i < steps; ++i) {
      if (with_failures && random_() % 50 == 0) disk_.fail_at(1 + random_() % 3, random_() % 2 == 0 ? EIO : ENOSPC);
      act();
    }
    return true;
  }
  void power_cut() {
    close();
    disk_.crash();
    vfs_.forget();
  }
  void kill() {
    close();
    disk_.kill();
    vfs_.forget();
  }
  // The process ends in the middle of a fold, at its nth operation.
  void kill_folding(std::uint64_t nth) {
    disk_.fail_at(nth, EIO, true);
    (void)store_->fold_now();
    kill();
  }
  // Everything on the wing lands, the store stops cleanly.
  void stop() {
    disk_.heal();
    for (unsigned w = 0; w < kWorkers; ++w) {
      for (int i = 0; i < 4; ++i) {
        if (workers_[w].journal->failed() != 0) workers_[w].journal->retry();
        workers_[w].journal->flush();
        land(w);
        (void)store_->fold_now();
      }
    }
    store_->stop();
    close();
  }
  Database database() { return std::move(*Database::open(kPath, vfs_.name())); }
  std::optional<std::uint32_t> acknowledged(std::uint32_t address) const { return addresses_[address].acknowledged; }

 private:
  struct Pending {
    std::uint64_t sequence;
    std::uint32_t address;
    std::uint32_t generation;
  };
  struct Worker {
    std::unique_ptr<SimAsyncDisk> async;
    std::unique_ptr<Journal> journal;
    std::deque<Pending> pending;
  };

  bool open() {
    StoreOptions options;
    options.path = kPath;
    options.durability = durability_;
    options.segment_size = 16384;
    options.files = &disk_;
    options.sqlite_vfs = vfs_.name();
    auto store = LeaseStore::open(options);
    if (!store) return failed(store.error());
    store_ = std::move(*store);
    std::array<std::optional<std::uint32_t>, kAddresses> found;
    const auto recovered = store_->recover([&](Ipv4 ip, const lease::Binding& binding, std::uint32_t generation) {
      ASSERT_LT(ip.value, kAddresses);
      ASSERT_FALSE(found[ip.value]) << "visited twice";
      found[ip.value] = generation;
      check(addresses_[ip.value], binding, generation);
      addresses_[ip.value].generation = generation;
    });
    if (!recovered) return failed(recovered.error());
    if (durability_ == Durability::durable) {
      EXPECT_EQ(recovered->damaged, 0u) << testing::PrintToString(recovered->messages);
    }
    for (std::uint32_t i = 0; i < kAddresses; ++i) {
      Address& a = addresses_[i];
      if (a.acknowledged && (!found[i] || is_later(*a.acknowledged, *found[i]))) {
        violation("an acknowledged change of " + std::to_string(i) + " is gone");
      }
      // What was recovered is served, and an ACK within dhcp-cache-threshold writes nothing (dhcpd-compat §9.4): from here on it is
      // promised, also if it had never been synced before.
      if (found[i]) a.acknowledged = found[i];
      a.pending = false;
    }
    for (unsigned w = 0; w < kWorkers; ++w) {
      workers_[w].async = std::make_unique<SimAsyncDisk>(disk_);
      workers_[w].journal = store_->journal(w, *workers_[w].async);
    }
    return true;
  }
  // The disk may die while we open; anything else is a bug.
  bool failed(const StoreError& error) {
    EXPECT_NE(error.error, 0) << error.message;
    close();
    return false;
  }
  void close() {
    for (Worker& w : workers_) w = {};
    store_.reset();
  }
  void violation(std::string text) {
    if (violations_++ == 0) what = std::move(text);
  }
  void check(const Address& a, const lease::Binding& binding, std::uint32_t generation) {
    const auto written = a.written.find(generation);
    ASSERT_NE(written, a.written.end()) << "a generation that nobody wrote";
    EXPECT_EQ(written->second, binding);
  }

  void act() {
    const unsigned w = static_cast<unsigned>(random_() % kWorkers);
    Worker& worker = workers_[w];
    switch (random_() % 16) {
      case 0: case 1: case 2: case 3: case 4: case 5: case 6: append(w); break;
      case 7: case 8: worker.journal->flush(); settle(w); break;
      case 9: case 10: case 11: case 12: land_one(w); break;
      case 13: if (worker.journal->failed() != 0) worker.journal->retry(); break;
      default: if (random_() % 4 == 0) (void)store_->fold_now();
    }
  }
  void append(unsigned w) {
    const auto i = static_cast<std::uint32_t>(random_() % kAddresses);
    Address& a = addresses_[i];
    if (a.pending) return;
    a.generation = (a.generation + 1 + static_cast<std::uint32_t>(random_() % 3)) & kGenerationMask;  // offers in between
    lease::Binding b;
    const bool erased = random_() % 20 == 0;
    if (!erased) {
      b.state = static_cast<lease::BindingState>(random_() % static_cast<unsigned>(lease::BindingState::count));
      const std::array<std::uint8_t, 6> mac{0, 0, 0, 0, 0, static_cast<std::uint8_t>(random_() % 4)};
      b.set_hardware(1, mac);
      b.starts = ++tag_;
      b.ends = tag_ + 10;
      const std::vector<std::uint8_t> text(random_() % 300, 'x');
      EXPECT_TRUE(b.set(lease::Item::hostname, text));
    }
    const auto kind = erased ? Record::Kind::erased : Record::Kind::binding;
    const auto sequence = workers_[w].journal->append(Ipv4{i}, a.generation, tag_, kind, b);
    if (sequence == 0) return;
    a.written[a.generation] = b;
    a.pending = true;
    workers_[w].pending.push_back({sequence, i, a.generation});
    settle(w);
  }
  void land_one(unsigned w) {
    (void)workers_[w].async->step();
    if (auto done = workers_[w].async->poll()) workers_[w].journal->on_complete(done->token, done->result);
    settle(w);
  }
  void land(unsigned w) {
    while (!workers_[w].async->idle()) land_one(w);
  }
  // The worker's duty after each completion: answer what is durable, roll back what is lost.
  void settle(unsigned w) {
    Worker& worker = workers_[w];
    while (!worker.pending.empty() && worker.pending.front().sequence <= worker.journal->settled()) {
      const Pending p = worker.pending.front();
      worker.pending.pop_front();
      Address& a = addresses_[p.address];
      a.pending = false;
      if (p.sequence <= worker.journal->durable()) {
        a.acknowledged = p.generation;
      } else {
        a.generation = (a.generation + 1) & kGenerationMask;  // a rollback is a transition too
      }
    }
  }

  std::mt19937_64 random_;
  const Durability durability_;
  SimDisk disk_;
  SimVfs vfs_;
  std::array<Address, kAddresses> addresses_;
  std::unique_ptr<LeaseStore> store_;
  std::array<Worker, kWorkers> workers_;
  std::uint32_t tag_ = 1000;
  std::uint64_t violations_ = 0;
};

constexpr int kSteps = 900;

// The power goes at this operation from now on, or after `steps`; then two lives more.
void cut_power_at(World& world, std::uint64_t operation, int steps) {
  world.disk().fail_at(operation, EIO, true);
  world.live(steps);
  world.power_cut();
  ASSERT_TRUE(world.live(150));
  world.power_cut();
  ASSERT_TRUE(world.live(0));
  ASSERT_EQ(world.violations(), 0u) << world.what;
}

// RFC 2131 §3.1 step 4: what was acknowledged is committed. The power goes at every single operation of the workload.
TEST(PowerCut, AtEveryOperationKeepsWhatWasAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    World whole(seed, Durability::durable);
    ASSERT_TRUE(whole.live(kSteps));
    const std::uint64_t operations = whole.disk().operations();
    ASSERT_GT(operations, 200u);
    for (std::uint64_t at = 1; at <= operations; ++at) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << " operation " << at);
      World world(seed, Durability::durable);
      cut_power_at(world, at, kSteps);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(PowerCut, ManyLivesWithFailuresInBetween) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, Durability::durable);
    for (int life = 0; life < 8; ++life) {
      world.live(400, life % 2 == 1);
      if ((seed + static_cast<std::uint64_t>(life)) % 3 == 0) {
        world.kill();
      } else {
        world.power_cut();
      }
      ASSERT_EQ(world.violations(), 0u) << world.what;
      if (testing::Test::HasFailure()) return;
    }
  }
}

// A start uses the segment files of the life before again, whose records are still in them. The power goes at every operation of such a
// start and of what it serves first: nothing old is taken for new, nothing new is missed, and no damage is seen.
void expect_promises_kept_by_the_start_after(void (World::*end_of_life)(), std::uint64_t seed) {
  const auto lead_up = [&](World& world) {
    ASSERT_TRUE(world.live(kSteps));
    world.stop();
    ASSERT_TRUE(world.live(kSteps));  // the first life that does
    (world.*end_of_life)();
  };
  World whole(seed, Durability::durable);
  lead_up(whole);
  const std::uint64_t before = whole.disk().operations();
  ASSERT_TRUE(whole.live(150));
  const std::uint64_t operations = whole.disk().operations() - before;
  ASSERT_GT(operations, 30u);
  for (std::uint64_t at = 1; at <= operations; ++at) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << " operation " << at);
    World world(seed, Durability::durable);
    lead_up(world);
    cut_power_at(world, at, 150);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(PowerCut, AtEveryOperationOfAStartThatUsesFilesAgain) { expect_promises_kept_by_the_start_after(&World::stop, 3); }

TEST(PowerCut, AtEveryOperationOfAStartAfterAKill) {
  for (std::uint64_t seed = 1; seed <= 8 && !testing::Test::HasFailure(); ++seed) {
    expect_promises_kept_by_the_start_after(&World::kill, seed);
  }
}

// After a kill, what SQLite says it has may stand in memory only: a file given up on its word would be the records' last copy.
TEST(PowerCut, AfterAStartOnAFoldThatWasNeverSynced) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (std::uint64_t nth = 1; nth <= 30; ++nth) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << " killed at operation " << nth << " of a fold");
      World world(seed, Durability::durable);
      ASSERT_TRUE(world.live(kSteps));
      world.kill_folding(nth);
      ASSERT_TRUE(world.live(60));
      world.power_cut();
      ASSERT_TRUE(world.live(0));
      ASSERT_EQ(world.violations(), 0u) << world.what;
    }
  }
}

// The label says so: written but not synced survives a kill -9 and does not survive a power cut. Seen to be violated, or the tests above prove
// nothing.
TEST(PowerCut, CrashSafeForgetsUnderIt) {
  std::uint64_t violations = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed, Durability::crash_safe);
    ASSERT_TRUE(world.live(kSteps));
    world.power_cut();
    ASSERT_TRUE(world.live(0));
    violations += world.violations();
  }
  EXPECT_GT(violations, 20u);
}

TEST(KillNine, CrashSafeKeepsWhatWasAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, Durability::crash_safe);
    for (int life = 0; life < 4; ++life) {
      ASSERT_TRUE(world.live(300));
      world.kill();
    }
    ASSERT_TRUE(world.live(0));
    EXPECT_EQ(world.violations(), 0u) << world.what;
  }
}

// Recovery reads pages that were never synced (crash-safe), or that a failed sync has left clean but unwritten (durable). What it serves
// must outlast a power cut right afterwards.
TEST(KillNine, WhatWasRecoveredIsDurable) {
  for (const auto durability : {Durability::durable, Durability::crash_safe}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      SCOPED_TRACE(testing::Message() << to_string(durability) << " seed " << seed);
      World world(seed, durability);
      world.live(300, durability == Durability::durable);
      world.kill();
      ASSERT_TRUE(world.live(0));
      world.power_cut();
      ASSERT_TRUE(world.live(0));
      ASSERT_EQ(world.violations(), 0u) << world.what;
    }
  }
}

// The newest change of each address is what SQLite has after a clean stop, and the open periods are exactly those the leases point at.
TEST(Fold, AfterACleanStopSqliteHasEverything) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, Durability::durable);
    ASSERT_TRUE(world.live(kSteps, true));
    world.power_cut();
    ASSERT_TRUE(world.live(kSteps));
    world.stop();
    Database database = world.database();
    for (std::uint32_t i = 0; i < kAddresses; ++i) {
      const auto row = database.integer("SELECT generation FROM leases WHERE ip = " + std::to_string(i));
      ASSERT_TRUE(row);
      if (const auto acknowledged = world.acknowledged(i)) {
        EXPECT_FALSE(is_later(*acknowledged, static_cast<std::uint32_t>(*row))) << i;
      }
    }
    EXPECT_EQ(*database.integer("SELECT count(*) FROM history WHERE until IS NULL AND id NOT IN "
                                "(SELECT period FROM leases WHERE period IS NOT NULL)"), 0);
    EXPECT_EQ(*database.integer("SELECT count(*) FROM leases l JOIN history h ON h.id = l.period WHERE h.until IS NOT NULL"), 0);
    EXPECT_EQ(*database.integer("SELECT count(*) FROM leases WHERE (state = 'active') <> (period IS NOT NULL)"), 0);
    EXPECT_GT(*database.integer("SELECT count(*) FROM history WHERE until IS NOT NULL"), 20);
    EXPECT_EQ(*database.integer("SELECT count(*) FROM history WHERE until < since"), 0);
  }
}

}  // namespace
}  // namespace coaxd::store
