#include "leasequery/client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include "leasequery/client_reply.h"
#include "leasequery/client_stream.h"
#include "leasequery/framing.h"

namespace coaxd::leasequery {

namespace {

using Done = std::expected<void, std::string>;
using Clock = std::chrono::steady_clock;
constexpr std::uint16_t kServerPort = 67;
constexpr unsigned kActiveSilence = 120;  // RFC 7724 §6.3

std::unexpected<std::string> fail(std::string sentence) { return std::unexpected(std::move(sentence)); }

std::uint32_t random_xid() {
  std::uint32_t xid = 1;
  (void)!getrandom(&xid, sizeof xid, 0);
  return xid;
}

sockaddr_in to_socket(Ipv4 address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(address.value);
  return out;
}

struct Socket {
  explicit Socket(int type) : fd(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  const int fd;
};

// The address that we would ask from.
Ipv4 own_address(Ipv4 server) {
  const Socket probe(SOCK_DGRAM);
  const sockaddr_in to = to_socket(server, kServerPort);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  if (connect(probe.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 || getsockname(probe.fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return {};
  return {ntohl(own.sin_addr.s_addr)};
}

// --- UDP ---

// RFC 4388 §6.3: the answer goes to giaddr, so that must be ours; to port 67, or to ours where the server knows RFC 8357.
Done ask_udp(ClientOptions& options, const Print& print) {
  if (options.query.giaddr.is_zero()) options.query.giaddr = own_address(options.server);
  const Socket socket(SOCK_DGRAM);
  sockaddr_in own = to_socket(options.query.giaddr, kServerPort);
  if (bind(socket.fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    own.sin_port = 0;
    options.query.relay_port = true;
    if (bind(socket.fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0)
      return fail(fmt::format("--giaddr {}: {}: it is where the answer goes, so it must be an address of this machine.", to_string(options.query.giaddr),
                              std::strerror(errno)));
  }
  const sockaddr_in to = to_socket(options.server, options.port);
  const std::vector<std::uint8_t> query = to_octets(options.query);
  const timeval second{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  const auto reply = std::make_unique<wire::Message>();
  std::array<std::uint8_t, 65536> datagram;
  for (unsigned attempt = 0; attempt < std::max(1u, options.timeout_s); ++attempt) {
    if (sendto(socket.fd, query.data(), query.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
      return fail(fmt::format("cannot send to {}: {}.", to_string(options.server), std::strerror(errno)));
    for (const auto until = Clock::now() + std::chrono::seconds(1); Clock::now() < until;) {
      const ssize_t size = recv(socket.fd, datagram.data(), datagram.size(), 0);
      if (size <= 0) break;
      if (!reply->parse(Bytes{datagram}.first(static_cast<std::size_t>(size)), wire::Message::Accept::replies) || reply->xid() != options.query.xid) continue;
      print(*reply, true);
      return {};
    }
  }
  return fail(fmt::format("no answer from {} in {} s. Does it serve leasequery to us? `allow leasequery;` in dhcpd.conf, or [leasequery] requesters in coaxd.toml, must cover "
                          "giaddr {}; its counters of refused queries (coaxctl stats) say why.",
                          to_string(options.server), options.timeout_s, to_string(options.query.giaddr)));
}

// --- TCP ---

std::vector<std::uint8_t> framed(const ClientQuery& query) {
  std::vector<std::uint8_t> out = to_octets(query);
  const std::size_t size = out.size();
  out.insert(out.begin(), {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  return out;
}

// Messages as they come.
class Replies {
 public:
  explicit Replies(ClientStream& stream) : stream_(stream) {}
  // False: the server has closed.
  std::expected<bool, std::string> next(wire::Message& into, unsigned timeout_s) {
    if (reader_.whole()) reader_.next();
    for (;;) {
      rest_ = rest_.subspan(reader_.take(rest_));
      if (reader_.broken()) return fail(fmt::format("the server sent a message of {} octets, which none has.", reader_.bad_length()));
      if (reader_.whole()) break;
      const auto got = stream_.receive(buffer_, timeout_s);
      if (!got) return fail(got.error() + ".");
      if (*got == 0) return reader_.in_message() ? std::expected<bool, std::string>(fail("the connection ended within a message.")) : false;
      rest_ = Bytes{buffer_}.first(*got);
    }
    if (!into.parse(reader_.message(), wire::Message::Accept::replies)) return fail("the server sent octets that are no DHCP message.");
    return true;
  }
  bool has_more() const noexcept { return !rest_.empty(); }

 private:
  ClientStream& stream_;
  FrameReader reader_{kLongestMessage};
  std::array<std::uint8_t, 65536> buffer_;
  Bytes rest_;
};

// RFC 7724 §7.1: asked for in clear, then the handshake.
Done secure(ClientStream& stream, Replies& replies, const ClientOptions& options) {
  ClientQuery query;
  query.type = wire::MessageType::tls;
  query.xid = options.query.xid;
  if (auto sent = stream.send(framed(query)); !sent) return sent;
  const auto reply = std::make_unique<wire::Message>();
  const auto got = replies.next(*reply, options.timeout_s);
  if (!got) return fail(got.error());
  if (!*got) return fail("the server closed the connection: is our address among its [leasequery] requesters?");
  const auto status = status_of(*reply);
  if (reply->type() != wire::MessageType::tls || (status && status->code != StatusCode::success))
    return fail(fmt::format("the server refuses TLS{}{}: set [leasequery] tls = \"optional\" or \"required\" there, or ask without --tls.", status && !status->text.empty() ? ": " : "",
                            status ? status->text : ""));
  return stream.start_tls(options.tls, options.server);
}

Done ask_tcp(ClientOptions& options, const Print& print) {
  const bool active = options.over == ClientOptions::Over::active;
  auto stream = ClientStream::connect(options.server, options.port, options.timeout_s);
  if (!stream) return fail(stream.error());
  const auto replies = std::make_unique<Replies>(*stream);
  if (options.tls.wanted)
    if (auto secured = secure(*stream, *replies, options); !secured) return secured;
  if (auto sent = stream->send(framed(options.query)); !sent) return sent;
  const auto reply = std::make_unique<wire::Message>();
  const auto until = Clock::now() + std::chrono::seconds(options.follow_s);
  for (bool first = true;; first = false) {
    unsigned patience = active ? kActiveSilence : std::max(1u, options.timeout_s);
    if (active && options.follow_s != 0) {
      const auto left = std::chrono::duration_cast<std::chrono::seconds>(until - Clock::now()).count();
      if (left < 0) return {};
      patience = std::min(patience, static_cast<unsigned>(left) + 1);
    }
    const auto got = replies->next(*reply, patience);
    if (!got && active && options.follow_s != 0 && stream->timed_out() && Clock::now() >= until) return {};
    if (!got) return fail(got.error());
    if (!*got)
      return fail(first ? "the server closed the connection: is our address among its [leasequery] requesters, and does it require TLS (--tls)?"
                        : "the server closed the connection before it was done: what was printed is not all.");
    if (reply->xid() != options.query.xid) continue;
    const bool done = reply->type() == wire::MessageType::lease_query_done;
    print(*reply, done);
    if (!done) continue;
    const auto status = status_of(*reply);
    if (!status || status->code == StatusCode::success) return {};
    return fail(fmt::format("the server ended the query: {}{}{}.", to_string(status->code), status->text.empty() ? "" : ": ", status->text));
  }
}

}  // namespace

Done ask(ClientOptions options, const Print& print) {
  options.query.xid = random_xid();
  if (options.over == ClientOptions::Over::udp) {
    options.query.type = options.dialect == Dialect::rfc4388 ? wire::MessageType::leasequery : wire::MessageType::lease_active;  // 13 is a query in the drafts
    return ask_udp(options, print);
  }
  options.query.type = options.over == ClientOptions::Over::bulk ? wire::MessageType::bulk_leasequery : wire::MessageType::active_leasequery;
  return ask_tcp(options, print);
}

}  // namespace coaxd::leasequery
