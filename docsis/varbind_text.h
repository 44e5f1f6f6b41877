// varbind_text.h: what stands behind SnmpMibObject: `sysContact.0 String "noc"`, the words and the value apart, for printer, JSON and diff. Values only, any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "docsis/text.h"
#include "docsis/value_text.h"
#include "docsis/varbind.h"

namespace coaxd::docsis {

// Where a digit map lies in an MTA file (PacketCable 2.0 pktcEUEDevDigMap): the utility has a keyword of its own for it.
OidView digit_map_oid() noexcept;
// One of the three objects that hold an MTA file's own hash (MtaHash).
bool is_mta_hash(OidView oid) noexcept;

struct VarbindText {
  Varbind varbind;
  std::string name;        // as `options` has it: "sysContact.0", ".1.3.6.1.2.1.1.4.0"
  std::string_view type;   // "HexString"
  std::string value;       // "0x00"
  std::string label;       // of the enum, when the object is known; else empty
  std::string_view should_be;  // the type that the object has, in the utility's words, when it is not this one; else empty
};
// Nothing: not a varbind, or one whose type or length no text of ours has a word for.
std::optional<VarbindText> varbind_text(Bytes value, const PrintOptions& options);

}  // namespace coaxd::docsis
