#include "snmp/options.h"

#include <fmt/format.h>

#include "server/config/setting_values.h"

namespace coaxd::snmp {

std::expected<Options, std::string> make_options(const config::Settings& settings, std::shared_ptr<const Keys> keys) {
  const config::Settings::Snmp& from = settings.snmp;
  Options options;
  options.timeout = Millis(from.timeout_ms);
  options.patience.retry_ns = from.retry_seconds * kSecondNs;
  options.patience.sets_per_second = from.sets_per_second;
  std::string problems;
  const auto find = [&](std::string_view name, std::string_view who) -> const Key* {
    const Key* key = keys->find(name);
    if (key == nullptr) {
      problems += from.keys.empty() ? fmt::format("[snmp] {} names the key {}, and there is no file of keys: write keys = \"/etc/coaxd/snmp.keys\", and a line for it there\n", who, name)
                                    : fmt::format("[snmp] {} names the key {}, of which {} has no line; add one: {} v2c \"COMMUNITY\"\n", who, name, from.keys, name);
    }
    return key;
  };
  for (const config::Settings::Snmp::Cmts& row : from.cmts) {
    const Key* key = find(row.key, fmt::format("cmts {}", row.address));
    options.cmts.push_back({.cmts = {.relays = config::parse_prefixes(row.relays).value_or(std::vector<Prefix>{}),
                                     .address = row.address.contains(':') ? row.address : row.address + ":161",
                                     .kind = row.kind,
                                     .newer = key != nullptr && key->version != Version::v1},
                            .key = key});
  }
  if (!from.modem_key.empty()) options.modem_key = find(from.modem_key, "modem_key");
  if (!problems.empty()) return std::unexpected(std::move(problems));
  options.keys = std::move(keys);
  return options;
}

std::expected<Options, std::string> load_options(const config::Settings& settings, uid_t user) {
  if (settings.snmp.keys.empty()) return make_options(settings, std::make_shared<const Keys>());
  auto keys = Keys::load(settings.snmp.keys, user);
  if (!keys) return std::unexpected(std::move(keys.error()));
  return make_options(settings, std::move(*keys));
}

}  // namespace coaxd::snmp
