// Options 60, 43, 125 and 82 of a device: two octets of sizes, then the values. Whatever they hold, each value that is read lies in them or in
// the arena, text is never empty, numbers are of the versions that there are, capabilities agree with a plain walk through TLV 5, and octets
// that were kept say what the message said.
#include <algorithm>
#include <array>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/wire/cable_device.h"
#include "server/wire/option_table.h"

namespace coaxd {
namespace {

constexpr std::array<std::string_view, 6> kVersions = {"1.0", "1.1", "2.0", "3.0", "3.1", "4.0"};

void add(std::vector<std::uint8_t>& packet, std::uint8_t code, Bytes value) {
  if (value.empty()) return;
  packet.push_back(code);
  packet.push_back(static_cast<std::uint8_t>(value.size()));
  packet.insert(packet.end(), value.begin(), value.end());
}

bool lies_in(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// The first sub-TLV of that code, by index and nothing else.
std::optional<std::vector<std::uint8_t>> walk(Bytes tlvs, unsigned code) {
  for (std::size_t at = 0; at + 2 <= tlvs.size() && at + 2 + tlvs[at + 1] <= tlvs.size(); at += 2u + tlvs[at + 1])
    if (tlvs[at] == code) return std::vector<std::uint8_t>(tlvs.begin() + static_cast<std::ptrdiff_t>(at) + 2, tlvs.begin() + static_cast<std::ptrdiff_t>(at) + 2 + tlvs[at + 1]);
  return std::nullopt;
}

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  fuzz::Source source({data, size});
  const std::size_t first = source.u8(), second = source.u8();
  const Bytes vendor_class = source.take(first), vendor_options = source.take(second), vivso = source.take(255);
  const Bytes agent = source.take(255);

  std::vector<std::uint8_t> packet(240);
  packet[0] = packet[1] = 1;
  packet[2] = 6;
  store_be32(&packet[236], wire::kMagicCookie);
  add(packet, wire::option::vendor_class_identifier, vendor_class);
  add(packet, wire::option::vendor_encapsulated, vendor_options);
  add(packet, wire::option::vivso, vivso);
  add(packet, wire::option::relay_agent_information, agent);
  wire::Message message;
  if (!message.parse(packet)) return 0;

  std::array<std::uint8_t, 1024> room, kept_room;
  const wire::DeviceSays said = wire::device_says(message);
  REQUIRE(lies_in(said.capabilities, packet));
  const wire::VendorClass cls = wire::parse_vendor_class(vendor_class);
  for (unsigned code = 0; code < 256; ++code) {
    Arena arena(room), kept_arena(kept_room);
    const auto value = wire::device_value(message, static_cast<std::uint8_t>(code), arena);
    if (value) REQUIRE(lies_in(*value, packet) || lies_in(*value, room) || code == wire::device::kind || code == wire::device::docsis_version);
    if (code == wire::device::mac) continue;
    const auto kept = wire::device_value(said, static_cast<std::uint8_t>(code), kept_arena);
    REQUIRE(value.has_value() == kept.has_value() && (!value || equal(*value, *kept)));
  }

  Arena arena(room);
  const auto capabilities = wire::device_value(message, wire::device::capabilities, arena);
  const unsigned base = cls.kind == wire::DeviceKind::mta ? wire::kMtaCapability : wire::kModemCapability;
  const bool numbered = cls.kind == wire::DeviceKind::mta || cls.kind == wire::DeviceKind::modem;
  for (unsigned code = 1; numbered && code <= 55; ++code) {
    Arena other(kept_room);
    const auto value = wire::device_value(message, static_cast<std::uint8_t>(base + code), other);
    const auto expected = capabilities ? walk(*capabilities, code) : std::nullopt;
    REQUIRE(value.has_value() == expected.has_value() && (!value || std::ranges::equal(*value, *expected)));
  }
  for (const wire::DeviceValue& row : wire::device_values()) {
    Arena other(kept_room);
    const auto value = wire::device_value(message, row.code, other);
    if (row.format == "t") REQUIRE(!value || !value->empty());
    if (row.name == "oui") REQUIRE(!value || value->size() == 6);
    if (row.name == "mta-mac") REQUIRE(!value || value->size() == 6);
  }
  if (cls.version.empty()) {
    Arena other(kept_room);
    const auto version = wire::device_value(message, wire::device::docsis_version, other);
    REQUIRE(!version || std::ranges::find(kVersions, as_text(*version)) != kVersions.end());
  }
  REQUIRE(!wire::is_modem(message) || cls.kind == wire::DeviceKind::modem);
  return 0;
}
