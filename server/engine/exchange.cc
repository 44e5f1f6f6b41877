#include "server/engine/exchange.h"

#include <algorithm>

#include "server/engine/startup.h"

namespace coaxd::engine {
namespace {

// Octets of scratch one message can need:
//    4,096  option values joined by append, prepend and concat
//    4,096  log() texts and execute() arguments, which wait as effects
//    4,096  spaces encapsulated into options 43, 122, 125
//    1,500  option 82 echoed
//    1,024  text options with their NULs, times, addresses
//   50,000  intermediate values of expressions: nothing is given back before the message is done
constexpr std::size_t kArenaSize = 64 * 1024;

bool mentions(std::span<const config::Statement> statements, config::Parameter parameter) {
  return std::ranges::any_of(statements, [&](const config::Statement& statement) {
    const bool here = statement.kind == config::StatementKind::option &&
                      statement.definition != nullptr &&
                      statement.definition->space->index == config::OptionRegistry::kServer &&
                      statement.definition->code == static_cast<std::uint32_t>(parameter);
    return here || mentions(statement.body, parameter) || mentions(statement.else_body, parameter);
  });
}

}  // namespace

Server::Server(lease::LeaseTable& leases_in, lease::LeaseLimits& limits_in, ChangePool& changes_in,
               const Settings& settings_in)
    : leases(leases_in),
      limits(limits_in),
      changes(changes_in),
      settings(settings_in),
      leasequeries(leases_in, settings_in),
      arena_storage(kArenaSize),
      arena(arena_storage) {
  if (settings.modems != nullptr) modems.emplace(*settings.modems);
  if (settings.confined != nullptr) confined.emplace(*settings.confined);
  if (settings.ward_sightings != nullptr) ward_sightings.emplace(*settings.ward_sightings);
}

void Server::use(std::shared_ptr<const config::Config> new_config,
                 std::shared_ptr<const config::HostTable> new_names) {
  // The option state views into the old configuration: it goes first.
  reply.emplace(new_config->options());
  const bool starts_anew = config != new_config;  // else only addresses of names have changed
  config = std::move(new_config);
  names = std::move(new_names);
  if (starts_anew) run_global_statements(*config, names.get(), globals);
  interfaces.use(*config);
  event_bodies.use(*config);
  if (starts_anew) leasequeries.use(config);
  client_ids_may_be_ignored = std::ranges::any_of(config->scopes(), [](const auto& scope) {
    return mentions(scope->statements, config::Parameter::ignore_client_uids);
  });
}

void drop(Exchange& exchange, DropReason reason, LogSuffix suffix) noexcept {
  Actions& actions = exchange.actions;
  actions.verdict = Actions::Verdict::drop;
  actions.reason = reason;
  actions.reply_log.kind = LogKind::none;
  if (actions.log_count == 0) return;
  actions.logs[0].suffix = suffix;
  // dhcpd puts a reason into the parentheses, too; ours is the counter's name.
  if (suffix == LogSuffix::not_responding) set_text(actions.logs[0], to_string(reason));
}

}  // namespace coaxd::engine
