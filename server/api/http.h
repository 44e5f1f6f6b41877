// http.h: a request and its answer as values: all that the API's handlers see of HTTP. Control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coaxd::api {

// What a token may do; each role may what those before it may. `anybody` needs none.
enum class Role : std::uint8_t { anybody, sensor, desk, admin };
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view word);

// Who asks.
struct Caller {
  std::string name{};           // of the token; "coaxctl" over the control socket
  Role role = Role::anybody;
  std::string peer{};           // address without port; "": this machine's control socket
  std::vector<std::string> sources{};  // that it may name in a quarantine; none: any
};

struct Request {
  std::string method{}, path{};  // the path is decoded
  std::vector<std::pair<std::string, std::string>> query{};  // decoded, in their order
  std::vector<std::string> captured{};  // of the route's {names}, in their order
  std::string body{};
  std::string host{}, authorization{}, accept{}, accept_language{}, last_event_id{};
  Caller caller{};

  // The first of that name; null: none.
  const std::string* parameter(std::string_view name) const noexcept;
  bool wants_lines() const { return accept.find("application/x-ndjson") != std::string::npos; }
};

// A body that is made as the client takes it, so that a million leases need no more memory than one piece.
class Stream {
 public:
  enum class Next : std::uint8_t {
    more,   // something was appended, or nothing this time; ask again after a turn of the loop
    last,   // that was all
    later,  // nothing now: `wake` is called when there is
    cut,    // the client is too slow: nothing sensible can follow
  };
  virtual ~Stream() = default;
  virtual Next next(std::string& piece) = 0;
  // What keeps an idle connection of such a body open; "": nothing does.
  virtual std::string_view keepalive() const { return {}; }

  std::function<void()> wake{};  // the connection's
};

struct Response {
  unsigned status = 200;
  std::string type{"application/json"};
  std::string body{};
  std::vector<std::pair<std::string_view, std::string>> headers{};
  std::shared_ptr<Stream> stream{};     // null: `body` is all
  std::chrono::milliseconds delay{0};   // it is held back so long
};
using Answer = std::function<void(Response)>;

// A body out of a function that appends the next piece and says whether there is more (daemon::BodySource).
std::shared_ptr<Stream> stream_of(std::function<bool(std::string& piece)> source);

// "GET /a%20b?x=1" -> path and query. False: a % that is none, or no path.
bool parse_target(std::string_view target, Request& into);
std::string_view reason_phrase(unsigned status);

}  // namespace coaxd::api
