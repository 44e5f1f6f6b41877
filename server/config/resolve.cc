#include <fmt/format.h>

#include <algorithm>

#include "server/base/assert.h"
#include "server/config/config_index.h"
#include "server/config/resolver.h"

namespace coaxd::config {

// In the order of DeclarationKind.
const Resolver::Row Resolver::kRows[] = {
    {DeclarationKind::statement, &Resolver::declare_statement},
    {DeclarationKind::shared_network, &Resolver::declare_shared_network},
    {DeclarationKind::subnet, &Resolver::declare_subnet},
    {DeclarationKind::pool, &Resolver::declare_pool},
    {DeclarationKind::group, &Resolver::declare_group},
    {DeclarationKind::host, &Resolver::declare_host},
    {DeclarationKind::class_decl, &Resolver::declare_class},
    {DeclarationKind::subclass, &Resolver::declare_subclass},
    {DeclarationKind::range, &Resolver::declare_range},
    {DeclarationKind::authoritative, &Resolver::declare_authoritative},
    {DeclarationKind::interface, &Resolver::declare_interface},
    {DeclarationKind::permit, &Resolver::declare_permit},
    {DeclarationKind::hardware, &Resolver::declare_hardware},
    {DeclarationKind::client_id, &Resolver::declare_client_id},
    {DeclarationKind::fixed_address, &Resolver::declare_fixed_address},
    {DeclarationKind::host_identifier, &Resolver::declare_host_identifier},
    {DeclarationKind::host_group, &Resolver::declare_host_group},
    {DeclarationKind::match_if, &Resolver::declare_match_if},
    {DeclarationKind::match, &Resolver::declare_match},
    {DeclarationKind::spawn_with, &Resolver::declare_match},
    {DeclarationKind::lease_limit, &Resolver::declare_lease_limit},
    {DeclarationKind::failover_peer, &Resolver::declare_failover_peer},
    {DeclarationKind::use_failover, &Resolver::declare_use_failover},
    {DeclarationKind::key, &Resolver::declare_nothing},
    {DeclarationKind::zone, &Resolver::declare_nothing},
    {DeclarationKind::omapi_flag, &Resolver::declare_omapi_flag},
};
const std::size_t Resolver::kRowCount = std::size(kRows);

Resolver::Resolver(Ast&& ast, const ResolveOptions& options)
    : ast_(ast), options_(options), config_(std::make_shared<Config>()), diagnostics_(std::move(ast.diagnostics)) {}

std::expected<std::shared_ptr<const Config>, std::vector<Diagnostic>> Resolver::run() {
  Place top;
  top.scope = config_->scopes_.emplace_back(std::make_unique<Scope>()).get();
  declare_all(ast_.items, top);
  check_failover();
  if (failed_) return std::unexpected(std::move(diagnostics_));

  config_->sources_ = std::move(ast_.sources);
  config_->options_ = std::move(ast_.options);
  config_->warnings_ = std::move(diagnostics_);
  build_index();
  return config_;
}

void Resolver::declare_all(std::vector<Declaration>& items, Place& place) {
  for (Declaration& item : items) {
    const auto kind = static_cast<std::size_t>(item.kind);
    COAXD_ASSERT(kind < kRowCount && kRows[kind].kind == item.kind);
    (this->*kRows[kind].handler)(item, place);
  }
}

Scope& Resolver::new_scope(const Scope& parent) {
  Scope& scope = *config_->scopes_.emplace_back(std::make_unique<Scope>());
  scope.parent = &parent;
  scope.id = static_cast<std::uint32_t>(config_->scopes_.size() - 1);
  scope.authoritative = parent.authoritative;  // now, not later: what follows in the parent does not reach it (dhcpd-compat §3.2)
  return scope;
}

void Resolver::error(SourcePos pos, std::string message) {
  failed_ = true;
  diagnostics_.push_back({Severity::error, pos, std::move(message)});
}

void Resolver::warn(SourcePos pos, std::string message) {
  diagnostics_.push_back({Severity::warning, pos, std::move(message)});
}

void Resolver::declare_statement(Declaration& declaration, Place& place) {
  if (place.host != nullptr) note_client_id_option(declaration.statement, place);
  place.scope->statements.push_back(std::move(declaration.statement));
}

// A group inside a network does not pass the network on (dhcpd-compat §3.1).
void Resolver::declare_group(Declaration& declaration, Place& place) {
  Place inner;
  inner.scope = &new_scope(*place.scope);
  declare_all(declaration.items, inner);
  if (!declaration.name.empty()) groups_[declaration.name] = inner.scope;  // its own hosts cannot name it yet
}

void Resolver::declare_authoritative(Declaration& declaration, Place& place) {
  place.scope->authoritative = declaration.flag;
}

void Resolver::declare_failover_peer(Declaration& declaration, Place&) {
  config_->failover_peers_.push_back({declaration.name, declaration.pos});
}

void Resolver::check_failover() {
  for (const FailoverPeer& peer : config_->failover_peers_) {
    if (peers_with_pools_.contains(peer.name)) continue;
    error(peer.pos, fmt::format("ERROR: Failover peer, {}, has no referring pools. You must refer to each peer in at least one "
                                "pool declaration.", peer.name));
    error(peer.pos, "Failover configuration sanity check failed");
  }
}

void Resolver::index_functions(std::span<const Statement> statements, Config::Index& index) {
  for (const Statement& statement : statements) {
    if (statement.kind == StatementKind::define) index.functions[statement.text] = &statement;  // the last one holds
    index_functions(statement.body, index);
    index_functions(statement.else_body, index);
  }
}

void Resolver::build_index() {
  for (const auto& scope : config_->scopes_) {  // parents come first; `group NAME;` moved some hosts below another one
    if (scope->parent != nullptr) scope->depth = scope->parent->depth + 1;
  }
  auto index = std::make_shared<Config::Index>();
  using HostEntry = BytesIndex<const Host*>::Entry;
  std::vector<HostEntry> hardware, client_ids;
  std::vector<std::vector<HostEntry>> identifiers;
  for (const auto& host : config_->hosts_) {
    if (!host->hardware.empty()) hardware.emplace_back(host->hardware, host.get());
    if (!host->client_id.empty()) client_ids.emplace_back(host->client_id, host.get());
    if (host->identifier_option != nullptr) {
      auto& named = config_->identifier_options_;
      const auto at = static_cast<std::size_t>(std::ranges::find(named, host->identifier_option) - named.begin());
      if (at == named.size()) {
        named.push_back(host->identifier_option);
        identifiers.emplace_back();
      }
      identifiers[at].emplace_back(host->identifier_value, host.get());
    }
    index->fixed_addresses.insert(index->fixed_addresses.end(), host->fixed_addresses.begin(), host->fixed_addresses.end());
  }
  index->by_hardware = BytesIndex<const Host*>(std::move(hardware));
  index->by_client_id = BytesIndex<const Host*>(std::move(client_ids));
  for (std::size_t i = 0; i < identifiers.size(); ++i) {
    index->by_identifier.emplace_back(config_->identifier_options_[i], std::move(identifiers[i]));
  }
  std::ranges::sort(index->fixed_addresses);
  const auto repeated = std::ranges::unique(index->fixed_addresses);
  index->fixed_addresses.erase(repeated.begin(), repeated.end());

  for (const auto& subnet : config_->subnets_) index->subnets.add(subnet.get());
  std::vector<RangeIndex::Entry> ranges;
  for (const auto& pool : config_->pools_) {
    std::ranges::sort(pool->ranges, {}, &AddressRange::low);
    for (const AddressRange& range : pool->ranges) {
      ranges.push_back({range, pool.get()});
      pool->size += std::uint64_t{range.high.value} - range.low.value + 1;
    }
  }
  index->ranges = RangeIndex(std::move(ranges));
  for (const auto& cls : config_->classes_) index->classes.emplace(cls->name, cls.get());
  for (const auto& scope : config_->scopes_) index_functions(scope->statements, *index);
  config_->index_ = std::move(index);
}

std::expected<std::shared_ptr<const Config>, std::vector<Diagnostic>> resolve(Ast&& ast, const ResolveOptions& options) {
  if (!ast.ok()) return std::unexpected(std::move(ast.diagnostics));
  return Resolver(std::move(ast), options).run();
}

}  // namespace coaxd::config
