#include "server/daemon/leasequery_metrics.h"

#include <fmt/format.h>

namespace coaxd::daemon {

namespace {

using namespace leasequery;

constexpr MetricRow kAsked{"coaxd_leasequery_tcp_connections_total", "counter", "Connections for leasequery over TCP, by whether they were accepted."};
constexpr MetricRow kOpen{"coaxd_leasequery_tcp_connections", "gauge", "Connections for leasequery over TCP that are open."};
constexpr MetricRow kFollowers{"coaxd_leasequery_tcp_followers", "gauge", "Connections that follow all changes by an active leasequery."};
constexpr MetricRow kEnded{"coaxd_leasequery_tcp_ended_total", "counter", "Connections for leasequery over TCP that have ended, by reason."};
constexpr MetricRow kQueries{"coaxd_leasequery_tcp_queries_total", "counter", "Queries over TCP that were begun, by what they ask for."};
constexpr MetricRow kStatus{"coaxd_leasequery_tcp_status_total", "counter", "Queries over TCP that the server has ended, by status."};
constexpr MetricRow kReplies{"coaxd_leasequery_tcp_replies_total", "counter", "Addresses told over TCP, by what was said."};
constexpr MetricRow kOctets{"coaxd_leasequery_tcp_octets_total", "counter", "Octets sent over TCP by leasequery."};
constexpr MetricRow kChanges{"coaxd_leasequery_tcp_changes_total", "counter", "Changes of leases that were taken from the workers for those who follow."};
constexpr MetricRow kLost{"coaxd_leasequery_tcp_changes_lost_total", "counter", "How often changes came faster than they were taken; those who follow were told DataMissing."};
constexpr MetricRow kTls{"coaxd_leasequery_tcp_tls_total", "counter", "TLS handshakes of leasequery, by result."};

}  // namespace

std::vector<MetricRow> leasequery_tcp_rows() { return {kAsked, kOpen, kFollowers, kEnded, kQueries, kStatus, kReplies, kOctets, kChanges, kLost, kTls}; }

void gather_leasequery_tcp(const TcpServer& server, std::vector<Sample>& samples) {
  const TcpCounters& counters = server.counters();
  const auto push = [&](const MetricRow& row, std::string labels, std::uint64_t value) { samples.push_back({row.name, std::move(labels), static_cast<double>(value)}); };
  push(kAsked, R"(result="accepted")", counters.accepted.get());
  push(kAsked, R"(result="not-listed")", counters.not_listed.get());
  push(kAsked, R"(result="too-many")", counters.too_many.get());
  push(kOpen, "", counters.open.get());
  push(kFollowers, "", counters.followers.get());
  for (std::size_t i = 0; i < counters.ended.size(); ++i) push(kEnded, fmt::format(R"(reason="{}")", to_string(static_cast<Ended>(i))), counters.ended[i].get());
  constexpr std::string_view kBy[] = {"everything", "hardware", "client-id", "relay-id", "remote-id"};
  for (std::size_t i = 0; i < counters.session.bulk.size(); ++i) push(kQueries, fmt::format(R"(by="{}")", kBy[i]), counters.session.bulk[i].get());
  push(kQueries, R"(by="active")", counters.session.active.get());
  for (std::size_t i = 0; i < counters.session.status.size(); ++i)
    push(kStatus, fmt::format(R"(status="{}")", to_string(static_cast<StatusCode>(i))), counters.session.status[i].get());
  push(kReplies, R"(result="active")", server.told_active());
  push(kReplies, R"(result="unassigned")", server.told_unassigned());
  push(kOctets, "", counters.octets_sent.get());
  push(kChanges, "", counters.changes.get());
  push(kLost, "", counters.changes_lost.get());
  push(kTls, R"(result="started")", counters.tls_started.get());
  push(kTls, R"(result="failed")", counters.tls_failed.get());
}

}  // namespace coaxd::daemon
