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

// Names and values of a text stand in a message: a terminal is not steered by them (as in the excerpt).
std::string harmless(std::string line) {
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return line;
}

}  // namespace

void locate(Problem& problem, const Texts& texts) {
  problem.included_from.clear();
  if (problem.at.text >= texts.size()) return;
  const Text* text = &texts[problem.at.text];
  problem.file = text->name;
  while (text->included_at.line != 0) {
    const Position from = text->included_at;
    text = &texts[from.text];
    problem.included_from.push_back(fmt::format("{}:{}:{}", text->name, from.line, from.column));
  }
}

void locate(Problems& problems, const Texts& texts) {
  for (Problem& problem : problems) locate(problem, texts);
}

std::string render(const Problem& problem, std::string_view text) {
  const bool in_text = problem.at.line != 0;
  const std::string place = in_text ? fmt::format("{}:{}", problem.at.line, problem.at.column) : fmt::format(" offset {:#x}", problem.offset);
  std::string told = fmt::format("{}:{}: {}: {}{}{}", problem.file, place, problem.severity == Severity::error ? "error" : "warning",
                                 shortened(problem.message), problem.mend.empty() ? "" : "; ", shortened(problem.mend));
  told = harmless(std::move(told)) + '\n';
  if (in_text) told += excerpt(line_of(text, problem.at.line), problem.at.column);
  for (const std::string& from : problem.included_from) told += harmless(fmt::format("  included from {}", shortened(from))) + '\n';
  return told;
}

}  // namespace coaxd::docsis
