// A frame from a packet socket. Random octets rarely have a right checksum, so a copy with the IPv4
// one mended is tried too. What is accepted is written anew and must read the same.
#include <algorithm>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/wire/frame.h"

namespace coaxd {
namespace {

std::uint16_t plain_checksum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be16(&bytes[i]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void check(Bytes frame, bool checksum_ready) {
  const auto parsed = wire::parse_ethernet_udp(frame, checksum_ready);
  if (!parsed) {
    REQUIRE(!to_string(parsed.error()).empty());
    return;
  }
  REQUIRE(parsed->payload.data() >= frame.data() + wire::kFrameOverhead);
  REQUIRE(parsed->payload.data() + parsed->payload.size() <= frame.data() + frame.size());

  std::vector<std::uint8_t> again(wire::kFrameOverhead + parsed->payload.size());
  std::copy(parsed->payload.begin(), parsed->payload.end(), again.begin() + wire::kFrameOverhead);
  REQUIRE(wire::write_ethernet_udp(again, {}, parsed->source_mac, parsed->source,
                                   parsed->destination, parsed->source_port,
                                   parsed->destination_port,
                                   parsed->payload.size()) == again.size());
  const auto second = wire::parse_ethernet_udp(again, true);
  REQUIRE(second);
  REQUIRE(second->source_mac == parsed->source_mac && second->source == parsed->source &&
          second->destination == parsed->destination &&
          second->source_port == parsed->source_port &&
          second->destination_port == parsed->destination_port &&
          equal(second->payload, parsed->payload));
}

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  check({data, size}, true);
  check({data, size}, false);
  if (size < wire::kFrameOverhead) return 0;
  std::vector<std::uint8_t> mended(data, data + size);
  const std::size_t header_size = std::min<std::size_t>((mended[14] & 15u) * 4u, size - 14);
  if (header_size < 20) return 0;
  store_be16(&mended[24], 0);
  store_be16(&mended[24], plain_checksum(Bytes{mended}.subspan(14, header_size)));
  check(mended, true);
  check(mended, false);
  return 0;
}
