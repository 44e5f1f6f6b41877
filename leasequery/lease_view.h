// lease_view.h: who has which address, as a relay is told it (RFC 4388, 6926, 7724): the lease table and the configuration seen as one, read only.
//
// "Ours" is what the configuration says: an address of a pool, or a host's fixed-address. A host with a fixed address has it for as long as the configuration says so,
// whether or not he was ever heard of (other servers answer UNKNOWN for him, and source-verify cuts him off); what he said last is known while there are notes
// (fixed_notes.h). Of dynamic addresses the lease table's committed binding
// counts: what waits for the disk is not said yet (RFC 2131 §3.1 step 4), and a lease that ended a moment ago is over, worked off or not.
//
// Owned by one thread, which calls everything; the lease table may change meanwhile, and what is read of one address is consistent. use() allocates, the rest does not.
// A Facts must not outlive the configuration that was in use when it was filled.
// Source: RFC 4388 §6.4.1, RFC 6926 §6.2.7, RFC 2131 §4.4.5 (T1, T2); what differs from dhcpd stands in docs/leasequery.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "leasequery/fixed_notes.h"
#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/config/config.h"
#include "server/lease/lease_table.h"

namespace coaxd::leasequery {

enum class Standing : std::uint8_t {
  unknown,     // no address of ours, or nobody of that name has one
  unassigned,  // ours, and nobody's: free, offered, expired, released, declined, taken away
  active,      // somebody's
};

inline constexpr std::uint32_t kInfinite = 0xffffffff;  // RFC 2132 §9.2

// Addresses that were taken from their holders by the operator's word, sooner than their leases end. One view's.
class Revocations {
 public:
  // `pool`: of the address; null: fixed. `holder`: the lease in question, or a host's hardware address and client identifier; a later lease of the same address is another's.
  virtual bool is_revoked(Ipv4 address, const config::Pool* pool, const lease::Binding& holder) const noexcept = 0;

 protected:
  ~Revocations() = default;
};

// What is known of one address. Variable parts are views into it, or into the configuration.
class Facts {
 public:
  Ipv4 address;
  Standing standing = Standing::unknown;
  bool is_static = false;  // a host's fixed address, and no lease
  bool ever_used = false;  // there is, or was, a lease
  // Of the address now; RFC 6926's code is lease::row_of(state).rfc6926_code. A lease that is over but not worked off is `expired`, one that was taken away `released`.
  lease::BindingState state = lease::BindingState::free;
  std::uint32_t generation = 0;  // of the slot: a later change has a newer one (lease::newer_generation); 0 of fixed addresses
  const config::Pool* pool = nullptr;  // null: fixed

  // Who has it, or had it last; empty: not known.
  std::uint8_t htype = 0;
  Bytes hardware, client_id;
  Bytes agent_info;    // option 82 as it last came through a relay, byte for byte
  Bytes vendor_class;  // option 60
  Bytes host_name;     // option 12, printable

  // Seconds since 1970, as stored; 0: not known, as of a fixed address whose host was not heard.
  lease::StoredTime starts = 0, ends = 0, cltt = 0;

  // Seconds from the moment that was asked about. Of active addresses; else 0.
  std::uint32_t lease_left = 0;             // kInfinite: for ever. Of a fixed address whose host was told no time that still runs: for as long as he would be given it now
  std::uint32_t t1_left = 0, t2_left = 0;   // 0: past, or none (an infinite lease)
  // Since the server dealt with the client last (option 91). Nothing: not known.
  std::optional<std::uint32_t> since_cltt;

  Facts() noexcept {}  // the binding's room is not written before it is needed
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

 private:
  friend class LeaseView;
  lease::Binding binding_;  // what the views are of
};

// All addresses of one client.
struct Tenant {
  static constexpr std::size_t kMostOthers = 63;  // as many as one option 92 holds; the index knows 16 leases of a key (lease_table.h), fixed addresses may be more
  Facts newest;  // of the active address that the server dealt with last (RFC 4388 §6.4.1); fixed addresses of which that is not known come behind
  std::array<Ipv4, kMostOthers> others;
  std::size_t other_count = 0;
  std::span<const Ipv4> other_addresses() const noexcept { return {others.data(), other_count}; }
};

class LeaseView {
 public:
  // All outlive the view; no revocations, no notes: null.
  explicit LeaseView(const lease::LeaseTable& leases, const Revocations* revocations = nullptr, const FixedNotes* notes = nullptr) noexcept;
  ~LeaseView();
  LeaseView(const LeaseView&) = delete;
  LeaseView& operator=(const LeaseView&) = delete;

  // A new configuration (start, reload barrier): the tables have been configured for it. Before the first nothing is known. True: the same addresses are ours as before, the
  // fixed ones those of the same hosts, so that nobody has come or gone by it.
  bool use(std::shared_ptr<const config::Config> config);
  const config::Config* config() const noexcept { return config_.get(); }

  // Never "unknown nobody": an address of ours is active or unassigned. `out` is filled in whatever the answer.
  Standing by_address(Ipv4 address, WallSeconds now, Facts& out) const noexcept;
  // active or unknown, never unassigned (RFC 4388 §6.4.1). Offers are nobody's yet. An empty name is nobody's.
  Standing by_hardware(std::uint8_t htype, Bytes chaddr, WallSeconds now, Tenant& out) const noexcept;
  Standing by_client_id(Bytes client_id, WallSeconds now, Tenant& out) const noexcept;

  // Asks the memory for what these will read; then the slots that prefetch(address) found.
  lease::SlotId prefetch(Ipv4 address) const noexcept { return leases_.prefetch(address); }
  void prefetch(lease::SlotId slot) const noexcept { leases_.prefetch(slot); }
  void prefetch_client(std::uint8_t htype, Bytes chaddr, Bytes client_id) const noexcept { leases_.prefetch(htype, chaddr, client_id); }

  // All addresses of ours, ascending. The place is an address, so a walk goes on after a reload, too; what changes meanwhile is seen as it is when the walk comes to it,
  // each address at most once.
  struct Place {
    std::uint64_t next = 0;  // the next address to look at; kEnd: none
    static constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;
    bool at_end() const noexcept { return next >= kEnd; }
  };
  enum class Walk : std::uint8_t {
    all,   // every configured address
    used,  // only those that somebody has or had
  };
  // Fills `out` with the next one. Looks at no more than `budget` addresses, and takes those that it has looked at off it. False: none within the budget, or the end, which
  // the place says.
  bool next(Place& place, Walk walk, WallSeconds now, std::size_t& budget, Facts& out) const noexcept;

  const lease::LeaseTable& leases() const noexcept { return leases_; }

  // Every address of ours has a number, small and dense enough for a set of bits: of dynamic ones for good, of fixed ones until use() says otherwise.
  enum class Number : std::uint32_t { none = 0xffffffff };  // none: not ours
  static constexpr Number number_of(lease::SlotId slot) noexcept { return Number{slot * 2}; }
  Number number_of(Ipv4 address) const noexcept;
  Ipv4 numbered(Number number) const noexcept;  // {}: there is none any more

 private:
  // What a scope says of the times of a lease, where it says so plainly.
  struct Times {
    std::uint32_t lease = 0;                   // what a client is given who asks for no time of his own
    std::uint32_t renewal = 0, rebinding = 0;  // options 58 and 59; 0: none configured
  };
  struct Fixed {
    Ipv4 address;
    const config::Host* host;
    Times times;
  };
  struct Block {
    std::uint32_t base;  // first address
    lease::SlotId first;
  };

  // An active address of a client, while the newest is looked for.
  struct Candidate {
    Ipv4 address;
    lease::StoredTime cltt = 0;
  };
  static constexpr std::size_t kMostCandidates = Tenant::kMostOthers + 1;
  struct Candidates {
    std::array<Candidate, kMostCandidates> list;
    std::size_t count = 0;
    void add(const Facts& facts) noexcept;
  };

  struct Fractions {
    std::uint32_t t1, t2;
  };

  static Times times_of(const config::Scope& scope, const config::Scope* pool = nullptr);
  static Fractions fractions_of(const Times& times, std::uint32_t length) noexcept;
  static void forget(Facts& out) noexcept;
  static void tell_binding(WallSeconds now, Facts& out) noexcept;
  const Fixed* fixed(Ipv4 address) const noexcept;
  Standing read(lease::SlotId slot, WallSeconds now, Facts& out) const noexcept;
  void tell_times(const Times& times, WallSeconds now, Facts& out) const noexcept;
  void tell_fixed(const Fixed& fixed, WallSeconds now, Facts& out) const noexcept;
  template <typename IsHis>
  Standing newest_of(std::span<const lease::SlotId> slots, std::span<const Ipv4> noted, std::span<const config::Host* const> hosts, IsHis is_his, WallSeconds now,
                     Tenant& out) const noexcept;

  const lease::LeaseTable& leases_;
  const Revocations* const revocations_;
  const FixedNotes* const notes_;
  std::shared_ptr<const config::Config> config_;
  std::vector<Fixed> fixed_;       // ascending by address
  std::vector<Times> pool_times_;  // by pool
  std::vector<Block> blocks_;      // of the table, ascending by address
  std::vector<config::AddressRange> ranges_;  // of all pools, ascending
};

}  // namespace coaxd::leasequery
