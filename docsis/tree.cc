#include "docsis/tree.h"

#include <fmt/format.h>

namespace coaxd::docsis {

std::string name_of(const Node& node) { return node.tlv != nullptr ? std::string(node.tlv->name) : fmt::format("TLV {}", node.code); }

bool is_pad(const Node& node) noexcept { return node.tlv != nullptr && node.tlv->kind == Kind::pad && node.value.empty() && !node.block; }

std::size_t header_size(const Node& node) noexcept { return is_pad(node) ? 1 : node.wide ? 3 : 2; }

std::size_t encoded_size(const Node& node) noexcept {
  std::size_t size = header_size(node) + node.value.size();
  for (const Node& child : node.children) size += encoded_size(child);
  return size;
}

}  // namespace coaxd::docsis
