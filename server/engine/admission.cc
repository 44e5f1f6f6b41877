#include "server/engine/admission.h"

namespace coaxd::engine {
namespace {

using config::Parameter;
using Word = OptionState::Tri;

bool too_early(Exchange& exchange) noexcept {
  const OptionState& options = *exchange.server.reply;
  const std::uint32_t least = options.number(Parameter::min_secs, 0);
  std::uint32_t secs = exchange.query->secs();
  // Clients that send secs in the wrong byte order look as if they had waited for hours.
  // dhcpd reads this parameter at global scope only (observed).
  const Bytes checks = exchange.config().global_constant(Parameter::check_secs_byte_order);
  if (secs > 255 && (secs & 0xff) == 0 && !checks.empty() && checks.back() != 0) secs >>= 8;
  if (secs >= least) return false;
  if (exchange.actions.log_count > 0) {
    exchange.actions.logs[0].number_a = least;
    exchange.actions.logs[0].number_b = secs;
  }
  drop(exchange, DropReason::min_secs, LogSuffix::min_secs);
  return true;
}

struct Admission {
  Parameter parameter;
  bool (*concerns)(const Exchange&);
  DropReason reason;
  LogSuffix suffix;
};
constexpr Admission kAdmissions[] = {
    {Parameter::boot_unknown_clients, [](const Exchange& e) { return !e.client.known; },
     DropReason::unknown_client, LogSuffix::unknown_client},
    {Parameter::allow_bootp,
     [](const Exchange& e) { return e.query->type() == wire::MessageType::bootp; },
     DropReason::bootp_disallowed, LogSuffix::bootp_disallowed},
    {Parameter::allow_booting, [](const Exchange&) { return true; }, DropReason::booting_disallowed,
     LogSuffix::booting_disallowed},
};

}  // namespace

bool turns_away(Exchange& exchange, wire::MessageType type) noexcept {
  if (type == wire::MessageType::offer && too_early(exchange)) return true;
  for (const Admission& admission : kAdmissions) {
    if (!admission.concerns(exchange)) continue;
    const Word answer = exchange.server.reply->tri(admission.parameter, Word::allow);
    if (answer == Word::allow) continue;
    drop(exchange, admission.reason, admission.suffix);
    if (answer == Word::ignore)
      exchange.actions.log_count = 0;  // `ignore` is `deny` without a word
    return true;
  }
  return false;
}

}  // namespace coaxd::engine
