#include "server/daemon/quarantine_policy.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "server/config/setting_values.h"

namespace coaxd::daemon {
namespace {

constexpr std::int64_t kDay = 86'400;

// Words between the separators, without blanks around them.
std::vector<std::string_view> words(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> list;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    std::string_view word = text.substr(at, end - at);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (!word.empty()) list.push_back(word);
    at = end + 1;
  }
  return list;
}

}  // namespace

std::expected<quarantine::Policy, std::string> quarantine_policy(const config::Settings::Quarantine& settings) {
  quarantine::Policy policy;
  policy.dry_run = settings.dry_run;
  policy.never_prefixes = *config::parse_prefixes(settings.never);  // checked when it was read
  for (const std::string_view word : words(settings.never_macs, ", \n\t")) {
    const auto mac = subscriber::Mac::parse(word);
    if (!mac) return std::unexpected(fmt::format("[quarantine] never_macs: \"{}\" is no hardware address such as 00:10:95:01:02:03", word));
    policy.never_macs.push_back(*mac);
  }
  for (const std::string_view word : words(settings.never_classes, ",")) policy.never_classes.emplace_back(word);
  policy.most_share = settings.most_percent / 100.0;
  policy.always_allowed = settings.always_allowed;
  for (const auto& source : settings.sources) policy.sources.push_back({.name = source.name, .weight = source.weight, .per_minute = source.per_minute, .longest_s = source.longest_seconds});
  policy.threshold = settings.threshold;
  policy.window_s = settings.window_seconds;
  policy.oldest_s = settings.oldest_seconds;
  policy.default_ttl_s = settings.default_seconds;
  policy.default_per_minute = settings.per_minute;
  policy.self_releases = settings.self_releases;
  policy.self_period_s = settings.self_days * kDay;
  policy.grace_s = settings.grace_seconds;
  policy.wait_s = settings.wait_seconds;
  return policy;
}

}  // namespace coaxd::daemon
