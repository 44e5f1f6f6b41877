#include "server/daemon/quarantine_metrics.h"

namespace coaxd::daemon {

namespace {

constexpr MetricRow kActive{"coaxd_quarantine_active", "gauge", "Quarantines that hold."};
constexpr MetricRow kOrders{"coaxd_quarantine_orders_total", "counter", "Orders to quarantine, by what came of them: noted ones are recorded, and nothing is done."};
constexpr MetricRow kEnded{"coaxd_quarantine_ended_total", "counter", "Quarantines that have ended, by whom."};
constexpr MetricRow kShare{"coaxd_quarantine_share_used_up", "gauge", "1: an order was refused because as many are in quarantine as may be."};
constexpr MetricRow kLost{"coaxd_quarantine_sightings_lost_total", "counter", "Effects on those in quarantine that a worker saw and could not tell, for nobody took them fast enough."};
constexpr MetricRow kPages{"coaxd_portal_requests_total", "counter", "Requests to the page for users in quarantine, by kind; strangers are addresses in no quarantine."};
constexpr MetricRow kReleases{"coaxd_portal_releases_total", "counter", "Presses of its button, by result."};
constexpr MetricRow kRequests{"coaxd_snmp_requests_total", "counter", "Requests sent by SNMP, resends not counted."};
constexpr MetricRow kResets{"coaxd_snmp_resets_total", "counter", "Resets that have ended, by outcome; proven: the modem's DISCOVER was seen after it."};
constexpr MetricRow kSilent{"coaxd_snmp_unanswered_total", "counter", "Requests without an answer, by reason."};
constexpr MetricRow kErrors{"coaxd_snmp_errors_total", "counter", "Answers with an error."};
constexpr MetricRow kPending{"coaxd_snmp_pending", "gauge", "Resets and questions that wait for a CMTS."};
constexpr MetricRow kSeconds{"coaxd_snmp_answer_seconds_total", "counter", "How long answers took, together."};
constexpr MetricRow kAnswers{"coaxd_snmp_answers_total", "counter", "Answers."};

}  // namespace

std::vector<MetricRow> quarantine_rows() {
  return {kActive, kOrders, kEnded, kShare, kLost, kPages, kReleases, kRequests, kResets, kSilent, kErrors, kPending, kSeconds, kAnswers};
}

void gather_quarantine(const QuarantineInput& input, std::vector<Sample>& samples) {
  const auto push = [&](const MetricRow& row, std::string labels, std::uint64_t value) { samples.push_back({row.name, std::move(labels), static_cast<double>(value)}); };
  if (input.quarantines != nullptr) {
    const quarantine::Switch::Tally& tally = input.quarantines->tally();
    push(kActive, "", tally.active);
    push(kOrders, R"(result="confined")", tally.confined);
    push(kOrders, R"(result="known")", tally.known);
    push(kOrders, R"(result="noted")", tally.noted);
    push(kOrders, R"(result="refused")", tally.refused);
    push(kEnded, R"(by="operator")", tally.released - tally.self_released);
    push(kEnded, R"(by="user")", tally.self_released);
    push(kEnded, R"(by="time")", tally.expired);
    push(kShare, "", tally.share_used_up);
  }
  if (input.sightings != nullptr) push(kLost, "", input.sightings->lost());
  if (input.portal != nullptr) {
    const portal::Portal::Counters& counters = input.portal->counters();
    push(kPages, R"(kind="page")", counters.pages);
    push(kPages, R"(kind="redirect")", counters.redirects);
    push(kPages, R"(kind="capport")", counters.capport);
    push(kPages, R"(kind="stranger")", counters.strangers);
    push(kReleases, R"(result="released")", counters.releases);
    push(kReleases, R"(result="refused")", counters.release_refused);
  }
  if (input.snmp == nullptr) return;
  const snmp::Counters& snmp = *input.snmp;
  push(kRequests, R"(kind="set")", snmp.sets.get());
  push(kRequests, R"(kind="get")", snmp.gets.get());
  push(kResets, R"(outcome="done")", snmp.done.get());
  push(kResets, R"(outcome="refused")", snmp.refused.get());
  push(kResets, R"(outcome="unknown")", snmp.unknown.get());
  push(kResets, R"(outcome="proven")", snmp.proven.get());
  push(kSilent, R"(reason="silent")", snmp.silent.get());
  push(kSilent, R"(reason="not-sent")", snmp.not_sent.get());
  push(kSilent, R"(reason="not-trusted")", snmp.not_trusted.get());
  push(kErrors, "", snmp.errors.get());
  push(kPending, "", snmp.pending.get());
  samples.push_back({kSeconds.name, "", static_cast<double>(snmp.latency_us.get()) * 1e-6});
  std::uint64_t answers = 0;
  for (const Counter& bucket : snmp.latency) answers += bucket.get();
  push(kAnswers, "", answers);
}

}  // namespace coaxd::daemon
