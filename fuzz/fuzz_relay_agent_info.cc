// The value of option 82: octet 0 cuts it into instances (RFC 3396), the rest is the value.
// Received in a message and adopted from a lease it must read alike, and its echo must be stable:
// the echo of an echo is the same.
#include <array>
#include <bitset>
#include <cstring>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"

namespace coaxd {
namespace {

std::vector<std::uint8_t> packet_with(Bytes value, std::size_t piece) {
  std::vector<std::uint8_t> packet(240);
  packet[0] = 1;
  store_be32(&packet[236], wire::kMagicCookie);
  do {
    const Bytes part = value.first(std::min(piece, value.size()));
    value = value.subspan(part.size());
    packet.push_back(82);
    packet.push_back(static_cast<std::uint8_t>(part.size()));
    packet.insert(packet.end(), part.begin(), part.end());
  } while (!value.empty());
  return packet;
}

// The codes that can be there at all, and two that are not: looking each up is a walk of its own.
std::bitset<256> codes_of(Bytes value) {
  std::bitset<256> codes;
  codes.set(1).set(254);
  for (const std::uint8_t octet : value) codes.set(octet);
  return codes;
}

void compare(const wire::RelayAgentInfo& a, const wire::RelayAgentInfo& b,
             const std::bitset<256>& codes) {
  for (unsigned code = 0; code < 256; ++code) {
    if (!codes[code]) continue;
    const auto c = static_cast<std::uint8_t>(code);
    REQUIRE(a.has(c) == b.has(c) && equal(a.get(c), b.get(c)));
  }
}

std::vector<std::uint8_t> echo(const wire::RelayAgentInfo& info) {
  std::vector<std::uint8_t> out(info.raw().size());
  out.resize(info.echo(out));
  return out;
}

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  if (size == 0 || size > wire::Message::kAdoptRoom) return 0;
  const std::size_t piece = data[0] == 0 ? 255 : data[0];
  const Bytes value{data + 1, size - 1};

  static wire::Message received, adopting;
  const auto packet = packet_with(value, piece), bare = packet_with({}, 255);
  REQUIRE(received.parse(packet));
  REQUIRE(adopting.parse(Bytes{bare}.first(240)));
  REQUIRE(equal(received.relay_agent_info().raw(), value));
  // What the relay says is never taken for what the client says.
  const wire::Glimpse seen = wire::glimpse(packet);
  REQUIRE(equal(seen.chaddr, received.chaddr()) && seen.client_id.empty() && seen.address == received.ciaddr());
  adopting.adopt_relay_agent_info(value);
  const std::bitset<256> codes = codes_of(value);
  compare(received.relay_agent_info(), adopting.relay_agent_info(), codes);

  const auto once = echo(received.relay_agent_info());
  adopting.adopt_relay_agent_info(once);
  REQUIRE(equal(echo(adopting.relay_agent_info()), once));
  std::size_t expected = 0;  // every code that has a value, once; and 19, which never has one
  for (unsigned code = 1; code < 256; ++code) {
    if (!codes[code]) continue;
    const auto c = static_cast<std::uint8_t>(code);
    const Bytes sub = received.relay_agent_info().get(c);
    REQUIRE(equal(sub, adopting.relay_agent_info().get(c)));
    const bool empty_by_right = c == wire::agent::relay_port && received.relay_agent_info().has(c);
    if (!sub.empty() || empty_by_right) expected += 2 + sub.size();
  }
  REQUIRE(once.size() == expected);
  return 0;
}
