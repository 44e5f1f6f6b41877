#include "server/daemon/served_interfaces.h"

#include <fmt/format.h>

#include <algorithm>

namespace coaxd::daemon {

namespace {

using io::ScannedInterface;

const ScannedInterface* find(const Interfaces& among, const std::string& name) {
  const auto found = std::ranges::find(among, name, &ScannedInterface::name);
  return found == among.end() ? nullptr : &*found;
}

bool has_address(const ScannedInterface& interface, Ipv4 address) {
  return std::ranges::find(interface.addresses, address, &Prefix::network) != interface.addresses.end();
}

// Without names: every broadcast-capable one that is up.
bool is_candidate(const ScannedInterface& interface, const InterfaceNames& named) {
  if (named.empty()) return interface.broadcast && !interface.loopback && interface.up;
  return std::ranges::find(named, interface.name) != named.end();
}

auto declared_address(const ScannedInterface& interface, const config::Config& config) {
  return std::ranges::find_if(interface.addresses, [&](const Prefix& p) { return config.subnet_of(p.network) != nullptr; });
}

// `interface NAME;` in a shared network serves it without an address of its own.
bool is_bound(const ScannedInterface& interface, const config::Config& config) {
  return std::ranges::any_of(config.networks(), [&](const auto& network) { return network->interface == interface.name; });
}

std::string mac_text(const std::array<std::uint8_t, 6>& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

std::string address_text(const ScannedInterface& interface) {
  return interface.addresses.empty() ? std::string{"no address"} : to_string(interface.addresses.front().network);
}

std::string_view why_gone(const ScannedInterface* now) {
  if (now == nullptr) return "it is gone";
  return now->up ? "it has no address of a declared subnet" : "it is down";
}

}  // namespace

Interfaces served_interfaces(const Interfaces& all, const InterfaceNames& named, const config::Config& config) {
  Interfaces served;
  for (const ScannedInterface& interface : all) {
    if (!is_candidate(interface, named)) continue;
    const auto declared = declared_address(interface, config);
    const bool found = declared != interface.addresses.end();
    if (!found && !is_bound(interface, config)) continue;
    auto& addresses = served.emplace_back(interface).addresses;
    if (!found) continue;
    const auto first = addresses.begin() + (declared - interface.addresses.begin());
    std::rotate(addresses.begin(), first, first + 1);
  }
  return served;
}

std::string why_unservable(const Interfaces& all, const InterfaceNames& named, const config::Config& config, Ipv4 local_address) {
  if (!local_address.is_zero() && std::ranges::none_of(all, [&](const auto& i) { return has_address(i, local_address); }))
    return fmt::format("Can't bind to dhcp address: local-address {} is on no interface of this host.", to_string(local_address));
  if (served_interfaces(all, named, config).empty())
    return "Not configured to listen on any interfaces! A subnet declaration must contain the address of at least one.";
  return {};
}

std::vector<std::string> undeclared_lines(const Interfaces& all, const InterfaceNames& named, const config::Config& config) {
  std::vector<std::string> lines;
  for (const ScannedInterface& interface : all) {
    if (!is_candidate(interface, named) || interface.addresses.empty() || is_bound(interface, config)) continue;
    if (declared_address(interface, config) != interface.addresses.end()) continue;
    lines.push_back(fmt::format("No subnet declaration for {} ({}).\n** Ignoring requests on {}.  To serve it, declare the subnet of its address.",
                                interface.name, address_text(interface), interface.name));
  }
  return lines;
}

std::vector<std::string> listening_lines(const Interfaces& served, const config::Config& config) {
  std::vector<std::string> lines;
  for (const ScannedInterface& interface : served) {
    const config::Subnet* subnet = interface.addresses.empty() ? nullptr : config.subnet_of(interface.addresses.front().network);
    const std::string_view network = subnet == nullptr ? std::string_view{"-"} : std::string_view{subnet->network->name};
    for (const std::string_view verb : {"Listening on", "Sending on  "})
      lines.push_back(fmt::format("{} LPF/{}/{}/{}", verb, interface.name, mac_text(interface.mac), network));
  }
  if (!served.empty()) lines.emplace_back("Sending on   Socket/fallback/fallback-net");
  return lines;
}

std::vector<std::string> changes_of_served(const Interfaces& before, const Interfaces& after, const Interfaces& all) {
  std::vector<std::string> said;
  for (const ScannedInterface& old : before) {
    const ScannedInterface* now = find(after, old.name);
    if (now == nullptr) {
      said.push_back(fmt::format("{} ({}) is not served any more: {}.", old.name, address_text(old), why_gone(find(all, old.name))));
      continue;
    }
    if (old.up != now->up) said.push_back(fmt::format("{} is {}.", now->name, now->up ? "up again" : "down"));
    for (const Prefix& address : old.addresses)
      if (!has_address(*now, address.network)) said.push_back(fmt::format("{} has lost the address {}.", now->name, to_string(address.network)));
    for (const Prefix& address : now->addresses)
      if (!has_address(old, address.network)) said.push_back(fmt::format("{} has got the address {}.", now->name, to_string(address.network)));
    if (address_text(old) != address_text(*now))
      said.push_back(fmt::format("The server identifier on {} is {} now, no longer {}.", now->name, address_text(*now), address_text(old)));
  }
  for (const ScannedInterface& now : after)
    if (find(before, now.name) == nullptr) said.push_back(fmt::format("{} ({}) is served now.", now.name, address_text(now)));
  if (after.empty() && !before.empty()) said.emplace_back("No interface is served now: nobody gets an answer until an address of a declared subnet is back.");
  return said;
}

}  // namespace coaxd::daemon
