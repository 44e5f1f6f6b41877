// The rules about SnmpMibObject: that an agent can read it, and takes it. One refused SET and the modem refuses the whole file (OSSI 3.0 §7).
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "docsis/check_rules.h"
#include "docsis/printer.h"
#include "docsis/value_text.h"
#include "docsis/varbind.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kSequence = 0x30;

// The octets that the header of a definite length takes, and the length; nothing: it has not that form (X.690 §8.1.3).
struct Extent {
  std::size_t header, size;
};
std::optional<Extent> extent(Bytes octets) noexcept {
  if (octets.size() < 2) return std::nullopt;
  if (octets[1] < 0x80) return Extent{2, octets[1]};
  const std::size_t count = octets[1] & 0x7fu;
  if (count == 0 || count > 4 || octets.size() < 2 + count) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size = size << 8 | octets[2 + i];
  return Extent{2 + count, size};
}

void is_a_varbind(Findings& findings, const Place& place, std::string_view clause) {
  if (!is_varbind(*place.node, findings.document().kind) || place.foreign) return;
  const auto varbind = decode_varbind(place.node->value);
  if (!varbind)
    findings.error(Cause::value, place, clause, fmt::format("{} {}", findings.path(place), varbind.error()), "write it as SnmpMibObject NAME TYPE VALUE;");
}

// The `docsis` utility writes a length above 127 in one octet, or in three whose second is above 127 by chance: its decoder reads that, an agent's need not.
void has_legal_lengths(Findings& findings, const Place& place, std::string_view clause) {
  const Bytes value = place.node->value;
  if (!is_varbind(*place.node, findings.document().kind) || !decode_varbind(value) || value.empty() || value[0] != kSequence) return;
  const auto outer = extent(value);
  bool legal = outer && outer->header + outer->size == value.size();
  for (Bytes inside = legal ? value.subspan(outer->header) : Bytes{}; legal && !inside.empty();) {
    const auto each = extent(inside);
    legal = each && each->header + each->size <= inside.size();
    if (legal) inside = inside.subspan(each->header + each->size);
  }
  if (!legal)
    findings.error(Cause::value, place, clause, fmt::format("{} has a length that is not BER; an agent may refuse it", findings.path(place)),
                   "encode the file again without --compat");
}

std::string_view name_of_type(SnmpType type) noexcept {
  struct Row {
    SnmpType type;
    std::string_view name;
  };
  static constexpr Row kRows[] = {{SnmpType::integer, "Integer"},     {SnmpType::octet_string, "String or HexString"}, {SnmpType::object_id, "ObjectID"},
                                  {SnmpType::ip_address, "IPAddress"}, {SnmpType::counter32, "Counter32"},             {SnmpType::gauge32, "Gauge32"},
                                  {SnmpType::time_ticks, "TimeTicks"}, {SnmpType::opaque, "Opaque"},                   {SnmpType::counter64, "Counter64"}};
  const auto row = std::ranges::find(kRows, type, &Row::type);
  return row == std::end(kRows) ? "a type that SNMP does not have" : row->name;
}

void has_its_syntax(Findings& findings, const Place& place, std::string_view clause) {
  if (!is_varbind(*place.node, findings.document().kind) || place.foreign || findings.options().mibs == nullptr) return;
  const auto varbind = decode_varbind(place.node->value);
  const auto object = varbind ? findings.options().mibs->object(varbind->name) : std::nullopt;
  if (!object) return;
  if (object->type != varbind->type) {
    findings.value(Severity::error, place, clause, fmt::format("{} is {}, not {}", object->name, name_of_type(object->type), name_of_type(varbind->type)),
                   fmt::format("write {} in its place", name_of_type(object->type)));
    return;
  }
  const bool octets = varbind->type == SnmpType::octet_string;
  std::optional<std::int64_t> number;
  if (octets) {
    number = static_cast<std::int64_t>(varbind->contents.size());
  } else if (varbind->type == SnmpType::integer) {
    number = integer_of(varbind->contents);
  } else if (const auto value = unsigned_of(varbind->contents); value && *value <= INT64_MAX) {
    number = static_cast<std::int64_t>(*value);
  }
  if (!number) return;
  if (!octets && !object->enums.empty() && std::ranges::find(object->enums, *number, &MibEnum::value) == object->enums.end()) {
    std::string labels;
    for (std::size_t i = 0; i < std::min<std::size_t>(object->enums.size(), 8); ++i)
      fmt::format_to(std::back_inserter(labels), "{}{} {}", i == 0 ? "" : ", ", object->enums[i].value, object->enums[i].label);
    findings.value(Severity::warning, place, clause, fmt::format("{} has no value {}", object->name, *number),
                     fmt::format("write one of {}{}", labels, object->enums.size() > 8 ? " ..." : ""));
  } else if (!allows(*object, *number)) {
    findings.value(Severity::warning, place, clause, fmt::format("{} is {}{}, not {}", object->name, allowed_text(*object), octets ? " octets" : "", *number),
                     octets ? "make it as long" : "write a number in that range");
  }
}

// OSSI 3.0 §7.1: a file that sets one object twice is refused.
void is_set_once(Findings& findings, std::span<const Place> top, std::string_view clause) {
  std::unordered_map<std::string, std::size_t> seen;
  for (const Place& place : top) {
    const std::string name = varbind_name(*place.node, findings.document().kind);
    if (name.empty() || seen.emplace(name, 0).second) continue;
    findings.error(Cause::value, place, clause, fmt::format("{} is set twice; a modem refuses such a file", name), "leave one of them");
  }
}

constexpr Rule kRules[] = {
    {"RFC 3416 §3", is_a_varbind},
    {"X.690 §8.1.3", has_legal_lengths},
    {"RFC 2578 §7", has_its_syntax},
    {"MULPIv3.0 C.1.2.5", nullptr, is_set_once},
};

}  // namespace

std::span<const Rule> snmp_rules() noexcept { return kRules; }

}  // namespace coaxd::docsis
