// dispatch_answers.cc: what the answers of agents make of a request (dispatch.h).
#include "snmp/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "server/base/counted.h"

namespace coaxd::snmp {
namespace {

constexpr unsigned kPassingErrors = 3;  // then one is for good

bool is_answer(const Answer& answer) noexcept { return answer.type == Answer::Type::response; }

std::string trouble_of(const Answer& answer) {
  switch (answer.type) {
    case Answer::Type::silent: return "does not answer";
    case Answer::Type::not_sent: return fmt::format("cannot be reached: {}", answer.text);
    case Answer::Type::not_trusted: return fmt::format("does not accept our user or key: {}", answer.text);
    case Answer::Type::response: break;
  }
  return {};
}

}  // namespace

void Dispatch::answered(std::uint64_t exchange, const Answer& answer, Instant now) {
  const auto found = exchanges_.find(exchange);
  if (found == exchanges_.end()) return;
  const Exchange sent = found->second;
  exchanges_.erase(found);
  wake_at(now.mono_ns);
  switch (answer.type) {
    case Answer::Type::response:
      counters_.answered_after(now.mono_ns - sent.sent_ns);
      if (answer.error != 0) counters_.errors.add();
      break;
    case Answer::Type::silent: counters_.silent.add(); break;
    case Answer::Type::not_sent: counters_.not_sent.add(); break;
    case Answer::Type::not_trusted: counters_.not_trusted.add(); break;
  }
  Job* job = pending(sent.job);
  if (sent.slot == Slot::modem) {
    --modems_out_;
    if (job != nullptr) modem_answered(*job, answer, now);
    return;
  }
  Agent& agent = agents_[sent.agent];
  heard(agent, answer, now);
  if (sent.slot == Slot::identify) {
    agent.identifying = false;
    if (is_answer(answer)) identified(agent, answer, now);
  } else if (sent.slot == Slot::read) {
    --agent.reads_out;
    if (job != nullptr) state_answered(*job, answer, now);
  } else {
    --agent.resets_out;
    if (job != nullptr && job->stage == Job::Stage::act) reset_answered(*job, answer, now);
    else if (job != nullptr) looked(*job, answer, now);
  }
}

void Dispatch::heard(Agent& agent, const Answer& answer, Instant now) {
  if (is_answer(answer)) {
    if (agent.failures >= kDown)
      for (const std::uint64_t id : agent.resets)
        if (Job* job = pending(id)) job->not_before = 0;
    agent.failures = 0;
    agent.heard = now.wall;
    agent.trouble.clear();
    return;
  }
  ++agent.failures;
  agent.trouble = trouble_of(answer);
  agent.identify_at = agent.next_try = now.mono_ns + back_off_ns(agent.failures);
  if (agent.failures < kDown || !modems_too_) return;
  std::erase_if(agent.resets, [&](std::uint64_t id) {
    Job* job = pending(id);
    if (job != nullptr && !can_tell_modem(*job)) return false;
    if (job != nullptr) tell_modem(*job);
    return true;
  });
}

void Dispatch::identified(Agent& agent, const Answer& answer, Instant now) {
  const auto number = [&](const Value* value) { return value != nullptr && value->is_number() ? value->number : 0; };
  if (const Value* system = answer.find(kSysObjectId); system != nullptr && system->type == Value::Type::object_id) agent.system = system->object_id;
  if (const Value* description = answer.find(kSysDescr); description != nullptr) agent.description = description->octets;
  const CmtsRow* row = agent.is.kind == CmtsKind::automatic ? &row_of_system(agent.system) : agent.row;
  const std::int64_t up_time = number(answer.find(kSysUpTime));
  if (row != agent.row || up_time < agent.up_time) std::ranges::fill(agent.first_way, 0);  // another box, or another software
  agent.row = row;
  agent.up_time = up_time;
  agent.known = true;
  agent.identify_at = now.mono_ns + patience_.identify_ns;
}

void Dispatch::reset_answered(Job& job, const Answer& answer, Instant now) {
  Agent& agent = agents_[*job.cmts];
  const std::size_t way = way_of(job);
  const std::string_view object = ways_of(job)[way].name;
  if (!is_answer(answer)) {
    job.unanswered_set |= answer.type == Answer::Type::silent;
    return unanswered(job, now);
  }
  if (answer.error == 0) {
    if (job.row == agent.row) agent.first_way[static_cast<std::size_t>(job.report.act)] = way;
    return finish(job, Outcome::done, fmt::format("{} of {} has taken it", object, agent.is.address), now);
  }
  job.report.reason = fmt::format("{}: {}", object, error_text(answer.error));
  if (is_passing(answer.error) && ++job.passing <= kPassingErrors) {
    job.not_before = now.mono_ns + back_off_ns(job.passing);
    agent.resets.push_back(job.report.id);
    return;
  }
  refused_way(job, error_text(answer.error), now);
}

// Behind the others: if one of them gets an answer, the CMTS is there.
void Dispatch::unanswered(Job& job, Instant now) {
  job.not_before = now.mono_ns + back_off_ns(++job.silences);
  if (agents_[*job.cmts].failures >= kDown && can_tell_modem(job)) return tell_modem(job);
  agents_[*job.cmts].resets.push_back(job.report.id);
}

void Dispatch::refused_way(Job& job, std::string_view why, Instant now) {
  fmt::format_to(std::back_inserter(job.refusals), "{}{} {}", job.refusals.empty() ? "" : ", ", ways_of(job)[way_of(job)].name, why);
  job.passing = 0;
  Agent& agent = agents_[*job.cmts];
  if (job.present || !look_pdu(job.report.act, *job.row, job.report.mac)) return next_way(job, now);
  job.stage = Job::Stage::look;
  agent.resets.push_front(job.report.id);
}

void Dispatch::looked(Job& job, const Answer& answer, Instant now) {
  Agent& agent = agents_[*job.cmts];
  if (!is_answer(answer)) return unanswered(job, now);
  const bool says_none = answer.error == Answer::kNoSuchName || (answer.error == 0 && answer.varbinds.size() == 1 && answer.varbinds[0].value.type == Value::Type::absent);
  if (says_none) {
    const bool cpe = job.report.act == Act::forget_cpe;
    return finish(job, Outcome::done, fmt::format("{} does not have {}", agent.is.address, cpe ? "this CPE: there is nothing to forget" : "this modem: it is off, and comes up anew"), now);
  }
  job.present = true;
  next_way(job, now);
}

void Dispatch::next_way(Job& job, Instant now) {
  if (++job.way >= ways_of(job).size()) return all_refused(job, now);
  job.stage = Job::Stage::act;
  agents_[*job.cmts].resets.push_front(job.report.id);
}

void Dispatch::all_refused(Job& job, Instant now) {
  job.cmts_refuses = true;
  if (can_tell_modem(job)) return tell_modem(job);
  finish(job, Outcome::refused, job.refusals, now);
}

bool Dispatch::can_tell_modem(const Job& job) const noexcept {
  return modems_too_ && job.report.act == Act::reset_modem && !job.told_modem && !job.modem_address.is_zero();
}

void Dispatch::tell_modem(Job& job) {
  job.told_modem = true;
  job.stage = Job::Stage::at_modem;
  modems_.push_back(job.report.id);
}

void Dispatch::modem_answered(Job& job, const Answer& answer, Instant now) {
  const std::string modem = coaxd::to_string(job.modem_address);
  const std::string_view object = reset_at_modem().name;
  if (is_answer(answer) && answer.error == 0) return finish(job, Outcome::done, fmt::format("{} of the modem at {} has taken it", object, modem), now);
  std::string why = is_answer(answer) ? fmt::format("{} of the modem at {}: {}", object, modem, error_text(answer.error)) : fmt::format("the modem at {} {}", modem, trouble_of(answer));
  if (answer.type == Answer::Type::silent) {
    job.unanswered_set = true;
    why += ", and may have restarted before it could";
  }
  job.refusals += (job.refusals.empty() ? "" : "; ") + why;
  job.report.reason = std::move(why);
  if (job.cmts_refuses) return finish(job, job.unanswered_set ? Outcome::unknown : Outcome::refused, job.refusals, now);
  job.stage = Job::Stage::act;
  agents_[*job.cmts].resets.push_back(job.report.id);
}

void Dispatch::state_answered(Job& job, const Answer& answer, Instant now) {
  Agent& agent = agents_[*job.cmts];
  if (!is_answer(answer)) return finish(job, Outcome::unknown, fmt::format("{} {}", agent.is.address, agent.trouble), now);
  if (job.index == 0) {
    const Value* row = answer.find(kDocsIfCmtsCmPtr.of(job.report.mac));
    if (answer.error == Answer::kNoSuchName || (answer.error == 0 && row == nullptr)) {
      job.report.state.emplace();  // absent
      return finish(job, Outcome::done, fmt::format("{} does not have this modem", agent.is.address), now);
    }
    if (answer.error != 0 || !row->is_number() || row->number <= 0) return finish(job, Outcome::refused, fmt::format("docsIfCmtsCmPtr of {}: {}", agent.is.address, answer.error != 0 ? error_text(answer.error) : "no number"), now);
    job.index = static_cast<std::uint32_t>(row->number);
    agent.reads.push_front(job.report.id);
    return;
  }
  if (answer.error == Answer::kNoSuchName) {  // v1: ask again without what it does not have
    const Pdu asked = pdu_of(job);
    if (answer.at >= 1 && answer.at <= asked.varbinds.size() && asked.varbinds.size() > 1) {
      job.left_out.push_back(asked.varbinds[answer.at - 1].name);
      agent.reads.push_front(job.report.id);
      return;
    }
  }
  if (answer.error != 0) return finish(job, Outcome::refused, fmt::format("docsIfCmtsCmStatusTable of {}: {}", agent.is.address, error_text(answer.error)), now);
  job.report.state = read_modem_state(job.report.mac, job.index, answer);
  finish(job, Outcome::done, fmt::format("{} has told", agent.is.address), now);
}

// --- ends ---

void Dispatch::finish(Job& job, Outcome outcome, std::string reason, Instant now) {
  Report& report = job.report;
  report.outcome = outcome;
  report.reason = std::move(reason);
  report.ended = now;
  (outcome == Outcome::done ? counters_.done : outcome == Outcome::refused ? counters_.refused : counters_.unknown).add();
  by_device_.erase(std::pair(report.act, report.mac.value));
  counters_.pending.set(by_device_.size());
  const auto proof = by_modem_.find(report.mac.value);
  if (outcome == Outcome::refused && proof != by_modem_.end() && proof->second == report.id) by_modem_.erase(proof);
  ended_.push_back(report.id);
  reports_.push_back(report);
}

void Dispatch::expire(Job& job, Instant now) {
  if (!job.cmts) return finish(job, job.unanswered_set ? Outcome::unknown : Outcome::refused, job.refusals, now);
  const Agent& agent = agents_[*job.cmts];
  std::string reason = agent.failures > 0 ? fmt::format("{} {}", agent.is.address, agent.trouble) : job.report.reason.empty() ? "its turn has not come" : job.report.reason;
  fmt::format_to(std::back_inserter(reason), "; given up after {}", counted(static_cast<std::uint64_t>(patience_.retry_ns / kSecondNs), "second"));
  if (!job.refusals.empty()) reason += "; " + job.refusals;
  finish(job, Outcome::unknown, std::move(reason), now);
}

void Dispatch::forget_old(Instant now) {
  for (; !give_up_.empty(); give_up_.pop_front()) {
    Job* job = pending(give_up_.front());
    if (job == nullptr) continue;
    const std::int64_t at = job->report.posted.mono_ns + patience_.retry_ns;
    if (now.mono_ns < at) {
      wake_at(at);
      break;
    }
    expire(*job, now);
  }
  for (; !ended_.empty(); ended_.pop_front()) {
    const Report& report = jobs_.at(ended_.front()).report;
    const std::int64_t at = report.ended.mono_ns + patience_.remember_ns;
    if (now.mono_ns < at && ended_.size() <= kMostEnded) {
      wake_at(at);
      break;
    }
    const auto proof = by_modem_.find(report.mac.value);
    if (proof != by_modem_.end() && proof->second == report.id) by_modem_.erase(proof);
    jobs_.erase(report.id);
  }
}

}  // namespace coaxd::snmp
