// bulk_walk.h: one DHCPBULKLEASEQUERY on its way: looks at leases and tells them as far as there is room, and goes on from there the next time.
//
// No snapshot is promised (RFC 6926 §8.2 asks for none). Addresses are looked at in ascending order, each once, as it is when the walk comes to it: so an address is told
// at most once, what changes behind the walk is not told again, and each message is true at its base-time. Who needs to know what changed meanwhile asks again with
// query-start-time at the first base-time, or follows (active_follow.h).
// Owned by its connection; nothing is allocated after construction.
// Source: RFC 6926 §7.2 (the keys), §8.2.
#pragma once

#include <vector>

#include "leasequery/tcp_query.h"
#include "leasequery/tcp_teller.h"

namespace coaxd::leasequery {

class BulkWalk {
 public:
  BulkWalk(TcpQuery query, const LeaseView& view, WallSeconds now);

  // True: everything was told, and that it is done.
  bool work(Teller& teller, FrameWriter& out, Ipv4 server_id, WallSeconds now, Budget& budget) noexcept;
  const TcpQuery& query() const noexcept { return query_; }

 private:
  void find_client(const LeaseView& view, WallSeconds now);
  bool next(Teller& teller, WallSeconds now, Budget& budget) noexcept;
  bool at_end() const noexcept;
  bool asked_for(const Facts& facts) const noexcept;
  bool walks_all() const noexcept { return query_.by != TcpQuery::By::hardware && query_.by != TcpQuery::By::client_id; }

  TcpQuery query_;
  LeaseView::Place place_;
  std::vector<Ipv4> addresses_;  // by hardware address or client-id: ascending
  std::size_t next_ = 0;
  bool first_ = true;
};

}  // namespace coaxd::leasequery
