#include "tests/sim/client.h"

#include <algorithm>

#include "tests/sim/world.h"

namespace coaxd::test {
namespace {

using wire::MessageType;
namespace code = wire::option;

// Longer than any packet is on its way: what a client said before it started over has arrived or never will. (DHCP cannot tell an old RELEASE
// from a new one; that is the protocol's weakness, not a server's.)
constexpr std::int64_t kQuiet = 10 * kSecond;
constexpr unsigned kTries = 4;

std::vector<std::uint8_t> make_mac(unsigned number) {
  return {0x00, 0x15, 0x96, 0x01, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

}  // namespace

Client::Client(World& world, unsigned number, unsigned link, std::string client_id, Habits habits)
    : world_(world), number_(number), link_(link), mac_(make_mac(number)), client_id_(std::move(client_id)), habits_(habits) {}

std::optional<Ipv4> Client::address(WallSeconds now) const {
  if (address_.is_zero() || until_ <= now || state_ == State::selecting || state_ == State::requesting) return std::nullopt;
  return address_;
}

Packet Client::packet(MessageType type) const {
  Packet packet;
  packet.chaddr = mac_;
  packet.xid = xid_;
  packet.type = type;
  packet.secs = static_cast<std::uint16_t>(world_.time().true_wall() - first_sent_);
  if (broadcast_) packet.flags = 0x8000;
  if (!client_id_.empty()) packet.add(code::client_identifier, std::string_view(client_id_));
  if (!host_name_.empty()) packet.add(code::host_name, std::string_view(host_name_));
  return packet;
}

void Client::wake_after(std::int64_t ns, void (Client::*what)()) {
  world_.after(ns, [this, what, era = era_] {
    if (era == era_) (this->*what)();
  });
}

void Client::enter(State state) {
  state_ = state;
  ++era_;
  tries_ = 0;
  xid_ = world_.next_xid();
  first_sent_ = world_.time().true_wall();
}

void Client::start() {
  give_up_address();
  enter(State::selecting);
  transmit();
}

void Client::start_over(std::int64_t after_ns) {
  give_up_address();
  ++era_;
  state_ = State::off;
  wake_after(after_ns + world_.random(1000) * kMillisecond, &Client::start);
}

void Client::give_up_address() {
  address_ = {};
  until_ = 0;
}

// One message of the state the client is in (RFC 2131 table 4).
void Client::transmit() {
  ++tries_;
  switch (state_) {
    case State::off:
    case State::bound:
      return;
    case State::selecting:
      world_.transmit(*this, packet(MessageType::discover), false);
      break;
    case State::requesting:
      world_.transmit(*this, packet(MessageType::request).add(code::server_identifier, server_).add(code::requested_address, address_), false);
      break;
    case State::init_reboot:
      world_.transmit(*this, packet(MessageType::request).add(code::requested_address, address_), false);
      break;
    case State::renewing:
    case State::rebinding: {
      Packet request = packet(MessageType::request);
      request.ciaddr = address_;
      world_.transmit(*this, std::move(request), state_ == State::renewing);
      break;
    }
  }
  // RFC 2131 §4.1: 4, 8, 16 ... seconds, each plus or minus one.
  const std::int64_t pause = (std::int64_t{4} << std::min(tries_ - 1, 4u)) * kSecond;
  wake_after(pause - kSecond + world_.random(2000) * kMillisecond, &Client::retransmit);
}

void Client::retransmit() {
  if (tries_ < kTries) return transmit();
  switch (state_) {
    case State::renewing:
    case State::rebinding:
      tries_ = 0;  // until T2, and then until the end
      return transmit();
    case State::init_reboot:
      // RFC 2131 §3.2 step 4: without an answer it may use what is left of its lease.
      ++era_;
      state_ = State::bound;
      return wake_after(std::max<std::int64_t>(until_ - world_.time().true_wall(), 1) * kSecond, &Client::at_end);
    default:
      return start_over(kQuiet);
  }
}

void Client::receive(const wire::Message& reply) {
  if (state_ == State::off || state_ == State::bound || reply.xid() != xid_) return;
  switch (reply.type()) {
    case MessageType::offer:
      if (state_ != State::selecting) return;
      address_ = reply.yiaddr();
      server_ = reply.address_option(code::server_identifier);
      {
        const std::uint32_t xid = xid_;  // RFC 2131 §4.4.1: that of the OFFER
        enter(State::requesting);
        xid_ = xid;
      }
      return transmit();
    case MessageType::ack:
      if (state_ != State::selecting) accept(reply);
      return;
    case MessageType::nak:
      if (state_ != State::selecting) start_over(kQuiet);
      return;
    default:
      return;
  }
}

void Client::accept(const wire::Message& ack) {
  const Bytes lease = ack.option(code::lease_time);
  if (lease.size() != 4) return;
  const std::int64_t seconds = load_be32(lease.data());
  const WallSeconds began = first_sent_;
  address_ = ack.yiaddr();
  until_ = began + seconds;
  state_ = State::bound;
  ++era_;
  ++acks_;
  world_.accepted(*this);
  if (world_.random(100) < habits_.decline) {  // RFC 2131 §3.1 step 5: somebody answered its ARP
    Packet decline = packet(MessageType::decline);
    decline.xid = world_.next_xid();
    decline.add(code::requested_address, address_).add(code::server_identifier, server_);
    world_.transmit(*this, std::move(decline), false);
    return start_over(kQuiet);
  }
  // RFC 2131 §4.4.5, with some fuzz.
  const std::int64_t left = std::max<std::int64_t>(until_ - world_.time().true_wall(), 1) * kSecond;
  t2_ns_ = world_.time().mono_ns + left * 7 / 8;
  wake_after(left / 2 + world_.random(2000) * kMillisecond, &Client::at_t1);
  wake_after(left, &Client::at_end);
  wake_after(world_.random(static_cast<unsigned>(left / kMillisecond)) * kMillisecond, &Client::at_whim);
}

void Client::at_whim() {
  const unsigned whim = world_.random(100);
  if (whim < habits_.release) return release();
  if (whim < habits_.release + habits_.reboot) return reboot(false);
  if (whim < habits_.release + habits_.reboot + habits_.forget) return reboot(true);
  if (whim < habits_.release + habits_.reboot + habits_.forget + habits_.inform && state_ == State::bound) {
    Packet inform = packet(MessageType::inform);
    inform.xid = world_.next_xid();
    inform.ciaddr = address_;
    world_.transmit(*this, std::move(inform), true);
  }
}

void Client::release() {
  Packet release = packet(MessageType::release).add(code::server_identifier, server_);
  release.xid = world_.next_xid();
  release.ciaddr = address_;
  release.flags = 0;
  world_.transmit(*this, std::move(release), true);
  start_over(kQuiet);
}

void Client::reboot(bool forgets) {
  if (forgets || address_.is_zero() || state_ == State::selecting || state_ == State::requesting) return start_over(kQuiet);
  enter(State::init_reboot);
  transmit();
}

void Client::switch_off() {
  give_up_address();
  ++era_;
  state_ = State::off;
}

void Client::at_t1() {
  if (!habits_.renew || state_ != State::bound) return;
  const std::int64_t to_t2 = std::max<std::int64_t>(t2_ns_ - world_.time().mono_ns, 1);
  const WallSeconds until = until_;
  enter(State::renewing);
  // enter() ended the old timers; these two still hold.
  wake_after(to_t2, &Client::at_t2);
  wake_after(std::max<std::int64_t>(until - world_.time().true_wall(), 1) * kSecond, &Client::at_end);
  transmit();
}

void Client::at_t2() {
  enter(State::rebinding);
  wake_after(std::max<std::int64_t>(until_ - world_.time().true_wall(), 1) * kSecond, &Client::at_end);
  transmit();
}

void Client::at_end() { start_over(kQuiet); }

}  // namespace coaxd::test
