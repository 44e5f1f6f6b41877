// tcp_connection.h: moves the octets of one session: through the socket, and through TLS once that was agreed. The TCP thread's; kept alive by what it waits for.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "leasequery/tcp_server.h"

namespace coaxd::leasequery {

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  struct Shared {
    std::function<Instant()> now;
    std::mutex leases;  // held while a session works: leases are read
    TlsContext tls;
    TcpCounters counters;
  };
  static constexpr std::int64_t kHandshakeNs = 30'000'000'000;
  static constexpr std::int64_t kGoodbyeNs = 2'000'000'000;

  TcpConnection(Socket socket, Shared& shared, const TcpSession::Parts& parts, Instant now)
      : socket_(std::move(socket)), shared_(shared), session_(parts, now) {}

  // Whatever can be done now, is done or begun. Whoever has told the session something calls it.
  void pump();
  void on_time();
  void terminate();
  TcpSession& session() noexcept { return session_; }
  bool closed() const noexcept { return closed_; }

 private:
  void read();
  void write();
  void handshake();
  void say_goodbye();
  void close() noexcept;
  template <typename Act>
  void on_stream(Act act) {
    tls_ ? act(*tls_) : act(socket_);
  }

  Socket socket_;
  TlsContext context_;  // of tls_: another may have been read since
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  Shared& shared_;
  TcpSession session_;
  std::array<std::uint8_t, TcpSession::kLongestQuery> buffer_;
  Bytes rest_;  // of it, not taken yet
  std::int64_t deadline_ns_ = TcpSession::kNoTime;  // of a handshake, or of the farewell
  bool reading_ = false, writing_ = false, shaking_ = false, leaving_ = false, input_ended_ = false, posted_ = false, closed_ = false;
};

}  // namespace coaxd::leasequery
