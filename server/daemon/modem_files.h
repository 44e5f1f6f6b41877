// modem_files.h: [docsis] of coaxd.toml as server/provision wants it, and a worker's files out of it: generated names, templates, the folder of [tftp]. Control thread.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/config/settings.h"
#include "server/daemon/control.h"
#include "server/daemon/service_settings.h"
#include "server/lease/lease_table.h"
#include "server/provision/provision.h"
#include "server/subscriber/modem_table.h"

namespace coaxd::daemon {

provision::Settings provision_settings(const config::Settings& settings);

// What a configuration says of addresses. One worker's; use() while it rests.
class ConfigPlan final : public provision::AddressPlan {
 public:
  explicit ConfigPlan(std::shared_ptr<const config::Config> config) { use(std::move(config)); }
  void use(std::shared_ptr<const config::Config> config);

  std::optional<subscriber::Mac> host_of(Ipv4 address) const noexcept override;
  std::string_view network_of(Ipv4 address) const noexcept override;
  std::string_view pool_of(Ipv4 address) const noexcept override;

 private:
  std::shared_ptr<const config::Config> config_;
  std::map<Ipv4, subscriber::Mac> hosts_;                  // all zero: several share it
  std::map<const config::Pool*, std::string> pool_names_;  // first addresses
};

// What all workers' files share. `provision` and `modems` outlive the workers.
struct ModemFilesParts {
  const config::Settings& settings;
  provision::Provision& provision;
  subscriber::ModemTable& modems;
  const lease::LeaseTable& leases;
  std::shared_ptr<const config::Config> config;
  const provision::Quarantine* quarantine = nullptr;
  // Each worker's counters as they come to be; null: nobody wants them.
  std::vector<const provision::Counters*>* counters = nullptr;
};
FileSourceFactory modem_files(const ModemFilesParts& parts);

// `coaxctl modem file MAC [NAME]`: what this modem would get for NAME, or for what DHCP has told it. `words` behind `file`. `files` is the control thread's own.
std::expected<BodySource, std::string> modem_file(provision::ProvisionedFiles& files, const std::vector<std::string>& words, bool json, Instant now);

}  // namespace coaxd::daemon
