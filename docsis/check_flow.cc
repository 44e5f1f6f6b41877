// The rules about service flows, and what points to them by reference.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "docsis/check_rules.h"
#include "docsis/value_text.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kUsClassifier = 22, kDsClassifier = 23, kUsFlow = 24, kDsFlow = 25, kPhs = 26;
constexpr std::uint8_t kReference = 1;
constexpr std::uint8_t kUsAggregate = 70, kDsAggregate = 71, kMesp = 72;

bool is_flow(const Node& node) noexcept { return node.block && (node.code == kUsFlow || node.code == kDsFlow); }
bool is_top(const Place& place) noexcept { return place.parent == nullptr; }

std::optional<std::uint32_t> number(const Node& node, std::uint8_t code) {
  const Node* found = child(node, code);
  if (found == nullptr || found->block || found->value.empty() || found->value.size() > 4) return std::nullopt;
  return integer(found->value);
}

struct Link {
  std::uint8_t from, by;       // TLV 22.3
  std::uint8_t to, or_to;      // names a TLV 24
  std::string_view clause;
};
constexpr Link kLinks[] = {
    {kUsClassifier, 3, kUsFlow, 0, "MULPIv3.0-I24 C.2.1.4.3"},  {kDsClassifier, 3, kDsFlow, 0, "MULPIv3.0-I24 C.2.1.4.3"},
    {kPhs, 1, kUsClassifier, kDsClassifier, "MULPIv3.0-I24 C.2.3.1.1"}, {kPhs, 3, kUsFlow, kDsFlow, "MULPIv3.0-I24 C.2.3.1.3"},
    {kUsFlow, 36, kUsAggregate, 0, "MULPIv3.0-I24 C.2.2.5.10"}, {kDsFlow, 36, kDsAggregate, 0, "MULPIv3.0-I24 C.2.2.5.10"},
    {kUsFlow, 37, kMesp, 0, "MULPIv3.0-I24 C.2.2.5.11"},        {kDsFlow, 37, kMesp, 0, "MULPIv3.0-I24 C.2.2.5.11"},
};

std::string_view keyword(std::uint8_t code) noexcept {
  const Tlv* row = find_code(nullptr, code);
  return row == nullptr ? "TLV" : row->name;
}

void references_lead_somewhere(Findings& findings, std::span<const Place> top, std::string_view) {
  std::set<std::pair<std::uint8_t, std::uint32_t>> there;
  std::set<std::uint8_t> unknown;  // one whose reference may be any
  for (const Place& place : top) {
    if (const auto known_by = reference(*place.node)) there.emplace(place.node->code, *known_by);
    if (const Node* known_by = child(*place.node, kReference); known_by != nullptr && known_by->unknown) unknown.insert(place.node->code);
  }
  for (const Place& place : top) {
    for (const Link& link : kLinks) {
      if (findings.full()) return;
      if (place.node->code != link.from || !place.node->block) continue;
      const auto wanted = number(*place.node, link.by);
      if (!wanted || unknown.contains(link.to) || (link.or_to != 0 && unknown.contains(link.or_to)) || there.contains({link.to, *wanted}) || (link.or_to != 0 && there.contains({link.or_to, *wanted}))) continue;
      const std::string_view what = child(*place.node, link.by)->tlv != nullptr ? child(*place.node, link.by)->tlv->name : "reference";
      findings.error(Cause::value, place, link.clause,
                     fmt::format("{} has {} {}, but there is no {} with that reference", findings.path(place), what, *wanted, keyword(link.to)),
                     fmt::format("add the {}, or name one that is there", keyword(link.to)));
    }
  }
}

// MULPI 3.0 C.2.2.5.1, C.2.1.4.1: a reference names one thing. In both directions the same one is legal, and misread by people.
void references_are_unique(Findings& findings, std::span<const Place> top, std::string_view clause) {
  std::map<std::pair<std::uint8_t, std::uint32_t>, const Place*> seen;
  for (const Place& place : top) {
    const auto known_by = reference(*place.node);
    if (!known_by) continue;
    if (!seen.emplace(std::pair{place.node->code, *known_by}, &place).second) {
      findings.error(Cause::value, place, clause, fmt::format("{} {} is there twice", name_of(*place.node), *known_by), "give each its own reference");
      continue;
    }
    constexpr std::uint8_t kTwins[][2] = {{kDsFlow, kUsFlow}, {kDsClassifier, kUsClassifier}};
    for (const auto& [later, earlier] : kTwins)
      for (const auto& [own, other] : {std::pair{later, earlier}, std::pair{earlier, later}})
        if (place.node->code == own && seen.contains({other, *known_by}))
          findings.warning(place, clause, fmt::format("{} and {} have the same reference {}", keyword(other), keyword(own), *known_by),
                           "give each its own reference");
  }
}

struct Needed {
  std::uint8_t code;
  std::string_view keyword;
  std::string_view clause;
};
constexpr Needed kNeededOfFlows[] = {{1, "ServiceFlowRef", "MULPIv3.0-I24 C.2.2.5.1"}, {6, "QosParamSetType", "MULPIv3.0-I24 C.2.2.5.5"}};

void flow_is_complete(Findings& findings, const Place& place, std::string_view) {
  if (!is_top(place) || !is_flow(*place.node)) return;
  for (const Needed& needed : kNeededOfFlows) {
    if (child(*place.node, needed.code) != nullptr) continue;
    const Tlv* row = place.node->tlv == nullptr ? nullptr : find_code(place.node->tlv, needed.code);
    const std::string_view name = row == nullptr ? needed.keyword : row->name;
    findings.error(Cause::value, place, needed.clause, fmt::format("{} has no {}", findings.path(place), name),
                   needed.code == 6 ? "add QosParamSetType 7; which provisions, admits and activates it" : fmt::format("add {} and a number of its own", name));
  }
}

struct Scheduling {
  std::uint32_t type;
  std::string_view name;
  std::uint8_t needs[4];
};
constexpr Scheduling kScheduling[] = {  // MULPI 3.0 C.2.2.8.2 and 7.2.3
    {4, "real-time polling", {17, 0, 0, 0}},
    {5, "unsolicited grants with activity detection", {17, 19, 20, 22}},
    {6, "unsolicited grants", {19, 20, 21, 22}},
};

void scheduling_has_its_parameters(Findings& findings, const Place& place, std::string_view clause) {
  if (!is_top(place) || place.node->code != kUsFlow || !place.node->block || child(*place.node, 4) != nullptr) return;  // 4: a class of the CMTS says the rest
  const auto type = number(*place.node, 15);
  const auto row = std::ranges::find_if(kScheduling, [&](const Scheduling& each) { return type == each.type; });
  if (row == std::end(kScheduling)) return;
  for (const std::uint8_t code : row->needs)
    if (const Tlv* missing = code == 0 ? nullptr : find_code(place.node->tlv, code); missing != nullptr && child(*place.node, code) == nullptr)
      findings.warning(place, clause, fmt::format("{} has SchedulingType {} ({}), but no {}", findings.path(place), row->type, row->name, missing->name),
                       fmt::format("add {}", missing->name));
}

void rates_agree(Findings& findings, const Place& place, std::string_view clause) {
  if (!is_top(place) || !is_flow(*place.node)) return;
  const auto most = number(*place.node, 8), least = number(*place.node, 10), peak = number(*place.node, 27);
  if (most && least && *most != 0 && *least > *most)  // 0: no limit
    findings.error(Cause::value, place, clause, fmt::format("{} reserves {} bit/s of a MaxRateSustained of {}", findings.path(place), *least, *most),
                   "make MinReservedRate at most MaxRateSustained");
  if (most && peak && *peak != 0 && *peak < *most)
    findings.warning(place, clause, fmt::format("{} has a peak rate of {}, below its MaxRateSustained of {}", findings.path(place), *peak, *most),
                     "make the peak rate at least MaxRateSustained, or 0 for none");
}

void classifier_names_its_flow(Findings& findings, const Place& place, std::string_view clause) {
  const Node& node = *place.node;
  if (!is_top(place) || !node.block || (node.code != kUsClassifier && node.code != kDsClassifier)) return;
  if (child(node, 3) == nullptr && child(node, 4) == nullptr)
    findings.error(Cause::value, place, clause, fmt::format("{} does not say for which flow it is", findings.path(place)),
                   "add ServiceFlowRef and the reference of a flow");
}

struct Span {
  std::string_view path;  // of the block
  std::uint8_t from, to;
};
constexpr Span kSpans[] = {
    {"22.9", 7, 8}, {"22.9", 9, 10}, {"23.9", 7, 8}, {"23.9", 9, 10}, {"60.9", 7, 8}, {"60.9", 9, 10}, {"22.16", 1, 2}, {"23.16", 1, 2}, {"60.16", 1, 2},
};
void ranges_run_upwards(Findings& findings, const Place& place, std::string_view clause) {
  if (place.node->tlv == nullptr || !place.node->block) return;
  for (const Span& span : kSpans) {
    if (place.node->tlv->path != span.path) continue;
    const auto from = number(*place.node, span.from), to = number(*place.node, span.to);
    if (from && to && *from > *to)
      findings.error(Cause::value, place, clause,
                     fmt::format("{} matches nothing: {} {} is above {} {}", findings.path(place), name_of(*child(*place.node, span.from)), *from,
                                 name_of(*child(*place.node, span.to)), *to),
                     "write the lower number first");
  }
}

constexpr Rule kRules[] = {
    {"", flow_is_complete},
    {"MULPIv3.0 C.2.2.8.2", scheduling_has_its_parameters},
    {"MULPIv3.0 C.2.2.7.4", rates_agree},
    {"MULPIv3.0 C.2.1.4.3", classifier_names_its_flow},
    {"MULPIv3.0 C.2.1.7", ranges_run_upwards},
    {"", nullptr, references_lead_somewhere},
    {"MULPIv3.0 C.2.2.5.1", nullptr, references_are_unique},
};

}  // namespace

std::span<const Rule> flow_rules() noexcept { return kRules; }

}  // namespace coaxd::docsis
