// metrics.h: the server's numbers, gathered once and shown three ways: Prometheus text, JSON, a table for people. Control thread only;
// reads the workers' counters without stopping anybody, so sums may be some packets apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "leasequery/requesters.h"
#include "server/lease/lease_table.h"
#include "server/provision/counters.h"
#include "server/worker/counters.h"
#include "server/worker/services.h"

namespace coaxd::leasequery {
class TcpServer;
}
namespace coaxd::api {
class Api;
struct ServerCounters;
}

namespace coaxd::daemon {

// One sample. `labels` is ready for Prometheus: type="discover",worker="0".
struct Sample {
  std::string_view name;
  std::string labels;
  double value = 0;
};

// One row a metric: the manual's table (docs/operating.md) is checked against these.
struct MetricRow {
  std::string_view name;
  std::string_view type;  // counter, gauge
  std::string_view help;
};
std::vector<MetricRow> metric_rows();

struct PoolSample {
  std::string network;   // shared network's name
  std::string first;     // first address of the pool
  lease::PoolCounts counts;
};

struct MetricsInput {
  std::vector<const worker::Counters*> workers;
  std::vector<PoolSample> pools;
  std::uint64_t folded_records = 0, fold_lag_records = 0, fold_errors = 0, history_rows = 0;
  std::uint64_t log_lines = 0, log_suppressed = 0, log_lost = 0;
  std::int64_t start_time = 0;
  std::uint64_t reloads = 0, reloads_failed = 0;
  std::uint64_t lease_memory = 0;
  std::uint64_t modems = 0, modem_sightings_lost = 0;
  std::int64_t mirror_age = 0;
  std::uint64_t dropped_requests = 0, dropped_discovers = 0, dropped_leasequeries = 0, dropped_link = 0, dropped_services = 0;  // by the kernel
  std::vector<const worker::ServiceCounters*> services;  // none: neither files nor the time are served
  std::vector<const tftp::Counters*> tftp;               // none: no files
  std::vector<const provision::Counters*> files;         // as many
  std::uint64_t time_answers_tcp = 0;
  const leasequery::TcpServer* leasequery_tcp = nullptr;  // null: off
  const leasequery::Requesters* requesters = nullptr;   // null: nothing of leasequeries
  std::vector<const leasequery::Tally*> leasequeries;  // of each worker
  const api::Api* api = nullptr;                       // null: not up yet
  const api::ServerCounters* http = nullptr;     // null: not over HTTP
  int store_error = 0;
  bool clock_frozen = false;
  std::string version, durability, io;
};

std::vector<Sample> gather(const MetricsInput& input);
std::string to_prometheus(const std::vector<Sample>& samples);
std::string to_json(const std::vector<Sample>& samples);
std::string to_table(const std::vector<Sample>& samples);

}  // namespace coaxd::daemon
