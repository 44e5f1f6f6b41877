#include "server/daemon/service_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/config/setting_values.h"
#include "server/daemon/source_check.h"
#include "server/tftp/packet.h"
#include "server/tftp/static_files.h"

namespace coaxd::daemon {

namespace {

// With [tftp] root = "".
class NoFiles final : public tftp::FileSource {
 public:
  tftp::FileAnswer open(const tftp::FileQuery&) override { return tftp::FileAnswer::refused(tftp::ErrorCode::file_not_found); }
};

}  // namespace

io::ServiceOptions service_options(const config::Settings& settings, unsigned workers, std::uint32_t steering_seed) {
  io::ServiceOptions options;
  options.workers = workers;
  options.steering_seed = steering_seed;
  if (settings.time.enabled) options.time_port = kTimePort;
  if (!settings.tftp.enabled) return options;
  options.tftp_port = static_cast<std::uint16_t>(settings.tftp.port);
  options.transfer_ports = settings.tftp.transfer_ports;
  const auto ports = config::parse_ports(settings.tftp.ports);
  if (ports) options.transfer_range = {ports->low, ports->high};
  return options;
}

tftp::Settings tftp_settings(const config::Settings& settings, unsigned workers, HashSeed seed) {
  const config::Settings::Tftp& from = settings.tftp;
  tftp::Settings out;
  out.transfers = std::max(1u, (from.transfers + workers - 1) / workers);
  out.transfer_sockets = static_cast<std::uint8_t>(from.transfer_ports);
  out.per_source = from.per_source;
  out.proxies = config::parse_prefixes(from.cmts).value_or(std::vector<Prefix>{});
  out.largest_datagram = static_cast<std::uint16_t>(from.max_blksize + tftp::kHeaderSize);
  out.largest_window = static_cast<std::uint16_t>(from.window);
  out.first_timeout = Millis{from.first_timeout_ms};
  out.longest_timeout = std::max(out.longest_timeout, out.first_timeout);
  out.tries = from.tries;
  out.tries_unheard = std::min(out.tries_unheard, from.tries);
  out.seed = seed;
  return out;
}

std::vector<leasequery::RequesterSpec> requester_specs(const config::Settings& settings) {
  using leasequery::DialectChoice, leasequery::Lists;
  static_assert(static_cast<int>(config::QueryDialect::draft2) == static_cast<int>(DialectChoice::draft2) &&
                static_cast<int>(config::QueryLists::strict) == static_cast<int>(Lists::strict));
  std::vector<leasequery::RequesterSpec> specs;
  for (const auto& from : settings.leasequery.requesters) {
    specs.push_back({.prefix = config::parse_prefixes(from.prefix).value().front(),
                     .dialect = static_cast<DialectChoice>(from.dialect),
                     .draft_type = static_cast<std::uint8_t>(from.type),
                     .rate = from.rate,
                     .lists = static_cast<Lists>(from.lists)});
  }
  return specs;
}

namespace {

std::expected<std::shared_ptr<tftp::FileSource>, std::string> open_root(const config::Settings::Tftp& from) {
  if (from.root.empty()) return std::make_shared<NoFiles>();
  tftp::StaticFilesSettings wanted;
  wanted.memory = std::size_t{from.cache_mb} << 20;
  wanted.for_everybody_only = from.world_readable_only;
  auto made = tftp::StaticFiles::make(from.root, wanted);
  if (!made)
    // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
    return std::unexpected(fmt::format("[tftp] root {}: {}: make the folder (mkdir -p {}), or set another one, or \"\" for none.", from.root,
                                       std::strerror(made.error()), from.root));
  return std::shared_ptr<tftp::StaticFiles>(std::move(*made));
}

}  // namespace

FileSourceFactory static_files(const config::Settings& settings, const lease::LeaseTable& leases, const std::shared_ptr<const config::Config>& config) {
  return [from = settings.tftp, &leases, config](unsigned) -> std::expected<WorkerFiles, std::string> {
    auto files = open_root(from);
    if (!files) return std::unexpected(std::move(files.error()));
    if (!from.require_lease) return WorkerFiles{std::move(*files), {}};
    const auto checked = std::make_shared<SourceCheck>(std::move(*files), leases, config::parse_prefixes(from.cmts).value_or(std::vector<Prefix>{}), config);
    return WorkerFiles{checked, [checked](const std::shared_ptr<const config::Config>& fresh) { checked->use(fresh); }};
  };
}

}  // namespace coaxd::daemon
