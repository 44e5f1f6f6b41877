// mib_tree.h: MibNames from a table of rows: the tree of OIDs, in the order of a walk. Rows and what they refer to belong to whoever made the tree and outlive
// it; the tree itself allocates nothing but its answers. Immutable, any thread.
// Names are read and written as net-snmp does (its parser accepts what its printer writes, mostly), because users know it from there; RFC 2578 §7.7 says
// how values become indexes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/mib_names.h"

namespace coaxd::docsis {

// What SYNTAX comes down to. enumeration is INTEGER with labels.
enum class MibSyntax : std::uint8_t {
  node, int32, enumeration, octets, uint32, counter32, counter64, bits, time_ticks, ip_address, object_id, gauge32, opaque,
};

struct MibIndexPart {
  std::string_view label;  // the object whose value it is
  bool implied = false;    // a string or OID without its length: the last part
};

struct MibRow {
  std::uint32_t arc;
  std::uint8_t depth;      // iso: 1
  MibSyntax syntax = MibSyntax::node;
  bool writable = false;
  bool printable = false;
  std::string_view name;   // empty: MIB files mention its children only
  std::span<const MibRange> ranges{};
  std::span<const MibEnum> enums{};
  std::span<const MibIndexPart> index{};  // of a table's entry
  std::string_view module{};
  std::uint8_t rank = 0;   // below kMibRanks: of equal names the lowest is meant
};
inline constexpr std::uint8_t kMibRanks = 4;

// How rows lie to each other, found once. A row's parent is the nearest one before it that is less deep, by one.
struct MibLinks {
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  std::span<const std::uint32_t> parents, siblings;
  std::span<const std::uint32_t> buckets;  // by name; a power of two, at least half of them empty
};

constexpr std::uint32_t mib_name_hash(std::string_view name) noexcept {  // FNV-1a
  std::uint32_t hash = 2166136261;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return hash;
}

// Fills what becomes MibLinks; sizes as there.
constexpr void link_mib_rows(std::span<const MibRow> rows, std::span<std::uint32_t> parents, std::span<std::uint32_t> siblings,
                             std::span<std::uint32_t> buckets) {
  constexpr std::uint32_t kNone = MibLinks::kNone;
  std::array<std::uint32_t, 256> last{};  // at each depth
  last.fill(kNone);
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    const std::uint8_t depth = rows[i].depth;
    siblings[i] = kNone;
    parents[i] = depth > 1 ? last[depth - 1u] : kNone;
    if (const std::uint32_t before = last[depth]; before != kNone && parents[before] == parents[i]) siblings[before] = i;
    last[depth] = i;
  }
  for (auto& bucket : buckets) bucket = kNone;
  for (std::uint8_t rank = 0; rank < kMibRanks; ++rank) {  // so that of equal names the one that is meant is found first
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      if (rows[i].name.empty() || rows[i].rank != rank) continue;
      std::size_t at = mib_name_hash(rows[i].name) & (buckets.size() - 1);
      while (buckets[at] != kNone) at = (at + 1) & (buckets.size() - 1);
      buckets[at] = i;
    }
  }
}

class MibTree final : public MibNames {
 public:
  // `preferred`: modules whose names win over all others', the first one most; for sites that use RFC 4131's docsBpi2 objects, say.
  MibTree(std::span<const MibRow> rows, const MibLinks& links, std::span<const std::string> preferred = {})
      : rows_(rows), links_(links), preferred_(preferred.begin(), preferred.end()) {}

  std::expected<Oid, std::string> resolve(std::string_view token) const override;
  std::string name(OidView oid) const override;
  std::optional<MibObject> object(OidView oid) const override;

  // For resolve() and name(). A row is its place in the table; kNone is the root above all.
  static constexpr std::uint32_t kNone = MibLinks::kNone;
  const MibRow& row(std::uint32_t at) const noexcept { return rows_[at]; }
  std::uint32_t parent(std::uint32_t at) const noexcept { return links_.parents[at]; }
  bool has_children(std::uint32_t at) const noexcept { return first_child(at) != kNone; }
  std::uint32_t child(std::uint32_t of, std::uint32_t arc) const noexcept;  // of several the last, as in net-snmp
  std::uint32_t child(std::uint32_t of, std::string_view name) const noexcept;
  std::uint32_t find(std::string_view name, std::string_view module = {}) const noexcept;
  std::string_view similar_name(std::string_view name) const;  // empty: none is near
  Oid oid_of(std::uint32_t at) const;
  // A string whose SIZE is one number has no length in an index (RFC 2578 §7.7); nothing: its size varies.
  std::optional<std::size_t> fixed_size(std::uint32_t at) const noexcept;

 private:
  std::uint32_t first_child(std::uint32_t at) const noexcept;

  std::span<const MibRow> rows_;
  MibLinks links_;
  std::vector<std::string> preferred_;
};

// The rows of built_in_mibs(), in the order of their OIDs.
std::span<const MibRow> built_in_mib_rows() noexcept;

}  // namespace coaxd::docsis
