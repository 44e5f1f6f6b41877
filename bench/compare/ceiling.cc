// ceiling.cc: two servers that do nothing, so that a real server's figure also stands as a share of what kernel and generator
// allow, and the load for the one of them that coaxstorm cannot judge. All is plain recvmmsg/sendmmsg on one thread.
//   null   answers DISCOVER and REQUEST from an array indexed by the low octets of the MAC; no options logic, no store.
//          --trains: takes queries and sends replies in trains (UDP_GRO, UDP_SEGMENT), the ceiling of a server that does
//   echo   sends every datagram back, cut or padded to the length that its head asks for (echo_packet.h)
//   storm  the load for echo (echo_storm.h); prints its result as coaxstorm's JSON has it
// Usage: ceiling null [--trains] FIRST-ADDRESS SERVER-ADDRESS     serves UDP port 67 until killed
//        ceiling echo FIRST-ADDRESS SERVER-ADDRESS
//        ceiling storm SERVER RELAY WINDOW SECONDS spin|sleep QUERY:REPLY...     sizes of UDP payload, one pair for each step
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "bench/coaxstorm/send_batch.h"
#include "bench/compare/echo_packet.h"
#include "bench/compare/echo_storm.h"
#include "bench/compare/packet_batch.h"
#include "bench/compare/train_receiver.h"
#include "server/wire/option_table.h"

namespace {

using namespace coaxd;
using namespace coaxd::ceiling;
namespace option = wire::option;

constexpr std::size_t kHeader = 240;
constexpr std::uint32_t kClients = 1 << 24;
constexpr std::uint16_t kPort = 67;

class NullResponder {
 public:
  NullResponder(Ipv4 first, Ipv4 server) : first_(first), server_(server), assigned_(kClients) {}

  // Turns the query into its reply in place; returns the new size, 0 for no reply.
  std::size_t answer(std::uint8_t* packet, std::size_t size) {
    if (size < kHeader) return 0;
    std::uint8_t type = 0;
    std::array<std::uint8_t, 257> agent{};
    std::size_t agent_size = 0;
    for (std::size_t at = kHeader; at + 1 < size && packet[at] != option::end; at += 2u + packet[at + 1]) {
      if (packet[at] == option::message_type) type = packet[at + 2];
      if (packet[at] != option::relay_agent_information || at + 2u + packet[at + 1] > size) continue;
      agent_size = 2u + packet[at + 1];
      std::memcpy(agent.data(), packet + at, agent_size);
    }
    if (type != 1 && type != 3) return 0;
    packet[0] = 2;
    packet[3] = 0;
    std::uint32_t& address = assigned_[load_be32(packet + 30) & (kClients - 1)];
    if (address == 0) address = first_.value + next_++;
    store_be32(packet + 16, address);
    std::uint8_t* out = packet + kHeader;
    const auto put = [&](std::uint8_t code, std::uint32_t value) {
      out[0] = code;
      out[1] = 4;
      store_be32(out + 2, value);
      out += 6;
    };
    *out++ = option::message_type;
    *out++ = 1;
    *out++ = type == 1 ? 2 : 5;
    put(option::server_identifier, server_.value);
    put(option::lease_time, 86400);
    put(option::subnet_mask, 0xffe00000);
    put(option::routers, server_.value);
    put(option::domain_name_servers, server_.value);
    std::memcpy(out, agent.data(), agent_size);
    out += agent_size;
    *out++ = option::end;
    return static_cast<std::size_t>(out - packet);
  }

 private:
  Ipv4 first_, server_;
  std::uint32_t next_ = 0;
  std::vector<std::uint32_t> assigned_;
};

std::size_t echo_size(const std::uint8_t* packet, std::size_t size) {
  if (size < EchoPacket::kSize) return 0;
  return std::min<std::size_t>(EchoPacket::read(packet).reply_size, PacketBatch::kRoom);
}

template <typename Answer>
int serve(int fd, Answer answer) {
  const auto batch = std::make_unique<PacketBatch>();
  while (true) {
    batch->reset();
    const int got = recvmmsg(fd, batch->messages.data(), PacketBatch::kPackets, MSG_WAITFORONE, nullptr);
    if (got < 0 && errno != EINTR) return 1;
    std::size_t replies = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(got, 0)); ++i) {
      const std::size_t size = answer(batch->octets[i].data(), batch->messages[i].msg_len);
      if (size == 0) continue;
      batch->vectors[i].iov_len = size;
      std::swap(batch->messages[replies++].msg_hdr, batch->messages[i].msg_hdr);
    }
    batch->send(fd, replies);
  }
}

// Replies to one peer at a time, as a relay is one: another's turn comes when those before him are on their way.
class TrainSender {
 public:
  explicit TrainSender(int fd) : fd_(fd) {}

  template <typename Answer>
  void reply(Bytes query, const sockaddr_in& to, Answer answer) {
    if (query.size() > storm::SendBatch::kRoom) return;
    if (batch_ == nullptr || to.sin_addr.s_addr != to_.sin_addr.s_addr || to.sin_port != to_.sin_port) {
      flush();
      to_ = to;
      batch_ = std::make_unique<storm::SendBatch>(to, false, true);
    }
    if (batch_->full()) flush();
    std::memcpy(batch_->room(), query.data(), query.size());
    if (const std::size_t size = answer(batch_->room(), query.size()); size > 0) batch_->add(size, Ipv4{});
  }
  void flush() {
    if (batch_ != nullptr) batch_->flush(fd_);
  }

 private:
  int fd_;
  sockaddr_in to_{};
  std::unique_ptr<storm::SendBatch> batch_;
};

template <typename Answer>
int serve_in_trains(int fd, Answer answer) {
  if (!TrainReceiver::accept_on(fd)) {
    fmt::print(stderr, "ceiling: this kernel takes no trains: {}\n", std::strerror(errno));
    return 1;
  }
  TrainReceiver queries;
  TrainSender replies(fd);
  while (queries.receive(fd, [&](Bytes query, const sockaddr_in& from) { replies.reply(query, from, answer); })) replies.flush();
  return 1;
}

int serve(std::string_view what, std::span<char*> arguments) {
  const bool trains = std::string_view{arguments[0]} == "--trains";
  if (trains) arguments = arguments.subspan(1);
  const auto first = Ipv4::parse(arguments[0]), server = Ipv4::parse(arguments[1]);
  if (!first || !server) return -1;
  const int fd = open_udp(Ipv4{}, kPort);
  if (fd < 0) {
    fmt::print(stderr, "ceiling: port {}: {}\n", kPort, std::strerror(errno));
    return 1;
  }
  if (what == "echo") return serve(fd, [](const std::uint8_t* packet, std::size_t size) { return echo_size(packet, size); });
  NullResponder responder{*first, *server};
  const auto answer = [&](std::uint8_t* packet, std::size_t size) { return responder.answer(packet, size); };
  return trains ? serve_in_trains(fd, answer) : serve(fd, answer);
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

std::optional<EchoPlan> parse_plan(std::span<char*> arguments) {
  const auto server = Ipv4::parse(arguments[0]), local = Ipv4::parse(arguments[1]);
  const auto window = number<std::uint32_t>(arguments[2]);
  const auto seconds = number<double>(arguments[3]);
  if (!server || !local || !window || !seconds) return std::nullopt;
  EchoPlan plan{.server = *server, .local = *local, .exchange = {}, .window = *window, .seconds = *seconds,
                .spins = std::string_view{arguments[4]} == "spin"};
  for (const std::string_view pair : arguments.subspan(5)) {
    const std::size_t colon = std::min(pair.find(':'), pair.size() - 1);
    const auto query = number<std::uint32_t>(pair.substr(0, colon)), reply = number<std::uint32_t>(pair.substr(colon + 1));
    if (!query || !reply) return std::nullopt;
    plan.exchange.push_back({*query, *reply});
  }
  return plan;
}

int load(std::span<char*> arguments) {
  const auto plan = parse_plan(arguments);
  if (!plan) return -1;
  const auto result = run_echo_storm(*plan);
  if (!result) {
    fmt::print(stderr, "ceiling: {}\n", result.error());
    return 1;
  }
  const auto ms = [&](double quantile) { return static_cast<double>(result->latency.percentile(quantile)) * 1e-6; };
  const double load = result->cpu_seconds / result->seconds;
  fmt::print(R"({{"exchanges_per_s": {:.1f}, "completed": {}, "measured_s": {:.4f}, "sent_again": {}, "window": {},)"
             R"( "generator_load": {:.3f}, "generator_saturated": {}, "violations": {{}},)"
             R"( "latency_ms": {{"exchange": {{"p50": {:.4f}, "p90": {:.4f}, "p99": {:.4f}}}}}}})" "\n",
             static_cast<double>(result->exchanges) / result->seconds, result->exchanges, result->seconds, result->sent_again,
             plan->window, load, load > 0.95, ms(0.5), ms(0.9), ms(0.99));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments{argv, static_cast<std::size_t>(argc)};
  const std::string_view what = argc > 1 ? argv[1] : "";
  int status = -1;
  const bool trains = what == "null" && argc == 5 && std::string_view{argv[2]} == "--trains";
  if (trains || ((what == "null" || what == "echo") && argc == 4)) status = serve(what, arguments.subspan(2));
  if (what == "storm" && argc > 7) status = load(arguments.subspan(2));
  if (status < 0) {
    fmt::print(stderr,
               "usage: ceiling null [--trains] FIRST-ADDRESS SERVER-ADDRESS\n"
               "       ceiling echo FIRST-ADDRESS SERVER-ADDRESS\n"
               "       ceiling storm SERVER RELAY WINDOW SECONDS spin|sleep QUERY:REPLY...\n");
  }
  return status < 0 ? 1 : status;
}
