#include "server/daemon/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <thread>
#include <utility>

#include "server/store/replaced_file.h"

namespace coaxd::daemon {

namespace asio = boost::asio;
using boost::system::error_code;
using LocalSocket = asio::local::stream_protocol::socket;

namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kLockPatience = std::chrono::seconds(1);
// Connections at a time: whoever may connect must not be able to use up the descriptors that the store needs.
constexpr int kMostSessions = 32;
using Place = std::shared_ptr<char>;  // each session holds a copy: their number is how many there are

// One connection: a line in, an answer out. Lives as long as an operation refers to it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(LocalSocket socket, const CommandHandler& handler, const HttpTaker& http, Place place)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handler_(handler), http_(http), place_(std::move(place)), line_(kLongestLine) {}

  void start() {
    give_up_later();
    asio::async_read_until(socket_, line_, '\n', [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->finish();
      const auto octets = self->line_.data();
      const std::string read(asio::buffers_begin(octets), asio::buffers_end(octets));
      const std::string line = read.substr(0, read.find('\n'));
      // RFC 9112 §3: METHOD SP target SP HTTP-version CRLF.
      if (self->http_ && line.ends_with('\r') && line.find(" HTTP/") != line.npos) {
        self->timer_.cancel();
        return self->http_(std::move(self->socket_), read, self->place_);
      }
      std::vector<std::string> words;
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
  const HttpTaker& http_;
  const Place place_;
  asio::streambuf line_;
  std::string chunk_;
  BodySource body_;
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

struct ControlSocket::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, CommandHandler h, HttpTaker t) : acceptor(context), pause(context), handler(std::move(h)), http(std::move(t)) {}
  void accept();
  asio::local::stream_protocol::acceptor acceptor;
  asio::steady_timer pause;
  Place place = std::make_shared<char>();
  CommandHandler handler;
  HttpTaker http;
  std::string path;
  struct stat made {};  // the file that is ours
};

// For ever.
void ControlSocket::Impl::accept() {
  acceptor.async_accept([impl = shared_from_this()](const error_code& error, LocalSocket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {  // no descriptor is left, mostly: asking again at once would spin
      impl->pause.expires_after(std::chrono::seconds(1));
      impl->pause.async_wait([impl](const error_code& cancelled) {
        if (!cancelled) impl->accept();
      });
      return;
    }
    if (impl->place.use_count() <= kMostSessions) std::make_shared<Session>(std::move(socket), impl->handler, impl->http, impl->place)->start();
    impl->accept();
  });
}

ControlSocket::ControlSocket(asio::io_context& context, CommandHandler handler, HttpTaker http)
    : impl_(std::make_shared<Impl>(context, std::move(handler), std::move(http))) {}

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
  impl_->accept();
  return {};
}

}  // namespace coaxd::daemon
