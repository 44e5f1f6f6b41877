// What the store costs: a record into the journal, a batch onto this disk, records into SQLite, and the way
// back at start. COAXD_BENCH_LARGE=1 adds the million leases that start is judged by. Files go to $TMPDIR;
// put it on the disk that is meant.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <vector>

#include "bench/allocations.h"
#include "bench/check.h"
#include "server/store/lease_store.h"
#include "server/store/posix_disk.h"

namespace coaxd::store {
namespace {

using bench::AllocationCount;
using bench::check;

// A modem behind a CMTS: the usual binding.
lease::Binding modem(std::uint32_t number) {
  lease::Binding b;
  b.state = lease::BindingState::active;
  b.next_state = lease::BindingState::expired;
  std::array<std::uint8_t, 6> mac{0, 0x10, 0x95};
  store_be32(mac.data() + 2, number);
  b.set_hardware(1, mac);
  b.starts = b.cltt = 1'700'000'000;
  b.ends = b.tstp = b.starts + 86400;
  std::array<std::uint8_t, 7> id{1};
  std::array<std::uint8_t, 14> agent{1, 4, 0x80, 1, 0, 7, 2, 6};
  for (std::size_t i = 0; i < 6; ++i) id[1 + i] = agent[8 + i] = mac[i];
  check(b.set(lease::Item::client_id, id) && b.set(lease::Item::agent_info, agent), "no room in a binding");
  return b;
}

struct TemporaryStore {
  TemporaryStore() {
    std::string name = (std::filesystem::temp_directory_path() / "coaxd-bench-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    options.path = (directory / "leases.db").string();
  }
  ~TemporaryStore() { std::filesystem::remove_all(directory); }
  std::unique_ptr<LeaseStore> open() {
    auto store = LeaseStore::open(options);
    check(store.has_value(), "the store does not open");
    return std::move(*store);
  }
  std::filesystem::path directory;
  StoreOptions options;
};

// Completes at once and writes nothing: what is left is the journal itself.
class NoDisk final : public AsyncDisk {
 public:
  void write(FileHandle, std::uint64_t, Bytes, bool, std::uint64_t token) override { token_ = token; }
  std::uint64_t token() const { return token_; }

 private:
  std::uint64_t token_ = 0;
};

void append_ns_per_record(benchmark::State& state) {
  TemporaryStore t;
  auto store = t.open();
  check(store->recover([](Ipv4, const lease::Binding&, std::uint32_t) {}).has_value(), "recovery");
  NoDisk disk;
  auto journal = store->journal(0, disk);
  check(store->fold_now().has_value(), "the next segment");
  const lease::Binding binding = modem(1);
  std::uint32_t n = 0;
  std::uint64_t in_segment = 0;
  AllocationCount count{state};
  for (auto _ : state) {
    const auto sequence = journal->append(Ipv4{n}, 1, 1'700'000'000, Record::Kind::binding, binding);
    if (++n % 64 == 0) {
      journal->flush();
      journal->on_complete(disk.token(), 0);
    }
    if (sequence == 0 || ++in_segment == 500'000) {  // another segment: not the worker's work
      state.PauseTiming();
      check(sequence != 0 && store->fold_now().has_value(), "a record was refused");
      in_segment = 0;
      state.ResumeTiming();
    }
  }
  check(journal->durable() + 64 > journal->appended(), "records are missing");
}
BENCHMARK(append_ns_per_record)->Iterations(400'000);

// What the worker does for a batch besides its records: the head, the order to the disk, and hearing that it is done.
void batch_head_ns_per_batch(benchmark::State& state) {
  constexpr std::uint32_t kRecords = 64;
  TemporaryStore t;
  auto store = t.open();
  check(store->recover([](Ipv4, const lease::Binding&, std::uint32_t) {}).has_value(), "recovery");
  NoDisk disk;
  auto journal = store->journal(0, disk);
  check(store->fold_now().has_value(), "the next segment");
  const lease::Binding binding = modem(1);
  AllocationCount count{state};
  for (auto _ : state) {
    for (std::uint32_t n = 0; n < kRecords; ++n) {
      check(journal->append(Ipv4{n}, 1, 1'700'000'000, Record::Kind::binding, binding) != 0, "a record was refused");
    }
    const auto start = std::chrono::steady_clock::now();
    journal->flush();
    journal->on_complete(disk.token(), 0);
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  check(journal->durable() == journal->appended(), "a batch was lost");
}
BENCHMARK(batch_head_ns_per_batch)->UseManualTime()->Iterations(5'000);

void commit_us_per_batch(benchmark::State& state) {
  TemporaryStore t;
  auto store = t.open();
  check(store->recover([](Ipv4, const lease::Binding&, std::uint32_t) {}).has_value(), "recovery");
  PosixDisk disk;
  auto journal = store->journal(0, disk);
  const lease::Binding binding = modem(1);
  const auto records = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    for (std::uint32_t n = 0; n < records; ++n) {
      check(journal->append(Ipv4{n}, 1, 1'700'000'000, Record::Kind::binding, binding) != 0, "a record was refused");
    }
    journal->flush();
    while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
    check(journal->durable() == journal->appended(), "a batch was lost");
  }
  state.SetItemsProcessed(state.iterations() * records);
}
BENCHMARK(commit_us_per_batch)->Arg(1)->Arg(64)->Arg(1024)->Unit(benchmark::kMicrosecond)->UseRealTime()->Iterations(50);

std::vector<Record> leases(std::uint32_t first, std::uint32_t count) {
  std::vector<Record> records;
  records.reserve(count);
  for (std::uint32_t i = first; i < first + count; ++i) {
    records.push_back({.kind = Record::Kind::binding, .address = Ipv4{0x0a000000 + i}, .generation = 1, .at = 1'700'000'000,
                       .binding = modem(i)});
  }
  return records;
}

void fill(LeaseStore& store, std::uint32_t count) {
  constexpr std::uint32_t kPiece = 10'000;
  for (std::uint32_t i = 0; i < count; i += kPiece) check(store.import(leases(i, kPiece)).has_value(), "import");
}

// Renewals of random addresses, through a journal on disk, into a store of that many.
void fold_ms_per_tenth_of_the_leases(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  TemporaryStore t;
  auto store = t.open();
  check(store->recover([](Ipv4, const lease::Binding&, std::uint32_t) {}).has_value(), "recovery");
  fill(*store, count);
  PosixDisk disk;
  auto journal = store->journal(0, disk);
  std::minstd_rand random(1);
  const std::uint32_t records = count / 10;
  std::uint32_t generation = 1;
  for (auto _ : state) {
    state.PauseTiming();
    ++generation;
    for (std::uint32_t n = 0; n < records; ++n) {
      const auto i = static_cast<std::uint32_t>(random() % count);
      check(journal->append(Ipv4{0x0a000000 + i}, generation, 1'700'000'100, Record::Kind::binding, modem(i)) != 0, "refused");
      if (n % 1000 != 999) continue;
      journal->flush();
      while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
    }
    state.ResumeTiming();
    check(store->fold_now().has_value(), "fold");
  }
  check(store->health().folded_records == journal->durable(), "records were not folded");
  state.SetItemsProcessed(state.iterations() * records);
}

void recover_ms(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  TemporaryStore t;
  {
    auto store = t.open();
    check(store->recover([](Ipv4, const lease::Binding&, std::uint32_t) {}).has_value(), "recovery");
    fill(*store, count);
    store->stop();
  }
  for (auto _ : state) {
    auto store = t.open();
    std::uint64_t seen = 0;
    check(store->recover([&](Ipv4, const lease::Binding& b, std::uint32_t) { seen += b.hlen == 6; }).has_value(), "recovery");
    check(seen == count, "leases are missing");
  }
}

bool large() { return std::getenv("COAXD_BENCH_LARGE") != nullptr; }

[[maybe_unused]] const int kRegistered = [] {
  const std::int64_t count = large() ? 1'000'000 : 20'000;
  benchmark::RegisterBenchmark("fold_ms_per_tenth_of_the_leases", fold_ms_per_tenth_of_the_leases)
      ->Arg(count)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(large() ? 5 : 1);
  benchmark::RegisterBenchmark("recover_ms", recover_ms)
      ->Arg(count)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(large() ? 3 : 1);
  return 0;
}();

}  // namespace
}  // namespace coaxd::store
