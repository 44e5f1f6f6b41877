#include "server/engine/pool_threshold.h"

namespace coaxd::engine {
namespace {

using config::Parameter;

// What the table remembers of a pool that was told to be full: 1 + the addresses in use at which
// that is over. 0: nothing was told.
constexpr std::uint64_t kQuiet = 0;

LogEvent& note_pool(Exchange& exchange, LogKind kind, const Lease& lease, std::uint64_t used,
                    std::uint64_t total) noexcept {
  LogEvent& event = note(exchange, kind);
  event.address = lease.address;
  event.number_a = static_cast<std::uint32_t>(used);
  event.number_b = static_cast<std::uint32_t>(total);
  set_text(event, lease.pool->network->name);
  return event;
}

}  // namespace

Thresholds thresholds_of(const OptionState& options) noexcept {
  return {options.number(Parameter::log_threshold_high, 0),
          options.number(Parameter::log_threshold_low, 0)};
}

void watch_pool(Exchange& exchange, const Lease& lease, Thresholds thresholds) noexcept {
  if (lease.pool == nullptr) return;
  lease::LeaseTable& leases = exchange.server.leases;
  const std::uint64_t mark = leases.memo(lease.pool->id);
  const auto [high, low] = thresholds;
  if (mark == kQuiet && (high == 0 || high > 100)) return;

  const lease::PoolCounts counts = leases.counts(lease.pool->id);
  const std::uint64_t used = counts.active + counts.abandoned;
  if (mark != kQuiet) {
    if (used <= mark - 1 && leases.set_memo(lease.pool->id, mark, kQuiet))
      note_pool(exchange, LogKind::threshold_reset, lease, used, counts.total);
    return;
  }
  if (used < counts.total * high / 100) return;
  // A low threshold that is not below the high one: a line with every ACK (dhcpd.conf manual).
  const std::uint64_t next = low < high ? 1 + counts.total * low / 100 : kQuiet;
  if (!leases.set_memo(lease.pool->id, mark, next)) return;  // another worker has said it
  note_pool(exchange, LogKind::threshold_exceeded, lease, used, counts.total).number_c = high;
}

}  // namespace coaxd::engine
