#include "server/engine/lease_time.h"

#include <algorithm>

#include "server/engine/permits.h"

namespace coaxd::engine {
namespace {

using config::Parameter;

constexpr std::uint32_t kDefaultTime = 43200, kMaximumTime = 86400, kMinimumTime = 300;

// `adaptive-lease-time-threshold`: the pool is so full that newcomers get short leases.
bool crowded(const Exchange& exchange, const Lease& lease) noexcept {
  const std::uint32_t threshold =
      exchange.server.reply->number(Parameter::adaptive_lease_time_threshold, 0);
  if (threshold == 0 || lease.pool == nullptr || lease.running) return false;
  const lease::PoolCounts counts = exchange.server.leases.counts(lease.pool->id);
  return counts.total > 0 && counts.active * 100 / counts.total >= threshold;
}

std::uint32_t until_pool_closes(const Exchange& exchange, const Lease& lease,
                                std::uint32_t seconds) noexcept {
  if (lease.pool == nullptr) return seconds;
  const WallSeconds end = closes_at(*lease.pool);
  if (end == kNever) return seconds;
  return static_cast<std::uint32_t>(std::clamp<WallSeconds>(end - exchange.now.wall, 0, seconds));
}

}  // namespace

std::uint32_t lease_seconds(const Exchange& exchange, const Lease& lease) noexcept {
  const OptionState& options = *exchange.server.reply;
  const std::uint32_t longest = options.number(Parameter::max_lease_time, kMaximumTime);
  // The built-in minimum bows to the maximum, a configured one does not: it is applied last
  // (dhcpd-compat §11, observed).
  const std::uint32_t shortest =
      options.number(Parameter::min_lease_time, std::min(kMinimumTime, longest));

  const Bytes asked = exchange.query->option(wire::option::lease_time);
  std::uint32_t seconds = asked.size() == 4
                              ? load_be32(asked.data())
                              : options.number(Parameter::default_lease_time, kDefaultTime);
  seconds = std::min(seconds, longest);
  if (crowded(exchange, lease)) seconds = shortest;
  seconds = std::max(seconds, shortest);
  return until_pool_closes(exchange, lease, seconds);
}

std::uint32_t bootp_lease_seconds(const Exchange& exchange, const Lease& lease) noexcept {
  const OptionState& options = *exchange.server.reply;
  std::uint32_t seconds = options.number(Parameter::dynamic_bootp_lease_length, kInfinite);
  if (const std::uint32_t cutoff = options.number(Parameter::dynamic_bootp_lease_cutoff, 0);
      cutoff != 0) {
    seconds = seconds_left(exchange.now.wall, cutoff);  // whatever the length says (observed)
  }
  return until_pool_closes(exchange, lease, seconds);
}

lease::StoredTime lease_end(WallSeconds now, std::uint32_t seconds) noexcept {
  return seconds == kInfinite ? lease::kStoredNever : lease::to_stored(now + seconds);
}

std::uint32_t seconds_left(WallSeconds now, lease::StoredTime ends) noexcept {
  if (ends == lease::kStoredNever) return kInfinite;
  return static_cast<std::uint32_t>(
      std::clamp<WallSeconds>(static_cast<WallSeconds>(ends) - now, 0, kInfinite));
}

}  // namespace coaxd::engine
