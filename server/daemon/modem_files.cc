#include "server/daemon/modem_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "server/config/setting_values.h"

namespace coaxd::daemon {
namespace {

constexpr std::uint8_t kEthernet = 1;

// Words of a list, commas or blanks between them.
std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  constexpr std::string_view kBetween = ", \t";
  for (std::size_t at = list.find_first_not_of(kBetween); at != list.npos; at = list.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(list.find_first_of(kBetween, at), list.size());
    words.emplace_back(list.substr(at, end - at));
    at = end;
  }
  return words;
}

// Null: none is wanted.
std::expected<std::unique_ptr<tftp::StaticFiles>, std::string> open_folder(const config::Settings::Tftp& from) {
  if (from.root.empty()) return nullptr;
  tftp::StaticFilesSettings wanted;
  wanted.memory = std::size_t{from.cache_mb} << 20;
  wanted.for_everybody_only = from.world_readable_only;
  auto made = tftp::StaticFiles::make(from.root, wanted);
  if (!made)
    // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
    return std::unexpected(fmt::format("[tftp] root {}: {}: make the folder (mkdir -p {}), or set another one, or \"\" for none.", from.root, std::strerror(made.error()), from.root));
  return std::move(*made);
}

}  // namespace

// settings.h knows nothing of docsis/, but has its values in the same order.
static_assert(static_cast<int>(config::TemplateDialect::utility) == static_cast<int>(docsis::Dialect::utility));
static_assert(static_cast<int>(config::MtaHashChoice::north_american) == static_cast<int>(docsis::MtaHash::north_american) &&
              static_cast<int>(config::MtaHashChoice::euro) == static_cast<int>(docsis::MtaHash::euro) && static_cast<int>(config::MtaHashChoice::ietf) == static_cast<int>(docsis::MtaHash::ietf));

provision::Settings provision_settings(const config::Settings& settings) {
  const config::Settings::Docsis& from = settings.docsis;
  provision::Settings out;
  out.templates = from.templates;
  out.secrets = from.secrets;
  out.root = settings.tftp.root;
  out.dialect = static_cast<docsis::Dialect>(from.dialect);
  out.timestamp = from.timestamp;
  out.modem_address = from.modem_address;
  out.mta_hash = static_cast<docsis::MtaHash>(from.mta_hash);
  out.cache_octets = std::size_t{from.cache_mb} << 20;
  out.check = from.only_told ? provision::SourceCheck::told : settings.tftp.require_lease ? provision::SourceCheck::lease : provision::SourceCheck::off;
  out.cmts = config::parse_prefixes(settings.tftp.cmts).value_or(std::vector<Prefix>{});
  out.unasked = words_of(from.unasked);
  out.generated_names = from.generated_names;
  out.name_seconds = from.name_seconds;
  out.single_download = from.single_download;
  out.remembered = from.remembered;
  return out;
}

std::string unused_files(const config::Settings& settings) {
  if (settings.tftp.enabled) return {};
  std::string keys;
  for (const config::SettingRow& row : config::setting_rows())
    if (row.table == "docsis" && setting_text(row, settings) != setting_text(row, config::Settings{})) keys += (keys.empty() ? "" : ", ") + std::string(row.key);
  if (keys.empty()) return {};
  return fmt::format("[docsis] {}: is for files that are sent by TFTP, which is off: write `enabled = true` under [tftp], or leave [docsis] out.", keys);
}

std::expected<void, std::string> check_files(config::Settings settings, const std::string& jail, uid_t user, std::vector<provision::News>& news) {
  if (!settings.tftp.enabled) return {};
  for (std::string* path : {&settings.docsis.templates, &settings.docsis.secrets, &settings.tftp.root})
    if (!path->empty()) path->insert(0, jail);
  provision::Settings wanted = provision_settings(settings);
  wanted.user = user;
  std::string refused;
  const auto refuse = [&](const std::string& why) { refused += why.ends_with('\n') ? why : why + '\n'; };
  if (const auto made = provision::Provision::make(wanted, {}, 0, news); !made) refuse(made.error());
  if (const auto opened = open_folder(settings.tftp); !opened) refuse(opened.error());
  if (refused.empty()) return {};
  return std::unexpected(std::move(refused));
}

ConfigPlan::ConfigPlan(std::shared_ptr<const config::Config> config) : config_(std::move(config)) {
  for (const auto& host : config_->hosts()) {
    const Bytes hardware(host->hardware);
    const bool ethernet = hardware.size() == 7 && hardware[0] == kEthernet;
    const subscriber::Mac mac = ethernet ? *subscriber::Mac::of(hardware.subspan(1)) : subscriber::Mac{};
    for (const Ipv4 address : host->fixed_addresses)
      if (const auto [at, fresh] = hosts_.emplace(address, mac); !fresh && at->second != mac) at->second = {};
  }
  for (const auto& pool : config_->pools())
    if (!pool->ranges.empty()) pool_names_.emplace(pool.get(), to_string(pool->ranges.front().low));
}

std::optional<subscriber::Mac> ConfigPlan::host_of(Ipv4 address) const noexcept {
  const auto found = hosts_.find(address);
  return found == hosts_.end() ? std::nullopt : std::optional(found->second);
}
Ipv4 ConfigPlan::address_of(subscriber::Mac host) const noexcept {
  const auto found = std::ranges::find(hosts_, host, [](const auto& entry) { return entry.second; });
  return found == hosts_.end() ? Ipv4{} : found->first;
}
std::string_view ConfigPlan::network_of(Ipv4 address) const noexcept {
  const config::Subnet* subnet = config_->subnet_of(address);
  return subnet == nullptr || subnet->network == nullptr ? std::string_view{} : std::string_view(subnet->network->name);
}
std::string_view ConfigPlan::pool_of(Ipv4 address) const noexcept {
  const auto found = pool_names_.find(config_->pool_of(address));
  return found == pool_names_.end() ? std::string_view{} : std::string_view(found->second);
}

std::expected<std::unique_ptr<ModemFiles>, std::string> ModemFiles::make(const ModemFilesParts& parts) {
  auto opened = open_folder(parts.settings.tftp);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return std::make_unique<ModemFiles>(parts, std::move(*opened));
}

ModemFiles::ModemFiles(const ModemFilesParts& parts, std::unique_ptr<tftp::StaticFiles> opened)
    : folder(std::move(opened)),
      modems(parts.modems),
      files({.settings = parts.provision.settings(),
             .snapshots = parts.provision.snapshots(),
             .leases = parts.leases,
             .plan = parts.plan,
             .handed_out = &parts.provision.handed_out(),
             .modems = &modems,
             .confined = parts.confined,
             .static_files = folder.get(),
             .listener = nullptr}) {}

}  // namespace coaxd::daemon
