#include "bench/compare/echo_storm.h"

#include <fmt/core.h>
#include <poll.h>

#include <cstring>
#include <ctime>
#include <memory>

#include "bench/compare/echo_packet.h"
#include "bench/compare/packet_batch.h"

namespace coaxd::ceiling {
namespace {

constexpr std::uint16_t kPort = 67;  // relays send from the server port (RFC 2131 §4.1)
constexpr std::int64_t kTimeoutNs = 200'000'000, kSecondNs = 1'000'000'000;

std::int64_t nanoseconds(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

class EchoStorm {
 public:
  EchoStorm(const EchoPlan& plan, int fd) : plan_(plan), fd_(fd), slots_(plan.window) {
    out_.reset();
    const sockaddr_in server = socket_address(plan.server, kPort);
    for (std::size_t i = 0; i < PacketBatch::kPackets; ++i) {
      out_.peers[i] = server;
      out_.octets[i] = {};
    }
  }

  EchoResult run() {
    const std::int64_t start = nanoseconds(CLOCK_MONOTONIC);
    const std::int64_t end = start + static_cast<std::int64_t>(plan_.seconds * 1e9);
    now_ = start;
    for (std::uint32_t slot = 0; slot < plan_.window; ++slot) {
      slots_[slot].number = static_cast<std::uint32_t>(start);  // late answers to an earlier run are not taken for this one's
      begin(slot);
    }
    flush();
    for (std::int64_t sweep = start + kTimeoutNs; now_ < end;) {
      receive();
      if (now_ < sweep) continue;
      send_again();
      sweep = now_ + kTimeoutNs;
    }
    result_.seconds = static_cast<double>(now_ - start) * 1e-9;
    result_.cpu_seconds = static_cast<double>(nanoseconds(CLOCK_PROCESS_CPUTIME_ID)) * 1e-9;
    return result_;
  }

 private:
  struct Slot {
    std::int64_t begun = 0, sent = 0;
    std::uint32_t step = 0, number = 0;
  };

  void begin(std::uint32_t slot) {
    slots_[slot].begun = now_;
    slots_[slot].step = 0;
    send(slot);
  }

  void send(std::uint32_t slot) {
    Slot& what = slots_[slot];
    const EchoStep& step = plan_.exchange[what.step];
    what.sent = now_;
    EchoPacket{step.reply_size, slot, ++what.number}.write(out_.octets[queued_].data());
    out_.vectors[queued_].iov_len = step.query_size;
    if (++queued_ == PacketBatch::kPackets) flush();
  }

  void flush() {
    out_.send(fd_, queued_);
    queued_ = 0;
  }

  void receive() {
    in_.reset();
    const int count = recvmmsg(fd_, in_.messages.data(), PacketBatch::kPackets, MSG_DONTWAIT, nullptr);
    if (count <= 0 && !plan_.spins) {
      pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
      poll(&waiting, 1, 50);
    }
    now_ = nanoseconds(CLOCK_MONOTONIC);
    for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
      take({in_.octets[i].data(), in_.messages[i].msg_len});
    }
    flush();
  }

  void take(Bytes reply) {
    if (reply.size() < EchoPacket::kSize) return;
    const EchoPacket packet = EchoPacket::read(reply.data());
    if (packet.slot >= slots_.size()) return;
    Slot& slot = slots_[packet.slot];
    if (packet.number != slot.number) return;  // late: its query was sent again
    if (reply.size() != plan_.exchange[slot.step].reply_size) return;
    if (++slot.step < plan_.exchange.size()) return send(packet.slot);
    ++result_.exchanges;
    result_.latency.record(now_ - slot.begun);
    begin(packet.slot);
  }

  void send_again() {
    for (std::uint32_t slot = 0; slot < plan_.window; ++slot) {
      if (now_ - slots_[slot].sent < kTimeoutNs) continue;
      ++result_.sent_again;
      send(slot);
    }
    flush();
  }

  const EchoPlan& plan_;
  int fd_;
  std::int64_t now_ = 0;
  std::size_t queued_ = 0;
  std::vector<Slot> slots_;
  PacketBatch in_, out_;
  EchoResult result_;
};

}  // namespace

std::expected<EchoResult, std::string> run_echo_storm(const EchoPlan& plan) {
  for (const EchoStep& step : plan.exchange) {
    for (const std::uint32_t size : {step.query_size, step.reply_size}) {
      if (size < EchoPacket::kSize || size > PacketBatch::kRoom) {
        return std::unexpected(fmt::format("datagrams are of {} to {} octets", EchoPacket::kSize, PacketBatch::kRoom));
      }
    }
  }
  if (plan.exchange.empty() || plan.window == 0) return std::unexpected(std::string{"an empty exchange or window"});
  const int fd = open_udp(plan.local, kPort);
  if (fd < 0) return std::unexpected(fmt::format("port {}: {}", kPort, std::strerror(errno)));
  const EchoResult result = std::make_unique<EchoStorm>(plan, fd)->run();  // too large for a stack
  close(fd);
  return result;
}

}  // namespace coaxd::ceiling
