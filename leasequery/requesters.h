// requesters.h: who may ask, in which dialect, how often, and what he may be told. Made once at start, then shared by all workers: what is allowed never changes, what is left of a rate is an atomic
// number each. Whoever may ask learns who is where, so nobody may without being told so here, or by `allow leasequery` in dhcpd.conf.
//
// Once there is a list, both the address a query comes from and its giaddr must be in it (dhcpd looks at giaddr alone, which anybody can write), and
// answers go nowhere else. Without a list `allow leasequery` says who may, by giaddr.
//
// A rate is a bucket that holds kBurst seconds of it: a CMTS that was reloaded asks for all its CPE at once.
// Threads: any, everything; counters of Tally are their worker's, and read by any.
// Source: RFC 4388 §6.4.2 (which options), §7 (security); RFC 6926 leaves the same to us for TCP, where the peer's address counts.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "leasequery/query.h"
#include "leasequery/reply.h"
#include "server/base/atomic.h"
#include "server/base/counter.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"

namespace coaxd::leasequery {

// Tokens that come at an even rate, and may be saved up: as the time at which the bucket would be full again (GCRA), one word, so that all workers take from it without a lock.
class TokenBucket {
 public:
  static constexpr std::int64_t kBurstSeconds = 10;
  explicit TokenBucket(std::uint32_t rate = 0) noexcept : interval_ns_(rate == 0 ? 0 : 1'000'000'000 / rate) {}
  // False: none is left. A rate of 0 is no limit.
  bool take(std::int64_t mono_ns) noexcept;

 private:
  const std::int64_t interval_ns_;
  Atomic<std::int64_t> full_at_{0};
};

// A row of [leasequery] requesters in coaxd.toml.
struct RequesterSpec {
  Prefix prefix;
  DialectChoice dialect = DialectChoice::automatic;
  std::uint8_t draft_type = 13;  // of the queries of draft2: 9 to 13
  std::uint32_t rate = 0;        // queries a second; 0: no limit
  Lists lists = Lists::liberal;
};

struct Requester {
  explicit Requester(const RequesterSpec& from) : spec(from), bucket(from.rate) {}
  const RequesterSpec spec;
  TokenBucket bucket;
};

enum class Result : std::uint8_t { active, unassigned, unknown, count };  // a Standing, as metrics have it
std::string_view to_string(Result) noexcept;

class Requesters {
 public:
  static constexpr std::size_t kNobody = ~std::size_t{0};

  // `rate`: queries a second of all together; 0: no limit. `may_be_told`: options of an answer, to any of them.
  explicit Requesters(std::span<const RequesterSpec> specs = {}, std::uint32_t rate = 0, const Codes& may_be_told = told_to_anybody());

  const Codes& may_be_told() const noexcept { return may_be_told_; }

  // Without a list the configuration of dhcpd decides, and place 0 is everybody whom it allows.
  bool listed() const noexcept { return listed_; }
  // One place for each of the list in its order; or the one.
  std::size_t count() const noexcept { return requesters_.size(); }
  Requester& at(std::size_t place) noexcept { return *requesters_[place]; }
  const Requester& at(std::size_t place) const noexcept { return *requesters_[place]; }
  std::string name(std::size_t place) const;  // for metrics: "10.1.0.0/24", or "allow leasequery"

  // Of the list, the longest prefix with that address. kNobody: none.
  std::size_t find(Ipv4 address) const noexcept;
  // Who asks: the requester that has giaddr. `allowed`: what dhcpd.conf says, which counts without a list.
  std::expected<std::size_t, Refusal> admit(Ipv4 source, Ipv4 giaddr, bool allowed) const noexcept;
  // Takes one of his tokens and one of all together. Refusal::none, too_many, busy.
  Refusal charge(std::size_t place, std::int64_t mono_ns) noexcept;

  // True the first time that this relay is heard in this dialect: then it is worth a line in the log. It forgets nobody, and of more than kHeard it hears little.
  static constexpr std::size_t kHeard = 1024;
  bool heard_first(Ipv4 giaddr, Dialect dialect) noexcept;

 private:
  const bool listed_;
  const Codes may_be_told_;
  std::vector<std::unique_ptr<Requester>> requesters_;
  std::vector<std::uint32_t> by_length_;  // places, the longest prefix first
  TokenBucket all_;
  std::array<Atomic<std::uint64_t>, kHeard> heard_{};
};

// What one worker has counted, of each requester, and of nobody in the last place.
class Tally {
 public:
  explicit Tally(std::size_t requesters) : counts_(requesters + 1) {}

  void answered(std::size_t place, Dialect dialect, Key key, Result result) noexcept;
  void refused(std::size_t place, Refusal why) noexcept;  // place: kNobody where it is not known who asks
  void several_keys() noexcept { several_keys_.add(); }

  std::uint64_t answers(std::size_t place, Dialect dialect, Key key, Result result) const noexcept;
  std::uint64_t refusals(std::size_t place, Refusal why) const noexcept;
  std::uint64_t with_several_keys() const noexcept { return several_keys_.get(); }

 private:
  static constexpr std::size_t kDialects = static_cast<std::size_t>(Dialect::count), kKeys = static_cast<std::size_t>(Key::count),
                               kResults = static_cast<std::size_t>(Result::count), kRefusals = static_cast<std::size_t>(Refusal::count);
  struct Counts {
    std::array<std::array<std::array<Counter, kResults>, kKeys>, kDialects> answers;
    std::array<Counter, kRefusals> refusals;
  };
  std::size_t index(std::size_t place) const noexcept { return place < counts_.size() ? place : counts_.size() - 1; }

  std::vector<Counts> counts_;
  Counter several_keys_;
};

}  // namespace coaxd::leasequery
