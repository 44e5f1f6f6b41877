#include "server/provision/variables.h"

#include <algorithm>
#include <array>

#include "server/wire/cable_device.h"

namespace coaxd::provision {
namespace {

constexpr std::uint8_t kCircuitId = 1, kRemoteId = 2;
constexpr std::string_view kDevicePrefix = "device.";

bool add(std::string_view text, std::string& out) {
  out += text;
  return !text.empty();
}
bool add_address(Ipv4 address, std::string& out) {
  std::array<char, 15> text;
  out.append(text.data(), format_ipv4(text.data(), address));
  return !address.is_zero();
}
constexpr std::string_view kHex = "0123456789abcdef";
bool add_mac(subscriber::Mac mac, std::string& out) {
  for (int shift = 44; shift >= 0; shift -= 4) {
    out += kHex[mac.value >> shift & 15];
    if (shift % 8 == 0 && shift > 0) out += ':';
  }
  return mac.value != 0;
}
// As templates write octets: 0x...
bool add_octets(Bytes octets, std::string& out) {
  if (octets.empty()) return false;
  out += "0x";
  for (const std::uint8_t octet : octets) {
    out += kHex[octet >> 4];
    out += kHex[octet & 15];
  }
  return true;
}

// The class that the lease is billed to, where nothing better is known (lease::Item::billing: a size, then its name).
std::string_view billing_class(const Requester& who) noexcept {
  const Bytes billing = who.binding.get(lease::Item::billing);
  if (billing.empty() || billing.size() <= billing[0]) return {};
  return as_text(billing.subspan(1, billing[0]));
}

using Context = VariableContext;
constexpr VariableRow kRows[] = {
    {"address", "the modem's address", [](const Context& c, std::string& out) { return c.who != nullptr && add_address(c.who->address, out); }},
    {"circuit-id", "option 82.1 of its lease, as 0x...", [](const Context& c, std::string& out) { return c.who != nullptr && add_octets(c.who->agent_option(kCircuitId), out); }},
    {"class", "the class that DHCP put it into",
     [](const Context& c, std::string& out) { return c.who != nullptr && (add(c.who->handed.client_class(), out) || add(billing_class(*c.who), out)); }},
    {"file", "the file's name, as DHCP has it or as it was asked for", [](const Context& c, std::string& out) { return add(c.file, out); }},
    {"giaddr", "the relay's address: the CMTS", [](const Context& c, std::string& out) { return c.who != nullptr && add_address(c.who->handed.giaddr, out); }},
    {"mac", "the MAC of who asks: a modem, or an MTA behind one", [](const Context& c, std::string& out) { return c.who != nullptr && add_mac(c.who->hardware, out); }},
    {"modem", "the MAC of the modem, also for an MTA behind it", [](const Context& c, std::string& out) { return c.who != nullptr && add_mac(c.who->modem, out); }},
    {"network", "the shared-network or subnet", [](const Context& c, std::string& out) { return c.who != nullptr && add(c.who->network, out); }},
    {"pool", "the pool: its first address", [](const Context& c, std::string& out) { return c.who != nullptr && add(c.who->pool, out); }},
    {"profile", "the profile of the modem's record", [](const Context& c, std::string& out) { return c.record != nullptr && add(c.record->profile, out); }},
    {"remote-id", "option 82.2 of its lease, as 0x...", [](const Context& c, std::string& out) { return c.who != nullptr && add_octets(c.who->agent_option(kRemoteId), out); }},
    {"server", "our address, which was asked", [](const Context& c, std::string& out) { return add_address(c.server, out); }},
};
static_assert(std::ranges::is_sorted(kRows, {}, &VariableRow::name));

bool add_device(std::string_view name, const subscriber::Modem& record, std::string& out) {
  for (const wire::DeviceValue& value : wire::device_values())
    if (value.name == name && value.format == "t") return add(subscriber::device_text(record, value.code), out);
  return false;
}

}  // namespace

std::span<const VariableRow> variable_rows() noexcept { return kRows; }

bool append_variable(std::string_view name, const VariableContext& context, std::string& out) {
  const std::size_t before = out.size();
  const auto found = [&](bool has) {
    if (!has) out.resize(before);
    return has;
  };
  const auto row = std::ranges::lower_bound(kRows, name, {}, &VariableRow::name);
  if (row != std::end(kRows) && row->name == name) return found(row->append(context, out));
  if (context.record == nullptr) return false;
  if (name.starts_with(kDevicePrefix)) return found(add_device(name.substr(kDevicePrefix.size()), *context.record, out));
  const auto set = context.record->variable(name);
  return set && found(add(*set, out));
}

}  // namespace coaxd::provision
