// modem_files.h: [tftp] and [docsis] of coaxd.toml as server/provision wants them, and what one thread serves files from: names that DHCP has generated, templates, the
// folder of [tftp]. Control thread; at start and reload, but for ModemFiles::files, which is its thread's.
#pragma once

#include <sys/types.h>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/config/settings.h"
#include "server/lease/lease_table.h"
#include "server/provision/provision.h"
#include "server/provision/provisioned_files.h"
#include "server/subscriber/modem_table.h"
#include "server/tftp/static_files.h"

namespace coaxd::daemon {

provision::Settings provision_settings(const config::Settings& settings);
// What [docsis] says for nobody, as one sentence; "": nothing.
std::string unused_files(const config::Settings& settings);
// All that a start reads of templates, keys and folder, for `coaxd -t`: the server will be `user`, and all paths are below `jail`. The error is what the start would
// be refused with, a line or more.
std::expected<void, std::string> check_files(config::Settings settings, const std::string& jail, uid_t user, std::vector<provision::News>& news);

// What a configuration says of addresses. A value, for any thread.
class ConfigPlan final : public provision::AddressPlan {
 public:
  explicit ConfigPlan(std::shared_ptr<const config::Config> config);

  std::optional<subscriber::Mac> host_of(Ipv4 address) const noexcept override;
  Ipv4 address_of(subscriber::Mac host) const noexcept override;
  std::string_view network_of(Ipv4 address) const noexcept override;
  std::string_view pool_of(Ipv4 address) const noexcept override;

 private:
  const std::shared_ptr<const config::Config> config_;
  std::map<Ipv4, subscriber::Mac> hosts_;                  // all zero: several share it
  std::map<const config::Pool*, std::string> pool_names_;  // first addresses
};

// What is common to all threads. All but the plan outlives them.
struct ModemFilesParts {
  const config::Settings& settings;
  provision::Provision& provision;
  subscriber::ModemTable& modems;
  const lease::LeaseTable& leases;
  std::shared_ptr<const ConfigPlan> plan;
  const subscriber::PublishedConfined* confined = nullptr;  // who is in quarantine; null: nobody ever is
};

// One thread's, in the order in which one needs the other.
struct ModemFiles {
  // When the privileges are gone, and inside the jail if there is one. The error is one sentence, of the folder.
  static std::expected<std::unique_ptr<ModemFiles>, std::string> make(const ModemFilesParts& parts);
  ModemFiles(const ModemFilesParts& parts, std::unique_ptr<tftp::StaticFiles> opened);

  const std::unique_ptr<tftp::StaticFiles> folder;  // null: there is none
  subscriber::ModemTable::Reader modems;
  provision::ProvisionedFiles files;
};

}  // namespace coaxd::daemon
