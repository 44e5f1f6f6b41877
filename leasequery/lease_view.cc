#include "leasequery/lease_view.h"

#include <algorithm>
#include <utility>
#include <unordered_map>

#include "leasequery/plain_setting.h"
#include "server/lease/address_map.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {
namespace {

using lease::AddressMap;
using lease::SlotId;
using lease::StoredTime;

// dhcpd.conf(5): default-lease-time, max-lease-time where nobody says.
constexpr std::uint32_t kDefaultTime = 43200, kMaximumTime = 86400;
constexpr std::size_t kMostLeases = 16;  // of one key: what the index holds (lease_table.h)

bool says_times(const config::Scope& scope) noexcept {
  using config::Parameter;
  return mentions(scope.statements, Parameter::default_lease_time) || mentions(scope.statements, Parameter::max_lease_time) ||
         mentions(scope.statements, wire::option::renewal_time) || mentions(scope.statements, wire::option::rebinding_time);
}

// Of all pools; side by side they are one.
std::vector<config::AddressRange> ranges_of(const config::Config& config) {
  std::vector<config::AddressRange> all, out;
  for (const auto& pool : config.pools()) all.insert(all.end(), pool->ranges.begin(), pool->ranges.end());
  std::ranges::sort(all, {}, &config::AddressRange::low);
  for (const config::AddressRange& range : all) {
    if (!out.empty() && range.low.value <= std::uint64_t{out.back().high.value} + 1) {
      out.back().high = std::max(out.back().high, range.high);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

bool same_range(const config::AddressRange& a, const config::AddressRange& b) noexcept { return a.low == b.low && a.high == b.high; }

std::uint32_t until(WallSeconds when, WallSeconds now) noexcept {
  return static_cast<std::uint32_t>(std::clamp<WallSeconds>(when - now, 0, kInfinite - 1));
}

}  // namespace

LeaseView::LeaseView(const lease::LeaseTable& leases, const Revocations* revocations, const FixedNotes* notes) noexcept
    : leases_(leases), revocations_(revocations), notes_(notes) {}
LeaseView::~LeaseView() = default;

bool LeaseView::use(std::shared_ptr<const config::Config> config) {
  const auto before = std::exchange(config_, std::move(config));  // its hosts are compared
  const auto ranges = std::exchange(ranges_, ranges_of(*config_));
  const auto fixed = std::exchange(fixed_, {});
  pool_times_.clear();
  for (const auto& pool : config_->pools()) {
    const config::Subnet* subnet = pool->ranges.empty() ? nullptr : config_->subnet_of(pool->ranges.front().low);
    pool_times_.push_back(times_of(subnet != nullptr ? *subnet->scope : *pool->network->scope, pool->scope));
  }
  // Hosts are many, what they say of times little, and workers wait for this: looked at once for each scope that says something.
  std::unordered_map<const config::Scope*, Times> known;
  const auto times_at = [&](const config::Scope* scope) {
    while (scope->parent != nullptr && !says_times(*scope)) scope = scope->parent;
    const auto [place, is_new] = known.try_emplace(scope);
    if (is_new) place->second = times_of(*scope);
    return place->second;
  };
  for (const auto& host : config_->hosts())
    for (const Ipv4 address : host->fixed_addresses) fixed_.push_back({address, host.get(), times_at(host->scope)});
  std::ranges::sort(fixed_, {}, [](const Fixed& one) { return std::pair(one.address, one.host->id); });
  // Of several hosts with one address the first declared is told.
  const auto repeated = std::ranges::unique(fixed_, {}, &Fixed::address);
  fixed_.erase(repeated.begin(), repeated.end());
  blocks_.clear();
  for (SlotId first = 0; first < leases_.slot_count(); first += AddressMap::kBlockSize) blocks_.push_back({leases_.address_of(first).value, first});
  std::ranges::sort(blocks_, {}, &Block::base);
  return before != nullptr && std::ranges::equal(ranges, ranges_, same_range) && std::ranges::equal(fixed, fixed_, [](const Fixed& a, const Fixed& b) {
           return a.address == b.address && a.host->name == b.host->name && a.host->hardware == b.host->hardware && a.host->client_id == b.host->client_id &&
                  a.host->identifier_value == b.host->identifier_value;
         });
}

LeaseView::Times LeaseView::times_of(const config::Scope& scope, const config::Scope* pool) {
  const auto option = [&](std::uint8_t code) { return plain_number(plain_setting(scope, code, pool)).value_or(0); };
  const auto parameter = [&](config::Parameter which) { return plain_number(plain_setting(scope, which, pool)); };
  Times times;
  times.lease = std::min(parameter(config::Parameter::default_lease_time).value_or(kDefaultTime),
                         parameter(config::Parameter::max_lease_time).value_or(kMaximumTime));
  times.renewal = option(wire::option::renewal_time);
  times.rebinding = option(wire::option::rebinding_time);
  return times;
}

const LeaseView::Fixed* LeaseView::fixed(Ipv4 address) const noexcept {
  const auto found = std::ranges::lower_bound(fixed_, address, {}, &Fixed::address);
  return found != fixed_.end() && found->address == address ? &*found : nullptr;
}

void LeaseView::forget(Facts& out) noexcept {
  out.standing = Standing::unknown;
  out.is_static = out.ever_used = false;
  out.state = lease::BindingState::free;
  out.generation = 0;
  out.pool = nullptr;
  out.htype = 0;
  out.hardware = out.client_id = out.agent_info = out.vendor_class = out.host_name = {};
  out.starts = out.ends = out.cltt = 0;
  out.lease_left = out.t1_left = out.t2_left = 0;
  out.since_cltt.reset();
}

Standing LeaseView::by_address(Ipv4 address, WallSeconds now, Facts& out) const noexcept {
  out.address = address;
  forget(out);
  if (config_ == nullptr) return out.standing;

  if (const SlotId slot = leases_.find(address); slot != lease::kNoSlot)
    if (read(slot, now, out) == Standing::active) return out.standing;
  if (const Fixed* host = fixed(address)) tell_fixed(*host, now, out);
  return out.standing;
}

Standing LeaseView::read(SlotId slot, WallSeconds now, Facts& out) const noexcept {
  // A range that went with a reload keeps its leases, but they are not ours to speak of.
  const lease::PoolId pool = leases_.pool_of(slot);
  if (pool == lease::kNoPool && fixed(out.address) == nullptr) return Standing::unknown;
  lease::Binding& binding = out.binding_;
  const lease::SlotWord word = leases_.read(slot, binding);
  out.standing = lease::is_running(word, now) ? Standing::active : Standing::unassigned;
  out.ever_used = binding.ever_used();
  out.state = binding.state;
  if (out.standing != Standing::active && out.state == lease::BindingState::active) out.state = lease::BindingState::expired;
  out.generation = word.generation();
  out.pool = pool < config_->pools().size() ? config_->pools()[pool].get() : nullptr;
  tell_binding(now, out);
  if (out.standing != Standing::active) return out.standing;
  if (revocations_ != nullptr && revocations_->is_revoked(out.address, out.pool, binding)) {
    out.state = lease::BindingState::released;
    return out.standing = Standing::unassigned;
  }
  tell_times(out.pool != nullptr ? pool_times_[pool] : Times{}, now, out);
  return out.standing;
}

void LeaseView::tell_binding(WallSeconds now, Facts& out) noexcept {
  const lease::Binding& binding = out.binding_;
  out.htype = binding.htype;
  out.hardware = binding.hardware();
  out.client_id = binding.get(lease::Item::client_id);
  out.agent_info = binding.get(lease::Item::agent_info);
  out.vendor_class = binding.get(lease::Item::vendor_class);
  out.host_name = binding.get(lease::Item::hostname);
  out.starts = binding.starts;
  out.ends = binding.ends;
  out.cltt = binding.cltt;
  if (binding.cltt != 0) out.since_cltt = until(now, binding.cltt);
}

// How long a lease of that length is left alone, and when the client turns to all servers: as the server told him (engine/compose.cc: only what is in order), else half and
// seven eighths of it (RFC 2131 §4.4.5).
LeaseView::Fractions LeaseView::fractions_of(const Times& times, std::uint32_t length) noexcept {
  const auto seven_eighths = static_cast<std::uint32_t>(std::uint64_t{length} * 7 / 8);
  const std::uint32_t t2 = times.rebinding != 0 && times.rebinding < length ? times.rebinding : seven_eighths;
  return {times.renewal != 0 && times.renewal < t2 ? times.renewal : std::min(length / 2, t2), t2};
}

void LeaseView::tell_times(const Times& times, WallSeconds now, Facts& out) const noexcept {
  if (out.ends == lease::kStoredNever) {
    out.lease_left = kInfinite;
    return;
  }
  out.lease_left = until(out.ends, now);
  if (out.starts == 0 || out.ends <= out.starts) return;
  const Fractions fractions = fractions_of(times, out.ends - out.starts);
  out.t1_left = until(WallSeconds{out.starts} + fractions.t1, now);
  out.t2_left = until(WallSeconds{out.starts} + fractions.t2, now);
}

// As he was heard last, else as he is declared. The time that he was told runs out if he is not there, and the address is his all the same: then he would be given it again
// now, for so long.
void LeaseView::tell_fixed(const Fixed& fixed, WallSeconds now, Facts& out) const noexcept {
  const config::Host& host = *fixed.host;
  forget(out);
  out.is_static = true;
  lease::Binding& binding = out.binding_;
  if (notes_ == nullptr || !notes_->read(out.address, host, binding)) {
    binding = lease::Binding{};
    if (!host.hardware.empty()) binding.set_hardware(host.hardware.front(), Bytes(host.hardware).subspan(1));
    (void)binding.set(lease::Item::client_id, host.client_id);
  }
  tell_binding(now, out);
  if (out.client_id.empty()) out.client_id = host.client_id;
  // With what was heard: a modem in quarantine is known by option 82.
  if (revocations_ != nullptr && revocations_->is_revoked(out.address, nullptr, binding)) {
    out.standing = Standing::unassigned;
    out.state = lease::BindingState::released;
    return;
  }
  out.standing = Standing::active;
  out.state = lease::BindingState::active;
  if (!lease::is_over(out.ends, now)) return tell_times(fixed.times, now, out);
  out.lease_left = fixed.times.lease;
  if (out.lease_left == kInfinite) return;
  const Fractions fractions = fractions_of(fixed.times, out.lease_left);
  out.t1_left = fractions.t1;
  out.t2_left = fractions.t2;
}

// --- by client ---

void LeaseView::Candidates::add(const Facts& facts) noexcept {
  const auto listed = std::span(list).first(count);
  if (count == list.size() || std::ranges::find(listed, facts.address, &Candidate::address) != listed.end()) return;
  list[count++] = {facts.address, facts.cltt};
}

template <typename IsHis>
Standing LeaseView::newest_of(std::span<const SlotId> slots, std::span<const Ipv4> noted, std::span<const config::Host* const> hosts, IsHis is_his, WallSeconds now,
                              Tenant& out) const noexcept {
  Candidates found;
  Facts& facts = out.newest;
  const auto look = [&](Ipv4 address) { return by_address(address, now, facts) == Standing::active && is_his(facts); };
  for (const SlotId slot : slots)
    if (look(leases_.address_of(slot))) found.add(facts);
  for (const Ipv4 address : noted)
    if (look(address)) found.add(facts);
  for (const config::Host* host : hosts)
    for (const Ipv4 address : host->fixed_addresses)
      if (look(address)) found.add(facts);

  const auto candidates = std::span(found.list).first(found.count);
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) { return a.cltt != b.cltt ? a.cltt > b.cltt : a.address < b.address; });
  out.other_count = 0;
  // Mostly there is one, and it was looked at last. Else it is looked at again, and may have changed hands meanwhile.
  std::size_t newest = 0;
  while (newest < candidates.size() && !(facts.standing == Standing::active && facts.address == candidates[newest].address && is_his(facts)) &&
         !look(candidates[newest].address)) {
    ++newest;
  }
  if (newest == candidates.size()) {
    forget(facts);
    facts.address = {};
    return Standing::unknown;
  }
  for (const Candidate& other : candidates.subspan(newest + 1)) out.others[out.other_count++] = other.address;
  return Standing::active;
}

Standing LeaseView::by_hardware(std::uint8_t htype, Bytes chaddr, WallSeconds now, Tenant& out) const noexcept {
  std::array<SlotId, kMostLeases> slots;
  std::array<Ipv4, kMostLeases> addresses;
  std::array<std::uint8_t, 1 + wire::Message::kChaddrSize> key;
  if (chaddr.empty() || chaddr.size() >= key.size() || config_ == nullptr) return newest_of({}, {}, {}, [](const Facts&) { return false; }, now, out);
  key[0] = htype;
  std::ranges::copy(chaddr, key.begin() + 1);
  const auto hosts = config_->hosts_by_hardware(Bytes(key).first(1 + chaddr.size()));
  const auto leases = std::span(slots).first(leases_.find_by_hardware(htype, chaddr, slots));
  const auto noted = std::span(addresses).first(notes_ != nullptr ? notes_->find_by_hardware(htype, chaddr, addresses) : 0);
  return newest_of(leases, noted, hosts, [&](const Facts& facts) { return facts.htype == htype && equal(facts.hardware, chaddr); }, now, out);
}

Standing LeaseView::by_client_id(Bytes client_id, WallSeconds now, Tenant& out) const noexcept {
  std::array<SlotId, kMostLeases> slots;
  std::array<Ipv4, kMostLeases> addresses;
  if (client_id.empty() || config_ == nullptr) return newest_of({}, {}, {}, [](const Facts&) { return false; }, now, out);
  const auto leases = std::span(slots).first(leases_.find_by_client_id(client_id, slots));
  const auto noted = std::span(addresses).first(notes_ != nullptr ? notes_->find_by_client_id(client_id, addresses) : 0);
  return newest_of(leases, noted, config_->hosts_by_client_id(client_id), [&](const Facts& facts) { return equal(facts.client_id, client_id); }, now, out);
}

// --- by number ---

LeaseView::Number LeaseView::number_of(Ipv4 address) const noexcept {
  if (const Fixed* host = fixed(address)) return Number{static_cast<std::uint32_t>(host - fixed_.data()) * 2 + 1};
  const SlotId slot = leases_.find(address);
  return slot == lease::kNoSlot ? Number::none : number_of(slot);
}

Ipv4 LeaseView::numbered(Number number) const noexcept {
  const std::uint32_t place = std::to_underlying(number) / 2;
  if (std::to_underlying(number) % 2 == 0) return leases_.address_of(place);
  return place < fixed_.size() ? fixed_[place].address : Ipv4{};
}

// --- by address, one after another ---

bool LeaseView::next(Place& place, Walk walk, WallSeconds now, std::size_t& budget, Facts& out) const noexcept {
  while (budget > 0 && !place.at_end()) {
    const auto address = static_cast<std::uint32_t>(place.next);
    // The next slot and the next fixed address; the nearer one counts.
    const auto block = std::ranges::lower_bound(blocks_, std::uint64_t{address}, {}, [](const Block& one) { return std::uint64_t{one.base} + AddressMap::kBlockSize - 1; });
    const auto host = std::ranges::lower_bound(fixed_, Ipv4{address}, {}, &Fixed::address);
    const std::uint64_t slot_at = block == blocks_.end() ? Place::kEnd : std::max<std::uint64_t>(block->base, address);
    const std::uint64_t host_at = host == fixed_.end() ? Place::kEnd : host->address.value;
    place.next = std::min(slot_at, host_at);
    if (place.at_end()) return false;
    const Ipv4 here{static_cast<std::uint32_t>(place.next++)};
    --budget;
    if (host_at > slot_at) {
      const lease::SlotWord word = leases_.word(block->first + (here.value - block->base));
      const bool untouched = word.state() == lease::SlotState::free && word.generation() == 0;
      if (word.state() == lease::SlotState::absent || (untouched && walk == Walk::used)) continue;
    }
    if (by_address(here, now, out) == Standing::unknown) continue;
    if (walk == Walk::all || out.ever_used || out.standing == Standing::active) return true;
  }
  return false;
}

}  // namespace coaxd::leasequery
