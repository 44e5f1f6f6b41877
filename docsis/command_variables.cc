#include "docsis/command_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "docsis/command_report.h"

namespace coaxd::docsis {

std::optional<std::string_view> CommandVariables::operator()(std::string_view name) {
  // Of two the later one counts, as with other options.
  const auto latest_first = std::views::reverse(options_.variables);
  const auto set = std::ranges::find(latest_first, name, &CommandOptions::Variable::name);
  if (set == latest_first.end()) return std::nullopt;
  used_.insert(set->name);
  return set->value;
}

void CommandVariables::complain_of_unused(const Console& console) const {
  for (const auto& [name, value] : options_.variables)
    if (!used_.contains(name)) complain(console, fmt::format("--set {0}={1} changes nothing: there is no ${{{0}}}", name, value));
}

Problems told(const std::vector<Unknown>& unknown, const Texts& texts) {
  Problems problems;
  for (const auto& [variable, at] : unknown)
    problems.push_back({.severity = Severity::warning,
                        .cause = Cause::none,
                        .at = at,
                        .message = fmt::format("${{{}}} has no value here, so what it stands in is not checked", variable),
                        .mend = fmt::format("give it one: --set {}=VALUE", variable)});
  locate(problems, texts);
  return problems;
}

}  // namespace coaxd::docsis
