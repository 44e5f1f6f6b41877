// netsnmp_mibs.h: MibNames from the MIB files of this machine, read by net-snmp's parser, with the built-in table behind them for what they do not know.
//
// net-snmp keeps what it has parsed in globals, so loading is serialised, and takes and leaves them: whatever else of this process has MIBs loaded through
// net-snmp loses them. What is returned is a copy that never calls net-snmp: immutable, any thread. Loading reads files and takes about a quarter
// of a second with the usual 300 MIBs, and costs 5 kB that net-snmp never frees: load at start, not in a loop. A file that cannot be parsed is skipped, as
// the utility skips it; nothing is logged. With the built-in table a folder needs no SNMPv2-SMI.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "docsis/mib_names.h"

namespace coaxd::docsis {

struct NetsnmpMibs {
  std::span<const std::string> directories;  // the search path, as -M; empty: net-snmp's own, with what MIBDIRS says
  std::span<const std::string> preferred;    // where two modules have a name, these modules' wins, the first one's most; else whatever net-snmp finds first
  bool built_in = true;                      // fall back on the built-in table; without it names are exactly the utility's with the same files
};
std::unique_ptr<const MibNames> netsnmp_mibs(const NetsnmpMibs& options);

}  // namespace coaxd::docsis
