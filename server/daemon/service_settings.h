// service_settings.h: [tftp], [time] and [leasequery] of coaxd.toml as sockets and responders want them. Control thread, at start.
#pragma once

#include <cstdint>
#include <vector>

#include "leasequery/requesters.h"
#include "server/base/hash.h"
#include "server/config/settings.h"
#include "server/io/service_sockets.h"
#include "server/tftp/responder.h"

namespace coaxd::daemon {

inline constexpr std::uint16_t kTimePort = 37;  // RFC 868

io::ServiceOptions service_options(const config::Settings& settings, unsigned workers, std::uint32_t steering_seed);
// For one of so many workers.
tftp::Settings tftp_settings(const config::Settings& settings, unsigned workers, HashSeed seed);
// Of [leasequery].
std::vector<leasequery::RequesterSpec> requester_specs(const config::Settings& settings);

}  // namespace coaxd::daemon
