#include "server/daemon/api_metrics.h"

#include <fmt/format.h>

#include "server/api/api.h"
#include "server/api/server.h"

namespace coaxd::daemon {

namespace {

constexpr MetricRow kRequests{"coaxd_api_requests_total", "counter", "Requests of the API that were answered, by method, path and status; without a path: refused before it was looked at."};
constexpr MetricRow kSeconds{"coaxd_api_request_seconds_total", "counter", "Time until the answers to them began."};
constexpr MetricRow kUnauthorized{"coaxd_api_unauthorized_total", "counter", "Requests without a token, or with one that is not known."};
constexpr MetricRow kConnections{"coaxd_api_connections", "gauge", "Connections to the API over HTTP that are open."};
constexpr MetricRow kAccepted{"coaxd_api_connections_total", "counter", "Connections to the API over HTTP, by whether they were accepted: too many at a time are not."};
constexpr MetricRow kFollowers{"coaxd_api_event_followers", "gauge", "Connections that follow events."};
constexpr MetricRow kCut{"coaxd_api_event_followers_cut_total", "counter", "Followers of events that were cut off because they were too slow."};
constexpr MetricRow kEvents{"coaxd_api_events_total", "counter", "Events that were told to whoever follows."};

}  // namespace

std::vector<MetricRow> api_rows() { return {kRequests, kSeconds, kUnauthorized, kConnections, kAccepted, kFollowers, kCut, kEvents}; }

void gather_api(const api::Api& api, const api::ServerCounters* http, std::vector<Sample>& samples) {
  const api::ApiCounters& counters = api.counters();
  const auto labels = [](const auto& key) { return fmt::format(R"(method="{}",path="{}",code="{}")", std::get<0>(key), std::get<1>(key), std::get<2>(key)); };
  for (const auto& [key, of] : counters.by) samples.push_back({kRequests.name, labels(key), static_cast<double>(of.requests)});
  for (const auto& [key, of] : counters.by) samples.push_back({kSeconds.name, labels(key), static_cast<double>(of.ns) * 1e-9});
  samples.push_back({kUnauthorized.name, "", static_cast<double>(counters.unauthorized)});
  const api::Events& events = *api.site().events;
  samples.push_back({kFollowers.name, "", static_cast<double>(events.followers())});
  samples.push_back({kCut.name, "", static_cast<double>(events.cut_off())});
  samples.push_back({kEvents.name, "", static_cast<double>(events.told())});
  if (http == nullptr) return;
  samples.push_back({kConnections.name, "", static_cast<double>(http->open)});
  samples.push_back({kAccepted.name, R"(result="accepted")", static_cast<double>(http->accepted)});
  samples.push_back({kAccepted.name, R"(result="too-many")", static_cast<double>(http->refused)});
}

}  // namespace coaxd::daemon
