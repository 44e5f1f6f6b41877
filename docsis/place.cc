// place.h
#include "docsis/place.h"

#include <fmt/format.h>

#include <algorithm>

#include "docsis/file.h"
#include "docsis/printer.h"
#include "docsis/value_text.h"
#include "docsis/varbind.h"

namespace coaxd::docsis {
namespace {

// Blocks at top level whose first sub-TLV is what others name them by (MULPI 3.0 C.1.1.4.1, C.2.1.4.1, C.2.2.5.1; 3.1 C.2.2.9; DPoE).
constexpr std::uint8_t kReferenced[] = {4, 22, 23, 24, 25, 60, 70, 71, 72, 73};
constexpr std::uint8_t kReference = 1;
constexpr std::uint8_t kVendorIdentifier = 8;
constexpr std::uint8_t kCableLabs[] = {0xff, 0xff, 0xff};

bool top_level(const Node& node) noexcept { return node.tlv != nullptr && node.tlv->path.find('.') == std::string_view::npos; }

}  // namespace

const Node* child(const Node& node, std::uint8_t code) noexcept {
  const auto found = std::ranges::find(node.children, code, &Node::code);
  return found == node.children.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> reference(const Node& node) {
  if (!node.block || !top_level(node) || !std::ranges::binary_search(kReferenced, node.code)) return std::nullopt;
  const Node* known_by = child(node, kReference);
  if (known_by == nullptr || known_by->block || known_by->value.empty() || known_by->value.size() > 4) return std::nullopt;
  return integer(known_by->value);
}

std::string varbind_name(const Node& node, FileKind kind) {
  if (!is_varbind(node, kind)) return {};
  const auto varbind = decode_varbind(node.value);
  return varbind ? to_text(varbind->name) : std::string{};
}

std::string index_of(const Node& node, std::size_t number, std::size_t all, FileKind kind) {
  if (const auto known_by = reference(node)) return fmt::format("[{}]", *known_by);
  if (const std::string object = varbind_name(node, kind); !object.empty()) return fmt::format("[{}]", object);
  return all > 1 ? fmt::format("[{}]", number) : std::string{};
}

std::string Place::path(FileKind kind) const {
  const std::string own = name_of(*node) + index_of(*node, number, all, kind);
  return parent == nullptr ? own : parent->path(kind) + "." + own;
}

bool is_foreign(const Node& node) noexcept {
  if (node.code != kVendorSpecificCode || !node.block) return false;
  const Node* vendor = child(node, kVendorIdentifier);
  return vendor == nullptr || !equal(vendor->value, kCableLabs);
}

}  // namespace coaxd::docsis
