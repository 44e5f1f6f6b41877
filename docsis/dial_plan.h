// dial_plan.h: a PacketCable 2.0 digit map that is put into an MTA file from outside (-dialplan), and taken out of one (-d). Values only, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "docsis/tree.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

inline constexpr std::size_t kMostDialPlan = 0xff00;  // its varbind's length takes two octets

// In front of the closing delimiter, as the utility writes it: TLV 64 whatever its length, with BER lengths of one octet or three. False: there is no
// closing delimiter, or the plan is too long.
bool add_dial_plan(Document& mta, std::string_view plan);
// The digit map of an MTA file; nothing: it has none. Of several the last.
std::optional<std::string> dial_plan_of(const Document& mta);

}  // namespace coaxd::docsis
