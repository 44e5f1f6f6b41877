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
  // Replaces a dead server's socket file; mode 0600. Error: one sentence.
  std::expected<void, std::string> listen(const std::string& path);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// GET /metrics and /healthz.
class MetricsServer {
 public:
  MetricsServer(boost::asio::io_context& context, std::function<std::string()> metrics);
  ~MetricsServer();
  std::expected<void, std::string> listen(const std::string& address_and_port);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coaxd::daemon
