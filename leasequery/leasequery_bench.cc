// What an answer costs among a million active leases at random addresses: by address, hardware address and client identifier, of the parsed message; and with all that a
// worker does before it: fetching ahead for a batch, parsing. ns are per answer of one thread.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "bench/allocations.h"
#include "bench/cable_client.h"
#include "bench/check.h"
#include "leasequery/responder.h"
#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

using bench::check;

constexpr std::uint32_t kMillion = 1'000'000;
constexpr Ipv4 kBase = Ipv4::of(10, 64, 0, 0);
constexpr std::size_t kAsked = std::size_t{1} << 16;  // different queries: more than the caches hold of what they are about
constexpr std::size_t kTogether = 8;  // as many as a transport shows ahead (engine::kComing)

using Client = bench::CableClient;

struct World {
  Site site{"subnet 10.0.0.0 netmask 255.0.0.0 { range 10.64.0.0 10.79.66.63; }"};
  Requesters requesters;
  Responder responder{site.leases, requesters};

  World() {
    for (std::uint32_t n = 0; n < kMillion; ++n) {
      const Client client(n);
      const TestLease lease{.hardware = as_text(client.mac), .client_id = as_text(client.id), .agent_info = as_text(client.agent_info), .vendor_class = "MSFT 5.0",
                            .starts = at(-static_cast<WallSeconds>(n % 3600)), .ends = at(7200)};
      site.leases.restore({kBase.value + n}, lease.binding(), 1);
    }
    site.leases.restored(kNow);
    responder.use(site.config);
    check(site.leases.counts(0).active == kMillion, "not all leases are there");
  }
  static World& one() {
    static World world;
    return world;
  }
};

// Queries about leases drawn at random, as they come.
std::vector<std::vector<std::uint8_t>> queries(Key key) {
  std::mt19937 random(7);
  std::vector<std::vector<std::uint8_t>> out;
  for (std::size_t i = 0; i < kAsked; ++i) {
    const auto n = static_cast<std::uint32_t>(random() % kMillion);
    const Client client(n);
    Asking asking;
    if (key == Key::address) asking.address({kBase.value + n});
    if (key == Key::hardware) asking.hardware(as_text(client.mac));
    if (key == Key::client_id) asking.text(wire::option::client_identifier, as_text(client.id));
    const Bytes raw = asking.message().raw();
    out.emplace_back(raw.begin(), raw.end());
  }
  return out;
}

Asked asked_of(const wire::Message& message) { return {.message = message, .source = kCmts, .destination = kServer, .server_id = kServer, .allowed = true}; }

void run(benchmark::State& state, Key key, bool ahead) {
  World& world = World::one();
  const auto datagrams = queries(key);
  wire::Message message;
  std::array<std::uint8_t, 1472> out;
  const auto answer = [&](std::size_t i) {
    check(message.parse(datagrams[i]).has_value(), "no message");
    return world.responder.answer(asked_of(message), kInstant, out);
  };
  for (std::size_t i = 0; i < kAsked; ++i) {
    const Outcome outcome = answer(i);
    check(outcome.standing == Standing::active && outcome.size > 300, "not the answer");
  }
  const auto fetch = [&](std::size_t from) {
    std::array<lease::SlotId, kTogether> slots;
    for (std::size_t i = 0; i < kTogether; ++i) {
      const wire::Glimpse coming = wire::glimpse(datagrams[(from + i) % kAsked]);
      slots[i] = coming.address.is_zero() ? lease::kNoSlot : world.responder.view().prefetch(coming.address);
      if (!coming.uses_address) world.responder.view().prefetch_client(coming.htype, coming.chaddr, coming.client_id);
    }
    for (const lease::SlotId slot : slots) world.responder.view().prefetch(slot);
  };
  std::size_t i = 0;
  const bench::AllocationCount allocations(state);
  for (auto _ : state) {
    if (ahead && i % kTogether == 0) fetch(i + kTogether);
    benchmark::DoNotOptimize(answer(i % kAsked));
    ++i;
  }
}

void answer_by_address_ns_per_query(benchmark::State& state) { run(state, Key::address, true); }
void answer_by_hardware_ns_per_query(benchmark::State& state) { run(state, Key::hardware, true); }
void answer_by_client_id_ns_per_query(benchmark::State& state) { run(state, Key::client_id, true); }
void answer_by_address_unfetched_ns_per_query(benchmark::State& state) { run(state, Key::address, false); }
BENCHMARK(answer_by_address_ns_per_query);
BENCHMARK(answer_by_hardware_ns_per_query);
BENCHMARK(answer_by_client_id_ns_per_query);
BENCHMARK(answer_by_address_unfetched_ns_per_query);

// All addresses one after another, as bulk leasequery reads them.
void walk_ns_per_address(benchmark::State& state) {
  World& world = World::one();
  LeaseView::Place place;
  const bench::AllocationCount allocations(state);
  for (auto _ : state) {
    if (place.at_end()) place = {};
    std::size_t budget = 1000;
    benchmark::DoNotOptimize(world.responder.view().next(place, LeaseView::Walk::used, kNow, budget, world.site.facts));
  }
}
BENCHMARK(walk_ns_per_address);

}  // namespace
}  // namespace coaxd::leasequery
