// command_inspect.h: the actions that look at files: decode, check, diff, verify. One thread.
#pragma once

#include "docsis/command.h"
#include "docsis/command_options.h"
#include "docsis/mib_names.h"

namespace coaxd::docsis {

int run_decode(const CommandOptions& options, const MibNames& mibs, const Console& console);
int run_check(const CommandOptions& options, const MibNames& mibs, const Console& console);
int run_diff(const CommandOptions& options, const MibNames& mibs, const Console& console);
int run_verify(const CommandOptions& options, const Console& console);

}  // namespace coaxd::docsis
