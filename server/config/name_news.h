// name_news.h: what an operator has to hear about the host names of his configuration: a name without an address takes what is set to it
// out of every reply. dhcpd says so for each packet (dhcpd-compat §1); here it is said when it begins and when it ends. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "server/config/host_table.h"

namespace coaxd::config {

// A sentence for each name that has no address now and had one in `before` (null: nothing was known), and for each that has one again.
std::vector<std::string> news_of_names(const HostTable& names, const HostTable* before);

}  // namespace coaxd::config
