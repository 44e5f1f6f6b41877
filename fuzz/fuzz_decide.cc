// The protocol as a sequence: octets become messages, time steps, store outcomes, expiry, ping answers
// and reloads for two engines over one lease table. Besides "no crash" the Witness asks for what must
// hold whatever happens: no address bound twice, no ACK without a durable binding, replies
// addressed as RFC 2131 §4.1 says and no larger than allowed; and at the end nothing may be left
// over.
#include <array>
#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

// What a reload brings and takes away: a pool moves, a range shrinks, a fixed address lies in a range,
// `on` blocks and classes go.
constexpr std::string_view kOtherConfig = R"(
  authoritative; ping-check false; default-lease-time 300; max-lease-time 600;
  option space cl; option cl.tftp code 1 = ip-address; option cl-space code 122 = encapsulate cl;
  class "modem" { spawn with option agent.remote-id; lease limit 1; }
  host fixed2 { hardware ethernet 00:15:96:00:00:03; fixed-address 10.1.0.11; }
  shared-network one { subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.10 10.1.0.12; } pool { range 10.1.0.20 10.1.0.22; } } }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.12 10.2.0.18; }
  subnet 10.4.0.0 netmask 255.255.255.0 { range 10.4.0.10 10.4.0.12; }
)";

constexpr std::string_view kConfig = R"(
  authoritative; ping-check false; allow leasequery; default-lease-time 600; max-lease-time 1200; next-server 10.0.0.9; filename "cm.bin";
  option domain-name "isp.example"; option domain-name-servers 10.0.0.1, 10.0.0.2;
  option space cl; option cl.tftp code 1 = ip-address; option cl-space code 122 = encapsulate cl; option cl.tftp 10.0.0.3;
  class "docsis" { match if substring(option vendor-class-identifier, 0, 6) = "docsis"; option domain-name "cm.example"; }
  class "modem" { spawn with option agent.remote-id; lease limit 2; }
  class "bad" { match if option host-name = "bad"; ignore booting; }
  host fixed1 { hardware ethernet 00:15:96:00:00:01; fixed-address 10.1.0.12, 10.2.0.200; }
  host named { hardware ethernet 00:15:96:00:00:02; option host-name "named"; }
  host remote { host-identifier option agent.remote-id "r7"; fixed-address 10.1.0.250; }
  on commit { set seen = concat("x", option agent.circuit-id); log(info, seen); }
  on release { log(info, seen); } on expiry { log(info, seen); }
  shared-network one { one-lease-per-client true;
    subnet 10.1.0.0 netmask 255.255.255.0 {
      pool { deny members of "docsis"; range dynamic-bootp 10.1.0.10 10.1.0.15; }
      pool { allow members of "docsis"; range 10.1.0.20 10.1.0.22; option routers 10.1.0.1; } }
    subnet 10.3.0.0 netmask 255.255.255.0 { range 10.3.0.10 10.3.0.12; min-secs 2; } }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.14; ping-check true; dhcp-cache-threshold 0; }
  subnet 10.4.0.0 netmask 255.255.255.0 { not authoritative; use-host-decl-names on; get-lease-hostnames true; use-lease-addr-for-default-route on;
    echo-client-id on; ignore-client-uids on; deny declines; infinite-is-reserved on; stash-agent-options on; server-identifier 10.9.9.9; default-lease-time 4294967295; max-lease-time 4294967295;
    pool { deny unknown-clients; allow dynamic bootp clients; range dynamic-bootp 10.4.0.10 10.4.0.11; } pool { allow after epoch 1700000400; range 10.4.0.13 10.4.0.14; } }
)";

using fuzz::Source;

Ipv4 address_from(unsigned octet) {
  return Ipv4::of(10, static_cast<std::uint8_t>(1 + octet / 32 % 4), 0,
                  static_cast<std::uint8_t>(octet % 32));
}

engine::Arrival arrival_from(const Sim& sim, unsigned bits, const Packet& packet) {
  engine::Arrival arrival;
  arrival.interface = &sim.interface(bits & 1);
  arrival.destination = (bits & 2) != 0 ? Ipv4{0xffffffff} : arrival.interface->address;
  arrival.from_link = (bits & 4) != 0;
  arrival.source = !packet.giaddr.is_zero() ? packet.giaddr : packet.ciaddr;
  arrival.source_port = engine::kClientPort;
  return arrival;
}

// A message put together from a few octets: what a client may say, and much of what he may not.
Packet message_from(Source& in) {
  constexpr wire::MessageType kTypes[] = {
      wire::MessageType::discover, wire::MessageType::request,   wire::MessageType::request,
      wire::MessageType::release,  wire::MessageType::decline,   wire::MessageType::inform,
      wire::MessageType::bootp,    wire::MessageType::leasequery};
  Packet packet;
  const unsigned head = in.u8();
  packet.type = kTypes[head % 8];
  if (packet.type == wire::MessageType::leasequery && head >= 0xc0) packet.type = wire::MessageType::lease_active;  // of a draft
  packet.chaddr = {0x00, 0x15, 0x96, 0, 0, static_cast<std::uint8_t>(head / 8 % 8)};
  const unsigned fields = in.u8();
  if ((fields & 1) != 0)
    packet.giaddr = Ipv4::of(10, static_cast<std::uint8_t>(1 + in.u8() % 5), 0, 1);
  if ((fields & 2) != 0) packet.ciaddr = address_from(in.u8());
  if ((fields & 4) != 0) packet.add(wire::option::requested_address, address_from(in.u8()));
  if ((fields & 8) != 0) packet.flags = 0x8000;
  if ((fields & 16) != 0) packet.add(wire::option::client_identifier, in.take(1 + in.u8() % 3));
  if ((fields & 32) != 0) packet.add_agent(wire::agent::remote_id, in.take(in.u8() % 4));
  if ((fields & 64) != 0) packet.add(static_cast<std::uint8_t>(in.u8()), in.take(in.u8() % 64));
  if ((fields & 128) != 0)
    packet.add(wire::option::vendor_class_identifier, std::string_view("docsis3.0"));
  packet.secs = static_cast<std::uint16_t>(head);
  return packet;
}

class Sequence {
 public:
  using Configs = std::array<std::shared_ptr<const config::Config>, 2>;
  Sequence(Sim& sim, const Configs& configs, Bytes bytes)
      : sim_(sim), configs_(configs), in_(bytes) {}

  void run() {
    for (int step = 0; step < 400 && !in_.empty(); ++step) {
      one_step();
      REQUIRE(sim_.witness().complaints().empty());
    }
    drain();
  }

 private:
  void one_step() {
    const unsigned op = in_.u8();
    switch (op % 16) {
      case 0:
        return pass_time();
      case 1:
        if (op / 16 == 15) return reload();
        sim_.settle_one(op / 16 != 0);
        return;
      case 2: {
        constexpr StorePolicy kPolicies[] = {StorePolicy::immediate, StorePolicy::delayed,
                                             StorePolicy::failing};
        return sim_.set_store(kPolicies[op / 16 % 3]);
      }
      case 3:
        sim_.expire(1 + op / 16, op / 128);
        return;
      case 4:
        return probe_answer();
      case 5:
        return raw(op / 16);
      default:
        return structured(op / 16);
    }
  }

  void pass_time() {
    constexpr WallSeconds kJumps[] = {1, 2, 30, 121, 300, 601, 1300, 90000};
    time_ += kJumps[in_.u8() % 8];
    sim_.set_time(time_);
  }

  // As a worker does it: claims must not cross the barrier, so what waits is settled first.
  void reload() {
    sim_.settle(true);
    probed_ = lease::kNoSlot;
    config_ ^= 1;
    sim_.reload(configs_[config_]);
  }

  void structured(unsigned bits) {
    const Packet packet = message_from(in_);
    deliver(packet.encode(), arrival_from(sim_, bits, packet), bits / 8 % 2);
  }

  void raw(unsigned bits) {
    const std::size_t size = in_.u8() * 4;
    const Bytes datagram = in_.take(size);
    deliver({datagram.begin(), datagram.end()}, arrival_from(sim_, bits, Packet{}), bits / 8 % 2);
  }

  void deliver(const std::vector<std::uint8_t>& datagram, const engine::Arrival& arrival,
               unsigned worker) {
    const Outcome& outcome =
        sim_.send(datagram, arrival, worker, 300 + static_cast<std::size_t>(time_ * 7) % 1172);
    if (outcome.actions.verdict == engine::Actions::Verdict::probe)
      probed_ = outcome.actions.probe_slot;
  }

  void probe_answer() {
    if (probed_ == lease::kNoSlot) return;
    engine::Actions actions;
    for (engine::Change* change = sim_.engine().probe_answered(probed_, sim_.now(), actions);
         change != nullptr;) {
      engine::Change* next = change->next;
      sim_.engine().settle(change, false);
      change = next;
    }
    probed_ = lease::kNoSlot;
  }

  void drain() {
    sim_.settle(true);
    REQUIRE(sim_.witness().complaints().empty());
    for (unsigned worker = 0; worker < 2; ++worker)
      REQUIRE(sim_.changes_available(worker) == kChanges);
  }

 public:
  static constexpr std::size_t kChanges = 8;

 private:
  Sim& sim_;
  const Configs& configs_;
  std::size_t config_ = 0;
  Source in_;
  WallSeconds time_ = 0;
  lease::SlotId probed_ = lease::kNoSlot;
};

}  // namespace
}  // namespace coaxd::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd::test;
  static const Sequence::Configs configs{load_config(kConfig), load_config(kOtherConfig)};
  REQUIRE(configs[0] != nullptr && configs[1] != nullptr);
  Sim sim{configs[0], {.workers = 2, .changes = Sequence::kChanges}};
  Sequence{sim, configs, {data, size}}.run();
  return 0;
}
