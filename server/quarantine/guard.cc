#include "server/quarantine/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace coaxd::quarantine {
namespace {

constexpr WallMillis kSecond = 1000, kMinute = 60 * kSecond;
const Source kOther{};

std::string both(std::string_view key, std::string_view signature) { return fmt::format("{}\n{}", key, signature); }

std::string prefix_text(const Prefix& prefix) { return fmt::format("{}/{}", to_string(prefix.network), prefix.length()); }

}  // namespace

const Source& Guard::source(std::string_view name) const {
  const auto found = std::ranges::find(policy_.sources, name, &Source::name);
  return found == policy_.sources.end() ? kOther : *found;
}

bool Guard::too_fast(std::string_view name, WallMillis now) {
  const Source& row = source(name);
  const double most = &row == &kOther ? policy_.default_per_minute : row.per_minute;
  // All that nobody has spoken for of late share one bucket when there are too many names.
  const bool crowded = buckets_.size() >= kMostSources && !buckets_.contains(std::string(name));
  if (crowded) std::erase_if(buckets_, [&](const auto& one) { return now - one.second.at > kMinute; });
  Bucket& bucket = buckets_.try_emplace(buckets_.size() >= kMostSources && !buckets_.contains(std::string(name)) ? "" : std::string(name), Bucket{most, now}).first->second;
  bucket.tokens = std::min(most, bucket.tokens + static_cast<double>(std::max<WallMillis>(now - bucket.at, 0)) * most / kMinute);
  bucket.at = now;
  if (bucket.tokens < 1) return true;
  bucket.tokens -= 1;
  return false;
}

std::uint64_t Guard::add(std::string_view key, std::string_view signature, const Source& source, std::uint32_t count, WallMillis now) {
  const auto [place, is_new] = counted_.try_emplace(both(key, signature));
  if (is_new) {
    counted_order_.push_back(place->first);
    while (counted_.size() > kMostCounted) {
      if (counted_order_.front() != place->first) counted_.erase(counted_order_.front());
      counted_order_.pop_front();
    }
  }
  std::deque<Points>& points = place->second;
  while (!points.empty() && points.front().at <= now - policy_.window_s * kSecond) points.pop_front();
  const std::uint64_t more = std::uint64_t{source.weight} * count;
  // Those of one second are one entry: a storm of alerts is not a storm of memory.
  if (!points.empty() && points.back().at / kSecond == now / kSecond) points.back().points += more;
  else points.push_back({now, more});
  std::uint64_t sum = 0;
  for (const Points& one : points) sum += one.points;
  return sum;
}

void Guard::forget(std::string_view key) {
  const std::string head = both(key, "");
  std::erase_if(counted_order_, [&](const std::string& one) { return one.starts_with(head) && counted_.erase(one) > 0; });
}

std::string Guard::never(const Subject& subject, const Found& found) const {
  for (const std::optional<Ipv4>& address : {subject.ip, found.address}) {
    if (!address) continue;
    for (const Prefix& prefix : policy_.never_prefixes) {
      if (prefix.contains(*address)) return fmt::format("{} is in {}, which [quarantine] never lists", to_string(*address), prefix_text(prefix));
    }
  }
  for (const std::optional<subscriber::Mac>& mac : {subject.mac, subject.modem, subscriber::Mac::of(as_bytes(found.hardware)), found.modem}) {
    if (mac && std::ranges::find(policy_.never_macs, *mac) != policy_.never_macs.end()) return fmt::format("[quarantine] never lists {}", to_string(*mac));
  }
  return {};
}

std::uint64_t Guard::most(std::uint64_t subscribers) const {
  return std::max<std::uint64_t>(policy_.always_allowed, static_cast<std::uint64_t>(std::floor(policy_.most_share * static_cast<double>(subscribers))));
}

}  // namespace coaxd::quarantine
