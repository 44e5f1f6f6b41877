// transfer_table.h: the transfers of one responder, found by client address and port (RFC 1350 §4: the TIDs). All memory is taken at construction: of each transfer
// the Transfer, its request, a timer, an entry of the index and two of the sources, 480 octets together. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "server/base/hash.h"
#include "server/tftp/source_counts.h"
#include "server/tftp/timer_wheel.h"
#include "server/tftp/transfer.h"

namespace coaxd::tftp {

class TransferTable {
 public:
  TransferTable(std::size_t most, HashSeed seed, std::int64_t now_ns);

  Transfer* find(Endpoint client) noexcept;
  Transfer* find(Ticket ticket) noexcept;  // null: it is over
  // Null: all are under way. One that is over makes room.
  Transfer* add(Endpoint client) noexcept;
  // It is free at once.
  void remove(Transfer& transfer) noexcept;
  // It is over: no longer counted, but known until somebody needs its place, or forget_over().
  void retire(Transfer& transfer, std::int64_t now_ns) noexcept;
  // Gives free those that were over by then.
  void forget_over(std::int64_t before_ns) noexcept;

  Ticket ticket(const Transfer& transfer) const noexcept { return Ticket{(std::uint64_t{transfer.generation} << 32) | index(transfer)}; }
  std::size_t open() const noexcept { return open_; }                                   // under way
  std::size_t known() const noexcept { return transfers_.size() - free_.size(); }      // and those that are over
  std::size_t most() const noexcept { return transfers_.size(); }
  std::uint32_t open_from(Ipv4 address) const noexcept { return sources_.of(address); }

  // What was asked, which nothing on the way of a block needs.
  void set_request(const Transfer& transfer, std::string_view name, const Options& asked) noexcept;
  std::string_view name(const Transfer& transfer) const noexcept;
  const Options& asked(const Transfer& transfer) const noexcept { return requests_[index(transfer)].asked; }

  void arm(const Transfer& transfer, std::int64_t deadline_ns) noexcept { wheel_.arm(index(transfer), deadline_ns); }
  void disarm(const Transfer& transfer) noexcept { wheel_.disarm(index(transfer)); }
  template <typename Fire>
  void expire(std::int64_t now_ns, Fire&& fire) {
    wheel_.expire(now_ns, [&](std::uint32_t item) { fire(transfers_[item]); });
  }
  std::int64_t next_ns() const noexcept { return wheel_.next_ns(); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Request {
    Options asked;
    std::uint8_t name_size = 0;
    char name[kMaxName];
  };

  std::uint32_t index(const Transfer& transfer) const noexcept { return static_cast<std::uint32_t>(&transfer - transfers_.data()); }
  std::uint32_t& bucket_of(Endpoint client) noexcept;
  void forget(Transfer& transfer) noexcept;

  const HashSeed seed_;
  std::vector<Transfer> transfers_;
  std::unique_ptr<Request[]> requests_;  // pages that no transfer has reached take no memory
  std::vector<std::uint32_t> buckets_;   // heads of chains through Transfer::chain
  std::vector<std::uint32_t> free_;      // a stack: the last used is the warmest
  std::uint32_t oldest_over_ = kNone, newest_over_ = kNone;  // a list through Transfer::newer and ::older
  std::size_t open_ = 0;
  SourceCounts sources_;
  TimerWheel wheel_;
};

}  // namespace coaxd::tftp
