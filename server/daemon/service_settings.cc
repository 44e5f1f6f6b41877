#include "server/daemon/service_settings.h"

#include <algorithm>
#include <vector>

#include "server/config/setting_values.h"
#include "server/tftp/packet.h"

namespace coaxd::daemon {

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

}  // namespace coaxd::daemon
