// The rules about one TLV: what its row says of it.
#include <fmt/format.h>

#include <algorithm>

#include "docsis/check_rules.h"
#include "docsis/file.h"
#include "docsis/value_text.h"

namespace coaxd::docsis {
namespace {

constexpr std::size_t kLongestValue = 254;  // MULPI 3.0 C.1: the length octet is 1 to 254
constexpr std::uint8_t kVendorIdentifier = 8;

// Inside another vendor's block only VendorIdentifier is ours to judge.
const Tlv* judged_row(const Place& place) noexcept {
  const Tlv* row = place.node->tlv;
  return row == nullptr || (place.foreign && place.node->code != kVendorIdentifier) ? nullptr : row;
}

void has_its_shape(Findings& findings, const Place& place, std::string_view) {
  const Tlv* row = judged_row(place);
  if (row == nullptr || place.node->unknown) return;
  const Node& node = *place.node;
  if (node.block ? row->nests() : fits(row->kind, node.value)) return;
  if (row->nests() && row->splits && place.all > 1) return;  // a piece: only together do they end where their TLVs end
  constexpr std::size_t kShown = 8;
  std::string octets;
  append_hex(Bytes(node.value).first(std::min(node.value.size(), kShown)), octets);
  const std::string what = row->nests() ? "does not end where its TLVs end:" : fmt::format("is {}, not", shape(row->kind));
  findings.error(Cause::listing, place, row->clause,
                 fmt::format("{} {} {} octets: 0x{}{}", findings.path(place), what, node.value.size(), octets, node.value.size() > kShown ? "..." : ""),
                 row->nests() ? "set its length, and theirs, right" : fmt::format("write {}", shape(row->kind)));
}

void is_in_range(Findings& findings, const Place& place, std::string_view) {
  const Tlv* row = judged_row(place);
  if (row == nullptr || !row->bounded || place.node->block || place.node->unknown || !fits(row->kind, place.node->value)) return;
  const auto measured = measure(row->kind, place.node->value);
  if (!measured || (*measured >= row->min && (*measured <= row->max || row->splits))) return;
  const std::string range = range_text(*row);
  const bool number = is_integer(row->kind);
  findings.error(number ? Cause::range : Cause::value, place, row->clause, fmt::format("{} is {}, not {}", findings.path(place), range, *measured),
                 fmt::format("{} {}", number ? "write a number from" : "make it", range));
}

void is_not_too_long(Findings& findings, const Place& place, std::string_view clause) {
  const Node& node = *place.node;
  const std::size_t size = encoded_size(node) - header_size(node);
  const bool is_cut = node.tlv != nullptr && node.tlv->splits && (size > most_octets(false) || node.tlv->kind == Kind::file);  // by encode()
  if (node.wide || size <= kLongestValue || is_cut) return;
  findings.error(Cause::value, place, clause, fmt::format("{} has {} octets; {} is the most that a TLV holds", findings.path(place), size, kLongestValue),
                 node.block ? "divide it" : node.tlv != nullptr && node.tlv->splits ? "cut it in TLVs of 254 octets" : "shorten it");
}

// Of what no table knows the length cannot be judged, but a modem may stop at it.
void is_not_empty(Findings& findings, const Place& place, std::string_view clause) {
  const Node& node = *place.node;
  if (node.unknown || header_size(node) == 1 || encoded_size(node) != header_size(node)) return;
  if (node.tlv != nullptr && node.tlv->kind == Kind::empty) return;
  findings.warning(place, clause, fmt::format("{} is empty; the length of a TLV is 1 to {}", findings.path(place), kLongestValue),
                   "give it a value, or leave it away");
}

void stands_once(Findings& findings, const Place& place, std::string_view) {
  const Tlv* row = judged_row(place);
  if (row == nullptr || row->repeats || row->splits || place.number == 1) return;
  const std::string message = fmt::format("{} is there a second time; what a modem makes of it is not defined", name_of(*place.node));
  const std::string mend = fmt::format("leave one {}", row->name);
  // Annex C says how often only of the top level; below it, that a parameter stands once in its block is how we read it.
  if (place.parent == nullptr) findings.error(Cause::value, place, row->clause, message, mend);
  else findings.warning(place, row->clause, message, mend);
}

void release_has_it(Findings& findings, const Place& place, std::string_view clause) {
  const Tlv* row = judged_row(place);
  if (row == nullptr || !findings.options().release || row->since > Release::d40 || row->since <= *findings.options().release) return;
  if (place.parent != nullptr && place.parent->node->tlv != nullptr && place.parent->node->tlv->since >= row->since) return;  // told of the block already
  findings.error(
      Cause::value, place, clause,
      fmt::format("{} is of {} and later; {} does not have it", findings.path(place), release_name(row->since), release_name(*findings.options().release)),
      fmt::format("leave it away, or check for --release {}", release_name(row->since).substr(7)));
}

void belongs_in_a_file(Findings& findings, const Place& place, std::string_view) {
  const Tlv* row = judged_row(place);
  if (row == nullptr || row->configures) return;
  if (place.parent != nullptr && place.parent->node->tlv != nullptr && !place.parent->node->tlv->configures) return;
  findings.error(Cause::value, place, row->clause, fmt::format("{} is said between modem and CMTS only, never in a file", findings.path(place)),
                 "leave it away");
}

void is_known(Findings& findings, const Place& place, std::string_view clause) {
  const Node& node = *place.node;
  if (node.tlv != nullptr || place.foreign || (findings.document().kind == FileKind::mta && node.wide)) return;
  if (place.parent != nullptr && (place.parent->node->tlv == nullptr || !place.parent->node->tlv->configures)) return;
  findings.warning(place, clause, fmt::format("{} is in no specification that we know", findings.path(place)),
                   "see that the code is meant; a modem passes over what it does not know");
}

// MULPI 3.0 C.1.1.17: the OUI says whose the rest is, so it is first.
void names_its_vendor(Findings& findings, const Place& place, std::string_view clause) {
  const Node& node = *place.node;
  if (node.code != kVendorSpecificCode || !node.block || place.foreign || node.tlv == nullptr) return;
  if (child(node, kVendorIdentifier) == nullptr)
    findings.error(Cause::value, place, clause, fmt::format("{} does not say whose it is", findings.path(place)),
                   "begin it with VendorIdentifier 0x......; the vendor's OUI, or 0xffffff for CableLabs' own");
  else if (node.children.front().code != kVendorIdentifier)
    findings.warning(place, clause, fmt::format("{} has other TLVs before its VendorIdentifier", findings.path(place)), "move VendorIdentifier to the front");
}

constexpr Rule kRules[] = {
    {"", has_its_shape},
    {"", is_in_range},
    {"MULPIv3.0 C.1", is_not_too_long},
    {"MULPIv3.0 C.1", is_not_empty},
    {"", stands_once},
    {"CL-SP-CANN", release_has_it},
    {"", belongs_in_a_file},
    {"CL-SP-CANN", is_known},
    {"MULPIv3.0 C.1.1.17", names_its_vendor},
};

}  // namespace

std::span<const Rule> value_rules() noexcept { return kRules; }

}  // namespace coaxd::docsis
