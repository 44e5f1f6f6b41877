#include "server/api/json_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <vector>

#include "server/api/problem.h"
#include "server/base/did_you_mean.h"
#include "server/base/json.h"

namespace coaxd::api {
namespace {

namespace json = boost::json;
using boost::system::error_code;
using Refused = std::unexpected<Response>;

constexpr json::parse_options options() {
  json::parse_options of;
  of.max_depth = 16;
  return of;
}

// null is as good as missing.
bool fits(const json::value& value, Member::Type type) {
  if (value.is_null()) return true;
  switch (type) {
    case Member::Type::text: return value.is_string();
    case Member::Type::number: return value.is_uint64() || (value.is_int64() && value.get_int64() >= 0);
    case Member::Type::boolean: return value.is_bool();
    case Member::Type::object: return value.is_object();
    case Member::Type::texts:
      return value.is_object() && std::ranges::all_of(value.get_object(), [](const auto& each) { return each.value().is_string() || each.value().is_null(); });
  }
  return false;
}

// The parser tells no place, so it is led to it octet by octet.
Response not_json(std::string_view body) {
  json::stream_parser parser({}, options());
  error_code error;
  std::size_t at = 0;
  for (; at < body.size(); ++at)
    if (parser.write(&body[at], 1, error); error) break;
  if (!error) parser.finish(error);
  const std::string_view before = body.substr(0, at);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t column = 1 + at - (before.rfind('\n') + 1);  // npos + 1 is 0
  const std::string what = at == body.size() ? std::string{"it ends too early"} : error.message();
  return problem(400, fmt::format("The body is no JSON at line {}, column {} (octet {}): {}. A JSON object is expected, such as {{\"name\": \"value\"}}.", line, column, at, what),
                 {{"line", std::to_string(line)}, {"column", std::to_string(column)}, {"offset", std::to_string(at)}});
}

}  // namespace

std::string_view expected_type(Member::Type type) {
  constexpr std::string_view kWords[] = {"a text in quotes", "a whole number, 0 or more", "true or false", "an object in braces", "an object of names and texts (null removes one)"};
  return kWords[static_cast<std::size_t>(type)];
}

std::expected<json::object, Response> read_object(std::string_view body, std::span<const Member> known) {
  if (body.find_first_not_of(" \t\r\n") == body.npos) return json::object{};
  error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error, {}, options());
  if (error) return Refused(not_json(body));
  if (!value.is_object()) return Refused(problem(400, "The body is JSON, and no object: write {\"name\": value, ...}."));
  for (const auto& [key, member] : value.get_object()) {
    const std::string_view name(key.data(), key.size());
    const auto row = std::ranges::find(known, name, &Member::name);
    if (row == known.end()) {
      std::vector<std::string_view> names;
      std::string all;
      for (const Member& each : known) {
        names.push_back(each.name);
        all += (all.empty() ? "" : ", ") + std::string(each.name);
      }
      const std::string_view meant = did_you_mean(name, names);
      return Refused(problem(400, fmt::format("There is no member '{}' here{} Known are: {}.", name, meant.empty() ? "." : fmt::format("; did you mean '{}'?", meant), all),
                             {{"member", json_octets(name)}}));
    }
    if (!fits(member, row->type))
      return Refused(problem(400, fmt::format("The member '{}' must be {}.", name, expected_type(row->type)), {{"member", json_octets(name)}}));
  }
  return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(json::string_view(name.data(), name.size()));
  return found == nullptr || !found->is_string() ? std::string{} : std::string(found->get_string().data(), found->get_string().size());
}

std::uint64_t number_of(const json::object& object, std::string_view name, std::uint64_t otherwise) {
  const json::value* found = object.if_contains(json::string_view(name.data(), name.size()));
  if (found == nullptr || found->is_null()) return otherwise;
  return found->is_uint64() ? found->get_uint64() : static_cast<std::uint64_t>(found->get_int64());
}

bool flag_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(json::string_view(name.data(), name.size()));
  return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace coaxd::api
