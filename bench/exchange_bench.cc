// What the engine takes for one message: all of decide() for every kind that makes or renews a lease, what the caller owes it afterwards
// (settle()), and the stages that stand between engine and worker. Packets are parsed and, as a worker's are, fetched ahead before they are
// timed. A million addresses; leases of clients at random: a hundred thousand (isp) or a million (plain).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <tuple>

#include "bench/allocations.h"
#include "bench/check.h"
#include "bench/isp.h"
#include "server/base/spsc_queue.h"
#include "server/daemon/lease_memory.h"
#include "server/daemon/log_format.h"
#include "server/engine/billing.h"
#include "server/engine/client.h"
#include "server/engine/engine.h"
#include "server/engine/test_scene.h"
#include "server/provision/handed_out.h"

namespace coaxd::bench {
namespace {

using wire::MessageType;
using Kind = ClientPacket::Kind;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr std::uint32_t kAddresses = 1'000'000;
constexpr std::size_t kAtOnce = 8;  // so that reading the clock costs a packet few ns, and the packets stay in the nearest cache

template <typename Work>
double seconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A message in hand and what became of it.
struct Seat {
  wire::Message message;
  std::array<std::uint8_t, 1472> out;
  engine::Change* changes = nullptr;
  engine::Actions::Verdict verdict{};
  MessageType type{};
  std::uint16_t size = 0;
};

// A server without transport, journal and clock.
class Desk {
 public:
  Desk(Site site, std::uint32_t addresses, std::uint32_t leased, engine::FileNames* file_names = nullptr)
      : config(engine::config_from(config_of(site, addresses))), memory(*config, kNow, HashSeed{1, 2}), engine(memory.table(), memory.limits(), changes, {.file_names = file_names}) {
    if (leased > 0) lease_to_all(site, leased);
    engine.use(config, std::make_shared<config::HostTable>());
  }

  void take(Seat& seat, Bytes packet) {
    check(seat.message.parse(packet).has_value(), "a packet does not parse");
    engine.prefetch({&packet, 1});
  }
  void decide(Seat& seat, bool relayed) {
    engine.decide(seat.message, relayed ? relayed_ : direct_, now_, seat.out, actions_);
    seat.changes = actions_.changes;
    seat.verdict = actions_.verdict;
    seat.type = actions_.reply_type;
    seat.size = actions_.reply_size;
  }
  void settle(Seat& seat, bool durable) {
    for (engine::Change* change = std::exchange(seat.changes, nullptr); change != nullptr;) {
      engine::Change* next = change->next;
      engine.settle(change, durable);
      change = next;
    }
  }
  // The address that the reply gives, which must be of that type.
  static Ipv4 given(const Seat& seat, MessageType type) {
    check(seat.verdict == engine::Actions::Verdict::reply && seat.type == type && seat.size > 240, "not the reply that was due");
    return Ipv4{load_be32(&seat.out[16])};
  }

  std::shared_ptr<const config::Config> config;
  daemon::LeaseMemory memory;
  engine::ChangePool changes{4 * kAtOnce};
  engine::Engine engine;

 private:
  // Client n gets address n, by a lease such as the engine has made for client 0.
  void lease_to_all(Site site, std::uint32_t leased) {
    Desk sample(site, 16, 0);
    Seat seat;
    ClientPacket discover(Kind::discover), request(Kind::selecting);
    sample.take(seat, discover.of(0));
    sample.decide(seat, true);
    sample.take(seat, request.of(0, given(seat, MessageType::offer)));
    sample.decide(seat, true);
    given(seat, MessageType::ack);
    sample.settle(seat, true);
    lease::Binding binding;
    sample.memory.table().read(sample.memory.table().find(kFirst), binding);
    check(binding.state == lease::BindingState::active, "the first client did not get the first address");
    // Where the number stands in what the lease has kept of the client (ClientPacket).
    const auto number_at = [&](lease::Item item, std::size_t at, std::uint32_t number) {
      std::array<std::uint8_t, 64> value;
      const std::size_t size = binding.get(item).size();
      if (size == 0) return;
      std::copy_n(binding.get(item).begin(), size, value.begin());
      store_be32(&value[at], number);
      binding.set(item, Bytes{value}.first(size));
    };
    const std::size_t billed = binding.get(lease::Item::billing).size();
    for (std::uint32_t n = 0; n < leased; ++n) {
      store_be32(&binding.chaddr[2], n);
      number_at(lease::Item::client_id, 3, n);
      number_at(lease::Item::agent_info, 10, n);
      number_at(lease::Item::billing, billed - 4, n);
      check(memory.table().restore({kFirst.value + n}, binding, 1), "no such address");
      if (const auto key = engine::billed_key(memory.limits(), binding); key != 0) memory.limits().restore(key);
    }
    memory.table().restored(kNow);
  }

  const engine::Interface interface_{1, "eth0", kServer, {2, 0, 0, 0, 0, 1}};
  const engine::Arrival relayed_{.interface = &interface_, .source = kRelay, .source_port = 67, .destination = kServer};
  const engine::Arrival direct_{.interface = &interface_, .source = kFirst, .source_port = 68, .destination = kServer};
  const Instant now_{1'000'000'000, kNow + 60};
  engine::Actions actions_;
};

std::uint32_t leases_of(Site site) { return site == Site::isp ? kAddresses / 10 : kAddresses; }

// Made once; new clients come to an empty one. `told`: the files that replies name have generated names, which are remembered.
Desk& desk(Site site, bool leased, bool told = false) {
  static std::map<std::tuple<Site, bool, bool>, std::unique_ptr<Desk>> desks;
  static provision::HandedOut names({.generated_names = true, .remembered = kAddresses}, HashSeed{3, 4});
  std::unique_ptr<Desk>& one = desks[{site, leased, told}];
  if (one == nullptr) one = std::make_unique<Desk>(site, kAddresses, leased ? leases_of(site) : 0, told ? &names : nullptr);
  return *one;
}

// --- clients that were never seen before: DISCOVER, REQUEST, what the journal says, and in the end RELEASE, so that the pool lasts ---

enum class Stage : std::uint8_t { discover, request, commit, rollback };

void new_clients(benchmark::State& state, Site site, Stage timed, bool told = false) {
  static std::uint32_t next = 0;
  Desk& server = desk(site, false, told);
  static std::array<Seat, kAtOnce> seats;
  ClientPacket discover(Kind::discover), request(Kind::selecting), release(Kind::release);
  std::array<Ipv4, kAtOnce> addresses;
  // A Message views its datagram, so each needs its own; made with room for the longest.
  std::vector<ClientPacket> packets(kAtOnce, request);
  const auto all = [&](bool count, auto work) {
    const double took = seconds([&] { for (Seat& seat : seats) work(seat); });
    return count ? took : 0;
  };
  const auto ask = [&](const ClientPacket& kind, std::uint32_t first) {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      packets[i] = kind;
      server.take(seats[i], packets[i].of(first + static_cast<std::uint32_t>(i), addresses[i]));
    }
  };
  const auto decide = [&](Seat& seat) { server.decide(seat, true); };
  const auto leave = [&](Seat& seat) { server.decide(seat, false); };
  AllocationCount count{state};
  while (state.KeepRunningBatch(kAtOnce)) {
    const std::uint32_t first = next;
    next += kAtOnce;
    addresses.fill({});
    ask(discover, first);
    double took = all(timed == Stage::discover, decide);
    for (std::size_t i = 0; i < kAtOnce; ++i) addresses[i] = Desk::given(seats[i], MessageType::offer);
    ask(request, first);
    took += all(timed == Stage::request, decide);
    if (timed == Stage::rollback) {
      took += all(true, [&](Seat& seat) { server.settle(seat, false); });
      all(false, decide);
    }
    for (std::size_t i = 0; i < kAtOnce; ++i) check(Desk::given(seats[i], MessageType::ack) == addresses[i], "the ACK is of another address");
    took += all(timed == Stage::commit, [&](Seat& seat) { server.settle(seat, true); });
    ask(release, first);
    all(false, leave);
    for (Seat& seat : seats) {
      check(seat.changes != nullptr, "a RELEASE changed nothing");
      server.settle(seat, true);
    }
    state.SetIterationTime(took);
  }
}

void decide_discover_ns_per_packet(benchmark::State& state, Site site, bool told) { new_clients(state, site, Stage::discover, told); }
void decide_request_ns_per_packet(benchmark::State& state, Site site, bool told) { new_clients(state, site, Stage::request, told); }
void commit_ns_per_change(benchmark::State& state, Site site) { new_clients(state, site, Stage::commit); }
void rollback_ns_per_change(benchmark::State& state, Site site) { new_clients(state, site, Stage::rollback); }

// --- clients that have a lease ---

void lessees(benchmark::State& state, Site site, Kind kind, bool told = false) {
  Desk& server = desk(site, true, told);
  static std::array<Seat, kAtOnce> seats;
  std::vector<ClientPacket> packets(kAtOnce, ClientPacket(kind));
  std::minstd_rand random(1);
  AllocationCount count{state};
  while (state.KeepRunningBatch(kAtOnce)) {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      // Each seat its own share of the clients: who comes twice at a time is told to wait.
      const auto n = static_cast<std::uint32_t>(random() % (leases_of(site) / kAtOnce) * kAtOnce + i);
      server.take(seats[i], packets[i].of(n, {kFirst.value + n}));
    }
    state.SetIterationTime(seconds([&] { for (Seat& seat : seats) server.decide(seat, kind == Kind::init_reboot); }));
    for (Seat& seat : seats) {
      Desk::given(seat, MessageType::ack);
      check(seat.changes != nullptr, "nothing is to be written");
      server.settle(seat, true);
    }
  }
}

void decide_renewal_ns_per_packet(benchmark::State& state, Site site, bool told) { lessees(state, site, Kind::renewing, told); }
void decide_init_reboot_ns_per_packet(benchmark::State& state, Site site, bool told) { lessees(state, site, Kind::init_reboot, told); }

#define BOTH_SITES(function, ...)                                               \
  BENCHMARK_CAPTURE(function, isp, Site::isp)->UseManualTime() __VA_ARGS__;     \
  BENCHMARK_CAPTURE(function, plain, Site::plain)->UseManualTime() __VA_ARGS__
#define BOTH_SITES_AND_TOLD(function)                                                         \
  BENCHMARK_CAPTURE(function, isp, Site::isp, false)->UseManualTime();                        \
  BENCHMARK_CAPTURE(function, plain, Site::plain, false)->UseManualTime();                    \
  BENCHMARK_CAPTURE(function, isp_told, Site::isp, true)->UseManualTime()
BOTH_SITES_AND_TOLD(decide_discover_ns_per_packet);
BOTH_SITES_AND_TOLD(decide_request_ns_per_packet);
BOTH_SITES_AND_TOLD(decide_renewal_ns_per_packet);
BOTH_SITES_AND_TOLD(decide_init_reboot_ns_per_packet);
// Little of a round is timed: as many rounds as one likes to wait for.
BOTH_SITES(commit_ns_per_change, ->Iterations(20'000));
BOTH_SITES(rollback_ns_per_change, ->Iterations(20'000));

// --- beside the engine ---

// Issues the fetches of one packet; what they bring comes while others are worked on.
void prefetch_ns_per_packet(benchmark::State& state) {
  Desk& server = desk(Site::plain, true);
  ClientPacket packet(Kind::init_reboot);
  std::minstd_rand random(1);
  AllocationCount count{state};
  for (auto _ : state) {
    const std::uint32_t n = static_cast<std::uint32_t>(random()) % kAddresses;
    const Bytes coming = packet.of(n, {kFirst.value + n});
    server.engine.prefetch({&coming, 1});
  }
}
BENCHMARK(prefetch_ns_per_packet);

// Half of the clients are declared.
void find_host_ns_per_client(benchmark::State& state) {
  Desk& server = desk(Site::isp, false);
  std::array<ClientPacket, 2> packets{ClientPacket(Kind::discover).of(kFirstHost + 77), ClientPacket(Kind::discover).of(77)};
  std::array<wire::Message, 2> messages;
  for (std::size_t i = 0; i < 2; ++i) check(messages[i].parse(packets[i]).has_value(), "a packet does not parse");
  std::size_t next = 0, known = 0, asked = 0;
  AllocationCount count{state};
  for (auto _ : state) {
    engine::Client client = engine::identify(messages[next], server.memory.table(), false);
    engine::look_up_hosts(client, *server.config, messages[next], nullptr);
    next = 1 - next;
    known += client.known;
    ++asked;
  }
  check(known == (asked + 1) / 2, "the host was not found, or a stranger was");
}
BENCHMARK(find_host_ns_per_client);

// A line's way to the log thread: filled in by the engine, copied into the queue; the other end only takes it away.
void log_event_ns_per_line(benchmark::State& state) {
  SpscQueue<engine::LogEvent> queue(8192);
  engine::LogEvent event;
  event.kind = engine::LogKind::ack;
  event.hlen = 6;
  event.name_size = 5;
  std::size_t lines = 0;
  AllocationCount count{state};
  for (auto _ : state) {
    event.address = Ipv4{static_cast<std::uint32_t>(++lines)};
    engine::LogEvent* place = queue.reserve();
    *place = event;
    queue.push();
    check(queue.front()->address.value == static_cast<std::uint32_t>(lines), "another line");
    queue.pop();
  }
}
BENCHMARK(log_event_ns_per_line);

// And what the log thread makes of it, with nobody waiting: "DHCPACK on 20.1.0.7 to 00:15:00:00:00:07 (modem) via 20.0.0.1".
void format_ns_per_line(benchmark::State& state) {
  engine::LogEvent event;
  event.kind = engine::LogKind::ack;
  event.htype = 1;
  event.hlen = 6;
  event.chaddr = {0x00, 0x15};
  event.address = kFirst;
  event.giaddr = kRelay;
  event.name_size = 5;
  std::copy_n("modem", 5, event.name.begin());
  daemon::LogLine line;
  const auto name = [](std::uint32_t, const void*) { return std::string_view{}; };
  format_log_event(event, name, nullptr, line);
  check(line.text == "DHCPACK on 20.1.0.0 to 00:15:00:00:00:00 (modem) via 20.0.0.1", "not dhcpd's line");
  AllocationCount count{state};
  for (auto _ : state) {
    format_log_event(event, name, nullptr, line);
    benchmark::DoNotOptimize(line.text.data());
  }
}
BENCHMARK(format_ns_per_line);

}  // namespace
}  // namespace coaxd::bench
