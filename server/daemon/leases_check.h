// leases_check.h: `coaxd -T`: can the leases file be read, every block of it? Prints each that cannot, with its place.
#pragma once

#include "server/daemon/command_line.h"
#include "server/daemon/configuration.h"

namespace coaxd::daemon {

// The exit status.
int check_leases_file(const CommandLine& line, const Configuration& configuration);

}  // namespace coaxd::daemon
