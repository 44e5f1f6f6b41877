// A client for whose client-id the index of the lease table has no room (lease/client_index.h), as the protocol sees him.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "server/lease/client_index.h"
#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kNetwork = R"(
  authoritative;
  ping-check false;
  default-lease-time 3600;
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.49; }
)";

// One MAC with as many leases as its two buckets hold. The name of a client who shares both with it.
std::string crowd_in(lease::LeaseTable& leases, Bytes mac) {
  const lease::StoredTime end = lease::to_stored(Sim::kStart) + 100'000;
  for (std::uint32_t i = 0; i < lease::ClientIndex::kMaxFound; ++i) {
    const lease::SlotId slot = leases.find({Ipv4::of(10, 1, 0, 10).value + i});
    lease::Binding b;
    b.state = lease::BindingState::active;
    b.starts = lease::to_stored(Sim::kStart);
    b.ends = end;
    b.set_hardware(1, mac);
    b.set(lease::Item::client_id, as_bytes("crowd-" + std::to_string(i)));
    leases.commit(*leases.claim(slot, leases.word(slot)), b);
  }
  const lease::SlotId last = leases.find(Ipv4::of(10, 1, 0, 49));
  for (int i = 0;; ++i) {
    const std::string name = "client-" + std::to_string(i);
    leases.offer(last, leases.word(last), leases.hash_client_id(as_bytes(name)), end);
    leases.withdraw_offer(last, leases.word(last));
    if (leases.unindexed() > 0) return name;
  }
}

// RFC 2131 §4.3.1: he gets his current address, found by his MAC or by the address that he names.
TEST(FullBucket, TheClientKeepsHisAddressByMacOrByName) {
  Sim sim{kNetwork};
  const std::string name = crowd_in(sim.leases(), Sim::mac_of("crowd9"));
  sim.script(fmt::format(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1 uid='{0}'              -> OFFER yiaddr=10.1.0.26
    0s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.26       -> ACK   yiaddr=10.1.0.26
    9s    cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.26
    9s    cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.26  -> ACK   yiaddr=10.1.0.26
    1800s cm1  REQUEST  renew=10.1.0.26                        -> ACK   yiaddr=10.1.0.26
    1800s cm2  DISCOVER giaddr=10.1.0.1 req=10.1.0.26          -> OFFER yiaddr=10.1.0.27
    1800s cm2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.26  -> NAK
    5400s -    expire                                          -> 1
  )", name));
  EXPECT_TRUE(sim.leases().consistent());
}

// One of the crowd itself, so neither key has room. He keeps what he names; if he names nothing he gets another address, and two clients
// never the same.
TEST(FullBucket, WithoutRoomForEitherKeyTheAddressMustBeNamed) {
  Sim sim{kNetwork};
  const std::string name = crowd_in(sim.leases(), Sim::mac_of("crowd9"));
  sim.script(fmt::format(R"(
    0s    crowd9 DISCOVER giaddr=10.1.0.1 uid='{0}'              -> OFFER yiaddr=10.1.0.26
    0s    crowd9 REQUEST  giaddr=10.1.0.1 select=10.1.0.26       -> ACK   yiaddr=10.1.0.26
    9s    crowd9 DISCOVER giaddr=10.1.0.1 req=10.1.0.26          -> OFFER yiaddr=10.1.0.26
    9s    crowd9 REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.26  -> ACK   yiaddr=10.1.0.26
    1800s crowd9 REQUEST  renew=10.1.0.26                        -> ACK   yiaddr=10.1.0.26
    1800s crowd9 DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.27
    1800s cm2    DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.28
    5400s -      expire                                          -> 1
  )", name));
  EXPECT_TRUE(sim.leases().consistent());
}

}  // namespace
}  // namespace coaxd::test
