// RFC 2131, the server's side, clause by clause. What dhcpd decides where the RFC leaves a choice is in dhcpd_test.cc.
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kTwoNetworks = R"(
  authoritative;
  ping-check false;
  default-lease-time 3600;
  subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; option routers 10.1.0.1; }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; option routers 10.2.0.1; }
)";

// RFC 2131 §4.3.1: a new client is offered an address of the network its relay stands on.
TEST(Rfc2131_4_3_1_Discover, NewClientGetsAnAddressOfItsNetwork) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1  -> OFFER yiaddr=10.1.0.10 lease=3600 routers=10.1.0.1 mask=255.255.255.0 changes=0
    0s  cm2  DISCOVER giaddr=10.2.0.1  -> OFFER yiaddr=10.2.0.10 lease=3600 routers=10.2.0.1
  )");
}

// RFC 2131 §4.3.2: an INIT-REBOOT client on the wrong network is told so with a DHCPNAK.
TEST(Rfc2131_4_3_2_InitReboot, WrongNetworkGetsNak) {
  Sim sim{kTwoNetworks};
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1                       -> OFFER yiaddr=10.1.0.10
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.10      -> ACK   yiaddr=10.1.0.10 lease=3600 changes=1
    9s  cm1  REQUEST  giaddr=10.2.0.1 init_reboot=10.1.0.10 -> NAK   relay flags=32768 log=wrong_network
  )");
}

}  // namespace
}  // namespace coaxd::test
