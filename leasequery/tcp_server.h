// tcp_server.h: bulk and active leasequery over TCP: the socket, the connections, the thread. What they say is tcp_session.h's.
//
// One thread of its own, of lower priority than the workers, so that a dump of all leases costs packets as little as may be: it works in turns of a fifth of a millisecond, reads
// leases as any reader does, and holds what it writes in a bounded buffer a connection. Only listed requesters get as far as a session: others are closed when they are
// accepted, by the address that TCP has proven.
//
// Threads: construction, listen(), start(), hold(), use() and stop() are the control thread's; changed() and counters() are for any.
// Source: RFC 6926 §8.1 (accepting connections), §9; RFC 7724 §8.1.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "leasequery/requesters.h"
#include "leasequery/tcp_session.h"
#include "leasequery/tls.h"
#include "server/lease/change_feed.h"

namespace coaxd::leasequery {

struct TcpCounters {
  Counter accepted, not_listed, too_many;  // connections: served, closed at once for whom they are from, or for how many there are
  Counter open, followers;                 // now: connections, and those with an active query
  std::array<Counter, static_cast<std::size_t>(Ended::count)> ended;
  Counter octets_sent, changes, changes_lost;  // changes: taken from the workers; lost: how often some were
  Counter tls_started, tls_failed;
  SessionCounters session;
};

class TcpServer {
 public:
  struct Options {
    std::uint16_t port = kTcpPort;
    unsigned connections = 10;  // RFC 6926 §6.3
    SessionSettings session{};
    TlsContext tls{};  // null with TlsMode::off
    std::function<std::expected<TlsContext, std::string>()> read_certificates{};  // again, with each use(); by its thread. None: they stay
  };
  // What it serves, and to whom. All outlive its thread.
  struct Parts {
    const lease::LeaseTable& leases;
    const Requesters& requesters;
    const Revocations* revocations = nullptr;
    FixedNotes* notes = nullptr;
    std::shared_ptr<const config::Config> config;
    std::vector<lease::ChangeFeed*> feeds;  // of each worker
  };
  // `now` and `log` are called by its thread alone.
  TcpServer(Options options, std::function<Instant()> now, std::function<void(const std::string&)> log);
  ~TcpServer();

  // While there are privileges. Error: one sentence. Port 0 is any.
  std::expected<void, std::string> listen();
  std::uint16_t port() const;
  // The leases have been loaded.
  void start(Parts parts);
  // Ends queries with QueryTerminated, then the thread.
  void stop();

  // While held, nothing is read of the leases and notes: for a reload, which rebuilds their tables; with use() before it is let go.
  [[nodiscard]] std::unique_lock<std::mutex> hold();
  void use(std::shared_ptr<const config::Config> config);

  // An address stands otherwise than before though no worker has changed it: a revocation. Those who follow are told.
  void changed(Ipv4 address);

  const TcpCounters& counters() const noexcept;
  std::uint64_t told_active() const noexcept;
  std::uint64_t told_unassigned() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::leasequery
