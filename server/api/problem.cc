#include "server/api/problem.h"

#include <fmt/format.h>

#include <iterator>

#include "server/base/json.h"

namespace coaxd::api {

// RFC 9457 §4.2.1: without a `type` of its own the title is that of the status.
Response problem(unsigned status, std::string_view detail, const Members& more) {
  Response response{.status = status, .type = "application/problem+json"};
  response.body = fmt::format(R"({{"type": "about:blank", "title": "{}", "status": {}, "detail": {})", reason_phrase(status), status, json_octets(detail));
  for (const auto& [name, value] : more) fmt::format_to(std::back_inserter(response.body), R"(, "{}": {})", name, value);
  response.body += "}\n";
  return response;
}

}  // namespace coaxd::api
