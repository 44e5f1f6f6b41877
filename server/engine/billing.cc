#include "server/engine/billing.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

constexpr std::size_t kLongestClassName = 255;

// lease::Item::billing of a class match; empty when it cannot be written down.
Bytes billing_item(const ClassMatch& match, Arena& arena) noexcept {
  const std::string& name = match.cls->name;
  if (name.size() > kLongestClassName) return {};
  const MutableBytes item = arena.take(1 + name.size() + match.data.size());
  if (item.empty()) return {};
  item[0] = static_cast<std::uint8_t>(name.size());
  std::ranges::copy(as_bytes(name), item.begin() + 1);
  std::ranges::copy(match.data, item.begin() + 1 + static_cast<std::ptrdiff_t>(name.size()));
  return item;
}

// A lease that is billed but does not say so would be lost from the count at a restart; its
// variables are the lesser loss.
bool write_down(lease::Binding& binding, Bytes item) noexcept {
  if (item.empty()) return false;
  if (binding.set(lease::Item::billing, item)) return true;
  binding.set(lease::Item::variables, {});
  return binding.set(lease::Item::billing, item);
}

lease::LeaseLimits::Key key_of(const lease::LeaseLimits& limits, Bytes item) noexcept {
  if (item.empty() || item.size() < 1u + item[0]) return 0;
  return limits.key(as_text(item.subspan(1, item[0])), item.subspan(1u + item[0]));
}

}  // namespace

lease::LeaseLimits::Key billed_key(const lease::LeaseLimits& limits,
                                   const lease::Binding& binding) noexcept {
  if (binding.state != lease::BindingState::active) return 0;
  return key_of(limits, binding.get(lease::Item::billing));
}

bool bill(Exchange& exchange, const Lease& lease, bool commit) noexcept {
  Server& server = exchange.server;
  if (lease.is_static()) return true;  // dhcpd-compat §9.9: static leases are exempt
  // Nor does the garden count, or the lease that quarantine keeps for him would leave a full modem without any address.
  if (exchange.quarantine != nullptr) {
    if (commit) exchange.unbilled = billed_key(server.limits, server.before);
    server.after.set(lease::Item::billing, {});
    return true;
  }
  const Bytes paid_by = lease.running ? server.before.get(lease::Item::billing) : Bytes{};
  const auto matches = exchange.classes.matches();
  for (const ClassMatch& match : matches) {
    if (!paid_by.empty() && equal(billing_item(match, server.arena), paid_by)) return true;
  }

  if (commit) exchange.unbilled = billed_key(server.limits, server.before);
  server.after.set(lease::Item::billing, {});
  const config::Class* last_full = nullptr;
  for (const ClassMatch& match : matches) {
    const std::uint32_t limit = match.lease_limit();
    if (limit == 0) continue;
    last_full = match.cls;
    const Bytes item = billing_item(match, server.arena);
    const lease::LeaseLimits::Key key = key_of(server.limits, item);
    if (key == 0 || !write_down(server.after, item)) continue;
    if (!commit && server.limits.count(key) < limit) return true;
    if (commit && server.limits.acquire(key, limit)) {
      exchange.billed = key;
      return true;
    }
    server.after.set(lease::Item::billing, {});
  }
  if (last_full == nullptr) return true;
  if (exchange.actions.log_count > 0) set_text(exchange.actions.logs[0], last_full->name);
  return false;
}

}  // namespace coaxd::engine
