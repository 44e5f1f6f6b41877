#include "server/daemon/time_server.h"

#include <boost/asio/buffer.hpp>
#include <utility>

#include "server/tftp/time_of_day.h"

namespace coaxd::daemon {

TimeServer::TimeServer(boost::asio::io_context& context, std::function<WallSeconds()> now)
    : now_(std::move(now)), listener_(context, [this](TcpListener::Socket socket) { answer(std::move(socket)); }) {}

void TimeServer::answer(TcpListener::Socket socket) {
  const auto octets = tftp::time_of_day(now_());
  boost::system::error_code failed;
  socket.non_blocking(true, failed);
  socket.write_some(boost::asio::buffer(octets), failed);
  if (!failed) ++answers_;
}

std::expected<void, std::string> TimeServer::listen(std::uint16_t port) {
  auto listening = listener_.listen(port, "set [time] enabled = false");
  if (listening) listener_.accept();
  return listening;
}

}  // namespace coaxd::daemon
