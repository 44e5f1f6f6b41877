#include "bench/coaxstorm/fetch.h"

namespace coaxd::storm {
namespace {

using tftp::Opcode;
using tftp::Option;
using tftp::Options;

// RFC 2347: nothing that was not asked for. RFC 2348 and 7440 §3 let the server answer with less; a timeout stands as it was asked for, or is
// not there (RFC 2349); a size is the server's to tell.
bool may_answer(const tftp::Packet& packet, const Options& asked) noexcept {
  for (const Option option : {Option::blksize, Option::timeout, Option::tsize, Option::windowsize}) {
    if (!packet.options.has(option)) continue;
    const std::uint64_t value = packet.options.get(option), wanted = asked.get(option);
    if (!asked.has(option)) return false;
    if (option == Option::timeout ? value != wanted : option != Option::tsize && value > wanted) return false;
  }
  return packet.options_ignored == 0;
}

}  // namespace

std::size_t Fetch::write(MutableBytes out, std::string_view name, const Options& asked) const noexcept {
  return heard_ ? tftp::write_ack(out, static_cast<std::uint16_t>(last_)) : tftp::write_request(out, Opcode::rrq, name, "octet", asked);
}

Fetch::Step Fetch::take(const tftp::Packet& packet, const Options& asked) noexcept {
  switch (packet.opcode) {
    case Opcode::data: return take_data(packet);
    case Opcode::oack: return take_options(packet, asked);
    case Opcode::error: return {.next = Next::refused};
    default: return {.next = Next::broken, .violation = Violation::malformed_tftp};
  }
}

Fetch::Step Fetch::take_options(const tftp::Packet& packet, const Options& asked) noexcept {
  if (heard_) return {.next = last_ == 0 ? Next::answer : Next::none};  // it has not heard our ACK 0
  if (!may_answer(packet, asked)) return {.next = Next::broken, .violation = Violation::wrong_tftp_option};
  heard_ = true;
  block_size_ = static_cast<std::uint16_t>(packet.options.get(Option::blksize, tftp::kPlainBlockSize));
  window_ = static_cast<std::uint16_t>(packet.options.get(Option::windowsize, 1));
  if (packet.options.has(Option::tsize)) size_ = packet.options.get(Option::tsize);
  return {.next = Next::answer};
}

Fetch::Step Fetch::take_data(const tftp::Packet& packet) noexcept {
  const auto ahead = static_cast<std::uint16_t>(packet.block - static_cast<std::uint16_t>(last_ + 1));
  if (packet.data.size() > block_size_) return {.next = Next::broken, .violation = Violation::malformed_tftp};
  if (ahead >= 0x8000) {
    // It was here before. Of the last one the ACK may be lost; of those before it, it is not.
    const bool last = heard_ && packet.block == static_cast<std::uint16_t>(last_);
    return {.next = last ? Next::answer : Next::none};
  }
  if (ahead > 0) {
    // RFC 7440 §4: an ACK of what came in order, once, and the server goes back to there.
    const bool tell = heard_ && !gap_told_;
    gap_told_ = heard_;
    if (tell) in_window_ = 0;
    return {.next = tell ? Next::answer : Next::none};
  }
  heard_ = true;  // a first block without an OACK: no option counts (RFC 2347)
  gap_told_ = false;
  ++last_;
  octets_ += packet.data.size();
  if (packet.data.size() < block_size_) {
    const bool as_told = !size_ || *size_ == octets_;
    return {.next = Next::complete, .octets = packet.data, .violation = as_told ? std::nullopt : std::optional{Violation::wrong_file_size}};
  }
  if (++in_window_ < window_) return {.next = Next::none, .octets = packet.data};
  in_window_ = 0;
  return {.next = Next::answer, .octets = packet.data};
}

}  // namespace coaxd::storm
