// frame.h: Ethernet + IPv4 + UDP around a DHCP message, for clients that have no address yet (RFC 2131 §4.1) and for packet sockets.
// Bytes only: no socket. Any thread. Source: RFC 791, RFC 768, RFC 1071 (checksums); values as dhcpd sends them: TTL 128, TOS 0x10, id 0.
#pragma once

#include <array>
#include <cstdint>
#include <expected>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"

namespace coaxd::wire {

using MacAddress = std::array<std::uint8_t, 6>;

struct UdpDatagram {
  MacAddress source_mac{};
  Ipv4 source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  Bytes payload;
};

enum class FrameError : std::uint8_t { too_short, not_ipv4, bad_header, fragment, not_udp, bad_length, bad_checksum, count };
std::string_view to_string(FrameError) noexcept;

// `checksum_ready` is false when the kernel says (PACKET_AUXDATA, TP_STATUS_CSUMNOTREADY) that the UDP checksum is not filled in yet.
std::expected<UdpDatagram, FrameError> parse_ethernet_udp(Bytes frame, bool checksum_ready) noexcept;

inline constexpr std::size_t kFrameOverhead = 14 + 20 + 8;
// Writes the three headers into out[0, kFrameOverhead); the payload must already stand behind them. Returns the frame's size.
std::size_t write_ethernet_udp(MutableBytes out, const MacAddress& to, const MacAddress& from, Ipv4 source, Ipv4 destination,
                               std::uint16_t source_port, std::uint16_t destination_port, std::size_t payload_size) noexcept;

}  // namespace coaxd::wire
