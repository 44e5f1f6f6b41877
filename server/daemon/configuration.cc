#include "server/daemon/configuration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "server/config/parser.h"
#include "server/daemon/modem_files.h"
#include "server/engine/startup.h"
#include "server/engine/variables.h"

namespace coaxd::daemon {

namespace {

std::string render(const std::vector<config::Diagnostic>& diagnostics, const config::Sources& sources) {
  std::string out;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    out += diagnostic.render(sources);
    if (!out.ends_with('\n')) out += '\n';
  }
  return out;
}

}  // namespace

std::expected<config::Settings, std::string> load_settings(const std::string& path) {
  if (path.empty()) return config::Settings{};
  std::string text, error;
  if (!config::disk_reader()(path, text, error)) return std::unexpected(error + "\n");
  config::Sources sources;
  auto settings = config::parse_settings(path, std::move(text), sources);
  if (!settings) return std::unexpected(render(settings.error(), sources));
  return *settings;
}

std::expected<Configuration, std::string> load_configuration(const std::string& path, const config::Settings& settings,
                                                             const config::HostTable* previous_names) {
  std::string text, error;
  const config::FileReader reader = config::disk_reader();
  if (!reader(path, text, error)) return std::unexpected(error + "\n");
  config::Ast ast = config::parse(path, std::move(text), reader);

  Configuration result;
  if (ast.ok()) {
    result.coverage = config::coverage_of(ast);
    result.host_names = config::host_names(ast);
    result.names = config::look_up_hosts(result.host_names, std::chrono::milliseconds(settings.names.timeout_ms), previous_names);
  } else {
    result.names = std::make_shared<config::HostTable>();
  }
  config::ResolveOptions options;
  options.lookup = config::find_in_table;
  options.lookup_context = const_cast<config::HostTable*>(result.names.get());  // find_in_table() only reads it
  auto resolved = config::resolve(std::move(ast), options);
  if (!resolved) return std::unexpected(render(resolved.error(), ast.sources));
  result.config = std::move(*resolved);
  for (const config::Diagnostic& warning : result.config->warnings())
    result.warnings.push_back(warning.render(result.config->sources()));
  if (std::string unused = unused_files(settings); !unused.empty()) result.warnings.push_back(std::move(unused));
  return result;
}

std::vector<std::string> startup_lines(const Configuration& configuration) {
  engine::GlobalVariables globals;
  std::vector<std::string> lines;
  for (engine::StartupEffect& effect : engine::run_global_statements(*configuration.config, configuration.names.get(), globals))
    if (effect.kind == engine::Effect::Kind::log) lines.push_back(std::move(effect.text));
  return lines;
}

std::vector<lease::PoolSpec> pool_specs(const config::Config& config) {
  std::vector<lease::PoolSpec> specs;
  specs.reserve(config.pools().size());
  for (const auto& pool : config.pools()) {
    lease::PoolSpec& spec = specs.emplace_back();
    spec.id = pool->id;
    for (const config::AddressRange& range : pool->ranges) spec.ranges.push_back({range.low, range.high});
  }
  // An address that a host declaration owns is never given to anybody else (docs/dhcpd-compat.md).
  for (const auto& host : config.hosts())
    for (const Ipv4 address : host->fixed_addresses)
      if (const config::Pool* pool = config.pool_of(address)) specs[pool->id].excluded.push_back(address);
  return specs;
}

std::string unsafe_findings(const Configuration& configuration, const config::Settings& settings) {
  std::string text;
  for (const config::Finding& finding : configuration.coverage.unsafe(settings)) {
    text += fmt::format("{}: UNSAFE TO IGNORE: {}: {}\n", finding.where, finding.row.name, finding.row.note);
    if (!finding.row.setting.empty()) text += fmt::format("  to start all the same, coaxd.toml (-C) must say: {}\n", finding.row.setting);
  }
  return text;
}

std::string leases_path(const CommandLine& line, const config::Config& config) {
  const std::string stated = global_text(config, config::Parameter::lease_file_name);
  return stated.empty() ? line.leases : stated;
}

std::string pid_path(const CommandLine& line, const config::Config& config) {
  const std::string stated = global_text(config, config::Parameter::pid_file_name);
  return stated.empty() ? line.pid_file : stated;
}

std::string store_path(const config::Settings& settings, const std::string& leases_path) {
  return settings.store.path.empty() ? leases_path + ".db" : settings.store.path;
}

std::string missing_leases(const std::string& leases_path, const std::string& store_path) {
  if (access(store_path.c_str(), F_OK) == 0 || access(leases_path.c_str(), F_OK) == 0) return {};
  return fmt::format("Can't open lease database {}: {} -- check for failed database rewrite attempt! Where there never was a lease: touch {}",
                     leases_path, std::strerror(errno), leases_path);
}

engine::Settings engine_settings(const CommandLine& line, const config::Settings& settings, const config::Config& config) {
  const auto port = [&](config::Parameter parameter) {
    const Bytes stated = config.global_constant(parameter);
    return stated.size() == 2 ? load_be16(stated.data()) : std::uint16_t{0};
  };
  const auto address = [&](config::Parameter parameter) {
    const Bytes stated = config.global_constant(parameter);
    return stated.size() == 4 ? Ipv4{load_be32(stated.data())} : Ipv4{};
  };
  engine::Settings out;
  out.rfc5107 = settings.server.rfc5107;
  if (line.port != 0) {
    out.server_port = line.port;
    out.client_port = static_cast<std::uint16_t>(line.port + 1);
  }
  if (const std::uint16_t stated = port(config::Parameter::local_port); stated != 0) out.server_port = stated;
  if (const std::uint16_t stated = port(config::Parameter::remote_port); stated != 0) out.client_port = stated;
  if (line.limited_broadcast) out.limited_broadcast = *line.limited_broadcast;
  if (const Ipv4 stated = address(config::Parameter::limited_broadcast_address); !stated.is_zero())
    out.limited_broadcast = stated;
  out.local_address = address(config::Parameter::local_address);
  return out;
}

std::vector<StartValue> start_values(const CommandLine& line, const config::Settings& settings, const config::Config& config) {
  const engine::Settings engine = engine_settings(line, settings, config);
  std::vector<StartValue> values{
      {"local-port", std::to_string(engine.server_port)},
      {"remote-port", std::to_string(engine.client_port)},
      {"local-address", to_string(engine.local_address)},
      {"limited-broadcast-address", to_string(engine.limited_broadcast)},
      {"lease-file-name", leases_path(line, config)},
      {"pid-file-name", pid_path(line, config)},
      {"log-facility", global_text(config, config::Parameter::log_facility)},
  };
  for (const config::SettingRow& row : config::setting_rows())
    values.push_back({fmt::format("{}: [{}] {}", line.settings, row.table, row.key), config::setting_text(row, settings)});
  return values;
}

std::vector<std::string> ignored_changes(const std::vector<StartValue>& running, const std::vector<StartValue>& fresh) {
  std::vector<std::string> said;
  for (std::size_t i = 0; i < running.size(); ++i) {
    if (running[i].value == fresh[i].value) continue;
    const auto shown = [](const std::string& value) { return value.empty() ? std::string_view{"the default"} : std::string_view{value}; };
    said.push_back(fmt::format("{} counts at start only: {} until coaxd is restarted, then {}.", fresh[i].name, shown(running[i].value),
                               shown(fresh[i].value)));
  }
  return said;
}

store::LeasesStyle leases_style(const config::Config& config) {
  return {.local_times = as_text(config.constant_anywhere(config::Parameter::db_time_format)) == "local",
          .hex_ids = as_text(config.constant_anywhere(config::Parameter::lease_id_format)) == "hex"};
}

std::string global_text(const config::Config& config, config::Parameter parameter) {
  return std::string{as_text(config.global_constant(parameter))};
}

}  // namespace coaxd::daemon
