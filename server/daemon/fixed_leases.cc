#include "server/daemon/fixed_leases.h"

#include <fmt/format.h>

#include "server/daemon/free_lease.h"

namespace coaxd::daemon {

namespace {

// A host that is known by an option only (host-identifier) cannot be told apart here: in doubt it is his.
bool is_his(const config::Host& host, const lease::Binding& binding) {
  if (host.hardware.empty() && host.client_id.empty()) return true;
  if (!host.client_id.empty() && equal(host.client_id, binding.get(lease::Item::client_id))) return true;
  return !host.hardware.empty() && host.hardware[0] == binding.htype && equal(Bytes(host.hardware).subspan(1), binding.hardware());
}

}  // namespace

std::vector<std::string> fixed_addresses_of_others(const config::Config& config, const lease::LeaseTable& leases, WallSeconds now) {
  std::vector<std::string> said;
  std::size_t more = 0;
  lease::Binding binding;
  for (const auto& host : config.hosts()) {
    for (const Ipv4 address : host->fixed_addresses) {
      const lease::SlotId slot = leases.find(address);
      if (slot == lease::kNoSlot || !lease::is_running(leases.read(slot, binding), now) || is_his(*host, binding)) continue;
      const auto held = find_freeable(leases, to_string(address), now);
      if (!held || !held->what.starts_with("the lease")) continue;  // it has just ended
      if (said.size() == kMostFixedLeases) {
        ++more;
      } else {
        said.push_back(fmt::format("{} is the fixed-address of host {}: {} ends as soon as that host asks.", to_string(address), host->name, held->what));
      }
    }
  }
  if (more > 0) said.push_back(fmt::format("So it is with {} more fixed addresses.", more));
  return said;
}

}  // namespace coaxd::daemon
