// control.h: how operators and monitors talk to a running server: a Unix socket for coaxctl, and (off unless configured) HTTP for Prometheus.
// Runs on the control thread's io_context; handlers run there too. One request a connection.
//
// Socket protocol: the client sends one line of words; the answer is a line `ok` and then the body, or `error` and why (a configuration's
// errors take several lines), until the end of the stream. A body may be long (an export of a million leases), so it is produced piece by piece as the client takes it.
#pragma once

#include <boost/asio/io_context.hpp>
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

class ControlSocket {
 public:
  ControlSocket(boost::asio::io_context& context, CommandHandler handler);
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

// What HTTP clients may ask for. `ailment`: why clients of DHCP are not served, or "".
struct HttpSources {
  std::function<std::string()> metrics;
  std::function<std::string()> ailment;
};
struct HttpPage {
  unsigned status = 200;
  std::string content_type, body;
};
HttpPage page_of(std::string_view target, const HttpSources& sources);

// GET /metrics and /healthz.
class MetricsServer {
 public:
  MetricsServer(boost::asio::io_context& context, HttpSources sources);
  ~MetricsServer();
  std::expected<void, std::string> listen(const std::string& address_and_port);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coaxd::daemon
