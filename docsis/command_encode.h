// command_encode.h: the actions that encode. One thread.
#pragma once

#include "docsis/command.h"
#include "docsis/command_options.h"
#include "docsis/mib_names.h"

namespace coaxd::docsis {

int run_encode(const CommandOptions& options, const MibNames& mibs, const Console& console);

}  // namespace coaxd::docsis
