// client.h: a DHCP client as RFC 2131 §4.4 describes it (figure 5): discovers, requests, retransmits with back-off, renews by unicast at T1,
// rebinds by broadcast at T2, and from time to time declines, releases, reboots or forgets. And crowds of hostile ones. They live by true
// time and hear only what the network brings them. Owned by the World. Test code only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/wire/message.h"
#include "tests/rfc/packet.h"
#include "tests/sim/sim_transport.h"

namespace coaxd::test {

class World;

// What a client does, besides keeping its lease, when the time comes: so many in a hundred of the occasions.
struct Habits {
  unsigned release = 10, reboot = 15, forget = 10, decline = 2, inform = 10;
  bool renew = true;  // false: hears T1 and T2 and does nothing, as a modem that was switched off
};

inline constexpr Habits kSteady{.release = 0, .reboot = 0, .forget = 0, .decline = 0, .inform = 0};

class Client {
 public:
  enum class State : std::uint8_t { off, selecting, requesting, bound, renewing, rebinding, init_reboot };

  Client(World& world, unsigned number, unsigned link, std::string client_id, Habits habits);

  void start();  // INIT
  void receive(const wire::Message& reply);
  void reboot(bool forgets);
  void release();
  void switch_off();  // without a word

  unsigned number() const { return number_; }
  unsigned link() const { return link_; }
  State state() const { return state_; }
  const std::vector<std::uint8_t>& mac() const { return mac_; }
  const std::string& client_id() const { return client_id_; }
  // The address that it may use by its own reckoning, if any, and until when.
  std::optional<Ipv4> address(WallSeconds now) const;
  WallSeconds until() const { return until_; }
  std::uint32_t acks() const { return acks_; }
  void set_habits(Habits habits) { habits_ = habits; }
  void set_broadcast(bool broadcast) { broadcast_ = broadcast; }
  void set_host_name(std::string name) { host_name_ = std::move(name); }

 private:
  Packet packet(wire::MessageType type) const;
  void enter(State state);
  void transmit();
  void start_over(std::int64_t after_ns);
  void accept(const wire::Message& ack);
  void wake_after(std::int64_t ns, void (Client::*what)());
  void give_up_address();
  // Timers.
  void retransmit();
  void at_t1();
  void at_t2();
  void at_end();
  void at_whim();

  World& world_;
  const unsigned number_, link_;
  const std::vector<std::uint8_t> mac_;
  const std::string client_id_;
  Habits habits_;
  bool broadcast_ = false;
  std::string host_name_;

  State state_ = State::off;
  std::uint64_t era_ = 0;  // timers of an earlier one mean nothing
  std::uint32_t xid_ = 0;
  unsigned tries_ = 0;
  WallSeconds first_sent_ = 0;  // RFC 2131 §4.4.1: the lease counts from when its REQUEST was sent
  Ipv4 address_, server_;
  WallSeconds until_ = 0;
  std::int64_t t2_ns_ = 0;
  std::uint32_t acks_ = 0;
};

}  // namespace coaxd::test
