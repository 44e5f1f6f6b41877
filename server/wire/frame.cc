#include "server/wire/frame.h"

#include <algorithm>
#include <cstring>

#include "server/base/assert.h"

namespace coaxd::wire {
namespace {

constexpr std::size_t kEthernetSize = 14, kIpSize = 20, kUdpSize = 8;
constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kMoreFragments = 0x2000, kFragmentOffset = 0x1fff;
constexpr std::uint8_t kUdp = 17, kTimeToLive = 128, kLowDelay = 0x10;

constexpr std::string_view kFrameErrorTexts[] = {
    "frame too short", "not IPv4",   "bad IPv4 header", "fragment",
    "not UDP",         "bad length", "bad checksum",
};
static_assert(std::size(kFrameErrorTexts) == static_cast<std::size_t>(FrameError::count));

// RFC 1071 §2 (B): the sum may be taken in the machine's byte order, if its result is stored in it
// too. Here: four octets at a time, the carries collected above them.
std::uint64_t sum(Bytes bytes) noexcept {
  std::uint64_t total = 0;
  std::size_t at = 0;
  std::uint32_t word;
  for (; bytes.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, &bytes[at], sizeof word);
    total += word;
  }
  if (at < bytes.size()) {
    word = 0;
    std::memcpy(&word, &bytes[at], bytes.size() - at);
    total += word;
  }
  return total;
}

std::uint16_t fold(std::uint64_t total) noexcept {
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return static_cast<std::uint16_t>(total);
}

// RFC 768: the pseudo header is the two addresses, the protocol and the UDP length.
std::uint64_t sum_udp(Bytes ip, Bytes udp) noexcept {
  std::uint8_t rest[4] = {0, kUdp};
  store_be16(&rest[2], static_cast<std::uint16_t>(udp.size()));
  return sum(ip.subspan(12, 8)) + sum(rest) + sum(udp);
}

void store_checksum(std::uint8_t* at, std::uint64_t total, bool zero_means_none) noexcept {
  std::uint16_t checksum = static_cast<std::uint16_t>(~fold(total));
  if (checksum == 0 && zero_means_none) checksum = 0xffff;
  std::memcpy(at, &checksum, sizeof checksum);
}

// The IPv4 datagram without the Ethernet padding behind it, and its header's size.
std::expected<Bytes, FrameError> check_ip(Bytes ip) noexcept {
  if (ip.size() < kIpSize) return std::unexpected(FrameError::too_short);
  const std::size_t header_size = (ip[0] & 0x0fu) * 4u;
  if (ip[0] >> 4 != 4 || header_size < kIpSize) return std::unexpected(FrameError::bad_header);
  const std::size_t total_length = load_be16(&ip[2]);
  if (total_length < header_size) return std::unexpected(FrameError::bad_length);
  if (total_length > ip.size()) return std::unexpected(FrameError::too_short);
  if (fold(sum(ip.first(header_size))) != 0xffff) return std::unexpected(FrameError::bad_checksum);
  if ((load_be16(&ip[6]) & (kMoreFragments | kFragmentOffset)) != 0)
    return std::unexpected(FrameError::fragment);
  if (ip[9] != kUdp) return std::unexpected(FrameError::not_udp);
  return ip.first(total_length);
}

}  // namespace

std::string_view to_string(FrameError error) noexcept {
  COAXD_ASSERT(error < FrameError::count);
  return kFrameErrorTexts[static_cast<std::size_t>(error)];
}

std::expected<UdpDatagram, FrameError> parse_ethernet_udp(Bytes frame,
                                                          bool checksum_ready) noexcept {
  if (frame.size() < kEthernetSize) return std::unexpected(FrameError::too_short);
  if (load_be16(&frame[12]) != kEtherTypeIpv4) return std::unexpected(FrameError::not_ipv4);
  const auto checked = check_ip(frame.subspan(kEthernetSize));
  if (!checked) return std::unexpected(checked.error());
  const Bytes ip = *checked;

  const Bytes behind = ip.subspan((ip[0] & 0x0fu) * 4u);
  if (behind.size() < kUdpSize) return std::unexpected(FrameError::bad_length);
  const std::size_t udp_length = load_be16(&behind[4]);
  if (udp_length < kUdpSize || udp_length > behind.size())
    return std::unexpected(FrameError::bad_length);
  const Bytes udp = behind.first(udp_length);
  // RFC 768: a checksum of zero says that the sender made none.
  if (checksum_ready && load_be16(&udp[6]) != 0 && fold(sum_udp(ip, udp)) != 0xffff)
    return std::unexpected(FrameError::bad_checksum);

  UdpDatagram datagram;
  std::copy_n(&frame[6], datagram.source_mac.size(), datagram.source_mac.begin());
  datagram.source = {load_be32(&ip[12])};
  datagram.destination = {load_be32(&ip[16])};
  datagram.source_port = load_be16(&udp[0]);
  datagram.destination_port = load_be16(&udp[2]);
  datagram.payload = udp.subspan(kUdpSize);
  return datagram;
}

std::size_t write_ethernet_udp(MutableBytes out, const MacAddress& to, const MacAddress& from,
                               Ipv4 source, Ipv4 destination, std::uint16_t source_port,
                               std::uint16_t destination_port, std::size_t payload_size) noexcept {
  const std::size_t udp_size = kUdpSize + payload_size;
  COAXD_ASSERT(payload_size <= 0xffff - kIpSize - kUdpSize &&
               out.size() >= kFrameOverhead + payload_size);
  std::copy(to.begin(), to.end(), &out[0]);
  std::copy(from.begin(), from.end(), &out[6]);
  store_be16(&out[12], kEtherTypeIpv4);

  const MutableBytes ip = out.subspan(kEthernetSize, kIpSize + udp_size);
  ip[0] = 0x45;  // version 4, header of five words
  ip[1] = kLowDelay;
  store_be16(&ip[2], static_cast<std::uint16_t>(ip.size()));
  store_be32(&ip[4], 0);  // identification, flags and fragment offset
  ip[8] = kTimeToLive;
  ip[9] = kUdp;
  store_be16(&ip[10], 0);
  store_be32(&ip[12], source.value);
  store_be32(&ip[16], destination.value);
  store_checksum(&ip[10], sum(ip.first(kIpSize)), false);

  const MutableBytes udp = ip.subspan(kIpSize);
  store_be16(&udp[0], source_port);
  store_be16(&udp[2], destination_port);
  store_be16(&udp[4], static_cast<std::uint16_t>(udp_size));
  store_be16(&udp[6], 0);
  store_checksum(&udp[6], sum_udp(ip, udp), true);
  return kFrameOverhead + payload_size;
}

}  // namespace coaxd::wire
