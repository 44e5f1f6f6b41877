// reply_options.h: which options a reply carries, in which order, as which octets. OptionState says what is set; this file knows what the
// client asked for and how dhcpd packs option spaces into options. Sizes, splitting and overload are wire/reply.h's.
// Pure, nothing allocates. Source: dhcpd-compat §§12.3-12.5, 8.1.
#pragma once

#include <cstddef>
#include <span>

#include "server/base/arena.h"
#include "server/engine/evaluate.h"
#include "server/engine/option_state.h"
#include "server/wire/message.h"
#include "server/wire/reply.h"

namespace coaxd::engine {

struct ReplySelection {
  const OptionState* options = nullptr;    // all that is set, the engine's own 53, 54, 51 ... included
  Context* context = nullptr;              // in which options that wait for this moment are computed; null: they stay as they are
  const wire::Message* request = nullptr;  // never null
  // Honour a parameter request list: the client's, or a configured dhcp-parameter-request-list instead of it. Not for NAK, BOOTP and
  // leasequery replies, which carry all that is set.
  bool use_request_list = true;
  std::uint8_t unasked = 0;  // sent if it is set, asked for or not; 0: none
};

inline constexpr std::size_t kMaxReplyOptions = 300;

// Option 82 is never among them: write_reply() echoes it last. Returns how many were written to `out`.
std::size_t select_reply_options(const ReplySelection& selection, Arena& arena, std::span<wire::ReplyOption> out) noexcept;

// Room for options: 576 octets of datagram unless option 57, or a configured dhcp-max-message-size, says otherwise.
wire::ReplyLimits reply_limits(const OptionState& options, const wire::Message& request) noexcept;

// The value of option 43, 125, 81 ... that the set options of one space make; empty when there is none.
Bytes encapsulate(const OptionState& options, std::uint32_t space, Arena& arena) noexcept;

}  // namespace coaxd::engine
