#include "server/api/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "server/base/did_you_mean.h"
#include "server/base/json.h"

namespace coaxd::api {
namespace {

// Takes the first part of a path off it.
std::string_view take_part(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view part = path.substr(0, end);
  path.remove_prefix(end);
  return part;
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& captured) {
  captured.clear();
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view want = take_part(pattern), have = take_part(path);
    if (want.starts_with('{') && !have.empty()) captured.emplace_back(have);
    else if (want != have) return false;
  }
  return pattern.empty() && path.empty();
}

std::string_view type_of(Member::Type type) {
  switch (type) {
    case Member::Type::text: return R"("type": "string")";
    case Member::Type::number: return R"("type": "integer", "minimum": 0)";
    case Member::Type::boolean: return R"("type": "boolean")";
    case Member::Type::object: return R"("type": "object")";
    case Member::Type::texts: return R"("type": "object", "additionalProperties": {"type": ["string", "null"]})";
  }
  return "";
}

std::string operation(const Route& route) {
  std::string parameters;
  const auto add = [&](std::string_view name, std::string_view in, std::string_view help) {
    fmt::format_to(std::back_inserter(parameters), R"({}{{"name": "{}", "in": "{}", "required": {}, "description": {}, "schema": {{"type": "string"}}}})", parameters.empty() ? "" : ", ",
                   name, in, in == "path", json_text(help));
  };
  for (std::size_t at = route.pattern.find('{'); at != route.pattern.npos; at = route.pattern.find('{', at + 1))
    add(route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1), "path", "");
  for (const Parameter& each : route.query) add(each.name, "query", each.help);

  std::string out = fmt::format(R"({{"summary": {}, "description": "Role: {}.", "parameters": [{}])", json_text(route.summary), to_string(route.role), parameters);
  if (route.role == Role::anybody) out += R"(, "security": [])";
  if (!route.body.empty()) {
    std::string members;
    for (const Member& each : route.body)
      fmt::format_to(std::back_inserter(members), R"({}"{}": {{{}, "description": {}}})", members.empty() ? "" : ", ", each.name, type_of(each.type), json_text(each.help));
    fmt::format_to(std::back_inserter(out), R"(, "requestBody": {{"content": {{"application/json": {{"schema": {{"type": "object", "additionalProperties": false, "properties": {{{}}}}}}}}}}})",
                   members);
  }
  out += R"(, "responses": {)";
  for (std::size_t at = 0; at < route.statuses.size(); at += 4) {
    const std::string_view code = route.statuses.substr(at, 3);
    fmt::format_to(std::back_inserter(out), R"("{}": {{"description": "{}"}}, )", code, reason_phrase(static_cast<unsigned>((code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0')));
  }
  return out + R"json("default": {"description": "What is wrong and what to do (RFC 9457)", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}}})json";
}

}  // namespace

Match match(std::span<const Route> table, std::string_view method, std::string_view path) {
  Match found;
  std::vector<std::string> captured;
  for (const Route& route : table) {
    if (!fits(route.pattern, path, captured)) continue;
    found.allowed += (found.allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method != (method == "HEAD" ? std::string_view{"GET"} : method)) continue;
    found.route = &route;
    found.captured = std::move(captured);
    return found;
  }
  return found;
}

std::string wrong_parameter(const Route& route, const Request& request) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Parameter& each : route.query) {
    names.push_back(each.name);
    all += (all.empty() ? "" : ", ") + std::string(each.name);
  }
  for (std::size_t i = 0; i < request.query.size(); ++i) {
    const std::string& name = request.query[i].first;
    if (std::ranges::find(names, name) == names.end()) {
      const std::string_view meant = did_you_mean(name, names);
      return fmt::format("There is no parameter '{}' of {} {}{}. {}.", name, route.method, route.pattern, meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant),
                         all.empty() ? "It takes none" : "Known are: " + all);
    }
    for (std::size_t j = 0; j < i; ++j)
      if (request.query[j].first == name) return fmt::format("The parameter '{}' is there twice: leave one out.", name);
  }
  return {};
}

std::string openapi(std::span<const Route> table, std::string_view version) {
  std::string paths;
  for (auto route = table.begin(); route != table.end(); ++route) {
    if (std::find_if(table.begin(), route, [&](const Route& before) { return before.pattern == route->pattern; }) != route) continue;
    std::string operations;
    for (const Route& each : table) {
      if (each.pattern != route->pattern) continue;
      std::string method(each.method);
      std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
      operations += fmt::format("{}\"{}\": {}", operations.empty() ? "" : ",\n    ", method, operation(each));
    }
    paths += fmt::format("{}\n  \"{}\": {{\n    {}}}", paths.empty() ? "" : ",", route->pattern, operations);
  }
  return fmt::format(R"({{"openapi": "3.1.0", "info": {{"title": "coaxd", "version": "{}"}}, "security": [{{"token": []}}], "components": {{"securitySchemes": {{"token": {{"type": "http", "scheme": "bearer"}}}},
  "schemas": {{"Problem": {{"type": "object", "properties": {{"type": {{"type": "string"}}, "title": {{"type": "string"}}, "status": {{"type": "integer"}}, "detail": {{"type": "string"}}}}}}}}}},
"paths": {{{}
}}}}
)",
                     version, paths);
}

}  // namespace coaxd::api
