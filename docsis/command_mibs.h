// command_mibs.h: the names that the command knows. Those of -M or of the environment's MIBDIRS when they are given; else the built-in table, and what net-snmp
// finds on this machine only once a name comes up that the table does not have: reading 300 MIB files takes longer than all else that the command does.
// One thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "docsis/command.h"
#include "docsis/mib_names.h"

namespace coaxd::docsis {

// `compat`: the names of these files and no others. Directories that are not there are told.
std::unique_ptr<const MibNames> command_mibs(std::optional<std::string_view> directories, bool compat, const Console& console);

}  // namespace coaxd::docsis
