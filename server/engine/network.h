// network.h: on which shared network a message's client is (dhcpd-compat §8.2): the relay's link
// selection (RFC 3527), the client's subnet selection (RFC 3011), giaddr, the interface; the first
// that is there decides, even when it names nothing we know. Private to the engine.
#pragma once

#include <optional>
#include <vector>

#include "server/config/config.h"
#include "server/engine/arrival.h"
#include "server/wire/message.h"

namespace coaxd::engine {

const config::SharedNetwork* network_of(const config::Config& config, Ipv4 address) noexcept;

// Networks that say `interface NAME;`: rare, so a short list beside the configuration.
class InterfaceNetworks {
 public:
  void use(const config::Config& config);
  // The network an interface stands in: the one bound to it, else the one that contains its
  // address.
  const config::SharedNetwork* find(const config::Config& config,
                                    const Interface& interface) const noexcept;

 private:
  std::vector<const config::SharedNetwork*> bound_;
};

// Null: unknown network segment.
const config::SharedNetwork* select_network(const config::Config& config,
                                            const InterfaceNetworks& interfaces,
                                            const wire::Message& query,
                                            const Arrival& arrival) noexcept;

// Sub-option 5 of option 82; nothing when the relay sent none, or an empty one. One of another
// length than 4 selects 0.0.0.0: no network.
std::optional<Ipv4> link_selection(const wire::Message& query) noexcept;

}  // namespace coaxd::engine
