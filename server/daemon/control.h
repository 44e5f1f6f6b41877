// control.h: how operators talk to a running server: a Unix socket for coaxctl. Runs on the control thread's io_context; handlers run there too. One request a connection.
//
// Socket protocol: the client sends one line of words; the answer is a line `ok` and then the body, or `error` and why (a configuration's
// errors take several lines), until the end of the stream. A body may be long (an export of a million leases), so it is produced piece by piece as the client takes it.
// A connection whose first line is of HTTP goes to whoever serves the API (server/api): `curl --unix-socket`.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coaxd::daemon {

// Appends the next piece to `chunk`; false when that was the last.
using BodySource = std::function<bool(std::string& chunk)>;
BodySource whole(std::string text);
BodySource after(std::string head, BodySource rest);

// Words of the request line -> body, or the sentence of the error.
using CommandHandler = std::function<std::expected<BodySource, std::string>(const std::vector<std::string>& words)>;

// A connection that speaks HTTP, and what was read of it; `place` is held as long as it lasts.
using HttpTaker = std::function<void(boost::asio::local::stream_protocol::socket socket, std::string_view octets, std::shared_ptr<void> place)>;

class ControlSocket {
 public:
  ControlSocket(boost::asio::io_context& context, CommandHandler handler, HttpTaker http = nullptr);
  ~ControlSocket();
  // Mode 0600. Replaces what a dead server left; a living one keeps its own, and so does a file that is no socket. Once more where it has
  // gone. Error: one sentence.
  std::expected<void, std::string> listen(const std::string& path);
  // Whether what listen() made is at its path still.
  bool is_there() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coaxd::daemon
