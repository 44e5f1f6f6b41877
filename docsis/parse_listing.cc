#include <fmt/format.h>

#include <algorithm>

#include "docsis/parser.h"

namespace coaxd::docsis {
namespace {

bool is_readable(const Tlv& row, std::size_t octets) noexcept {
  if (row.utility != Utility::knows || row.kind == Kind::u16_pair) return true;
  return width(row.kind) == 0 || width(row.kind) == octets;
}

// An OUI other than ffffff: the rest of the block is the vendor's own, and printed without a look at the table.
bool begins_foreign(const Tlv& row, const Node& node) noexcept {
  return row.name == "VendorIdentifier" && !std::ranges::equal(node.value, std::initializer_list<std::uint8_t>{0xff, 0xff, 0xff});
}

void check(const std::vector<Node>& nodes, const Tlv* parent, Report& report) {
  for (const Node& node : nodes) {
    if (node.wide && node.code == 64) continue;
    const Tlv* row = find_code(parent, node.code);
    if (row == nullptr) continue;
    if (const std::size_t size = encoded_size(node) - header_size(node); !is_readable(*row, size)) {
      const std::string message = fmt::format("{} has {} octet{}, not {}", row->name, width(row->kind), width(row->kind) == 1 ? "" : "s", size);
      return report.error(Cause::listing, node.at, message, "is a keyword out of its place, or a TlvCode wrong?");
    }
    if (node.block && row->nests()) check(node.children, row, report);
    if (begins_foreign(*row, node)) return;
  }
}

}  // namespace

void check_listing(const Document& document, Report& report) { check(document.nodes, nullptr, report); }

}  // namespace coaxd::docsis
