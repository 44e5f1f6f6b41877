// active_follow.h: one DHCPACTIVELEASEQUERY on its way: first what changed since the time it names (catch-up), then every change as it comes, until the connection ends.
//
// What waits to be told is one bit an address (two, for fixed ones are counted apart). So a slow requester costs the server nothing but that bit: several changes of one address become one message, which says how
// it stands when the message is written, and the order between addresses is not that of their changes (each message has its base-time and start-time-of-state). Nothing
// can overflow here. Where changes are lost before they come here, or history does not reach back, the requester is told DataMissing, and asks for everything
// (RFC 7724 §7.4).
// Owned by its connection; allocates at construction, and when the lease table has grown.
// Source: RFC 7724 §8.2 to §8.5.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "leasequery/tcp_query.h"
#include "leasequery/tcp_teller.h"

namespace coaxd::leasequery {

// A set of numbers that are taken out round and round.
class NumberSet {
 public:
  void insert(std::uint32_t number);
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  // The next one behind that which was taken last. Not when empty.
  std::uint32_t take() noexcept;

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0, at_ = 0;
};

class ActiveFollow {
 public:
  // RFC 7724 §6.3 has the requester give up after 120 s without a message.
  static constexpr std::int64_t kKeepaliveNs = 60'000'000'000;
  // A change is committed some time after the moment that its binding is stamped with, a lease is ended some time after its end: catch-up looks so much further back.
  // What is told twice does no harm.
  static constexpr lease::StoredTime kSlack = 60;

  // `history_from`: before it changes may have happened that have left no trace (addresses that a configuration has no more).
  ActiveFollow(TcpQuery query, lease::StoredTime history_from, Instant now);

  const TcpQuery& query() const noexcept { return query_; }
  void changed(LeaseView::Number address) { changed_.insert(std::to_underlying(address)); }
  void data_missing() noexcept { data_missing_ = true; }

  // There is something to tell now; else work() is wanted at next_ns(), to say that the connection is alive.
  bool has_work(Instant now) const noexcept { return data_missing_ || catching_up_ || !changed_.empty() || now.mono_ns >= next_ns(); }
  std::int64_t next_ns() const noexcept { return told_at_ns_ + kKeepaliveNs; }
  void work(Teller& teller, FrameWriter& out, Ipv4 server_id, Instant now, Budget& budget) noexcept;

 private:
  bool tell_status(FrameWriter& out, StatusCode code, std::string_view text, Ipv4 server_id, Instant now) noexcept;
  void tell_changed(Teller& teller, FrameWriter& out, Ipv4 server_id, Instant now, Budget& budget) noexcept;
  void catch_up(Teller& teller, FrameWriter& out, Ipv4 server_id, Instant now, Budget& budget) noexcept;

  TcpQuery query_;
  LeaseView::Place place_;  // of the catch-up
  bool catching_up_ = false, data_missing_ = false, first_ = true;
  NumberSet changed_;
  std::int64_t told_at_ns_;
};

}  // namespace coaxd::leasequery
