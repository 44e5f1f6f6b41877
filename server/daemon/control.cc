#include "server/daemon/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
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
#include <cerrno>
#include <charconv>
#include <chrono>
#include <sstream>
#include <thread>
#include <utility>

#include "server/store/replaced_file.h"

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
constexpr auto kLockPatience = std::chrono::seconds(1);
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
  HttpSession(tcp::socket socket, const HttpSources& sources, Place place)
      : stream_(std::move(socket)), sources_(sources), place_(std::move(place)) {}

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
    } else {
      HttpPage page = page_of({request.target().data(), request.target().size()}, sources_);
      response_.result(page.status);
      response_.set(http::field::content_type, page.content_type);
      response_.body() = std::move(page.body);
    }
    response_.prepare_payload();
    http::async_write(stream_, response_, [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    });
  }

  beast::tcp_stream stream_;
  const HttpSources& sources_;
  const Place place_;
  beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
};

// The directory of a path, held (flock) while the path is looked at, cleared and bound: two servers that start in the same instant would both
// take the socket of a dead one for free, and each other's for dead.
class HeldDirectory {
 public:
  explicit HeldDirectory(const std::string& path) : file_(open(store::directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  ~HeldDirectory() {
    if (file_ >= 0) close(file_);
  }
  HeldDirectory(const HeldDirectory&) = delete;
  HeldDirectory& operator=(const HeldDirectory&) = delete;

  // Nobody needs it for longer than a bind takes. What cannot be opened is held by nobody: bind() says what is wrong.
  bool is_ours() const {
    const auto patience = std::chrono::steady_clock::now() + kLockPatience;
    while (file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return true;  // a file system without locks
      if (std::chrono::steady_clock::now() >= patience) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  const int file_;
};

// "", when the path is free or held what a dead server left, which is gone then. Whoever takes connections lives, and his socket is not ours.
std::string clear_path(const asio::local::stream_protocol::endpoint& endpoint) {
  const std::string path = endpoint.path();
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return {};  // bind() says what is wrong, if anything is
  if (!S_ISSOCK(status.st_mode)) return "there is a file that is no socket";
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool refused = fd >= 0 && connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 && errno == ECONNREFUSED;
  ucred owner{};
  socklen_t size = sizeof owner;
  const bool known = !refused && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &size) == 0 && owner.pid > 0;
  close(fd);
  if (!refused) return known ? fmt::format("the server of process {} listens there", owner.pid) : std::string{"another server listens there"};
  unlink(path.c_str());
  return {};
}

}  // namespace

HttpPage page_of(std::string_view target, const HttpSources& sources) {
  if (target == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", sources.metrics()};
  if (target == "/healthz") {
    const std::string ailment = sources.ailment();
    return ailment.empty() ? HttpPage{200, "text/plain", "ok\n"} : HttpPage{503, "text/plain", ailment + "\n"};
  }
  return {404, "application/problem+json", R"({"title": "no such page", "status": 404, "detail": "there are /metrics and /healthz"})" "\n"};
}

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
  struct stat made {};  // the file that is ours
};

ControlSocket::ControlSocket(asio::io_context& context, CommandHandler handler)
    : impl_(std::make_shared<Impl>(context, std::move(handler))) {}

ControlSocket::~ControlSocket() {
  error_code ignored;
  impl_->pause.cancel();
  impl_->acceptor.close(ignored);
  if (is_there()) unlink(impl_->path.c_str());
}

bool ControlSocket::is_there() const {
  struct stat now {};
  // A number of an inode comes again soon, the time when it was made does not.
  return !impl_->path.empty() && lstat(impl_->path.c_str(), &now) == 0 && now.st_dev == impl_->made.st_dev && now.st_ino == impl_->made.st_ino &&
         now.st_mtim.tv_sec == impl_->made.st_mtim.tv_sec && now.st_mtim.tv_nsec == impl_->made.st_mtim.tv_nsec;
}

std::expected<void, std::string> ControlSocket::listen(const std::string& path) {
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(fmt::format("control socket {}: {}: give another path in [control] socket.", path, why));
  };
  const auto fail = [&](const error_code& error) { return refuse(error.message()); };
  error_code error;
  impl_->pause.cancel();
  impl_->acceptor.close(error);
  impl_->path.clear();
  error.clear();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return fail(asio::error::name_too_long);
  const asio::local::stream_protocol::endpoint endpoint{path};
  const HeldDirectory directory(path);
  if (!directory.is_ours()) return refuse("somebody else holds a lock on its directory");
  if (const std::string taken = clear_path(endpoint); !taken.empty()) return refuse(taken);
  impl_->acceptor.open(endpoint.protocol(), error);
  if (error) return fail(error);
  // A program of execute() that outlives us must not keep it listening.
  fcntl(impl_->acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  const mode_t before = umask(0177);
  impl_->acceptor.bind(endpoint, error);
  umask(before);
  if (error) return fail(error);
  if (lstat(path.c_str(), &impl_->made) == 0) impl_->path = path;
  impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(error);
  accept_on(impl_);
  return {};
}

struct MetricsServer::Impl {
  Impl(asio::io_context& context, HttpSources s) : acceptor(context), pause(context), sources(std::move(s)) {}
  void begin(tcp::socket socket) { std::make_shared<HttpSession>(std::move(socket), sources, place)->start(); }
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  Place place = std::make_shared<char>();
  HttpSources sources;
};

MetricsServer::MetricsServer(asio::io_context& context, HttpSources sources) : impl_(std::make_shared<Impl>(context, std::move(sources))) {}

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
  std::string_view host = std::string_view(address_and_port).substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);  // IPv6, as in a URL
  const auto address = asio::ip::make_address(host, error);
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
