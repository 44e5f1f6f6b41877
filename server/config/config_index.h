// config_index.h: how the packet path finds things in a Config without allocating: by octets (hosts), by address (subnets, pool ranges).
// Built once by resolve(), then immutable and shared by all workers. Keys are views into what the Config owns.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/hash.h"
#include "server/config/config.h"

namespace coaxd::config {

// Octets -> all values filed under them, in the order of their ids. Open addressing over groups of equal keys.
template <typename T>
class BytesIndex {
 public:
  using Entry = std::pair<Bytes, T>;

  BytesIndex() = default;
  explicit BytesIndex(std::vector<Entry> entries) {
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
      if (equal(a.first, b.first)) return a.second->id < b.second->id;
      return std::ranges::lexicographical_compare(a.first, b.first);
    });
    values_.reserve(entries.size());
    for (const Entry& entry : entries) {
      if (groups_.empty() || !equal(groups_.back().key, entry.first)) {
        groups_.push_back({entry.first, static_cast<std::uint32_t>(values_.size()), 0});
      }
      ++groups_.back().count;
      values_.push_back(entry.second);
    }
    if (groups_.empty()) return;
    buckets_.assign(std::bit_ceil(groups_.size() * 2), 0);
    for (std::uint32_t i = 0; i < groups_.size(); ++i) {
      std::size_t at = bucket_of(groups_[i].key);
      while (buckets_[at] != 0) at = (at + 1) & (buckets_.size() - 1);
      buckets_[at] = i + 1;
    }
  }

  std::span<const T> find(Bytes key) const noexcept {
    if (buckets_.empty()) return {};
    for (std::size_t at = bucket_of(key); buckets_[at] != 0; at = (at + 1) & (buckets_.size() - 1)) {
      const Group& group = groups_[buckets_[at] - 1];
      if (equal(group.key, key)) return std::span(values_).subspan(group.first, group.count);
    }
    return {};
  }

 private:
  struct Group {
    Bytes key;
    std::uint32_t first = 0, count = 0;
  };
  // Only the operator writes keys into this index, so the hash needs no secret.
  std::size_t bucket_of(Bytes key) const noexcept { return hash_bytes({}, key) & (buckets_.size() - 1); }

  std::vector<T> values_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> buckets_;  // 1 + index of the group; 0: empty
};

// Most specific subnet of an address: one hash lookup per distinct mask, longest mask first. A configuration has a handful of masks
// however many subnets it has, and masks with holes need nothing special.
class SubnetIndex {
 public:
  // A subnet declared again replaces the earlier one, as in dhcpd.
  void add(const Subnet* subnet);
  const Subnet* find(Ipv4 address) const noexcept;
  // The subnet declared with exactly this prefix.
  const Subnet* exact(Prefix prefix) const noexcept;

 private:
  struct Level {
    std::uint32_t mask = 0;
    std::uint32_t count = 0;
    std::vector<const Subnet*> slots;  // open addressing by network, at most half full
    const Subnet*& slot(std::uint32_t network) noexcept;
    const Subnet* find(std::uint32_t network) const noexcept;
  };
  std::vector<Level> levels_;  // most mask bits first
};

// Disjoint ranges in ascending order.
class RangeIndex {
 public:
  struct Entry {
    AddressRange range;
    const Pool* pool;
  };
  RangeIndex() = default;
  explicit RangeIndex(std::vector<Entry> entries);
  const Pool* find(Ipv4 address) const noexcept;

 private:
  std::vector<std::uint32_t> lows_;  // alone, so that the binary search stays in few cache lines
  std::vector<Entry> entries_;
};

struct Config::Index {
  BytesIndex<const Host*> by_hardware;
  BytesIndex<const Host*> by_client_id;
  std::vector<std::pair<const OptionDefinition*, BytesIndex<const Host*>>> by_identifier;
  std::vector<Ipv4> fixed_addresses;  // ascending, unique
  SubnetIndex subnets;
  RangeIndex ranges;
  std::unordered_map<std::string_view, const Class*> classes;
  std::unordered_map<std::string_view, const Statement*> functions;
};

}  // namespace coaxd::config
