// A stream of leasequery over TCP into a session, in pieces, while leases change, time passes and the peer reads as it likes. Strangers' octets beside well-formed queries. What
// must hold: what comes back is frames of DHCP replies, each of a kind that is sent, and whole; never more waits than there is room for; a session that is told to close takes
// nothing more; when the peer reads and asks no more, everything comes to rest.
#include <algorithm>
#include <vector>

#include "fuzz/fuzz.h"
#include "leasequery/testing/tcp_sim.h"

namespace coaxd::leasequery {
namespace {

constexpr Ipv4 kFirst = Ipv4::of(10, 1, 0, 0);
const std::string kConf = "subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.0 10.1.0.63; } host fixed { hardware ethernet 00:aa:00:00:00:01; fixed-address 10.1.1.5; }";

class Run {
 public:
  explicit Run(Bytes input)
      : input_(input),
        leases_(kConf),
        choice_(input_.u8()),
        peer_(leases_, {.queries = 3, .output = 6000, .tls = static_cast<TlsMode>(choice_ % 3)}, (choice_ & 4) != 0 ? static_cast<lease::StoredTime>(kStart) : 0,
              (choice_ & 8) != 0 ? Lists::strict : Lists::liberal) {}

  void go() {
    for (int step = 0; step < 300 && !input_.empty() && !peer_.session.broken(); ++step) act(input_.u8());
    if (peer_.session.broken()) return;
    deliver(queue_);
    bool rests = false;
    for (int turns = 0; turns < 10'000 && !rests; ++turns) {
      const bool more = peer_.session.work(leases_.now);
      read(~std::size_t{0});
      rests = !more && peer_.session.pending().empty();
    }
    REQUIRE(rests);
  }

 private:
  void act(std::uint8_t what) {
    TcpSession& session = peer_.session;
    switch (what % 9) {
      case 0: return append(input_.take(input_.u8()));
      case 1: return query(wire::MessageType::bulk_leasequery);
      case 2: return query(static_cast<wire::MessageType>(what >= 128 ? 16 : 14 + what / 9 % 5));
      case 3: return deliver(std::min<std::size_t>(queue_.size(), input_.u16()));
      case 4: return work();
      case 5: return read(input_.u16());
      case 6: return change(input_.u8());
      case 7:
        leases_.pass(input_.u16() % 400);
        session.on_time(leases_.now);
        return;
      default:
        if (what > 200) session.changes_lost();
        if (what < 20) session.end_of_input();
        if (session.next() == TcpSession::Next::start_tls && session.pending().empty()) session.tls_started();
    }
  }

  void query(wire::MessageType type) {
    const std::uint8_t how = input_.u8();
    QueryPacket packet(type, how % 8);
    if (how & 16) packet.hardware(1, mac_of(input_.u8() % 4));
    if (how & 32) packet.u32(154, kStart + input_.u8());
    if (how & 64) packet.add(82, {2, 1, static_cast<std::uint8_t>(how & 3)});
    if (how & 128) packet.add(55, {51, 82});
    append(packet.framed());
  }
  void append(Bytes octets) { queue_.insert(queue_.end(), octets.begin(), octets.end()); }
  void deliver(std::size_t count) { deliver(Bytes{queue_}.first(count)); }
  void deliver(Bytes octets) {
    // Of its own, so that a read beyond it is seen.
    const std::vector<std::uint8_t> copy(octets.begin(), octets.end());
    for (std::size_t at = 0; at < copy.size() && !peer_.session.broken();) {
      const bool closing = peer_.session.next() == TcpSession::Next::close;
      const std::size_t taken = peer_.session.receive(Bytes{copy}.subspan(at), leases_.now);
      REQUIRE(!closing || taken == 0);
      at += taken;
      work();
      read(~std::size_t{0});
      if (taken == 0 && peer_.session.next() != TcpSession::Next::go_on) break;
    }
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(copy.size()));
  }
  void work() {
    peer_.session.work(leases_.now);
    REQUIRE(peer_.session.pending().size() <= 6000);
  }
  void read(std::size_t most) {
    peer_.read(most);
    for (const Heard& each : peer_.take()) {
      REQUIRE(each.message.size() <= kLongestTcpReply && each.message.size() >= kShortestMessage);
      const bool of_lease = each.type == wire::MessageType::lease_active || each.type == wire::MessageType::lease_unassigned;
      REQUIRE(of_lease || each.type == wire::MessageType::lease_query_done || each.type == wire::MessageType::lease_query_status || each.type == wire::MessageType::tls);
      REQUIRE(of_lease == !each.address.is_zero());
      REQUIRE(!of_lease || (each.base_time && each.state));
    }
  }
  void change(std::uint8_t which) {
    const Ipv4 address{kFirst.value + which % 64u};
    const lease::SlotId slot = (which & 64) != 0 ? leases_.release(address) : leases_.bind(address, which % 4, 60, std::vector<std::uint8_t>{2, 1, static_cast<std::uint8_t>(which & 3)});
    peer_.session.changed(LeaseView::number_of(slot));
  }

  fuzz::Source input_;
  SimLeases leases_;
  const std::uint8_t choice_;
  SimPeer peer_;
  std::vector<std::uint8_t> queue_;
};

}  // namespace
}  // namespace coaxd::leasequery

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  coaxd::leasequery::Run({data, size}).go();
  return 0;
}
