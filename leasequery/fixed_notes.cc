#include "leasequery/fixed_notes.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace coaxd::leasequery {
namespace {

using lease::Item;
using lease::SlotId;

// Whose note it is. No lease is billed here.
constexpr Item kHost = Item::billing;
constexpr std::size_t kMostSlots = 16;  // of one key: what the index holds (lease_table.h)

}  // namespace

void FixedNotes::configure(const config::Config& config, WallSeconds now) {
  std::vector<Ipv4> addresses;
  for (const auto& host : config.hosts()) addresses.insert(addresses.end(), host->fixed_addresses.begin(), host->fixed_addresses.end());
  std::ranges::sort(addresses);
  lease::PoolSpec all{.id = 0, .ranges = {}, .excluded = {}};
  for (const Ipv4 address : addresses) {
    const bool goes_on = !all.ranges.empty() && address.value <= std::uint64_t{all.ranges.back().high.value} + 1;
    if (goes_on) {
      all.ranges.back().high = address;
    } else {
      all.ranges.push_back({address, address});
    }
  }
  const std::uint32_t words = notes_.slot_count() / kBits;
  notes_.configure({&all, 1}, now);
  // Slots stay where they are, and what was heard a moment ago is still to be told.
  const auto former = std::exchange(changed_, std::make_unique<Atomic<std::uint64_t>[]>(notes_.slot_count() / kBits));
  for (std::uint32_t word = 0; word < words; ++word) changed_[word].store(former[word].load(std::memory_order_relaxed), std::memory_order_relaxed);
}

// The same name may be declared anew for another device.
FixedNotes::Mark FixedNotes::mark_of(const config::Host& host) const noexcept {
  const std::array parts{hash_bytes(seed_, as_bytes(host.name)), hash_bytes(seed_, host.hardware), hash_bytes(seed_, host.client_id),
                         hash_bytes(seed_, host.identifier_value)};
  return std::bit_cast<Mark>(hash_bytes(seed_, std::bit_cast<std::array<std::uint8_t, sizeof parts>>(parts)));
}

void FixedNotes::heard(Ipv4 address, const config::Host& host, const lease::Binding& told) noexcept {
  const SlotId slot = notes_.find(address);
  if (slot == lease::kNoSlot) return;
  lease::Binding before, note;
  const lease::SlotWord word = notes_.read(slot, before);
  static_cast<lease::BindingFields&>(note) = told;
  note.state = lease::BindingState::active;
  const Mark mark = mark_of(host);
  // In the order of what may be lost when a client sends more than fits.
  (void)note.set(kHost, mark);
  (void)note.set(Item::client_id, told.get(Item::client_id));
  const bool same = equal(before.get(kHost), mark) && before.htype == told.htype && equal(before.hardware(), told.hardware());
  for (const Item item : {Item::agent_info, Item::vendor_class, Item::hostname}) {
    const Bytes value = told.get(item);
    (void)note.set(item, value.empty() && same ? before.get(item) : value);
  }
  // Another worker heard him in the same moment, and what it has is as good.
  const auto claim = notes_.claim(slot, word);
  if (!claim) return;
  notes_.commit(*claim, note);
  if (followed_.load(std::memory_order_relaxed)) changed_[slot / kBits].fetch_or(std::uint64_t{1} << slot % kBits, std::memory_order_release);
}

bool FixedNotes::read(Ipv4 address, const config::Host& host, lease::Binding& out) const noexcept {
  const SlotId slot = notes_.find(address);
  if (slot == lease::kNoSlot) return false;
  notes_.read(slot, out);
  return equal(out.get(kHost), mark_of(host));
}

std::size_t FixedNotes::addresses_of(std::span<const SlotId> slots, std::span<Ipv4> out) const noexcept {
  const std::size_t count = std::min(slots.size(), out.size());
  std::ranges::transform(slots.first(count), out.begin(), [this](SlotId slot) { return notes_.address_of(slot); });
  return count;
}

std::size_t FixedNotes::find_by_hardware(std::uint8_t htype, Bytes chaddr, std::span<Ipv4> out) const noexcept {
  std::array<SlotId, kMostSlots> slots;
  return addresses_of(std::span(slots).first(notes_.find_by_hardware(htype, chaddr, slots)), out);
}

std::size_t FixedNotes::find_by_client_id(Bytes client_id, std::span<Ipv4> out) const noexcept {
  std::array<SlotId, kMostSlots> slots;
  return addresses_of(std::span(slots).first(notes_.find_by_client_id(client_id, slots)), out);
}

}  // namespace coaxd::leasequery
