// What a relay agent says about its client: RFC 3046 (option 82), RFC 3527 (link selection), RFC 5107 (server identifier override), RFC 8357
// (relay port), and RFC 3011, where the client itself says it.
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kTwoNetworks = R"(
  authoritative; ping-check false; default-lease-time 3600;
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; }
)";

// RFC 3046 §2.2: the server echoes the option in every reply, last of all.
TEST(Rfc3046_2_2_Echo, OfferAckAndNakCarryIt) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 circuit=c1 remote=r1                     -> OFFER echo=0102633102027231 options=53,54,51,1,82
    0s  cm1  REQUEST  giaddr=10.1.0.1 circuit=c1 remote=r1 select=10.1.0.10    -> ACK   echo=0102633102027231
    0s  cm1  REQUEST  giaddr=10.2.0.1 remote=r1 init_reboot=10.1.0.10          -> NAK   echo=02027231
    0s  cm1  DISCOVER giaddr=10.1.0.1                                          -> OFFER noecho
    0s  cm1  INFORM   giaddr=10.1.0.1 remote=r1                                -> ACK   echo=02027231
    0s  cm1  INFORM   giaddr=10.1.0.1 ciaddr=10.1.0.10 remote=r1               -> ACK   echo=02027231 to=10.1.0.10
  )");
}

// RFC 3046 §2.1.1: a switch that snoops adds the option and leaves giaddr alone; it, too, wants it back.
TEST(Rfc3046_2_2_Echo, WithoutGiaddrFromASnoopingSwitch) {
  Sim sim{kTwoNetworks};
  sim.script("0s pc1 DISCOVER circuit=p7 -> OFFER unicast echo=01027037");
}

TEST(Rfc3046_2_2_Echo, AsDhcpdEncodesIt) {
  Sim sim{kTwoNetworks};
  // An empty sub-option and the second of a kind are left out.
  sim.script("0s cm1 DISCOVER giaddr=10.1.0.1 agent=010163020001015809024142 -> OFFER echo=01016309024142");
}

// dhcpd-compat §8.4: a unicast renewal comes without option 82; what the relay said at the last ACK still decides.
TEST(Rfc3046_2_1_Stash, RenewalIsClassifiedWithWhatTheRelaySaid) {
  Sim sim{R"(authoritative; ping-check false; default-lease-time 3600;
    class "cable" { match if option agent.remote-id = "modem1"; }
    subnet 10.1.0.0 netmask 255.255.255.0 { pool { allow members of "cable"; range 10.1.0.10 10.1.0.20; } }
  )"};
  sim.script(R"(
    0s     pc1  DISCOVER giaddr=10.1.0.1                                   -> DROP  reason=no-free-leases
    0s     pc1  DISCOVER giaddr=10.1.0.1 remote=modem1                     -> OFFER yiaddr=10.1.0.10
    0s     pc1  REQUEST  giaddr=10.1.0.1 remote=modem1 select=10.1.0.10    -> ACK
    1800s  pc1  REQUEST  renew=10.1.0.10                                   -> ACK   noecho lease=3600
    3600s  pc1  REQUEST  renew=10.1.0.10                                   -> ACK   noecho lease=3600
    3601s  pc2  REQUEST  renew=10.1.0.10                                   -> NAK   broadcast
  )");
}

TEST(Rfc3046_2_1_Stash, OffMeansNothingIsKept) {
  Sim sim{R"(authoritative; ping-check false; default-lease-time 3600; stash-agent-options false;
    class "cable" { match if option agent.remote-id = "modem1"; }
    subnet 10.1.0.0 netmask 255.255.255.0 { pool { allow members of "cable"; range 10.1.0.10 10.1.0.20; } }
  )"};
  sim.script(R"(
    0s     pc1  REQUEST  giaddr=10.1.0.1 remote=modem1 init_reboot=10.1.0.10 -> ACK
    1800s  pc1  REQUEST  renew=10.1.0.10                                     -> NAK
  )");
}

// RFC 3527 §3: the link selection says where the client is; giaddr only where the relay wants its answer.
TEST(Rfc3527_3_LinkSelection, DecidesTheSubnetButNotTheWayBack) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 linksel=10.2.0.1                         -> OFFER yiaddr=10.2.0.10 relay to=10.1.0.1
    0s  cm1  REQUEST  giaddr=10.1.0.1 linksel=10.2.0.1 select=10.2.0.10        -> ACK   yiaddr=10.2.0.10 relay to=10.1.0.1
    0s  cm2  DISCOVER giaddr=10.1.0.1 linksel=10.7.0.1                         -> DROP  reason=unknown-network-segment
    0s  cm2  DISCOVER giaddr=10.1.0.1 agent=05030a0100                         -> DROP  reason=unknown-network-segment
    0s  cm2  DISCOVER giaddr=10.1.0.1 agent=0500                               -> OFFER yiaddr=10.1.0.10
    0s  cm3  DISCOVER giaddr=10.1.0.1 linksel=10.2.0.1 subnet=10.1.0.0         -> OFFER yiaddr=10.2.0.11 subnet=10.1.0.0
  )");
}

// RFC 3011 §2: the client's subnet selection stands above giaddr and is echoed when it was used.
TEST(Rfc3011_2_SubnetSelection, DecidesTheSubnetAndIsEchoed) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 subnet=10.2.0.0            -> OFFER yiaddr=10.2.0.10 subnet=10.2.0.0 relay to=10.1.0.1
    0s  cm1  DISCOVER giaddr=10.1.0.1 subnet=10.2.0.0 prl=1,3    -> OFFER yiaddr=10.2.0.10 subnet=10.2.0.0
    0s  cm2  DISCOVER giaddr=10.1.0.1 subnet=10.7.0.0            -> DROP  reason=unknown-network-segment
  )");
}

// RFC 5107 §4: with the override the client talks to the relay as its server; off unless told, as dhcpd only echoes it.
TEST(Rfc5107_4_ServerIdOverride, OffByDefault) {
  Sim sim{kTwoNetworks};
  sim.script("0s cm1 DISCOVER giaddr=10.1.0.1 override=10.1.0.1 -> OFFER server=10.1.0.2 echo=0b040a010001");
}

TEST(Rfc5107_4_ServerIdOverride, BecomesTheServerIdentifier) {
  Sim sim{kTwoNetworks, {.settings = {.rfc5107 = true}}};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 override=10.1.0.1                                    -> OFFER server=10.1.0.1
    0s  cm1  REQUEST  giaddr=10.1.0.1 override=10.1.0.1 req=10.1.0.10 server=10.1.0.1      -> ACK   server=10.1.0.1
    0s  cm2  DISCOVER giaddr=10.1.0.1                                                      -> OFFER server=10.1.0.2
  )");
}

TEST(Rfc8357_4_RelayPort, ReplyGoesToThePortItCameFrom) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 port=5067 port19  -> OFFER relay port=5067
    0s  cm1  DISCOVER giaddr=10.1.0.1 port=5067         -> OFFER relay port=67
  )");
}

}  // namespace
}  // namespace coaxd::test
