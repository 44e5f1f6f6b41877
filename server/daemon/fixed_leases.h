// fixed_leases.h: fixed addresses of hosts that somebody else has a lease on, from the days when they were dynamic. The host gets his address
// when he asks (engine/reclaim.h); until then the operator should know whose lease will end. Reads as any reader does; control thread.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/lease/lease_table.h"

namespace coaxd::daemon {

// A sentence for each, of the first kMostFixedLeases; then how many more there are.
inline constexpr std::size_t kMostFixedLeases = 20;
std::vector<std::string> fixed_addresses_of_others(const config::Config& config, const lease::LeaseTable& leases, WallSeconds now);

}  // namespace coaxd::daemon
