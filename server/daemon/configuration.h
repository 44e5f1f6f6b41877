// configuration.h: dhcpd.conf and coaxd.toml from disk to something that can be served, with everything that there is to say about it:
// used alike by the start, by -t, by a reload and by `coaxctl check`. Control thread only.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/config/coverage.h"
#include "server/config/host_table.h"
#include "server/config/settings.h"
#include "server/daemon/command_line.h"
#include "server/engine/engine.h"
#include "server/lease/lease_table.h"
#include "server/store/leases_export.h"

namespace coaxd::daemon {

struct Configuration {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const config::HostTable> names;
  std::vector<std::string> host_names;
  config::CoverageReport coverage;
  std::vector<std::string> warnings;  // rendered
};

// The error is everything that is wrong, rendered, ready for stderr or the log.
std::expected<config::Settings, std::string> load_settings(const std::string& path);
std::expected<Configuration, std::string> load_configuration(const std::string& path, const config::Settings& settings,
                                                             const config::HostTable* previous_names);

// What log() says in the global statements, which run once at start and with -t (dhcpd-compat §5.2).
std::vector<std::string> startup_lines(const Configuration& configuration);

// What the lease table has to know of a configuration.
std::vector<lease::PoolSpec> pool_specs(const config::Config& config);

// What nobody may ignore and no setting has taken the responsibility for, a line or two each; "" when there is nothing.
std::string unsafe_findings(const Configuration& configuration, const config::Settings& settings);

// lease-file-name and pid-file-name of the configuration, else the command line's (dhcpd-compat §15.1).
std::string leases_path(const CommandLine& line, const config::Config& config);
std::string pid_path(const CommandLine& line, const config::Config& config);

std::string store_path(const config::Settings& settings, const std::string& leases_path);
// Why a server must not start without any lease, or "". As dhcpd: a mistyped path, or a file system that is not mounted, would be addresses
// given twice. With a store the leases file may be missing; it is written again.
std::string missing_leases(const std::string& leases_path, const std::string& store_path);

// Ports and addresses of the process, read once, at start. The global scope goes before the command line, as with the files; -p moves the
// clients' port along, local-port does not (observed).
engine::Settings engine_settings(const CommandLine& line, const config::Settings& settings, const config::Config& config);

// What counts at start only, as text: a reload leaves it as it is, and says so.
struct StartValue {
  std::string name;  // the statement, or the key of coaxd.toml
  std::string value;
};
std::vector<StartValue> start_values(const CommandLine& line, const config::Settings& settings, const config::Config& config);
std::vector<std::string> ignored_changes(const std::vector<StartValue>& running, const std::vector<StartValue>& fresh);

// db-time-format and lease-id-format; dhcpd obeys them as it reads, in whatever scope (observed).
store::LeasesStyle leases_style(const config::Config& config);

// A text parameter of the global scope (lease-file-name ...), or "" when it is not set to a constant.
std::string global_text(const config::Config& config, config::Parameter parameter);

}  // namespace coaxd::daemon
