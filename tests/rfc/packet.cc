#include "tests/rfc/packet.h"

#include <algorithm>

namespace coaxd::test {

Packet& Packet::add(std::uint8_t code, Bytes value) {
  options.push_back(code);
  options.push_back(static_cast<std::uint8_t>(value.size()));
  options.insert(options.end(), value.begin(), value.end());
  return *this;
}

Packet& Packet::add(std::uint8_t code, std::uint32_t value) {
  std::array<std::uint8_t, 4> octets;
  store_be32(octets.data(), value);
  return add(code, Bytes{octets});
}

Packet& Packet::add_agent(std::uint8_t code, Bytes value) {
  agent.push_back(code);
  agent.push_back(static_cast<std::uint8_t>(value.size()));
  agent.insert(agent.end(), value.begin(), value.end());
  return *this;
}

std::vector<std::uint8_t> Packet::encode() const {
  std::vector<std::uint8_t> out(wire::Message::kFixedSize);
  out[0] = op;
  out[1] = htype;
  out[2] = static_cast<std::uint8_t>(chaddr.size());
  out[3] = hops;
  store_be32(&out[4], xid);
  store_be16(&out[8], secs);
  store_be16(&out[10], flags);
  store_be32(&out[12], ciaddr.value);
  store_be32(&out[16], yiaddr.value);
  store_be32(&out[20], siaddr.value);
  store_be32(&out[24], giaddr.value);
  std::copy_n(chaddr.begin(), std::min<std::size_t>(chaddr.size(), 16), out.begin() + 28);
  if (!cookie) {
    out.resize(300);
    return out;
  }
  constexpr std::array<std::uint8_t, 4> kCookie{99, 130, 83, 99};
  out.insert(out.end(), kCookie.begin(), kCookie.end());
  if (type != wire::MessageType::bootp) {
    const std::array<std::uint8_t, 3> option{53, 1, static_cast<std::uint8_t>(type)};
    out.insert(out.end(), option.begin(), option.end());
  }
  out.insert(out.end(), options.begin(), options.end());
  for (std::size_t at = 0; at < agent.size(); at += 255) {
    const std::size_t piece = std::min<std::size_t>(255, agent.size() - at);
    out.push_back(82);
    out.push_back(static_cast<std::uint8_t>(piece));
    out.insert(out.end(), agent.begin() + static_cast<std::ptrdiff_t>(at),
               agent.begin() + static_cast<std::ptrdiff_t>(at + piece));
  }
  out.push_back(255);
  if (out.size() < 300) out.resize(300);
  return out;
}

}  // namespace coaxd::test
