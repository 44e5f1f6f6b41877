#include "leasequery/tcp_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

namespace coaxd::leasequery {

namespace asio = boost::asio;
using boost::system::error_code;

void TcpConnection::pump() {
  if (closed_ || leaving_ || shaking_) return;
  bool more = false;
  {
    const std::lock_guard quiet(shared_.leases);
    const Instant now = shared_.now();
    if (!rest_.empty()) rest_ = rest_.subspan(session_.receive(rest_, now));
    if (input_ended_ && rest_.empty()) session_.end_of_input();
    more = session_.work(now);
  }
  if (session_.broken()) return close();
  if (!writing_ && !session_.pending().empty()) write();
  if (!writing_ && session_.next() == TcpSession::Next::close) return say_goodbye();
  if (!writing_ && session_.next() == TcpSession::Next::start_tls) return handshake();
  if (!reading_ && !input_ended_ && rest_.empty() && session_.next() == TcpSession::Next::go_on) read();
  // Others have their turn between two of this one's.
  if (!more || posted_) return;
  posted_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->posted_ = false;
    self->pump();
  });
}

void TcpConnection::read() {
  reading_ = true;
  on_stream([this](auto& stream) {
    stream.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const error_code& error, std::size_t size) {
      self->reading_ = false;
      if (self->closed_) return;
      self->rest_ = Bytes{self->buffer_}.first(size);
      if (error) self->input_ended_ = true;
      if (error && error != asio::error::eof && error != asio::ssl::error::stream_truncated) return self->close();
      self->pump();
    });
  });
}

void TcpConnection::write() {
  writing_ = true;
  const Bytes pending = session_.pending();
  on_stream([&](auto& stream) {
    stream.async_write_some(asio::buffer(pending.data(), pending.size()), [self = shared_from_this()](const error_code& error, std::size_t size) {
      self->writing_ = false;
      if (self->closed_) return;
      if (error) return self->close();
      self->shared_.counters.octets_sent.add(size);
      self->session_.sent(size, self->shared_.now());
      self->pump();
    });
  });
}

void TcpConnection::handshake() {
  shaking_ = true;
  deadline_ns_ = shared_.now().mono_ns + kHandshakeNs;
  context_ = shared_.tls;
  tls_.emplace(socket_, *context_);
  tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const error_code& error) {
    self->shaking_ = false;
    self->deadline_ns_ = TcpSession::kNoTime;
    (error ? self->shared_.counters.tls_failed : self->shared_.counters.tls_started).add();
    if (self->closed_) return;
    if (error) return self->close();
    self->session_.tls_started();
    self->pump();
  });
}

// With TLS the end is told, so that nobody takes a cut for it.
void TcpConnection::say_goodbye() {
  if (!tls_) return close();
  leaving_ = true;
  deadline_ns_ = shared_.now().mono_ns + kGoodbyeNs;
  tls_->async_shutdown([self = shared_from_this()](const error_code&) { self->close(); });
}

void TcpConnection::on_time() {
  const Instant now = shared_.now();
  if (now.mono_ns >= deadline_ns_) return close();
  if (now.mono_ns >= session_.next_ns()) session_.on_time(now);
  pump();
}

void TcpConnection::terminate() {
  session_.terminate(Ended::stopped, shared_.now());
  pump();
}

void TcpConnection::close() noexcept {
  if (closed_) return;
  closed_ = true;
  const bool refused = shaking_ || (tls_ && !session_.secured());
  shared_.counters.ended[static_cast<std::size_t>(refused ? Ended::no_tls : session_.ended())].add();
  error_code ignored;
  // What is left goes out if the socket takes it at once: the last of it says that the query was ended.
  if (!tls_ && !writing_ && !session_.pending().empty()) {
    socket_.non_blocking(true, ignored);
    socket_.write_some(asio::buffer(session_.pending().data(), session_.pending().size()), ignored);
  }
  socket_.close(ignored);
}

}  // namespace coaxd::leasequery
