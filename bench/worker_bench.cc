// What an exchange takes of a worker, all but transport and disk: fetching ahead, parsing, decide(), the journal's record and batch, settle(),
// a log line for each message. 64 clients at once, as a full batch of the transport has them. New clients get addresses that nobody has
// had, as after a power cut; renewals are of random ones among those.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <random>

#include "bench/allocations.h"
#include "bench/check.h"
#include "bench/isp.h"
#include "server/engine/test_scene.h"
#include "tests/sim/lone_worker.h"

namespace coaxd::bench {
namespace {

using wire::MessageType;
using Kind = ClientPacket::Kind;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr std::uint32_t kAddresses = 1'000'000;
constexpr std::uint32_t kExchanges = 32'000;  // each run's
constexpr std::size_t kAtOnce = 64;

class Office {
 public:
  explicit Office(Site site)
      : server_({.config = engine::config_from(config_of(site, kAddresses)), .server = kServer, .relay = kRelay, .now = kNow}) {
    transport_.write_nothing();
  }

  // One message of each of 64 clients, answered with this type; packet(i) is to give the i-th. Returns seconds.
  template <typename PacketOf>
  double serve(MessageType answer, PacketOf packet) {
    for (std::size_t i = 0; i < kAtOnce; ++i) datagrams_[i] = packet(i);
    transport_.deliver(datagrams_);
    const std::size_t before = allocation_count();
    const auto start = std::chrono::steady_clock::now();
    do {
      worker_.turn(0);
    } while (!transport_.at_rest());
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    allocations_ += allocation_count() - before;
    check(worker_.held() == 0 && transport_.replies().size() == kAtOnce, "somebody was not answered");
    for (const test::SeenReply& reply : transport_.replies()) check(reply.type == answer, "another answer was due");
    for (auto& logs = worker_.outlets().logs; logs.front() != nullptr; logs.pop()) continue;
    for (auto& effects = worker_.outlets().effects; effects.front() != nullptr; effects.pop()) continue;
    return took;
  }
  // DISCOVER to ACK of 64 that were never seen. Client n gets address n, for they come in order.
  double dora() {
    double took = serve(MessageType::offer, [&](std::size_t i) { return Bytes{discovers_[i].of(next_ + static_cast<std::uint32_t>(i))}; });
    took += serve(MessageType::ack, [&](std::size_t i) {
      const std::uint32_t n = next_ + static_cast<std::uint32_t>(i);
      check(transport_.replies()[i].yiaddr.value == kFirst.value + n, "an address is out of order");
      return Bytes{requests_[i].of(n, {kFirst.value + n})};
    });
    next_ += kAtOnce;
    make_room();
    return took;
  }
  double renew(std::minstd_rand& random) {
    // Far apart, and no client twice: his second packet would find the first one's record under way.
    const auto first = static_cast<std::uint32_t>(random());
    const double took = serve(MessageType::ack, [&](std::size_t i) {
      const std::uint32_t n = (first % next_ + static_cast<std::uint32_t>(i * next_ / kAtOnce)) % next_;
      return Bytes{renewals_[i].of(n, {kFirst.value + n})};
    });
    make_room();
    return took;
  }
  std::uint32_t clients() const { return next_; }
  std::size_t allocations() const { return allocations_; }

 private:
  // The next segment is the fold thread's work.
  void make_room() {
    if (++batches_ % 64 == 1) check(server_.store->fold_now().has_value(), "the next segment");
  }

  test::LoneWorker server_;
  test::ArrayTransport& transport_ = server_.transport;
  worker::Worker& worker_ = *server_.worker;
  std::vector<ClientPacket> discovers_{kAtOnce, ClientPacket(Kind::discover)}, requests_{kAtOnce, ClientPacket(Kind::selecting)},
      renewals_{kAtOnce, ClientPacket(Kind::renewing)};
  std::array<Bytes, kAtOnce> datagrams_;
  std::uint32_t next_ = 0, batches_ = 0;
  std::size_t allocations_ = 0;
};

Office& office(Site site) {
  static std::unique_ptr<Office> offices[2];
  std::unique_ptr<Office>& one = offices[static_cast<std::size_t>(site)];
  // More than a pool of clients has come: a new life.
  if (one != nullptr && one->clients() + kExchanges > kAddresses) one.reset();
  if (one == nullptr) {
    one = std::make_unique<Office>(site);
    one->dora();  // warm
  }
  return *one;
}

template <typename Exchange>
void exchanges(benchmark::State& state, Office& server, Exchange exchange) {
  const std::size_t before = server.allocations();
  while (state.KeepRunningBatch(kAtOnce)) state.SetIterationTime(exchange());
  state.counters["allocs"] = static_cast<double>(server.allocations() - before) / static_cast<double>(state.iterations());
}

void worker_dora_ns_per_exchange(benchmark::State& state, Site site) {
  Office& server = office(site);
  exchanges(state, server, [&] { return server.dora(); });
}
void worker_renewal_ns_per_exchange(benchmark::State& state, Site site) {
  Office& server = office(site);
  while (server.clients() < kExchanges) server.dora();
  std::minstd_rand random(1);
  exchanges(state, server, [&] { return server.renew(random); });
}

#define BOTH_SITES(function)                                                            \
  BENCHMARK_CAPTURE(function, isp, Site::isp)->UseManualTime()->Iterations(kExchanges); \
  BENCHMARK_CAPTURE(function, plain, Site::plain)->UseManualTime()->Iterations(kExchanges)
BOTH_SITES(worker_dora_ns_per_exchange);
BOTH_SITES(worker_renewal_ns_per_exchange);

}  // namespace
}  // namespace coaxd::bench
