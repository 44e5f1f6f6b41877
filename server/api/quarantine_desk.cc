#include "server/api/quarantine_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "server/api/asked.h"
#include "server/api/handlers.h"
#include "server/base/json.h"

namespace coaxd::api {
namespace {

using namespace quarantine;
using Refused = std::unexpected<Response>;

constexpr std::uint64_t kLongestTtl = std::uint64_t{10} * 366 * 86400;
constexpr std::uint64_t kMostCount = 1'000'000'000;
constexpr std::size_t kLongestText = 1024;
constexpr std::uint64_t kListed = 100, kMostListed = 1000;

constexpr Member kMembers[] = {
    {"ip", Member::Type::text, "whom: who had that address at `observed_at`"},
    {"mac", Member::Type::text, "or a machine"},
    {"modem", Member::Type::text, "or a modem, and what is behind it"},
    {"subscriber", Member::Type::text, "or the variable `subscriber` of a modem record"},
    {"scope", Member::Type::text, "how much: cpe (that machine, the default), subscriber, or modem"},
    {"reason", Member::Type::text, "why, in plain words: the user reads it"},
    {"source", Member::Type::text, "who saw it: suricata, postfix, desk; the token's name if it is missing"},
    {"signature", Member::Type::text, "the rule: alerts of one are counted together"},
    {"count", Member::Type::number, "so many events are in this one; 1"},
    {"ttl", Member::Type::number, "seconds; 0 or missing: as [quarantine] says"},
    {"observed_at", Member::Type::text, "when it was seen: 2026-11-23T14:05:00Z; now if it is missing"},
    {"event_id", Member::Type::text, "of the source: the same event twice is one"},
    {"evidence", Member::Type::object, "what was seen, kept as it is"},
    {"dry_run", Member::Type::boolean, "decide and record, and do nothing"},
};

unsigned status_of(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::bad_order: return 400;
    case Refusal::Kind::not_found: return 404;
    case Refusal::Kind::never:
    case Refusal::Kind::no_pool:
    case Refusal::Kind::too_many: return 409;
    case Refusal::Kind::not_allowed: return 403;
    case Refusal::Kind::too_fast: return 429;
    case Refusal::Kind::store_failed: return 503;
  }
  return 500;
}

Response response_of(const Refusal& refusal) {
  Response response = problem(status_of(refusal.kind), refusal.text);
  if (refusal.kind == Refusal::Kind::too_fast) response.headers.emplace_back("Retry-After", "60");
  return response;
}

Response response_of(const Result& result) {
  if (!result) return response_of(result.error());
  constexpr unsigned kStatus[] = {201, 200, 202};
  Response response{.status = kStatus[static_cast<std::size_t>(result->kind)], .body = case_json(result->what)};
  if (!result->text.empty()) {
    response.body.pop_back();
    response.body += fmt::format(",\"points\":{},\"text\":{}}}", result->points, json_octets(result->text));
  }
  response.body += '\n';
  return response;
}

Actor actor_of(const Caller& caller) { return {.name = caller.name, .from = caller.peer, .is_person = caller.role != Role::sensor}; }

Asked<Order> order_of(const Request& request) {
  const auto body = read_object(request.body, kMembers);
  if (!body) return Refused(body.error());
  Order order{.by = actor_of(request.caller)};
  for (const char* name : {"reason", "source", "signature", "event_id", "subscriber"})
    if (text_of(*body, name).size() > kLongestText)
      return Refused(problem(400, fmt::format("The member '{}' is longer than {} octets: what is long belongs into evidence.", name, kLongestText), {{"member", "\"" + std::string(name) + "\""}}));
  int named = 0;
  if (const std::string text = text_of(*body, "ip"); !text.empty()) {
    const auto address = address_of(text, "ip");
    if (!address) return Refused(address.error());
    order.subject.ip = *address;
    ++named;
  }
  if (const std::string text = text_of(*body, "mac"); !text.empty()) {
    const auto mac = mac_of(text, "mac");
    if (!mac) return Refused(mac.error());
    order.subject.mac = *mac;
    ++named;
  }
  if (const std::string text = text_of(*body, "modem"); !text.empty()) {
    const auto mac = mac_of(text, "modem");
    if (!mac) return Refused(mac.error());
    order.subject.modem = *mac;
    ++named;
  }
  order.subject.subscriber = text_of(*body, "subscriber");
  if (!order.subject.subscriber.empty()) ++named;
  if (named != 1) return Refused(problem(400, "Say who is meant by one of ip, mac, modem and subscriber, such as {\"ip\": \"203.0.113.9\", \"reason\": \"port scan\"}."));
  if (const std::string word = text_of(*body, "scope"); !word.empty()) {
    const auto scope = parse_scope(word);
    if (!scope) return Refused(problem(400, fmt::format("scope: '{}' is not cpe, subscriber or modem.", word), {{"member", "\"scope\""}}));
    order.scope = *scope;
  } else if (order.subject.modem || !order.subject.subscriber.empty()) {
    order.scope = Scope::subscriber;
  }
  order.reason = text_of(*body, "reason");
  order.source = text_of(*body, "source");
  if (order.source.empty()) order.source = request.caller.name;
  const auto& allowed = request.caller.sources;
  if (!allowed.empty() && std::ranges::find(allowed, order.source) == allowed.end())
    return Refused(problem(403, fmt::format("The token of {} may not speak for '{}', only for {}: its line of [api] tokens says so.", request.caller.name, order.source, fmt::join(allowed, ", "))));
  order.signature = text_of(*body, "signature");
  order.event_id = text_of(*body, "event_id");
  const std::uint64_t count = number_of(*body, "count", 1), ttl = number_of(*body, "ttl");
  if (count == 0 || count > kMostCount) return Refused(problem(400, fmt::format("count: a whole number from 1 to {}.", kMostCount), {{"member", "\"count\""}}));
  if (ttl > kLongestTtl) return Refused(problem(400, fmt::format("ttl: seconds, at most {} (ten years).", kLongestTtl), {{"member", "\"ttl\""}}));
  order.count = static_cast<std::uint32_t>(count);
  order.ttl_s = static_cast<std::int64_t>(ttl);
  if (const std::string text = text_of(*body, "observed_at"); !text.empty()) {
    const auto at = parse_rfc3339(text);
    if (!at) return Refused(problem(400, fmt::format("observed_at: '{}' is no time such as 2026-11-23T14:05:00Z.", text), {{"member", "\"observed_at\""}}));
    order.observed_at = std::max<WallMillis>(*at, 1);  // 0 means now, and a sensor without a clock says 1970
  }
  if (const auto* evidence = body->if_contains("evidence"); evidence != nullptr && evidence->is_object()) order.evidence = boost::json::serialize(*evidence);
  order.dry_run = flag_of(*body, "dry_run");
  return order;
}

Response is_off() { return problem(503, "The quarantine is off: set [quarantine] enabled = true in coaxd.toml."); }

Asked<CaseId> id_of(const Request& request) {
  if (const auto id = parse_id(request.captured[0])) return *id;
  return Refused(problem(400, fmt::format("'{}' is no quarantine's id such as q-17.", request.captured[0])));
}

Response no_such(CaseId id) { return problem(404, fmt::format("There is no quarantine {}.", id_text(id))); }

// The case with that number, ended long ago or not.
Asked<Case> case_of(QuarantineDesk& desk, CaseId id) {
  if (const Case* found = desk.quarantines().find(id)) return *found;
  const auto listed = desk.cases().list(id + 1, 1, false);
  if (!listed) return Refused(problem(503, listed.error()));
  if (listed->empty() || listed->front().id != id) return Refused(no_such(id));
  return listed->front();
}

// A body is, or it is no JSON; a URL may have any octets.
bool is_utf8(std::string_view octets) {
  boost::system::error_code error;
  boost::json::parse(json_text(octets), error);
  return !error;
}

std::string or_null(const std::string& text) { return text.empty() ? "null" : json_octets(text); }

}  // namespace

std::span<const Member> quarantine_members() noexcept { return kMembers; }

void QuarantineDesk::take(Order order, Answer answer) {
  orders_.push_back(std::move(order));
  answers_.push_back(std::move(answer));
  if (orders_.size() == 1) later_([this] { flush(); });
}

void QuarantineDesk::flush() {
  const std::vector<Order> orders = std::exchange(orders_, {});
  const std::vector<Answer> answers = std::exchange(answers_, {});
  const std::vector<Result> results = quarantines_.order(orders, now_());
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i](response_of(results[i]));
}

void add_quarantine(Site& site, const Request& request, const Answer& answer) {
  if (site.quarantine == nullptr) return answer(is_off());
  auto order = order_of(request);
  if (!order) return answer(std::move(order.error()));
  site.quarantine->take(std::move(*order), answer);
}

void list_quarantines(Site& site, const Request& request, const Answer& answer) {
  if (site.quarantine == nullptr) return answer(is_off());
  CaseId before = 0;
  if (const std::string* cursor = request.parameter("cursor")) {
    const auto id = parse_id(*cursor);
    if (!id) return answer(problem(400, fmt::format("cursor: '{}' is not the `next` of a list, such as q-17.", *cursor)));
    before = *id;
  }
  const auto limit = parameter<std::uint64_t>(request, "limit", [](std::string_view text, std::string_view name) { return number_of(text, name, 1, kMostListed); });
  if (!limit) return answer(limit.error());
  const std::string* active = request.parameter("active");
  if (active != nullptr && *active != "0" && *active != "1" && *active != "true" && *active != "false") return answer(problem(400, fmt::format("active: '{}' is not 1 or 0.", *active)));
  const bool active_only = active != nullptr && (*active == "1" || *active == "true");
  const std::size_t most = static_cast<std::size_t>(limit->value_or(kListed));
  const auto cases = site.quarantine->cases().list(before, most + 1, active_only);
  if (!cases) return answer(problem(503, cases.error()));
  std::string out = "{\"quarantines\": [";
  for (std::size_t i = 0; i < std::min(most, cases->size()); ++i) {
    const Case* const now = site.quarantine->quarantines().find((*cases)[i].id);
    out += (i == 0 ? "\n" : ",\n") + case_json(now != nullptr ? *now : (*cases)[i]);
  }
  out += "\n], \"next\": " + (cases->size() > most ? "\"" + id_text((*cases)[most - 1].id) + "\"" : std::string{"null"}) + "}\n";
  answer({.body = std::move(out)});
}

void show_quarantine(Site& site, const Request& request, const Answer& answer) {
  if (site.quarantine == nullptr) return answer(is_off());
  const auto id = id_of(request);
  if (!id) return answer(id.error());
  const auto found = case_of(*site.quarantine, *id);
  if (!found) return answer(found.error());
  answer({.body = case_json(*found) + "\n"});
}

void show_steps(Site& site, const Request& request, const Answer& answer) {
  if (site.quarantine == nullptr) return answer(is_off());
  const auto id = id_of(request);
  if (!id) return answer(id.error());
  const auto steps = site.quarantine->cases().steps(*id);
  if (!steps) return answer(problem(503, steps.error()));
  if (steps->empty()) return answer(no_such(*id));
  std::string out = "{\"steps\": [";
  for (const Step& step : *steps)
    out += fmt::format("{}{{\"sequence\": {}, \"at\": \"{}\", \"kind\": {}, \"actor\": {}, \"from\": {}, \"text\": {}}}", &step == &steps->front() ? "\n" : ",\n", step.sequence, rfc3339(step.at),
                       json_octets(step.kind), or_null(step.actor), or_null(step.from), json_text(step.text));
  answer({.body = out + "\n]}\n"});
}

void release_quarantine(Site& site, const Request& request, const Answer& answer) {
  if (site.quarantine == nullptr) return answer(is_off());
  const auto id = id_of(request);
  if (!id) return answer(id.error());
  const std::string* why = request.parameter("reason");
  if (why != nullptr && (why->size() > kLongestText || !is_utf8(*why)))
    return answer(problem(400, fmt::format("reason: a text in UTF-8 of at most {} octets.", kLongestText), {{"member", "\"reason\""}}));
  const auto released = site.quarantine->quarantines().release(*id, actor_of(request.caller), why == nullptr ? std::string_view{} : *why, site.quarantine->now());
  if (!released) return answer(response_of(released.error()));
  answer({.body = case_json(*released) + "\n"});
}

}  // namespace coaxd::api
