// check.h: what a configuration says that a modem or CMTS will not accept, or that its author cannot have meant. Reads the table's rows; the rest is
// a list of rules, one function each. Any thread. Source: MULPI 3.0/3.1 Annex C, D; per rule.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/mib_names.h"
#include "docsis/tree.h"

namespace coaxd::docsis {

struct CheckOptions {
  std::optional<Release> release;           // the modem's DOCSIS version; nothing: any
  const MibNames* mibs = &built_in_mibs();  // types and ranges of SnmpMibObject
};
// In the order of the file; those about the whole file are last. Ranges and lengths, TLVs that may not be repeated, required ones (3; 4 or 24 and 25), 4 beside
// 24/25, classifiers and PHS whose service flow does not exist, references used twice, values of 255 octets, what `release` does not have, files above 8192
// octets, SnmpMibObjects that no agent takes. A text has no MICs yet, so they are asked for only where the end marker is.
Problems check(const Document& document, std::string_view name, const CheckOptions& options);
// Of a text: adds what check() has found to what parse() has told, which is often the same of the same place in other words. The graver one counts.
void merge(Problems& told, Problems found);

// "3.0"; nothing: there is no such version.
std::optional<Release> release_of(std::string_view text) noexcept;
std::string_view release_name(Release release) noexcept;  // "DOCSIS 3.0"

// What differs, as lines of "-" and "+" with the path of each: TLVs are matched by path, then by reference (classifier, service flow), then by order.
struct Difference {
  enum class Kind : std::uint8_t { removed, added, changed };
  Kind kind;
  std::string path;           // "UsServiceFlow[1].MaxRateSustained"
  const Node* before = nullptr;  // into the documents compared; null: added
  const Node* after = nullptr;   // null: removed
};
std::vector<Difference> diff(const Document& before, const Document& after);

}  // namespace coaxd::docsis
