// mib_names.h: names of SNMP objects. A table of those that modem and MTA configurations really use is built in, so that a fresh
// machine resolves them; where MIB files are installed, net-snmp's (netsnmp_mibs.h) knows the rest.
// Immutable once made, any thread. Source of the built-in rows: CableLabs' and IETF's MIB modules.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "docsis/oid.h"
#include "docsis/varbind.h"

namespace coaxd::docsis {

struct MibEnum {
  std::int32_t value;
  std::string_view label;
};

struct MibRange {
  std::int64_t low, high;
};

// An object: enough to check a value and to show it. What it points to lives as long as the MibNames.
struct MibObject {
  std::string_view name;
  SnmpType type;
  bool bits = false;                       // SYNTAX BITS: an octet string whose enums number bits
  bool printable = false;                  // DisplayString and its like
  bool writable = false;                   // MAX-ACCESS read-write or read-create
  std::optional<std::int64_t> low{}, high{};  // of integers the value, of strings the size
  std::span<const MibRange> ranges{};      // the same with its gaps: 0, 36 to 260
  std::span<const MibEnum> enums{};
};

// RFC 2578 §9: a module narrows what a type can hold, to ranges of numbers or sizes.
bool allows(const MibObject& object, std::int64_t value) noexcept;
std::string allowed_text(const MibObject& object);  // "0, 36 to 260"

class MibNames {
 public:
  virtual ~MibNames() = default;
  // "sysContact.0", "docsDevFilterIpStatus.1", "system.6.0", "iso.3.6.1", `usmUserStatus."abc".1`, `vacmAccessStatus.'abc'.0`, and
  // "MODULE::name.0". The reason when it cannot be resolved.
  virtual std::expected<Oid, std::string> resolve(std::string_view token) const = 0;
  // As the utility prints it: the longest name that is known, the rest as numbers, indexes by label or quoted text where the object's
  // INDEX says so; "enterprises.4491.2"; iso.3.6 when nothing is known.
  virtual std::string name(OidView oid) const = 0;
  // The object that `oid` is an instance of; nothing: not known.
  virtual std::optional<MibObject> object(OidView oid) const = 0;
};

// The table alone: needs no file.
const MibNames& built_in_mibs();
// The same, but where two modules have a name, that of these modules wins, the first one's most: {"DOCS-IETF-BPI2-MIB"} for a site whose modems have RFC 4131's
// docsBpi2 objects. Without it names mean what they mean to the utility.
std::unique_ptr<const MibNames> built_in_mibs_preferring(std::span<const std::string> modules);
// Knows no name but `iso`: what the utility prints where no MIB is installed, and with -o.
const MibNames& no_mibs();

}  // namespace coaxd::docsis
