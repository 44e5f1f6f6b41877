// place.h: where a TLV stands: "UsServiceFlow[1].MaxRateSustained", for checker and diff. Points into a Document, which stays as it is meanwhile. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "docsis/tree.h"

namespace coaxd::docsis {

// The child of that code; null: there is none. Of several, the first.
const Node* child(const Node& node, std::uint8_t code) noexcept;
// The number by which other TLVs know a classifier, a flow, a profile; nothing: it is none, or has none.
std::optional<std::uint32_t> reference(const Node& node);
// The numeric OID of a varbind; empty: it is none.
std::string varbind_name(const Node& node, FileKind kind);

struct Place {
  const Node* node;
  const Place* parent;              // null: top level
  std::size_t number, all;          // it is the number-th, from 1, of all of its code beside it
  std::size_t offset;               // of its code octet in the file
  bool foreign;                     // in a vendor's block, where only the vendor knows what codes mean

  std::string path(FileKind kind) const;
};

// [1] by reference, [1.3.6...] by the name of the object, else by order where there is more than one: what path() puts behind the name.
std::string index_of(const Node& node, std::size_t number, std::size_t all, FileKind kind);
// VendorSpecific of somebody other than CableLabs (MULPI 3.0 C.1.1.17).
bool is_foreign(const Node& vendor_specific) noexcept;

}  // namespace coaxd::docsis
