#include "server/daemon/control.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <sstream>
#include <utility>

namespace coaxd::daemon {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using LocalSocket = asio::local::stream_protocol::socket;
using asio::ip::tcp;

namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr auto kPatience = std::chrono::seconds(30);
// Connections at a time: whoever may connect must not be able to use up the descriptors that the store needs.
constexpr int kMostSessions = 32;
using Place = std::shared_ptr<char>;  // each session holds a copy: their number is how many there are

// Accepts for ever. `Impl` has acceptor, place, pause and begin(socket).
template <typename Impl>
void accept_on(const std::shared_ptr<Impl>& impl) {
  impl->acceptor.async_accept([impl](const error_code& error, auto socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {  // no descriptor is left, mostly: asking again at once would spin
      impl->pause.expires_after(std::chrono::seconds(1));
      impl->pause.async_wait([impl](const error_code& cancelled) {
        if (!cancelled) accept_on(impl);
      });
      return;
    }
    if (impl->place.use_count() <= kMostSessions) impl->begin(std::move(socket));
    accept_on(impl);
  });
}

// One connection: a line in, an answer out. Lives as long as an operation refers to it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(LocalSocket socket, const CommandHandler& handler, Place place)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handler_(handler), place_(std::move(place)), line_(kLongestLine) {}

  void start() {
    give_up_later();
    asio::async_read_until(socket_, line_, '\n', [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->finish();
      std::istream stream(&self->line_);
      std::vector<std::string> words;
      std::string line;
      std::getline(stream, line);
      std::istringstream split(line);
      for (std::string word; split >> word;) words.push_back(word);
      auto answer = self->handler_(words);
      if (answer) {
        self->chunk_ = "ok\n";
        self->body_ = std::move(*answer);
      } else {
        self->chunk_ = "error " + answer.error() + "\n";
      }
      self->write();
    });
  }

 private:
  // A client that neither asks nor takes its answer does not keep its connection.
  void give_up_later() {
    timer_.expires_after(kPatience);
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
      if (const auto self = weak.lock(); self && !error) {
        error_code ignored;
        self->socket_.close(ignored);
      }
    });
  }

  void write() {
    give_up_later();
    asio::async_write(socket_, asio::buffer(chunk_), [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error || !self->body_) return self->finish();
      self->chunk_.clear();
      if (!self->body_(self->chunk_)) self->body_ = nullptr;
      self->write();
    });
  }

  void finish() { timer_.cancel(); }

  LocalSocket socket_;
  asio::steady_timer timer_;
  const CommandHandler& handler_;
  const Place place_;
  asio::streambuf line_;
  std::string chunk_;
  BodySource body_;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(tcp::socket socket, const std::function<std::string()>& metrics, Place place)
      : stream_(std::move(socket)), metrics_(metrics), place_(std::move(place)) {}

  void start() {
    stream_.expires_after(kPatience);
    parser_.header_limit(8192);
    parser_.body_limit(0);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    const auto& request = parser_.get();
    response_.version(request.version());
    response_.keep_alive(false);
    response_.set(http::field::server, "coaxd");
    if (request.method() != http::verb::get) {
      response_.result(http::status::method_not_allowed);
      response_.set(http::field::allow, "GET");
    } else if (request.target() == "/metrics") {
      response_.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
      response_.body() = metrics_();
    } else if (request.target() == "/healthz") {
      response_.set(http::field::content_type, "text/plain");
      response_.body() = "ok\n";
    } else {
      response_.result(http::status::not_found);
      response_.set(http::field::content_type, "application/problem+json");
      response_.body() = R"({"title": "no such page", "status": 404, "detail": "there are /metrics and /healthz"})" "\n";
    }
    response_.prepare_payload();
    http::async_write(stream_, response_, [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    });
  }

  beast::tcp_stream stream_;
  const std::function<std::string()>& metrics_;
  const Place place_;
  beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

BodySource whole(std::string text) {
  return [text = std::move(text)](std::string& chunk) {
    chunk = text;
    return false;
  };
}

BodySource after(std::string head, BodySource rest) {
  return [head = std::move(head), rest = std::move(rest)](std::string& chunk) mutable {
    if (head.empty()) return rest(chunk);
    chunk = std::exchange(head, {});
    return true;
  };
}

struct ControlSocket::Impl {
  Impl(asio::io_context& context, CommandHandler h) : acceptor(context), pause(context), handler(std::move(h)) {}
  void begin(LocalSocket socket) { std::make_shared<Session>(std::move(socket), handler, place)->start(); }
  asio::local::stream_protocol::acceptor acceptor;
  asio::steady_timer pause;
  Place place = std::make_shared<char>();
  CommandHandler handler;
  std::string path;
};

ControlSocket::ControlSocket(asio::io_context& context, CommandHandler handler)
    : impl_(std::make_shared<Impl>(context, std::move(handler))) {}

ControlSocket::~ControlSocket() {
  error_code ignored;
  impl_->pause.cancel();
  impl_->acceptor.close(ignored);
  if (!impl_->path.empty()) unlink(impl_->path.c_str());
}

std::expected<void, std::string> ControlSocket::listen(const std::string& path) {
  const auto fail = [&](const error_code& error) {
    return std::unexpected(fmt::format("control socket {}: {}: give another path in [control] socket.", path, error.message()));
  };
  error_code error;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return fail(asio::error::name_too_long);
  const asio::local::stream_protocol::endpoint endpoint{path};
  // The store's lock already proved that no other server lives; a socket file here is a dead one's.
  unlink(path.c_str());
  impl_->acceptor.open(endpoint.protocol(), error);
  if (error) return fail(error);
  const mode_t before = umask(0177);
  impl_->acceptor.bind(endpoint, error);
  umask(before);
  if (error) return fail(error);
  impl_->path = path;
  impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(error);
  accept_on(impl_);
  return {};
}

struct MetricsServer::Impl {
  Impl(asio::io_context& context, std::function<std::string()> m) : acceptor(context), pause(context), metrics(std::move(m)) {}
  void begin(tcp::socket socket) { std::make_shared<HttpSession>(std::move(socket), metrics, place)->start(); }
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  Place place = std::make_shared<char>();
  std::function<std::string()> metrics;
};

MetricsServer::MetricsServer(asio::io_context& context, std::function<std::string()> metrics)
    : impl_(std::make_shared<Impl>(context, std::move(metrics))) {}

MetricsServer::~MetricsServer() {
  error_code ignored;
  impl_->pause.cancel();
  impl_->acceptor.close(ignored);
}

std::expected<void, std::string> MetricsServer::listen(const std::string& address_and_port) {
  const auto colon = address_and_port.rfind(':');
  unsigned port = 0;
  error_code error;
  if (colon != std::string::npos) {
    const char* end = address_and_port.data() + address_and_port.size();
    const auto parsed = std::from_chars(address_and_port.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end) port = 0;
  }
  const auto address = asio::ip::make_address(address_and_port.substr(0, colon), error);
  if (error || port == 0 || port > 65535)
    return std::unexpected(fmt::format("[metrics] listen: '{}' is not ADDRESS:PORT, such as 127.0.0.1:9767.", address_and_port));
  const tcp::endpoint endpoint{address, static_cast<std::uint16_t>(port)};
  impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(fmt::format("[metrics] listen {}: {}.", address_and_port, error.message()));
  accept_on(impl_);
  return {};
}

}  // namespace coaxd::daemon
