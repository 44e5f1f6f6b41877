#include "server/quarantine/switch.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "server/quarantine/guard.h"

namespace coaxd::quarantine {
namespace {

constexpr WallMillis kSecond = 1000;
constexpr WallMillis kClockSlack = 60 * kSecond;  // between a sensor's clock and ours
constexpr std::size_t kLongestText = 1000, kMostEventIds = 16, kMostAddresses = 256, kMostEventsKnown = 65'536;
// New machines behind a modem are confined at once, by its remote-id; for the list of addresses, and for the CMTS, they are looked for so often.
constexpr WallMillis kLookAgain = 30 * kSecond;
constexpr int kCasesAtOnce = 16;  // whose addresses are looked at in one tick

std::unexpected<Refusal> refuse(Refusal::Kind kind, std::string text) { return std::unexpected(Refusal{kind, std::move(text)}); }

// Of one machine, or of all behind one modem: what a case is about, whatever it was asked by.
std::string key_of(const Found& found, Scope scope) { return scope == Scope::cpe ? "c" + found.hardware : "m" + found.remote_id; }

std::size_t subjects(const Subject& subject) {
  return static_cast<std::size_t>(subject.ip.has_value()) + subject.mac.has_value() + subject.modem.has_value() + !subject.subscriber.empty();
}

// Of a record that is logged and read line by line, by people and by programs, whatever a sensor's or a CMTS's words are.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string event_key(const Order& order) { return order.source + '\n' + order.event_id; }

void keep_event(Case& what, const std::string& event_id) {
  if (event_id.empty()) return;
  what.event_ids.push_back(event_id);
  if (what.event_ids.size() > kMostEventIds) what.event_ids.erase(what.event_ids.begin());
}

}  // namespace

struct Switch::Impl {
  Impl(Policy policy, Plant& plant_in, Cases& cases_in, Effects& effects_in)
      : guard(std::move(policy)), plant(plant_in), store(cases_in), effects(effects_in) {}

  Guard guard;
  Plant& plant;
  Cases& store;
  Effects& effects;

  std::map<CaseId, Case> cases;  // active ones, and those that ended within the memory of the policy
  std::unordered_map<std::string, std::vector<CaseId>> by_key;
  std::unordered_map<std::string, CaseId> events;  // 0: noted, of no case
  std::deque<std::string> events_order;
  CaseId next_case = 1;
  std::uint64_t next_step = 1;
  std::shared_ptr<const subscriber::Confined> confined = std::make_shared<subscriber::Confined>();
  std::unordered_set<CaseId> dirty;  // effects that are not stored yet
  std::vector<Step> dirty_steps;
  std::uint64_t place = 0;
  bool looking = false;
  WallMillis look_at = 0;
  CaseId looked_at = 0;  // the case whose addresses were looked at last
  Tally tally;

  // --- what one commit takes with it ---
  struct Turn {
    std::map<CaseId, std::optional<Case>> before;  // as they were: nothing if they were not
    std::vector<Step> steps;
    std::vector<std::string> new_events;
    CaseId next_case = 0;
    std::uint64_t next_step = 0;
    bool republish = false;
    std::vector<CaseId> begun, ended, alerted;
  };

  Turn begin() const { return {.before = {}, .steps = {}, .new_events = {}, .next_case = next_case, .next_step = next_step, .republish = false, .begun = {}, .ended = {}, .alerted = {}}; }

  Case& touch(Turn& turn, CaseId id) {
    const auto found = cases.find(id);
    turn.before.try_emplace(id, found == cases.end() ? std::nullopt : std::optional(found->second));
    return cases[id];
  }

  void index(CaseId id) { by_key[key_of(cases.at(id).found, cases.at(id).scope)].push_back(id); }
  void unindex(CaseId id, const Case& what) {
    const auto found = by_key.find(key_of(what.found, what.scope));
    if (found == by_key.end()) return;
    std::erase(found->second, id);
    if (found->second.empty()) by_key.erase(found);
  }

  void note(Turn& turn, CaseId id, WallMillis at, std::string kind, const Actor& by, std::string text) {
    turn.steps.push_back({.sequence = next_step++, .id = id, .at = at, .kind = std::move(kind), .actor = by.name, .from = by.from, .text = one_line(std::move(text))});
  }

  void remember_event(Turn& turn, const Order& order, CaseId id) {
    if (order.event_id.empty()) return;
    const std::string key = event_key(order);
    if (events.try_emplace(key, id).second) {
      events_order.push_back(key);
      turn.new_events.push_back(key);
    }
    for (; events.size() > kMostEventsKnown; events_order.pop_front()) events.erase(events_order.front());
  }

  std::expected<void, std::string> commit(Turn& turn) {
    if (turn.before.empty() && turn.steps.empty()) return {};
    std::vector<Case> rows;
    for (const auto& [id, _] : turn.before) rows.push_back(cases.at(id));
    auto written = store.write(rows, turn.steps);
    if (written) {
      for (const auto& [id, _] : turn.before) dirty.erase(id);
      return {};
    }
    for (auto& [id, before] : turn.before) {
      unindex(id, cases.at(id));
      if (before) cases[id] = std::move(*before);
      else cases.erase(id);
      if (cases.contains(id)) index(id);
    }
    for (const std::string& key : turn.new_events) events.erase(key);
    std::erase_if(events_order, [&](const std::string& key) { return !events.contains(key); });
    next_case = turn.next_case;
    next_step = turn.next_step;
    return written;
  }

  // What follows from a commit: the packets first, then the world.
  void follow(const Turn& turn) {
    count_active();
    if (turn.republish) {
      const WallMillis at = publish();
      for (const CaseId id : turn.begun) {
        Case& what = cases.at(id);
        what.effects[static_cast<std::size_t>(Effect::in_memory)] = at;
        dirty.insert(id);
      }
    }
    for (const Step& step : turn.steps) effects.tell(step.kind, step.id == 0 ? Case{} : cases.at(step.id), step);
    for (const CaseId id : turn.begun) act(cases.at(id));
    for (const CaseId id : turn.ended) {
      const Case& what = cases.at(id);
      effects.changed(what.addresses);
      if (what.scope == Scope::modem && what.found.modem) effects.bounce_modem(id, *what.found.modem, what.found.address);
    }
  }

  void act(const Case& what) {
    effects.changed(what.addresses);
    if (what.found.address && !what.found.hardware.empty()) effects.reset_machine(what.id, what.found.hardware, *what.found.address);
    if (what.scope == Scope::modem && what.found.modem) effects.bounce_modem(what.id, *what.found.modem, what.found.address);
    if (what.scope != Scope::cpe) looking = true, place = 0;
  }

  WallMillis publish() {
    std::vector<subscriber::Confined::Ward> wards;
    for (const auto& [id, what] : cases) {
      if (what.state == State::active) wards.push_back({.hardware = what.found.hardware, .remote_id = what.found.remote_id, .scope = what.scope, .id = id});
    }
    // Whoever is never to be touched is not touched by another's doing either.
    std::vector<std::string> spared;
    for (const subscriber::Mac mac : guard.policy().never_macs) spared.emplace_back(as_text(mac.octets()));
    confined = std::make_shared<const subscriber::Confined>(wards, spared);
    return effects.publish(confined);
  }

  void count_active() {
    tally.active = static_cast<std::uint64_t>(std::ranges::count_if(cases, [](const auto& one) { return one.second.state == State::active; }));
    tally.share_used_up = tally.share_used_up && tally.active >= guard.most(plant.subscribers());
  }

  // The active case that does what this one would: of the machine, or of all behind its modem.
  Case* covering(const Found& found, Scope scope) {
    for (const Scope wide : {Scope::cpe, Scope::subscriber}) {  // "m" stands for both scopes of a modem
      if (wide < scope && wide == Scope::cpe) continue;
      const auto ids = by_key.find(key_of(found, wide));
      if (ids == by_key.end() || key_of(found, wide).size() == 1) continue;
      for (const CaseId id : ids->second) {
        Case& what = cases.at(id);
        if (what.state == State::active && what.scope >= scope) return &what;
      }
    }
    return nullptr;
  }

  // When his last quarantine ended; 0: he had none.
  WallMillis last_end(const std::string& key) const {
    WallMillis last = 0;
    if (const auto ids = by_key.find(key); ids != by_key.end()) {
      for (const CaseId id : ids->second) last = std::max(last, cases.at(id).ended);
    }
    return last;
  }

  std::expected<void, Refusal> check(const Order& order, WallMillis now) const {
    using enum Refusal::Kind;
    if (subjects(order.subject) != 1) return refuse(bad_order, "say who is meant by exactly one of ip, mac, modem and subscriber");
    if (order.reason.empty()) return refuse(bad_order, "reason is missing: a sentence in plain words, which the user will read");
    for (const std::string* text : {&order.reason, &order.source, &order.signature, &order.event_id}) {
      if (text->size() > kLongestText) return refuse(bad_order, fmt::format("reason, source, signature and event_id have at most {} octets each", kLongestText));
    }
    if (order.ttl_s < 0) return refuse(bad_order, "ttl is the number of seconds until the release, or 0 for as long as the policy says");
    if (!order.by.is_person && order.source.empty()) return refuse(bad_order, "source is missing: which sensor says so");
    if (!order.by.is_person && (order.signature.empty() || order.evidence.empty()))
      return refuse(bad_order, "signature and evidence are missing: a sensor says by which rule, and what it saw; only a person's word goes without");
    if (order.count == 0) return refuse(bad_order, "count is the number of events that this order stands for, at least 1");
    if (order.observed_at > now + kClockSlack)
      return refuse(bad_order, fmt::format("observed_at {} is in the future: it is {} here", rfc3339(order.observed_at), rfc3339(now)));
    return {};
  }

  Result noted(Turn& turn, const Order& order, const Found& found, std::uint64_t points, std::string why, WallMillis now) {
    ++tally.noted;
    note(turn, 0, now, "noted", order.by, fmt::format("{}: {} ({})", order.subject.text(), why, order.signature.empty() ? order.reason : order.signature));
    remember_event(turn, order, 0);
    Case what = describe(order, found, now);
    return Outcome{.kind = Outcome::Kind::noted, .points = points, .text = std::move(why), .what = std::move(what)};
  }

  Case describe(const Order& order, const Found& found, WallMillis now) const {
    Case what;
    what.subject = order.subject;
    what.found = found;
    what.scope = order.scope;
    what.reason = order.reason;
    what.source = order.source.empty() ? order.by.name : order.source;
    what.signature = order.signature;
    what.evidence = order.evidence;
    what.observed_at = order.observed_at == 0 ? now : order.observed_at;
    what.since = now;
    what.until = end_of(order, now);
    what.ordered_by = order.by.name;
    what.alerts = order.count;
    if (found.address) what.addresses = {*found.address};
    keep_event(what, order.event_id);
    return what;
  }

  WallMillis end_of(const Order& order, WallMillis now) const {
    const Source& source = guard.source(order.source);
    std::int64_t ttl = order.ttl_s != 0 ? order.ttl_s : guard.policy().default_ttl_s;
    if (source.longest_s != 0 && !order.by.is_person) ttl = ttl == 0 ? source.longest_s : std::min(ttl, source.longest_s);
    return ttl == 0 ? 0 : now + std::min<std::int64_t>(ttl, 100LL * 365 * 86400) * kSecond;
  }

  Result decide(Turn& turn, const Order& order, WallMillis now) {
    using enum Refusal::Kind;
    const Policy& policy = guard.policy();
    if (const auto good = check(order, now); !good) return std::unexpected(good.error());
    if (const auto known = events.find(event_key(order)); !order.event_id.empty() && known != events.end()) {
      ++tally.known;
      const auto found = cases.find(known->second);
      return Outcome{.kind = Outcome::Kind::known, .points = 0, .text = "this event was taken in before", .what = found == cases.end() ? Case{} : found->second};
    }
    const std::string source = order.source.empty() ? order.by.name : order.source;
    if (!order.by.is_person && guard.too_fast(source, now)) return refuse(too_fast, fmt::format("{} has given more orders than it may in a minute ([[quarantine.sources]] per_minute)", source));

    auto sought = plant.find(order.subject, order.observed_at);
    if (!sought) return refuse(not_found, std::move(sought.error()));
    const Found& found = *sought;
    if (std::string rule = guard.never(order.subject, found); !rule.empty()) return refuse(never, std::move(rule));
    if (std::string cls = plant.in_class(found, policy.never_classes); !cls.empty())
      return refuse(never, fmt::format("{} is in class \"{}\", which [quarantine] never lists", order.subject.text(), cls));
    if (order.scope == Scope::cpe && found.hardware.empty())
      return refuse(bad_order, fmt::format("{} names no single machine: ask for scope subscriber, or name the machine by mac or ip", order.subject.text()));
    if (order.scope != Scope::cpe && found.remote_id.empty())
      return refuse(bad_order, fmt::format("{} came through no modem that is known (option 82 remote-id): scope cpe is what there is", order.subject.text()));
    if (order.scope == Scope::modem && !found.modem)
      return refuse(bad_order, fmt::format("the remote-id of {} is no modem's address: scope subscriber is what there is", order.subject.text()));

    if (Case* const same = covering(found, order.scope)) {
      ++tally.known;
      Case& what = touch(turn, same->id);
      what.alerts += order.count;
      keep_event(what, order.event_id);
      if (what.until != 0) what.until = order.ttl_s == 0 && policy.default_ttl_s == 0 ? what.until : std::max(what.until, end_of(order, now));
      note(turn, what.id, now, "alert", order.by, fmt::format("{}: {}", source, order.signature.empty() ? order.reason : order.signature));
      remember_event(turn, order, what.id);
      turn.alerted.push_back(what.id);
      return Outcome{.kind = Outcome::Kind::known, .points = 0, .text = "he is in quarantine already", .what = what};
    }
    if (order.observed_at != 0 && order.observed_at < now - policy.oldest_s * kSecond && !order.by.is_person)
      return noted(turn, order, found, 0, fmt::format("observed {} s ago, and only the last {} count", (now - order.observed_at) / kSecond, policy.oldest_s), now);
    if (!plant.has_garden(found.address ? found.address : order.subject.ip))
      return refuse(no_pool, fmt::format("the network of {} has no pool that dhcpd.conf allows members of \"quarantine\" in: declare class \"quarantine\" {{ }} and such a pool there", order.subject.text()));

    const std::string key = key_of(found, order.scope);
    std::uint64_t points = 0;
    if (!order.by.is_person) {
      if (const WallMillis ended = last_end(key); ended != 0 && now - ended < policy.grace_s * kSecond)
        return noted(turn, order, found, 0, fmt::format("released {} s ago, and alerts do nothing for {} s", (now - ended) / kSecond, policy.grace_s), now);
      points = guard.add(key, order.signature, guard.source(order.source), order.count, now);
      if (points < policy.threshold) return noted(turn, order, found, points, fmt::format("{} of {} points", points, policy.threshold), now);
    }
    if (tally.active >= guard.most(plant.subscribers())) {
      tally.share_used_up = true;
      return refuse(too_many, fmt::format("{} are in quarantine, and more than {:g} % of the subscribers may not be ([quarantine] most_percent): look what your sensors say before you raise it",
                                          tally.active, policy.most_share * 100));
    }
    if (policy.dry_run || order.dry_run) return noted(turn, order, found, points, "a dry run: this would have been a quarantine", now);

    const CaseId id = next_case++;
    Case& what = touch(turn, id);
    what = describe(order, found, now);
    what.id = id;
    index(id);
    ++tally.confined;
    ++tally.active;
    guard.forget(key);
    remember_event(turn, order, id);
    note(turn, id, now, "quarantine", order.by, fmt::format("{}, scope {}: {}", order.subject.text(), scope_word(order.scope), order.reason));
    turn.begun.push_back(id);
    turn.republish = true;
    return Outcome{.kind = Outcome::Kind::confined, .points = points, .text = {}, .what = what};
  }

  std::expected<void, Refusal> end(Turn& turn, CaseId id, State state, const Actor& by, std::string_view kind, std::string_view why, WallMillis now) {
    const auto found = cases.find(id);
    if (found == cases.end()) return refuse(Refusal::Kind::not_found, fmt::format("there is no quarantine {}", id_text(id)));
    if (found->second.state != State::active) return {};
    Case& what = touch(turn, id);
    what.state = state;
    what.ended = now;
    what.ended_by = by.name;
    note(turn, id, now, std::string(kind), by, std::string(why));
    turn.ended.push_back(id);
    turn.republish = true;
    return {};
  }

  // An address may have come to somebody else meanwhile: a packet filter that holds the addresses of a case must not hold him. Some cases a call, in turn.
  void let_go(WallMillis now) {
    auto at = cases.upper_bound(looked_at);
    for (int looked = 0; looked < kCasesAtOnce && at != cases.end(); ++at) {
      Case& what = at->second;
      if (what.state != State::active) continue;
      ++looked;
      std::vector<Ipv4> gone;
      for (const Ipv4 address : what.addresses) {
        Subject subject;
        subject.ip = address;
        const auto holder = plant.find(subject, 0);
        if (holder && holder->hardware != what.found.hardware && hold_of(*holder) == nullptr) gone.push_back(address);
      }
      std::erase_if(what.addresses, [&](Ipv4 address) { return std::ranges::find(gone, address) != gone.end(); });
      for (const Ipv4 address : gone) is_seen(what, "effect", fmt::format("{} is somebody else's now", to_string(address)), now);
    }
    looked_at = at == cases.end() ? 0 : std::prev(at)->first;
  }

  const subscriber::Confined::Hold* hold_of(const Found& found) const { return confined->find({.hardware = as_bytes(found.hardware), .remote_id = as_bytes(found.remote_id), .vendor_class = {}}); }

  // Told now, and stored with the next tick.
  void is_seen(const Case& what, std::string_view kind, std::string text, WallMillis at) {
    Step step{.sequence = next_step++, .id = what.id, .at = at, .kind = std::string(kind), .actor = "coaxd", .from = {}, .text = one_line(std::move(text))};
    effects.tell(kind, what, step);
    dirty.insert(what.id);
    dirty_steps.push_back(std::move(step));
  }

  // Ended ones that nothing is asked of any more.
  void forget_old(WallMillis now) {
    const Policy& policy = guard.policy();
    const WallMillis keep = std::max({policy.self_period_s, policy.grace_s, policy.window_s}) * kSecond;
    std::erase_if(cases, [&](const auto& one) {
      const bool old = one.second.state != State::active && one.second.ended < now - keep;
      if (old) unindex(one.first, one.second);
      return old;
    });
  }
};

Switch::Switch(Policy policy, Plant& plant, Cases& cases, Effects& effects) : impl_(std::make_unique<Impl>(std::move(policy), plant, cases, effects)) {}
Switch::~Switch() = default;

void Switch::use(Policy policy) { impl_->guard.use(std::move(policy)); }

std::expected<void, std::string> Switch::load(WallMillis now) {
  Impl& my = *impl_;
  const Policy& policy = my.guard.policy();
  auto loaded = my.store.load(now - std::max({policy.self_period_s, policy.grace_s, policy.window_s}) * kSecond);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  my.next_case = loaded->next_case;
  my.next_step = loaded->next_step;
  for (Case& one : loaded->cases) {
    const CaseId id = one.id;
    for (const std::string& event : one.event_ids) {
      const std::string key = one.source + '\n' + event;
      if (my.events.try_emplace(key, id).second) my.events_order.push_back(key);
    }
    my.cases.emplace(id, std::move(one));
    my.index(id);
  }
  my.count_active();
  my.publish();
  my.looking = my.tally.active > 0;
  // Actions that were under way when the server went: they are harmless twice.
  for (auto& [id, what] : my.cases) {
    if (what.reset != "pending") continue;
    if (what.state == State::active) my.act(what);
    else if (what.scope == Scope::modem && what.found.modem) my.effects.bounce_modem(id, *what.found.modem, what.found.address);  // it has the quarantine's file still
  }
  return {};
}

std::vector<Result> Switch::order(std::span<const Order> orders, WallMillis now) {
  Impl& my = *impl_;
  Impl::Turn turn = my.begin();
  const Tally before = my.tally;
  std::vector<Result> results;
  results.reserve(orders.size());
  for (const Order& order : orders) {
    ++my.tally.orders;
    Result result = my.decide(turn, order, now);
    if (!result) {
      ++my.tally.refused;
      if (result.error().kind != Refusal::Kind::too_fast)
        my.note(turn, 0, now, result.error().kind == Refusal::Kind::too_many ? "too-many" : "refused", order.by, fmt::format("{}: {}", order.subject.text(), result.error().text));
    }
    results.push_back(std::move(result));
  }
  if (auto written = my.commit(turn); !written) {
    my.tally = before;
    for (Result& result : results) result = refuse(Refusal::Kind::store_failed, fmt::format("nothing was done, for it could not be written down: {}", written.error()));
    return results;
  }
  my.follow(turn);
  for (Result& result : results) {
    if (result && result->what.id != 0) result->what = my.cases.at(result->what.id);
  }
  return results;
}

std::expected<Case, Refusal> Switch::release(CaseId id, const Actor& by, std::string_view why, WallMillis now) {
  Impl& my = *impl_;
  Impl::Turn turn = my.begin();
  if (auto ended = my.end(turn, id, State::released, by, "release", why, now); !ended) return std::unexpected(std::move(ended.error()));
  if (auto written = my.commit(turn); !written) return refuse(Refusal::Kind::store_failed, fmt::format("he is still in quarantine, for it could not be written down: {}", written.error()));
  if (!turn.ended.empty()) ++my.tally.released;
  my.follow(turn);
  return my.cases.at(id);
}

std::expected<Case, Refusal> Switch::release_himself(Ipv4 address, WallMillis now) {
  const Case* const what = of_address(address, now);
  if (what == nullptr) return refuse(Refusal::Kind::not_found, fmt::format("{} is in no quarantine", to_string(address)));
  const SelfRelease may = self_release(*what, now);
  if (may.left == 0) return refuse(Refusal::Kind::not_allowed, "he has released himself as often as he may: the helpdesk can");
  if (now < may.from) return refuse(Refusal::Kind::not_allowed, fmt::format("not before {}", rfc3339(may.from)));
  auto released = release(what->id, {.name = "portal", .from = to_string(address), .is_person = true}, "the user says that his computer is clean", now);
  if (released) ++impl_->tally.self_released;
  return released;
}

const Case* Switch::find(CaseId id) const {
  const auto found = impl_->cases.find(id);
  return found == impl_->cases.end() ? nullptr : &found->second;
}

const Case* Switch::of_address(Ipv4 address, WallMillis) {
  Impl& my = *impl_;
  if (my.confined->empty()) return nullptr;
  Subject subject;
  subject.ip = address;
  const auto found = my.plant.find(subject, 0);
  if (!found) return nullptr;
  const auto* hold = my.hold_of(*found);
  return hold == nullptr ? nullptr : find(hold->id);
}

std::vector<const Case*> Switch::active() const {
  std::vector<const Case*> list;
  for (const auto& [id, what] : impl_->cases) {
    if (what.state == State::active) list.push_back(&what);
  }
  return list;
}

std::vector<const Case*> Switch::not_back_since(WallMillis then) const {
  std::vector<const Case*> list;
  for (const auto& [id, what] : impl_->cases) {
    const bool waits = what.state != State::active && what.ended > then && !what.found.hardware.empty() && what.effects[static_cast<std::size_t>(Effect::released_ack)] == 0;
    if (waits) list.push_back(&what);
  }
  return list;
}

Switch::SelfRelease Switch::self_release(const Case& what, WallMillis now) const {
  const Impl& my = *impl_;
  const Policy& policy = my.guard.policy();
  std::uint32_t used = 0;
  if (const auto ids = my.by_key.find(key_of(what.found, what.scope)); ids != my.by_key.end()) {
    for (const CaseId id : ids->second) {
      const Case& other = my.cases.at(id);
      used += other.ended_by == "portal" && other.ended > now - policy.self_period_s * kSecond;
    }
  }
  return {policy.self_releases - std::min(used, policy.self_releases), what.since + policy.wait_s * kSecond};
}

void Switch::tick(WallMillis now) {
  Impl& my = *impl_;
  Impl::Turn turn = my.begin();
  for (const auto& [id, what] : my.cases) {
    if (what.state == State::active && what.until != 0 && what.until <= now) turn.ended.push_back(id);
  }
  for (const CaseId id : std::exchange(turn.ended, {})) (void)my.end(turn, id, State::expired, {.name = "timer"}, "expire", "its time is over", now);
  const std::size_t expired = turn.ended.size();
  for (const CaseId id : my.dirty) {
    if (my.cases.contains(id)) my.touch(turn, id);
  }
  turn.steps.insert(turn.steps.begin(), my.dirty_steps.begin(), my.dirty_steps.end());
  const std::size_t told = my.dirty_steps.size();
  if (my.commit(turn)) {
    my.tally.expired += expired;
    my.dirty_steps.clear();
    turn.steps.erase(turn.steps.begin(), turn.steps.begin() + static_cast<std::ptrdiff_t>(told));  // they were told when they were seen
    my.follow(turn);
  }
  my.forget_old(now);
  my.let_go(now);

  const auto is_wide = [](const auto& one) { return one.second.state == State::active && one.second.scope != Scope::cpe; };
  if (!my.looking && now >= my.look_at && std::ranges::any_of(my.cases, is_wide)) my.looking = true, my.place = 0;
  if (!my.looking) return;
  my.looking = !my.plant.look_for_addresses(*my.confined, my.place, [&](CaseId id, Ipv4 address, std::string_view hardware) {
    const auto found = my.cases.find(id);
    if (found == my.cases.end() || found->second.state != State::active) return;
    Case& what = found->second;
    if (what.addresses.size() >= kMostAddresses || std::ranges::find(what.addresses, address) != what.addresses.end()) return;
    what.addresses.push_back(address);
    my.dirty.insert(id);
    my.effects.changed({&address, 1});
    my.effects.reset_machine(id, hardware, address);
  });
  if (!my.looking) my.look_at = now + kLookAgain;
}

void Switch::saw(CaseId id, Effect effect, WallMillis at, const std::optional<Ipv4>& address) {
  Impl& my = *impl_;
  const auto found = my.cases.find(id);
  if (found == my.cases.end()) return;
  WallMillis& when = found->second.effects[static_cast<std::size_t>(effect)];
  if (when != 0) return;
  when = at;
  my.is_seen(found->second, "effect", fmt::format("{}{}", effect_word(effect), address ? " " + to_string(*address) : ""), at);
}

void Switch::reset_is(CaseId id, std::string_view state, std::string_view text, WallMillis at) {
  Impl& my = *impl_;
  const auto found = my.cases.find(id);
  if (found == my.cases.end()) return;
  found->second.reset = state;
  found->second.reset_text = text;
  if (state == "done" && found->second.effects[static_cast<std::size_t>(Effect::cmts_reset)] == 0) found->second.effects[static_cast<std::size_t>(Effect::cmts_reset)] = at;
  my.is_seen(found->second, "reset", fmt::format("{}: {}", state, text), at);
}

const Switch::Tally& Switch::tally() const { return impl_->tally; }

}  // namespace coaxd::quarantine
