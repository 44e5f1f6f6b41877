#include "server/daemon/modem_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/config/setting_values.h"
#include "server/provision/preview_text.h"

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

// All that one worker's files are made of, in the order in which they need each other.
class Chain final : public tftp::FileSource {
 public:
  Chain(const ModemFilesParts& parts, WorkerFiles statics)
      : statics_(std::move(statics.source)),
        plan_(parts.config),
        reader_(parts.modems),
        files_({.settings = parts.provision.settings(),
                .snapshots = parts.provision.snapshots(),
                .leases = parts.leases,
                .plan = &plan_,
                .handed_out = &parts.provision.handed_out(),
                .modems = &reader_,
                .quarantine = parts.quarantine,
                .static_files = statics_.get(),
                .listener = nullptr}) {}

  tftp::FileAnswer open(const tftp::FileQuery& query) override { return files_.open(query); }
  void close(tftp::Ticket ticket, bool complete) override { files_.close(ticket, complete); }
  void use(std::shared_ptr<const config::Config> config) { plan_.use(std::move(config)); }
  const provision::Counters& counters() const noexcept { return files_.counters(); }

 private:
  const std::shared_ptr<tftp::FileSource> statics_;
  ConfigPlan plan_;
  subscriber::ModemTable::Reader reader_;
  provision::ProvisionedFiles files_;
};

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

void ConfigPlan::use(std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  hosts_.clear();
  pool_names_.clear();
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
std::string_view ConfigPlan::network_of(Ipv4 address) const noexcept {
  const config::Subnet* subnet = config_->subnet_of(address);
  return subnet == nullptr || subnet->network == nullptr ? std::string_view{} : std::string_view(subnet->network->name);
}
std::string_view ConfigPlan::pool_of(Ipv4 address) const noexcept {
  const auto found = pool_names_.find(config_->pool_of(address));
  return found == pool_names_.end() ? std::string_view{} : std::string_view(found->second);
}

FileSourceFactory modem_files(const ModemFilesParts& parts) {
  return [parts](unsigned worker) -> std::expected<WorkerFiles, std::string> {
    // Who may fetch is decided before it is known which kind of file it will be.
    config::Settings bare = parts.settings;
    bare.tftp.require_lease = false;
    auto statics = static_files(bare, parts.leases, parts.config)(worker);
    if (!statics) return std::unexpected(std::move(statics.error()));
    const auto chain = std::make_shared<Chain>(parts, std::move(*statics));
    if (parts.counters != nullptr) parts.counters->push_back(&chain->counters());
    return WorkerFiles{chain, [chain](const std::shared_ptr<const config::Config>& config) { chain->use(config); }};
  };
}

std::expected<BodySource, std::string> modem_file(provision::ProvisionedFiles& files, const std::vector<std::string>& words, bool json, Instant now) {
  if (words.empty() || words.size() > 2) return std::unexpected("modem file MAC [NAME]: one MAC, and the name that the modem asks for (else what DHCP has told it).");
  const auto mac = subscriber::Mac::parse(words[0]);
  if (!mac) return std::unexpected(fmt::format("'{}' is no MAC address, such as 00:10:95:01:02:03.", words[0]));
  const auto preview = files.preview(*mac, words.size() > 1 ? words[1] : std::string(), now);
  if (!preview) return std::unexpected(preview.error());
  return whole(json ? provision::preview_json(*preview, *mac) : provision::preview_text(*preview, *mac));
}

}  // namespace coaxd::daemon
