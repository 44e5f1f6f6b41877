// coaxstorm: wiring. What it does stands in population.h (clients), plan.h (pace) and storm.h (the loop).
#include <fmt/core.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "bench/coaxstorm/command_line.h"
#include "bench/coaxstorm/leases_file.h"
#include "bench/coaxstorm/report.h"

namespace coaxd::storm {
namespace {

enum Exit : int { kFine = 0, kCannotRun = 1, kViolated = 2, kUnanswered = 3 };
constexpr const char* kNoLease = "none of these clients has a lease to begin with";

Storm* running = nullptr;  // for the signal handler
void stop_running(int) {
  if (running != nullptr) running->stop();
}

int fail(const std::string& why) {
  fmt::print(stderr, "coaxstorm: {}\n", why);
  return kCannotRun;
}

// The clients take over the leases of an ack log; the last line of each client counts, and a client outside the population is
// not ours. Two clients with one address at a time are found here too.
std::expected<void, std::string> adopt_log(const Settings& settings, Population& population) {
  const std::int64_t now_ns = monotonic_ns();
  const std::int64_t now_us = wall_us();
  return read_ack_log(settings.from_log, [&](const AckRecord& record) {
    const std::uint32_t client = population.index_of_mac(record.mac);
    if (client == kNobody) return;
    const std::int64_t acked_ns = now_ns - (now_us - record.wall_us) * 1000;
    if (record.lease_time == 0) {
      population.release(client);
    } else {
      population.adopt(client, record.address, settings.server.address, acked_ns, lease_end(acked_ns, record.lease_time));
    }
  });
}

// What was acknowledged and has not run out must be in the file under the same client.
std::expected<void, std::string> compare_with_file(const std::string& path, Population& population) {
  const auto leases = read_leases_file(path);
  if (!leases) return std::unexpected(leases.error());
  const std::int64_t now_ns = monotonic_ns();
  for (std::uint32_t i = 0; i < population.size(); ++i) {
    const Client& client = population.client(i);
    if (client.state != ClientState::bound || client.lease_end_ns <= now_ns) continue;
    const auto found = leases->find(client.address.value);
    const bool kept = found != leases->end() && found->second.active && population.same_client(population.index_of_mac(found->second.mac), i);
    if (!kept) {
      population.count(Violation::lost, [&] { return fmt::format("{} is not in {} for its client", to_string(client.address), path); });
    }
  }
  return {};
}

Storm::Progress progress_to_stderr(bool quiet) {
  if (quiet) return {};
  return [before = Figures{}](double elapsed_s, const Figures& now) mutable {
    fmt::print(stderr, "{}\n", progress_line(elapsed_s, before, now));
    before = now;
  };
}

bool write_json(const std::string& path, const std::string& json) {
  if (path == "-") return std::fputs(json.c_str(), stdout) >= 0;
  std::ofstream file{path, std::ios::trunc};
  file << json;
  return static_cast<bool>(file.flush());
}

Result collect(const Settings& settings, const Figures& figures, const Population& population) {
  Result result;
  result.mode = settings.mode;
  result.rate = settings.phase.rate;
  result.window = settings.phase.window;
  result.clients = settings.population.clients;
  result.seed = settings.phase.seed;
  result.figures = figures;
  result.violations = population.violations();
  result.strays = population.strays();
  result.leases = population.leases();
  return result;
}

int conclude(const Settings& settings, const Result& result, const Population& population, bool all_prepared = true) {
  // The text goes where the JSON does not.
  fmt::print(settings.json == "-" ? stderr : stdout, "{}", to_text(result));
  if (!settings.json.empty() && !write_json(settings.json, to_json(result))) {
    return fail(fmt::format("{}: cannot be written", settings.json));
  }
  if (population.violations_total() > 0) return kViolated;
  const bool unanswered = result.figures.gave_up > 0 || (settings.phase.insists && result.figures.unfinished > 0);
  return unanswered || !all_prepared ? kUnanswered : kFine;
}

// The sockets that this mode needs.
struct Sockets {
  std::optional<Endpoint> relay, direct, hosts;

  std::optional<std::string> open(const Settings& settings) {
    const auto& relays = settings.population.relays;
    std::optional<std::string> refused;
    const auto take = [&](std::optional<Endpoint>& place, std::expected<Endpoint, std::string> opened) {
      if (opened) {
        place.emplace(std::move(*opened));
      } else {
        refused = opened.error();
      }
    };
    if (settings.mode != "tftp") {
      take(relay, Endpoint::open({relays.size() == 1 ? relays[0] : Ipv4{}, settings.relay_port}, settings.server, settings.trains));
    }
    if (settings.population.direct) take(direct, Endpoint::open({Ipv4{}, settings.client_port}, settings.server, settings.trains));
    if (settings.boots.time || settings.boots.file) take(hosts, Endpoint::open_to_all({}));
    return refused;
  }
  std::uint64_t total(std::uint64_t (Endpoint::*count)() const noexcept) const {
    std::uint64_t sum = 0;
    for (const auto* endpoint : {&relay, &direct, &hosts}) sum += *endpoint ? (**endpoint.*count)() : 0;
    return sum;
  }
};

int storm(const Settings& settings, Population& population) {
  Sockets sockets;
  if (const auto refused = sockets.open(settings)) return fail(*refused);
  std::optional<Boots> boots;
  if (sockets.hosts) boots.emplace(settings.boots, population, *sockets.hosts);
  std::vector<BootFile> files;
  for (const std::string& name : settings.files) files.push_back({.server = settings.server.address, .time_server = {}, .name = name});
  std::optional<AckLog> log;
  if (!settings.ack_log.empty()) {
    auto opened = AckLog::append_to(settings.ack_log);
    if (!opened) return fail(opened.error());
    log.emplace(std::move(*opened));
  }
  const QueryTemplates templates{settings.style};
  Timeouts timeouts{population.size(), settings.back_off};
  const auto address_of = [](auto& part) { return part ? &*part : nullptr; };
  Storm storm{{population, templates, timeouts, address_of(sockets.relay), address_of(sockets.direct), address_of(log), address_of(boots),
               settings.first_host, files},
              settings.attempts, settings.spin};
  // An open loop sleeps until the next exchange is due: the kernel's usual 50 us of slack would be the server's latency.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  running = &storm;
  std::signal(SIGINT, stop_running);
  std::signal(SIGTERM, stop_running);

  bool all_prepared = true;
  if (settings.needs_leases && settings.from_log.empty()) {
    if (!settings.quiet) fmt::print(stderr, "getting {} clients a lease first\n", population.size());
    const Phase prepare{.window = settings.phase.window, .seed = settings.phase.seed};
    const Figures prepared = storm.run(prepare, progress_to_stderr(settings.quiet));
    all_prepared = storm.stopped() || prepared.completed == population.size();
    if (!all_prepared) fmt::print(stderr, "{} of {} clients got no lease\n", population.size() - prepared.completed, population.size());
    if (settings.phase.mix.wants_leases() && population.leases() == 0) return fail(kNoLease), kUnanswered;
  }
  const std::uint64_t sent_before = sockets.total(&Endpoint::sent), received_before = sockets.total(&Endpoint::received);
  const Figures figures = storm.run(settings.phase, progress_to_stderr(settings.quiet));
  running = nullptr;

  if (settings.verify) {
    for (std::uint64_t i = 0; i < figures.gave_up + figures.unfinished; ++i) population.count(Violation::lost, [] { return "no answer"; });
  }
  Result result = collect(settings, figures, population);
  if (boots) result.boots = boots->figures();
  result.datagrams_sent = sockets.total(&Endpoint::sent) - sent_before;
  result.datagrams_received = sockets.total(&Endpoint::received) - received_before;
  result.send_errors = sockets.total(&Endpoint::send_errors);
  result.receive_drops = sockets.total(&Endpoint::receive_drops);
  if (log && log->failed()) return fail(fmt::format("{}: cannot be written, it is not complete", settings.ack_log));
  return conclude(settings, result, population, all_prepared);
}

int run(const Settings& settings) {
  Population population{settings.population, [](Violation violation, const std::string& detail) {
                          fmt::print(stderr, "VIOLATION {}: {}\n", describe(violation).key, detail);
                        }};
  if (!settings.from_log.empty()) {
    if (const auto read = adopt_log(settings, population); !read) return fail(read.error());
    // A `verify` of nothing, above all, must not look like one that went well.
    if (settings.phase.mix.wants_leases() && population.leases() == 0) return fail(fmt::format("{}: {}", settings.from_log, kNoLease));
  }
  if (!settings.leases_file.empty()) {
    if (const auto read = compare_with_file(settings.leases_file, population); !read) return fail(read.error());
  }
  if (settings.server.address.is_zero()) return conclude(settings, collect(settings, {}, population), population);
  return storm(settings, population);
}

}  // namespace
}  // namespace coaxd::storm

int main(int argc, char** argv) {
  const auto settings = coaxd::storm::parse_command_line(argc, argv);
  return settings ? coaxd::storm::run(*settings) : settings.error();
}
