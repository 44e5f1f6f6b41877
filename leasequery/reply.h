// reply.h: writes one answer about one address, over UDP and over TCP. Which options it has is said by a set (wanted_by() of query.h), what is known comes as Facts. Any thread; nothing is allocated.
// Source: RFC 4388 §6.4.2 (fields), RFC 3396 (long options), RFC 3046 §2.2 (option 82 last of all, as peers have it), the drafts for options 161 to 163.
#pragma once

#include <cstdint>
#include <span>

#include "leasequery/lease_view.h"
#include "leasequery/query.h"
#include "server/wire/reply.h"

namespace coaxd::leasequery {

// The fixed fields of an answer, in the places of RFC 2131 figure 1. Those that are not here are zero.
struct Frame {
  std::uint8_t hops = 0;
  std::uint32_t xid = 0;
  std::uint16_t flags = 0;
  Ipv4 ciaddr{}, yiaddr{}, siaddr{}, giaddr{};
  std::uint8_t htype = 0;
  Bytes chaddr{};
};
// What every answer repeats of its query.
Frame frame_of(const wire::Message& query) noexcept;

// A DHCP message that grows option by option. An option that does not fit leaves no trace but in left_out().
class ReplyWriter {
 public:
  // `out` is all there is, END included.
  ReplyWriter(MutableBytes out, const Frame& frame) noexcept;

  // RFC 3396 §5: in as many pieces as it takes. An empty one is sent as such.
  void option(std::uint8_t code, Bytes value) noexcept;
  void u8(std::uint8_t code, std::uint8_t value) noexcept { option(code, {&value, 1}); }
  void u32(std::uint8_t code, std::uint32_t value) noexcept;
  void address(std::uint8_t code, Ipv4 value) noexcept { u32(code, value.value); }
  void addresses(std::uint8_t code, std::span<const Ipv4> values) noexcept;  // as many as fit

  // Octets for options, with their codes and lengths.
  std::size_t room() const noexcept;
  // So many octets stay free for what comes last.
  void keep_free(std::size_t octets) noexcept { kept_ = octets; }
  std::uint16_t left_out() const noexcept { return left_out_; }
  // END. The size of the message; 0: there was no room for its fixed fields.
  std::size_t finish() noexcept;

 private:
  const MutableBytes out_;
  std::size_t at_ = 0;  // 0: no room for anything
  std::size_t kept_ = 0;
  std::uint16_t left_out_ = 0;
};

// The type of the answer: RFC 4388 §6.4, or the dialect's. `query_type` as asked.
std::uint8_t answer_type(Dialect dialect, std::uint8_t query_type, Standing standing) noexcept;

// Options 51, 58, 59, 92, 91, 61, 60, 12, 161 to 163 of the drafts, and 82, as far as they are known and wanted; the times only of active addresses. Last of all options.
void write_facts(ReplyWriter& writer, const Codes& wanted, const Facts& facts, std::span<const Ipv4> others) noexcept;

// The whole answer over UDP.
struct Answer {
  const wire::Message& message;
  const Query& query;
  Standing standing = Standing::unknown;
  const Facts* facts = nullptr;  // of an active address
  std::span<const Ipv4> others = {};
  Ipv4 server_id;
  Codes wanted = {};
};
// How many octets of `out`: option 57 counts, else 576 octets of datagram (RFC 2131 §2). 0: too few even for the least.
std::size_t write_answer(MutableBytes out, const Answer& answer) noexcept;

}  // namespace coaxd::leasequery
