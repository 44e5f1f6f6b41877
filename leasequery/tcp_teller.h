// tcp_teller.h: what the queries of all connections share: the leases, who we are, room to work in, and a measure of work. The thread that serves TCP owns it.
#pragma once

#include <cstddef>

#include "leasequery/framing.h"
#include "leasequery/lease_view.h"
#include "leasequery/reply.h"
#include "leasequery/tcp_reply.h"
#include "server/base/counter.h"

namespace coaxd::leasequery {

// What one turn may do: so much that a dump of a million leases takes little longer for being cut into turns, so little that a turn ends before anybody notices it
// (a fifth of a millisecond, leasequery_tcp_bench.cc).
struct Budget {
  static constexpr std::size_t kTurn = 4096;
  static constexpr std::size_t kTold = 8;  // a message costs as much as so many addresses that are only looked at
  std::size_t addresses = kTurn;

  bool spent() const noexcept { return addresses == 0; }
  void told() noexcept { addresses -= addresses < kTold ? addresses : kTold; }
};

struct Teller {
  explicit Teller(const LeaseView& v) : view(v) {}
  const LeaseView& view;
  Facts facts{};       // of the address in hand
  Counter active{}, unassigned{};  // messages

  // False: no room, and nothing was written.
  bool tell(FrameWriter& out, const TcpQuery& query, Ipv4 server_id, WallSeconds now) noexcept {
    const MutableBytes room = out.room(kLongestTcpReply);
    if (room.empty()) return false;
    out.push(write_lease(room, query, facts, server_id, now));
    (facts.standing == Standing::active ? active : unassigned).add();
    return true;
  }
};

}  // namespace coaxd::leasequery
