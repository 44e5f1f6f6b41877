// time_server.h: the time of day over TCP (RFC 868): whoever connects to port 37 is sent four octets and hears no more. Over UDP it is the workers' (worker/services.h).
// Control thread. A fresh connection takes four octets at once, so none is kept and nobody can hold one open.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "server/base/tcp_listener.h"
#include "server/base/time.h"

namespace coaxd::daemon {

class TimeServer {
 public:
  // `now`: asked for each connection.
  TimeServer(boost::asio::io_context& context, std::function<WallSeconds()> now);
  // Error: one sentence. Port 0 is any.
  std::expected<void, std::string> listen(std::uint16_t port);
  std::uint16_t port() const { return listener_.port(); }
  std::uint64_t answers() const noexcept { return answers_; }

 private:
  void answer(TcpListener::Socket socket);

  const std::function<WallSeconds()> now_;
  std::uint64_t answers_ = 0;
  TcpListener listener_;
};

}  // namespace coaxd::daemon
