// packet_option.h: `option SPACE.NAME` of the received packet, as dhcpd decodes it: options of its own spaces inside others included, and
// `option modem.NAME`, which is read out of what a cable device says of itself (wire/cable_device.h).
// Values are views into the request, cut for text; only the parts of option 81 may be rewritten into the arena. Any worker.
// Source: dhcpd-compat §7.2, §8.1, §8.3; RFC 4702 §2 (option 81).
#pragma once

#include <optional>

#include "server/engine/evaluate.h"

namespace coaxd::engine {

std::optional<Bytes> packet_option(const config::OptionDefinition& option, Context& context) noexcept;

// dhcpd's text options: those that lose trailing NULs when received, and get one when the client likes them (§8.1).
bool is_text_format(std::string_view format) noexcept;

}  // namespace coaxd::engine
