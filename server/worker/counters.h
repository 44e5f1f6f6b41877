// counters.h: what a worker counts. Only its worker writes (relaxed, no contention); anybody may read and sum, and sees each counter
// some nanoseconds late. Names in the table are those of the metrics (docs/operating.md).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "server/base/counter.h"
#include "server/engine/drop_reason.h"
#include "server/wire/message.h"

namespace coaxd::worker {

using coaxd::Counter;

struct alignas(64) Counters {
  static constexpr std::size_t kTypes = 19;  // by wire::MessageType; 0 is BOOTP
  std::array<Counter, kTypes> received;
  std::array<Counter, kTypes> sent;
  std::array<Counter, static_cast<std::size_t>(engine::DropReason::count)> dropped;
  Counter commits, commits_failed, expired, probes_sent, probes_answered, effects_run, effects_lost, logs_lost, ack_logs_lost, options_left_out;
  // RELEASE and DECLINE that were acted upon: nothing is sent (RFC 2131 §4.3.3, §4.3.4). With it the books close: every packet is received
  // and then sent a reply, dropped for a reason, waiting, or one of these.
  Counter without_reply;
  Counter turns;
  Counter journal_batches, journal_records, journal_octets, journal_failures, journal_sync_ns;  // store::Journal::Stats, copied each turn
};

}  // namespace coaxd::worker
