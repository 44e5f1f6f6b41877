// message.h: one received BOOTP/DHCPv4 message as a view over the datagram. parse() checks everything once; after it no access
// can leave the buffer; after an error only parse() may be called. A Message is large (its option index and the room for joined options): a worker owns one and
// parses every packet into it. It borrows the datagram, which must outlive it.
// Source: RFC 951, RFC 1542, RFC 2131 §2, RFC 2132, RFC 3396 (long options), RFC 3046 (relay agent information).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <expected>
#include <string_view>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"

namespace coaxd::wire {

inline constexpr std::uint8_t kBootRequest = 1, kBootReply = 2;
inline constexpr std::uint32_t kMagicCookie = 0x63825363;  // RFC 2131 §3

enum class MessageType : std::uint8_t {
  bootp = 0,  // no option 53
  discover = 1, offer = 2, request = 3, decline = 4, ack = 5, nak = 6, release = 7, inform = 8,
  force_renew = 9, leasequery = 10, lease_unassigned = 11, lease_unknown = 12, lease_active = 13,
  bulk_leasequery = 14, lease_query_done = 15, active_leasequery = 16, lease_query_status = 17, tls = 18,
};

// Why a datagram is no message. Each is a counted drop reason; texts in message.cc.
enum class ParseError : std::uint8_t {
  too_short,          // under 236 octets of fixed fields
  not_a_request,      // op is not BOOTREQUEST
  bad_hlen,           // hlen > 16
  option_overruns,    // an option's length passes the end of its field
  bad_message_type,   // option 53 is empty or not in 1..18
  bad_overload,       // option 52 is empty
  empty_client_id,    // option 61 of length 0
  bad_address_option, // 50, 54, 118 present with a length other than 4
  too_many_options,   // joined options exceed the room for them
  count
};
std::string_view to_string(ParseError) noexcept;

// Relay agent information, in the order received. Views into the message.
class RelayAgentInfo {
 public:
  bool present() const noexcept { return present_; }
  Bytes raw() const noexcept { return raw_; }            // option 82's value, byte for byte
  // First sub-option of that code, or nothing. A zero-length one is found (and is empty).
  bool has(std::uint8_t code) const noexcept;
  Bytes get(std::uint8_t code) const noexcept;
  // RFC 3046 §2.2 echo as dhcpd encodes it: received order; repeated sub-options and, but for 19 (RFC 8357), empty ones left out; 0
  // ends it. Writes to out, returns the octets written; never more than raw().size().
  std::size_t echo(MutableBytes out) const noexcept;

 private:
  friend class Message;
  Bytes find(std::uint8_t code) const noexcept;  // code, length and value; empty if absent
  Bytes raw_;
  bool present_ = false;
};

// What will be looked up for a datagram, read before it is parsed: for fetching from memory ahead, and for nothing else, for nothing of
// it is checked but that it lies within the datagram.
struct Glimpse {
  std::uint8_t htype = 0;
  Bytes chaddr, client_id;
  Ipv4 address;  // option 50 or ciaddr
  bool uses_address = false;  // it is ciaddr
};
Glimpse glimpse(Bytes datagram) noexcept;

class Message {
 public:
  static constexpr std::size_t kFixedSize = 236;
  static constexpr std::size_t kMinimum = 240;  // with the magic cookie
  static constexpr std::size_t kChaddrSize = 16;
  static constexpr std::size_t kAdoptRoom = 512;

  // Which ops are accepted: the server takes requests; test clients and the load generator read replies.
  enum class Accept : std::uint8_t { requests, replies };
  std::expected<void, ParseError> parse(Bytes datagram, Accept accept = Accept::requests) noexcept;

  // Fixed fields, RFC 2131 figure 1.
  std::uint8_t op() const noexcept { return data_[0]; }
  std::uint8_t htype() const noexcept { return data_[1]; }
  std::uint8_t hlen() const noexcept { return data_[2]; }
  std::uint8_t hops() const noexcept { return data_[3]; }
  std::uint32_t xid() const noexcept { return load_be32(&data_[4]); }
  std::uint16_t secs() const noexcept { return load_be16(&data_[8]); }
  std::uint16_t flags() const noexcept { return load_be16(&data_[10]); }
  bool broadcast() const noexcept { return (flags() & 0x8000) != 0; }
  Ipv4 ciaddr() const noexcept { return {load_be32(&data_[12])}; }
  Ipv4 yiaddr() const noexcept { return {load_be32(&data_[16])}; }
  Ipv4 siaddr() const noexcept { return {load_be32(&data_[20])}; }
  Ipv4 giaddr() const noexcept { return {load_be32(&data_[24])}; }
  Bytes chaddr() const noexcept { return data_.subspan(28, hlen()); }
  Bytes sname() const noexcept { return data_.subspan(44, 64); }
  Bytes file() const noexcept { return data_.subspan(108, 128); }
  Bytes raw() const noexcept { return data_; }  // for packet(OFF, LEN)

  bool has_cookie() const noexcept { return has_cookie_; }
  MessageType type() const noexcept { return type_; }

  // Options, repeated instances joined (RFC 3396 §7), overloaded fields included (RFC 2132 §9.3: file before sname).
  bool has(std::uint8_t code) const noexcept { return present_[code]; }
  Bytes option(std::uint8_t code) const noexcept {
    return present_[code] ? Bytes{option_base_[code], option_size_[code]} : Bytes{};
  }
  // Four-octet address option; zero address when absent.
  Ipv4 address_option(std::uint8_t code) const noexcept;
  const RelayAgentInfo& relay_agent_info() const noexcept { return agent_; }

  // stash-agent-options: a renewal that came without option 82 is classified with the one kept on its lease. Copies at most
  // kAdoptRoom octets (a longer one is not adopted). has(82) and option(82) go on telling what was received.
  void adopt_relay_agent_info(Bytes raw) noexcept;

 private:
  // A datagram of one Ethernet frame always fits; a longer one rarely repeats that much.
  static constexpr std::size_t kJoinRoom = 4096 - kAdoptRoom;

  std::expected<void, ParseError> index_options() noexcept;
  bool join(std::bitset<256> repeated, std::span<const Bytes> fields) noexcept;
  std::expected<void, ParseError> check_options() noexcept;

  Bytes data_;
  bool has_cookie_ = false;
  MessageType type_ = MessageType::bootp;
  std::bitset<256> present_;
  std::array<const std::uint8_t*, 256> option_base_;  // valid where present_ says so: parse() clears 32 octets, not 2.5 KiB
  std::array<std::uint16_t, 256> option_size_;
  std::array<std::uint8_t, kJoinRoom + kAdoptRoom> joined_;  // options that came in several pieces, then an adopted option 82
  RelayAgentInfo agent_;
};

}  // namespace coaxd::wire
