// startup.h: dhcpd runs the global statements once at start, and with -t, before there is any packet (dhcpd-compat §5.2): what they
// set are the global variables, what they log appears at once. Load time only, any thread; allocates.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/engine/evaluate.h"

namespace coaxd::engine {

// An Effect that owns what it says.
struct StartupEffect {
  Effect::Kind kind = Effect::Kind::log;
  config::LogLevel level = config::LogLevel::debug;
  std::string text;               // log
  std::vector<std::string> argv;  // execute
};

// `globals` is emptied first. The effects are for whoever starts the server; workers need only the variables.
std::vector<StartupEffect> run_global_statements(const config::Config& config, const config::HostTable* names,
                                                 GlobalVariables& globals);

}  // namespace coaxd::engine
