#include <fmt/format.h>

#include <algorithm>

#include "server/api/handlers.h"
#include "server/api/problem.h"
#include "server/base/json.h"
#include "server/console/built_in.h"

namespace coaxd::api {
namespace {

// Its own scripts and style, its own API, and nothing else; nobody frames it.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return name.ends_with(".css") ? "text/css; charset=utf-8" : "text/html; charset=utf-8";
}

}  // namespace

// The files hold no secret: whoever asks has them, and what the page asks for carries a token.
void show_console(Site&, const Request& request, const Answer& answer) {
  if (request.path == "/console") {
    Response there{.status = 307, .type = "text/plain"};
    there.headers.emplace_back("Location", "/console/");  // its files are named beside it
    return answer(std::move(there));
  }
  const std::string_view name = request.captured.empty() ? std::string_view{"index.html"} : std::string_view{request.captured[0]};
  const auto file = std::ranges::find(console::built_in(), name, &console::BuiltIn::name);
  if (file == console::built_in().end()) return answer(problem(404, fmt::format("There is no {}: the page is /console/.", request.path)));
  Response response{.type = std::string(type_of(name)), .body = std::string(file->octets)};
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  answer(std::move(response));
}

void show_caller(Site& site, const Request& request, const Answer& answer) {
  answer({.body = fmt::format("{{\"name\": {}, \"role\": \"{}\", \"version\": {}}}\n", json_octets(request.caller.name), to_string(request.caller.role), json_octets(site.version))});
}

}  // namespace coaxd::api
