#include "snmp/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace coaxd::snmp {

Dispatch::Dispatch(std::vector<Cmts> cmts, bool modems_too, Patience patience, Counters& counters) : modems_too_(modems_too), patience_(patience), counters_(counters) {
  for (Cmts& each : cmts) {
    const CmtsRow* row = &row_of(each.kind);
    agents_.push_back({.is = std::move(each), .pace = Pace(patience.sets_per_second), .row = row});
  }
}

// --- what is wanted ---

std::optional<std::size_t> Dispatch::agent_of(Ipv4 relay) const noexcept {
  std::optional<std::size_t> best;
  int length = -1;
  for (std::size_t i = 0; i < agents_.size(); ++i)
    for (const Prefix& prefix : agents_[i].is.relays) {
      if (!prefix.contains(relay) || prefix.length() <= length) continue;
      best = i;
      length = prefix.length();
    }
  return best;
}

std::uint64_t Dispatch::post(const Request& request, Instant now) {
  const auto device = std::pair(request.act, request.mac.value);
  if (const auto same = by_device_.find(device); same != by_device_.end()) {
    counters_.joined.add();
    return same->second;
  }
  if (by_device_.size() >= kMostPending) {
    counters_.turned_away.add();
    return 0;
  }
  counters_.posted.add();
  const std::uint64_t id = ++last_id_;
  Job& job = jobs_[id];
  job.report = {.id = id, .act = request.act, .mac = request.mac, .relay = request.relay, .posted = now};
  job.modem_address = request.modem_address;
  job.cmts = agent_of(request.relay);
  by_device_.emplace(device, id);
  counters_.pending.set(by_device_.size());
  give_up_.push_back(id);
  if (request.act == Act::reset_modem) by_modem_[request.mac.value] = id;
  wake_at(now.mono_ns);
  if (!job.cmts) {
    job.refusals = fmt::format("no row of [snmp] cmts is for relay {}", coaxd::to_string(request.relay));
    all_refused(job, now);
    return id;
  }
  Agent& agent = agents_[*job.cmts];
  job.report.cmts = agent.is.address;
  if (request.act == Act::modem_state) {
    job.stage = Job::Stage::state;
    agent.reads.push_back(id);
  } else if (agent.failures >= kDown && can_tell_modem(job)) {
    tell_modem(job);
  } else {
    agent.resets.push_back(id);
  }
  return id;
}

void Dispatch::saw_discover(Mac modem, Instant when) {
  const auto found = by_modem_.find(modem.value);
  if (found == by_modem_.end()) return;
  Job& job = jobs_.at(found->second);
  const bool told = job.report.sent.mono_ns != 0;
  if (when.mono_ns < (told ? job.report.sent : job.report.posted).mono_ns) return;  // of before
  counters_.proven.add();
  by_modem_.erase(found);
  job.report.proven = when.wall;
  if (job.report.outcome == Outcome::pending) return finish(job, Outcome::done, told ? "the modem has started anew" : "the modem has started anew before it was told to", when);
  job.report.outcome = Outcome::done;
  reports_.push_back(job.report);
}

Dispatch::Job* Dispatch::pending(std::uint64_t id) noexcept {
  const auto found = jobs_.find(id);
  return found != jobs_.end() && found->second.report.outcome == Outcome::pending ? &found->second : nullptr;
}

// --- what to send ---

void Dispatch::wake_at(std::int64_t ns) noexcept { next_ns_ = std::min(next_ns_, ns); }

std::span<const ResetObject> Dispatch::ways_of(const Job& job) const noexcept { return job.row->of(job.report.act); }

std::size_t Dispatch::way_of(const Job& job) const noexcept { return (job.first_way + job.way) % ways_of(job).size(); }

Pdu Dispatch::pdu_of(Job& job) const {
  const Mac mac = job.report.mac;
  switch (job.stage) {
    case Job::Stage::act: return reset_pdu(ways_of(job)[way_of(job)], mac);
    case Job::Stage::look: return *look_pdu(job.report.act, *job.row, mac);
    case Job::Stage::at_modem: return reset_pdu(reset_at_modem(), mac);
    case Job::Stage::state: break;
  }
  if (job.index == 0) return {.type = Pdu::Type::get, .varbinds = {{kDocsIfCmtsCmPtr.of(mac)}}};
  Pdu pdu = modem_state_pdu(job.index, agents_[*job.cmts].is.newer);
  std::erase_if(pdu.varbinds, [&](const Varbind& varbind) { return std::ranges::find(job.left_out, varbind.name) != job.left_out.end(); });
  return pdu;
}

void Dispatch::send(std::vector<Send>& out, Slot slot, std::size_t agent, std::uint64_t id, Pdu pdu, Instant now) {
  const bool is_set = pdu.type == Pdu::Type::set;
  (is_set ? counters_.sets : counters_.gets).add();
  exchanges_.emplace(++last_exchange_, Exchange{.slot = slot, .agent = agent, .job = id, .sent_ns = now.mono_ns, .is_set = is_set});
  Ipv4 modem{};
  if (Job* job = pending(id)) {
    ++job->report.tries;
    if (is_set && job->report.sent.mono_ns == 0) job->report.sent = now;
    if (slot == Slot::modem) modem = job->modem_address;
  }
  out.push_back({.exchange = last_exchange_, .cmts = agent, .modem = modem, .pdu = std::move(pdu)});
}

std::vector<Dispatch::Send> Dispatch::step(Instant now) {
  std::vector<Send> out;
  next_ns_ = std::numeric_limits<std::int64_t>::max();
  forget_old(now);
  for (std::size_t i = 0; i < agents_.size(); ++i) step_agent(i, out, now);
  while (!modems_.empty() && modems_out_ < kModemsAtOnce) {
    Job* job = pending(modems_.front());
    if (job != nullptr) {
      ++modems_out_;
      send(out, Slot::modem, 0, job->report.id, pdu_of(*job), now);
    }
    modems_.pop_front();
  }
  return out;
}

void Dispatch::step_agent(std::size_t index, std::vector<Send>& out, Instant now) {
  Agent& agent = agents_[index];
  while (!agent.reads.empty() && agent.reads_out < kAtOnce) {  // somebody waits for them: at once, whatever the CMTS did before
    if (Job* job = pending(agent.reads.front())) {
      ++agent.reads_out;
      send(out, Slot::read, index, job->report.id, pdu_of(*job), now);
    }
    agent.reads.pop_front();
  }
  if (!agent.identifying) {
    if (now.mono_ns >= agent.identify_at) {
      agent.identifying = true;
      send(out, Slot::identify, index, 0, {.type = Pdu::Type::get, .varbinds = {{kSysObjectId}, {kSysDescr}, {kSysUpTime}}}, now);
    } else {
      wake_at(agent.identify_at);
    }
  }
  if (agent.resets.empty() || !agent.ready_for_resets()) return;
  if (agent.failures > 0 && now.mono_ns < agent.next_try) return wake_at(agent.next_try);
  for (auto at = agent.resets.begin(); at != agent.resets.end() && agent.resets_out < (agent.failures > 0 ? 1 : kAtOnce);) {
    Job* job = pending(*at);
    if (job != nullptr && job->not_before > now.mono_ns) {
      wake_at(job->not_before);
      ++at;
      continue;
    }
    if (job != nullptr && job->row == nullptr) {
      job->row = agent.row;
      job->first_way = agent.first_way[static_cast<std::size_t>(job->report.act)];
    }
    if (job != nullptr && ways_of(*job).empty()) {
      job->refusals = fmt::format("no object is known by which {} forgets a CPE", job->row->name);
      all_refused(*job, now);
    } else if (job != nullptr) {
      if (job->stage == Job::Stage::act) {
        if (agent.pace.next_ns() > now.mono_ns) return wake_at(agent.pace.next_ns());
        agent.pace.take(now.mono_ns);
      }
      ++agent.resets_out;
      send(out, Slot::reset, index, job->report.id, pdu_of(*job), now);
    }
    at = agent.resets.erase(at);
  }
}

// --- to look at ---

std::vector<Report> Dispatch::take_reports() { return std::exchange(reports_, {}); }

Report Dispatch::report_of(const Job& job) const {
  Report report = job.report;
  if (report.outcome != Outcome::pending || !job.cmts) return report;
  const Agent& agent = agents_[*job.cmts];
  if (agent.failures > 0) report.reason = fmt::format("{} {}", agent.is.address, agent.trouble);
  return report;
}

std::vector<Report> Dispatch::list(std::uint64_t after, std::size_t limit) const {
  std::vector<Report> reports;
  for (auto at = jobs_.upper_bound(after); at != jobs_.end() && reports.size() < limit; ++at) reports.push_back(report_of(at->second));
  return reports;
}

std::optional<Report> Dispatch::find(std::uint64_t id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? std::nullopt : std::optional(report_of(found->second));
}

std::vector<CmtsReport> Dispatch::cmts_reports() const {
  std::vector<CmtsReport> reports;
  for (const Agent& agent : agents_)
    reports.push_back({.address = agent.is.address,
                       .kind = config::kCmtsKindNames[static_cast<std::size_t>(agent.ready_for_resets() ? agent.row->kind : CmtsKind::automatic)],
                       .model = model_of(agent.system),
                       .description = agent.description,
                       .known = agent.known,
                       .failures = agent.failures,
                       .heard = agent.heard,
                       .pending = agent.resets.size() + agent.reads.size() + agent.resets_out + agent.reads_out});
  return reports;
}

}  // namespace coaxd::snmp
