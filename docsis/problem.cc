#include "docsis/problem.h"

#include <fmt/format.h>

#include "server/base/excerpt.h"

namespace coaxd::docsis {
namespace {

// A word of a text may have a megabyte.
std::string shortened(std::string_view words) {
  constexpr std::size_t kMost = 500;
  return words.size() <= kMost ? std::string(words) : std::string(words.substr(0, kMost)) + "...";
}

}  // namespace

std::string render(const Problem& problem, std::string_view text) {
  const bool in_text = problem.at.line != 0;
  const std::string place = in_text ? fmt::format("{}:{}", problem.at.line, problem.at.column) : fmt::format(" offset {:#x}", problem.offset);
  std::string told = fmt::format("{}:{}: {}: {}{}{}", problem.file, place, problem.severity == Severity::error ? "error" : "warning",
                                 shortened(problem.message), problem.mend.empty() ? "" : "; ", shortened(problem.mend));
  for (char& c : told)  // names and values of a text stand in it: a terminal is not steered by them (as in the excerpt)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  told += '\n';
  return in_text ? told + excerpt(line_of(text, problem.at.line), problem.at.column) : told;
}

}  // namespace coaxd::docsis
