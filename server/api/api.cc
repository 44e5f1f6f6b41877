#include "server/api/api.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/api/problem.h"

namespace coaxd::api {
namespace {

using Refused = std::unexpected<Response>;

constexpr std::int64_t kLineEachNs = 1'000'000'000;  // about strangers: a guesser does not fill the log

bool is_local(std::string_view peer) { return peer.empty() || peer.starts_with("127.") || peer == "::1" || peer.starts_with("::ffff:127."); }

// RFC 9110 §11.1: the scheme's name is in either case.
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i)
    if ((authorization[i] | 0x20) != (kScheme[i] | 0x20)) return {};
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

}  // namespace

// Wrong tokens are counted, told and slowed down; whoever shows none is only asked for it.
Response Api::refuse_stranger(const Request& request, std::string_view why) {
  ++counters_.unauthorized;
  const Instant now = site_.now();
  Response response = problem(401, fmt::format("{} Send `Authorization: Bearer TOKEN`; coaxctl token new NAME ROLE makes one.", why));
  response.headers.emplace_back("WWW-Authenticate", "Bearer");  // RFC 6750 §3
  if (request.authorization.empty()) return response;
  response.delay = guesses_.wrong(request.caller.peer, now.mono_ns);
  ++untold_;
  if (now.mono_ns - told_at_ns_ >= kLineEachNs) {
    told_at_ns_ = now.mono_ns;
    options_.log(fmt::format("API: {} from {} ({} since the last line like this).", why, request.caller.peer, untold_));
    untold_ = 0;
  }
  return response;
}

std::expected<Caller, Response> Api::know(const Request& request, const Route* route) {
  if (request.caller.role != Role::anybody) return request.caller;  // the socket vouches for him
  const std::string_view shown = bearer(request.authorization);
  const bool is_open = route != nullptr && (route->role == Role::anybody || (route->pattern == "/metrics" && options_.open_metrics && is_local(request.caller.peer)));
  if (is_open) return Caller{.role = Role::anybody, .peer = request.caller.peer};
  if (shown.empty()) return Refused(refuse_stranger(request, request.authorization.empty() ? "No token was sent." : "The Authorization field is no Bearer token."));
  const Token* token = tokens_ == nullptr ? nullptr : tokens_->find(shown);
  if (token == nullptr) return Refused(refuse_stranger(request, "The token is not known."));
  if (!may_come_from(*token, request.caller.peer)) return Refused(refuse_stranger(request, fmt::format("The token of {} is not for use from there.", token->name)));
  return Caller{.name = token->name, .role = token->role, .peer = request.caller.peer, .sources = token->sources};
}

std::expected<const Route*, Response> Api::admit(Request& request) {
  Match found = match(table_, request.method, request.path);
  auto caller = know(request, found.route);
  if (!caller) return Refused(std::move(caller.error()));
  request.caller = std::move(*caller);
  if (found.route == nullptr && found.allowed.empty()) return Refused(problem(404, fmt::format("There is no {}: GET /openapi.json lists what there is.", request.path)));
  if (found.route == nullptr) {
    Response response = problem(405, fmt::format("{} cannot be used with {}, only {}.", request.method, request.path, found.allowed));
    response.headers.emplace_back("Allow", found.allowed);
    return Refused(std::move(response));
  }
  const bool is_open = request.caller.role == Role::anybody;
  if (!is_open && request.caller.role < found.route->role)
    return Refused(problem(403, fmt::format("{} {} is for the role {}, and {} has the role {}: use another token.", found.route->method, found.route->pattern, to_string(found.route->role),
                                            request.caller.name, to_string(request.caller.role))));
  if (!is_open && !request.caller.peer.empty() && !buckets_[request.caller.name].take(options_.requests_per_second, site_.now().mono_ns)) {
    Response response = problem(429, fmt::format("More than {} requests a second with the token of {}: wait a second, or raise [api] requests_per_second.", options_.requests_per_second,
                                                 request.caller.name));
    response.headers.emplace_back("Retry-After", "1");
    return Refused(std::move(response));
  }
  if (std::string wrong = wrong_parameter(*found.route, request); !wrong.empty()) return Refused(problem(400, wrong));
  if (found.route->body.empty() && request.body.find_first_not_of(" \t\r\n") != request.body.npos)
    return Refused(problem(400, fmt::format("{} {} takes no body: leave it out.", found.route->method, found.route->pattern)));
  request.captured = std::move(found.captured);
  return found.route;
}

void Api::handle(Request&& request, Answer answer) {
  const std::int64_t began = site_.now().mono_ns;
  const auto admitted = admit(request);
  const Route* route = admitted ? *admitted : nullptr;
  const std::string_view method = route == nullptr ? std::string_view{} : route->method, pattern = route == nullptr ? std::string_view{} : route->pattern;
  // The switch records quarantines itself.
  std::string change;
  if (route != nullptr && method != "GET" && !pattern.starts_with("/v1/quarantine"))
    change = fmt::format("API: {} {} by {}{}.", method, request.path, request.caller.name, request.caller.peer.empty() ? "" : " from " + request.caller.peer);
  Answer counted = [this, began, method, pattern, change = std::move(change), answer = std::move(answer)](Response response) {
    if (!change.empty() && response.status < 300) options_.record(change);
    auto& of = counters_.by[{method, pattern, response.status}];
    ++of.requests;
    of.ns += site_.now().mono_ns - began;
    answer(std::move(response));
  };
  if (!admitted) return counted(admitted.error());
  route->run(site_, request, counted);
}

void Api::handle_open_pages(Request&& request, const Answer& answer) {
  for (const Route& route : table_)
    if ((request.path == "/metrics" || request.path == "/healthz") && route.pattern == request.path) {
      if (request.method == "GET" || request.method == "HEAD") return route.run(site_, request, answer);
      Response response = problem(405, "Only GET is for this page.");
      response.headers.emplace_back("Allow", "GET");
      return answer(std::move(response));
    }
  answer(problem(404, "There are /metrics and /healthz here."));
}

}  // namespace coaxd::api
