// json_body.h: the JSON object that a request carries, read against the table of what it may hold. What is wrong is a problem that names the place: the position of what is no
// JSON, the member that is not known (and the one that was probably meant), the type that is expected. Any thread.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "server/api/http.h"

namespace coaxd::api {

struct Member {
  enum class Type : std::uint8_t { text, number, boolean, object, texts };  // number: a whole one, not negative; texts: an object whose values are texts or null
  std::string_view name;
  Type type;
  std::string_view help;  // for /openapi.json
};
std::string_view expected_type(Member::Type type);

// An empty body is an empty object.
std::expected<boost::json::object, Response> read_object(std::string_view body, std::span<const Member> known);

// "" or 0 where it is missing; of a member of that type in the table.
std::string text_of(const boost::json::object& object, std::string_view name);
std::uint64_t number_of(const boost::json::object& object, std::string_view name, std::uint64_t otherwise = 0);
bool flag_of(const boost::json::object& object, std::string_view name);

}  // namespace coaxd::api
