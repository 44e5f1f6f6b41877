// requester.h: who has an address, by DHCP's word: the lease table's, and what was handed out with it. A value; any thread fills one in.
#pragma once

#include <optional>
#include <string_view>

#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/lease/lease_table.h"
#include "server/provision/handed_out.h"
#include "server/subscriber/mac.h"

namespace coaxd::provision {

// What a configuration says of addresses. A value, which all workers share; views live as long as it.
class AddressPlan {
 public:
  // It is a host's and so has no lease. Nothing: it is no host's. All zero: whose is not said (several hosts share it, or it goes by client-id).
  virtual std::optional<subscriber::Mac> host_of(Ipv4 address) const noexcept = 0;
  virtual Ipv4 address_of(subscriber::Mac host) const noexcept = 0;      // one of those that are this host's alone; zero: it has none. Slow
  virtual std::string_view network_of(Ipv4 address) const noexcept = 0;  // shared-network or subnet; empty: none
  virtual std::string_view pool_of(Ipv4 address) const noexcept = 0;

 protected:
  ~AddressPlan() = default;
};

struct Requester {
  Ipv4 address;
  subscriber::Mac hardware{}, modem{};  // chaddr; it, or the modem that it is behind (RFC 3046 §3.2)
  std::string_view network, pool;
  bool leased = false;     // the address is somebody's now
  bool told = false;       // `handed` is what DHCP has told to him
  Handed handed{};
  lease::Binding binding;  // of an active lease; else empty

  // Which modem it is, for certain.
  bool known() const noexcept { return hardware.value != 0; }
  Bytes agent_option(std::uint8_t code) const noexcept;  // of option 82, as the lease has it; empty: absent
};

// All that is known of `address`; `out` is what it was for another.
void identify(const lease::LeaseTable& leases, const AddressPlan* plan, const HandedOut* handed_out, Ipv4 address, WallSeconds now, Requester& out);

}  // namespace coaxd::provision
