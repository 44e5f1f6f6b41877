#include "server/engine/reply_scopes.h"

#include "server/engine/ending.h"

namespace coaxd::engine {
namespace {

// Steps 1 and 2 of dhcpd-compat §6. Each chain stops where it meets what was run already; what that
// is, is returned.
const config::Scope* run_place(Exchange& exchange, const config::Subnet* subnet,
                               const config::Pool* pool) noexcept {
  Context& context = exchange.server.context;
  const config::Scope* scope = subnet != nullptr ? subnet->scope : &exchange.config().global();
  execute_scope(*scope, nullptr, context);
  if (pool == nullptr) return scope;
  execute_scope(*pool->scope, pool->network->scope, context);
  return pool->scope;
}

// Steps 1 to 4.
void run_chain(Exchange& exchange, const config::Subnet* subnet, const config::Pool* pool,
               const config::Host* host) noexcept {
  const config::Scope* done = run_place(exchange, subnet, pool);
  run_class_scopes(exchange, done);
  if (host != nullptr) execute_scope(*host->scope, done, exchange.server.context);
}

void describe_client(Exchange& exchange, const config::Host* host, bool is_static) noexcept {
  Context& context = exchange.server.context;
  context.host = host;
  context.known = exchange.client.known;
  context.is_static = is_static;
}

}  // namespace

void run_lease_scopes(Exchange& exchange, const Lease& lease) noexcept {
  Server& server = exchange.server;
  begin_context(server, exchange.query, exchange.now, &server.after, lease.address);
  const config::Host* host = lease.is_static() ? lease.host : exchange.client.host;
  describe_client(exchange, host, lease.is_static());
  run_chain(exchange, lease.subnet, lease.pool, host);
}

void run_class_scopes(Exchange& exchange, const config::Scope* limit) noexcept {
  Context& context = exchange.server.context;
  add_executed_classes(context, exchange.classes);
  execute_classes(exchange.classes, limit, context);
}

const config::Scope* run_network_scopes(Exchange& exchange,
                                        const config::SharedNetwork* network) noexcept {
  begin_context(exchange.server, exchange.query, exchange.now, nullptr, {});
  describe_client(exchange, nullptr, false);
  const config::Subnet* subnet =
      network != nullptr && !network->subnets.empty() ? network->subnets.front() : nullptr;
  const config::Pool* pool =
      network != nullptr && !network->pools.empty() ? network->pools.front() : nullptr;
  return run_place(exchange, subnet, pool);
}

void run_subnet_scopes(Exchange& exchange, const config::Subnet& subnet, const config::Pool* pool,
                       const config::Host* host) noexcept {
  begin_context(exchange.server, exchange.query, exchange.now, nullptr, {});
  describe_client(exchange, host, false);
  run_chain(exchange, &subnet, pool, host);
}

bool ignores_client_ids(Exchange& exchange, const config::SharedNetwork* network) noexcept {
  Server& server = exchange.server;
  if (!server.client_ids_may_be_ignored) return false;
  begin_context(server, exchange.query, exchange.now, nullptr, {});
  const config::Scope* scope = network == nullptr         ? &exchange.config().global()
                               : network->subnets.empty() ? network->scope
                                                          : network->subnets.front()->scope;
  execute_scope(*scope, nullptr, server.context);
  server.context.effect_count = 0;  // these statements run again, and then for good
  return server.reply->flag(config::Parameter::ignore_client_uids, false);
}

}  // namespace coaxd::engine
