#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "server/base/assert.h"
#include "server/config/resolver.h"

namespace coaxd::config {
namespace {

// dhcpd prints the place of the lowest mask bit.
int printed_length(Prefix prefix) { return prefix.mask.value == 0 ? 0 : 32 - std::countr_zero(prefix.mask.value); }

bool overlap(Prefix a, Prefix b) { return a.contains(b.network) || b.contains(a.network); }

// Only kind and class count: dhcpd merges pools whose permits differ in nothing but the `after` date (dhcpd-compat §19).
bool same_permits(std::span<const Permit> a, std::span<const Permit> b) {
  const auto within = [](std::span<const Permit> some, std::span<const Permit> all) {
    return std::ranges::all_of(some, [&](const Permit& permit) {
      return std::ranges::any_of(all, [&](const Permit& other) {
        return permit.kind == other.kind &&
               (permit.kind != PermitKind::members_of || permit.class_index == other.class_index);
      });
    });
  };
  return within(a, b) && within(b, a);
}

}  // namespace

void Resolver::declare_shared_network(Declaration& declaration, Place& place) {
  SharedNetwork& network = *config_->networks_.emplace_back(std::make_unique<SharedNetwork>());
  network.id = static_cast<std::uint32_t>(config_->networks_.size() - 1);
  network.name = declaration.name;
  Place inner;
  inner.scope = &new_scope(*place.scope);
  inner.network = &network;
  network.scope = inner.scope;
  declare_all(declaration.items, inner);
}

// A subnet outside a shared-network is a network of its own, with which it shares the scope object (dhcpd-compat §3.2).
void Resolver::declare_subnet(Declaration& declaration, Place& place) {
  const Prefix prefix = declaration.prefix;
  Subnet& subnet = *config_->subnets_.emplace_back(std::make_unique<Subnet>());
  subnet.id = static_cast<std::uint32_t>(config_->subnets_.size() - 1);
  subnet.prefix = prefix;
  Place inner;
  inner.scope = &new_scope(*place.scope);
  inner.subnet = &subnet;
  inner.network = place.network;
  if (inner.network == nullptr) {
    inner.network = config_->networks_.emplace_back(std::make_unique<SharedNetwork>()).get();
    inner.network->id = static_cast<std::uint32_t>(config_->networks_.size() - 1);
    inner.network->name = fmt::format("{}/{}", to_string(prefix.network), printed_length(prefix));
    inner.network->scope = inner.scope;
  }
  subnet.scope = inner.scope;
  subnet.network = inner.network;
  inner.network->subnets.push_back(&subnet);
  declare_all(declaration.items, inner);
  warn_overlap(subnet, declaration.pos);
}

// One warning a subnet, about the newest earlier one that shares an address with it.
void Resolver::warn_overlap(const Subnet& subnet, SourcePos pos) {
  const Prefix prefix = subnet.prefix;
  const Subnet* found = nullptr;
  const auto consider = [&](auto first, auto last) {
    for (; first != last; ++first) {
      const Subnet* other = first->second;
      if (overlap(prefix, other->prefix) && (found == nullptr || other->id > found->id)) found = other;
    }
  };
  consider(subnets_.lower_bound(prefix.network.value), subnets_.upper_bound(prefix.network.value | ~prefix.mask.value));
  for (const std::uint32_t mask : masks_) {
    const auto [first, last] = subnets_.equal_range(prefix.network.value & mask);
    consider(first, last);
  }
  if (found != nullptr) {
    warn(pos, fmt::format("Warning: subnet {}/{} overlaps subnet {}/{}", to_string(prefix.network), printed_length(prefix),
                          to_string(found->prefix.network), printed_length(found->prefix)));
  }
  subnets_.emplace(prefix.network.value, &subnet);
  if (std::ranges::find(masks_, prefix.mask.value) == masks_.end()) masks_.push_back(prefix.mask.value);
}

void Resolver::declare_interface(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.network != nullptr);
  place.network->interface = declaration.name;
  if (place.subnet != nullptr) place.subnet->interface = declaration.name;
}

// A pool hangs below the shared network's scope, also when it is written in a subnet (dhcpd-compat §3.3).
void Resolver::declare_pool(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.network != nullptr);
  auto pool = std::make_unique<Pool>();
  Place inner = place;
  inner.pool = pool.get();
  inner.scope = &new_scope(*place.network->scope);
  pool->network = place.network;
  pool->scope = inner.scope;
  declare_all(declaration.items, inner);
  if (!pool->failover_peer.empty()) peers_with_pools_.insert(pool->failover_peer);
  if (Pool* earlier = mergeable(*place.network, *pool)) {
    earlier->ranges.insert(earlier->ranges.end(), pool->ranges.begin(), pool->ranges.end());
  } else {
    add_pool(std::move(pool));
  }
}

// dhcpd compares statement lists by identity, so only pools without statements are ever equal.
Pool* Resolver::mergeable(const SharedNetwork& network, const Pool& pool) {
  if (!pool.scope->statements.empty()) return nullptr;
  for (const Pool* candidate : network.pools) {
    if (candidate->scope->statements.empty() && candidate->failover_peer == pool.failover_peer &&
        same_permits(candidate->allow, pool.allow) && same_permits(candidate->deny, pool.deny)) {
      return config_->pools_[candidate->id].get();
    }
  }
  return nullptr;
}

Pool& Resolver::add_pool(std::unique_ptr<Pool> pool) {
  pool->id = static_cast<std::uint32_t>(config_->pools_.size());
  SharedNetwork& network = *config_->networks_[pool->network->id];
  network.pools.push_back(pool.get());
  network.has_garden |= pool->is_garden;
  return *config_->pools_.emplace_back(std::move(pool));
}

// Ranges written straight into a subnet join the network's pool that has just their permit, wherever that came from, or found it.
Pool* Resolver::implicit_pool(const SharedNetwork& network, bool dynamic_bootp) {
  const Permit permit{dynamic_bootp ? PermitKind::all_clients : PermitKind::dynamic_bootp_clients};
  const std::span<const Permit> only(&permit, 1), none;
  for (const Pool* candidate : network.pools) {
    if (candidate->allow.size() == (dynamic_bootp ? 1 : 0) && candidate->deny.size() == (dynamic_bootp ? 0 : 1) &&
        same_permits(candidate->allow, dynamic_bootp ? only : none) &&
        same_permits(candidate->deny, dynamic_bootp ? none : only)) {
      return config_->pools_[candidate->id].get();
    }
  }
  auto pool = std::make_unique<Pool>();
  pool->network = &network;
  pool->scope = &new_scope(*network.scope);
  (dynamic_bootp ? pool->allow : pool->deny).push_back(permit);
  return &add_pool(std::move(pool));
}

// Null, and said so, when the range lies in no subnet it may lie in.
const Subnet* Resolver::subnet_of_range(const Declaration& range, const Place& place) {
  const Subnet* subnet = place.subnet;
  if (subnet == nullptr) {
    const auto& subnets = place.network->subnets;
    const auto found = std::ranges::find_if(subnets, [&](const Subnet* s) { return s->prefix.contains(range.low); });
    if (found == subnets.end()) {
      error(range.pos, fmt::format("address range not on network {}", place.network->name));
      return nullptr;
    }
    subnet = *found;
  }
  // A mask with holes would let both ends in but not what lies between them.
  const int host_bits = subnet->prefix.mask.value == 0 ? 31 : std::countr_zero(subnet->prefix.mask.value);
  const bool in_one_piece = subnet->prefix.mask.value == 0 || (range.low.value >> host_bits) == (range.high.value >> host_bits);
  for (const Ipv4 end : {range.low, range.high}) {
    const bool last = end == range.high;
    if (subnet->prefix.contains(end) && (in_one_piece || !last)) continue;
    error(range.pos, fmt::format("bad range, address {} not in subnet {} netmask {}", to_string(end),
                                 to_string(subnet->prefix.network), to_string(subnet->prefix.mask)));
    return nullptr;
  }
  return subnet;
}

void Resolver::declare_range(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.network != nullptr);
  if (declaration.flag && place.pool != nullptr && !place.pool->failover_peer.empty()) {
    return error(declaration.pos,
                 "dynamic-bootp flag is not permitted for address range declarations where there is a failover peer in scope.");
  }
  if (subnet_of_range(declaration, place) == nullptr) return;
  AddressRange range{declaration.low, declaration.high};
  if (range.high < range.low) std::swap(range.low, range.high);
  constexpr std::uint32_t kMostAddresses = 1u << 24;  // a slip of the pen: a lease table counts addresses in 32 bits, and holds each
  if (range.high.value - range.low.value >= kMostAddresses) {
    return error(declaration.pos,
                 fmt::format("{}-{} is an overly large address range.", to_string(range.low), to_string(range.high)));
  }

  auto after = given_.upper_bound(range.low.value);
  const bool in_earlier = after != given_.begin() && std::prev(after)->second >= range.low.value;
  if (in_earlier || (after != given_.end() && after->first <= range.high.value)) {
    const Ipv4 first = in_earlier ? range.low : Ipv4{after->first};
    return error(declaration.pos, fmt::format("lease {} is declared twice!", to_string(first)));
  }
  given_.emplace(range.low.value, range.high.value);
  Pool* pool = place.pool != nullptr ? place.pool : implicit_pool(*place.network, declaration.flag);
  pool->ranges.push_back(range);
}

void Resolver::declare_permit(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.pool != nullptr);
  Permit permit{declaration.permit, 0, declaration.number};
  if (permit.kind == PermitKind::members_of) permit.class_index = class_named(declaration.name).index;
  if (permit.kind == PermitKind::members_of && declaration.allow && declaration.name == kQuarantineClass) place.pool->is_garden = true;
  (declaration.allow ? place.pool->allow : place.pool->deny).push_back(permit);
}

void Resolver::declare_use_failover(Declaration& declaration, Place& place) {
  COAXD_ASSERT(place.pool != nullptr);
  place.pool->failover_peer = declaration.name;
}

}  // namespace coaxd::config
