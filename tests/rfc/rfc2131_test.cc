// RFC 2131 and RFC 1542, the server's side, clause by clause. What dhcpd decides where the RFC leaves a choice is in dhcpd_test.cc.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kTwoNetworks = R"(
  authoritative;
  ping-check false;
  default-lease-time 3600;
  max-lease-time 7200;
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; option routers 10.1.0.1; }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; option routers 10.2.0.1; }
)";

// --- §3.1, §4.3.1 ---

TEST(Rfc2131_4_3_1_Discover, NewClientGetsAnAddressOfItsNetwork) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10 lease=3600 routers=10.1.0.1 mask=255.255.255.0 server=10.1.0.2 changes=0
    0s  cm2  DISCOVER giaddr=10.2.0.1  -> OFFER yiaddr=10.2.0.10 lease=3600 routers=10.2.0.1
    0s  cm3  DISCOVER                  -> OFFER yiaddr=10.1.0.11
    0s  cm4  DISCOVER giaddr=10.8.0.1  -> DROP  reason=unknown-network-segment log=unknown_network_segment
  )");
}

TEST(Rfc2131_4_3_1_Discover, CurrentLeaseThenPreviousThenRequestedThenFree) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    0s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK   yiaddr=10.1.0.10
    9s    cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    9s    cm2  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.11
    3601s -    expire                                     -> 1
    3601s -    lease 10.1.0.10                            -> free mac=6a0001
    3601s cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    3601s cm3  DISCOVER giaddr=10.1.0.1 req=10.1.0.17     -> OFFER yiaddr=10.1.0.17
    3601s cm4  DISCOVER giaddr=10.1.0.1 req=10.1.0.17     -> OFFER yiaddr=10.1.0.11
  )");
}

TEST(Rfc2131_4_3_1_Discover, RetransmissionGetsTheSameOffer) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10
    4s    cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10
    100s  cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10
    100s  -    free                      -> 10
    250s  -    expire                    -> 0
    250s  -    free                      -> 11
  )");
}

// RFC 2131 §4.3.1: the lease time is the server's to decide, within its policy.
TEST(Rfc2131_4_3_1_Discover, AskedLeaseTimeIsBounded) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 lease=5000        -> OFFER lease=5000
    0s  cm1  DISCOVER giaddr=10.1.0.1 lease=99999       -> OFFER lease=7200
    0s  cm1  DISCOVER giaddr=10.1.0.1 lease=1           -> OFFER lease=300
    0s  cm1  DISCOVER giaddr=10.1.0.1 lease=4294967295  -> OFFER lease=7200
    0s  cm1  DISCOVER giaddr=10.1.0.1 lease=0           -> OFFER lease=300
  )");
}

// RFC 2131 §3.3: all ones is infinity, on the wire too.
TEST(Rfc2131_3_3_InfiniteLease, IsAllOnesAndNeverEnds) {
  Sim sim{R"(
    ping-check false; default-lease-time infinite; max-lease-time infinite;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
  )"};
  sim.script(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER lease=4294967295
    0s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK   lease=4294967295
    9999d -    expire                                     -> 0
    9999d -    lease 10.1.0.10                            -> active mac=6a0001 forever
    9999d cm1  REQUEST  renew=10.1.0.10                   -> ACK   lease=4294967295
  )");
}

TEST(Rfc2131_4_3_1_Discover, EmptyPoolIsSilent) {
  Sim sim{R"(ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10; })"};
  sim.script(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10
    0s    cm2  DISCOVER giaddr=10.1.0.1  -> DROP  reason=no-free-leases log=no_free_leases text=10.1.0.0/24
    121s  -    expire                    -> 0
    121s  cm2  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10
  )");
}

// RFC 2131 §2.1: the client identifier is the key; a client that sends one is another than the bare hardware address.
TEST(Rfc2131_2_1_ClientIdentifier, IsTheKey) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 uid='one'                 -> OFFER yiaddr=10.1.0.10
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10          -> ACK   yiaddr=10.1.0.10
    1s  cm2  DISCOVER giaddr=10.1.0.1 uid='one'                 -> OFFER yiaddr=10.1.0.10
    1s  cm2  REQUEST  giaddr=10.1.0.1 select=10.1.0.10          -> ACK   yiaddr=10.1.0.10
    2s  cm1  DISCOVER giaddr=10.1.0.1 uid='two'                 -> OFFER yiaddr=10.1.0.11
    2s  cm3  DISCOVER giaddr=10.1.0.1 mac=0015960000ff uid='x'  -> OFFER yiaddr=10.1.0.12
  )");
}

TEST(Rfc2131_2_1_ClientIdentifier, NoIdentityAtAllGetsNothing) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 mac=         -> DROP  reason=unknown-client
    0s  cm2  DISCOVER giaddr=10.1.0.1 mac= uid=01  -> OFFER yiaddr=10.1.0.10
  )");
}

// --- §4.3.2 ---

// RFC 2131 §3.1 step 4: the binding is committed before the DHCPACK.
TEST(Rfc2131_3_1_CommitBeforeAck, AckWaitsForTheStore) {
  Sim sim{kTwoNetworks, {.store = StorePolicy::delayed}};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> WAIT  changes=1
    0s  -    lease 10.1.0.10                            -> offered pending
    1s  -    settle                                     -> 1
    1s  -    lease 10.1.0.10                            -> active mac=6a0001 left=3599
  )");
}

TEST(Rfc2131_3_1_CommitBeforeAck, RetransmissionWhilePendingIsNotAnswered) {
  Sim sim{kTwoNetworks, {.store = StorePolicy::delayed}};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> WAIT
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> DROP  reason=busy changes=0
    0s  cm1  DISCOVER giaddr=10.1.0.1                   -> DROP  reason=busy
    1s  cm1  RELEASE  ciaddr=10.1.0.10                  -> DROP  reason=busy
    1s  -    settle                                     -> 1
    2s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK   lease=3598 changes=0
    3s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10 hostname=new -> WAIT
    3s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> DROP  reason=busy
  )");
}

TEST(Rfc2131_3_1_CommitBeforeAck, FailedStoreLeavesTheBindingAsItWas) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    0s    -    store failing
    0s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> STOREFAIL
    0s    -    lease 10.1.0.10                            -> offered
    1s    -    store immediate
    1s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK yiaddr=10.1.0.10
    1800s -    store failing
    1800s cm1  REQUEST  renew=10.1.0.10                   -> STOREFAIL
    1800s -    lease 10.1.0.10                            -> active mac=6a0001 left=1801
    1801s cm1  RELEASE  ciaddr=10.1.0.10                  -> DROP log=found
    1801s -    lease 10.1.0.10                            -> active mac=6a0001 left=1800
    1802s -    store immediate
    1802s cm1  REQUEST  renew=10.1.0.10                   -> ACK lease=3600
  )");
}

// An avalanche on a full disk must not drain the pool: every address falls back.
TEST(Rfc2131_3_1_CommitBeforeAck, FailingStoreDoesNotDrainThePool) {
  Sim sim{kTwoNetworks, {.store = StorePolicy::failing}};
  for (int round = 0; round < 5; ++round) {
    std::string script;
    for (int client = 1; client <= 11; ++client) {
      script += fmt::format("{}s cm{} REQUEST giaddr=10.1.0.1 init_reboot=10.1.0.{} -> STOREFAIL\n", round, client, 9 + client);
    }
    sim.script(script);
  }
  sim.script("9s - free -> 11");
}

TEST(Rfc2131_4_3_2_Selecting, AckRepeatsTheOffer) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 hostname=modem               -> OFFER yiaddr=10.1.0.10 ciaddr=0.0.0.0 name=modem
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10 hostname=modem -> ACK yiaddr=10.1.0.10 lease=3600 routers=10.1.0.1 name=modem
  )");
}

// RFC 2131 §3.1 step 3: whoever selects another server declines our offer; the address is free again.
TEST(Rfc2131_4_3_2_Selecting, AnotherServersAddressGivesOurOfferBack) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                                    -> OFFER yiaddr=10.1.0.10
    0s  -    free                                                        -> 10
    1s  cm1  REQUEST  giaddr=10.1.0.1 req=10.1.0.99 server=10.1.0.3      -> DROP  reason=other-server log=unknown_lease
    1s  cm1  REQUEST  giaddr=10.1.0.1 req=10.1.0.99 server=10.1.0.2      -> DROP  reason=unknown-lease log=unknown_lease
    1s  -    free                                                        -> 11
    2s  cm2  REQUEST  giaddr=10.1.0.1                                    -> DROP  reason=no-requested-address
  )");
}

// RFC 2131 table 4 has either option 50 or ciaddr; of a client that sends both, the option is believed.
TEST(Rfc2131_4_3_2_Selecting, RequestedAddressBeforeCiaddr) {
  Sim sim{kTwoNetworks};
  sim.script("0s cm1 REQUEST giaddr=10.1.0.1 ciaddr=10.1.0.10 req=10.1.0.15 -> ACK yiaddr=10.1.0.15 ciaddr=10.1.0.10");
}

TEST(Rfc2131_4_3_2_Selecting, AddressOfferedOrLeasedToSomebodyElseIsNotGiven) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    0s  cm2  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> NAK   log=lease_unavailable message="requested address not available"
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK   yiaddr=10.1.0.10
    0s  cm2  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> NAK   log=lease_unavailable
  )");
}

TEST(Rfc2131_4_3_2_InitReboot, WrongNetworkGetsNak) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                       -> OFFER yiaddr=10.1.0.10
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10      -> ACK   yiaddr=10.1.0.10 lease=3600 changes=1
    9s  cm1  REQUEST  giaddr=10.2.0.1 init_reboot=10.1.0.10 -> NAK   relay port=67 flags=32768 yiaddr=0.0.0.0 log=wrong_network options=53,54
    9s  cm1  REQUEST  if=1 init_reboot=10.1.0.10            -> NAK   broadcast
    9s  cm2  REQUEST  init_reboot=10.2.0.10                 -> NAK   broadcast to=255.255.255.255 port=68
  )");
}

TEST(Rfc2131_4_3_2_InitReboot, NotAuthoritativeStaysSilent) {
  Sim sim{R"(ping-check false;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; })"};
  sim.script(R"(
    9s  cm1  REQUEST  giaddr=10.2.0.1 init_reboot=10.1.0.10    -> DROP  reason=not-authoritative log=ignored_not_authoritative
    9s  cm1  REQUEST  giaddr=10.7.0.1 init_reboot=192.168.0.1  -> DROP  reason=unknown-subnet log=ignored_unknown_subnet
  )");
}

TEST(Rfc2131_4_3_2_InitReboot, RightAddressIsConfirmed) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s     cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.10
    0s     cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10       -> ACK
    1000s  cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK   yiaddr=10.1.0.10 ciaddr=0.0.0.0 lease=3600
  )");
}

// RFC 2131 §4.3.2: RENEWING is unicast, is answered by unicast to ciaddr, and extends the lease.
TEST(Rfc2131_4_3_2_Renewing, UnicastExtendsTheLease) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s     cm1  DISCOVER giaddr=10.2.0.1                   -> OFFER yiaddr=10.2.0.10
    0s     cm1  REQUEST  giaddr=10.2.0.1 select=10.2.0.10  -> ACK
    1800s  cm1  REQUEST  renew=10.2.0.10                   -> ACK   client to=10.2.0.10 port=68 yiaddr=10.2.0.10 ciaddr=10.2.0.10 lease=3600 from=10.1.0.2
    1800s  -    lease 10.2.0.10                            -> active mac=6a0001 left=3600
    5300s  -    expire                                     -> 0
    5400s  -    expire                                     -> 1
    5401s  cm1  REQUEST  renew=10.2.0.10                   -> ACK   lease=3600
  )");
}

// A client behind routers hears no broadcast of ours: his NAK goes to him (our one deliberate step away from dhcpd here).
TEST(Rfc2131_4_3_2_Renewing, NakGoesToARoutedClientDirectly) {
  Sim sim{R"(ping-check false; authoritative;
    class "gone" { match if option vendor-class-identifier = "gone"; }
    subnet 10.1.0.0 netmask 255.255.255.0 { pool { deny members of "gone"; range 10.1.0.10 10.1.0.20; } }
    subnet 10.2.0.0 netmask 255.255.255.0 { pool { deny members of "gone"; range 10.2.0.10 10.2.0.20; } }
  )"};
  sim.script(R"(
    0s  cm1  REQUEST  giaddr=10.2.0.1 init_reboot=10.2.0.10 -> ACK
    9s  cm1  REQUEST  renew=10.2.0.10 vendor=gone           -> NAK  client to=10.2.0.10 port=68 log=lease_unavailable message="requested address not available"
    9s  cm1  REQUEST  rebind=10.2.0.10 vendor=gone link     -> NAK  broadcast
    9s  cm2  REQUEST  init_reboot=10.1.0.10                 -> ACK
    9s  cm2  REQUEST  renew=10.1.0.10 vendor=gone           -> NAK  broadcast
  )");
}

TEST(Rfc2131_4_3_2_Rebinding, BroadcastExtendsTheLease) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s     cm1  REQUEST  init_reboot=10.1.0.10              -> ACK
    3300s  cm1  REQUEST  rebind=10.1.0.10 link              -> ACK   client to=10.1.0.10 lease=3600
    4000s  cm1  REQUEST  giaddr=10.1.0.1 ciaddr=10.1.0.10   -> ACK   relay yiaddr=10.1.0.10
    4000s  cm2  REQUEST  giaddr=10.1.0.1 ciaddr=10.1.0.10   -> NAK   relay log=lease_unavailable
  )");
}

// --- §4.3.3, §4.3.4, §4.3.5 ---

TEST(Rfc2131_4_3_3_Decline, AddressIsNotGivenAgain) {
  Sim sim{R"(ping-check false; abandon-lease-time 600;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.11; })"};
  sim.script(R"(
    0s    cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    0s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK
    1s    cm2  DECLINE  giaddr=10.1.0.1 req=10.1.0.10     -> DROP  reason=not-found log=not_found
    1s    cm1  DECLINE  giaddr=10.1.0.1                   -> DROP  reason=no-requested-address
    1s    cm1  DECLINE  giaddr=10.1.0.1 req=10.1.0.10     -> DROP  log=abandoned changes=1 logs=2
    1s    -    lease 10.1.0.10                            -> abandoned
    2s    cm1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.11
    2s    cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> DROP  reason=abandoned
    601s  -    expire                                     -> 1
    601s  -    lease 10.1.0.10                            -> free
  )");
}

TEST(Rfc2131_4_3_3_Decline, OfferCanBeDeclinedToo) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                -> OFFER yiaddr=10.1.0.10
    1s  cm1  DECLINE  giaddr=10.1.0.1 req=10.1.0.10  -> DROP  log=abandoned
    1s  cm1  DISCOVER giaddr=10.1.0.1                -> OFFER yiaddr=10.1.0.11
  )");
}

TEST(Rfc2131_4_3_4_Release, AddressIsFreeAndComesBack) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s   cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.15  -> ACK
    5s   cm2  RELEASE  ciaddr=10.1.0.15                       -> DROP  reason=not-found log=not_found
    5s   cm1  RELEASE  ciaddr=10.1.0.15                       -> DROP  log=found changes=1
    5s   -    lease 10.1.0.15                                 -> free mac=6a0001
    6s   cm1  RELEASE  ciaddr=10.1.0.15                       -> DROP  log=found changes=0
    6s   cm1  RELEASE  ciaddr=10.7.0.15                       -> DROP  log=not_found
    7s   cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.15
  )");
}

TEST(Rfc2131_4_3_5_Inform, AnswersWithoutALease) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  pc1  INFORM  ciaddr=10.1.0.99 source=10.1.0.99  -> ACK  client to=10.1.0.99 port=68 yiaddr=0.0.0.0 ciaddr=10.1.0.99 routers=10.1.0.1 noopt=51 noopt=58 noopt=59 changes=0
    0s  pc1  INFORM  source=10.1.0.99                   -> ACK  to=10.1.0.99
    0s  pc1  INFORM  giaddr=10.2.0.1 ciaddr=10.2.0.99   -> ACK  to=10.2.0.99 routers=10.2.0.1
    0s  pc1  INFORM  giaddr=10.2.0.1                    -> ACK  relay flags=32768
    0s  pc1  INFORM  ciaddr=10.7.0.99                   -> DROP reason=unknown-network-segment
    0s  pc1  INFORM  source=0.0.0.0                     -> DROP reason=unknown-network-segment
    0s  pc1  INFORM  source=0.0.0.0 subnet=10.1.0.0     -> DROP reason=unknown-network-segment
  )");
}

TEST(Rfc2131_4_3_5_Inform, NeedsNoHardwareAddress) {
  Sim sim{kTwoNetworks};
  sim.script("0s pc1 INFORM mac= ciaddr=10.1.0.99 -> ACK to=10.1.0.99");
}

TEST(Rfc2131_4_3_5_Inform, NotAuthoritativeStaysSilent) {
  Sim sim{"subnet 10.1.0.0 netmask 255.255.255.0 { }"};
  sim.script("0s pc1 INFORM ciaddr=10.1.0.99 -> DROP reason=not-authoritative log=inform_not_authoritative text=10.1.0.0");
}

// --- §4.1 ---

TEST(Rfc2131_4_1_Addressing, ByGiaddrCiaddrAndTheBroadcastFlag) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 broadcast         -> OFFER relay to=10.1.0.1 port=67 flags=32768
    0s  cm1  DISCOVER giaddr=10.1.0.1 hops=3 secs=7     -> OFFER relay hops=3 secs=7 giaddr=10.1.0.1
    0s  pc1  DISCOVER                                   -> OFFER unicast to=10.1.0.11 port=68 flags=0
    0s  pc1  DISCOVER broadcast                         -> OFFER broadcast to=255.255.255.255 port=68
    0s  pc1  REQUEST  select=10.1.0.11                  -> ACK   unicast to=10.1.0.11
    9s  pc1  REQUEST  rebind=10.1.0.11                  -> ACK   client to=10.1.0.11
    9s  pc1  REQUEST  rebind=10.1.0.11 broadcast        -> ACK   broadcast
    9s  pc2  DISCOVER htype=32 mac=                     -> DROP  reason=unknown-client
    9s  pc2  DISCOVER htype=32 mac=0102030405060708     -> OFFER broadcast
  )");
}

TEST(Rfc2131_4_1_Addressing, ReplyLeavesFromTheAddressThatWasAsked) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 to=10.1.0.5  -> OFFER from=10.1.0.5 server=10.1.0.2
    0s  pc1  DISCOVER                              -> OFFER from=0.0.0.0
  )");
}

// --- §2, RFC 2132 §9.10: how large a reply may be ---

TEST(Rfc2132_9_10_MaximumMessageSize, BoundsTheReply) {
  std::string config = "ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20;\n";
  for (int option = 224; option < 236; ++option) {
    config += fmt::format("option unknown-{} \"{}\";\n", option, std::string(90, 'x'));
  }
  Sim sim{config + "}"};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                                       -> OFFER size<=548
    0s  cm1  DISCOVER giaddr=10.1.0.1 maxsize=1500                          -> OFFER size<=1472
    0s  cm1  DISCOVER giaddr=10.1.0.1 maxsize=60000                         -> OFFER size<=1472
    0s  cm1  DISCOVER giaddr=10.1.0.1 maxsize=10                            -> OFFER size<=548
    0s  cm1  DISCOVER giaddr=10.1.0.1 maxsize=1500 remote=0123456789 room=400 -> OFFER size<=400
    0s  cm1  DISCOVER giaddr=10.1.0.1 room=200                              -> DROP  reason=reply-too-small
    0s  -    free                                                           -> 10
  )");
}

// RFC 1542 §4.1.2, RFC 951: a BOOTP client with a fixed address, and one that takes a dynamic one for ever.
TEST(Rfc1542_4_Bootp, FixedAndDynamic) {
  Sim sim{R"(ping-check false;
    host printer { hardware ethernet 00:15:96:10:00:01; fixed-address 10.1.0.200; filename "image"; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range dynamic-bootp 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; }
  )"};
  sim.script(R"(
    0s    b1  BOOTP mac=001596100001 giaddr=10.1.0.1  -> BOOTREPLY yiaddr=10.1.0.200 file=image siaddr=10.1.0.2 changes=0 text=printer
    0s    b2  BOOTP giaddr=10.1.0.1                   -> BOOTREPLY yiaddr=10.1.0.10 changes=1 noopt=51 noopt=53
    9d    -   expire                                  -> 0
    9d    b2  BOOTP giaddr=10.1.0.1                   -> BOOTREPLY yiaddr=10.1.0.10
    9d    b3  BOOTP giaddr=10.2.0.1                   -> DROP reason=no-free-leases log=bootp_dynamic_no_leases
    9d    b3  BOOTP giaddr=10.7.0.1                   -> DROP log=bootp_network_unknown
    9d    b3  BOOTP giaddr=10.1.0.1 cookie=no         -> BOOTREPLY yiaddr=10.1.0.11
  )");
}

TEST(Rfc1542_4_Bootp, ReplyWaitsForTheStore) {
  Sim sim{"subnet 10.1.0.0 netmask 255.255.255.0 { range dynamic-bootp 10.1.0.10 10.1.0.20; }", {.store = StorePolicy::failing}};
  sim.script(R"(
    0s  b1  BOOTP giaddr=10.1.0.1  -> STOREFAIL
    0s  -   free                   -> 11
  )");
}

}  // namespace
}  // namespace coaxd::test
