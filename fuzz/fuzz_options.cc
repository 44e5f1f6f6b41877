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
  if (overload->second.size() != 1 || overload->second[0] < 1 || overload->second[0] > 3) return {};
  const int which = overload->second[0];
  if ((which & 1) != 0 && !read_field(packet.subspan(108, 128), true, options)) return {};
  if ((which & 2) != 0 && !read_field(packet.subspan(44, 64), true, options)) return {};
  return options;
}

bool values_are_good(const Options& options) {
  for (const auto& [code, value] : options) {
    if (code == 53 && (value.size() != 1 || value[0] < 1 || value[0] > 18)) return false;
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
  if (!parsed) return 0;
  for (unsigned code = 0; code < 256; ++code) {
    const auto found = expected->find(static_cast<std::uint8_t>(code));
    REQUIRE(message.has(static_cast<std::uint8_t>(code)) == (found != expected->end()));
    if (found != expected->end())
      REQUIRE(equal(message.option(static_cast<std::uint8_t>(code)), found->second));
  }
  return 0;
}
