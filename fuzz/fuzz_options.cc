// The option area alone: octet 0 says which of file and sname hold options, the rest is laid out as
// file, sname, options. What Message finds is compared with a reader written for clarity only,
// which keeps every option in a map.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/wire/message.h"

namespace coaxd {
namespace {

using Options = std::map<std::uint8_t, std::vector<std::uint8_t>>;

bool read_field(Bytes field, bool overloaded, Options& options) {
  for (fuzz::Source source{field}; !source.empty();) {
    const std::uint8_t code = source.u8();
    if (code == 0) continue;
    if (code == 255) break;
    if (source.empty()) return false;
    const std::size_t size = source.u8();
    const Bytes value = source.take(size);
    if (value.size() != size) return false;
    if (overloaded && code == 52) continue;
    auto& whole = options[code];
    whole.insert(whole.end(), value.begin(), value.end());
  }
  return true;
}

// Nothing if the area is malformed.
std::optional<Options> read_plainly(Bytes packet) {
  Options options;
  if (!read_field(packet.subspan(240), false, options)) return {};
  const auto overload = options.find(52);
  if (overload == options.end()) return options;
  if (overload->second.empty()) return {};  // the first octet counts, and of it two bits
  const int which = overload->second[0];
  if ((which & 1) != 0 && !read_field(packet.subspan(108, 128), true, options)) return {};
  if ((which & 2) != 0 && !read_field(packet.subspan(44, 64), true, options)) return {};
  return options;
}

// Sub-options of option 82 up to a zero or one that overruns; the first of each code counts.
Options read_relay_plainly(Bytes value) {
  Options found;
  for (fuzz::Source source{value}; source.rest().size() >= 2 && source.rest()[0] != 0;) {
    const std::uint8_t code = source.u8();
    const std::size_t size = source.u8();
    const Bytes sub = source.take(size);
    if (sub.size() != size) break;
    found.try_emplace(code, sub.begin(), sub.end());
  }
  return found;
}

void compare(const wire::RelayAgentInfo& info, const Options& expected) {
  for (unsigned code = 0; code < 256; ++code) {
    const auto c = static_cast<std::uint8_t>(code);
    const auto found = expected.find(c);
    REQUIRE(info.has(c) == (found != expected.end()));
    if (found != expected.end()) REQUIRE(equal(info.get(c), found->second));
  }
}

// RFC 3046 §2.2: what goes back to the relay. Of a repeated sub-option the first; what has no value stays away, but for relay-port
// (RFC 8357 §4.1), whose presence is all it says.
std::vector<std::uint8_t> echo_plainly(Bytes value) {
  Options seen;
  std::vector<std::uint8_t> echoed;
  for (fuzz::Source source{value}; source.rest().size() >= 2 && source.rest()[0] != 0;) {
    const std::uint8_t code = source.u8();
    const std::uint8_t size = source.u8();
    const Bytes sub = source.take(size);
    if (sub.size() != size) break;
    if (!seen.try_emplace(code).second || (sub.empty() && code != 19)) continue;
    echoed.insert(echoed.end(), {code, size});
    echoed.insert(echoed.end(), sub.begin(), sub.end());
  }
  return echoed;
}

void compare_echo(const wire::RelayAgentInfo& info, Bytes value) {
  const auto room = std::make_unique<std::uint8_t[]>(value.size());
  const std::size_t size = info.echo({room.get(), value.size()});
  REQUIRE(equal(Bytes{room.get(), size}, echo_plainly(value)));
}

std::size_t times_in(Bytes field, std::uint8_t wanted) {
  std::size_t times = 0;
  for (fuzz::Source source{field}; !source.empty();) {
    const std::uint8_t code = source.u8();
    if (code == 0) continue;
    if (code == 255) break;
    times += code == wanted ? 1 : 0;
    source.take(source.u8());
  }
  return times;
}

// What is fetched into the cache early is what will be looked up; but a glimpse joins nothing and reads one field.
void compare_glimpse(Bytes packet, const wire::Message& message) {
  const wire::Glimpse seen = wire::glimpse(packet);
  REQUIRE(equal(seen.chaddr, message.chaddr()));
  if (message.has(52)) return;
  const Bytes field = packet.subspan(240);
  if (times_in(field, 61) == 1) REQUIRE(equal(seen.client_id, message.option(61)));
  if (times_in(field, 50) == 1) REQUIRE(seen.address == message.address_option(50));
}

bool values_are_good(const Options& options) {
  for (const auto& [code, value] : options) {
    if (code == 53 && (value.empty() || value[0] < 1 || value[0] > 18)) return false;
    if (code == 61 && value.empty()) return false;
    if ((code == 50 || code == 54 || code == 118) && value.size() != 4) return false;
  }
  return true;
}

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  fuzz::Source source{Bytes{data, size}};
  const std::uint8_t which = source.u8();
  const Bytes file = source.take((which & 1) != 0 ? 128 : 0),
              sname = source.take((which & 2) != 0 ? 64 : 0);
  const Bytes options = source.take(60000);
  const std::size_t packet_size = 240 + options.size();
  const auto packet = std::make_unique<std::uint8_t[]>(packet_size);
  packet[0] = 1;
  std::copy(sname.begin(), sname.end(), &packet[44]);
  std::copy(file.begin(), file.end(), &packet[108]);
  store_be32(&packet[236], wire::kMagicCookie);
  std::copy(options.begin(), options.end(), packet.get() + 240);

  static wire::Message message;
  const auto parsed = message.parse({packet.get(), packet_size});
  const auto expected = read_plainly({packet.get(), packet_size});
  if (!parsed && parsed.error() == wire::ParseError::too_many_options) {
    REQUIRE(packet_size > 3000);  // what an Ethernet frame can carry always has room
    return 0;
  }
  REQUIRE(parsed.has_value() == (expected && values_are_good(*expected)));
  if (!parsed) {
    REQUIRE(!to_string(parsed.error()).empty());
    return 0;
  }
  for (unsigned code = 0; code < 256; ++code) {
    const auto c = static_cast<std::uint8_t>(code);
    const auto found = expected->find(c);
    REQUIRE(message.has(c) == (found != expected->end()));
    if (found == expected->end()) continue;
    REQUIRE(equal(message.option(c), found->second));
    const bool is_address = found->second.size() == 4;
    REQUIRE(message.address_option(c).value == (is_address ? load_be32(found->second.data()) : 0));
  }
  REQUIRE(message.relay_agent_info().present() == message.has(82));
  compare(message.relay_agent_info(), read_relay_plainly(message.option(82)));
  compare_echo(message.relay_agent_info(), message.option(82));
  compare_glimpse({packet.get(), packet_size}, message);
  return 0;
}
