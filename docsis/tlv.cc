#include "docsis/tlv.h"

#include <algorithm>
#include <array>
#include <vector>

#include "server/base/assert.h"
#include "server/base/did_you_mean.h"

namespace coaxd::docsis {
namespace {

// --- the rows ---

struct Bounds {
  constexpr Bounds() = default;
  constexpr Bounds(std::uint32_t low, std::uint32_t high) : set(true), min(low), max(high) {}
  bool set = false;
  std::uint32_t min = 0, max = 0;
};

struct Traits {
  std::uint16_t bits = 0;  // the low octet: place in the CMTS MIC
  constexpr Traits operator|(Traits other) const { return {static_cast<std::uint16_t>(bits | other.bits)}; }
  constexpr bool has(Traits other) const { return (bits & other.bits) != 0; }
};
constexpr Traits plain{0}, once{0x100}, splits{0x200}, messages{0x400}, spec{0x800}, half{0x1000};
constexpr Traits mic(std::uint8_t place) { return {place}; }

struct Row {
  std::string_view path, name;
  Kind kind;
  Bounds bounds;
  Release since;
  Traits traits;
  std::string_view clause, note = {};
};

constexpr std::uint8_t last_number(std::string_view path) {
  unsigned code = 0;
  for (const char c : path.substr(path.rfind('.') + 1)) code = code * 10 + static_cast<unsigned>(c - '0');
  return static_cast<std::uint8_t>(code);
}

constexpr Tlv tlv_of(const Row& row) {
  return {.path = row.path,
          .name = row.name,
          .kind = row.kind,
          .bounded = row.bounds.set,
          .min = row.bounds.min,
          .max = row.bounds.max,
          .since = row.since,
          .mic = static_cast<std::uint8_t>(row.traits.bits),
          .repeats = !row.traits.has(once),
          .splits = row.traits.has(splits),
          .configures = !row.traits.has(messages),
          .utility = row.traits.has(spec) ? Utility::unknown : row.traits.has(half) ? Utility::writes : Utility::knows,
          .clause = row.clause,
          .note = row.note,
          .own_code = last_number(row.path)};
}

constexpr auto kTlvs = [] {
  using enum Kind;
  using enum Release;
  constexpr Row kRows[] = {
#include "docsis/tlv_rows.inc"
  };
  std::array<Tlv, std::size(kRows)> tlvs{};
  for (std::size_t i = 0; i < tlvs.size(); ++i) tlvs[i] = tlv_of(kRows[i]);
  return tlvs;
}();

using Index = std::uint16_t;
constexpr Index kNone = 0xffff;
static_assert(kTlvs.size() < kNone);

// --- places: of every row its parent, and of every parent its children side by side, by code ---

constexpr std::size_t depth(std::string_view path) { return static_cast<std::size_t>(std::count(path.begin(), path.end(), '.')); }
constexpr std::string_view stem(std::string_view path) { return path.substr(0, path.rfind('.')); }  // the whole path at top level
constexpr std::size_t kDeepest = 8;

// A row is its own parent's child in path order, so one walk with the path down to it finds them all. Where a place has several rows, the
// children belong to the one that nests; where none does, this throws, which no constant expression may.
constexpr auto kParents = [] {
  std::array<Index, kTlvs.size()> parents{};
  std::array<Index, kDeepest> above{};  // the row at each depth that the walk is below
  for (std::size_t i = 0; i < kTlvs.size(); ++i) {
    const std::string_view path = kTlvs[i].path;
    const std::size_t d = depth(path);
    if (d == 0) {
      parents[i] = kNone;
    } else {
      parents[i] = above[d - 1];
      const Tlv& parent = kTlvs[parents[i]];
      if (!parent.nests() || parent.path != stem(path)) throw "a row without a parent that nests";
    }
    above[d] = static_cast<Index>(i);
  }
  return parents;
}();

struct Span {
  Index first = 0, size = 0;
};
struct Children {
  std::array<Span, kTlvs.size() + 1> of{};   // of each row; the last one is top level
  std::array<Index, kTlvs.size()> rows{};    // children of one parent stand together
  std::array<std::uint8_t, kTlvs.size()> codes{};
};
constexpr auto kChildren = [] {
  Children children;
  const auto slot = [](std::size_t row) { return kParents[row] == kNone ? kTlvs.size() : kParents[row]; };
  for (std::size_t i = 0; i < kTlvs.size(); ++i) ++children.of[slot(i)].size;
  Index first = 0;
  for (Span& span : children.of) {
    span.first = first;
    first = static_cast<Index>(first + span.size);
    span.size = 0;
  }
  for (std::size_t i = 0; i < kTlvs.size(); ++i) {
    Span& span = children.of[slot(i)];
    const auto at = static_cast<Index>(span.first + span.size++);
    children.rows[at] = static_cast<Index>(i);
    children.codes[at] = kTlvs[i].own_code;
  }
  return children;
}();

// Its index; of null, which is the parent of the top level, the one behind the last.
std::size_t row_of(const Tlv* tlv) noexcept {
  if (tlv == nullptr) return kTlvs.size();
  const auto row = static_cast<std::size_t>(tlv - kTlvs.data());
  COAXD_ASSERT(row < kTlvs.size());
  return row;
}

// --- keywords: an open-addressed table of names, each the first of a chain of rows ---

constexpr std::size_t kSlots = 2048;  // three times as many as there are names
constexpr std::size_t slot_of(std::string_view name) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619u;
  return (hash ^ (hash >> 16)) % kSlots;
}

struct Keywords {
  std::array<Index, kSlots> first{};          // row, or kNone
  std::array<Index, kTlvs.size()> next{};     // the next row of that name, or kNone
  std::size_t names = 0;
};
constexpr auto kKeywords = [] {
  Keywords keywords;
  keywords.first.fill(kNone);
  keywords.next.fill(kNone);
  std::array<Index, kSlots> last{};
  for (std::size_t i = 0; i < kTlvs.size(); ++i) {
    std::size_t slot = slot_of(kTlvs[i].name);
    while (keywords.first[slot] != kNone && kTlvs[keywords.first[slot]].name != kTlvs[i].name) slot = (slot + 1) % kSlots;
    if (keywords.first[slot] == kNone) {
      keywords.first[slot] = static_cast<Index>(i);
      ++keywords.names;
    } else {
      keywords.next[last[slot]] = static_cast<Index>(i);
    }
    last[slot] = static_cast<Index>(i);
  }
  return keywords;
}();
static_assert(kKeywords.names * 3 <= kSlots);

Index first_named(std::string_view keyword) noexcept {
  for (std::size_t slot = slot_of(keyword);; slot = (slot + 1) % kSlots) {
    const Index row = kKeywords.first[slot];
    if (row == kNone || kTlvs[row].name == keyword) return row;
  }
}

// --- what must hold of the rows ---

constexpr bool sorted_and_unique() {
  for (std::size_t i = 1; i < kTlvs.size(); ++i) {
    const Tlv &a = kTlvs[i - 1], &b = kTlvs[i];
    if (kParents[i - 1] == kParents[i] && (a.own_code > b.own_code || (a.own_code == b.own_code && a.name == b.name))) return false;
  }
  for (const Span& span : kChildren.of)
    for (std::size_t i = span.first + 1u; i < span.first + std::size_t{span.size}; ++i)
      if (kChildren.codes[i - 1] > kChildren.codes[i]) return false;
  return true;
}
static_assert(sorted_and_unique());

// MULPI 3.0 D.1.1 lists 21 types.
constexpr bool mic_order_is_complete() {
  std::array<std::uint8_t, 22> seen{};
  for (std::size_t i = 0; i < kTlvs.size(); ++i) {
    if (kTlvs[i].mic == 0) continue;
    if (kParents[i] != kNone || kTlvs[i].mic >= seen.size() || ++seen[kTlvs[i].mic] > 1) return false;
  }
  return std::count(seen.begin(), seen.end(), 1) == 21;
}
static_assert(mic_order_is_complete());

constexpr bool bounds_are_possible() {
  for (const Tlv& tlv : kTlvs) {
    if (!tlv.bounded) continue;
    if (tlv.min > tlv.max || tlv.nests()) return false;
    const std::size_t octets = width(tlv.kind);
    if (tlv.kind >= Kind::u8 && tlv.kind <= Kind::u24 && tlv.max > (1u << (8 * octets))) return false;  // a registry that means 2^16 - 1 may say 2^16
  }
  return true;
}
static_assert(bounds_are_possible());

}  // namespace

std::span<const Tlv> tlvs() noexcept { return kTlvs; }

const Tlv* find_code(const Tlv* parent, std::uint8_t code) noexcept {
  const Span span = kChildren.of[row_of(parent)];
  const std::uint8_t* const begin = kChildren.codes.data() + span.first;
  const std::uint8_t* const found = std::lower_bound(begin, begin + span.size, code);
  if (found == begin + span.size || *found != code) return nullptr;
  return &kTlvs[kChildren.rows[static_cast<std::size_t>(found - kChildren.codes.data())]];
}

const Tlv* same_place(const Tlv& row) noexcept {
  const std::size_t i = row_of(&row);
  return i + 1 < kTlvs.size() && kTlvs[i + 1].path == row.path ? &kTlvs[i + 1] : nullptr;
}

const Tlv* parent_of(const Tlv& row) noexcept {
  const std::size_t i = row_of(&row);
  return kParents[i] == kNone ? nullptr : &kTlvs[kParents[i]];
}

const Tlv* find_keyword(const Tlv* parent, std::string_view keyword, bool& misplaced) noexcept {
  const Index first = first_named(keyword);
  misplaced = false;
  if (first == kNone) return nullptr;
  const Index wanted = parent == nullptr ? kNone : static_cast<Index>(row_of(parent));
  for (Index row = first; row != kNone; row = kKeywords.next[row])
    if (kParents[row] == wanted) return &kTlvs[row];
  misplaced = true;
  return &kTlvs[first];
}

const Tlv* utility_keyword(std::string_view keyword) noexcept {
  for (Index row = first_named(keyword); row != kNone; row = kKeywords.next[row])
    if (kTlvs[row].utility != Utility::unknown) return &kTlvs[row];
  return nullptr;
}

std::string_view similar_keyword(std::string_view keyword) {
  std::vector<std::string_view> names;
  names.reserve(kKeywords.names);
  for (const Index row : kKeywords.first)
    if (row != kNone) names.push_back(kTlvs[row].name);
  if (const std::string_view near = did_you_mean(keyword, names); !near.empty()) return near;
  constexpr std::size_t kTelling = 4;  // letters
  if (keyword.size() < kTelling) return {};
  // One that begins so: the nearest to the top level.
  const auto depth = [](Index row) { return std::pair{std::ranges::count(kTlvs[row].path, '.'), row}; };
  Index begun = kNone;
  for (const Index row : kKeywords.first)
    if (row != kNone && kTlvs[row].name.starts_with(keyword) && (begun == kNone || depth(row) < depth(begun))) begun = row;
  return begun == kNone ? std::string_view{} : kTlvs[begun].name;
}

}  // namespace coaxd::docsis
