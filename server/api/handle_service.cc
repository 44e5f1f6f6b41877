#include <fmt/format.h>

#include <iterator>

#include "server/api/handlers.h"
#include "server/api/problem.h"
#include "server/api/route.h"
#include "server/base/json.h"

namespace coaxd::api {

void show_pools(Site& site, const Request&, const Answer& answer) {
  const auto config = site.config();
  std::string out = "{\"pools\": [";
  for (const auto& pool : config->pools()) {
    const lease::PoolCounts counts = site.leases.counts(pool->id);
    std::string ranges;
    for (const auto& range : pool->ranges) fmt::format_to(std::back_inserter(ranges), R"({}"{}-{}")", ranges.empty() ? "" : ", ", to_string(range.low), to_string(range.high));
    fmt::format_to(std::back_inserter(out), R"({}{{"network": {}, "ranges": [{}], "total": {}, "active": {}, "free": {}, "offered": {}, "abandoned": {}}})",
                   pool == config->pools().front() ? "\n" : ",\n", json_octets(pool->network->name), ranges, counts.total, counts.active, counts.free(), counts.offered, counts.abandoned);
  }
  answer({.body = out + "\n]}\n"});
}

void follow_events(Site& site, const Request& request, const Answer& answer) {
  const std::string* asked = request.parameter("last_event_id");
  Response response{.type = "text/event-stream"};
  response.stream = site.events->follow(asked != nullptr ? *asked : request.last_event_id);
  answer(std::move(response));
}

void show_stats(Site& site, const Request&, const Answer& answer) { answer({.body = site.stats()}); }
void show_metrics(Site& site, const Request&, const Answer& answer) { answer({.type = "text/plain; version=0.0.4; charset=utf-8", .body = site.metrics()}); }
void show_openapi(Site& site, const Request&, const Answer& answer) { answer({.body = openapi(routes(), site.version)}); }

void show_health(Site& site, const Request&, const Answer& answer) {
  const std::string ailment = site.ailment();
  answer({.status = ailment.empty() ? 200u : 503u, .type = "text/plain", .body = (ailment.empty() ? "ok" : ailment) + "\n"});
}

void reload_config(Site& site, const Request&, const Answer& answer) {
  const Text done = site.reload();
  if (!done) return answer(problem(409, done.error()));
  answer({.body = fmt::format("{{\"text\": {}}}\n", json_octets(*done))});
}

void back_up(Site& site, const Request&, const Answer& answer) {
  const auto begun = site.back_up([answer](const Text& path) {
    if (!path) return answer(problem(503, path.error()));
    answer({.status = 201, .body = fmt::format("{{\"file\": {}, \"holds\": \"leases, history and modem records acknowledged before the request\"}}\n", json_octets(*path))});
  });
  if (!begun) answer(problem(409, begun.error()));
}

}  // namespace coaxd::api
