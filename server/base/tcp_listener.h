// tcp_listener.h: a TCP port and whoever connects to it, one after the other. Of the thread that runs `context`; when this goes, whoever is being accepted is closed.
// Source: accept(2): some errors pass by themselves.
#pragma once

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace coaxd {

class TcpListener {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  TcpListener(boost::asio::io_context& context, std::function<void(Socket)> take) : acceptor_(context), pause_(context), take_(std::move(take)) {}

  // Port 0 is any. Error: one sentence; `mend`: what else to do about it than stop who has the port.
  std::expected<void, std::string> listen(std::uint16_t port, std::string_view mend) {
    using boost::asio::ip::tcp;
    const tcp::endpoint endpoint{tcp::v4(), port};
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    if (!error) return {};
    return std::unexpected(
        fmt::format("TCP port {}: {}: stop what has it (ss -ltnp 'sport = :{}' names it), or {}.", port, error.message(), port, mend));
  }
  void accept() {
    acceptor_.async_accept([this, here = std::weak_ptr(here_)](const boost::system::error_code& error, Socket socket) {
      if (here.expired() || error == boost::asio::error::operation_aborted) return;
      if (error) return accept_later();
      take_(std::move(socket));
      accept();
    });
  }
  void close() noexcept {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }
  std::uint16_t port() const {
    boost::system::error_code error;
    return acceptor_.local_endpoint(error).port();
  }

 private:
  // No descriptor is left, say: the connection waits, and asking at once would only spin.
  static constexpr auto kPause = std::chrono::milliseconds(100);

  void accept_later() {
    pause_.expires_after(kPause);
    pause_.async_wait([this, here = std::weak_ptr(here_)](const boost::system::error_code& error) {
      if (!here.expired() && !error) accept();
    });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  const std::function<void(Socket)> take_;
  const std::shared_ptr<void> here_ = std::make_shared<char>();
};

}  // namespace coaxd
