// service_settings.h: [tftp] and [time] of coaxd.toml as sockets, responders and files want them. Control thread, at start.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leasequery/requesters.h"
#include "server/config/config.h"
#include "server/config/settings.h"
#include "server/io/service_sockets.h"
#include "server/lease/lease_table.h"
#include "server/tftp/files.h"
#include "server/tftp/responder.h"

namespace coaxd::daemon {

inline constexpr std::uint16_t kTimePort = 37;  // RFC 868

io::ServiceOptions service_options(const config::Settings& settings, unsigned workers, std::uint32_t steering_seed);
// For one of so many workers.
tftp::Settings tftp_settings(const config::Settings& settings, unsigned workers, HashSeed seed);
// Of [leasequery].
std::vector<leasequery::RequesterSpec> requester_specs(const config::Settings& settings);

// What a worker's requests lead to.
struct WorkerFiles {
  std::shared_ptr<tftp::FileSource> source;  // called by its thread alone, and there as long as it is
  // A configuration that was taken over: while the workers rest. Empty: it need not know.
  std::function<void(const std::shared_ptr<const config::Config>&)> use;
};
// The error is one sentence. Called for each worker when the privileges are gone, and inside the jail if there is one.
using FileSourceFactory = std::function<std::expected<WorkerFiles, std::string>(unsigned worker)>;
// The files below [tftp] root as they are, for those who may have them (source_check.h).
FileSourceFactory static_files(const config::Settings& settings, const lease::LeaseTable& leases, const std::shared_ptr<const config::Config>& config);

}  // namespace coaxd::daemon
