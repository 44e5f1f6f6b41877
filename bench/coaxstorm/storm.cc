#include "bench/coaxstorm/storm.h"

#include <poll.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>

#include "bench/coaxstorm/mac.h"

namespace coaxd::storm {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDrain = 2 * kSecond;  // what a phase that ended by the clock still waits for answers
constexpr std::size_t kAhead = 8;             // replies between one whose client is fetched from memory and the one that is taken

std::int64_t to_ns(double seconds) noexcept { return static_cast<std::int64_t>(seconds * 1e9); }

double cpu_seconds() noexcept {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

std::int64_t monotonic_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

std::int64_t wall_us() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

struct Storm::Run {
  const Phase& phase;
  Turn turn;
  Pace pace;
  std::int64_t start_ns, measure_from_ns, end_ns;
  bool mixed, gives_back, fetches;
  bool in_vain = false;  // there was room for another exchange, and nobody to begin it was found at a few looks
  bool cut_off = false;  // the clock ended it, with more to do
  std::uint32_t outstanding = 0;
  std::int64_t last_done_ns = 0;
  Figures figures;

  Run(const Phase& of, std::int64_t now_ns)
      : phase(of),
        turn(of.order, of.mix, of.seed),
        pace(of.rate, of.window, now_ns),
        start_ns(now_ns),
        measure_from_ns(now_ns + to_ns(of.warm_up_s)),
        end_ns(of.duration_s > 0 ? now_ns + to_ns(of.duration_s) : INT64_MAX),
        mixed(of.mix.kinds() > 1),
        gives_back(of.mix.weight(ExchangeKind::dora_release) > 0),
        fetches(of.mix.weight(ExchangeKind::fetch) > 0),
        last_done_ns(now_ns) {}

  bool measures(std::int64_t now_ns) const { return now_ns >= measure_from_ns && now_ns < end_ns; }
  // Whether the exchange counts for `latency`: see Figures::exchange.
  bool charges(std::int64_t due_ns, std::int64_t now_ns) const { return measures(phase.rate > 0 ? due_ns : now_ns); }
  void charge(ExchangeKind kind, std::int64_t ns) {
    figures.exchange.record(ns);
    if (mixed) figures.of_kind[static_cast<std::size_t>(kind)].record(ns);
  }
  bool has_more(const Population& population) const {
    return !turn.over(population) && (phase.count == 0 || pace.begun_count() < phase.count);
  }
  bool launching(const Population& population, std::int64_t now_ns) const { return now_ns < end_ns && has_more(population); }
  // Looking again finds somebody: not all who could begin are busy.
  bool looks_again(const Population& population) const {
    return in_vain && outstanding < (phase.mix.wants_leases() ? population.leases() : population.size());
  }
};

Figures Storm::run(const Phase& phase, const Progress& progress) {
  const double cpu_before = cpu_seconds();
  Run run{phase, monotonic_ns()};
  if (phase.insists) run.figures.bound = Milestones{parts_.population.size()};
  if (phase.insists && parts_.boots != nullptr) run.figures.up = run.figures.bound;
  const Boots::Ended boot_has_ended = [this, &run](std::uint32_t client, bool up, std::int64_t at_ns) { boot_ended(run, client, up, at_ns); };
  std::int64_t next_progress_ns = run.start_ns + kSecond;
  std::int64_t give_up_ns = INT64_MAX;
  const auto own_time = [&](std::int64_t now_ns) {
    run.figures.elapsed_s = static_cast<double>(now_ns - run.start_ns) * 1e-9;
    run.figures.cpu_s = cpu_seconds() - cpu_before;
  };

  for (std::int64_t now_ns = run.start_ns;; now_ns = monotonic_ns()) {
    if (stopped()) run.end_ns = std::min(run.end_ns, now_ns);
    expire(run, now_ns);
    if (parts_.boots != nullptr) parts_.boots->expire(now_ns, boot_has_ended);
    const bool launching = run.launching(parts_.population, now_ns);
    if (launching) launch(run, now_ns);
    flush();
    if (!launching) {
      if (now_ns >= run.end_ns && give_up_ns == INT64_MAX) {
        run.cut_off = run.outstanding > 0 || run.has_more(parts_.population);
        own_time(now_ns);
      }
      if (run.outstanding == 0) break;
      // Ended by the clock, or by hand: answers on their way are taken, the others not waited for. In an avalanche whoever waits has
      // been waiting for long.
      if (now_ns >= run.end_ns && give_up_ns == INT64_MAX) give_up_ns = now_ns + (phase.insists ? 0 : kDrain);
      if (now_ns >= give_up_ns) break;
    }
    bool received = parts_.relays != nullptr && receive_from(run, *parts_.relays);
    if (parts_.direct != nullptr) received |= receive_from(run, *parts_.direct);
    if (parts_.boots != nullptr) received |= receive_files(boot_has_ended);
    if (now_ns >= next_progress_ns) {
      next_progress_ns += kSecond;
      if (progress) progress(static_cast<double>(now_ns - run.start_ns) * 1e-9, run.figures);
    }
    if (!received && !spin_) wait(run, launching, now_ns);
  }
  const std::int64_t over_ns = monotonic_ns();
  abandon_rest(run, over_ns);
  // Cut off, a server that fell silent before is not the faster for it. Otherwise what is left after the last answer is patience.
  const std::int64_t measured_until = run.cut_off ? run.end_ns : std::min(run.end_ns, run.last_done_ns);
  run.figures.measured_s = std::max(0.0, static_cast<double>(measured_until - run.measure_from_ns) * 1e-9);
  if (run.figures.elapsed_s == 0) own_time(over_ns);
  return run.figures;
}

void Storm::launch(Run& run, std::int64_t now_ns) {
  run.in_vain = false;
  // At most a batch at a time, so that replies are read in between and their latency is not ours.
  for (std::size_t i = 0; i < Endpoint::kBatch; ++i) {
    if (!run.pace.is_due(run.outstanding, now_ns) || !run.launching(parts_.population, now_ns)) return;
    if (run.fetches && parts_.boots->full()) return;
    const auto [client, kind] = run.turn.next(parts_.population);
    if (client == kNobody) {
      run.in_vain = true;
      return;
    }
    parts_.population.begin(client, kind, run.pace.due_at(now_ns), now_ns);
    run.pace.begun();
    ++run.figures.begun;
    ++run.figures.begun_of_kind[static_cast<std::size_t>(kind)];
    if (kind == ExchangeKind::release) {
      give_back(client, now_ns);
      ++run.figures.completed;
      if (run.measures(now_ns)) ++run.figures.measured;
      run.last_done_ns = now_ns;
      continue;
    }
    ++run.outstanding;
    if (kind == ExchangeKind::fetch) {
      parts_.boots->begin(client, {parts_.first_host.value + client}, parts_.files[client % parts_.files.size()], now_ns);
      continue;
    }
    send(client, parts_.population.query(client), now_ns);
    parts_.timeouts.arm(client, 0, now_ns);
  }
}

void Storm::expire(Run& run, std::int64_t now_ns) {
  // At most a batch at a time, as in launch().
  for (std::size_t i = 0; i < Endpoint::kBatch; ++i) {
    const std::uint32_t client = parts_.timeouts.expired(now_ns);
    if (client == kNobody) return;
    std::uint32_t attempt = parts_.timeouts.attempt(client) + 1;
    const bool worn_out = attempt >= attempts_;
    if (worn_out && !run.phase.insists) {
      leave_unanswered(run, client, now_ns);
      ++run.figures.gave_up;
      --run.outstanding;
      continue;
    }
    if (worn_out && parts_.population.client(client).state == ClientState::requesting) {
      parts_.population.restart(client, now_ns);
      ++run.figures.restarted;
      attempt = 0;
    } else {
      parts_.population.sent_again(client);
      ++run.figures.sent_again;
    }
    send(client, parts_.population.query(client), now_ns);
    parts_.timeouts.arm(client, attempt, now_ns);
  }
}

bool Storm::receive_from(Run& run, Endpoint& endpoint) {
  const std::span<const Bytes> datagrams = endpoint.receive();
  if (datagrams.empty()) return false;
  const std::int64_t now_ns = monotonic_ns();
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    if (i + kAhead < datagrams.size()) parts_.population.prefetch(datagrams[i + kAhead]);
    take_reply(run, parts_.population.receive(datagrams[i], now_ns), now_ns);
  }
  return true;
}

void Storm::take_reply(Run& run, const Population::Outcome& outcome, std::int64_t now_ns) {
  using Step = Population::Step;
  if (outcome.step == Step::none) return;
  parts_.timeouts.disarm(outcome.client);
  if (outcome.step == Step::bound) return take_ack(run, outcome, now_ns);
  if (outcome.step == Step::refused) return take_nak(run, outcome.client, now_ns);
  if (run.measures(now_ns)) run.figures.offer.record(outcome.answer_ns);
  send(outcome.client, QueryKind::selecting, now_ns);
  parts_.timeouts.arm(outcome.client, 0, now_ns);
}

void Storm::take_ack(Run& run, const Population::Outcome& outcome, std::int64_t now_ns) {
  run.last_done_ns = now_ns;
  const bool boots = run.phase.insists && parts_.boots != nullptr;
  log(outcome.client, outcome.lease_time);
  if (outcome.again) return boot(run, outcome.client, now_ns);
  if (!boots) --run.outstanding;
  ++run.figures.completed;
  if (run.phase.insists) run.figures.bound.add(now_ns - run.start_ns);
  if (run.measures(now_ns)) {
    ++run.figures.measured;
    run.figures.ack.record(outcome.answer_ns);
  }
  if (run.charges(now_ns - outcome.exchange_ns, now_ns)) run.charge(outcome.kind, outcome.exchange_ns);
  if (run.gives_back) give_back(outcome.client, now_ns);
  if (boots) boot(run, outcome.client, now_ns);
}

// What the ACK names is fetched now.
void Storm::boot(Run& run, std::uint32_t client, std::int64_t now_ns) {
  Population& population = parts_.population;
  const BootFile file = population.boot_file();
  if (!parts_.boots->wants(file)) {
    population.count(Violation::no_file_name, [&] { return mac_to_string(population.mac(client)); });
    return begin_anew(run, client, now_ns);
  }
  if (parts_.boots->full()) {
    ++run.figures.no_room;
    return begin_anew(run, client, now_ns);
  }
  parts_.boots->begin(client, population.client(client).address, file, now_ns);
}

void Storm::boot_ended(Run& run, std::uint32_t client, bool up, std::int64_t now_ns) {
  const std::int64_t since_due_ns = now_ns - parts_.population.client(client).begun_ns;
  run.last_done_ns = now_ns;
  if (run.phase.insists) {
    if (!up) return begin_anew(run, client, now_ns);
    --run.outstanding;
    run.figures.up.add(now_ns - run.start_ns);
    run.figures.until_up.record(since_due_ns);
    return;
  }
  --run.outstanding;
  ++(up ? run.figures.completed : run.figures.gave_up);
  if (up && run.measures(now_ns)) ++run.figures.measured;
  if (run.charges(now_ns - since_due_ns, now_ns)) run.charge(ExchangeKind::fetch, since_due_ns);
  parts_.population.end_fetch(client);
}

bool Storm::receive_files(const Boots::Ended& ended) {
  Endpoint& hosts = parts_.boots->hosts();
  const std::span<const Bytes> datagrams = hosts.receive();
  const std::int64_t now_ns = datagrams.empty() ? 0 : monotonic_ns();
  for (std::size_t i = 0; i < datagrams.size(); ++i) parts_.boots->take(datagrams[i], hosts.way(i), now_ns, ended);
  return !datagrams.empty();
}

void Storm::take_nak(Run& run, std::uint32_t client, std::int64_t now_ns) {
  ++run.figures.refused;
  if (run.phase.insists) return begin_anew(run, client, now_ns);
  run.last_done_ns = now_ns;
  --run.outstanding;
}

// After the first wait, so that a server that refuses everybody meets no flood that it makes itself.
void Storm::begin_anew(Run& run, std::uint32_t client, std::int64_t now_ns) {
  parts_.population.restart(client, now_ns);
  parts_.timeouts.arm(client, 0, now_ns);
  ++run.figures.restarted;
}

void Storm::give_back(std::uint32_t client, std::int64_t now_ns) noexcept {
  log(client, 0);
  send(client, QueryKind::release, now_ns);
  parts_.population.release(client);
}

void Storm::send(std::uint32_t client, QueryKind kind, std::int64_t now_ns) noexcept {
  const QueryFields fields = parts_.population.fields(client, kind, now_ns);
  const bool own = fields.giaddr.is_zero() && parts_.direct != nullptr;
  Endpoint& endpoint = own ? *parts_.direct : *parts_.relays;
  std::uint8_t* out = endpoint.reserve();
  endpoint.commit(parts_.templates.write(kind, fields, out), own ? fields.address : fields.giaddr);
}

void Storm::log(std::uint32_t client, std::uint32_t lease_time) noexcept {
  if (parts_.log == nullptr) return;
  parts_.log->add({.wall_us = wall_us(),
                   .mac = parts_.population.mac(client),
                   .address = parts_.population.client(client).address,
                   .lease_time = lease_time});
}

void Storm::flush() noexcept {
  if (parts_.log != nullptr) parts_.log->flush();
  if (parts_.relays != nullptr) parts_.relays->flush();
  if (parts_.direct != nullptr) parts_.direct->flush();
  if (parts_.boots != nullptr) parts_.boots->hosts().flush();
}

// The phase is over, and whoever still waits is told so; a later phase finds everybody at rest.
void Storm::abandon_rest(Run& run, std::int64_t now_ns) {
  for (std::uint32_t client; (client = parts_.timeouts.expired(INT64_MAX)) != kNobody;) {
    leave_unanswered(run, client, now_ns);
    ++run.figures.unfinished;
  }
  if (parts_.boots == nullptr) return;
  parts_.boots->abandon(now_ns, [this, &run](std::uint32_t client, bool, std::int64_t at_ns) {
    ++run.figures.unfinished;
    if (!run.phase.insists) leave_unanswered(run, client, at_ns);
  });
}

void Storm::leave_unanswered(Run& run, std::uint32_t client, std::int64_t now_ns) noexcept {
  const std::int64_t due_ns = parts_.population.client(client).begun_ns;
  if (run.phase.rate > 0 && run.charges(due_ns, now_ns)) run.charge(parts_.population.kind(client), now_ns - due_ns);
  parts_.population.give_up(client);
}

void Storm::wait(const Run& run, bool launching, std::int64_t now_ns) const noexcept {
  constexpr std::int64_t kLongest = kSecond / 10;  // stop() and the progress line want to be seen
  if (launching && run.looks_again(parts_.population)) return;
  const std::int64_t next_ns = launching ? run.pace.idle_until() : INT64_MAX;
  const std::int64_t end_ns = run.end_ns > now_ns ? run.end_ns : INT64_MAX;
  const std::int64_t files_ns = parts_.boots != nullptr ? parts_.boots->earliest() : Timeouts::kNever;
  const std::int64_t until = std::min({parts_.timeouts.earliest(), files_ns, next_ns, end_ns, now_ns + kLongest});
  const std::int64_t left = std::max<std::int64_t>(until - now_ns, 0);
  const timespec patience{.tv_sec = left / kSecond, .tv_nsec = left % kSecond};
  pollfd sockets[] = {{parts_.relays != nullptr ? parts_.relays->fd() : -1, POLLIN, 0},
                      {parts_.direct != nullptr ? parts_.direct->fd() : -1, POLLIN, 0},
                      {parts_.boots != nullptr ? parts_.boots->hosts().fd() : -1, POLLIN, 0}};
  ppoll(sockets, std::size(sockets), &patience, nullptr);
}

}  // namespace coaxd::storm
