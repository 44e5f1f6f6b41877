#include <fmt/format.h>

#include "server/config/resolver.h"

namespace coaxd::config {

// Hosts are global wherever they stand; the place only gives them their parent scope (dhcpd-compat §3.1).
void Resolver::declare_host(Declaration& declaration, Place& place) {
  const bool in_network = place.inside == DeclarationKind::subnet || place.inside == DeclarationKind::shared_network;
  if (in_network && !warned_of_global_hosts_) {
    warned_of_global_hosts_ = true;
    warn(declaration.pos,
         "WARNING: Host declarations are global.  They are not limited to the scope you declared them in.");
  }
  auto host = std::make_unique<Host>();
  host->name = declaration.name;
  Scope& scope = new_scope(*place.scope);
  Place inner;
  inner.inside = DeclarationKind::host;
  inner.scope = &scope;
  inner.host = host.get();
  declare_all(declaration.items, inner);
  if (inner.host_group != nullptr) scope.parent = inner.host_group;
  host->scope = &scope;
  if (inner.deleted) return;
  if (!host_names_.insert(host->name).second) {
    return error(declaration.pos, fmt::format("host {}: already exists", declaration.name));
  }
  host->id = static_cast<std::uint32_t>(config_->hosts_.size());
  config_->hosts_.push_back(std::move(host));
}

void Resolver::declare_hardware(Declaration& declaration, Place& place) {
  if (place.host == nullptr) return error(declaration.pos, "hardware address parameter not allowed here.");
  if (!place.host->hardware.empty()) {
    return error(declaration.pos, fmt::format("Host {} hardware address already configured.", place.host->name));
  }
  place.host->hardware = std::move(declaration.bytes);
}

void Resolver::declare_client_id(Declaration& declaration, Place& place) {
  if (place.host == nullptr) return error(declaration.pos, "uid parameter not allowed here.");
  if (!place.host->client_id.empty()) {
    const Bytes kept = place.host->client_id, ignored = declaration.bytes;
    return warn(declaration.pos,
                fmt::format("Warning, host declaration '{}' already has uid '{}', ignoring dhcp-client-identifier '{}'",
                            place.host->name, as_text(kept), as_text(ignored)));
  }
  place.host->client_id = std::move(declaration.bytes);
}

void Resolver::declare_fixed_address(Declaration& declaration, Place& place) {
  if (place.host == nullptr) return error(declaration.pos, "fixed-address parameter not allowed here.");
  if (place.host->has_fixed_address) return error(declaration.pos, "Only one fixed address declaration per host.");
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
  if (place.host == nullptr) return error(declaration.pos, "host-identifier parameter not allowed here.");
  if (place.host->identifier_option != nullptr) {
    return error(declaration.pos, "only one host-identifier allowed per host");
  }
  place.host->identifier_option = declaration.option;
  place.host->identifier_value = declaration.value.bytes;
  place.host->identifier_value.shrink_to_fit();
}

void Resolver::declare_host_group(Declaration& declaration, Place& place) {
  const auto group = groups_.find(declaration.name);
  if (group == groups_.end()) {
    const std::string host = place.host != nullptr ? place.host->name : std::string();
    return error(declaration.pos, fmt::format("unknown group {} in host {}", declaration.name, host));
  }
  place.host_group = group->second;
}

// What a leases file says of hosts made over OMAPI: only a deleted one matters, for it is none.
void Resolver::declare_omapi_flag(Declaration& declaration, Place& place) {
  if (declaration.name == "deleted") place.deleted = true;
}

}  // namespace coaxd::config
