#include "server/api/connection.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "server/api/problem.h"

namespace coaxd::api {

namespace asio = boost::asio;
using boost::system::error_code;

Connection::Connection(asio::any_io_executor executor, const Handler& handler, Caller caller, const Patience& patience)
    : handler_(handler), caller_(std::move(caller)), patience_(patience), timer_(std::move(executor)) {}

void Connection::start(std::string_view octets) {
  conversation_.receive(octets);
  wait(patience_.request);
  handshake([self = shared_from_this()](const error_code& error, std::size_t) {
    if (error) return self->give_up();
    self->look();
  });
}

// A client that neither asks nor takes its answer does not keep its connection.
void Connection::wait(std::chrono::milliseconds patience) {
  timer_.expires_after(patience);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->give_up();
  });
}

void Connection::give_up() {
  if (std::exchange(is_over_, true)) return;
  timer_.cancel();
  if (stream_) stream_->wake = nullptr;
  stream_.reset();
  close();
}

void Connection::read() {
  read_some(asio::buffer(room_), [self = shared_from_this()](const error_code& error, std::size_t octets) {
    if (error || self->is_over_) return self->give_up();
    if (self->conversation_.is_idle()) self->wait(self->patience_.request);  // counts from the first octet: one now and then would last for ever
    self->conversation_.receive({self->room_.data(), octets});
    self->look();
  });
}

void Connection::read_on() {
  wait(patience_.request);
  read();
}

void Connection::look() {
  Conversation::Heard heard = conversation_.next();
  if (auto* const request = std::get_if<Request>(&heard)) {
    timer_.cancel();  // it is our turn
    request->caller = caller_;
    return handler_(std::move(*request), [self = shared_from_this()](Response response) { self->answer(std::move(response)); });
  }
  if (auto* const refused = std::get_if<Response>(&heard)) return answer(std::move(*refused));
  if (const std::string_view interim = conversation_.interim(); !interim.empty()) return write(std::string(interim), &Connection::read_on);
  read();
}

void Connection::answer(Response response) {
  if (is_over_) return;
  if (response.delay.count() > 0) {
    timer_.expires_after(std::exchange(response.delay, {}));
    timer_.async_wait([self = shared_from_this(), response = std::move(response)](const error_code& error) mutable {
      if (!error) self->answer(std::move(response));
    });
    return;
  }
  std::string head = conversation_.begin(response);
  if (conversation_.wants_body()) stream_ = std::move(response.stream);
  write(std::move(head), &Connection::go_on);
}

void Connection::write(std::string octets, void (Connection::*then)()) {
  out_ = std::move(octets);
  wait(patience_.write);
  write_all(asio::buffer(out_), [self = shared_from_this(), then](const error_code& error, std::size_t) {
    if (error || self->is_over_) return self->give_up();
    self->timer_.cancel();
    (self.get()->*then)();
  });
}

void Connection::go_on() {
  if (is_over_) return;
  if (stream_ != nullptr) return stream_on();
  if (conversation_.goes_on()) {
    wait(patience_.idle);
    return look();
  }
  wait(patience_.parting);
  part([self = shared_from_this()] { self->give_up(); });
}

void Connection::stream_on() {
  std::string piece;
  const Stream::Next next = stream_->next(piece);
  if (next == Stream::Next::cut) return give_up();
  conversation_.frame(piece);
  if (next == Stream::Next::last) {
    stream_.reset();
    piece += conversation_.end();
  }
  if (!piece.empty()) return write(std::move(piece), &Connection::go_on);
  if (next == Stream::Next::later) return wait_for_more();
  asio::post(timer_.get_executor(), [self = shared_from_this()] { self->go_on(); });  // others have their turn
}

void Connection::wait_for_more() {
  watch();
  is_waiting_ = true;
  stream_->wake = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !std::exchange(self->is_waiting_, false)) return;
    self->timer_.cancel();
    asio::post(self->timer_.get_executor(), [self] { self->go_on(); });  // not from within whoever wakes
  };
  timer_.expires_after(patience_.keepalive);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!self || error || !self->stream_ || !std::exchange(self->is_waiting_, false)) return;
    std::string comment(self->stream_->keepalive());
    self->conversation_.frame(comment);
    self->write(std::move(comment), &Connection::go_on);
  });
}

// While a stream waits, only a read can tell that the client has gone.
void Connection::watch() {
  if (std::exchange(is_watched_, true)) return;
  conversation_.cut();  // whatever comes is not a request that we would answer
  read_some(asio::buffer(room_), [self = shared_from_this()](const error_code& error, std::size_t) {
    self->is_watched_ = false;
    if (error) return self->give_up();
    if (self->is_waiting_) self->watch();
  });
}

}  // namespace coaxd::api
