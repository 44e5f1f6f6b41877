#include "server/engine/network.h"

namespace coaxd::engine {

const config::SharedNetwork* network_of(const config::Config& config, Ipv4 address) noexcept {
  const config::Subnet* subnet = config.subnet_of(address);
  return subnet != nullptr ? subnet->network : nullptr;
}

void InterfaceNetworks::use(const config::Config& config) {
  bound_.clear();
  for (const auto& network : config.networks()) {
    if (!network->interface.empty()) bound_.push_back(network.get());
  }
}

const config::SharedNetwork* InterfaceNetworks::find(const config::Config& config,
                                                     const Interface& interface) const noexcept {
  for (const config::SharedNetwork* network : bound_) {
    if (network->interface == interface.name) return network;
  }
  return network_of(config, interface.address);
}

std::optional<Ipv4> link_selection(const wire::Message& query) noexcept {
  const Bytes value = query.relay_agent_info().get(wire::agent::link_selection);
  if (value.empty()) return std::nullopt;
  return value.size() == 4 ? Ipv4{load_be32(value.data())} : Ipv4{};
}

const config::SharedNetwork* select_network(const config::Config& config,
                                            const InterfaceNetworks& interfaces,
                                            const wire::Message& query,
                                            const Arrival& arrival) noexcept {
  if (const auto link = link_selection(query)) return network_of(config, *link);
  if (const Ipv4 subnet = query.address_option(wire::option::subnet_selection); !subnet.is_zero()) {
    return network_of(config, subnet);
  }
  if (!query.giaddr().is_zero()) return network_of(config, query.giaddr());
  return interfaces.find(config, *arrival.interface);
}

}  // namespace coaxd::engine
