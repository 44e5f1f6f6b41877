// check() of check.h: one walk, every rule asked in turn.
#include "docsis/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "docsis/check_rules.h"

namespace coaxd::docsis {
namespace {

struct ReleaseRow {
  Release release;
  std::string_view version;  // as on the command line
  std::string_view name;
};
constexpr ReleaseRow kReleases[] = {
    {Release::d10, "1.0", "DOCSIS 1.0"},    {Release::d11, "1.1", "DOCSIS 1.1"},         {Release::d20, "2.0", "DOCSIS 2.0"},
    {Release::d30, "3.0", "DOCSIS 3.0"},    {Release::d31, "3.1", "DOCSIS 3.1"},         {Release::d40, "4.0", "DOCSIS 4.0"},
    {Release::packetcable, "", "PacketCable"}, {Release::l2vpn, "", "L2VPN"},            {Release::erouter, "", "eRouter"},
    {Release::edocsis, "", "eDOCSIS"},      {Release::dpoe, "", "DPoE"},                 {Release::other, "", "another specification"},
};

void walk(Findings& findings, std::span<const Node> nodes, const Place* parent, std::size_t offset, bool foreign, std::vector<Place>* top) {
  std::array<std::size_t, 256> all{}, so_far{};
  for (const Node& node : nodes) ++all[node.code];
  for (const Node& node : nodes) {
    const Place place{.node = &node, .parent = parent, .number = ++so_far[node.code], .all = all[node.code], .offset = offset, .foreign = foreign};
    if (top != nullptr) top->push_back(place);
    for (const auto& rules : {value_rules(), snmp_rules(), flow_rules()})
      for (const Rule& rule : rules)
        if (rule.each != nullptr && !findings.full()) rule.each(findings, place, rule.clause);
    if (node.block && !findings.full()) walk(findings, node.children, &place, offset + header_size(node), foreign || is_foreign(node), nullptr);
    offset += encoded_size(node);
  }
}

}  // namespace

void Findings::add(Problem problem, std::string_view clause) {
  if (std::size_t& told = problem.severity == Severity::error ? errors_ : warnings_; ++told > kMost) return;
  problem.file = name_;
  locate(problem, document_.texts);
  if (!clause.empty()) problem.message += fmt::format(" ({})", clause);
  problems_.push_back(std::move(problem));
}

void Findings::error(Cause cause, const Place& at, std::string_view clause, std::string message, std::string mend) {
  add({.severity = Severity::error, .cause = cause, .file = {}, .at = at.node->at, .offset = at.offset, .message = std::move(message), .mend = std::move(mend)},
      clause);
}
void Findings::warning(const Place& at, std::string_view clause, std::string message, std::string mend) {
  add({.severity = Severity::warning,
       .cause = Cause::none,
       .file = {},
       .at = at.node->at,
       .offset = at.offset,
       .message = std::move(message),
       .mend = std::move(mend)},
      clause);
}
void Findings::value(Severity severity, const Place& at, std::string_view clause, std::string message, std::string mend) {
  add({.severity = severity,
       .cause = severity == Severity::error ? Cause::value : Cause::none,
       .file = {},
       .at = at.node->value_at,
       .offset = at.offset,
       .message = std::move(message),
       .mend = std::move(mend)},
      clause);
}
// Of a text its first line, of a binary offset 0.
Position Findings::start() const noexcept {
  const bool text = !document_.nodes.empty() && document_.nodes.front().at.line != 0;
  return text ? Position{1, 1} : Position{};
}

void Findings::file_error(std::string_view clause, std::string message, std::string mend) {
  add({.severity = Severity::error, .cause = Cause::value, .file = {}, .at = start(), .message = std::move(message), .mend = std::move(mend)}, clause);
}
void Findings::file_warning(std::string_view clause, std::string message, std::string mend) {
  add({.severity = Severity::warning, .cause = Cause::none, .file = {}, .at = start(), .message = std::move(message), .mend = std::move(mend)}, clause);
}

Problems check(const Document& document, std::string_view name, const CheckOptions& options) {
  Findings findings(document, name, options);
  std::vector<Place> top;
  walk(findings, document.nodes, nullptr, 0, false, &top);
  for (const auto& rules : {flow_rules(), snmp_rules(), file_rules()})
    for (const Rule& rule : rules)
      if (rule.whole != nullptr && !findings.full()) rule.whole(findings, top, rule.clause);
  return findings.take();
}

void merge(Problems& told, Problems found) {
  const auto before = static_cast<std::ptrdiff_t>(told.size());
  for (Problem& problem : found) {
    const auto end = told.begin() + before;
    const auto same = problem.at.line == 0 ? end : std::find_if(told.begin(), end, [&](const Problem& other) { return other.at == problem.at; });
    if (same == end) told.push_back(std::move(problem));
    else if (problem.severity > same->severity) *same = std::move(problem);
  }
}

std::optional<Release> release_of(std::string_view text) noexcept {
  const auto row = std::ranges::find(kReleases, text, &ReleaseRow::version);
  return row == std::end(kReleases) || text.empty() ? std::nullopt : std::optional(row->release);
}

std::string_view release_name(Release release) noexcept {
  return std::ranges::find(kReleases, release, &ReleaseRow::release)->name;
}

}  // namespace coaxd::docsis
