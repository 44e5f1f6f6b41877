// command_report.h
#include "docsis/command_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "docsis/command_files.h"
#include "docsis/json.h"

namespace coaxd::docsis {

void show(const Problems& problems, std::string_view name, std::string_view text, std::FILE* to) {
  const ReadFile read = files_beside(name);
  std::string lines;
  for (Problem problem : problems) {
    if (problem.file.empty()) problem.file = name;
    if (problem.at.text == 0) {
      lines += render(problem, text);
    } else {
      const auto included = read(problem.file);
      lines += render(problem, included ? *included : std::string_view{});
    }
  }
  std::fwrite(lines.data(), 1, lines.size(), to);
}

void complain(const Console& console, std::string_view message) {
  const std::string line = fmt::format("docsis: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), console.err);
}

int status_of(const Problems& problems) noexcept {
  const auto first = std::ranges::find(problems, Severity::error, &Problem::severity);
  return first == problems.end() ? 0 : static_cast<int>(first->cause);
}

void append_json(const Problems& problems, bool& first, std::string& out) {
  const auto sink = std::back_inserter(out);
  for (const Problem& problem : problems) {
    out += first ? "\n  " : ",\n  ";
    first = false;
    out += R"({"file": )";
    append_json(problem.file, out);
    fmt::format_to(sink, R"(, "severity": "{}")", problem.severity == Severity::error ? "error" : "warning");
    if (problem.at.line != 0)
      fmt::format_to(sink, R"(, "line": {}, "column": {})", problem.at.line, problem.at.column);
    else
      fmt::format_to(sink, R"(, "offset": {})", problem.offset);
    out += R"(, "message": )";
    append_json(problem.message, out);
    out += R"(, "mend": )";
    append_json(problem.mend, out);
    for (const std::string& from : problem.included_from) {
      out += &from == problem.included_from.data() ? R"(, "included_from": [)" : ", ";
      append_json(from, out);
    }
    out += problem.included_from.empty() ? "}" : "]}";
  }
}

}  // namespace coaxd::docsis
