// echo_storm.h: the load on the echo ceiling: as many datagrams an exchange, and as long ones, as real clients and a real server
// send each other, and nothing inside. Closed loop, plain recvmmsg/sendmmsg on one thread and one socket.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "bench/coaxstorm/histogram.h"
#include "server/base/ipv4.h"

namespace coaxd::ceiling {

struct EchoStep {
  std::uint32_t query_size, reply_size;  // UDP payload; from EchoPacket::kSize to PacketBatch::kRoom
};

struct EchoPlan {
  Ipv4 server, local;
  std::vector<EchoStep> exchange;  // one after the other; the first query of an exchange follows the last reply of the one before
  std::uint32_t window = 128;      // exchanges at a time
  double seconds = 1;
  bool spins = false;  // never sleeps
};

struct EchoResult {
  std::uint64_t exchanges = 0, sent_again = 0;
  double seconds = 0, cpu_seconds = 0;
  storm::Histogram latency;  // of whole exchanges
};

// The error is text for the user.
std::expected<EchoResult, std::string> run_echo_storm(const EchoPlan& plan);

}  // namespace coaxd::ceiling
