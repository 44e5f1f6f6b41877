// diff_text.h
#include "docsis/diff_text.h"

#include <fmt/format.h>

#include <iterator>

#include "docsis/json.h"
#include "docsis/printer.h"

namespace coaxd::docsis {
namespace {

std::string line(const Node& node, FileKind kind, const PrintOptions& options) {
  Printer printer(kind, options, Layout::line);
  printer.node(node);
  return printer.take();
}

// "MaxCPE 3;" behind its path is " 3;".
std::string behind_path(const Difference& difference, const Node& node, FileKind kind, const PrintOptions& options) {
  std::string text = line(node, kind, options);
  const std::size_t blank = text.find(' ');
  // What has no keyword, or is in a comment, stands there whole.
  const bool keyword = node.tlv != nullptr && text.starts_with(std::string(node.tlv->name) + " ");
  return difference.path + (keyword ? text.substr(blank) : ": " + text);
}

constexpr std::string_view kKinds[] = {"removed", "added", "changed"};

}  // namespace

std::string diff_text(std::span<const Difference> differences, FileKind kind, const PrintOptions& options) {
  std::string out;
  for (const Difference& difference : differences) {
    if (difference.before != nullptr) fmt::format_to(std::back_inserter(out), "- {}\n", behind_path(difference, *difference.before, kind, options));
    if (difference.after != nullptr) fmt::format_to(std::back_inserter(out), "+ {}\n", behind_path(difference, *difference.after, kind, options));
  }
  return out;
}

std::string diff_json(std::span<const Difference> differences, FileKind kind, const PrintOptions& options) {
  std::string out = "[";
  for (const Difference& difference : differences) {
    fmt::format_to(std::back_inserter(out), R"({}{{"kind": "{}", "path": )", &difference == differences.data() ? "\n  " : ",\n  ",
                   kKinds[static_cast<std::size_t>(difference.kind)]);
    append_json(difference.path, out);
    for (const auto& [name, node] : {std::pair{"before", difference.before}, std::pair{"after", difference.after}}) {
      if (node == nullptr) continue;
      fmt::format_to(std::back_inserter(out), R"(, "{}": )", name);
      append_json(line(*node, kind, options), out);
    }
    out += '}';
  }
  out += differences.empty() ? "]\n" : "\n]\n";
  return out;
}

}  // namespace coaxd::docsis
