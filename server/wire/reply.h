// reply.h: writes one BOOTREPLY into a transmit buffer. The caller decides which options and in which order; this file knows
// sizes, splitting (RFC 3396 §5), overload (RFC 2132 §9.3), option 82 last (RFC 3046 §2.2), END and padding to 300 octets.
// Nothing is allocated. Any thread, one ReplyWriter at a time each.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/wire/message.h"

namespace coaxd::wire {

struct ReplyHeader {
  std::uint8_t htype = 1, hops = 0;
  Bytes chaddr = {};
  std::uint32_t xid = 0;
  std::uint16_t secs = 0, flags = 0;
  Ipv4 ciaddr = {}, yiaddr = {}, siaddr = {}, giaddr = {};
  Bytes sname = {}, file = {};  // cut to 64 / 128; a non-empty one is not available for overload
};

struct ReplyOption {
  std::uint8_t code;
  Bytes value;
};

struct ReplyLimits {
  std::size_t option_room = 312;   // octets of the options field, cookie included, without option 82 (dhcpd-compat 12.4)
  bool may_overload = true;        // file and sname may carry options when they are free
  std::size_t pad_to = 300;        // minimal size of the whole BOOTP message
  bool cookie = true;              // false: a BOOTP client that sent none gets echo_vendor_area back instead of options
  Bytes echo_vendor_area = {};          // cut to 64
};

struct ReplyResult {
  std::size_t size = 0;        // octets written; 0: the buffer was too small for even the fixed fields
  std::uint16_t left_out = 0;  // options that found no room; dhcpd leaves them out silently, we count them
};

// `options` in the order to be sent; `relay_agent_info` is option 82's value to echo (empty: none).
ReplyResult write_reply(MutableBytes out, const ReplyHeader& header, std::span<const ReplyOption> options,
                        Bytes relay_agent_info, const ReplyLimits& limits) noexcept;

}  // namespace coaxd::wire
