// What packets do about quarantine (docs/quarantine.md): who is confined gets an address of the garden and of nothing else, hears at once that the one he has is not for
// him any more, and has it back afterwards.
#include <gtest/gtest.h>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

using subscriber::Confined;
using subscriber::PublishedConfined;
using subscriber::Scope;
using subscriber::WardSighting;
using Kind = WardSighting::Kind;

// Not authoritative, as many are; the second network is another CMTS's.
constexpr std::string_view kPlant = R"(
  ping-check false; default-lease-time 3600; max-lease-time 7200;
  option portal code 114 = text;
  class "quarantine" { option domain-name "quarantine.example"; }
  host fixed { hardware ethernet 00:15:96:99:00:01; fixed-address 10.5.0.5; }
  shared-network one {
    subnet 10.5.0.0 netmask 255.255.255.0 { option routers 10.5.0.1; pool { range 10.5.0.10 10.5.0.20; } }
    subnet 10.6.0.0 netmask 255.255.255.0 {
      option routers 10.6.0.1;
      pool { allow members of "quarantine"; range 10.6.0.10 10.6.0.12; option portal "https://portal.example/api"; max-lease-time 120; } } }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; }
)";

class Quarantine : public ::testing::Test {
 protected:
  explicit Quarantine(std::string_view config = kPlant)
      : sim{config, {.workers = 2, .settings = {.confined = &published, .ward_sightings = &sightings}}} {}

  void confine(std::vector<Confined::Ward> wards) { published.publish(std::make_shared<const Confined>(wards)); }
  void release() { confine({}); }
  static Confined::Ward machine(std::string_view name, std::uint64_t id = 1) {
    const auto mac = Sim::mac_of(name);
    return {.hardware = {mac.begin(), mac.end()}, .scope = Scope::cpe, .id = id};
  }
  static Confined::Ward behind(std::string_view modem, Scope scope = Scope::subscriber, std::uint64_t id = 2) { return {.remote_id = std::string(modem), .scope = scope, .id = id}; }
  std::vector<WardSighting> seen() {
    std::vector<WardSighting> all;
    sightings.collect([&](const WardSighting& one) { all.push_back(one); });
    return all;
  }
  std::vector<Kind> kinds() {
    std::vector<Kind> all;
    for (const WardSighting& one : seen()) all.push_back(one.kind);
    return all;
  }
  // pc1 has 10.5.0.10 and pc2 10.5.0.11, both behind modem m1.
  void two_of_m1() {
    sim.script(R"(
      0s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.10    -> ACK
      0s  pc2  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.11    -> ACK
    )");
  }

  PublishedConfined published{std::make_shared<const Confined>()};
  subscriber::WardSightings sightings;
  Sim sim;
};

// Reference 4.3: the first REQUEST for the old address gets a NAK, and the client restarts into quarantine.
TEST_F(Quarantine, AMachineMovesIntoTheGardenAndOthersBehindTheModemDoNot) {
  two_of_m1();
  confine({machine("pc1")});
  sim.script(R"(
    60s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10        -> NAK   relay
    60s  pc1  DISCOVER giaddr=10.5.0.1 remote=m1                         -> OFFER yiaddr=10.6.0.10 lease=120 routers=10.6.0.1 opt=15:71756172616e74696e652e6578616d706c65
    60s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.6.0.10        -> ACK   yiaddr=10.6.0.10 lease=120
    60s  pc2  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.11        -> ACK   yiaddr=10.5.0.11
    60s  pc2  DISCOVER giaddr=10.5.0.1 remote=m1                         -> OFFER yiaddr=10.5.0.11
  )");
}

// RFC 8910 §2: whoever asks hears of the portal; in quarantine who does not ask does, too.
TEST_F(Quarantine, ThePortalIsToldUnasked) {
  confine({machine("pc1")});
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.5.0.1 prl=3,6        -> OFFER options=53,54,51,114,1,3
    0s  pc1  DISCOVER giaddr=10.5.0.1 prl=114,3,114  -> OFFER options=53,54,51,114,1,3
    0s  pc2  DISCOVER giaddr=10.5.0.1 prl=3,6        -> OFFER options=53,54,51,1,3
  )");
}

// RFC 2131 §4.3.2: on the server's own wire, where it says to broadcast, no cable client hears it.
TEST_F(Quarantine, ARenewalByUnicastIsRefusedWhereTheClientHearsIt) {
  two_of_m1();
  confine({behind("m1")});
  sim.script(R"(
    1800s  pc1  REQUEST  renew=10.5.0.10 source=10.5.0.10                -> NAK   to=10.5.0.10 port=68 message="requested address not available"
  )");
}

TEST_F(Quarantine, EveryStateOfTheOldLeaseIsRefusedAlthoughNotAuthoritative) {
  two_of_m1();
  confine({machine("pc1")});
  sim.script(R"(
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.10   -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.15   -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.11   -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.99   -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.2.0.10   -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10        -> NAK
    1s  pc1  REQUEST  giaddr=10.2.0.1 remote=m1 rebind=10.5.0.10        -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=192.168.1.9 -> DROP reason=not-authoritative
  )");
  // What is not ours may be another server's.
  sim.script("1s pc1 REQUEST giaddr=10.5.0.1 remote=m1 req=10.5.0.99 server=10.5.0.77 -> DROP reason=other-server");
}

TEST_F(Quarantine, OthersAreAnsweredAsDhcpdDoes) {
  two_of_m1();
  confine({machine("pc9"), behind("m9")});
  sim.script(R"(
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10        -> ACK
    1s  pc3  REQUEST  giaddr=10.5.0.1 remote=m3 init_reboot=10.2.0.10   -> DROP reason=not-authoritative
    1s  pc3  REQUEST  giaddr=10.5.0.1 remote=m3 init_reboot=10.6.0.10   -> NAK
    1s  pc3  DISCOVER giaddr=10.5.0.1 remote=m3 req=10.6.0.10           -> OFFER yiaddr=10.5.0.12
  )");
  EXPECT_TRUE(seen().empty());
}

// Reference 4.3 (2): the old binding stays until its end, for its client may go on using it.
TEST_F(Quarantine, TheOldBindingStaysAndIsNobodyElses) {
  two_of_m1();
  confine({machine("pc1")});
  sim.script(R"(
    60s    pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.10  -> NAK
    60s    -    lease 10.5.0.10                                           -> active mac=f30001 left=3540
    60s    pc1  DISCOVER giaddr=10.5.0.1 remote=m1 req=10.5.0.10          -> OFFER yiaddr=10.6.0.10
    60s    pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.6.0.10       -> ACK   changes=1
    60s    -    lease 10.5.0.10                                           -> active mac=f30001 left=3540
    60s    -    lease 10.6.0.10                                           -> active mac=f30001 left=120
    60s    pc3  REQUEST  giaddr=10.5.0.1 init_reboot=10.5.0.10            -> NAK
    60s    pc3  DISCOVER giaddr=10.5.0.1 req=10.5.0.10                    -> OFFER yiaddr=10.5.0.12
    3600s  -    expire                                                    -> 3
    3600s  pc3  DISCOVER giaddr=10.5.0.1 req=10.5.0.10                    -> OFFER yiaddr=10.5.0.10
  )");
}

TEST_F(Quarantine, ReleasedHeHasHisOldAddressBack) {
  two_of_m1();
  confine({machine("pc1")});
  sim.script(R"(
    60s   pc1  DISCOVER giaddr=10.5.0.1 remote=m1                     -> OFFER yiaddr=10.6.0.10
    60s   pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.6.0.10    -> ACK
    120s  pc1  REQUEST  renew=10.6.0.10 source=10.6.0.10              -> ACK
  )");
  release();
  sim.script(R"(
    150s  pc1  REQUEST  renew=10.6.0.10 source=10.6.0.10              -> NAK   to=10.6.0.10
    150s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.6.0.10    -> NAK
    150s  pc1  DISCOVER giaddr=10.5.0.1 remote=m1 req=10.6.0.10       -> OFFER yiaddr=10.5.0.10
    150s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.5.0.10    -> ACK   yiaddr=10.5.0.10
    150s  -    lease 10.6.0.10                                        -> active mac=f30001 left=90
  )");
}

TEST_F(Quarantine, ReleasedAfterTheOldLeaseEndedHeIsServedAsAnybody) {
  two_of_m1();
  confine({machine("pc1")});
  sim.script("3700s - expire -> 2");
  sim.script("3700s pc1 DISCOVER giaddr=10.5.0.1 remote=m1 -> OFFER yiaddr=10.6.0.10");
  release();
  sim.script("3700s pc1 DISCOVER giaddr=10.5.0.1 remote=m1 -> OFFER yiaddr=10.5.0.10");
}

// --- how many leases he has ---

class QuarantineOneLease : public Quarantine {
 protected:
  QuarantineOneLease() : Quarantine(R"(
    authoritative; ping-check false; default-lease-time 3600; one-lease-per-client true; deny duplicates;
    class "quarantine" { }
    class "modem" { spawn with option agent.remote-id; lease limit 2; }
    host pc1 { hardware ethernet )" + std::string("00:15:96:f3:00:01") + R"(; }
    shared-network one {
      subnet 10.5.0.0 netmask 255.255.255.0 { pool { range 10.5.0.10 10.5.0.20; } }
      subnet 10.6.0.0 netmask 255.255.255.0 { pool { allow members of "quarantine"; range 10.6.0.10 10.6.0.12; } } }
  )") {}
};

// One lease a client, and none is lost by quarantine: in the garden he has one, and outside one waits.
TEST_F(QuarantineOneLease, CountsInTheGardenAndOutsideByItself) {
  sim.script(R"(
    0s    pc1  REQUEST  giaddr=10.5.0.1 remote=m1 uid=0061 init_reboot=10.5.0.10   -> ACK
    0s    pc2  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.11           -> ACK
    0s    -    limit modem m1                                                     -> 2
  )");
  confine({behind("m1")});
  sim.script(R"(
    10s   pc1  DISCOVER giaddr=10.5.0.1 remote=m1 uid=0061                         -> OFFER yiaddr=10.6.0.10
    10s   pc1  REQUEST  giaddr=10.5.0.1 remote=m1 uid=0061 select=10.6.0.10        -> ACK changes=1
    10s   pc2  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.11           -> ACK changes=1
    20s   pc1  REQUEST  giaddr=10.5.0.1 remote=m1 uid=0061 init_reboot=10.6.0.12   -> ACK changes=2
    20s   -    lease 10.6.0.10                                                    -> free mac=f30001
    20s   -    lease 10.5.0.10                                                    -> active mac=f30001 left=3580
    20s   -    limit modem m1                                                     -> 2
  )");
  release();
  sim.script(R"(
    30s   pc1  DISCOVER giaddr=10.5.0.1 remote=m1 uid=0061                         -> OFFER yiaddr=10.5.0.10
    30s   pc1  REQUEST  giaddr=10.5.0.1 remote=m1 uid=0061 select=10.5.0.10        -> ACK
    30s   pc2  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.11                -> ACK
    30s   -    lease 10.6.0.12                                                    -> free mac=f30001
    30s   -    lease 10.6.0.11                                                    -> free mac=f30002
    30s   -    limit modem m1                                                     -> 2
  )");
}

// --- who is meant ---

TEST_F(Quarantine, AChangedHardwareAddressBehindTheModemDoesNotHelp) {
  confine({behind("m1")});
  sim.script(R"(
    0s  pc7  DISCOVER giaddr=10.5.0.1 remote=m1                      -> OFFER yiaddr=10.6.0.10
    0s  pc8  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.12 -> NAK
    0s  pc9  DISCOVER giaddr=10.5.0.1 remote=m2                      -> OFFER yiaddr=10.5.0.10
  )");
}

// A renewal by unicast passes no relay, so what it says of its modem is its sender's own word: the address that it comes from was given behind the modem.
TEST_F(Quarantine, NobodyTalksHimselfOutOfItByUnicast) {
  two_of_m1();
  confine({behind("m1")});
  sim.script(R"(
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.10          -> ACK
    2s  pc1  REQUEST  renew=10.5.0.10 source=10.5.0.10 remote=m2               -> NAK
    2s  pc1  REQUEST  renew=10.5.0.10 source=10.6.0.10 remote=m2               -> NAK
    2s  pc7  REQUEST  renew=10.5.0.15 source=10.6.0.10                         -> NAK
    2s  pc7  REQUEST  renew=10.5.0.15 source=10.5.0.11 remote=m2               -> NAK
  )");
}

// PacketCable: nobody loses his emergency calls by what a computer did; a renewal may leave option 60 out.
TEST_F(Quarantine, TheModemAndItsTelephoneGoOn) {
  sim.script(R"(
    0s  mta1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.10 vendor="pktc1.5:05"   -> ACK
  )");
  confine({behind("m1", Scope::modem), {.remote_id = std::string("\x00\x15\x96\x6d\x00\x01", 6), .scope = Scope::modem, .id = 3}});
  sim.script(R"(
    1800s  mta1  REQUEST  renew=10.5.0.10                                                    -> ACK
    1800s  mta1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10                         -> ACK
    1800s  pc1   DISCOVER giaddr=10.5.0.1 remote=m1                                          -> OFFER yiaddr=10.6.0.10
  )");
}

TEST_F(Quarantine, ClientsOfBootpAreRefused) {
  confine({machine("pc1")});
  sim.script(R"(
    0s  pc1  BOOTP  giaddr=10.5.0.1   -> DROP reason=bootp-disallowed
  )");
}

// --- fixed addresses ---

TEST_F(Quarantine, AHostLosesItsFixedAddressForAsLong) {
  const auto mac = std::string("\x00\x15\x96\x99\x00\x01", 6);
  sim.script(R"(
    0s  h1  DISCOVER mac=001596990001 giaddr=10.5.0.1                      -> OFFER yiaddr=10.5.0.5
    0s  h1  REQUEST  mac=001596990001 giaddr=10.5.0.1 select=10.5.0.5      -> ACK   yiaddr=10.5.0.5
  )");
  confine({{.hardware = mac, .scope = Scope::cpe, .id = 4}});
  sim.script(R"(
    9s  h1  REQUEST  mac=001596990001 renew=10.5.0.5 source=10.5.0.5       -> NAK   to=10.5.0.5
    9s  h1  REQUEST  mac=001596990001 giaddr=10.5.0.1 rebind=10.5.0.5      -> NAK
    9s  h1  REQUEST  mac=001596990001 giaddr=10.5.0.1 select=10.5.0.5      -> NAK
    9s  h1  DISCOVER mac=001596990001 giaddr=10.5.0.1                      -> OFFER yiaddr=10.6.0.10
    9s  h1  REQUEST  mac=001596990001 giaddr=10.5.0.1 select=10.6.0.10     -> ACK   yiaddr=10.6.0.10
  )");
  release();
  sim.script(R"(
    20s  h1  REQUEST  mac=001596990001 renew=10.6.0.10 source=10.6.0.10    -> NAK   to=10.6.0.10
    20s  h1  DISCOVER mac=001596990001 giaddr=10.5.0.1                     -> OFFER yiaddr=10.5.0.5
  )");
}

// --- the garden ---

TEST_F(Quarantine, AFullGardenIsNoReasonToLetAnybodyOut) {
  confine({behind("m1")});
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.10   -> ACK
    0s  pc2  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.11   -> ACK
    0s  pc3  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.12   -> ACK
    0s  pc4  DISCOVER giaddr=10.5.0.1 remote=m1                         -> DROP reason=no-free-leases
  )");
}

TEST_F(Quarantine, ANetworkWithoutAGardenHasNothingForHim) {
  confine({machine("pc1")});
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.2.0.1                          -> DROP reason=no-free-leases
    0s  pc1  REQUEST  giaddr=10.2.0.1 init_reboot=10.2.0.10    -> NAK
  )");
}

TEST_F(Quarantine, OutlivesAReload) {
  two_of_m1();
  confine({machine("pc1")});
  sim.reload(kPlant);
  sim.script("9s pc1 DISCOVER giaddr=10.5.0.1 remote=m1 -> OFFER yiaddr=10.6.0.10");
  sim.reload("ping-check false; subnet 10.5.0.0 netmask 255.255.255.0 { range 10.5.0.10 10.5.0.20; }");
  sim.script("9s pc1 DISCOVER giaddr=10.5.0.1 remote=m1 -> DROP reason=no-free-leases");
}

// --- in the middle of an exchange ---

TEST_F(Quarantine, ConfinedBetweenOfferAndRequest) {
  sim.script("0s pc1 DISCOVER giaddr=10.5.0.1 remote=m1 -> OFFER yiaddr=10.5.0.10");
  confine({machine("pc1")});
  sim.script(R"(
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.5.0.10   -> NAK
    1s  pc1  DISCOVER giaddr=10.5.0.1 remote=m1                    -> OFFER yiaddr=10.6.0.10
  )");
  release();
  sim.script(R"(
    2s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.6.0.10   -> NAK
    2s  pc1  DISCOVER giaddr=10.5.0.1 remote=m1                    -> OFFER yiaddr=10.5.0.10
  )");
}

// An ACK that was decided before waits for the disk and leaves: its lease is what quarantine then keeps.
TEST_F(Quarantine, ConfinedBetweenRequestAndCommit) {
  sim.script(R"(
    0s  -    store delayed                                           -> delayed
    0s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.10 -> WAIT
  )");
  confine({machine("pc1")});
  sim.script(R"(
    0s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.5.0.10 -> NAK
    0s  pc1  DISCOVER giaddr=10.5.0.1 remote=m1                      -> OFFER yiaddr=10.6.0.10
    0s  -    settle ok                                               -> 1
    0s  -    lease 10.5.0.10                                         -> active mac=f30001 left=3600
    0s  -    store immediate                                         -> immediate
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10     -> NAK
  )");
}

TEST_F(Quarantine, EveryWorkerSeesItWithItsNextMessage) {
  two_of_m1();
  confine({machine("pc1")});
  sim.script(R"(
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10 worker=0   -> NAK
    1s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10 worker=1   -> NAK
  )");
  release();
  sim.script(R"(
    2s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10 worker=1   -> ACK
    2s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 rebind=10.5.0.10 worker=0   -> ACK
  )");
}

// --- what is told of it ---

TEST_F(Quarantine, ItsEffectIsSeen) {
  two_of_m1();
  confine({machine("pc1", 17)});
  sim.script(R"(
    60s  pc1  REQUEST  renew=10.5.0.10 source=10.5.0.10              -> NAK
    61s  pc1  DISCOVER giaddr=10.5.0.1 remote=m1                     -> OFFER yiaddr=10.6.0.10
    62s  -    store delayed                                          -> delayed
    62s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 select=10.6.0.10    -> WAIT
    62s  pc2  DISCOVER giaddr=10.5.0.1 remote=m1                     -> OFFER yiaddr=10.5.0.11
  )");
  const auto before = seen();
  ASSERT_EQ(before.size(), 2u) << "nothing is said of an ACK that waits for the disk";
  EXPECT_EQ(before[0].kind, Kind::nak);
  EXPECT_EQ(before[0].address, Ipv4::of(10, 5, 0, 10));
  EXPECT_EQ(before[0].id, 17u);
  EXPECT_TRUE(equal(before[0].hardware(), Sim::mac_of("pc1")));
  EXPECT_EQ(before[0].at_ns, 60'000'000'000);
  EXPECT_EQ(before[1].kind, Kind::discover);
  sim.settle(true);
  const auto after = seen();
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].kind, Kind::garden_ack);
  EXPECT_EQ(after[0].address, Ipv4::of(10, 6, 0, 10));
  EXPECT_EQ(after[0].id, 17u);
  EXPECT_TRUE(equal(after[0].hardware(), Sim::mac_of("pc1")));
  // The same ACK again, from memory (dhcp-cache-threshold).
  sim.script("63s pc1 REQUEST giaddr=10.5.0.1 remote=m1 rebind=10.6.0.10 -> ACK changes=0");
  EXPECT_EQ(kinds(), std::vector{Kind::garden_ack});
}

TEST_F(Quarantine, AnAckThatTheDiskLostWasNone) {
  confine({machine("pc1", 17)});
  sim.script(R"(
    0s  -    store failing                                            -> failing
    0s  pc1  REQUEST  giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.10 -> STOREFAIL
  )");
  EXPECT_TRUE(seen().empty());
}

TEST_F(Quarantine, TheModemsOwnDiscoverIsTheProofOfTheBounce) {
  const std::string modem("\x00\x15\x96\x6d\x00\x01", 6);
  confine({{.remote_id = modem, .scope = Scope::modem, .id = 5}});
  sim.script(R"(
    0s  cm1  DISCOVER giaddr=10.5.0.1 mac=0015966d0001 agent=02060015966d0001 vendor="docsis3.0:"  -> OFFER yiaddr=10.5.0.10
    0s  cm2  DISCOVER giaddr=10.5.0.1 mac=0015966d0002 agent=02060015966d0002 vendor="docsis3.0:"  -> OFFER
  )");
  const auto all = seen();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].kind, Kind::modem_back);
  EXPECT_EQ(all[0].id, 5u);
  // Who only says so from behind that modem is no modem.
  sim.script(R"(
    1s  pc1  DISCOVER giaddr=10.5.0.1 agent=02060015966d0001 vendor="docsis3.0:"                    -> OFFER yiaddr=10.6.0.10
  )");
  EXPECT_EQ(kinds(), std::vector{Kind::discover});
}

// --- classes ---

class QuarantineClasses : public Quarantine {
 protected:
  QuarantineClasses() : Quarantine(R"(
    authoritative; ping-check false;
    class "a" { match if exists host-name; option domain-name "a"; } class "b" { match if exists host-name; } class "c" { match if exists host-name; }
    class "d" { match if exists host-name; } class "e" { match if exists host-name; } class "f" { match if exists host-name; }
    class "quarantine" { option domain-name "q"; }
    subnet 10.5.0.0 netmask 255.255.255.0 {
      pool { range 10.5.0.10 10.5.0.20; }
      pool { allow members of "quarantine"; range 10.5.0.30 10.5.0.40; }
      pool { allow members of "e"; range 10.5.0.50 10.5.0.60; } }
  )") {}
};

// dhcpd keeps five classes of a packet; quarantine stands beside them, and has the last word.
TEST_F(QuarantineClasses, FiveOthersDoNotPushItOut) {
  confine({machine("pc1")});
  sim.script(R"(
    0s  pc1  DISCOVER giaddr=10.5.0.1 hostname=x   -> OFFER yiaddr=10.5.0.30 opt=15:71
    0s  pc2  DISCOVER giaddr=10.5.0.1 hostname=x   -> OFFER yiaddr=10.5.0.10 opt=15:61
  )");
}

// --- leasequery, by the same engine ---

class QuarantineLeasequery : public Quarantine {
 protected:
  QuarantineLeasequery() : Quarantine(R"(
    ping-check false; default-lease-time 3600; allow leasequery;
    class "quarantine" { }
    shared-network one {
      subnet 10.5.0.0 netmask 255.255.255.0 { range 10.5.0.10 10.5.0.20; }
      subnet 10.6.0.0 netmask 255.255.255.0 { pool { allow members of "quarantine"; range 10.6.0.10 10.6.0.12; } } }
  )") {}
};

// Reference 4.3 (2) and (6), RFC 4388 §6.4.1.
TEST_F(QuarantineLeasequery, TheOldAddressIsUnassignedAtOnceAndTheNewOneActive) {
  two_of_m1();
  sim.script("1s cmts1 LEASEQUERY giaddr=10.5.0.1 ciaddr=10.5.0.10 -> LEASEACTIVE");
  confine({machine("pc1")});
  sim.script(R"(
    1s  cmts1  LEASEQUERY giaddr=10.5.0.1 ciaddr=10.5.0.10           -> LEASEUNASSIGNED
    1s  cmts1  LEASEQUERY giaddr=10.5.0.1 ciaddr=10.5.0.11           -> LEASEACTIVE
    1s  pc1    REQUEST    giaddr=10.5.0.1 remote=m1 init_reboot=10.6.0.10  -> ACK
    1s  cmts1  LEASEQUERY giaddr=10.5.0.1 ciaddr=10.6.0.10           -> LEASEACTIVE
  )");
  release();
  sim.script("2s cmts1 LEASEQUERY giaddr=10.5.0.1 ciaddr=10.5.0.10 -> LEASEACTIVE");
}

}  // namespace
}  // namespace coaxd::test
