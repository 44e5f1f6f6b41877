#include "server/api/conversation.h"

#include <algorithm>
#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <iterator>

#include "server/api/problem.h"

namespace coaxd::api {

namespace http = boost::beast::http;
using boost::system::error_code;

struct Conversation::Parser {
  Parser() {
    of.eager(true);
    of.header_limit(kMostHeader);
    of.body_limit(kMostBody);
  }
  http::request_parser<http::string_body> of;
};

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Response problem_of(const error_code& error) {
  if (error == http::error::header_limit)
    return problem(431, fmt::format("The request's head is larger than {} octets: send fewer or shorter header fields.", Conversation::kMostHeader));
  if (error == http::error::body_limit)
    return problem(413, fmt::format("The body is larger than {} octets: send less of `evidence`, or several requests.", Conversation::kMostBody));
  if (error == http::error::bad_version) return problem(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here: ask curl for --http1.1.");
  return problem(400, fmt::format("The request is no HTTP/1.1: {}.", error.message()));
}

}  // namespace

Conversation::Conversation() : parser_(std::make_unique<Parser>()) {}
Conversation::~Conversation() = default;

bool Conversation::is_idle() const noexcept { return in_.empty() && !parser_->of.got_some(); }

Conversation::Heard Conversation::next() {
  error_code error;
  while (!in_.empty() && !parser_->of.is_done()) {
    const std::size_t taken = parser_->of.put(boost::asio::const_buffer(in_.data(), in_.size()), error);
    in_.erase(0, taken);
    if (error == http::error::need_more || (!error && taken == 0)) return {};
    if (error) {
      cut();
      is_head_ = is_1_0_ = false;
      return problem_of(error);
    }
  }
  if (!parser_->of.is_done()) return {};
  Request request = take();
  if (request.path.empty()) {
    cut();
    return problem(400, "The request's target is no path such as /v1/leases?ip=203.0.113.9, with % written as %25.");
  }
  return request;
}

std::string_view Conversation::interim() {
  const auto& parser = parser_->of;
  if (told_to_continue_ || !parser.is_header_done() || parser.is_done() || parser.get().version() < 11) return {};
  if (!boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) return {};
  told_to_continue_ = true;
  return "HTTP/1.1 100 Continue\r\n\r\n";
}

Request Conversation::take() {
  auto message = parser_->of.release();
  parser_ = std::make_unique<Parser>();
  told_to_continue_ = false;
  keeps_ = message.keep_alive();
  is_1_0_ = message.version() < 11;
  Request request;
  request.method = view(message.method_string());
  is_head_ = request.method == "HEAD";
  if (!parse_target(view(message.target()), request)) request.path.clear();
  request.host = view(message[http::field::host]);
  request.accept_language = view(message[http::field::accept_language]);
  request.authorization = view(message[http::field::authorization]);
  request.accept = view(message[http::field::accept]);
  request.last_event_id = view(message["Last-Event-ID"]);
  request.body = std::move(message.body());
  return request;
}

std::string Conversation::begin(const Response& response) {
  is_chunked_ = response.stream != nullptr && !is_1_0_;
  if (response.stream != nullptr && is_1_0_) keeps_ = false;  // its end is the connection's
  std::string head = fmt::format("HTTP/1.{} {} {}\r\nServer: coaxd\r\n", is_1_0_ ? 0 : 1, response.status, reason_phrase(response.status));
  if (response.status != 204) head += fmt::format("Content-Type: {}\r\n", response.type);
  if (response.stream == nullptr) {
    if (response.status != 204) fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", response.body.size());
  } else if (is_chunked_) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  const auto says = [&](std::string_view name) { return std::ranges::any_of(response.headers, [name](const auto& each) { return each.first == name; }); };
  if (!says("Cache-Control")) head += "Cache-Control: no-store\r\n";
  if (!says("X-Content-Type-Options")) head += "X-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : response.headers) fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
  if (!keeps_) head += "Connection: close\r\n";
  else if (is_1_0_) head += "Connection: keep-alive\r\n";
  head += "\r\n";
  if (response.stream == nullptr && !is_head_) head += response.body;
  return head;
}

void Conversation::frame(std::string& piece) const {
  if (!is_chunked_ || piece.empty()) return;
  piece.insert(0, fmt::format("{:x}\r\n", piece.size()));
  piece += "\r\n";
}

}  // namespace coaxd::api
