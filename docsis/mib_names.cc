// The built-in table: rows of the .inc files, linked while this is compiled.
#include "docsis/mib_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "docsis/mib_tree.h"

namespace coaxd::docsis {
namespace {

// --- what rows share ---

struct Module {
  std::string_view label;
  std::uint8_t rank = 0;
};

#define ENUM(id, ...) constexpr MibEnum id[] = {__VA_ARGS__};
#define RANGE(id, ...) constexpr MibRange id[] = {__VA_ARGS__};
#define INDEX(id, ...) constexpr MibIndexPart id[] = {__VA_ARGS__};
#define MODULE(id, label, gives_way) constexpr Module id{label, gives_way};
#include "docsis/mib_syntax.inc"
#undef ENUM
#undef RANGE
#undef INDEX
#undef MODULE
constexpr std::span<const MibEnum> e_none;
constexpr std::span<const MibRange> r_any;
constexpr Module M_none{};

// --- the rows ---

struct Access {
  bool writable, printable;
};
constexpr Access ro{false, false}, rw{true, false}, ro_text{false, true}, rw_text{true, true};

#define N(depth, arc, name, home) {arc, depth, MibSyntax::node, false, false, name, {}, {}, {}, home.label, home.rank},
#define T(depth, arc, name, index, home) {arc, depth, MibSyntax::node, false, false, name, {}, {}, index, home.label, home.rank},
#define O(depth, arc, name, syntax, access, ranges, enums, home) \
  {arc, depth, MibSyntax::syntax, access.writable, access.printable, name, ranges, enums, {}, home.label, home.rank},
constexpr MibRow kRows[] = {
#include "docsis/mib_rows.inc"
};
#undef N
#undef T
#undef O

// What there is without any MIB: the roots.
constexpr MibRow kRoots[] = {
    {.arc = 0, .depth = 1, .name = "ccitt"},
    {.arc = 1, .depth = 1, .name = "iso"},
    {.arc = 2, .depth = 1, .name = "joint-iso-ccitt"},
};

template <std::size_t kSize>
class Links {
 public:
  constexpr explicit Links(std::span<const MibRow> rows) { link_mib_rows(rows, parents_, siblings_, buckets_); }
  constexpr MibLinks view() const { return {parents_, siblings_, buckets_}; }

 private:
  std::array<std::uint32_t, kSize> parents_{}, siblings_{};
  std::array<std::uint32_t, std::bit_ceil(2 * kSize)> buckets_{};
};

constexpr Links<std::size(kRows)> kLinks{kRows};
constexpr Links<std::size(kRoots)> kRootLinks{kRoots};

}  // namespace

bool allows(const MibObject& object, std::int64_t value) noexcept {
  if (!object.ranges.empty()) return std::ranges::any_of(object.ranges, [&](const MibRange& range) { return value >= range.low && value <= range.high; });
  return (!object.low || value >= *object.low) && (!object.high || value <= *object.high);
}

std::string allowed_text(const MibObject& object) {
  std::string text;
  const auto add = [&](std::int64_t low, std::int64_t high) {
    text += text.empty() ? "" : ", ";
    text += low == high ? fmt::format("{}", low) : fmt::format("{} to {}", low, high);
  };
  for (const MibRange& range : object.ranges) add(range.low, range.high);
  if (object.ranges.empty()) add(object.low.value_or(0), object.high.value_or(INT32_MAX));
  return text;
}

std::span<const MibRow> built_in_mib_rows() noexcept { return kRows; }

const MibNames& built_in_mibs() {
  static const MibTree tree(kRows, kLinks.view());
  return tree;
}

const MibNames& no_mibs() {
  static const MibTree tree(kRoots, kRootLinks.view());
  return tree;
}

std::unique_ptr<const MibNames> built_in_mibs_preferring(std::span<const std::string> modules) {
  return std::make_unique<MibTree>(kRows, kLinks.view(), modules);
}

}  // namespace coaxd::docsis
