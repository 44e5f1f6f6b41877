#include "server/config/config.h"

#include "server/config/config_index.h"

namespace coaxd::config {

const Subclass* Class::find(Bytes data) const noexcept {
  const auto found = subclass_index.find(as_text(data));
  return found == subclass_index.end() ? nullptr : &subclasses[found->second];
}

const Subnet* Config::subnet_of(Ipv4 address) const noexcept { return index_->subnets.find(address); }

const Pool* Config::pool_of(Ipv4 address) const noexcept { return index_->ranges.find(address); }

std::span<const Host* const> Config::hosts_by_hardware(Bytes htype_and_address) const noexcept {
  return index_->by_hardware.find(htype_and_address);
}

std::span<const Host* const> Config::hosts_by_client_id(Bytes client_id) const noexcept {
  return index_->by_client_id.find(client_id);
}

std::span<const Host* const> Config::hosts_by_identifier(const OptionDefinition* option, Bytes value) const noexcept {
  for (const auto& [named, hosts] : index_->by_identifier) {
    if (named == option) return hosts.find(value);
  }
  return {};
}

bool Config::is_fixed_address(Ipv4 address) const noexcept {
  return std::ranges::binary_search(index_->fixed_addresses, address);
}

const Class* Config::class_by_name(std::string_view name) const noexcept {
  const auto found = index_->classes.find(name);
  return found == index_->classes.end() ? nullptr : found->second;
}

bool Config::has_garden_for(Ipv4 address) const noexcept {
  const Subnet* subnet = subnet_of(address);
  return subnet != nullptr && subnet->network->has_garden;
}

const Statement* Config::function(std::string_view name) const noexcept {
  const auto found = index_->functions.find(name);
  return found == index_->functions.end() ? nullptr : found->second;
}

namespace {

Bytes constant_in(const Scope& scope, Parameter parameter) noexcept {
  Bytes value;
  for (const Statement& statement : scope.statements) {
    if (statement.kind != StatementKind::option || statement.value.kind != ExprKind::constant) continue;
    const OptionDefinition& option = *statement.definition;
    if (option.space->index != OptionRegistry::kServer || option.code != static_cast<std::uint32_t>(parameter)) continue;
    if (statement.op == OptionOp::default_value && !value.empty()) continue;
    value = statement.value.bytes;
  }
  return value;
}

}  // namespace

Bytes Config::global_constant(Parameter parameter) const noexcept { return constant_in(global(), parameter); }

Bytes Config::constant_anywhere(Parameter parameter) const noexcept {
  Bytes value;
  for (const auto& scope : scopes_) {
    if (const Bytes here = constant_in(*scope, parameter); !here.empty()) value = here;
  }
  return value;
}

}  // namespace coaxd::config
