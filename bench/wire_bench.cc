// What one packet costs in wire/: parsing a modem's messages, writing an ACK, framing it.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "bench/allocations.h"
#include "bench/check.h"
#include "server/wire/frame.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"
#include "server/wire/reply.h"
#include "server/wire/test_packet.h"

namespace coaxd::wire {
namespace {

using bench::AllocationCount;
using bench::check;

// A wrong answer is not worth timing.
void parse(benchmark::State& state, Bytes packet, std::uint8_t expected) {
  static Message message;
  check(message.parse(packet) && message.has(expected), "the packet does not parse");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet.data());
    benchmark::DoNotOptimize(message.parse(packet));
  }
}

void parse_discover_ns_per_packet(benchmark::State& state) {
  const TestPacket packet = modem_discover();
  parse(state, packet, option::relay_agent_information);
}
BENCHMARK(parse_discover_ns_per_packet);

// What is looked at a few packets ahead, so that the memory they need is on its way.
void glimpse_ns_per_packet(benchmark::State& state) {
  const TestPacket packet = modem_discover();
  check(glimpse(packet).client_id.size() == 7, "the client was not seen");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet.octets().data());
    benchmark::DoNotOptimize(glimpse(packet));
  }
}
BENCHMARK(glimpse_ns_per_packet);

void parse_renewal_ns_per_packet(benchmark::State& state) {
  TestPacket packet;
  packet.set(12, {10, 1, 0, 9})
      .cookie()
      .add(53, {3})
      .add(61, {1, 0, 0x15, 0x96, 0, 0, 5})
      .add(55, {1, 3, 6, 15})
      .end()
      .pad();
  parse(state, packet, option::client_identifier);
}
BENCHMARK(parse_renewal_ns_per_packet);

void parse_options_in_pieces_ns_per_packet(benchmark::State& state) {
  TestPacket packet;
  packet.cookie().add(53, {1});
  for (int i = 0; i < 4; ++i) packet.add(43, TestPacket::Octets(200, 'x'));
  packet.end();
  parse(state, packet, option::vendor_encapsulated);
}
BENCHMARK(parse_options_in_pieces_ns_per_packet);

void parse_malformed_ns_per_packet(benchmark::State& state) {
  TestPacket packet = modem_discover();
  TestPacket::Octets octets = packet.octets();
  octets[241] = 200;
  static Message message;
  check(!message.parse(octets), "the packet parses");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(octets.data());
    benchmark::DoNotOptimize(message.parse(octets));
  }
}
BENCHMARK(parse_malformed_ns_per_packet);

// What a modem gets, and the same with more options than the options field holds.
void write_ack(benchmark::State& state, bool overload) {
  const std::uint8_t type[] = {5}, server[] = {10, 0, 0, 1}, time[] = {0, 0, 14, 16},
                     mask[] = {255, 255, 255, 0};
  const std::uint8_t servers[] = {10, 0, 0, 1, 10, 0, 0, 2}, offset[] = {0, 0, 0, 0};
  const TestPacket::Octets packetcable(overload ? 200 : 40, 'p'), vendor(overload ? 100 : 20, 'v');
  const std::vector<ReplyOption> options = {
      {53, type},   {54, server}, {51, time},   {1, mask},          {2, offset}, {3, server},
      {4, servers}, {7, server},  {6, servers}, {122, packetcable}, {43, vendor}};
  const std::uint8_t relay[] = {1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0x96, 0, 0, 5};
  const std::uint8_t chaddr[] = {0, 0x15, 0x96, 0, 0, 5};
  const ReplyHeader header{.chaddr = chaddr,
                           .xid = 1,
                           .yiaddr = Ipv4::of(10, 1, 0, 9),
                           .giaddr = Ipv4::of(10, 1, 0, 1),
                           .file = overload ? Bytes{} : as_bytes("cm/gold.bin")};
  static std::array<std::uint8_t, 1472> out;
  static Message reply;
  const ReplyResult result = write_reply(out, header, options, relay, {});
  check(result.left_out == 0 &&
            reply.parse(Bytes{out}.first(result.size), Message::Accept::replies) &&
            reply.has(option::overload) == overload,
        "the reply is wrong");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_reply(out, header, options, relay, {}));
    benchmark::ClobberMemory();
  }
}
void write_ack_ns_per_packet(benchmark::State& state) {
  write_ack(state, false);
}
BENCHMARK(write_ack_ns_per_packet);
void write_ack_overloaded_ns_per_packet(benchmark::State& state) {
  write_ack(state, true);
}
BENCHMARK(write_ack_overloaded_ns_per_packet);

void echo_relay_agent_info_ns_per_packet(benchmark::State& state) {
  const TestPacket packet = modem_discover();
  static Message message;
  check(message.parse(packet).has_value(), "the packet does not parse");
  std::array<std::uint8_t, 255> out;
  check(message.relay_agent_info().echo(out) == 20, "the echo is wrong");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(message.relay_agent_info().echo(out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(echo_relay_agent_info_ns_per_packet);

void frame_300_octets_ns_per_packet(benchmark::State& state) {
  std::array<std::uint8_t, kFrameOverhead + 300> out{};
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        write_ethernet_udp(out, {}, {}, Ipv4::of(10, 0, 0, 1), Ipv4::of(10, 1, 0, 9), 67, 68, 300));
    benchmark::ClobberMemory();
  }
  check(parse_ethernet_udp(out, true).has_value(), "the frame is wrong");
}
BENCHMARK(frame_300_octets_ns_per_packet);

void parse_frame_300_octets_ns_per_packet(benchmark::State& state) {
  std::array<std::uint8_t, kFrameOverhead + 300> frame{};
  write_ethernet_udp(frame, {}, {}, Ipv4::of(10, 0, 0, 1), Ipv4::of(10, 1, 0, 9), 68, 67, 300);
  check(parse_ethernet_udp(frame, true).has_value(), "the frame does not parse");
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(frame.data());
    benchmark::DoNotOptimize(parse_ethernet_udp(frame, true));
  }
}
BENCHMARK(parse_frame_300_octets_ns_per_packet);

void find_option_ns_per_name(benchmark::State& state) {
  const SpaceDef& space = *find_space("dhcp");
  std::size_t next = 0;
  for (auto _ : state) {
    const OptionDef* found = find_option(space, space.options[next].name);
    benchmark::DoNotOptimize(found);
    next = next + 1 == space.options.size() ? 0 : next + 1;
  }
}
BENCHMARK(find_option_ns_per_name);

}  // namespace
}  // namespace coaxd::wire
