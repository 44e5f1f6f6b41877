// varbind_text.h, one row per SNMP type.
#include "docsis/varbind_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace coaxd::docsis {
namespace {

constexpr std::uint32_t kDigitMap[] = {1, 3, 6, 1, 4, 1, 4491, 2, 2, 8, 2, 1, 1, 3, 1, 1, 2, 1};
constexpr std::uint32_t kHashNorthAmerican[] = {1, 3, 6, 1, 4, 1, 4491, 2, 2, 1, 1, 2, 7, 0};  // pktcMtaDevProvConfigHash.0
constexpr std::uint32_t kHashEuro[] = {1, 3, 6, 1, 4, 1, 7432, 1, 1, 2, 9, 0};
constexpr std::uint32_t kHashIetf[] = {1, 3, 6, 1, 2, 1, 140, 1, 2, 11, 0};  // RFC 4682

// Each returns false when the contents are not of its type.
using Write = bool (*)(Bytes contents, Dialect dialect, VarbindText& to);

// X.690 §8.3.2 wants the fewest octets. What has more would be written with fewer.
bool write_integer(Bytes contents, Dialect dialect, VarbindText& to) {
  const auto value = integer_of(contents);
  if (!value || (dialect == Dialect::native && !equal(contents, contents_of_integer(*value)))) return false;
  to.value = fmt::format("{}", *value);
  return true;
}
bool write_unsigned(Bytes contents, Dialect dialect, VarbindText& to) {
  const auto value = unsigned_of(contents);
  if (!value || (dialect == Dialect::native && !equal(contents, contents_of_unsigned(*value)))) return false;
  to.value = fmt::format("{}", *value);
  return true;
}
bool write_ip_address(Bytes contents, Dialect, VarbindText& to) {
  if (contents.size() != 4) return false;
  append_ip4(contents, to.value);
  return true;
}
bool write_object_id(Bytes contents, Dialect, VarbindText& to) {
  const auto oid = parse_ber_contents(contents);
  if (!oid) return false;
  to.value = "." + to_text(*oid);
  return true;
}
bool write_octets(Bytes contents, Dialect dialect, VarbindText& to) {
  const auto quotable = [](std::uint8_t octet) { return octet != '"' && octet != '\\'; };
  if (is_printable(contents) && (dialect == Dialect::utility || (can_be_quoted(contents) && std::ranges::all_of(contents, quotable)))) {
    to.type = "String";
    append_value(Kind::str, contents, Dialect::utility, to.value);
  } else {
    to.type = "HexString";
    append_value(Kind::hex, contents, dialect, to.value);
  }
  return true;
}
bool write_opaque(Bytes contents, Dialect dialect, VarbindText& to) {
  append_value(Kind::hex, contents, dialect, to.value);
  return true;
}

struct TypeRow {
  SnmpType type;
  std::string_view word;
  std::string_view smi;  // as RFC 2578 spells it, and the utility's complaint
  Write write;
  bool enumerated;
};
constexpr TypeRow kTypes[] = {
    {SnmpType::integer, "Integer", "INTEGER", write_integer, true},
    {SnmpType::octet_string, "HexString", "OCTET STRING", write_octets, false},
    {SnmpType::object_id, "ObjectID", "OBJECT IDENTIFIER", write_object_id, false},
    {SnmpType::ip_address, "IPAddress", "IpAddress", write_ip_address, false},
    {SnmpType::counter32, "Counter32", "Counter32", write_unsigned, true},
    {SnmpType::gauge32, "Gauge32", "Gauge32 or Unsigned32", write_unsigned, true},
    {SnmpType::time_ticks, "TimeTicks", "Timeticks", write_unsigned, true},
    {SnmpType::opaque, "Opaque", "Opaque", write_opaque, false},
    {SnmpType::counter64, "Counter64", "Counter64", write_unsigned, false},
};

const TypeRow* row_of(SnmpType type) noexcept {
  const auto row = std::ranges::find(kTypes, type, &TypeRow::type);
  return row == std::end(kTypes) ? nullptr : row;
}

// What the object says about the value: the label of an enum, and whether it has that type at all.
void judge(const MibObject& object, const TypeRow& row, VarbindText& to) {
  if (row.enumerated && !object.bits) {
    const auto value = integer_of(to.varbind.contents);
    const auto found = std::ranges::find_if(object.enums, [&](const MibEnum& each) { return value == each.value; });
    if (found != object.enums.end()) to.label = found->label;
  }
  // The utility takes any octets for a string.
  if (object.type == row.type || row.type == SnmpType::octet_string) return;
  const TypeRow* right = row_of(object.type);
  to.should_be = object.bits ? "BITS" : right == nullptr ? std::string_view{} : right->smi;
}

// A name can say less than its arcs: octets of an index that cannot be printed, a name that two modules give away.
std::string name_of(OidView oid, const PrintOptions& options) {
  if (options.numeric_oids) return "." + to_text(oid);
  std::string name = options.mibs->name(oid);
  if (options.dialect == Dialect::utility) return name;
  const auto back = options.mibs->resolve(name);
  return back && std::ranges::equal(*back, oid) ? name : "." + to_text(oid);
}

}  // namespace

OidView digit_map_oid() noexcept { return kDigitMap; }

bool is_mta_hash(OidView oid) noexcept {
  for (const OidView hash : {OidView(kHashNorthAmerican), OidView(kHashEuro), OidView(kHashIetf)})
    if (std::ranges::equal(oid, hash)) return true;
  return false;
}

std::optional<VarbindText> varbind_text(Bytes value, const PrintOptions& options) {
  auto varbind = decode_varbind(value);
  if (!varbind) return std::nullopt;
  VarbindText text;
  text.varbind = std::move(*varbind);
  const TypeRow* row = row_of(text.varbind.type);
  if (row == nullptr) return std::nullopt;
  text.type = row->word;
  if (!row->write(text.varbind.contents, options.dialect, text)) return std::nullopt;
  text.name = name_of(text.varbind.name, options);
  if (options.numeric_oids) return text;
  if (const auto object = options.mibs->object(text.varbind.name)) judge(*object, *row, text);
  return text;
}

}  // namespace coaxd::docsis
