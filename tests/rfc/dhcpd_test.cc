// What dhcpd decides where the RFCs leave a choice and clients or operators lean on it; suites are named by the section of the compatibility
// notes (docs/dhcpd-compat.md) that they prove.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

// --- 3.3 permits ---

TEST(Dhcpd_3_3_Permits, DenyExcludesThenOneAllowMustMatch) {
  Sim sim{R"(ping-check false;
    class "cm" { match if substring(option vendor-class-identifier, 0, 6) = "docsis"; }
    class "bad" { match if option host-name = "bad"; }
    host known1 { hardware ethernet 00:15:96:30:00:01; }
    shared-network net { subnet 10.1.0.0 netmask 255.255.255.0 {
      pool { allow members of "cm"; range 10.1.0.10 10.1.0.19; }
      pool { deny members of "cm"; deny members of "bad"; allow known-clients; range 10.1.0.20 10.1.0.29; }
      pool { deny members of "cm"; deny members of "bad"; deny known-clients; range 10.1.0.30 10.1.0.39; } } }
  )"};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 vendor=docsis3.0                  -> OFFER yiaddr=10.1.0.10
    0s  k1   DISCOVER giaddr=10.1.0.1 mac=001596300001                  -> OFFER yiaddr=10.1.0.20
    0s  pc1  DISCOVER giaddr=10.1.0.1                                   -> OFFER yiaddr=10.1.0.30
    0s  pc2  DISCOVER giaddr=10.1.0.1 hostname=bad                      -> DROP  reason=no-free-leases
    0s  pc3  DISCOVER giaddr=10.1.0.1 req=10.1.0.15                     -> OFFER yiaddr=10.1.0.31
    0s  pc4  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.15             -> NAK   log=lease_unavailable
  )");
}

TEST(Dhcpd_3_3_Permits, AfterOpensAndClosesPools) {
  // Sim::kStart is Tue 2023-11-14 22:13:20 UTC.
  Sim sim{R"(ping-check false; default-lease-time 3600;
    shared-network net { subnet 10.1.0.0 netmask 255.255.255.0 {
      pool { deny after 2 2023/11/14 22:30:00; range 10.1.0.10 10.1.0.19; }
      pool { allow after 2 2023/11/14 22:30:00; range 10.1.0.20 10.1.0.29; } } }
  )"};
  sim.script(R"(
    0s     cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10 lease=1000
    1000s  cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.20 lease=3600
  )");
}

// --- 6 precedence ---

TEST(Dhcpd_6_Scopes, HostOverClassOverPoolOverSubnetOverNetworkOverGlobal) {
  Sim sim{R"(ping-check false;
    option domain-name "global";
    class "a" { match if option vendor-class-identifier = "a"; option domain-name "class-a"; }
    class "b" { match if option vendor-class-identifier = "a"; option domain-name "class-b"; }
    host h { hardware ethernet 00:15:96:30:00:01; option domain-name "host"; }
    shared-network net { option domain-name "network";
      subnet 10.1.0.0 netmask 255.255.255.0 { option domain-name "subnet";
        pool { range 10.1.0.10 10.1.0.10; option domain-name "pool"; }
        pool { range 10.1.0.11 10.1.0.12; } }
      subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; } }
    subnet 10.3.0.0 netmask 255.255.255.0 { range 10.3.0.10 10.3.0.20; }
  )"};
  sim.script(R"(
    0s  x1  DISCOVER giaddr=10.1.0.1                                -> OFFER yiaddr=10.1.0.10 domain=pool
    0s  x2  DISCOVER giaddr=10.1.0.1                                -> OFFER yiaddr=10.1.0.11 domain=subnet
    0s  x3  DISCOVER giaddr=10.1.0.1 vendor=a                       -> OFFER yiaddr=10.1.0.12 domain=class-a
    0s  x4  DISCOVER giaddr=10.1.0.1 mac=001596300001 vendor=a      -> OFFER yiaddr=10.2.0.10 domain=host
    0s  x5  DISCOVER giaddr=10.1.0.1                                -> OFFER yiaddr=10.2.0.11 domain=network
    0s  x6  DISCOVER giaddr=10.3.0.1                                -> OFFER yiaddr=10.3.0.10 domain=global
  )");
}

// --- 9.1 finding the lease ---

TEST(Dhcpd_9_1_Hosts, FixedAddressOnTheClientsNetwork) {
  Sim sim{R"(authoritative; ping-check false; default-lease-time 3600;
    host a { hardware ethernet 00:15:96:30:00:01; fixed-address 10.1.0.200, 10.2.0.200; option domain-name "fixed"; }
    host b { option dhcp-client-identifier "id-b"; fixed-address 10.1.0.201; }
    host c { host-identifier option agent.remote-id "remote-c"; fixed-address 10.1.0.202; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; deny unknown-clients; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; }
    subnet 10.3.0.0 netmask 255.255.255.0 { range 10.3.0.10 10.3.0.20; deny unknown-clients; }
  )"};
  sim.script(R"(
    0s  a1  DISCOVER giaddr=10.1.0.1 mac=001596300001                          -> OFFER yiaddr=10.1.0.200 domain=fixed lease=3600
    0s  a1  REQUEST  giaddr=10.1.0.1 mac=001596300001 select=10.1.0.200        -> ACK   yiaddr=10.1.0.200 changes=0
    0s  a1  REQUEST  giaddr=10.1.0.1 mac=001596300001 init_reboot=10.1.0.10    -> NAK   message="requested address is incorrect"
    0s  a1  DISCOVER giaddr=10.2.0.1 mac=001596300001                          -> OFFER yiaddr=10.2.0.200
    0s  a1  DISCOVER giaddr=10.3.0.1 mac=001596300001                          -> OFFER yiaddr=10.3.0.10
    0s  b1  DISCOVER giaddr=10.1.0.1 uid='id-b'                                -> OFFER yiaddr=10.1.0.201
    0s  c1  DISCOVER giaddr=10.1.0.1 remote=remote-c                           -> OFFER yiaddr=10.1.0.202
    0s  d1  DISCOVER giaddr=10.1.0.1                                           -> DROP  reason=unknown-client log=unknown_client
    0s  a1  RELEASE  ciaddr=10.1.0.200 mac=001596300001                        -> DROP  log=not_found
  )");
}

// A fixed address in a dynamic range is nobody else's (dhcpd would give it away). Its host gets it as soon as he asks, as dhcpd gives it; the
// lease of whoever had it ends first, so it is never bound twice.
TEST(Dhcpd_9_1_Hosts, FixedAddressInsideARangeIsReserved) {
  Sim sim{R"(ping-check false; default-lease-time 3600; authoritative;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.12; })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10               -> ACK
  )");
  sim.reload(R"(ping-check false; default-lease-time 3600; authoritative;
    host a { hardware ethernet 00:15:96:30:00:01; fixed-address 10.1.0.10; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.12; })");
  sim.script(R"(
    1s     a1   DISCOVER giaddr=10.1.0.1 mac=001596300001                 -> OFFER yiaddr=10.1.0.10 changes=0
    1s     -    lease 10.1.0.10                                           -> active mac=f30001 left=3599
    1s     a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 select=10.1.0.10 -> ACK yiaddr=10.1.0.10 changes=1 logs=2
    1s     -    lease 10.1.0.10                                           -> free mac=f30001
    1800s  a1   REQUEST  mac=001596300001 renew=10.1.0.10                 -> ACK   yiaddr=10.1.0.10 changes=0
    1800s  pc1  REQUEST  renew=10.1.0.10                                  -> NAK
    1800s  pc1  DISCOVER giaddr=10.1.0.1                                  -> OFFER yiaddr=10.1.0.11 changes=0
    1801s  pc1  REQUEST  giaddr=10.1.0.1 select=10.1.0.11                 -> ACK
    3600s  -    expire                                                    -> 0
    3600s  pc2  DISCOVER giaddr=10.1.0.1 req=10.1.0.10                    -> OFFER yiaddr=10.1.0.12
    3600s  pc3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10            -> NAK
  )");
}

constexpr std::string_view kPinned = R"(authoritative; default-lease-time 3600; {}
  host a {{ hardware ethernet 00:15:96:30:00:01; fixed-address 10.1.0.10; }}
  class "house" {{ spawn with option agent.remote-id; lease limit 1; }}
  subnet 10.1.0.0 netmask 255.255.255.0 {{ range 10.1.0.10 10.1.0.12; on release {{ log(info, "gone"); }} }})";
constexpr std::string_view kNotPinned = R"(authoritative; default-lease-time 3600; ping-check false;
  class "house" { spawn with option agent.remote-id; lease limit 1; }
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.12; on release { log(info, "gone"); } })";

// RFC 2131 §3.1 step 4: the host is not ACKed before the other's lease has ended on disk; what was billed and bound to it ends with it.
TEST(Dhcpd_9_1_Hosts, AnotherClientsLeaseEndsBeforeTheAck) {
  Sim sim{kNotPinned};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 remote=home init_reboot=10.1.0.10    -> ACK
    0s  -    limit house home                                              -> 1
  )");
  sim.reload(fmt::format(kPinned, "ping-check false;"));
  sim.script(R"(
    1s  -    store failing
    1s  a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 init_reboot=10.1.0.10 -> STOREFAIL
    1s  -    lease 10.1.0.10                                               -> active mac=f30001 left=3599
    1s  -    limit house home                                              -> 1
    1s  -    store delayed
    2s  a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 init_reboot=10.1.0.10 -> WAIT  effects=1
    2s  a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 init_reboot=10.1.0.10 -> DROP  reason=busy log=not_responding text=busy
    2s  pc1  REQUEST  renew=10.1.0.10                                      -> DROP  reason=busy
    2s  -    settle ok                                                     -> 1
    2s  -    lease 10.1.0.10                                               -> free mac=f30001
    2s  -    limit house home                                              -> 0
    2s  -    store immediate
    3s  a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 init_reboot=10.1.0.10 -> ACK  changes=0
    3s  pc1  REQUEST  renew=10.1.0.10                                      -> NAK
  )");
}

// dhcpd-compat §9.9: the lease of a removed range is off the bill (LeaseMemory), so its end gives back nothing that others are billed for.
TEST(Dhcpd_9_9_LeaseLimit, TheEndOfALeaseOutsideEveryRangeIsNotGivenBackTwice) {
  constexpr std::string_view kRange = R"(default-lease-time 600; ping-check false;
    class "house" {{ spawn with option agent.remote-id; lease limit 2; }}
    subnet 10.1.0.0 netmask 255.255.255.0 {{ range {}; }})";
  Sim sim{fmt::format(kRange, "10.1.0.10 10.1.0.12")};
  sim.script("0s  pc1  REQUEST  giaddr=10.1.0.1 remote=home init_reboot=10.1.0.10  -> ACK");
  sim.limits().clear();  // the reload does
  sim.reload(fmt::format(kRange, "10.1.0.20 10.1.0.22"));
  sim.script(R"(
    1s    pc2  REQUEST  giaddr=10.1.0.1 remote=home init_reboot=10.1.0.20          -> ACK
    1s    pc3  REQUEST  giaddr=10.1.0.1 remote=home init_reboot=10.1.0.21          -> ACK
    1s    -    limit house home                                                    -> 2
    600s  -    expire                                                              -> 1
    600s  -    limit house home                                                    -> 2
  )");
}

// Each relay on the wire sends a copy: the line of the second is the first's, though the lease is on its way to the disk by then.
TEST(Dhcpd_15_5_Lines, TheSecondCopyOfARelease) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.12; }"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    1s  -    store delayed
    1s  pc1  RELEASE  ciaddr=10.1.0.10                       -> DROP  log=found changes=1
    1s  pc1  RELEASE  ciaddr=10.1.0.10                       -> DROP  log=found reason=busy
    1s  pc2  RELEASE  ciaddr=10.1.0.10                       -> DROP  log=not_responding text=busy
    1s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> DROP  log=not_responding text=busy
  )");
}

// coaxctl leases free: what took the address away ends, on disk, and it is given again; his own address is still his if he asks first.
TEST(Operator_LeasesFree, EndsWhateverIsOnTheAddress) {
  Sim sim{R"(ping-check false; default-lease-time 3600; infinite-is-reserved on; max-lease-time 3600;
    class "house" { spawn with option agent.remote-id; lease limit 1; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.10; on release { log(info, "gone"); } })"};
  sim.script(R"(
    0s   -    freed 10.1.0.10                                               -> nothing
    0s   pc1  REQUEST  giaddr=10.1.0.1 remote=home init_reboot=10.1.0.10    -> ACK
    1s   -    store failing
    1s   -    freed 10.1.0.10                                               -> ended
    1s   -    lease 10.1.0.10                                               -> active mac=f30001 left=3599
    1s   -    store immediate
    1s   -    freed 10.1.0.10                                               -> ended
    1s   -    lease 10.1.0.10                                               -> free mac=f30001
    1s   -    limit house home                                              -> 0
    1s   pc1  REQUEST  renew=10.1.0.10                                      -> ACK
    2s   -    freed 10.1.0.10                                               -> ended
    2s   pc2  DISCOVER giaddr=10.1.0.1                                      -> OFFER yiaddr=10.1.0.10
    2s   pc3  DISCOVER giaddr=10.1.0.1                                      -> DROP  reason=no-free-leases
    2s   -    freed 10.1.0.10                                               -> nothing
    2s   pc3  DISCOVER giaddr=10.1.0.1                                      -> OFFER yiaddr=10.1.0.10
    2s   pc3  DECLINE  giaddr=10.1.0.1 req=10.1.0.10                        -> DROP  changes=1
    3s   pc4  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10                -> DROP  reason=abandoned
    3s   -    freed 10.1.0.10                                               -> ended
    3s   pc4  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 lease=4294967295 -> ACK
    4s   pc4  RELEASE  ciaddr=10.1.0.10                                     -> DROP  changes=1
    4s   pc5  DISCOVER giaddr=10.1.0.1                                      -> DROP  reason=no-free-leases
    4s   -    freed 10.1.0.10                                               -> ended
    4s   pc5  DISCOVER giaddr=10.1.0.1                                      -> OFFER yiaddr=10.1.0.10
  )");
}

// An offer that was made before the address was the host's promises nothing.
TEST(Dhcpd_9_1_Hosts, AnOfferOfHisAddressToAnotherIsWithdrawn) {
  Sim sim{kNotPinned};
  sim.script("0s  pc1  DISCOVER giaddr=10.1.0.1                                        -> OFFER yiaddr=10.1.0.10");
  sim.reload(fmt::format(kPinned, "ping-check false;"));
  sim.script(R"(
    1s  a1   DISCOVER giaddr=10.1.0.1 mac=001596300001                     -> OFFER yiaddr=10.1.0.10
    1s  a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 select=10.1.0.10    -> ACK   changes=0
    1s  pc1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10                     -> NAK
  )");
}

// RFC 2131 §2.2: the server should probe an address that it gives to somebody else. Who still answers keeps it until his renewal.
TEST(Dhcpd_9_12_Ping, AHostsAddressThatAnotherHasALeaseOn) {
  Sim sim{kNotPinned};
  sim.script("0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10                  -> ACK");
  sim.reload(fmt::format(kPinned, ""));
  sim.script(R"(
    1s     a1   DISCOVER giaddr=10.1.0.1 mac=001596300001                  -> PROBE yiaddr=10.1.0.10
    1s     -    pinged 10.1.0.10                                           -> late
    1s     -    lease 10.1.0.10                                            -> active mac=f30001 left=3599
    1800s  pc1  REQUEST  renew=10.1.0.10                                   -> NAK
    1800s  a1   DISCOVER giaddr=10.1.0.1 mac=001596300001                  -> PROBE yiaddr=10.1.0.10
    1801s  a1   REQUEST  giaddr=10.1.0.1 mac=001596300001 select=10.1.0.10 -> ACK   changes=1
    1802s  a1   DISCOVER giaddr=10.1.0.1 mac=001596300001                  -> OFFER yiaddr=10.1.0.10
  )");
}

TEST(Dhcpd_9_1_Lease, IgnoreClientUids) {
  Sim sim{R"(ping-check false; ignore-client-uids true;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 uid='pxe' init_reboot=10.1.0.10 -> ACK
    1s  pc1  DISCOVER giaddr=10.1.0.1 uid='os'                        -> OFFER yiaddr=10.1.0.10
  )");
  EXPECT_FALSE(sim.binding(Ipv4::of(10, 1, 0, 10)).has(lease::Item::client_id));
}

// A client without an identifier that holds several leases gets the one he used last, whichever place the index gave them.
TEST(Dhcpd_9_1_Lease, OfSeveralRunningLeasesTheOneUsedLast) {
  Sim sim{"ping-check false; default-lease-time 3600; dhcp-cache-threshold 0;"
          "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.250; }"};
  for (int i = 0; i < 40; ++i) {
    const int low = 10 + i, high = 100 + i;
    sim.script(fmt::format(R"(
      {0}s  x{1}  REQUEST  giaddr=10.1.0.1 no_uid init_reboot=10.1.0.{2}  -> ACK
      {0}s  x{1}  REQUEST  giaddr=10.1.0.1 no_uid init_reboot=10.1.0.{3}  -> ACK
      {0}s  x{1}  DISCOVER giaddr=10.1.0.1 no_uid                         -> OFFER yiaddr=10.1.0.{4}
      {5}s  x{1}  REQUEST  giaddr=10.1.0.1 no_uid init_reboot=10.1.0.{2}  -> ACK
      {5}s  x{1}  DISCOVER giaddr=10.1.0.1 no_uid                         -> OFFER yiaddr=10.1.0.{2}
      {6}s  x{1}  REQUEST  giaddr=10.1.0.1 no_uid init_reboot=10.1.0.{3}  -> ACK
      {6}s  x{1}  DISCOVER giaddr=10.1.0.1 no_uid                         -> OFFER yiaddr=10.1.0.{3}
    )", 10 * i, i, i % 2 == 0 ? low : high, i % 2 == 0 ? high : low, low, 10 * i + 2, 10 * i + 5));
  }
}

// dhcpd.conf manual, RESERVED LEASES: "only allocate this lease to the client it is identified by"; dhcpd gives it to who asks by name.
TEST(Dhcpd_10_Reserved, AnEndedLeaseIsForItsClientOnly) {
  Sim sim{R"(ping-check false; infinite-is-reserved on; max-lease-time -1; default-lease-time 100; min-lease-time 100;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.11; })"};
  sim.script(R"(
    0s     cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 uid='one' lease=4294967295  -> ACK
    1s     cm1  RELEASE  ciaddr=10.1.0.10 uid='one'                        -> DROP  changes=1
    1s     cm2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11             -> ACK   lease=100
    2s     cm3  DISCOVER giaddr=10.1.0.1                                   -> DROP  reason=no-free-leases
    2s     cm3  DISCOVER giaddr=10.1.0.1 req=10.1.0.10                     -> DROP  reason=no-free-leases
    2s     cm3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10             -> NAK   log=lease_unavailable
    2s     cm1  DISCOVER giaddr=10.1.0.1 no_uid                            -> DROP  reason=no-free-leases
    2s     cm9  DISCOVER giaddr=10.1.0.1 uid='one'                         -> OFFER yiaddr=10.1.0.10
    2s     cm9  REQUEST  giaddr=10.1.0.1 select=10.1.0.10                  -> ACK   lease=100
    200s   -    expire                                                     -> 2
    200s   cm3  DISCOVER giaddr=10.1.0.1                                   -> OFFER yiaddr=10.1.0.11
    200s   cm3  REQUEST  giaddr=10.1.0.1 select=10.1.0.11                  -> ACK
    201s   cm4  DISCOVER giaddr=10.1.0.1                                   -> DROP  reason=no-free-leases
    202s   cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 uid='one'   -> ACK   lease=100
    500s   cm4  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10             -> NAK
    500s   -    expire                                                     -> 2
    500s   cm4  DISCOVER giaddr=10.1.0.1                                   -> OFFER yiaddr=10.1.0.11
    501s   cm5  DISCOVER giaddr=10.1.0.1                                   -> DROP  reason=no-free-leases
  )");
  EXPECT_EQ(sim.binding(Ipv4::of(10, 1, 0, 10)).flags, lease::Binding::kReserved);
}

// dhcpd.conf manual, infinite-is-reserved: for clients "which requested an infinite lease-time", even if they get less.
TEST(Dhcpd_11_InfiniteIsReserved, ForWhoAsks) {
  Sim sim{R"(ping-check false; infinite-is-reserved on; default-lease-time -1; max-lease-time -1;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.19; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.19; max-lease-time 1000; })"};
  sim.script(R"(
    0s  cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10                    -> ACK lease=4294967295
    0s  cm2  REQUEST  giaddr=10.2.0.1 init_reboot=10.2.0.10 lease=4294967295   -> ACK lease=1000
  )");
  EXPECT_EQ(sim.binding(Ipv4::of(10, 1, 0, 10)).flags, 0);
  EXPECT_EQ(sim.binding(Ipv4::of(10, 2, 0, 10)).flags, lease::Binding::kReserved);
}

// A host declaration that comes later is the operator's newer word.
TEST(Dhcpd_10_Reserved, AFixedAddressGoesBefore) {
  constexpr std::string_view kNetwork = "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.11; }";
  Sim sim{fmt::format("ping-check false; infinite-is-reserved on; max-lease-time 1000; {}", kNetwork)};
  sim.script(R"(
    0s  cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 lease=4294967295  -> ACK
    1s  cm1  RELEASE  ciaddr=10.1.0.10                                        -> DROP  changes=1
  )");
  sim.reload(fmt::format("ping-check false; host a {{ hardware ethernet 00:15:96:30:00:01; fixed-address 10.1.0.10; }} {}", kNetwork));
  sim.script("2s a1 DISCOVER giaddr=10.1.0.1 mac=001596300001 -> OFFER yiaddr=10.1.0.10");
}

// The workers share one mark a pool: two of them say it once.
TEST(Dhcpd_15_5_PoolThreshold, IsSaidOnceByAllWorkers) {
  Sim sim{R"(ping-check false; dhcp-cache-threshold 0;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.13; log-threshold-high 50; log-threshold-low 25; })",
          {.workers = 2}};
  sim.script(R"(
    0s  cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 worker=0  -> ACK logs=1
    0s  cm2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11 worker=1  -> ACK logs=1
    0s  cm3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12 worker=0  -> ACK logs=2
    0s  cm3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12 worker=1  -> ACK logs=1
    1s  cm1  RELEASE  ciaddr=10.1.0.10                                -> DROP
    1s  cm2  RELEASE  ciaddr=10.1.0.11                                -> DROP
    1s  cm3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12 worker=1  -> ACK logs=2
    1s  cm3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12 worker=0  -> ACK logs=1
  )");
}

// The ACK that fills the pool may end another lease of its client, on whose behalf other statements run: the thresholds are still his.
TEST(Dhcpd_15_5_PoolThreshold, IsSaidWithAnAckThatEndsAnotherLease) {
  for (const char* high : {"0", "50"}) {
    const bool told = high != std::string_view("0");
    Sim sim{fmt::format(R"(ping-check false; dhcp-cache-threshold 0; one-lease-per-client true;
      subnet 10.1.0.0 netmask 255.255.255.0 {{ range 10.1.0.10 10.1.0.13; log-threshold-high {}; log-threshold-low 25; }})", high)};
    sim.script(fmt::format(R"(
      0s  cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
      0s  cm2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11  -> ACK
      1s  cm2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12  -> ACK changes=2 logs={}
    )", told ? 2 : 1));
  }
}

// dhcpd-compat §9.10: nobody is allowed to ask unless the configuration says so, and none is answered yet.
TEST(Dhcpd_9_1_Lease, AClientIdOnceUsedMustBeSentAgain) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10        -> ACK
    1s  pc1  DISCOVER giaddr=10.1.0.1 uid='os'                     -> OFFER yiaddr=10.1.0.10
    1s  pc1  REQUEST  giaddr=10.1.0.1 uid='os' select=10.1.0.10    -> ACK   changes=1
    2s  pc1  DISCOVER giaddr=10.1.0.1 no_uid                       -> OFFER yiaddr=10.1.0.11
    2s  pc1  REQUEST  giaddr=10.1.0.1 no_uid select=10.1.0.11      -> ACK
    3s  pc1  DISCOVER giaddr=10.1.0.1 uid='other'                  -> OFFER yiaddr=10.1.0.11
    3s  pc1  DISCOVER giaddr=10.1.0.1 uid='os'                     -> OFFER yiaddr=10.1.0.10
  )");
}

TEST(Dhcpd_9_1_Lease, ForbiddenLeaseIsReleased) {
  Sim sim{R"(ping-check false; authoritative;
    class "bad" { match if option host-name = "bad"; }
    subnet 10.1.0.0 netmask 255.255.255.0 {
      pool { deny members of "bad"; range 10.1.0.10 10.1.0.19; }
      pool { allow members of "bad"; range 10.1.0.20 10.1.0.29; } })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10               -> ACK
    1s  pc1  DISCOVER giaddr=10.1.0.1 hostname=bad                        -> OFFER yiaddr=10.1.0.20
    1s  -    lease 10.1.0.10                                              -> free mac=f30001
    2s  pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11               -> ACK
    2s  pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11 hostname=bad  -> NAK
    2s  -    lease 10.1.0.11                                              -> free mac=f30002
    3s  pc3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12               -> ACK
    3s  pc3  REQUEST  renew=10.1.0.12 hostname=bad                        -> NAK
    3s  -    lease 10.1.0.12                                              -> active mac=f30003 left=43200
  )");
}

// --- 9.3, 19: REQUEST ---

TEST(Dhcpd_9_3_Request, OtherServersIdIsAnsweredIfTheLeaseFits) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script("0s pc1 REQUEST giaddr=10.1.0.1 req=10.1.0.14 server=10.1.0.3 -> ACK yiaddr=10.1.0.14");
}

TEST(Dhcpd_9_3_OneLeasePerClient, OtherLeasesAreReleased) {
  Sim sim{R"(ping-check false; one-lease-per-client true;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK   changes=1
    0s  pc1  REQUEST  giaddr=10.2.0.1 init_reboot=10.2.0.10  -> ACK   changes=1
    1s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.15  -> ACK   changes=2
    1s  -    lease 10.1.0.10                                 -> free mac=f30001
    1s  -    lease 10.2.0.10                                 -> active mac=f30001 left=43199
  )");
}

// Seen on the wire: who uses his client identifier for another address loses the first; by hardware alone he keeps both.
TEST(Dhcpd_9_3_OneLeasePerClient, ClientIdentifierMovesEvenWithoutIt) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 uid='one' init_reboot=10.1.0.10  -> ACK changes=1
    1s  pc1  REQUEST  giaddr=10.1.0.1 uid='one' init_reboot=10.1.0.15  -> ACK changes=2
    1s  -    lease 10.1.0.10                                           -> free mac=f30001
    2s  pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11            -> ACK changes=1
    3s  pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.16            -> ACK changes=1
  )");
}

TEST(Dhcpd_9_3_Duplicates, DeniedOnesEndAtARenewal) {
  Sim sim{R"(ping-check false; deny duplicates; dhcp-cache-threshold 0; host dup { hardware ethernet 00:15:96:30:00:01; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; })"};
  sim.script(R"(
    0s  d1  REQUEST  giaddr=10.1.0.1 mac=001596300001 uid='a' init_reboot=10.1.0.10  -> ACK changes=1
    1s  d1  REQUEST  giaddr=10.1.0.1 mac=001596300001 uid='b' init_reboot=10.1.0.11  -> ACK changes=1
    2s  d1  REQUEST  mac=001596300001 uid='b' renew=10.1.0.11                        -> ACK changes=2
    2s  -   lease 10.1.0.10                                                          -> free mac=300001
  )");
}

TEST(Dhcpd_9_3_OneLeasePerClient, NothingIsReleasedWhenTheStoreFails) {
  Sim sim{"ping-check false; one-lease-per-client true; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    1s  -    store failing
    1s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.15  -> STOREFAIL changes=2
    1s  -    lease 10.1.0.10                                 -> active mac=f30001 left=43199
    1s  -    lease 10.1.0.15                                 -> free
  )");
}

// --- 9.4 cache threshold ---

TEST(Dhcpd_9_4_CacheThreshold, YoungLeaseIsRepeatedUnchanged) {
  Sim sim{"ping-check false; default-lease-time 1000; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s    pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10               -> ACK   lease=1000 changes=1
    250s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10               -> ACK   lease=750  changes=0 logs=2
    251s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10               -> ACK   lease=1000 changes=1
    252s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 hostname=new  -> ACK   lease=1000 changes=1
    253s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 remote=new    -> ACK   lease=1000 changes=1
    254s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10 uid='new'     -> ACK   lease=1000 changes=1
  )");
}

TEST(Dhcpd_9_4_CacheThreshold, ZeroTurnsItOff) {
  Sim sim{"ping-check false; dhcp-cache-threshold 0; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK changes=1
    1s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK changes=1
  )");
}

// --- 9.5 NAK ---

TEST(Dhcpd_9_5_Nak, ServerIdentifierIsThePlacesNotTheClasss) {
  Sim sim{R"(authoritative; ping-check false;
    class "nak" { match if option vendor-class-identifier = "nak"; server-identifier 10.1.0.3; echo-client-id on; }
    subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.10 10.1.0.20; server-identifier 10.1.0.5; } }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 uid='me' vendor=nak init_reboot=10.9.0.10  -> NAK server=10.1.0.5 opt=61:6d65
    0s  pc1  REQUEST  giaddr=10.2.0.1 vendor=nak init_reboot=10.9.0.10           -> NAK server=10.1.0.2
    0s  pc1  DISCOVER giaddr=10.1.0.1 vendor=nak                                 -> OFFER server=10.1.0.3
  )");
}

TEST(Dhcpd_9_5_Nak, EchoesTheClientIdWhenTold) {
  Sim sim{R"(authoritative; ping-check false; echo-client-id true; server-identifier 10.1.0.7;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 uid='me' init_reboot=10.9.0.10  -> NAK   opt=61:6d65 server=10.1.0.7 options=53,54,61
    0s  pc1  DISCOVER giaddr=10.1.0.1 uid='me'                        -> OFFER opt=61:6d65
  )");
}

// --- 9.6 declines ---

TEST(Dhcpd_9_6_Decline, CanBeIgnored) {
  Sim sim{R"(ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; deny declines; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; ignore declines; })"};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    0s  pc1  DECLINE  giaddr=10.1.0.1 req=10.1.0.10          -> DROP  reason=decline-ignored log=ignored
    0s  pc1  DECLINE  giaddr=10.2.0.1 req=10.2.0.10          -> DROP  reason=decline-ignored log=silent
    0s  -    lease 10.1.0.10                                 -> active mac=f30001 left=43200
  )");
}

// --- 9.9 lease limit ---

constexpr std::string_view kLimited = R"(ping-check false; authoritative; default-lease-time 3600;
  class "modem" { spawn with option agent.remote-id; lease limit 2; }
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
)";

TEST(Dhcpd_9_9_LeaseLimit, PerSubclassAndGivenBack) {
  Sim sim{kLimited};
  sim.script(R"(
    0s     pc1  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.10  -> ACK
    0s     pc2  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.11  -> ACK
    0s     -    limit modem m1                                            -> 2
    0s     pc3  DISCOVER giaddr=10.1.0.1 remote=m1                        -> DROP  reason=lease-limit log=lease_limit text=modem
    0s     pc3  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.12  -> DROP  reason=lease-limit
    0s     pc3  DISCOVER giaddr=10.1.0.1 remote=m2                        -> OFFER yiaddr=10.1.0.12
    0s     -    limit modem m2                                            -> 0
    1000s  pc1  REQUEST  renew=10.1.0.10                                  -> ACK   lease=3600
    1000s  pc1  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.10  -> ACK   changes=0
    1001s  pc1  RELEASE  ciaddr=10.1.0.10                                 -> DROP  log=found
    1001s  -    limit modem m1                                            -> 1
    1001s  pc3  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.12  -> ACK
    3600s  -    expire                                                    -> 1
    3600s  -    limit modem m1                                            -> 1
    4601s  -    expire                                                    -> 1
    4601s  -    limit modem m1                                            -> 0
  )");
}

// A client that moves to another modem is billed there; the old place is free once that is durable, not before.
TEST(Dhcpd_9_9_LeaseLimit, FollowsTheClient) {
  Sim sim{kLimited};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.10  -> ACK
    1s  -    store delayed
    1s  pc1  REQUEST  giaddr=10.1.0.1 remote=m2 init_reboot=10.1.0.10  -> WAIT
    1s  -    limit modem m1                                            -> 1
    1s  -    limit modem m2                                            -> 1
    1s  -    settle fail                                               -> 1
    1s  -    limit modem m1                                            -> 1
    1s  -    limit modem m2                                            -> 0
    1s  pc1  REQUEST  giaddr=10.1.0.1 remote=m2 init_reboot=10.1.0.10  -> WAIT
    1s  -    settle                                                    -> 1
    1s  -    limit modem m1                                            -> 0
    1s  -    limit modem m2                                            -> 1
  )");
}

TEST(Dhcpd_9_9_LeaseLimit, HoldsAcrossWorkers) {
  Sim sim{kLimited, {.workers = 2, .store = StorePolicy::delayed}};
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.10 worker=0  -> WAIT
    0s  pc2  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.11 worker=1  -> WAIT
    0s  pc3  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.12 worker=0  -> DROP reason=lease-limit
    0s  pc4  REQUEST  giaddr=10.1.0.1 remote=m1 init_reboot=10.1.0.13 worker=1  -> DROP reason=lease-limit
    0s  -    settle                                                             -> 2
    0s  -    limit modem m1                                                     -> 2
  )");
}

// --- 9.11 checks in order ---

TEST(Dhcpd_9_11_Checks, BootingUnknownClientsMinSecs) {
  Sim sim{R"(ping-check false; min-secs 5; boot-unknown-clients true;
    class "off" { match if option host-name = "off"; deny booting; }
    class "quiet" { match if option host-name = "quiet"; ignore booting; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; deny bootp; })"};
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.1.0.1 secs=4                       -> DROP  reason=min-secs log=min_secs
    0s  pc1  DISCOVER giaddr=10.1.0.1 secs=5                       -> OFFER yiaddr=10.1.0.10
    0s  pc1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10             -> ACK
    0s  pc1  REQUEST  renew=10.1.0.10 hostname=off                 -> DROP  reason=booting-disallowed log=booting_disallowed
    0s  pc1  REQUEST  renew=10.1.0.10 hostname=quiet               -> DROP  reason=booting-disallowed log=silent
    0s  b1   BOOTP    giaddr=10.2.0.1                              -> DROP  reason=no-free-leases
    0s  -    free                                                  -> 10
  )");
}

// --- 9.12 ping-check ---

TEST(Dhcpd_9_12_PingCheck, ProbesBeforeTheOffer) {
  Sim sim{"default-lease-time 600; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s    pc1  DISCOVER giaddr=10.1.0.1                   -> PROBE yiaddr=10.1.0.10
    1s    pc1  DISCOVER giaddr=10.1.0.1                   -> DROP  reason=probing
    4s    pc1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    4s    pc1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK
    5s    pc1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    6s    -    pinged 10.1.0.10                           -> late
    604s  -    expire                                     -> 1
    604s  pc1  DISCOVER giaddr=10.1.0.1                   -> PROBE yiaddr=10.1.0.10
    700s  pc1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
    701s  pc1  DISCOVER giaddr=10.1.0.1                   -> OFFER yiaddr=10.1.0.10
  )");
}

TEST(Dhcpd_9_12_PingCheck, AnAnswerAbandonsTheAddress) {
  Sim sim{"abandon-lease-time 500; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.11; }"};
  sim.script(R"(
    0s    pc1  DISCOVER giaddr=10.1.0.1  -> PROBE yiaddr=10.1.0.10
    0s    -    pinged 10.1.0.10          -> abandoned
    0s    -    lease 10.1.0.10           -> abandoned
    4s    pc1  DISCOVER giaddr=10.1.0.1  -> PROBE yiaddr=10.1.0.11
    4s    -    pinged 10.1.0.11          -> abandoned
    8s    pc1  DISCOVER giaddr=10.1.0.1  -> PROBE yiaddr=10.1.0.10 logs=2
    600s  -    expire                    -> 2
    600s  -    free                      -> 2
  )");
}

// --- seen beside dhcpd on the wire (tests/differential) ---

TEST(Dhcpd_9_1_Lease, AnOfferDoesNotHideTheRunningLease) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    1s  cm1  DISCOVER giaddr=10.1.0.1 req=10.1.0.15          -> OFFER yiaddr=10.1.0.15
    1s  cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.10
  )");
}

TEST(Dhcpd_9_1_Lease, CiaddrOfADiscoverIsAWish) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script("0s cm1 DISCOVER giaddr=10.1.0.1 ciaddr=10.1.0.15 -> OFFER yiaddr=10.1.0.15 ciaddr=10.1.0.15");
}

TEST(Dhcpd_9_3_Request, ForNoAddressIsAnUnknownLease) {
  Sim sim{"subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script("0s cm1 REQUEST giaddr=10.1.0.1 server=10.1.0.2 -> DROP reason=no-requested-address log=unknown_lease logs=1");
}

TEST(Dhcpd_9_4_CacheThreshold, AnOfferTellsWhatIsLeft) {
  Sim sim{"ping-check false; default-lease-time 1000; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s    cm1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK   lease=1000
    100s  cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER lease=900
    300s  cm1  DISCOVER giaddr=10.1.0.1                        -> OFFER lease=1000
  )");
}

TEST(Dhcpd_9_6_Decline, WithoutAnAddressOrForAForeignOne) {
  Sim sim{"subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  cm1  DECLINE  giaddr=10.1.0.1                 -> DROP  reason=no-requested-address logs=0
    0s  cm1  DECLINE  giaddr=10.1.0.1 req=10.88.0.1   -> DROP  reason=not-found log=not_found
    0s  cm1  DECLINE  giaddr=10.88.0.1 req=10.1.0.10  -> DROP  reason=unknown-network-segment logs=1
  )");
}

TEST(Dhcpd_11_Times, ZeroIsARenewalTime) {
  Sim sim{R"(ping-check false; option dhcp-renewal-time 0; option dhcp-rebinding-time 150;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; })"};
  sim.script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER t1=0 t2=150");
}

TEST(Dhcpd_15_5_HostName, OfAnOfferOfALeaseAndUnprintable) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }"};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 hostname=one                             -> OFFER name=one
    1s  cm1  REQUEST  giaddr=10.1.0.1 hostname=two select=10.1.0.10            -> ACK   name=two
    2s  cm1  RELEASE  ciaddr=10.1.0.10                                         -> DROP  log=found name=two
  )");
}

// --- 10 choosing an address ---

TEST(Dhcpd_10_Allocation, NeverUsedAscendingThenLongestEndedThenAbandoned) {
  Sim sim{R"(ping-check false; default-lease-time 600;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.12; })"};
  sim.script(R"(
    0s     pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11  -> ACK
    1s     pc2  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.10
    1s     pc2  REQUEST  giaddr=10.1.0.1 select=10.1.0.10       -> ACK
    2s     pc3  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.12
    2s     pc3  REQUEST  giaddr=10.1.0.1 select=10.1.0.12       -> ACK
    3s     pc3  DECLINE  giaddr=10.1.0.1 req=10.1.0.12          -> DROP  log=abandoned
    700s   -    expire                                          -> 2
    700s   pc4  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.11
    700s   pc5  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.10
    700s   pc6  DISCOVER giaddr=10.1.0.1                        -> DROP  reason=no-free-leases
    701s   pc4  REQUEST  giaddr=10.1.0.1 select=10.1.0.11       -> ACK
    701s   pc5  REQUEST  giaddr=10.1.0.1 select=10.1.0.10       -> ACK
    702s   pc6  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.12 logs=2
    702s   pc7  DISCOVER giaddr=10.1.0.1                        -> DROP  reason=no-free-leases
  )");
}

TEST(Dhcpd_10_Allocation, PoolsInOrderOfDeclaration) {
  Sim sim{R"(ping-check false; shared-network net {
    subnet 10.2.0.0 netmask 255.255.255.0 { pool { range 10.2.0.10 10.2.0.11; option domain-name "a"; } }
    subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.10 10.1.0.20; option domain-name "b"; } } })"};
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.2.0.10
    0s  pc2  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.2.0.11
    0s  pc3  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10
  )");
}

// An ended lease that was not worked off yet counts as free for whoever asks for it by name.
TEST(Dhcpd_10_Allocation, EndedLeaseChangesHandsBeforeExpiryRan) {
  Sim sim{"ping-check false; default-lease-time 600; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.12; }"};
  sim.script(R"(
    0s    pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    599s  pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> NAK
    600s  pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    601s  pc1  DISCOVER giaddr=10.1.0.1                        -> OFFER yiaddr=10.1.0.11
    602s  -    expire                                          -> 0
  )");
}

// --- 11 lease times ---

TEST(Dhcpd_11_LeaseTimes, MinimumIsAppliedLast) {
  Sim sim{R"(ping-check false; default-lease-time 100; max-lease-time 200;
    class "short" { match if option host-name = "short"; max-lease-time 600; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; min-lease-time 1000; max-lease-time 2000; })"};
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.1.0.1                             -> OFFER lease=200
    0s  pc2  DISCOVER giaddr=10.2.0.1 hostname=short lease=5000   -> OFFER lease=1000
    0s  pc3  DISCOVER giaddr=10.2.0.1 lease=5000                  -> OFFER lease=2000
  )");
}

TEST(Dhcpd_11_LeaseTimes, T1AndT2OnlyWhenConfiguredAndSane) {
  Sim sim{R"(ping-check false; default-lease-time 1000;
    option dhcp-renewal-time 400; option dhcp-rebinding-time 800;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; option dhcp-rebinding-time 1000; }
    subnet 10.3.0.0 netmask 255.255.255.0 { range 10.3.0.10 10.3.0.20; option dhcp-renewal-time 900; })"};
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.1.0.1  -> OFFER lease=1000 t1=400 t2=800 options=53,54,51,58,59,1
    0s  pc2  DISCOVER giaddr=10.2.0.1  -> OFFER lease=1000 t1=400 t2=none
    0s  pc3  DISCOVER giaddr=10.3.0.1  -> OFFER lease=1000 t1=none t2=800
  )");
}

TEST(Dhcpd_11_LeaseTimes, CrowdedPoolGivesShortLeasesToNewcomers) {
  Sim sim{R"(ping-check false; default-lease-time 1000; min-lease-time 300; adaptive-lease-time-threshold 50;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.13; })"};
  sim.script(R"(
    0s    pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK lease=1000
    0s    pc2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11  -> ACK lease=1000
    0s    pc3  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.12  -> ACK lease=300
    500s  pc1  REQUEST  renew=10.1.0.10                        -> ACK lease=1000
  )");
}

// --- 12 the reply ---

TEST(Dhcpd_12_1_Header, NextServerFilenameServerName) {
  Sim sim{R"(ping-check false; next-server 10.0.0.5; filename "cm.cfg"; server-name "tftp"; always-broadcast true;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; })"};
  sim.script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER siaddr=10.0.0.5 file=cm.cfg sname=tftp flags=32768");
}

TEST(Dhcpd_12_2_AutomaticOptions, MaskHostNameRouters) {
  Sim sim{R"(ping-check false; use-host-decl-names true; use-lease-addr-for-default-route true;
    host named { hardware ethernet 00:15:96:30:00:01; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; option subnet-mask 255.255.0.0; option routers 10.2.0.1; })"};
  sim.script(R"(
    0s  x1  DISCOVER giaddr=10.1.0.1 mac=001596300001  -> OFFER hostname=named mask=255.255.255.0 routers=10.1.0.10
    0s  x2  DISCOVER giaddr=10.2.0.1                   -> OFFER hostname= mask=255.255.0.0 routers=10.2.0.1
    0s  x2  DISCOVER giaddr=10.2.0.1 prl=3             -> OFFER routers=10.2.0.1 options=53,54,51,1,3
  )");
}

// --- 5.1 events ---

constexpr std::string_view kEvents = R"(ping-check false; default-lease-time 600;
  on commit { set mark = "kept"; log(info, concat("commit ", binary-to-ascii(10, 8, ".", leased-address))); }
  on expiry { log(info, concat("expiry ", mark)); }
  on release { log(info, concat("release ", mark)); execute("/bin/true", mark); }
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
)";

TEST(Dhcpd_5_1_Events, CommitReleaseExpiry) {
  Sim sim{kEvents};
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.1.0.1                   -> OFFER effects=0
    0s  pc1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10  -> ACK   effects=1
  )");
  const lease::Binding binding = sim.binding(Ipv4::of(10, 1, 0, 10));
  EXPECT_TRUE(binding.has(lease::Item::variables));
  EXPECT_TRUE(binding.has(lease::Item::on_expiry));
  EXPECT_TRUE(binding.has(lease::Item::on_release));
  sim.script(R"(
    1s  pc1  RELEASE  ciaddr=10.1.0.10                  -> DROP  log=found effects=2
  )");
  EXPECT_FALSE(sim.binding(Ipv4::of(10, 1, 0, 10)).has(lease::Item::on_release));
  sim.script(R"(
    2s    pc1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> ACK
    602s  -    expire                                          -> 1
  )");
}

TEST(Dhcpd_5_1_Events, BlockThatTheConfigurationLostIsSkippedAloud) {
  Sim sim{kEvents};
  sim.script("0s pc1 REQUEST giaddr=10.1.0.1 init_reboot=10.1.0.10 -> ACK");
  sim.reload("ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }");
  sim.script(R"(
    1s  pc1  RELEASE  ciaddr=10.1.0.10  -> DROP log=found effects=0 logs=2
    1s  -    lease 10.1.0.10            -> free mac=f30001
  )");
}

// --- two workers over one table ---

TEST(Workers_Sharing, ClientIdSharedByTwoMacsIsOneClient) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }",
          {.workers = 2, .store = StorePolicy::delayed}};
  sim.script(R"(
    0s  a1  DISCOVER giaddr=10.1.0.1 uid='shared' worker=0                   -> OFFER yiaddr=10.1.0.10
    0s  b1  DISCOVER giaddr=10.1.0.1 uid='shared' worker=1                   -> OFFER yiaddr=10.1.0.10
    0s  a1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10 worker=0               -> WAIT
    0s  b1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10 worker=1               -> DROP  reason=busy
    0s  b1  DISCOVER giaddr=10.1.0.1 worker=1                                -> DROP  reason=busy
    0s  -   settle                                                           -> 1
    1s  b1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10 worker=1               -> WAIT
    1s  -   settle                                                           -> 1
  )");
}

TEST(Workers_Sharing, FullChangePoolIsOverload) {
  Sim sim{"ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }",
          {.changes = 1, .store = StorePolicy::delayed}};
  sim.script(R"(
    0s  a1  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.10  -> WAIT
    0s  a2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11  -> DROP  reason=overload
    0s  -   lease 10.1.0.11                                 -> free
    0s  -   settle                                          -> 1
    0s  a2  REQUEST  giaddr=10.1.0.1 init_reboot=10.1.0.11  -> WAIT
  )");
}

}  // namespace
}  // namespace coaxd::test
