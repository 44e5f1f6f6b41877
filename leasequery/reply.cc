#include "leasequery/reply.h"

#include <algorithm>
#include <array>

#include "server/base/assert.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {
namespace {

namespace code = wire::option;

constexpr std::size_t kFixed = wire::Message::kMinimum;  // with the cookie
constexpr std::size_t kLongest = 255;
constexpr std::size_t kUdpOverhead = 28;     // IP and UDP headers, which option 57 counts in (RFC 2132 §9.10)
constexpr std::size_t kLeastDatagram = 576;  // RFC 2131 §2

constexpr std::size_t encoded_size(std::size_t length) noexcept { return length + 2 * std::max<std::size_t>(1, (length + kLongest - 1) / kLongest); }

}  // namespace

Frame frame_of(const wire::Message& query) noexcept {
  Frame frame;
  frame.hops = query.hops();
  frame.xid = query.xid();
  frame.flags = query.flags();
  frame.giaddr = query.giaddr();
  return frame;
}

ReplyWriter::ReplyWriter(MutableBytes out, const Frame& frame) noexcept : out_(out) {
  if (out.size() < kFixed + 1) return;
  COAXD_ASSERT(frame.chaddr.size() <= wire::Message::kChaddrSize);
  std::fill_n(out.begin(), kFixed, std::uint8_t{0});
  out[0] = wire::kBootReply;
  out[1] = frame.htype;
  out[2] = static_cast<std::uint8_t>(frame.chaddr.size());
  out[3] = frame.hops;
  store_be32(&out[4], frame.xid);
  store_be16(&out[10], frame.flags);
  store_be32(&out[12], frame.ciaddr.value);
  store_be32(&out[16], frame.yiaddr.value);
  store_be32(&out[20], frame.siaddr.value);
  store_be32(&out[24], frame.giaddr.value);
  std::ranges::copy(frame.chaddr, &out[28]);
  store_be32(&out[wire::Message::kFixedSize], wire::kMagicCookie);
  at_ = kFixed;
}

std::size_t ReplyWriter::room() const noexcept {
  const std::size_t used = at_ + kept_ + 1;
  return at_ == 0 || out_.size() < used ? 0 : out_.size() - used;
}

void ReplyWriter::option(std::uint8_t option_code, Bytes value) noexcept {
  if (encoded_size(value.size()) > room()) {
    ++left_out_;
    return;
  }
  do {
    const Bytes piece = value.first(std::min(value.size(), kLongest));
    out_[at_] = option_code;
    out_[at_ + 1] = static_cast<std::uint8_t>(piece.size());
    std::ranges::copy(piece, out_.begin() + static_cast<std::ptrdiff_t>(at_ + 2));
    at_ += 2 + piece.size();
    value = value.subspan(piece.size());
  } while (!value.empty());
}

void ReplyWriter::u32(std::uint8_t option_code, std::uint32_t value) noexcept {
  std::array<std::uint8_t, 4> octets;
  store_be32(octets.data(), value);
  option(option_code, octets);
}

void ReplyWriter::addresses(std::uint8_t option_code, std::span<const Ipv4> values) noexcept {
  std::array<std::uint8_t, kLongest / 4 * 4> octets;
  const std::size_t most = room() < 6 ? 0 : std::min((room() - 2) / 4, octets.size() / 4);
  const std::size_t count = std::min(values.size(), most);
  if (count < values.size()) ++left_out_;
  if (count == 0) return;
  for (std::size_t i = 0; i < count; ++i) store_be32(&octets[4 * i], values[i].value);
  option(option_code, Bytes(octets).first(4 * count));
}

std::size_t ReplyWriter::finish() noexcept {
  if (at_ == 0) return 0;
  out_[at_++] = code::end;
  return at_;
}

std::uint8_t answer_type(Dialect dialect, std::uint8_t query_type, Standing standing) noexcept {
  using wire::MessageType;
  switch (dialect) {
    case Dialect::draft0:
      return static_cast<std::uint8_t>(standing == Standing::active ? MessageType::ack : MessageType::nak);
    case Dialect::draft2:
      return static_cast<std::uint8_t>(query_type + (standing == Standing::active ? 3 : standing == Standing::unknown ? 2 : 1));
    default:
      return static_cast<std::uint8_t>(standing == Standing::active    ? MessageType::lease_active
                                       : standing == Standing::unknown ? MessageType::lease_unknown
                                                                       : MessageType::lease_unassigned);
  }
}

void write_facts(ReplyWriter& writer, const Codes& wanted, const Facts& facts, std::span<const Ipv4> others) noexcept {
  const auto text = [&](std::uint8_t option_code, Bytes value) {
    if (wanted[option_code] && !value.empty()) writer.option(option_code, value);
  };
  // Without option 82 a CMTS cannot tell behind which modem the address is: what else there is has what room it leaves.
  const bool agent = wanted[code::relay_agent_information] && !facts.agent_info.empty();
  const std::size_t agent_size = agent ? encoded_size(facts.agent_info.size()) : 0;
  if (agent_size <= writer.room()) writer.keep_free(agent_size);
  if (facts.standing == Standing::active) {
    if (wanted[code::lease_time]) writer.u32(code::lease_time, facts.lease_left);
    if (wanted[code::renewal_time] && facts.t1_left != 0) writer.u32(code::renewal_time, facts.t1_left);
    if (wanted[code::rebinding_time] && facts.t2_left != 0) writer.u32(code::rebinding_time, facts.t2_left);
  }
  for (const std::uint8_t addresses : {code::associated_ip, draft_option::leased_addresses})
    if (wanted[addresses] && !others.empty()) writer.addresses(addresses, others);
  for (const std::uint8_t ago : {code::client_last_transaction_time, draft_option::last_transaction})
    if (wanted[ago] && facts.since_cltt) writer.u32(ago, *facts.since_cltt);
  text(code::client_identifier, facts.client_id);
  text(code::vendor_class_identifier, facts.vendor_class);
  text(code::host_name, facts.host_name);
  text(draft_option::host_name, facts.host_name);
  writer.keep_free(0);
  if (agent) writer.option(code::relay_agent_information, facts.agent_info);
}

std::size_t write_answer(MutableBytes out, const Answer& answer) noexcept {
  const Query& query = answer.query;
  const wire::Message& message = answer.message;
  const bool active = answer.standing == Standing::active;
  const bool draft0_ack = query.dialect == Dialect::draft0 && active;

  Frame frame = frame_of(message);
  if (active) {
    frame.ciaddr = answer.facts->address;
    frame.htype = answer.facts->htype;
    frame.chaddr = answer.facts->hardware;
  } else {  // the key, so that the requester knows of whom it is said
    frame.ciaddr = query.address;
    frame.htype = query.htype;
    frame.chaddr = query.hardware;
  }
  // What a uBR7200 was seen to take: an ACK as a client gets it, without option 54.
  if (draft0_ack) {
    frame.yiaddr = frame.ciaddr;
    frame.siaddr = answer.server_id;
  }

  const Bytes size = message.option(code::max_message_size);
  const std::size_t told = size.size() == 2 ? load_be16(size.data()) : 0;
  ReplyWriter writer(out.first(std::min(out.size(), std::max(told, kLeastDatagram) - kUdpOverhead)), frame);
  writer.u8(code::message_type, answer_type(query.dialect, query.type, answer.standing));
  if (!draft0_ack) writer.address(code::server_identifier, answer.server_id);
  if (active) {
    write_facts(writer, answer.wanted, *answer.facts, answer.others);
  } else if (query.key == Key::client_id) {
    writer.option(code::client_identifier, query.client_id);
  }
  return writer.finish();
}

}  // namespace coaxd::leasequery
