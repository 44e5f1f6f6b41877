#include "server/daemon/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "server/base/json.h"
#include "server/daemon/api_metrics.h"
#include "server/daemon/leasequery_metrics.h"
#include "server/daemon/quarantine_metrics.h"
#include "server/engine/drop_reason.h"

namespace coaxd::daemon {

namespace {

using worker::Counter;
using worker::Counters;

constexpr std::string_view kTypeNames[Counters::kTypes] = {
    "bootp",      "discover",        "offer",   "request",         "decline",          "ack",  "nak",
    "release",    "inform",          "force-renew", "leasequery",  "lease-unassigned", "lease-unknown", "lease-active",
    "bulk-leasequery", "lease-query-done", "active-leasequery", "lease-query-status", "tls",
};

constexpr MetricRow kReceived{"coaxd_packets_received_total", "counter", "DHCP messages received, by type."};
constexpr MetricRow kSent{"coaxd_packets_sent_total", "counter", "DHCP replies sent, by type."};
constexpr MetricRow kDropped{"coaxd_packets_dropped_total", "counter", "Packets that got no answer, by reason."};

struct WorkerCounterRow {
  MetricRow row;
  Counter Counters::* counter;
};
constexpr WorkerCounterRow kWorkerCounters[] = {
    {{"coaxd_commits_total", "counter", "Binding changes made durable."}, &Counters::commits},
    {{"coaxd_commits_failed_total", "counter", "Binding changes undone because the store failed."}, &Counters::commits_failed},
    {{"coaxd_leases_expired_total", "counter", "Leases that reached their end."}, &Counters::expired},
    {{"coaxd_probes_sent_total", "counter", "ICMP echo requests sent before an OFFER (ping-check)."}, &Counters::probes_sent},
    {{"coaxd_probes_answered_total", "counter", "Probes somebody answered: the address was abandoned."}, &Counters::probes_answered},
    {{"coaxd_executes_total", "counter", "Programs handed to execute()."}, &Counters::effects_run},
    {{"coaxd_executes_lost_total", "counter", "execute() or log() dropped because too many were waiting."}, &Counters::effects_lost},
    {{"coaxd_options_left_out_total", "counter", "Options that found no room in a reply."}, &Counters::options_left_out},
    {{"coaxd_packets_without_reply_total", "counter", "RELEASE and DECLINE that were acted upon: nothing answers them."}, &Counters::without_reply},
    {{"coaxd_turns_total", "counter", "Turns of the packet loops."}, &Counters::turns},
};

std::uint64_t sum(const MetricsInput& input, Counter Counters::* counter) {
  std::uint64_t total = 0;
  for (const Counters* worker : input.workers) total += (worker->*counter).get();
  return total;
}

struct InputRow {
  MetricRow row;
  double (*read)(const MetricsInput&);
};
constexpr InputRow kInputs[] = {
    {{"coaxd_start_time_seconds", "gauge", "Start of the process, seconds since 1970."},
     [](const MetricsInput& in) { return static_cast<double>(in.start_time); }},
    {{"coaxd_config_reloads_total", "counter", "Configurations taken over after the start."},
     [](const MetricsInput& in) { return static_cast<double>(in.reloads); }},
    {{"coaxd_config_reloads_failed_total", "counter", "Reloads refused because of an error; the old configuration went on."},
     [](const MetricsInput& in) { return static_cast<double>(in.reloads_failed); }},
    {{"coaxd_store_error", "gauge", "errno of the store's failure, 0 while it works. Not 0: no lease is given or renewed."},
     [](const MetricsInput& in) { return static_cast<double>(in.store_error); }},
    {{"coaxd_clock_frozen", "gauge", "1 while expiry is frozen because the wall clock stepped."},
     [](const MetricsInput& in) { return in.clock_frozen ? 1.0 : 0.0; }},
    {{"coaxd_mirror_age_seconds", "gauge", "Age of the leases file for dhcpd while it lacks changes of leases, 0 while it has all."},
     [](const MetricsInput& in) { return static_cast<double>(in.mirror_age); }},
    {{"coaxd_journal_batches_total", "counter", "Journal writes (group commits)."},
     [](const MetricsInput& in) { return static_cast<double>(sum(in, &Counters::journal_batches)); }},
    {{"coaxd_journal_records_total", "counter", "Binding changes in them."},
     [](const MetricsInput& in) { return static_cast<double>(sum(in, &Counters::journal_records)); }},
    {{"coaxd_journal_octets_total", "counter", "Octets written to the journals."},
     [](const MetricsInput& in) { return static_cast<double>(sum(in, &Counters::journal_octets)); }},
    {{"coaxd_journal_failures_total", "counter", "Journal writes that failed."},
     [](const MetricsInput& in) { return static_cast<double>(sum(in, &Counters::journal_failures)); }},
    {{"coaxd_journal_sync_seconds_total", "counter", "Time journal writes took, until durable."},
     [](const MetricsInput& in) { return static_cast<double>(sum(in, &Counters::journal_sync_ns)) / 1e9; }},
    {{"coaxd_fold_records_total", "counter", "Journal records folded into SQLite."},
     [](const MetricsInput& in) { return static_cast<double>(in.folded_records); }},
    {{"coaxd_fold_lag_records", "gauge", "Durable records that SQLite does not have yet."},
     [](const MetricsInput& in) { return static_cast<double>(in.fold_lag_records); }},
    {{"coaxd_fold_errors_total", "counter", "Folds that failed and were tried again."},
     [](const MetricsInput& in) { return static_cast<double>(in.fold_errors); }},
    {{"coaxd_history_rows_total", "counter", "Rows written to the history."},
     [](const MetricsInput& in) { return static_cast<double>(in.history_rows); }},
    {{"coaxd_log_lines_total", "counter", "Lines written to the log."},
     [](const MetricsInput& in) { return static_cast<double>(in.log_lines); }},
    {{"coaxd_log_lines_suppressed_total", "counter", "Packet log lines held back by the rate limit (never an ACK)."},
     [](const MetricsInput& in) { return static_cast<double>(in.log_suppressed); }},
    {{"coaxd_lease_memory_bytes", "gauge", "Memory of the lease table, its index and its orders."},
     [](const MetricsInput& in) { return static_cast<double>(in.lease_memory); }},
    {{"coaxd_modems", "gauge", "Modem records, set or only seen."}, [](const MetricsInput& in) { return static_cast<double>(in.modems); }},
    {{"coaxd_modem_sightings_lost_total", "counter", "New modems, or new capabilities, left for the modem's next message because too many came at once."},
     [](const MetricsInput& in) { return static_cast<double>(in.modem_sightings_lost); }},
};

constexpr MetricRow kSocketDrops{"coaxd_socket_drops_total", "counter",
                                 "Packets that the kernel had no room for, by queue: they come faster than they are answered."};
constexpr MetricRow kLinesLost{"coaxd_log_lines_lost_total", "counter",
                               "Log lines dropped because syslog or stderr did not take them, by kind: ack only once 64 MiB of lines wait."};
struct TftpCounterRow {
  MetricRow row;
  Counter tftp::Counters::* counter;
};
constexpr TftpCounterRow kTftpCounters[] = {
    {{"coaxd_tftp_requests_total", "counter", "TFTP read requests, repetitions left out."}, &tftp::Counters::requests},
    {{"coaxd_tftp_repeated_total", "counter", "Requests of a transfer that was under way."}, &tftp::Counters::repeated},
    {{"coaxd_tftp_started_total", "counter", "Transfers that had a file."}, &tftp::Counters::started},
    {{"coaxd_tftp_completed_total", "counter", "Transfers whose last block was acknowledged."}, &tftp::Counters::completed},
    {{"coaxd_tftp_open", "gauge", "Transfers under way."}, &tftp::Counters::open},
    {{"coaxd_tftp_octets_total", "counter", "Octets of files sent, repetitions counted."}, &tftp::Counters::octets_sent},
    {{"coaxd_tftp_datagrams_received_total", "counter", "TFTP datagrams received."}, &tftp::Counters::received},
    {{"coaxd_tftp_datagrams_sent_total", "counter", "TFTP datagrams sent."}, &tftp::Counters::sent},
    {{"coaxd_tftp_resent_total", "counter", "Datagrams sent again, for a timeout or a gap."}, &tftp::Counters::resent},
    {{"coaxd_tftp_send_waits_total", "counter", "Datagrams that had to wait for others to leave."}, &tftp::Counters::no_room},
};
constexpr MetricRow kTftpReasons{"coaxd_tftp_refused_total", "counter",
                                 "TFTP packets that were refused or moved nothing, and transfers that ended early, by reason."};
struct FileCounterRow {
  MetricRow row;
  std::string_view labels;
  Counter provision::Counters::* counter;
};
constexpr MetricRow kFiles{"coaxd_files_total", "counter", "Requests that were given a file, by what it was made from."};
constexpr FileCounterRow kFileCounters[] = {
    {kFiles, R"(from="template")", &provision::Counters::from_templates},
    {kFiles, R"(from="static")", &provision::Counters::from_static},
    {{"coaxd_files_compiled_total", "counter", "Templates compiled."}, "", &provision::Counters::compiles},
    {{"coaxd_files_cache_hits_total", "counter", "Files from templates that had been compiled before."}, "", &provision::Counters::cache_hits},
    {{"coaxd_files_cache_octets", "gauge", "Compiled files held in memory, of all workers."}, "", &provision::Counters::cache_octets},
    {{"coaxd_files_generated_names_total", "counter", "Requests by a name that DHCP had generated."}, "", &provision::Counters::by_generated_name},
    {{"coaxd_files_quarantined_total", "counter", "Files from a template for modems in quarantine."}, "", &provision::Counters::quarantined},
    {{"coaxd_files_old_secrets_total", "counter", "Files under the former shared secret, while it is being changed."}, "", &provision::Counters::old_secrets},
};
constexpr MetricRow kFilesRefused{"coaxd_files_refused_total", "counter", "Requests that got no file, by reason."};
constexpr MetricRow kTimeAnswers{"coaxd_time_answers_total", "counter", "Times of day told (RFC 868), by transport."};
constexpr MetricRow kServiceSendFailed{"coaxd_service_send_failed_total", "counter", "Datagrams of TFTP and of the time of day that the kernel did not take."};
constexpr MetricRow kLeasequeryAnswers{"coaxd_leasequery_answers_total", "counter", "Leasequeries answered, by requester, dialect, key and what was said."};
constexpr MetricRow kLeasequeryRefused{"coaxd_leasequery_refused_total", "counter", "Leasequeries not answered, by requester and reason."};
constexpr MetricRow kLeasequerySeveralKeys{"coaxd_leasequery_several_keys_total", "counter", "Leasequeries by more than one key, of which one counted (RFC 4388 §6.1 has one)."};
constexpr MetricRow kPool{"coaxd_pool_addresses", "gauge", "Addresses of a pool, by state."};
constexpr MetricRow kBuild{"coaxd_build_info", "gauge", "1, with version, durability and transport as labels."};

std::string escape_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// A whole number without an exponent, anything else with the digits it has.
std::string number(double value) {
  if (value == static_cast<double>(static_cast<std::int64_t>(value))) return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{:.9g}", value);
}

}  // namespace

std::vector<MetricRow> metric_rows() {
  std::vector<MetricRow> rows{kBuild, kReceived, kSent, kDropped, kSocketDrops, kLinesLost};
  for (const auto& r : kWorkerCounters) rows.push_back(r.row);
  for (const auto& r : kInputs) rows.push_back(r.row);
  rows.push_back(kPool);
  for (const auto& r : kTftpCounters) rows.push_back(r.row);
  rows.push_back(kTftpReasons);
  for (const auto& r : kFileCounters)
    if (r.row.name != rows.back().name) rows.push_back(r.row);
  for (const MetricRow& row : {kFilesRefused, kTimeAnswers, kServiceSendFailed, kLeasequeryAnswers, kLeasequeryRefused, kLeasequerySeveralKeys}) rows.push_back(row);
  for (const MetricRow& row : leasequery_tcp_rows()) rows.push_back(row);
  for (const MetricRow& row : api_rows()) rows.push_back(row);
  for (const MetricRow& row : quarantine_rows()) rows.push_back(row);
  return rows;
}

namespace {

template <typename T>
double total(const std::vector<const T*>& of_workers, Counter T::* counter) {
  std::uint64_t all = 0;
  for (const T* one : of_workers) all += (one->*counter).get();
  return static_cast<double>(all);
}

// What has never happened stays out: there may be hundreds of requesters.
void gather_leasequeries(const MetricsInput& input, std::vector<Sample>& samples) {
  using namespace leasequery;
  const auto sum_of = [&](auto read) {
    std::uint64_t all = 0;
    for (const Tally* one : input.leasequeries) all += read(*one);
    return static_cast<double>(all);
  };
  const auto push = [&](const MetricRow& row, std::string labels, double value) {
    if (value > 0) samples.push_back({row.name, std::move(labels), value});
  };
  const auto each = []<typename E>(E count, auto visit) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) visit(static_cast<E>(i));
  };
  for (std::size_t place = 0; place < input.requesters->count(); ++place)
    each(Dialect::count, [&](Dialect dialect) {
      each(Key::count, [&](Key key) {
        each(Result::count, [&](Result result) {
          push(kLeasequeryAnswers,
               fmt::format(R"(requester="{}",dialect="{}",key="{}",result="{}")", input.requesters->name(place), to_string(dialect), to_string(key), to_string(result)),
               sum_of([&](const Tally& tally) { return tally.answers(place, dialect, key, result); }));
        });
      });
    });
  for (std::size_t place = 0; place <= input.requesters->count(); ++place) {
    const bool somebody = place < input.requesters->count();
    each(Refusal::count, [&](Refusal refusal) {
      push(kLeasequeryRefused, fmt::format(R"(requester="{}",reason="{}")", somebody ? input.requesters->name(place) : "none", to_string(refusal)),
           sum_of([&](const Tally& tally) { return tally.refusals(somebody ? place : Requesters::kNobody, refusal); }));
    });
  }
  samples.push_back({kLeasequerySeveralKeys.name, "", sum_of([](const Tally& tally) { return tally.with_several_keys(); })});
}

// Nothing where they are off.
void gather_services(const MetricsInput& input, std::vector<Sample>& samples) {
  if (!input.tftp.empty()) {
    for (const auto& r : kTftpCounters) samples.push_back({r.row.name, "", total(input.tftp, r.counter)});
    for (std::size_t i = 1; i < static_cast<std::size_t>(tftp::Reason::count); ++i) {
      const auto reason = static_cast<tftp::Reason>(i);
      std::uint64_t all = 0;
      for (const tftp::Counters* one : input.tftp) all += one->of(reason).get();
      samples.push_back({kTftpReasons.name, fmt::format(R"(reason="{}")", tftp::to_string(reason)), static_cast<double>(all)});
    }
  }
  if (!input.files.empty()) {
    for (const auto& r : kFileCounters) samples.push_back({r.row.name, std::string(r.labels), total(input.files, r.counter)});
    for (std::size_t i = 1; i < static_cast<std::size_t>(provision::Refusal::count); ++i) {
      const auto refusal = static_cast<provision::Refusal>(i);
      std::uint64_t all = 0;
      for (const provision::Counters* one : input.files) all += one->of(refusal).get();
      samples.push_back({kFilesRefused.name, fmt::format(R"(reason="{}")", provision::to_string(refusal)), static_cast<double>(all)});
    }
  }
  if (input.services.empty()) return;
  samples.push_back({kTimeAnswers.name, R"(transport="udp")", total(input.services, &worker::ServiceCounters::time_answers)});
  samples.push_back({kTimeAnswers.name, R"(transport="tcp")", static_cast<double>(input.time_answers_tcp)});
  samples.push_back({kServiceSendFailed.name, "", total(input.services, &worker::ServiceCounters::send_failed)});
}

}  // namespace

std::vector<Sample> gather(const MetricsInput& input) {
  std::vector<Sample> samples;
  samples.push_back({kBuild.name,
                     fmt::format(R"(version="{}",durability="{}",io="{}")", input.version, input.durability, input.io), 1});
  const auto by_type = [&](const MetricRow& row, std::array<Counter, Counters::kTypes> Counters::* counters) {
    for (std::size_t type = 0; type < Counters::kTypes; ++type) {
      std::uint64_t total = 0;
      for (const Counters* worker : input.workers) total += (worker->*counters)[type].get();
      // Types that were never seen stay out, but for those of the ordinary exchange.
      if (total > 0 || type <= 8) samples.push_back({row.name, fmt::format(R"(type="{}")", kTypeNames[type]), static_cast<double>(total)});
    }
  };
  by_type(kReceived, &Counters::received);
  by_type(kSent, &Counters::sent);
  for (std::size_t reason = 1; reason < static_cast<std::size_t>(engine::DropReason::count); ++reason) {
    std::uint64_t total = 0;
    for (const Counters* worker : input.workers) total += worker->dropped[reason].get();
    samples.push_back({kDropped.name, fmt::format(R"(reason="{}")", engine::to_string(static_cast<engine::DropReason>(reason))),
                       static_cast<double>(total)});
  }
  samples.push_back({kSocketDrops.name, R"(queue="requests")", static_cast<double>(input.dropped_requests)});
  samples.push_back({kSocketDrops.name, R"(queue="discovers")", static_cast<double>(input.dropped_discovers)});
  samples.push_back({kSocketDrops.name, R"(queue="leasequeries")", static_cast<double>(input.dropped_leasequeries)});
  samples.push_back({kSocketDrops.name, R"(queue="link")", static_cast<double>(input.dropped_link)});
  if (!input.services.empty()) samples.push_back({kSocketDrops.name, R"(queue="services")", static_cast<double>(input.dropped_services)});
  samples.push_back({kLinesLost.name, R"(kind="ack")", static_cast<double>(sum(input, &Counters::ack_logs_lost))});
  samples.push_back({kLinesLost.name, R"(kind="other")", static_cast<double>(sum(input, &Counters::logs_lost) + input.log_lost)});
  for (const auto& r : kWorkerCounters) samples.push_back({r.row.name, "", static_cast<double>(sum(input, r.counter))});
  for (const auto& r : kInputs) samples.push_back({r.row.name, "", r.read(input)});
  for (const PoolSample& pool : input.pools) {
    const auto add = [&](std::string_view state, std::uint64_t value) {
      samples.push_back({kPool.name,
                         fmt::format(R"(network="{}",pool="{}",state="{}")", escape_label(pool.network), pool.first, state),
                         static_cast<double>(value)});
    };
    add("total", pool.counts.total);
    add("active", pool.counts.active);
    add("free", pool.counts.free());
    add("offered", pool.counts.offered);
    add("abandoned", pool.counts.abandoned);
  }
  gather_services(input, samples);
  if (input.requesters != nullptr) gather_leasequeries(input, samples);
  if (input.leasequery_tcp != nullptr) gather_leasequery_tcp(*input.leasequery_tcp, samples);
  if (input.api != nullptr) gather_api(*input.api, input.http, samples);
  return samples;
}

std::string to_prometheus(const std::vector<Sample>& samples) {
  std::string out;
  const std::vector<MetricRow> rows = metric_rows();
  std::string_view current;
  for (const Sample& sample : samples) {
    if (sample.name != current) {
      current = sample.name;
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const MetricRow& r) { return r.name == current; });
      fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", current, row->help, current, row->type);
    }
    out += sample.name;
    if (!sample.labels.empty()) out += "{" + sample.labels + "}";
    out += " " + number(sample.value) + "\n";
  }
  return out;
}

namespace {

// Prometheus escapes backslashes, quotes and line ends as JSON does; the rest of what JSON forbids it lets stand.
std::string json_labels(std::string_view labels) {
  std::string out = "{";
  while (!labels.empty()) {
    const std::size_t equals = labels.find('=');
    out += json_text(labels.substr(0, equals)) + ": \"";
    std::size_t at = equals + 2;
    for (; labels[at] != '"'; ++at) {
      if (labels[at] == '\\') out += labels[at++];
      if (static_cast<unsigned char>(labels[at]) < 0x20) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(labels[at]));
      } else {
        out += labels[at];
      }
    }
    out += '"';
    labels.remove_prefix(std::min(labels.size(), at + 2));  // and the comma
    if (!labels.empty()) out += ", ";
  }
  return out + "}";
}

}  // namespace

std::string to_json(const std::vector<Sample>& samples) {
  std::string out = "[";
  for (const Sample& sample : samples) {
    if (out.size() > 1) out += ",\n ";
    fmt::format_to(std::back_inserter(out), R"({{"name": {}, "labels": {}, "value": {}}})", json_text(sample.name),
                   json_labels(sample.labels), number(sample.value));
  }
  return out + "]\n";
}

std::string to_table(const std::vector<Sample>& samples) {
  std::string out;
  for (const Sample& sample : samples) {
    // People look for what happened; what never did would hide it.
    if (sample.value == 0 && !sample.labels.empty()) continue;
    fmt::format_to(std::back_inserter(out), "{:<36} {:<48} {}\n", sample.name, sample.labels, number(sample.value));
  }
  return out;
}

}  // namespace coaxd::daemon
