#include "server/daemon/template_commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <string_view>

#include "server/base/json.h"

namespace coaxd::daemon {
namespace {

using provision::TemplateStatus;

constexpr std::array<std::string_view, 3> kStates = {"good", "kept", "broken"};
static_assert(static_cast<int>(TemplateStatus::State::broken) == 2);
std::string_view to_string(TemplateStatus::State state) { return kStates[static_cast<std::size_t>(state)]; }

std::string shown_time(WallSeconds at) { return at == 0 ? "never" : fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(at))); }

// Each line of it, further in.
void append_indented(std::string& out, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    fmt::format_to(std::back_inserter(out), "  {}\n", lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

std::string json_or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }

}  // namespace

std::string templates_text(const provision::Provision& provision) {
  const provision::Settings& settings = provision.settings();
  std::string out;
  if (settings.templates.empty()) {
    out = "No templates: [docsis] templates names no folder.\n";
  } else {
    const auto all = provision.templates();
    out = all.empty() ? fmt::format("No templates in {}.\n", settings.templates) : fmt::format("{:<30} {:<6} {:<19}  {}\n", "template", "state", "loaded (UTC)", "variables");
    for (const TemplateStatus& each : all) {
      fmt::format_to(std::back_inserter(out), "{:<30} {:<6} {:<19}  {}\n", each.file, to_string(each.state), shown_time(each.loaded),
                     each.variables.empty() ? "-" : fmt::format("{}", fmt::join(each.variables, ", ")));
      append_indented(out, each.problems);
    }
  }
  if (const std::string& trouble = provision.templates_ailment(); !trouble.empty()) out += trouble + "; the templates stay as they were\n";
  if (settings.secrets.empty()) return out + "No shared secrets: [docsis] secrets names no file.\n";
  if (provision.secrets_ailment().empty()) return out + fmt::format("Shared secrets: {} is in use.\n", settings.secrets);
  out += fmt::format("Shared secrets: {} cannot be used, and those of before stay:\n", settings.secrets);
  append_indented(out, provision.secrets_ailment());
  return out;
}

std::string templates_json(const provision::Provision& provision) {
  const provision::Settings& settings = provision.settings();
  std::string out = fmt::format(R"({{"folder": {}, "folder_problem": {}, "templates": [)", json_or_null(settings.templates), json_or_null(provision.templates_ailment()));
  std::string_view comma;
  for (const TemplateStatus& each : provision.templates()) {
    std::string variables;
    for (const std::string& name : each.variables) variables += (variables.empty() ? "" : ", ") + json_text(name);
    fmt::format_to(std::back_inserter(out), R"({}{{"name": {}, "file": {}, "state": "{}", "loaded": {}, "variables": [{}], "problems": {}}})", comma, json_text(each.name),
                   json_text(each.file), to_string(each.state), each.loaded == 0 ? "null" : std::to_string(each.loaded), variables, json_or_null(each.problems));
    comma = ",\n ";
  }
  return out + fmt::format(R"(], "secrets": {}, "secrets_problem": {}}})", json_or_null(settings.secrets), json_or_null(provision.secrets_ailment())) + "\n";
}

}  // namespace coaxd::daemon
