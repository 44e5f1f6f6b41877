// sim_client.h: a TFTP client as a value, for tests and fuzzing: asks, acknowledges, asks again by time; RFC 1350 with the options, and RFC 7440's windows. It knows
// nothing of the responder's code but the packets. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/tftp/endpoint.h"
#include "server/tftp/packet.h"

namespace coaxd::tftp {

struct SimClientSettings {
  Endpoint self{}, server{};
  std::string name{};
  std::string mode = "octet";
  Options asked{};
  std::int64_t timeout_ns = 1'000'000'000;  // doubled with each try, to 32 s: DOCSIS
  unsigned tries = 12;
};

class SimClient {
 public:
  using Send = std::function<void(Bytes datagram, Endpoint to)>;
  enum class State : std::uint8_t { idle, asking, receiving, complete, failed };

  explicit SimClient(SimClientSettings settings) : settings_(std::move(settings)) {}

  void start(std::int64_t now_ns, const Send& send);  // again: from the beginning, with the port that it had
  void on_datagram(Bytes datagram, Endpoint from, std::int64_t now_ns, const Send& send);
  void on_time(std::int64_t now_ns, const Send& send);
  std::int64_t next_ns() const noexcept { return deadline_ns_; }

  State state() const noexcept { return state_; }
  bool over() const noexcept { return state_ == State::complete || state_ == State::failed; }
  const std::vector<std::uint8_t>& received() const noexcept { return received_; }
  const Options& agreed() const noexcept { return agreed_; }
  ErrorCode error() const noexcept { return error_; }
  const std::string& text() const noexcept { return text_; }
  Endpoint peer() const noexcept { return peer_; }
  const SimClientSettings& settings() const noexcept { return settings_; }
  // A server that breaks the rules: DATA larger than agreed, options that were not asked for, other octets for a block than before.
  const std::string& complaint() const noexcept { return complaint_; }

 private:
  bool is_peer(Endpoint from, const Send& send);
  void on_oack(const Packet& packet, std::int64_t now_ns, const Send& send);
  void on_data(const Packet& packet, std::int64_t now_ns, const Send& send);
  void on_repeated(const Packet& packet, const Send& send);
  void ask(const Send& send);
  void acknowledge(const Send& send);
  void arm(std::int64_t now_ns);
  void fail(ErrorCode code, std::string_view text);

  SimClientSettings settings_;
  State state_ = State::idle;
  Endpoint peer_;  // its TID, from its first answer on
  Options agreed_;
  std::size_t block_size_ = kPlainBlockSize;
  std::uint64_t window_ = 1, in_window_ = 0;
  std::uint64_t last_ = 0;  // block, in order, not wrapped
  bool asked_back_ = false;  // this gap has been told already
  std::vector<std::uint8_t> received_;
  std::int64_t deadline_ns_ = kNever;
  unsigned tries_ = 0;
  ErrorCode error_ = ErrorCode::undefined;
  std::string text_, complaint_;

  static constexpr std::int64_t kNever = 0x7fffffffffffffff;
};

}  // namespace coaxd::tftp
