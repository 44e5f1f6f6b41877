#include "server/api/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace coaxd::api {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using LocalSocket = asio::local::stream_protocol::socket;

namespace {

// Counted while it lives.
class Place {
 public:
  Place(ServerCounters& counters, std::map<std::string, std::size_t>& peers, std::string peer) : counters_(counters), peers_(peers), peer_(std::move(peer)) {
    ++counters_.open;
    ++peers_[peer_];
  }
  ~Place() {
    --counters_.open;
    if (--peers_[peer_] == 0) peers_.erase(peer_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  ServerCounters& counters_;
  std::map<std::string, std::size_t>& peers_;
  const std::string peer_;
};

// `Owner` lives as long as the connection does.
template <typename Socket, typename Owner>
class PlainConnection final : public Connection {
 public:
  PlainConnection(Socket socket, const Handler& handler, Caller caller, const Patience& patience, Owner owner)
      : Connection(socket.get_executor(), handler, std::move(caller), patience), owner_(std::move(owner)), socket_(std::move(socket)) {}

 private:
  void read_some(asio::mutable_buffer into, Done done) override { socket_.async_read_some(into, std::move(done)); }
  void write_all(asio::const_buffer octets, Done done) override { asio::async_write(socket_, octets, std::move(done)); }
  void part(std::function<void()> done) override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    drain(std::move(done));
  }
  void drain(std::function<void()> done) {
    socket_.async_read_some(asio::buffer(unread_), [this, self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t) {
      if (error) return done();
      drain(done);
    });
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  const Owner owner_;
  Socket socket_;
  std::array<char, 512> unread_;
};

template <typename Owner>
class TlsConnection final : public Connection {
 public:
  TlsConnection(tcp::socket socket, TlsContext context, const Handler& handler, Caller caller, const Patience& patience, Owner owner)
      : Connection(socket.get_executor(), handler, std::move(caller), patience), owner_(std::move(owner)), context_(std::move(context)), stream_(std::move(socket), *context_) {}

 private:
  void handshake(Done done) override {
    stream_.async_handshake(ssl::stream_base::server, [done = std::move(done)](const error_code& error) { done(error, 0); });
  }
  void read_some(asio::mutable_buffer into, Done done) override { stream_.async_read_some(into, std::move(done)); }
  void write_all(asio::const_buffer octets, Done done) override { asio::async_write(stream_, octets, std::move(done)); }
  void part(std::function<void()> done) override {
    stream_.async_shutdown([done = std::move(done)](const error_code&) { done(); });
  }
  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

  const Owner owner_;
  const TlsContext context_;
  ssl::stream<tcp::socket> stream_;
};

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, Options o, Handler h) : options(std::move(o)), handler(std::move(h)), acceptor(context), pause(context) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {  // no descriptor is left, mostly: asking again at once would spin
        self->pause.expires_after(std::chrono::seconds(1));
        self->pause.async_wait([self](const error_code& cancelled) {
          if (!cancelled) self->accept();
        });
        return;
      }
      self->begin(std::move(socket));
      self->accept();
    });
  }

  void begin(tcp::socket socket) {
    error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;  // gone again
    const std::string peer = remote.address().to_string();
    const auto known = peers.find(peer);
    if (counters.open >= options.connections || (known != peers.end() && known->second >= options.per_peer)) {
      ++counters.refused;
      return;
    }
    ++counters.accepted;
    fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    socket.set_option(tcp::no_delay(true), error);
    struct Owner {
      std::shared_ptr<Impl> impl;  // whose handler it calls; goes last
      std::shared_ptr<Place> place;
    };
    Owner owner{shared_from_this(), std::make_shared<Place>(counters, peers, peer)};
    std::shared_ptr<Connection> made;
    if (tls != nullptr) made = std::make_shared<TlsConnection<Owner>>(std::move(socket), tls, handler, Caller{.peer = peer}, options.patience, std::move(owner));
    else made = std::make_shared<PlainConnection<tcp::socket, Owner>>(std::move(socket), handler, Caller{.peer = peer}, options.patience, std::move(owner));
    made->start();
  }

  const Options options;
  const Handler handler;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  TlsContext tls;
  ServerCounters counters;
  std::map<std::string, std::size_t> peers;
};

HttpServer::HttpServer(asio::io_context& context, Options options, Handler handler)
    : impl_(std::make_shared<Impl>(context, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
  error_code ignored;
  impl_->pause.cancel();
  impl_->acceptor.close(ignored);
}

const ServerCounters& HttpServer::counters() const { return impl_->counters; }
void HttpServer::use(TlsContext tls) { impl_->tls = std::move(tls); }

std::expected<void, std::string> HttpServer::listen(TlsContext tls) {
  const std::string& text = impl_->options.listen;
  const std::string& name = impl_->options.name;
  const auto colon = text.rfind(':');
  unsigned port = 0;
  error_code error;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end) port = 0;
  }
  std::string_view host = std::string_view(text).substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);  // IPv6, as in a URL
  const auto address = asio::ip::make_address(host, error);
  if (error || port == 0 || port > 65535) return std::unexpected(fmt::format("{}: '{}' is not ADDRESS:PORT, such as 127.0.0.1:8067.", name, text));
  if (tls == nullptr && !impl_->options.allow_plain && !address.is_loopback())
    return std::unexpected(fmt::format(
        "{} {}: without TLS anybody on the way could read the tokens. Name a certificate with tls_certificate and tls_key, listen on 127.0.0.1, or take the responsibility with "
        "allow_plain = true.", name, text));
  const tcp::endpoint endpoint{address, static_cast<std::uint16_t>(port)};
  impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(fmt::format("{} {}: {}.", name, text, error.message()));
  fcntl(impl_->acceptor.native_handle(), F_SETFD, FD_CLOEXEC);  // a program of execute() that outlives us must not keep it
  impl_->tls = std::move(tls);
  impl_->accept();
  return {};
}

SocketServer::SocketServer(Handler handler) : handler_(std::make_shared<const Handler>(std::move(handler))) {}
SocketServer::~SocketServer() = default;

void SocketServer::serve(LocalSocket socket, std::string_view octets, std::shared_ptr<void> place) {
  static constexpr Patience kPatience;
  struct Owner {
    std::shared_ptr<const Handler> handler;
    std::shared_ptr<void> place;
  };
  const auto made = std::make_shared<PlainConnection<LocalSocket, Owner>>(std::move(socket), *handler_, Caller{.name = "coaxctl", .role = Role::admin}, kPatience,
                                                                          Owner{handler_, std::move(place)});
  made->start(octets);
}

std::expected<TlsContext, std::string> load_certificate(const TlsFiles& files) {
  const auto refuse = [&](const char* key, const std::string& path, std::string_view why) {
    return std::unexpected(fmt::format("{}{} {}: {}.", files.settings, key, path, why));
  };
  if (files.certificate.empty()) return refuse("certificate", "", "is missing: name a PEM file with the server's certificate, or no key either");
  if (files.key.empty()) return refuse("key", "", "is missing: name a PEM file with the certificate's private key");
  struct stat status {};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): since glibc 2.32 strerror(3) is safe
  if (stat(files.key.c_str(), &status) != 0) return refuse("key", files.key, fmt::format("{}: name the file with the private key", std::strerror(errno)));
  if ((status.st_mode & 077) != 0)
    return refuse("key", files.key, fmt::format("others than its owner can read it (mode {:o}): chmod 600 {}", status.st_mode & 07777u, files.key));
  const auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code error;
  context->set_options(ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
  if (context->use_certificate_chain_file(files.certificate, error); error)
    return refuse("certificate", files.certificate, error.message() + ": it must be readable and PEM, the server's certificate first");
  if (context->use_private_key_file(files.key, ssl::context::pem, error); error)
    return refuse("key", files.key, error.message() + ": it must be PEM, without passphrase, and belong to the certificate");
  return context;
}

}  // namespace coaxd::api
