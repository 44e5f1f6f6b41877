// leasequery.cc: DHCPLEASEQUERY and what its drafts sent in its place (RFC 4388, dhcpd-compat §9.10). Statements of the configuration run for it only where
// `allow leasequery` depends on them, and then they do nothing else: dhcpd would log and execute with every packet that a CMTS does not know.
#include "server/engine/leasequery.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "leasequery/plain_setting.h"
#include "server/engine/addressing.h"
#include "server/engine/compose.h"
#include "server/engine/ending.h"
#include "server/engine/messages.h"
#include "server/engine/reply_scopes.h"

namespace coaxd::engine {
namespace {

using config::Parameter;
using leasequery::Refusal;
using wire::MessageType;

constexpr std::int64_t kNsPerSecond = 1'000'000'000, kBetweenSums = 60 * kNsPerSecond;

constexpr DropReason reason_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::no_key: return DropReason::leasequery_malformed;
    case Refusal::other_dialect: return DropReason::unhandled_type;
    case Refusal::other_server: return DropReason::other_server;
    case Refusal::too_many:
    case Refusal::busy: return DropReason::leasequery_limited;
    case Refusal::no_room: return DropReason::reply_too_small;
    default: return DropReason::leasequery_denied;
  }
}

void refuse(Exchange& exchange, Refusal refusal) noexcept {
  const bool is_leasequery = exchange.query->type() == MessageType::leasequery;
  // dhcpd has lines for these two; of message types that it does not know it says nothing.
  const LogSuffix suffix = refusal == Refusal::no_giaddr     ? LogSuffix::missing_giaddr
                           : refusal == Refusal::not_allowed ? LogSuffix::leasequery_not_allowed
                                                             : LogSuffix::none;
  if (is_leasequery && suffix != LogSuffix::none && exchange.server.leasequeries.may_log(exchange.now.mono_ns))
    note(exchange, LogKind::leasequery).address = exchange.query->ciaddr();
  const bool allowed_nothing = refusal == Refusal::not_allowed || refusal == Refusal::source_not_allowed || refusal == Refusal::no_giaddr;
  drop(exchange, !is_leasequery && allowed_nothing ? DropReason::unhandled_type : reason_of(refusal), suffix);
}

// "leasequery: 12345 more queries, without lines of their own; coaxd_leasequery_answers_total counts them all."
void tell_sum(Exchange& exchange, std::uint64_t queries) noexcept {
  constexpr std::string_view kBefore = "leasequery: ", kAfter = " more queries, without lines of their own; coaxd_leasequery_answers_total counts them all.";
  std::array<char, kBefore.size() + 20 + kAfter.size()> text;
  char* at = std::ranges::copy(kBefore, text.begin()).out;
  at = std::to_chars(at, text.end(), queries).ptr;
  at = std::ranges::copy(kAfter, at).out;
  LogEvent& event = note(exchange, LogKind::text);
  set_text(event, {text.data(), static_cast<std::size_t>(at - text.data())});
}

// By which key was asked, for the line in the log.
void describe(const leasequery::Query& query, LogEvent& event) noexcept {
  event.number_a = (static_cast<std::uint32_t>(query.key) + 1) | static_cast<std::uint32_t>(query.dialect) << 8;
  event.address = query.address;
  set_text(event, as_text(query.client_id));
}

}  // namespace

Leasequeries::Leasequeries(const lease::LeaseTable& leases, const Settings& settings)
    : own_(settings.requesters == nullptr ? std::make_unique<leasequery::Requesters>() : nullptr),
      requesters_(own_ ? *own_ : *settings.requesters),
      confined_(settings.confined == nullptr ? std::nullopt : std::optional<leasequery::ConfinedHolders>(std::in_place, *settings.confined)),
      responder_(leases, requesters_, confined_ ? &*confined_ : nullptr, settings.fixed_notes) {}

Leasequeries::Said Leasequeries::said_in(const config::Scope& scope) noexcept {
  const leasequery::Setting allowed = leasequery::plain_setting(scope, Parameter::leasequery);
  const leasequery::Setting server_id = leasequery::plain_setting(scope, wire::option::server_identifier);
  Said said;
  said.depends = allowed.depends || server_id.depends;
  said.place.allowed = allowed.value && allowed.value->size() == 1 && allowed.value->front() == static_cast<std::uint8_t>(OptionState::Tri::allow);
  said.place.server_id = {leasequery::plain_number(server_id).value_or(0)};
  return said;
}

void Leasequeries::use(std::shared_ptr<const config::Config> config) {
  global_ = said_in(config->global());
  subnets_.clear();
  for (const auto& subnet : config->subnets()) subnets_.push_back(said_in(*subnet->scope));
  const auto says = [](const config::Scope* scope) { return scope != nullptr && leasequery::mentions(scope->statements, Parameter::leasequery); };
  classes_say_ = std::ranges::any_of(config->classes(), [&](const auto& cls) {
    return says(cls->scope) || std::ranges::any_of(cls->subclasses, [&](const config::Subclass& subclass) { return says(subclass.scope); });
  });
  responder_.use(std::move(config));
}

Leasequeries::Place Leasequeries::place_of(Exchange& exchange) const noexcept {
  const config::Subnet* subnet = exchange.config().subnet_of(exchange.query->giaddr());
  const Said& said = subnet != nullptr ? subnets_[subnet->id] : global_;
  if (!said.depends && (!classes_say_ || requesters_.listed())) return said.place;
  Server& server = exchange.server;
  begin_context(server, exchange.query, exchange.now, nullptr, {});
  classify(server.context, exchange.classes);
  begin_context(server, exchange.query, exchange.now, nullptr, {});
  const config::Scope& scope = subnet != nullptr ? *subnet->scope : exchange.config().global();
  execute_scope(scope, nullptr, server.context);
  run_class_scopes(exchange, &scope);
  server.context.effect_count = 0;
  return {server.reply->flag(Parameter::leasequery, false), set_server_identifier(exchange)};
}

bool Leasequeries::may_log(std::int64_t mono_ns) noexcept {
  if (mono_ns / kNsPerSecond != second_) {
    second_ = mono_ns / kNsPerSecond;
    lines_ = 0;
  }
  if (lines_ == kLinesPerSecond) {
    if (untold_++ == 0) untold_since_ns_ = mono_ns;
    return false;
  }
  ++lines_;
  return true;
}

std::uint64_t Leasequeries::to_tell(std::int64_t mono_ns) noexcept {
  if (untold_ == 0 || mono_ns - untold_since_ns_ < kBetweenSums) return 0;
  return std::exchange(untold_, 0);
}

void leasequery(Exchange& exchange) noexcept {
  Leasequeries& desk = exchange.server.leasequeries;
  const wire::Message& query = *exchange.query;
  Leasequeries::Place place = desk.place_of(exchange);
  if (place.server_id.is_zero()) place.server_id = exchange.arrival.interface->address;

  const leasequery::Outcome outcome = desk.responder().answer({.message = query,
                                                               .source = exchange.arrival.source,
                                                               .destination = exchange.arrival.destination,
                                                               .server_id = place.server_id,
                                                               .allowed = place.allowed},
                                                              exchange.now, exchange.out);
  Actions& actions = exchange.actions;
  if (outcome.heard_first) {
    LogEvent& event = note(exchange, LogKind::leasequery_dialect);
    event.number_a = static_cast<std::uint32_t>(outcome.query.dialect);
    event.number_b = outcome.query.type;
  }
  if (outcome.refusal != Refusal::none) return refuse(exchange, outcome.refusal);
  actions.verdict = Actions::Verdict::reply;
  // A CMTS is told "active" by an ACK in draft0, which is no ACK of a lease: neither held back with them nor counted among them.
  actions.reply_type = static_cast<MessageType>(leasequery::answer_type(leasequery::Dialect::rfc4388, 0, outcome.standing));
  actions.reply_size = static_cast<std::uint16_t>(outcome.size);
  actions.departure = address_inform(exchange, {});  // to the relay
  if (const std::uint64_t untold = desk.to_tell(exchange.now.mono_ns); untold != 0) tell_sum(exchange, untold);
  if (!desk.may_log(exchange.now.mono_ns)) return;
  describe(outcome.query, note(exchange, LogKind::leasequery));
  actions.reply_log = actions.logs[actions.log_count - 1u];
  actions.reply_log.kind = LogKind::leasequery_reply;
  actions.reply_log.number_b = outcome.type;
  actions.reply_log.number_c = static_cast<std::uint32_t>(outcome.associated);
}

}  // namespace coaxd::engine
