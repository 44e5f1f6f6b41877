#include "leasequery/responder.h"

namespace coaxd::leasequery {
namespace {

constexpr Result result_of(Standing standing) noexcept {
  return standing == Standing::active ? Result::active : standing == Standing::unknown ? Result::unknown : Result::unassigned;
}

}  // namespace

Responder::Responder(const lease::LeaseTable& leases, Requesters& requesters, const Revocations* revocations, const FixedNotes* notes)
    : view_(leases, revocations, notes), requesters_(requesters), tally_(requesters.count()) {}

Outcome Responder::answer(const Asked& asked, Instant now, MutableBytes out) noexcept {
  Outcome outcome;
  std::size_t place = Requesters::kNobody;
  outcome.refusal = decide(asked, now, out, place, outcome);
  if (outcome.refusal == Refusal::none) {
    tally_.answered(place, outcome.query.dialect, outcome.query.key, result_of(outcome.standing));
  } else {
    tally_.refused(place, outcome.refusal);
  }
  return outcome;
}

// From cheap to dear; a query that is none costs its requester nothing.
Refusal Responder::decide(const Asked& asked, Instant now, MutableBytes out, std::size_t& place, Outcome& outcome) noexcept {
  const wire::Message& message = asked.message;
  if (message.giaddr().is_zero()) return Refusal::no_giaddr;
  const auto admitted = requesters_.admit(asked.source, message.giaddr(), asked.allowed);
  if (!admitted) return admitted.error();
  place = *admitted;
  const RequesterSpec& requester = requesters_.at(place).spec;
  const auto dialect = dialect_of(message.type(), requester.dialect, requester.draft_type);
  if (!dialect) return dialect.error();
  const auto query = read_query(message, *dialect, asked.server_id, asked.destination);
  if (!query) return query.error();
  outcome.query = *query;
  if (const Refusal refusal = requesters_.charge(place, now.mono_ns); refusal != Refusal::none) return refusal;
  if (query->several_keys) tally_.several_keys();
  outcome.heard_first = requesters_.heard_first(message.giaddr(), *dialect);

  Answer answer{.message = message,
                .query = outcome.query,
                .server_id = asked.server_id,
                .wanted = wanted_by(message, *dialect, requester.lists, requesters_.may_be_told())};
  if (query->key == Key::address) {
    answer.standing = view_.by_address(query->address, now.wall, facts_);
    answer.facts = &facts_;
  } else {
    answer.standing = query->key == Key::hardware ? view_.by_hardware(query->htype, query->hardware, now.wall, tenant_)
                                                  : view_.by_client_id(query->client_id, now.wall, tenant_);
    answer.facts = &tenant_.newest;
    answer.others = tenant_.other_addresses();
    outcome.associated = answer.others.size();
  }
  outcome.standing = answer.standing;
  outcome.type = answer_type(query->dialect, query->type, answer.standing);
  outcome.size = write_answer(out, answer);
  return outcome.size == 0 ? Refusal::no_room : Refusal::none;
}

}  // namespace coaxd::leasequery
