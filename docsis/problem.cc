#include "docsis/problem.h"

#include <fmt/format.h>

#include "server/base/excerpt.h"

namespace coaxd::docsis {

std::string render(const Problem& problem, std::string_view text) {
  const std::string_view severity = problem.severity == Severity::error ? "error" : "warning";
  const std::string what = problem.mend.empty() ? problem.message : fmt::format("{}; {}", problem.message, problem.mend);
  if (problem.at.line == 0) return fmt::format("{}: offset {:#x}: {}: {}\n", problem.file, problem.offset, severity, what);
  return fmt::format("{}:{}:{}: {}: {}\n{}", problem.file, problem.at.line, problem.at.column, severity, what,
                     excerpt(line_of(text, problem.at.line), problem.at.column));
}

}  // namespace coaxd::docsis
