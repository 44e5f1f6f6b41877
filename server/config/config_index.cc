#include "server/config/config_index.h"

namespace coaxd::config {
namespace {

// Fibonacci hashing: networks differ in their high bits and end in zeros, which a mere mask would drop.
std::size_t spread(std::uint32_t network, std::size_t size) noexcept {
  return static_cast<std::size_t>((network * 0x9E3779B97F4A7C15ULL) >> 32) & (size - 1);
}

}  // namespace

const Subnet*& SubnetIndex::Level::slot(std::uint32_t network) noexcept {
  std::size_t at = spread(network, slots.size());
  while (slots[at] != nullptr && slots[at]->prefix.network.value != network) at = (at + 1) & (slots.size() - 1);
  return slots[at];
}

const Subnet* SubnetIndex::Level::find(std::uint32_t network) const noexcept {
  std::size_t at = spread(network, slots.size());
  while (slots[at] != nullptr && slots[at]->prefix.network.value != network) at = (at + 1) & (slots.size() - 1);
  return slots[at];
}

void SubnetIndex::add(const Subnet* subnet) {
  const std::uint32_t mask = subnet->prefix.mask.value;
  auto level = std::ranges::find(levels_, mask, &Level::mask);
  if (level == levels_.end()) {
    level = std::ranges::find_if(levels_, [&](const Level& l) { return std::popcount(l.mask) < std::popcount(mask); });
    level = levels_.insert(level, Level{mask, 0, std::vector<const Subnet*>(8)});
  }
  if ((level->count + 1) * 2 > level->slots.size()) {
    std::vector<const Subnet*> old(level->slots.size() * 2);
    old.swap(level->slots);
    for (const Subnet* moved : old) {
      if (moved != nullptr) level->slot(moved->prefix.network.value) = moved;
    }
  }
  const Subnet*& place = level->slot(subnet->prefix.network.value);
  if (place == nullptr) ++level->count;
  place = subnet;
}

const Subnet* SubnetIndex::find(Ipv4 address) const noexcept {
  for (const Level& level : levels_) {
    if (const Subnet* found = level.find(address.value & level.mask)) return found;
  }
  return nullptr;
}

const Subnet* SubnetIndex::exact(Prefix prefix) const noexcept {
  const auto level = std::ranges::find(levels_, prefix.mask.value, &Level::mask);
  return level == levels_.end() ? nullptr : level->find(prefix.network.value);
}

RangeIndex::RangeIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::ranges::sort(entries_, {}, [](const Entry& e) { return e.range.low; });
  lows_.reserve(entries_.size());
  for (const Entry& entry : entries_) lows_.push_back(entry.range.low.value);
}

const Pool* RangeIndex::find(Ipv4 address) const noexcept {
  const auto after = std::ranges::upper_bound(lows_, address.value);
  if (after == lows_.begin()) return nullptr;
  const Entry& entry = entries_[static_cast<std::size_t>(after - lows_.begin()) - 1];
  return address <= entry.range.high ? entry.pool : nullptr;
}

}  // namespace coaxd::config
