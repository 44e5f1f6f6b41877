// What a run costs in memory: all of it is taken at the start, and a million clients fit in 200 MB. A binary of its own, because it
// replaces the global operator new. Each thread counts for itself: the test's server allocates as it likes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "bench/coaxstorm/test_server.h"

namespace {
thread_local std::size_t allocations = 0, octets = 0;

void* allocate(std::size_t size) {
  ++allocations;
  octets += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  octets += size;
  const auto step = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(step, (size + step - 1) / step * step)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace coaxd::storm {
namespace {

// The longest waits that the command line allows, so the largest wheel.
constexpr BackOff kBackOff{.first_ns = 20'000'000, .jitter_ns = 5'000'000, .doublings = Timeouts::kMaxDoublings};
constexpr double kAtOnce = std::numeric_limits<double>::infinity();

TEST(Memory, AMillionClientsFitIn200Megabytes) {
  const std::size_t before = octets;
  const Rig rig{1'000'000, [](const auto&, Ipv4&) { return true; }, Trains::always, kBackOff};
  const std::size_t taken = octets - before + sizeof rig;
  EXPECT_LT(taken, 200'000'000u);
  // 40 octets of state, 12 of timeouts, 8 in each of at most three places of the address book; and what does not depend on them.
  EXPECT_LT(taken, 1'000'000u * (40 + 12 + 24) + 16'000'000u);
}

TEST(Memory, SoDoTheyWithAllTheFilesThatTheyFetchAtATime) {
  const std::size_t before = octets;
  Rig rig{1'000'000, [](const auto&, Ipv4&) { return true; }, Trains::always, kBackOff};
  Endpoint hosts = *Endpoint::open_to_all({});
  const Boots boots{{.time = true, .file = true, .check = true, .places = 131'072, .back_off = kBackOff}, rig.population, hosts};
  EXPECT_LT(octets - before + sizeof rig + sizeof boots, 200'000'000u);
}

TEST(Memory, NothingIsAllocatedWhileModemsBoot) {
  BootRig rig{500, 100};
  for (const Phase& phase : {Phase{.rate = kAtOnce, .insists = true}, Phase{.mix = ExchangeKind::fetch, .order = Order::round, .window = 32, .count = 1000}}) {
    const std::size_t before = allocations;
    const Figures figures = rig.storm.run(phase, {});
    EXPECT_EQ(allocations - before, 0u);
    EXPECT_EQ(figures.completed, phase.insists ? 500u : 1000u);
  }
  EXPECT_GT(rig.boots.figures().sent_again, 0u);
}

struct Case {
  const char* name;
  Phase phase;
};

// First with retransmissions and refusals, then with the first violations told already.
TEST(Memory, NothingIsAllocatedAfterTheStart) {
  const Case cases[] = {
      {"dora", {.window = 32}},
      {"renew", {.mix = ExchangeKind::renew, .order = Order::random, .window = 32, .count = 2000}},
      {"init-reboot", {.mix = ExchangeKind::init_reboot, .order = Order::random, .rate = 1e6, .count = 1000}},
      {"mix", {.mix = Mix{{10, 70, 15, 5, 0}}, .order = Order::random, .window = 32, .count = 2000}},
      {"release", {.mix = ExchangeKind::dora_release, .order = Order::round, .window = 32, .count = 1000}},
      {"avalanche", {.rate = kAtOnce, .insists = true}},
  };
  for (const bool violates : {false, true}) {
    int queries = 0;
    Rig rig{500, [&](const wire::Message&, Ipv4& yiaddr) {
              if (violates) yiaddr.value &= ~1u;
              return ++queries % 50 != 0;
            }, Trains::always, {.first_ns = 5'000'000, .jitter_ns = 1'000'000, .doublings = 4}};
    for (const Case& one : cases) {
      const std::size_t before = allocations;
      const Figures figures = rig.storm.run(one.phase, {});
      EXPECT_EQ(allocations - before, 0u) << one.name;
      EXPECT_GT(figures.completed, 0u) << one.name;
      EXPECT_GT(figures.sent_again, 0u) << one.name;
    }
    EXPECT_EQ(rig.population.violations_total() > 0, violates);
  }
}

}  // namespace
}  // namespace coaxd::storm
