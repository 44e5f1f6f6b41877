// server.h: listens for HTTP and HTTPS, and takes connections within limits. Control thread; handlers run there too.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "server/api/connection.h"

namespace boost::asio::ssl {
class context;
}

namespace coaxd::api {

struct TlsFiles {
  std::string certificate{};  // PEM: ours, then those between it and a root that clients know
  std::string key{};          // PEM, without passphrase, readable by the server alone
  std::string_view settings = "[api] tls_";  // how the keys that name them begin, for messages
};
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;
// Error: one sentence that says which file and what to do.
std::expected<TlsContext, std::string> load_certificate(const TlsFiles& files);

struct ServerCounters {
  std::uint64_t accepted = 0, refused = 0, open = 0;  // refused: too many at a time, of all or of one peer
};

class HttpServer {
 public:
  struct Options {
    std::string name;  // for messages: "[api] listen"
    std::string listen;  // ADDRESS:PORT, [IPv6]:PORT
    bool allow_plain = true;  // without TLS beyond loopback
    std::size_t connections = 256, per_peer = 64;
    Patience patience{};
  };
  HttpServer(boost::asio::io_context& context, Options options, Handler handler);
  ~HttpServer();  // no new connections; those that there are end

  // `tls` null: plain HTTP. Error: one sentence.
  std::expected<void, std::string> listen(TlsContext tls = nullptr);
  // For connections from now on.
  void use(TlsContext tls);
  const ServerCounters& counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// A connection of the control socket whose first line was of HTTP; whoever may open that is the operator. `octets` were read already.
class SocketServer {
 public:
  explicit SocketServer(Handler handler);
  ~SocketServer();
  void serve(boost::asio::local::stream_protocol::socket socket, std::string_view octets, std::shared_ptr<void> place);

 private:
  std::shared_ptr<const Handler> handler_;
};

}  // namespace coaxd::api
