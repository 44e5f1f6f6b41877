// dial_plan.h
#include "docsis/dial_plan.h"

#include <algorithm>
#include <string>

#include "docsis/file.h"
#include "docsis/oid.h"
#include "docsis/printer.h"
#include "docsis/varbind.h"
#include "docsis/varbind_text.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kSequence = 0x30, kObjectId = 0x06, kOctetString = 0x04;

// X.690 §8.1.3.5 lets a sender write any length in the long form; the utility has 82 hh ll for all that need one.
void append_header(std::uint8_t tag, std::size_t size, Octets& out) {
  out.push_back(tag);
  if (size > 0x7f) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(size >> 8));
  }
  out.push_back(static_cast<std::uint8_t>(size));
}

}  // namespace

bool add_dial_plan(Document& mta, std::string_view plan) {
  const bool closed = mta.nodes.size() > 1 && mta.nodes.back().code == kMtaDelimiterCode;
  if (!closed || plan.size() > kMostDialPlan) return false;
  const auto name = ber_contents(digit_map_oid());
  Octets inside;
  append_header(kObjectId, name->size(), inside);
  inside.insert(inside.end(), name->begin(), name->end());
  append_header(kOctetString, plan.size(), inside);
  inside.insert(inside.end(), plan.begin(), plan.end());

  Node node;
  node.code = kLongVarbindCode;
  node.wide = true;
  append_header(kSequence, inside.size(), node.value);
  node.value.insert(node.value.end(), inside.begin(), inside.end());
  mta.nodes.insert(mta.nodes.end() - 1, std::move(node));
  return true;
}

std::optional<std::string> dial_plan_of(const Document& mta) {
  std::optional<std::string> plan;
  for (const Node& node : mta.nodes) {
    const auto varbind = is_varbind(node, mta.kind) ? decode_varbind(node.value) : std::expected<Varbind, std::string_view>(std::unexpected(""));
    if (varbind && varbind->type == SnmpType::octet_string && std::ranges::equal(varbind->name, digit_map_oid()))
      plan = std::string(as_text(varbind->contents));
  }
  return plan;
}

}  // namespace coaxd::docsis
