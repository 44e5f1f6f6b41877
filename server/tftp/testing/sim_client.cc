#include "server/tftp/testing/sim_client.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace coaxd::tftp {

void SimClient::start(std::int64_t now_ns, const Send& send) {
  state_ = State::asking;
  peer_ = {};
  agreed_ = {};
  block_size_ = kPlainBlockSize;
  window_ = 1;
  in_window_ = last_ = 0;
  asked_back_ = false;
  received_.clear();
  tries_ = 0;
  ask(send);
  arm(now_ns);
}

void SimClient::on_datagram(Bytes datagram, Endpoint from, std::int64_t now_ns, const Send& send) {
  if (state_ != State::asking && state_ != State::receiving && state_ != State::complete) return;
  const auto packet = parse(datagram);
  if (!packet) {
    complaint_ = "a packet that cannot be read";
    return;
  }
  if (packet->opcode == Opcode::error) {
    const bool mine = state_ == State::asking ? from.address == settings_.server.address : from == peer_;
    if (mine && state_ != State::complete) fail(packet->error, packet->text);
    return;
  }
  if (!is_peer(from, send)) return;
  if (packet->opcode == Opcode::oack) return on_oack(*packet, now_ns, send);
  if (packet->opcode != Opcode::data) {
    complaint_ = "neither DATA nor OACK nor ERROR";
    return;
  }
  on_data(*packet, now_ns, send);
}

// RFC 1350 §4: the source of the first answer is the other side's TID; any other is told off, and changes nothing.
bool SimClient::is_peer(Endpoint from, const Send& send) {
  if (state_ == State::asking && peer_ == Endpoint{}) peer_ = from;
  if (peer_ == from) return true;
  std::array<std::uint8_t, 64> out;
  send(Bytes{out}.first(write_error(out, ErrorCode::unknown_transfer, "not you")), from);
  return false;
}

void SimClient::on_oack(const Packet& packet, std::int64_t now_ns, const Send& send) {
  if (state_ != State::asking) {
    if (state_ == State::receiving && last_ == 0) acknowledge(send);  // it has not heard the ACK of block 0
    return;
  }
  const Options& asked = settings_.asked;
  for (const Option option : {Option::blksize, Option::timeout, Option::tsize, Option::windowsize}) {
    if (packet.options.has(option) && !asked.has(option)) complaint_ = "an option that was not asked for";
  }
  for (const Option option : {Option::blksize, Option::windowsize}) {
    if (packet.options.get(option) > asked.get(option, 65535)) complaint_ = "more than was asked for";
  }
  if (packet.options.has(Option::timeout) && packet.options.get(Option::timeout) != asked.get(Option::timeout)) complaint_ = "another timeout";
  if (packet.options.empty()) complaint_ = "an empty OACK";
  agreed_ = packet.options;
  block_size_ = static_cast<std::size_t>(agreed_.get(Option::blksize, kPlainBlockSize));
  window_ = agreed_.get(Option::windowsize, 1);
  state_ = State::receiving;
  tries_ = 0;
  acknowledge(send);
  arm(now_ns);
}

void SimClient::on_data(const Packet& packet, std::int64_t now_ns, const Send& send) {
  const bool plain = settings_.asked.empty();
  if (state_ == State::asking) {
    if (!plain) complaint_ = "DATA before the OACK";  // what was asked for, this server can do
    state_ = State::receiving;
  }
  if (packet.data.size() > block_size_) complaint_ = "DATA larger than agreed";
  const auto ahead = static_cast<std::uint16_t>(packet.block - static_cast<std::uint16_t>(last_));
  if (ahead == 0 || ahead > 0x7fff) return on_repeated(packet, send);
  if (state_ == State::complete) {
    complaint_ = "a block behind the last";
    return;
  }
  if (ahead > 1) {  // RFC 7440 §4: the last that came in order, once
    if (!asked_back_) acknowledge(send);
    asked_back_ = true;
    in_window_ = 0;
    return;
  }
  ++last_;
  received_.insert(received_.end(), packet.data.begin(), packet.data.end());
  asked_back_ = false;
  tries_ = 0;
  const bool final = packet.data.size() < block_size_;
  if (final) state_ = State::complete;
  if (++in_window_ >= window_ || final) acknowledge(send);
  arm(now_ns);
}

// A block that was here already: its octets must be the same. The newest is acknowledged again, for that ACK may be what was lost.
void SimClient::on_repeated(const Packet& packet, const Send& send) {
  const auto behind = static_cast<std::uint16_t>(static_cast<std::uint16_t>(last_) - packet.block);
  if (behind < last_) {
    const std::size_t offset = static_cast<std::size_t>(last_ - behind - 1) * block_size_;
    const bool same = offset + packet.data.size() <= received_.size() && std::equal(packet.data.begin(), packet.data.end(), received_.begin() + static_cast<std::ptrdiff_t>(offset));
    if (!same) complaint_ = "a block that was another before";
  }
  if (behind == 0 && last_ > 0) acknowledge(send);
}

void SimClient::on_time(std::int64_t now_ns, const Send& send) {
  if (now_ns < deadline_ns_) return;
  if (state_ == State::complete) {  // it has waited for repetitions of the last block, and goes
    deadline_ns_ = kNever;
    return;
  }
  if (++tries_ >= settings_.tries) return fail(ErrorCode::undefined, "timeout");
  if (state_ == State::asking) {
    ask(send);
  } else {
    asked_back_ = false;
    acknowledge(send);
  }
  arm(now_ns);
}

void SimClient::ask(const Send& send) {
  std::array<std::uint8_t, 600> out;
  send(Bytes{out}.first(write_request(out, Opcode::rrq, settings_.name, settings_.mode, settings_.asked)), settings_.server);
}

void SimClient::acknowledge(const Send& send) {
  in_window_ = 0;
  std::array<std::uint8_t, kHeaderSize> out;
  send(Bytes{out}.first(write_ack(out, static_cast<std::uint16_t>(last_))), peer_);
}

void SimClient::arm(std::int64_t now_ns) {
  deadline_ns_ = now_ns + std::min<std::int64_t>(settings_.timeout_ns << std::min(tries_, 5u), 32'000'000'000);
}

void SimClient::fail(ErrorCode code, std::string_view text) {
  state_ = State::failed;
  deadline_ns_ = kNever;
  error_ = code;
  text_ = text;
}

}  // namespace coaxd::tftp
