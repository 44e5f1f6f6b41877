// route.h: the API as a table: one row a method and path, with who may, what it takes, and the handler. From it come dispatch, 404 and 405, /openapi.json and the list in
// docs/api.md. Control thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/http.h"
#include "server/api/json_body.h"

namespace coaxd::api {

struct Site;

struct Parameter {
  std::string_view name, help;
};

struct Route {
  std::string_view method, pattern;  // "/v1/leases/{ip}"
  Role role = Role::sensor;          // the least that may
  std::string_view summary;          // for people
  void (*run)(Site&, const Request&, const Answer&) = nullptr;
  std::span<const Parameter> query{};
  std::span<const Member> body{};
  std::string_view statuses{"200"};  // besides those that every request may have, separated by blanks
};
std::span<const Route> routes() noexcept;

struct Match {
  const Route* route = nullptr;    // null: none
  std::string allowed{};           // methods of that path, if it is one; for 405
  std::vector<std::string> captured{};
};
// HEAD is GET.
Match match(std::span<const Route> table, std::string_view method, std::string_view path);

// What is wrong with the query's names, as a problem's detail; "": nothing.
std::string wrong_parameter(const Route& route, const Request& request);

// OpenAPI 3.1.
std::string openapi(std::span<const Route> table, std::string_view version);

}  // namespace coaxd::api
