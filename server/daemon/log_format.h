// log_format.h: a LogEvent as the line that dhcpd would have written (dhcpd-compat §15.5): existing parsers must keep working. Runs on the log
// thread only.
#pragma once

#include <string>
#include <string_view>

#include "server/engine/log_event.h"

namespace coaxd::daemon {

struct LogLine {
  int priority = 6;  // syslog
  std::string text;  // may hold several lines, separated by \n
};

// Name of an interface by kernel index, for VIA.
using InterfaceName = std::string_view (*)(std::uint32_t index, const void* context);

// Overwrites `out`, whose capacity is reused.
void format_log_event(const engine::LogEvent& event, InterfaceName name, const void* context, LogLine& out);

}  // namespace coaxd::daemon
