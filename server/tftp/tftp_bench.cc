// What TFTP costs a worker: a modem's file of 2 KB from its request to the last acknowledgement, alone and among ten thousand others.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <vector>

#include "bench/allocations.h"
#include "bench/check.h"
#include "server/tftp/responder.h"

namespace coaxd::tftp {
namespace {

using bench::AllocationCount;
using bench::check;

constexpr std::size_t kFileSize = 2000;

class OneFile final : public FileSource {
 public:
  FileAnswer open(const FileQuery&) override { return FileAnswer::ready(file_); }

 private:
  std::shared_ptr<const Contents> file_ = std::make_shared<MemoryContents>(std::vector<std::uint8_t>(kFileSize, 7));
};

class Sink final : public Outlet {
 public:
  MutableBytes room() override { return room_; }
  void send(std::size_t size, const Departure& departure) override {
    socket = departure.socket;
    octets += size;
    benchmark::DoNotOptimize(room_.data());
  }
  void log(const Event&) override {}
  std::uint8_t socket = 0;
  std::size_t octets = 0;

 private:
  std::array<std::uint8_t, 1472> room_;
};

struct Scene {
  explicit Scene(const Options& options) {
    request_size = write_request(request, Opcode::rrq, "modem-0015960a0b0c.cm", "octet", options);
    first = options.empty() ? 1 : 0;
    last = static_cast<std::uint16_t>(kFileSize / options.get(Option::blksize, kPlainBlockSize) + 1);
  }
  static Endpoint client(std::uint32_t number) { return {Ipv4{0x0a400000 + number}, static_cast<std::uint16_t>(1024 + number % 50'000)}; }
  std::uint8_t ask(std::uint32_t number) {
    responder.on_datagram(Bytes{request}.first(request_size), {.from = client(number), .to = Ipv4{1}}, now);
    return sink.socket;
  }
  void acknowledge(std::uint32_t number, std::uint16_t block, std::uint8_t socket) {
    std::array<std::uint8_t, 4> ack;
    write_ack(ack, block);
    responder.on_datagram(ack, {.from = client(number), .to = Ipv4{1}, .socket = socket}, now);
  }
  void pass(std::int64_t ns) {
    now.mono_ns += ns;
    responder.on_time(now);
  }
  unsigned datagrams() const { return 2u * (last - first + 2u) - 1u; }  // of one transfer, in and out; the last ACK is not answered

  OneFile files;
  Sink sink;
  Instant now{.mono_ns = 1'000'000'000, .wall = 1'800'000'000};
  Responder responder{{.transfers = 16384}, files, sink, now};
  std::array<std::uint8_t, 128> request{};
  std::size_t request_size = 0;
  std::uint16_t first = 1, last = 1;
};

void count_packets(benchmark::State& state, const Scene& scene) {
  const double packets = static_cast<double>(state.iterations()) * scene.datagrams();
  state.counters["s_per_packet"] = benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

Options modem_options() {
  Options options;
  options.set(Option::blksize, 1448);
  options.set(Option::tsize, 0);
  return options;
}

// One after the other: everything is in the cache.
void alone(benchmark::State& state, const Options& options) {
  Scene scene(options);
  std::uint32_t number = 0;
  const auto transfer = [&] {
    const std::uint8_t socket = scene.ask(++number & 0xffff);
    for (std::uint32_t block = scene.first; block <= scene.last; ++block) scene.acknowledge(number & 0xffff, static_cast<std::uint16_t>(block), socket);
    if (number % 16 == 0) scene.pass(5'000'000);
  };
  transfer();
  check(scene.responder.counters().completed.get() == 1, "the transfer was not completed");
  {
    AllocationCount count{state};
    for (auto _ : state) transfer();
  }
  check(scene.responder.counters().completed.get() == static_cast<std::uint64_t>(state.iterations()) + 1, "a transfer was not completed");
  count_packets(state, scene);
}
void read_2k_plain_ns_per_transfer(benchmark::State& state) { alone(state, {}); }
void read_2k_with_options_ns_per_transfer(benchmark::State& state) { alone(state, modem_options()); }
BENCHMARK(read_2k_plain_ns_per_transfer);
BENCHMARK(read_2k_with_options_ns_per_transfer);

// Ten thousand at once, each a step in its turn, as when a plant comes back: nothing of a transfer is in the nearer caches when its packet comes.
void read_2k_plain_among_10000_ns_per_transfer(benchmark::State& state) {
  constexpr std::uint32_t kAtOnce = 10'000;
  Scene scene({});
  std::vector<std::uint8_t> sockets(kAtOnce);
  std::vector<std::uint16_t> blocks(kAtOnce, 0);
  std::uint32_t turn = 0;
  const auto step = [&](std::uint32_t number) {
    if (blocks[number] == 0) {
      sockets[number] = scene.ask(number);
    } else {
      scene.acknowledge(number, blocks[number], sockets[number]);
    }
    blocks[number] = static_cast<std::uint16_t>((blocks[number] + 1) % (scene.last + 1));
  };
  const unsigned steps = scene.last + 1u;
  for (std::uint32_t i = 0; i < kAtOnce; ++i) {
    for (std::uint32_t k = 0; k < i % steps; ++k) step(i);  // each somewhere else in its transfer
  }
  check(scene.responder.open() > kAtOnce / 2, "they are not under way");
  const std::uint64_t before = scene.responder.counters().completed.get();
  {
    AllocationCount count{state};
    for (auto _ : state) {
      for (unsigned i = 0; i < steps; ++i) step(turn++ * 7919u % kAtOnce);
      if (turn % 16 == 0) scene.pass(20'000);
    }
  }
  check(state.iterations() < kAtOnce || scene.responder.counters().completed.get() > before, "no transfer was completed");
  count_packets(state, scene);
}
BENCHMARK(read_2k_plain_among_10000_ns_per_transfer);

void parse_request_ns_per_packet(benchmark::State& state) {
  const Scene scene(modem_options());
  const Bytes datagram = Bytes{scene.request}.first(scene.request_size);
  check(parse(datagram).has_value(), "the request does not parse");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(datagram.data());
    benchmark::DoNotOptimize(parse(datagram));
  }
}
BENCHMARK(parse_request_ns_per_packet);

}  // namespace
}  // namespace coaxd::tftp
