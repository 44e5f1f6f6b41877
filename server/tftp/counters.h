// counters.h: what a responder counts. Only its thread writes (relaxed, no contention); anybody may read and sum, and sees each counter some nanoseconds late.
#pragma once

#include <array>

#include "server/base/counter.h"
#include "server/tftp/reason.h"

namespace coaxd::tftp {

using coaxd::Counter;

struct alignas(64) Counters {
  Counter received, sent, octets_sent;             // datagrams, and what they carry
  Counter requests;                                // RRQs that are no repetition
  Counter repeated;                                // RRQs of a transfer that is under way
  Counter started, completed;                      // transfers that had a file; that were confirmed to the end
  Counter resent;                                  // DATA and OACK sent again, for a timeout or a gap
  Counter gaps;                                    // acknowledgements from within a window (RFC 7440 §4)
  Counter options_ignored;                         // unknown, repeated or impossible
  Counter no_room;                                 // sending had to wait for the transport
  Counter open;                                    // transfers under way now
  std::array<Counter, static_cast<std::size_t>(Reason::count)> reasons;  // what came to nothing, and why

  Counter& of(Reason reason) noexcept { return reasons[static_cast<std::size_t>(reason)]; }
  const Counter& of(Reason reason) const noexcept { return reasons[static_cast<std::size_t>(reason)]; }
};

}  // namespace coaxd::tftp
