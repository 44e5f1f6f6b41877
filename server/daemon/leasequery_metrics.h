// leasequery_metrics.h: the numbers of leasequery over TCP as samples (metrics.h). Control thread; reads the TCP thread's counters as they are.
#pragma once

#include <vector>

#include "leasequery/tcp_server.h"
#include "server/daemon/metrics.h"

namespace coaxd::daemon {

std::vector<MetricRow> leasequery_tcp_rows();
void gather_leasequery_tcp(const leasequery::TcpServer& server, std::vector<Sample>& samples);

}  // namespace coaxd::daemon
