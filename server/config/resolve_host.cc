#include <fmt/format.h>

#include "server/base/assert.h"
#include "server/config/resolver.h"
#include "server/wire/option_table.h"

namespace coaxd::config {
namespace {

// An expression that needs no packet to be known.
bool append_constant(const Expr& expr, std::vector<std::uint8_t>& out) {
  if (expr.kind == ExprKind::constant) {
    out.insert(out.end(), expr.bytes.begin(), expr.bytes.end());
    return true;
  }
  if (expr.kind != ExprKind::concat) return false;
  for (const Expr& part : expr.args) {
    if (!append_constant(part, out)) return false;
  }
  return true;
}

}  // namespace

// Hosts are global wherever they stand; the place only gives them their parent scope (dhcpd-compat §3.1).
void Resolver::declare_host(Declaration& declaration, Place& place) {
  auto host = std::make_unique<Host>();
  host->name = declaration.name;
  Scope& scope = new_scope(*place.scope);
  host->scope = &scope;
  Place inner;
  inner.scope = &scope;
  inner.host = host.get();
  declare_all(declaration.items, inner);
  if (inner.host_group != nullptr) scope.parent = inner.host_group;
  if (inner.deleted) return;
  if (inner.sent_client_id && host->client_id.empty()) {
    host->client_id = std::move(*inner.sent_client_id);
  } else if (inner.sent_client_id) {
    const Bytes uid = host->client_id, ignored = *inner.sent_client_id;
    warn(declaration.pos, fmt::format("Warning, host declaration '{}' already has uid '\"{}\"', ignoring dhcp-client-identifier "
                                      "'\"{}\"'", host->name, as_text(uid), as_text(ignored)));
  }
  host->id = static_cast<std::uint32_t>(config_->hosts_.size());
  config_->hosts_.push_back(std::move(host));
}

void Resolver::declare_hardware(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.host != nullptr);
  place.host->hardware = std::move(declaration.bytes);
}

void Resolver::declare_client_id(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.host != nullptr);
  place.host->client_id = std::move(declaration.bytes);
}

// `option dhcp-client-identifier` in a host is both what the client is known by and an option to send (dhcpd-compat §3.5).
void Resolver::note_client_id_option(const Statement& statement, Place& place) {
  if (statement.kind != StatementKind::option || statement.op != OptionOp::supersede) return;
  const OptionDefinition& option = *statement.definition;
  if (option.space->index != OptionRegistry::kDhcp || option.code != wire::option::client_identifier) return;
  if (place.sent_client_id) return warn(statement.pos, "only one dhcp client identifier may be specified");
  std::vector<std::uint8_t> value;
  if (append_constant(statement.value, value) && !value.empty()) place.sent_client_id = std::move(value);
}

void Resolver::declare_fixed_address(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.host != nullptr);
  place.host->has_fixed_address = true;
  append_addresses(declaration.value, place.host->fixed_addresses);
}

// A name without address is no error: dhcpd finds that out at the first packet, and the resolver may be down just now.
void Resolver::append_addresses(const Expr& expr, std::vector<Ipv4>& out) {
  if (expr.kind == ExprKind::constant) {
    for (std::size_t at = 0; at + 4 <= expr.bytes.size(); at += 4) out.push_back({load_be32(&expr.bytes[at])});
  } else if (expr.kind == ExprKind::host_lookup) {
    const std::vector<Ipv4> found =
        options_.lookup != nullptr ? options_.lookup(expr.text, options_.lookup_context) : std::vector<Ipv4>{};
    if (found.empty()) warn(expr.pos, fmt::format("{}: host unknown.", expr.text));
    out.insert(out.end(), found.begin(), found.end());
  }
  for (const Expr& part : expr.args) append_addresses(part, out);
}

void Resolver::declare_host_identifier(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.host != nullptr);
  std::vector<std::uint8_t> value;
  if (!append_constant(declaration.value, value)) {
    return warn(declaration.pos, fmt::format("host {}: host-identifier is not a constant and matches nobody", place.host->name));
  }
  place.host->identifier_option = declaration.option;
  place.host->identifier_value = std::move(value);
}

void Resolver::declare_host_group(Declaration& declaration, Place& place) {
  const auto group = groups_.find(declaration.name);
  COAXD_ASSERT(group != groups_.end());
  place.host_group = group->second;
}

// What a leases file says of hosts made over OMAPI: only a deleted one matters, for it is none.
void Resolver::declare_omapi_flag(Declaration& declaration, Place& place) {
  if (declaration.name == "deleted") place.deleted = true;
}

}  // namespace coaxd::config
