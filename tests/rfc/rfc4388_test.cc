// RFC 4388 through the engine: who may ask (dhcpd-compat §9.10), what is told of leases that clients have just taken, where the answer goes. The octets of answers, and
// everything that is refused, are leasequery/'s own tests.
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kCable = R"(
  ping-check false; dhcp-cache-threshold 0; default-lease-time 3600; min-lease-time 60;
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; allow leasequery; }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; }
  host web { hardware ethernet 00:15:96:00:00:80; fixed-address 10.1.0.200; }
)";

TEST(Rfc4388_6_4_Leasequery, ByAddress) {
  Sim sim{kCable};
  sim.script(R"(
    0s   cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10 -> LEASEUNASSIGNED ciaddr=10.1.0.10 relay port=67 options=53,54 changes=0
    0s   cm1   DISCOVER   giaddr=10.1.0.1                               -> OFFER yiaddr=10.1.0.10
    1s   cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10 -> LEASEUNASSIGNED
    2s   cm1   REQUEST    giaddr=10.1.0.1 select=10.1.0.10 circuit=port1 remote=cm1 vendor=docsis3.0 -> ACK
    12s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10 -> LEASEACTIVE ciaddr=10.1.0.10 yiaddr=0.0.0.0 lease=3590 t1=1790 t2=3140 opt=91:0000000a options=53,54,51,58,59,91,60,82
    13s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.2.0.200 -> LEASEUNKNOWN ciaddr=10.2.0.200
    14s  cm1   RELEASE    ciaddr=10.1.0.10                              -> DROP
    15s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10 -> LEASEUNASSIGNED
  )");
}

// The relay passes no unicast renewal: what it said before is what is known of him (RFC 4388 §6.4.2: as last relayed).
TEST(Rfc4388_6_4_2_Option82, StaysWithAUnicastRenewalAndFollowsAMove) {
  Sim sim{kCable};
  sim.script(R"(
    0s    cm1   REQUEST    giaddr=10.1.0.1 init_reboot=10.1.0.10 remote=one -> ACK
    600s  cm1   REQUEST    renew=10.1.0.10                                  -> ACK
    610s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10    -> LEASEACTIVE echo=02036f6e65 lease=3590 opt=91:0000000a
    700s  cm1   REQUEST    giaddr=10.1.0.1 init_reboot=10.1.0.10 remote=two -> ACK
    701s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10    -> LEASEACTIVE echo=020374776f
  )");
}

TEST(Rfc4388_6_4_Leasequery, ByHardwareAndByClientIdentifier) {
  Sim sim{kCable};
  sim.script(R"(
    0s   cm1   REQUEST    giaddr=10.1.0.1 init_reboot=10.1.0.10 uid='one'  -> ACK
    5s   cm1   REQUEST    giaddr=10.2.0.1 init_reboot=10.2.0.10 uid='one'  -> ACK
    10s  cm1   LEASEQUERY giaddr=10.1.0.1 no_uid                           -> LEASEACTIVE ciaddr=10.2.0.10 opt=92:0a01000a
    10s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 opt=61:'one'        -> LEASEACTIVE ciaddr=10.2.0.10 opt=92:0a01000a
    10s  cm9   LEASEQUERY giaddr=10.1.0.1                                  -> LEASEUNKNOWN
    10s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0                     -> DROP reason=leasequery-malformed log=silent
  )");
}

TEST(Rfc4388_6_4_Leasequery, FixedAddressesAreVouchedFor) {
  Sim sim{kCable};
  sim.script(R"(
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.200   -> LEASEACTIVE lease=3600 noopt=91 noecho
    0s  web   LEASEQUERY giaddr=10.1.0.1 mac=001596000080                 -> LEASEACTIVE ciaddr=10.1.0.200
  )");
}

// As of a lease: the seconds that are left of what he was told, and option 82 as the relay gave it last.
TEST(Rfc4388_6_4_2_FixedAddress, HasWhatWasHeardOfItsHost) {
  Sim sim{kCable};
  sim.script(R"(
    0s    web   DISCOVER   giaddr=10.1.0.1 mac=001596000080 remote=far                   -> OFFER yiaddr=10.1.0.200
    1s    cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.200                -> LEASEACTIVE lease=3600 noopt=91 noecho
    2s    web   REQUEST    giaddr=10.1.0.1 mac=001596000080 select=10.1.0.200 remote=one vendor=MSFT uid='web' -> ACK
    12s   cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.200                -> LEASEACTIVE lease=3590 t1=1790 t2=3140 opt=91:0000000a opt=61:'web' opt=60:'MSFT' echo=02036f6e65
    600s  web   REQUEST    mac=001596000080 renew=10.1.0.200 uid='web'                   -> ACK
    610s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 opt=61:'web'                     -> LEASEACTIVE ciaddr=10.1.0.200 lease=3590 opt=91:0000000a echo=02036f6e65
    700s  web   REQUEST    giaddr=10.1.0.1 mac=001596000080 init_reboot=10.1.0.200 remote=two uid='web' -> ACK
    701s  cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.200                -> LEASEACTIVE echo=020374776f
    9999s cmts  LEASEQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.200                -> LEASEACTIVE lease=3600 opt=91:00002453
  )");
}

// A draft's query has the number of an RFC's answer.
TEST(Rfc4388_Draft0_Leasequery, IsAnsweredByAckAndNak) {
  Sim sim{kCable};
  sim.script(R"(
    0s  cm1   REQUEST    giaddr=10.1.0.1 init_reboot=10.1.0.10            -> ACK
    1s  cmts  DRAFTQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.10    -> LEASEACTIVE opt=53:05 yiaddr=10.1.0.10 ciaddr=10.1.0.10 relay options=53,51,58,59
    1s  cmts  DRAFTQUERY giaddr=10.1.0.1 mac= htype=0 ciaddr=10.1.0.11    -> LEASEUNASSIGNED opt=53:06 yiaddr=0.0.0.0
    1s  cmts  DRAFTQUERY giaddr=10.2.0.1 mac= htype=0 ciaddr=10.1.0.10    -> DROP reason=unhandled-type log=silent
    1s  cmts  DRAFTQUERY ciaddr=10.1.0.10                                 -> DROP reason=unhandled-type log=silent
  )");
}

TEST(Dhcpd_9_10_Leasequery, WhereGiaddrIsDecidesWhoMayAsk) {
  Sim sim{kCable};
  sim.script(R"(
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.2.0.10  -> LEASEUNASSIGNED
    0s  cmts  LEASEQUERY giaddr=10.2.0.1 ciaddr=10.1.0.10  -> DROP  reason=leasequery-denied log=leasequery_not_allowed
    0s  cmts  LEASEQUERY giaddr=10.9.0.1 ciaddr=10.1.0.10  -> DROP  reason=leasequery-denied log=leasequery_not_allowed
    0s  cmts  LEASEQUERY ciaddr=10.1.0.10                  -> DROP  reason=leasequery-denied log=missing_giaddr
  )");
}

TEST(Dhcpd_9_10_Leasequery, OutsideAllSubnetsTheGlobalScopeDecides) {
  Sim sim{"allow leasequery; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; deny leasequery; }"};
  sim.script(R"(
    0s  cmts  LEASEQUERY giaddr=10.9.0.1 ciaddr=10.1.0.10  -> LEASEUNASSIGNED
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10  -> DROP  reason=leasequery-denied
  )");
}

TEST(Dhcpd_9_10_Leasequery, ClassesAndConditionsMayAllowIt) {
  Sim sim{R"(
    class "cmts" { match if option vendor-class-identifier = "cmts"; allow leasequery; }
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
    subnet 10.2.0.0 netmask 255.255.255.0 { if exists host-name { allow leasequery; log(info, "asked"); } }
  )"};
  sim.script(R"(
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10                -> DROP  reason=leasequery-denied
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 vendor=cmts    -> LEASEUNASSIGNED
    0s  cmts  LEASEQUERY giaddr=10.2.0.1 ciaddr=10.1.0.10                -> DROP  reason=leasequery-denied
    0s  cmts  LEASEQUERY giaddr=10.2.0.1 ciaddr=10.1.0.10 hostname=c     -> LEASEUNASSIGNED effects=0
  )");
}

TEST(Dhcpd_9_10_Leasequery, ServerIdentifierIsTheConfiguredOne) {
  Sim sim{R"(
    allow leasequery;
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; option dhcp-server-identifier 192.0.2.53; }
    subnet 10.2.0.0 netmask 255.255.255.0 { if exists host-name { option dhcp-server-identifier 192.0.2.54; } }
  )"};
  sim.script(R"(
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10             -> LEASEUNASSIGNED server=192.0.2.53
    0s  cmts  LEASEQUERY giaddr=10.2.0.1 ciaddr=10.1.0.10 hostname=c  -> LEASEUNASSIGNED server=192.0.2.54
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 server=192.0.2.99 -> DROP reason=other-server
  )");
}

// From the address that was asked; RFC 8357 §4: to the port that it came from, if the relay says so.
TEST(Rfc4388_6_3_Departure, FromTheAddressThatWasAsked) {
  Sim sim{kCable};
  sim.script(R"(
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 to=192.0.2.9          -> LEASEUNASSIGNED from=192.0.2.9 to=10.1.0.1 port=67
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 port=9999             -> LEASEUNASSIGNED port=67
    0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 port=9999 port19      -> LEASEUNASSIGNED port=9999
  )");
}

// A CMTS that was reloaded asks thousands of times a second.
TEST(Dhcpd_15_5_Leasequery, SoManyLinesSayWhatThereIsToSay) {
  Sim sim{kCable};
  sim.script("0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 -> LEASEUNASSIGNED logs=2");  // its dialect, and the query
  std::string script;
  for (int i = 1; i < 50; ++i) script += "0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 -> LEASEUNASSIGNED logs=1\n";
  script += "0s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 -> LEASEUNASSIGNED logs=0\n";
  script += "0s  cmts  LEASEQUERY giaddr=10.2.0.1 ciaddr=10.1.0.10 -> DROP reason=leasequery-denied logs=0\n";
  script += "2s  cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 -> LEASEUNASSIGNED logs=1\n";
  script += "70s cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 -> LEASEUNASSIGNED logs=2\n";  // how many had none
  script += "71s cmts  LEASEQUERY giaddr=10.1.0.1 ciaddr=10.1.0.10 -> LEASEUNASSIGNED logs=1\n";
  sim.script(script);
}

}  // namespace
}  // namespace coaxd::test
