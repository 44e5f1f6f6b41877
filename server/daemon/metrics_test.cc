#include "server/daemon/metrics.h"
#include "server/daemon/quarantine_metrics.h"

#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "leasequery/tcp_server.h"

// The format is Prometheus' text exposition, version 0.0.4.
namespace coaxd::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MetricsInput sample_input(const worker::Counters& one, const worker::Counters& other) {
  MetricsInput input;
  input.workers = {&one, &other};
  input.pools = {{"cable \"one\"\\", "10.0.0.10", {.total = 100, .active = 7, .offered = 2, .abandoned = 1}}};
  input.version = "1.2.3";
  input.durability = "durable";
  input.io = "io_uring";
  return input;
}

TEST(Metrics, SumOverWorkers) {
  worker::Counters one, other;
  one.received[1].add(3);
  other.received[1].add(4);
  other.dropped[static_cast<std::size_t>(engine::DropReason::lease_limit)].add(9);
  one.commits.add(5);
  one.journal_batches.set(2);
  other.journal_batches.set(3);
  one.journal_sync_ns.set(1'500'000'000);
  const std::string text = to_prometheus(gather(sample_input(one, other)));
  for (const char* line :
       {"\ncoaxd_packets_received_total{type=\"discover\"} 7\n", "\ncoaxd_packets_dropped_total{reason=\"lease-limit\"} 9\n",
        "\ncoaxd_commits_total 5\n", "\ncoaxd_journal_batches_total 5\n", "\ncoaxd_journal_sync_seconds_total 1.5\n",
        "coaxd_build_info{version=\"1.2.3\",durability=\"durable\",io=\"io_uring\"} 1\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, FilesAndTheTimeAreSummedToo) {
  worker::Counters one, other;
  worker::ServiceCounters here, there;
  tftp::Counters files, more;
  files.completed.add(3);
  more.completed.add(4);
  more.of(tftp::Reason::no_answer).add(2);
  there.time_answers.add(5);
  MetricsInput input = sample_input(one, other);
  input.services = {&here, &there};
  input.tftp = {&files, &more};
  input.time_answers_tcp = 6;
  provision::Counters made, others;
  made.from_templates.add(8);
  others.from_templates.add(9);
  others.of(provision::Refusal::not_told).add(2);
  input.files = {&made, &others};
  const std::string text = to_prometheus(gather(input));
  for (const char* line : {"\ncoaxd_files_total{from=\"template\"} 17\n", "\ncoaxd_files_total{from=\"static\"} 0\n", "\ncoaxd_files_refused_total{reason=\"not-told\"} 2\n",
                           "\ncoaxd_tftp_completed_total 7\n", "\ncoaxd_tftp_refused_total{reason=\"no-answer\"} 2\n",
                           "\ncoaxd_time_answers_total{transport=\"udp\"} 5\n", "\ncoaxd_time_answers_total{transport=\"tcp\"} 6\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, LeasequeriesByRequester) {
  worker::Counters one, other;
  using namespace leasequery;
  const RequesterSpec specs[] = {{.prefix = {Ipv4::of(10, 1, 0, 0), Ipv4::of(255, 255, 255, 0)}}, {.prefix = {Ipv4::of(10, 2, 0, 1), {0xffffffff}}}};
  const Requesters requesters(specs);
  Tally here(2), there(2);
  for (Tally* tally : {&here, &there}) tally->answered(0, Dialect::draft0, Key::address, Result::active);
  there.refused(1, Refusal::too_many);
  here.refused(Requesters::kNobody, Refusal::not_allowed);
  MetricsInput input = sample_input(one, other);
  input.requesters = &requesters;
  input.leasequeries = {&here, &there};
  input.dropped_leasequeries = 5;
  const std::string text = to_prometheus(gather(input));
  for (const char* line : {"\ncoaxd_leasequery_answers_total{requester=\"10.1.0.0/24\",dialect=\"draft0\",key=\"address\",result=\"active\"} 2\n",
                           "\ncoaxd_leasequery_refused_total{requester=\"10.2.0.1/32\",reason=\"too-many\"} 1\n",
                           "\ncoaxd_leasequery_refused_total{requester=\"none\",reason=\"not-allowed\"} 1\n", "\ncoaxd_leasequery_several_keys_total 0\n",
                           "\ncoaxd_socket_drops_total{queue=\"leasequeries\"} 5\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("rfc4388"))) << "what never happened stays out";
}

TEST(Metrics, WhatIsOffHasNone) {
  worker::Counters one, other;
  const std::string text = to_prometheus(gather(sample_input(one, other)));
  EXPECT_THAT(text, Not(HasSubstr("tftp")));
  EXPECT_THAT(text, Not(HasSubstr("coaxd_files")));
  EXPECT_THAT(text, Not(HasSubstr("coaxd_time_answers")));
  EXPECT_THAT(text, Not(HasSubstr("services")));
}

TEST(Metrics, PoolsByStateWithLabelsEscaped) {
  worker::Counters one, other;
  const std::string text = to_prometheus(gather(sample_input(one, other)));
  const std::string pool = R"(coaxd_pool_addresses{network="cable \"one\"\\",pool="10.0.0.10",state=)";
  EXPECT_THAT(text, HasSubstr(pool + "\"total\"} 100\n"));
  EXPECT_THAT(text, HasSubstr(pool + "\"active\"} 7\n"));
  EXPECT_THAT(text, HasSubstr(pool + "\"free\"} 90\n"));
  EXPECT_THAT(text, HasSubstr(pool + "\"offered\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(pool + "\"abandoned\"} 1\n"));
}

// HELP and TYPE once, before the first sample of a name; samples of a name stand together; every line is one of the three.
TEST(Metrics, PrometheusTextIsWellFormed) {
  worker::Counters one, other;
  std::istringstream text(to_prometheus(gather(sample_input(one, other))));
  std::set<std::string> helped, typed, ended;
  std::string current;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first >> second >> name;
    if (first == "#") {
      ASSERT_TRUE(second == "HELP" || second == "TYPE") << line;
      EXPECT_TRUE((second == "HELP" ? helped : typed).insert(name).second) << "twice: " << line;
      continue;
    }
    name = line.substr(0, line.find_first_of("{ "));
    EXPECT_TRUE(helped.contains(name) && typed.contains(name)) << line;
    if (name != current) {
      EXPECT_TRUE(ended.insert(name).second) << "scattered: " << line;
    }
    current = name;
    std::size_t used = 0;
    const std::string value = line.substr(line.rfind(' ') + 1);
    EXPECT_NO_THROW(std::stod(value, &used)) << line;
    EXPECT_EQ(used, value.size()) << line;
  }
  EXPECT_EQ(ended.size(), helped.size());
}

class NobodyThere final : public quarantine::Plant, public quarantine::Cases, public quarantine::Effects {
 public:
  std::expected<quarantine::Found, std::string> find(const quarantine::Subject&, quarantine::WallMillis) override { return std::unexpected("nobody"); }
  bool look_for_addresses(const subscriber::Confined&, std::uint64_t&, const Sink&) override { return true; }
  bool has_garden(const std::optional<Ipv4>&) override { return false; }
  std::string in_class(const quarantine::Found&, const std::vector<std::string>&) override { return {}; }
  std::uint64_t subscribers() override { return 0; }
  std::expected<Loaded, std::string> load(quarantine::WallMillis) override { return Loaded{}; }
  std::expected<void, std::string> write(std::span<const quarantine::Case>, std::span<const quarantine::Step>) override { return {}; }
  std::expected<std::vector<quarantine::Step>, std::string> steps(quarantine::CaseId) override { return std::vector<quarantine::Step>{}; }
  std::expected<std::vector<quarantine::Case>, std::string> list(quarantine::CaseId, std::size_t, bool) override { return std::vector<quarantine::Case>{}; }
  quarantine::WallMillis publish(std::shared_ptr<const subscriber::Confined>) override { return 0; }
  void changed(std::span<const Ipv4>) override {}
  void reset_machine(quarantine::CaseId, std::string_view, Ipv4) override {}
  void bounce_modem(quarantine::CaseId, subscriber::Mac, const std::optional<Ipv4>&) override {}
  void tell(std::string_view, const quarantine::Case&, const quarantine::Step&) override {}
};

TEST(Metrics, EveryRowIsShownAndCountersSayTotal) {
  worker::Counters one, other;
  worker::ServiceCounters services;
  tftp::Counters files;
  MetricsInput input = sample_input(one, other);
  input.services = {&services};
  input.tftp = {&files};
  const provision::Counters made;
  input.files = {&made};
  const leasequery::Requesters requesters;
  leasequery::Tally queries(requesters.count());
  queries.answered(0, leasequery::Dialect::rfc4388, leasequery::Key::address, leasequery::Result::active);
  queries.refused(0, leasequery::Refusal::busy);
  input.requesters = &requesters;
  input.leasequeries = {&queries};
  const leasequery::TcpServer tcp({}, [] { return Instant{}; }, [](const std::string&) {});
  input.leasequery_tcp = &tcp;
  std::vector<Sample> samples = gather(input);
  subscriber::WardSightings sightings;
  snmp::Counters snmp;
  NobodyThere nobody;
  const quarantine::Switch quarantines({}, nobody, nobody, nobody);
  quarantine::Switch of_portal({}, nobody, nobody, nobody);
  const portal::Portal page({}, *portal::Texts::load(""), of_portal, [] { return quarantine::WallMillis{0}; });
  gather_quarantine({.quarantines = &quarantines, .sightings = &sightings, .portal = &page, .snmp = &snmp}, samples);
  const std::string text = to_prometheus(samples);
  std::set<std::string_view> names;
  for (const MetricRow& row : metric_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    if (row.name.starts_with("coaxd_api_")) continue;  // tests/e2e/api.py
    EXPECT_THAT(text, HasSubstr("# TYPE " + std::string{row.name} + " " + std::string{row.type} + "\n"));
    EXPECT_EQ(row.type == "counter", row.name.ends_with("_total")) << row.name;
    EXPECT_TRUE(row.help.ends_with('.')) << row.name;
  }
}

TEST(Metrics, LargeCountsKeepEveryDigit) {
  worker::Counters one, other;
  one.commits.set(9'007'199'254'740'991);  // the largest run of whole numbers a double has
  EXPECT_THAT(to_prometheus(gather(sample_input(one, other))), HasSubstr("\ncoaxd_commits_total 9007199254740991\n"));
}

TEST(Metrics, JsonEscapesLabelsAndTheTableHidesWhatNeverHappened) {
  worker::Counters one, other;
  one.received[1].add(1);
  const auto samples = gather(sample_input(one, other));
  EXPECT_THAT(to_json(samples), HasSubstr(R"({"name": "coaxd_packets_received_total", "labels": {"type": "discover"}, "value": 1})"));
  EXPECT_THAT(to_json(samples), HasSubstr(R"("labels": {"network": "cable \"one\"\\")")) << "quotes and backslashes stay escaped";
  EXPECT_THAT(to_json(samples), HasSubstr(R"("labels": {}, "value": )"));
  const std::string table = to_table(samples);
  EXPECT_THAT(table, HasSubstr("type=\"discover\""));
  EXPECT_THAT(table, Not(HasSubstr("type=\"decline\"")));
  EXPECT_THAT(table, HasSubstr("coaxd_store_error"));  // a zero that matters
}

}  // namespace
}  // namespace coaxd::daemon
