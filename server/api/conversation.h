// conversation.h: HTTP/1.1 without sockets: octets in, whole requests out; answers in, octets out. Pipelined requests come one after another. What is malformed or too large is a
// problem, after which the connection ends. One connection's, control thread. Source: RFC 9112; Boost.Beast reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/api/http.h"

namespace coaxd::api {

class Conversation {
 public:
  static constexpr std::size_t kMostHeader = 8192, kMostBody = 64 << 10;

  Conversation();
  ~Conversation();

  // Octets that came; not while a whole request waits for its answer.
  void receive(std::string_view octets) { in_.append(octets); }
  // The next request; a problem, which is to be sent before the end; or nothing: more octets are needed.
  using Heard = std::variant<std::monostate, Request, Response>;
  Heard next();
  bool is_idle() const noexcept;  // between requests, nothing has come of the next one
  // "Expect: 100-continue" (RFC 9110 §10.1.1): to be sent at once, where it is not empty.
  std::string_view interim();

  // The head of the answer to the request that came last, and all of the body where it is no stream.
  std::string begin(const Response& response);
  // Pieces of the stream, framed; and its end.
  void frame(std::string& piece) const;
  std::string_view end() const noexcept { return is_chunked_ ? "0\r\n\r\n" : ""; }
  bool wants_body() const noexcept { return !is_head_; }
  // Whether another request may follow. Not after cut().
  bool goes_on() const noexcept { return keeps_; }
  void cut() noexcept { keeps_ = false; }

 private:
  struct Parser;
  Request take();

  std::string in_;
  std::unique_ptr<Parser> parser_;
  bool keeps_ = true, is_head_ = false, is_1_0_ = false, is_chunked_ = false, told_to_continue_ = false;
};

}  // namespace coaxd::api
