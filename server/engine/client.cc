#include "server/engine/client.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

// The address of `host` that lies on `network`, or zero.
Ipv4 fixed_on(const config::Host& host, const config::Config& config,
              const config::SharedNetwork* network) noexcept {
  for (const Ipv4 address : host.fixed_addresses) {
    const config::Subnet* subnet = config.subnet_of(address);
    if (network != nullptr && subnet != nullptr && subnet->network == network) return address;
  }
  return {};
}

// One way of finding hosts has found `hosts`; what an earlier way has settled stays.
void adopt(Client& client, std::span<const config::Host* const> hosts, const config::Config& config,
           const config::SharedNetwork* network) noexcept {
  for (const config::Host* host : hosts) {
    client.known = true;
    if (!host->has_fixed_address) {
      if (client.host == nullptr) client.host = host;
      continue;
    }
    if (client.fixed_host != nullptr) continue;
    const Ipv4 address = fixed_on(*host, config, network);
    if (address.is_zero()) continue;
    client.fixed_host = host;
    client.fixed_address = address;
  }
}

}  // namespace

Client identify(const wire::Message& query, const lease::LeaseTable& leases,
                bool ignore_uid) noexcept {
  Client client;
  if (!ignore_uid) client.uid = query.option(wire::option::client_identifier);
  client.htype = query.htype();
  client.hardware = query.chaddr();
  client.hash = client.uid.empty() ? leases.hash_hardware(client.htype, client.hardware)
                                   : leases.hash_client_id(client.uid);
  return client;
}

// dhcpd-compat §9.1.1: by client identifier, then by hardware, then by host-identifier.
void look_up_hosts(Client& client, const config::Config& config, const wire::Message& query,
                   const config::SharedNetwork* network) noexcept {
  client.known = client.host_by_hardware = false;
  client.host = client.fixed_host = nullptr;
  client.fixed_address = {};
  if (!client.uid.empty()) adopt(client, config.hosts_by_client_id(client.uid), config, network);

  std::array<std::uint8_t, 17> hardware;
  hardware[0] = client.htype;
  std::copy(client.hardware.begin(), client.hardware.end(), hardware.begin() + 1);
  const auto by_hardware = config.hosts_by_hardware({hardware.data(), client.hardware.size() + 1});
  client.host_by_hardware = std::ranges::any_of(
      by_hardware, [](const config::Host* host) { return host->client_id.empty(); });
  adopt(client, by_hardware, config, network);

  for (const config::OptionDefinition* option : config.identifier_options()) {
    const bool agent = option->space->index == config::OptionRegistry::kAgent;
    const auto code = static_cast<std::uint8_t>(option->code);
    const bool sent = agent ? query.relay_agent_info().has(code) : query.has(code);
    if (!sent || option->code > 254 ||
        (!agent && option->space->index != config::OptionRegistry::kDhcp))
      continue;
    const Bytes value = agent ? query.relay_agent_info().get(code) : query.option(code);
    adopt(client, config.hosts_by_identifier(option, value), config, network);
  }
}

bool holds(const Client& client, const lease::Binding& binding) noexcept {
  const Bytes uid = binding.get(lease::Item::client_id);
  if (!uid.empty() && !client.by_hardware) return equal(uid, client.uid);
  return !client.hardware.empty() && binding.htype == client.htype &&
         equal(binding.hardware(), client.hardware);
}

}  // namespace coaxd::engine
