// packet.h: DHCP messages as a test writes them: fields by name, options in order, octets out.
// Nothing is checked, so a test can be wrong on purpose. Test code only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/wire/message.h"

namespace coaxd::test {

struct Packet {
  std::uint8_t op = 1, htype = 1, hops = 0;
  std::vector<std::uint8_t> chaddr;
  std::uint32_t xid = 0;
  std::uint16_t secs = 0, flags = 0;
  Ipv4 ciaddr, yiaddr, siaddr, giaddr;
  wire::MessageType type = wire::MessageType::bootp;
  bool cookie = true;
  std::vector<std::uint8_t> options;  // coded, behind option 53; END is added
  std::vector<std::uint8_t> agent;    // value of option 82, which is put last; empty: none

  Packet& add(std::uint8_t code, Bytes value);
  Packet& add(std::uint8_t code, std::uint32_t value);
  Packet& add(std::uint8_t code, Ipv4 value) { return add(code, value.value); }
  Packet& add(std::uint8_t code, std::string_view text) { return add(code, as_bytes(text)); }
  Packet& add_agent(std::uint8_t code, Bytes value);
  std::vector<std::uint8_t> encode() const;
};

}  // namespace coaxd::test
