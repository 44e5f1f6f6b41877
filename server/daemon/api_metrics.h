// api_metrics.h: the numbers of the API for metrics.h. Control thread.
#pragma once

#include <vector>

#include "server/daemon/metrics.h"

namespace coaxd::daemon {

std::vector<MetricRow> api_rows();
// `http` null: the API is asked over the control socket alone.
void gather_api(const api::Api& api, const api::ServerCounters* http, std::vector<Sample>& samples);

}  // namespace coaxd::daemon
