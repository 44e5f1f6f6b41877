// What the lease table costs: one lease from first_free() to commit(), a renewal, finding a client, reading a binding; among a
// million addresses, all leased, and with COAXD_BENCH_LARGE=1 among ten (2 GB of memory). ns are per operation of one thread.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "bench/allocations.h"
#include "bench/cable_client.h"
#include "bench/check.h"
#include "server/lease/lease_limits.h"
#include "server/lease/lease_table.h"
#include "server/lease/mapped_memory.h"
#include "server/lease/min_tree.h"

namespace coaxd::lease {
namespace {

using bench::check;

constexpr HashSeed kSeed{0x1234, 0x5678};
constexpr StoredTime kNow = 1'800'000'000;
constexpr std::uint32_t kMillion = 1'000'000;
constexpr Ipv4 kBase = Ipv4::of(10, 0, 0, 0);

// With a short host name.
struct Client : bench::CableClient {
  using CableClient::CableClient;
  Binding binding(BindingState state, StoredTime ends) const {
    Binding b;
    b.state = state;
    b.starts = b.cltt = kNow;
    b.ends = ends;
    b.set_hardware(1, mac);
    b.set(Item::client_id, id);
    b.set(Item::agent_info, agent_info);
    b.set(Item::hostname, as_bytes("cm-000000001"));
    return b;
  }
};

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

struct Built {
  std::unique_ptr<LeaseTable> table;
  std::uint32_t addresses = 0;
  double bytes_per_address = 0, configure_s = 0, restore_s = 0;
};

// Of the processor, so that a busy machine does not count against us.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// One pool; `leased` of its addresses are active, ending in an order of their own.
Built build(std::uint32_t addresses, std::uint32_t leased) {
  Built built{std::make_unique<LeaseTable>(kSeed), addresses};
  const double before = resident_bytes();
  const PoolSpec pool{0, {{kBase, {kBase.value + addresses - 1}}}, {}};
  double start = cpu_seconds();
  built.table->configure({&pool, 1}, kNow);
  built.configure_s = cpu_seconds() - start;
  start = cpu_seconds();
  for (std::uint32_t n = 0; n < leased; ++n)
    built.table->restore({kBase.value + n}, Client(n).binding(BindingState::active, kNow + n * 2654435761u % 86400), 1);
  built.table->restored(kNow);
  built.restore_s = cpu_seconds() - start;
  built.bytes_per_address = (resident_bytes() - before) / addresses;
  check(built.table->unindexed() == 0, "the client index refused a key");
  check(built.table->counts(0).active == leased, "not all leases are there");
  return built;
}

Built& full(std::int64_t millions) {
  static Built one = build(kMillion, kMillion);
  if (millions == 1) return one;
  static Built ten = build(10 * kMillion, 10 * kMillion);
  return ten;
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("million")->Arg(1);
  if (std::getenv("COAXD_BENCH_LARGE") != nullptr) b->Arg(10);
}

// Not a time of an operation: what start and memory cost, as counters.
void restore_s_per_table(benchmark::State& state) {
  const Built& built = full(state.range(0));
  for (auto _ : state) state.SetIterationTime(built.restore_s);
  state.counters["configure_s"] = built.configure_s;
  state.counters["bytes_per_address"] = built.bytes_per_address;
}
BENCHMARK(restore_s_per_table)->Apply(sizes)->UseManualTime()->Iterations(1);

// --- one lease: DISCOVER's half and REQUEST's half, then (untimed by the first bench) its release ---

Built* turnover = nullptr;

void turnover_setup(const benchmark::State& state) {
  const auto addresses = static_cast<std::uint32_t>(state.range(0)) * kMillion;
  turnover = new Built(build(addresses, addresses / 4 * 3));
}
void turnover_teardown(const benchmark::State&) {
  delete turnover;
  turnover = nullptr;
}

// Never more than a quarter of the addresses is given out, so the pool need not be refilled.
constexpr std::int64_t kLeasesInBench = kMillion / 8;

SlotId lease(LeaseTable& table, const Client& client, const Binding& binding) {
  for (;;) {
    const auto candidate = table.first_free(0);
    check(candidate.has_value(), "the pool is empty");
    if (!table.offer(candidate->slot, candidate->word, table.hash_client_id(client.id), kNow + 120)) continue;
    const auto claim = table.claim(candidate->slot, table.word(candidate->slot));
    check(claim.has_value(), "an offer was taken by another");
    table.commit(*claim, binding);
    return candidate->slot;
  }
}

void lease_ns_per_lease(benchmark::State& state) {
  auto n = static_cast<std::uint32_t>(state.thread_index() + 1) * 100'000'000;
  for (auto _ : state) {
    const Client client(++n);
    lease(*turnover->table, client, client.binding(BindingState::active, kNow + 7200));
  }
}
BENCHMARK(lease_ns_per_lease)->Apply(sizes)->Setup(turnover_setup)->Teardown(turnover_teardown)
    ->Threads(1)->Threads(2)->Iterations(kLeasesInBench)->UseRealTime();

// A server's first leases: nothing of the table was ever written to.
void first_setup(const benchmark::State& state) {
  turnover = new Built(build(static_cast<std::uint32_t>(state.range(0)), 0));
}

double page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_minflt);
}

void first_lease_ns_per_lease(benchmark::State& state) {
  std::uint32_t n = 100'000'000;
  const double before = page_faults();
  for (auto _ : state) {
    const Client client(++n);
    lease(*turnover->table, client, client.binding(BindingState::active, kNow + 7200));
  }
  state.counters["page_faults"] = page_faults() - before;
  state.counters["configure_s"] = turnover->configure_s;
}
BENCHMARK(first_lease_ns_per_lease)->ArgName("addresses")->Arg(50'000)->Arg(250'000)->Arg(kMillion)
    ->Setup(first_setup)->Teardown(turnover_teardown)->Iterations(40'000)->UseRealTime();

void lease_and_release_ns_per_pair(benchmark::State& state) {
  LeaseTable& table = *turnover->table;
  auto n = static_cast<std::uint32_t>(state.thread_index() + 1) * 100'000'000;
  for (auto _ : state) {
    const Client client(++n);
    Binding b = client.binding(BindingState::active, kNow + 7200);
    const SlotId slot = lease(table, client, b);
    const auto claim = table.claim(slot, table.word(slot));
    check(claim.has_value(), "an active lease was taken by another");
    b.state = BindingState::free;
    b.ends = kNow;
    table.commit(*claim, b);
  }
}
BENCHMARK(lease_and_release_ns_per_pair)->Apply(sizes)->Setup(turnover_setup)->Teardown(turnover_teardown)
    ->Threads(1)->Threads(2)->Iterations(kLeasesInBench)->UseRealTime();

// DISCOVER's half: the next address of the pool, held for its client. Taken back untimed, so that the pool never runs dry.
void allocate_ns_per_address(benchmark::State& state) {
  constexpr std::uint32_t kAtOnce = 64;
  const auto addresses = static_cast<std::uint32_t>(state.range(0));
  const Built built = build(addresses, addresses / 4 * 3);
  LeaseTable& table = *built.table;
  std::array<Candidate, kAtOnce> taken;
  ClientHash client = 0;
  bench::AllocationCount count{state};
  while (state.KeepRunningBatch(kAtOnce)) {
    const auto start = std::chrono::steady_clock::now();
    for (Candidate& candidate : taken) {
      candidate = *table.first_free(0);
      check(table.offer(candidate.slot, candidate.word, ++client, kNow + 120), "the address was taken by another");
    }
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    for (const Candidate& candidate : taken) check(table.withdraw_offer(candidate.slot, table.word(candidate.slot)), "the offer is gone");
  }
}
BENCHMARK(allocate_ns_per_address)->ArgName("addresses")->Arg(10'000)->Arg(kMillion)->UseManualTime();

// --- among all leased addresses, one at random ---

void renew_ns_per_lease(benchmark::State& state) {
  Built& built = full(state.range(0));
  std::minstd_rand random(static_cast<unsigned>(state.thread_index()) + 1);
  for (auto _ : state) {
    const std::uint32_t n = static_cast<std::uint32_t>(random()) % built.addresses;
    const SlotId slot = built.table->find({kBase.value + n});
    const auto claim = built.table->claim(slot, built.table->word(slot));
    if (!claim) continue;  // the other thread renews it just now
    built.table->commit(*claim, Client(n).binding(BindingState::active, kNow + n % 86400));
  }
}
BENCHMARK(renew_ns_per_lease)->Apply(sizes)->Threads(1)->Threads(2)->UseRealTime();

// What a failed journal costs: the lease is as it was.
void claim_and_rollback_ns_per_lease(benchmark::State& state) {
  Built& built = full(state.range(0));
  std::minstd_rand random;
  bench::AllocationCount count{state};
  for (auto _ : state) {
    const SlotId slot = built.table->find({kBase.value + static_cast<std::uint32_t>(random()) % built.addresses});
    const auto claim = built.table->claim(slot, built.table->word(slot));
    check(claim.has_value(), "an active lease was taken by another");
    built.table->rollback(*claim);
  }
}
BENCHMARK(claim_and_rollback_ns_per_lease)->Apply(sizes);

void find_by_client_id_ns_per_lookup(benchmark::State& state) {
  const Built& built = full(state.range(0));
  std::minstd_rand random(static_cast<unsigned>(state.thread_index()) + 1);
  for (auto _ : state) {
    const std::uint32_t n = static_cast<std::uint32_t>(random()) % built.addresses;
    SlotId found[4];
    check(built.table->find_by_client_id(Client(n).id, found) == 1, "client not found");
    check(built.table->address_of(found[0]).value == kBase.value + n, "the wrong one found");
  }
}
BENCHMARK(find_by_client_id_ns_per_lookup)->Apply(sizes)->Threads(1)->Threads(2)->UseRealTime();

// As a worker finds who names his address (a DISCOVER of a known client may not): the memory was asked for some packets ago.
void find_fetched_client_ns_per_lookup(benchmark::State& state) {
  constexpr std::size_t kAtOnce = 8;
  constexpr auto kMeanwhile = std::chrono::microseconds(4);  // work on other packets
  using Clock = std::chrono::steady_clock;
  const Built& built = full(state.range(0));
  std::minstd_rand random;
  std::array<std::uint32_t, kAtOnce> numbers;
  std::array<SlotId, kAtOnce> found;
  bench::AllocationCount count{state};
  while (state.KeepRunningBatch(kAtOnce)) {
    for (std::uint32_t& n : numbers) {
      n = static_cast<std::uint32_t>(random()) % built.addresses;
      const Client client(n);
      built.table->prefetch(1, client.mac, client.id);
      built.table->prefetch(built.table->prefetch(Ipv4{kBase.value + n}));
    }
    for (const auto ready = Clock::now() + kMeanwhile; Clock::now() < ready;) continue;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      check(built.table->find_by_client_id(Client(numbers[i]).id, {&found[i], 1}) == 1, "client not found");
    }
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      check(built.table->address_of(found[i]).value == kBase.value + numbers[i], "the wrong one found");
    }
  }
}
BENCHMARK(find_fetched_client_ns_per_lookup)->Apply(sizes)->UseManualTime();

void find_nobody_ns_per_lookup(benchmark::State& state) {
  const Built& built = full(state.range(0));
  std::minstd_rand random(static_cast<unsigned>(state.thread_index()) + 1);
  for (auto _ : state) {
    SlotId found[4];
    const auto n = static_cast<std::uint32_t>(random()) | 0x80000000;
    check(built.table->find_by_client_id(Client(n).id, found) == 0, "found somebody");
  }
}
BENCHMARK(find_nobody_ns_per_lookup)->Apply(sizes)->Threads(1)->Threads(2)->UseRealTime();

void read_ns_per_binding(benchmark::State& state) {
  const Built& built = full(state.range(0));
  std::minstd_rand random(static_cast<unsigned>(state.thread_index()) + 1);
  for (auto _ : state) {
    Binding b;
    const std::uint32_t n = static_cast<std::uint32_t>(random()) % built.addresses;
    built.table->read(built.table->find({kBase.value + n}), b);
    check(b.hlen == 6, "not a client");
  }
}
BENCHMARK(read_ns_per_binding)->Apply(sizes)->Threads(1)->Threads(2)->UseRealTime();

// What the memory itself takes of an exchange that touches so many lines of a table, at random, when eight exchanges ask for all theirs at once and nothing else is done: a
// floor for what a larger table must cost. Beside it the same in a table that the cache holds.
void touched_lines_ns_per_exchange(benchmark::State& state) {
  constexpr std::size_t kAtOnce = 8;
  const auto lines = static_cast<std::size_t>(state.range(0)), table = (static_cast<std::size_t>(state.range(1)) << 20) / 64;
  MappedMemory memory(table * 64);
  auto* words = memory.as<std::uint64_t>();
  for (std::size_t line = 0; line < table; ++line) words[line * 8] = line;
  std::minstd_rand random;
  std::vector<std::size_t> at(kAtOnce * lines);
  while (state.KeepRunningBatch(kAtOnce)) {
    for (std::size_t& line : at) line = random() % table;
    for (const std::size_t line : at) __builtin_prefetch(&words[line * 8], 1);
    for (const std::size_t line : at) ++words[line * 8];
  }
  benchmark::DoNotOptimize(words);
}
BENCHMARK(touched_lines_ns_per_exchange)->ArgNames({"lines", "MiB"})->Args({10, 2})->Args({10, 1024});

void min_tree_set_ns_per_key(benchmark::State& state) {
  const auto leaves = static_cast<std::uint32_t>(state.range(0)) * kMillion;
  MinTree tree(leaves);
  std::minstd_rand random;
  for (std::uint32_t leaf = 0; leaf < leaves; ++leaf) tree.load(leaf, static_cast<std::uint32_t>(random()));
  tree.build();
  bench::AllocationCount count{state};
  for (auto _ : state)
    tree.set(static_cast<std::uint32_t>(random()) % leaves, static_cast<std::uint32_t>(random()));
  check(tree.consistent(), "the tree is not");
}
BENCHMARK(min_tree_set_ns_per_key)->Apply(sizes);

void limit_ns_per_acquire_and_release(benchmark::State& state) {
  static LeaseLimits limits(kSeed, kMillion);
  std::minstd_rand random(static_cast<unsigned>(state.thread_index()) + 1);
  for (auto _ : state) {
    const LeaseLimits::Key key = limits.key(1, Client(static_cast<std::uint32_t>(random())).mac);
    check(limits.acquire(key, 2), "no room");
    limits.release(key);
  }
}
BENCHMARK(limit_ns_per_acquire_and_release)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace coaxd::lease
