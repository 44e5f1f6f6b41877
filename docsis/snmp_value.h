// snmp_value.h: the value of an SnmpMibObject as it is written -> contents octets in BER, by the word that says its type. What the MIB knows of the object is
// checked: the size of strings as the utility does it; in the native dialect also type, range and labels, as warnings, since MIB and firmware disagree now and then.
// Pure but for the report; any thread. Source: reference docsis, section 3.3; RFC 2578 §7.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "docsis/lexer.h"
#include "docsis/mib_names.h"
#include "docsis/report.h"
#include "docsis/varbind.h"

namespace coaxd::docsis {

// "Gauge32": one row of the table of types.
struct SnmpWord {
  enum class Form : std::uint8_t { integer, unsigned_number, ticks, ip4, string, hex, object_id, bits };
  std::string_view word;
  SnmpType type;
  Form form;
  bool native_only;
  std::uint64_t highest;  // of unsigned_number and ticks
};
// Null: no such type in this dialect.
const SnmpWord* find_snmp_word(std::string_view word, Dialect dialect) noexcept;
// What to write instead of a word that is none: the one that is near, or all.
std::string snmp_word_mend(std::string_view wrong, Dialect dialect);

// Where a value goes: the words before it in its statement, understood.
struct SnmpTarget {
  const SnmpWord* word = nullptr;
  Oid name;
  std::string written;  // the name as it stands in the text
  std::optional<MibObject> object;
};

// Replaces `contents`. False: told.
bool read_contents(const SnmpTarget& target, const Token& token, const MibNames& mibs, Report& report, Octets& contents);

}  // namespace coaxd::docsis
