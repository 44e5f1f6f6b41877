// connection.h: one connection of HTTP over TCP, TLS or the control socket: reads requests, has them answered, writes the answers, and gives up on whoever takes too long.
// Lives as long as an operation refers to it. Control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "server/api/conversation.h"
#include "server/api/http.h"

namespace coaxd::api {

struct Patience {
  std::chrono::milliseconds idle{60'000};     // between requests
  std::chrono::milliseconds request{10'000};  // from its first octet to its last; a TLS handshake
  std::chrono::milliseconds write{30'000};    // for the client to take a piece
  std::chrono::milliseconds keepalive{15'000};
  std::chrono::milliseconds parting{2'000};
};
using Handler = std::function<void(Request&&, Answer)>;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `caller` is whom the socket vouches for: a peer's address, or a name with a role.
  Connection(boost::asio::any_io_executor executor, const Handler& handler, Caller caller, const Patience& patience);
  virtual ~Connection() = default;

  // `octets`: what has been read already.
  void start(std::string_view octets = {});

 protected:
  using Done = std::function<void(const boost::system::error_code&, std::size_t)>;
  virtual void handshake(Done done) { done({}, 0); }
  virtual void read_some(boost::asio::mutable_buffer into, Done done) = 0;
  virtual void write_all(boost::asio::const_buffer octets, Done done) = 0;
  // Says that nothing more comes, and calls `done` when the other side has said so too: a close with octets unread would take the answer back (RFC 9112 §9.6).
  virtual void part(std::function<void()> done) = 0;
  virtual void close() = 0;

 private:
  void read();
  void read_on();  // the rest of a request
  void look();
  void answer(Response response);
  void write(std::string octets, void (Connection::*then)());
  void go_on();   // with the stream, or the next request
  void stream_on();
  void wait_for_more();
  void watch();
  void wait(std::chrono::milliseconds patience);
  void give_up();

  const Handler& handler_;
  const Caller caller_;
  const Patience& patience_;
  boost::asio::steady_timer timer_;
  Conversation conversation_;
  std::array<char, 8192> room_;
  std::string out_;
  std::shared_ptr<Stream> stream_;
  bool is_waiting_ = false;   // for the stream's wake()
  bool is_watched_ = false;   // a read is under way while a stream waits
  bool is_over_ = false;
};

}  // namespace coaxd::api
