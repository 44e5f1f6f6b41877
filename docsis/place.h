// place.h: where a TLV stands: "UsServiceFlow[1].MaxRateSustained", for checker and diff. Points into a Document, which stays as it is meanwhile. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "docsis/tree.h"

namespace coaxd::docsis {

// "MaxCPE"; "TLV 190" where the table has no name for it.
std::string name_of(const Node& node);
// The child of that code; null: there is none. Of several, the first.
const Node* child(const Node& node, std::uint8_t code) noexcept;
// The number by which other TLVs know a classifier, a flow, a profile; nothing: it is none, or has none.
std::optional<std::uint32_t> reference(const Node& node);
// The numeric OID of a varbind; empty: it is none.
std::string varbind_name(const Node& node, FileKind kind);

struct Place {
  const Node* node;
  const Place* parent;              // null: top level
  std::span<const Node> siblings;   // it among them
  std::size_t offset;               // of its code octet in the file
  bool foreign;                     // in a vendor's block, where only the vendor knows what codes mean
  bool again;                       // another of its code stands before it

  std::string path(FileKind kind) const;
};

// [1] by reference, [1.3.6...] by the name of the object, else by order where there is more than one: what path() puts behind the name.
std::string index_among(const Node& node, std::span<const Node> siblings, FileKind kind);
// The same of the `number`-th (from 1) of `all` of its code.
std::string index_of(const Node& node, std::size_t number, std::size_t all, FileKind kind);
// VendorSpecific of somebody other than CableLabs (MULPI 3.0 C.1.1.17).
bool is_foreign(const Node& vendor_specific) noexcept;
// Of code and length.
std::size_t header_size(const Node& node) noexcept;
std::size_t encoded_size(const Node& node) noexcept;

}  // namespace coaxd::docsis
