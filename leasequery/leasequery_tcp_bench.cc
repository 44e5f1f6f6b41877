// What a dump of a million active leases costs over TCP, without the socket: by everything, all of which is told, and by the remote-id of one modem, for which all are looked at.
#include <benchmark/benchmark.h>

#include <array>

#include "bench/check.h"
#include "leasequery/testing/tcp_sim.h"

namespace coaxd::leasequery {
namespace {

using bench::check;

constexpr std::uint32_t kMillion = 1'000'000;
constexpr Ipv4 kBase = Ipv4::of(10, 64, 0, 0);

// As in leasequery_bench.cc: what a cable network stores.
SimLeases& world() {
  static SimLeases leases{"subnet 10.0.0.0 netmask 255.0.0.0 { range 10.64.0.0 10.79.66.63; }"};
  static const bool filled = [] {
    for (std::uint32_t n = 0; n < kMillion; ++n) {
      lease::Binding binding;
      binding.state = lease::BindingState::active;
      std::array<std::uint8_t, 6> mac{0x00, 0x15};
      std::array<std::uint8_t, 7> id{1, 0x00, 0x15};
      std::array<std::uint8_t, 14> agent{1, 4, 0, 0, 0, 1, 2, 6, 0x00, 0x16};
      store_be32(&mac[2], n);
      store_be32(&id[3], n);
      store_be32(&agent[10], n);
      binding.set_hardware(1, mac);
      (void)binding.set(lease::Item::client_id, id);
      (void)binding.set(lease::Item::agent_info, agent);
      (void)binding.set(lease::Item::vendor_class, as_bytes("MSFT 5.0"));
      binding.starts = binding.cltt = lease::to_stored(kStart - n % 3600);
      binding.ends = lease::to_stored(kStart + 7200);
      leases.table.restore({kBase.value + n}, binding, 1);
    }
    leases.table.restored(kStart);
    return true;
  }();
  check(filled, "not filled");
  return leases;
}

void run(benchmark::State& state, const QueryPacket& query, std::uint64_t expected) {
  SimLeases& leases = world();
  std::uint64_t octets = 0;
  for (auto _ : state) {
    SimPeer peer(leases);
    check(peer.send(query), "not taken");
    octets = 0;
    while (peer.session.work(leases.now) || !peer.session.pending().empty()) {
      octets += peer.session.pending().size();
      peer.session.sent(peer.session.pending().size(), leases.now);
    }
    check(peer.teller.active.get() == expected, "not what was asked for");
  }
  state.counters["octets_per_lease"] = static_cast<double>(octets) / kMillion;
}

void bulk_dump_ms_per_million(benchmark::State& state) { run(state, QueryPacket(), kMillion); }
void bulk_by_remote_id_ms_per_million(benchmark::State& state) { run(state, QueryPacket().add(82, {2, 6, 0x00, 0x16, 0, 0, 0, 7}), 1); }
BENCHMARK(bulk_dump_ms_per_million)->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_by_remote_id_ms_per_million)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace coaxd::leasequery
