// tcp_session.h: one connection of leasequery over TCP as a value: it is fed octets and time, and gives octets and what is to be done with the connection. No socket, clock
// or thread; equal inputs give equal outputs. Its transport (tcp_server.h) moves the octets, also through TLS.
//
// Nothing grows with what the peer does or does not do: messages longer than any query end the connection, queries beyond `queries` are not read before others are
// done, and leases are looked at only as far as there is room for what they say. A peer that does not read stops its own queries and nothing else.
// Source: RFC 6926 §6.1, §8 (framing, concurrent queries, closing), RFC 7724 §8 (TLS, active queries).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "leasequery/active_follow.h"
#include "leasequery/bulk_walk.h"
#include "leasequery/framing.h"
#include "leasequery/tcp_query.h"
#include "leasequery/tcp_teller.h"
#include "server/base/time.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

enum class TlsMode : std::uint8_t {
  off,       // DHCPTLS is refused
  optional,  // whoever asks for it gets it
  required,  // nothing but DHCPTLS is the first message
};

// Why a connection has ended. The texts are labels of metrics.
enum class Ended : std::uint8_t {
  by_peer,      // it closed, or broke
  idle,         // nothing was asked for so long
  not_reading,  // octets waited for so long
  bad_length,   // no message has such a length
  no_tls,       // TLS is required and was not begun, or the handshake failed
  stopped,      // the server goes down, or the requester may not ask any more
  count
};
std::string_view to_string(Ended) noexcept;

struct SessionSettings {
  std::size_t queries = 8;  // at once; more are read when one of them is done
  std::int64_t idle_ns = 300'000'000'000;         // RFC 6926 §6.3
  std::int64_t bulk_stall_ns = 300'000'000'000;
  std::int64_t active_stall_ns = 120'000'000'000;  // RFC 7724 §6.3
  std::size_t output = 128 << 10;
  TlsMode tls = TlsMode::off;
};

// By the thread that serves TCP; anybody reads.
struct SessionCounters {
  std::array<Counter, static_cast<std::size_t>(TcpQuery::By::count)> bulk;  // queries
  Counter active, tls;
  Counter repeated;  // with the xid of one in flight, and dropped
  std::array<Counter, static_cast<std::size_t>(StatusCode::count)> status;  // in messages; Success: queries that were done
};

class TcpSession {
 public:
  static constexpr std::size_t kLongestQuery = 4096;
  static constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::max();

  struct Parts {
    const SessionSettings& settings;
    Teller& teller;
    SessionCounters& counters;
    Ipv4 server_id;
    Lists lists = Lists::liberal;
    lease::StoredTime history_from = 0;
    Codes may_be_told = told_to_anybody();
  };
  TcpSession(const Parts& parts, Instant now);

  // What has come, and how many of these octets were taken: less than all while it has enough to do. Then again after work().
  std::size_t receive(Bytes octets, Instant now);
  // The peer sends no more: what it asked for is still told.
  void end_of_input() noexcept;
  // One turn of what there is to do, and whether another would get further.
  bool work(Instant now);

  Bytes pending() const noexcept { return out_.pending(); }
  void sent(std::size_t octets, Instant now) noexcept;

  // Looks at the time. To be called at next_ns().
  void on_time(Instant now);
  std::int64_t next_ns() const noexcept;

  // For active queries: an address has a new binding; changes were lost, or other addresses are ours.
  bool follows() const noexcept { return active_ != nullptr; }
  void changed(LeaseView::Number address) {
    if (active_) active_->changed(address);
  }
  void changes_lost() noexcept {
    if (active_) active_->data_missing();
  }
  void set_history_from(lease::StoredTime since) noexcept { history_from_ = since; }

  // Ends every query with QueryTerminated, as far as there is room, and then the connection.
  void terminate(Ended why, Instant now);

  // What the transport is to do when everything pending has been sent. start_tls: a handshake, then tls_started().
  enum class Next : std::uint8_t { go_on, start_tls, close };
  Next next() const noexcept { return next_; }
  void tls_started() noexcept;
  bool secured() const noexcept { return secured_; }
  // Do not wait for what is pending: close now.
  bool broken() const noexcept { return broken_; }
  Ended ended() const noexcept { return ended_; }

 private:
  bool can_take() noexcept { return next_ == Next::go_on && queries_in_flight() < settings_.queries && !out_.room(kLongestTcpReply).empty(); }
  std::size_t queries_in_flight() const noexcept { return bulk_.size() + (active_ ? 1 : 0); }
  bool in_flight(std::uint32_t xid) const noexcept;
  void on_message(Bytes octets, Instant now);
  void begin(TcpQuery query, Instant now);
  void on_tls(std::uint32_t xid, Instant now);
  void tell(wire::MessageType type, std::uint32_t xid, Status status, Instant now);
  void end(Ended why, bool at_once) noexcept;

  const SessionSettings& settings_;
  Teller& teller_;
  SessionCounters& counters_;
  const Ipv4 server_id_;
  const Lists lists_;
  const Codes may_be_told_;
  lease::StoredTime history_from_;

  FrameReader in_{kLongestQuery};
  FrameWriter out_;
  std::unique_ptr<wire::Message> message_ = std::make_unique<wire::Message>();
  std::vector<std::unique_ptr<BulkWalk>> bulk_;
  std::size_t turn_ = 0;  // whose it is
  std::unique_ptr<ActiveFollow> active_;

  std::int64_t heard_at_ns_, sent_at_ns_;
  bool first_message_ = true, secured_ = false, input_ended_ = false, broken_ = false;
  Next next_ = Next::go_on;
  Ended ended_ = Ended::by_peer;
};

}  // namespace coaxd::leasequery
