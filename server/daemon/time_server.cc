#include "server/daemon/time_server.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "server/tftp/time_of_day.h"

namespace coaxd::daemon {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// No descriptor is left, say: the connection waits, and asking at once would only spin.
constexpr auto kPause = std::chrono::milliseconds(100);

struct TimeServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, std::function<WallSeconds()> n) : acceptor(context), pause(context), now(std::move(n)) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return self->accept_later();
      self->answer(socket);
      self->accept();
    });
  }
  void accept_later() {
    pause.expires_after(kPause);
    pause.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->accept();
    });
  }
  void answer(tcp::socket& socket) {
    const auto octets = tftp::time_of_day(now());
    error_code failed;
    socket.non_blocking(true, failed);
    socket.write_some(asio::buffer(octets), failed);
    if (!failed) ++answers;
  }

  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::function<WallSeconds()> now;
  std::uint64_t answers = 0;
};

TimeServer::TimeServer(asio::io_context& context, std::function<WallSeconds()> now) : impl_(std::make_shared<Impl>(context, std::move(now))) {}

TimeServer::~TimeServer() {
  error_code ignored;
  impl_->pause.cancel();
  impl_->acceptor.close(ignored);
}

std::expected<void, std::string> TimeServer::listen(std::uint16_t port) {
  const tcp::endpoint endpoint{tcp::v4(), port};
  error_code error;
  impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return std::unexpected(fmt::format("TCP port {}: {}: stop what has it (ss -ltnp 'sport = :{}' names it), or set [time] enabled = false.", port,
                                       error.message(), port));
  impl_->accept();
  return {};
}

std::uint16_t TimeServer::port() const {
  error_code error;
  return impl_->acceptor.local_endpoint(error).port();
}

std::uint64_t TimeServer::answers() const noexcept { return impl_->answers; }

}  // namespace coaxd::daemon
