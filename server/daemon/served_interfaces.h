// served_interfaces.h: which of the host's interfaces a configuration serves, and what there is to say about it: at start, before a reload
// (which refuses what a start would refuse), and when the kernel tells of a change. Pure; control thread. Source: dhcpd-compat 15.1.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/io/interfaces.h"

namespace coaxd::daemon {

using Interfaces = std::vector<io::ScannedInterface>;
using InterfaceNames = std::vector<std::string>;  // of the command line; empty: every interface that is up and takes broadcasts

// The address that the configuration knows stands first in each: it is the server identifier.
Interfaces served_interfaces(const Interfaces& all, const InterfaceNames& named, const config::Config& config);

// Why no server can start with this configuration on this host, or "".
std::string why_unservable(const Interfaces& all, const InterfaceNames& named, const config::Config& config, Ipv4 local_address);

// dhcpd's lines at start.
std::vector<std::string> undeclared_lines(const Interfaces& all, const InterfaceNames& named, const config::Config& config);
std::vector<std::string> listening_lines(const Interfaces& served, const config::Config& config);

// A sentence for each thing that came or went between two scans; `all` is the later one and tells why.
std::vector<std::string> changes_of_served(const Interfaces& before, const Interfaces& after, const Interfaces& all);

}  // namespace coaxd::daemon
