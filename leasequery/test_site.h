// test_site.h: a configuration from text, its leases, and messages about them: what every test here begins with. Test code; one thread. Throws
// std::runtime_error with the diagnostics when the text is refused.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "leasequery/lease_view.h"
#include "server/config/test_config.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"
#include "server/wire/test_packet.h"

namespace coaxd::leasequery {

inline constexpr WallSeconds kNow = 1'800'000'000;
inline constexpr Instant kInstant{.mono_ns = 5'000'000'000, .wall = kNow};
inline constexpr Ipv4 kCmts = Ipv4::of(10, 1, 0, 1), kServer = Ipv4::of(192, 0, 2, 2), kStranger = Ipv4::of(198, 51, 100, 1);

using config::config_from;

inline lease::StoredTime at(WallSeconds seconds_from_now) { return static_cast<lease::StoredTime>(kNow + seconds_from_now); }

// A lease that began 600 seconds ago and lasts 3600.
struct TestLease {
  std::string_view hardware = "modem1", client_id = {}, agent_info = {}, vendor_class = {}, host_name = {};
  lease::BindingState state = lease::BindingState::active;
  lease::StoredTime starts = at(-600), ends = at(3000), cltt = at(-600);

  lease::Binding binding() const {
    lease::Binding out;
    out.state = state;
    out.set_hardware(1, as_bytes(hardware));
    out.set(lease::Item::client_id, as_bytes(client_id));
    out.set(lease::Item::agent_info, as_bytes(agent_info));
    out.set(lease::Item::vendor_class, as_bytes(vendor_class));
    out.set(lease::Item::hostname, as_bytes(host_name));
    out.starts = starts;
    out.ends = ends;
    out.cltt = cltt;
    return out;
  }
};

class Site {
 public:
  static constexpr std::string_view kOneNetwork = "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.59; }\n";

  explicit Site(std::string text = std::string(kOneNetwork), const Revocations* revocations = nullptr) : view(leases, revocations, &notes) { use(std::move(text)); }

  // Whether the addresses and their hosts are the same as before.
  bool use(std::string text) {
    config = config_from(std::move(text));
    std::vector<lease::PoolSpec> specs;
    for (const auto& pool : config->pools()) {
      lease::PoolSpec& spec = specs.emplace_back();
      spec.id = pool->id;
      for (const config::AddressRange& range : pool->ranges) spec.ranges.push_back({range.low, range.high});
    }
    for (const auto& host : config->hosts())
      for (const Ipv4 address : host->fixed_addresses)
        if (const config::Pool* pool = config->pool_of(address)) specs[pool->id].excluded.push_back(address);
    leases.configure(specs, kNow);
    notes.configure(*config, kNow);
    return view.use(config);
  }

  void lease(Ipv4 address, const TestLease& what = {}) {
    const lease::SlotId slot = leases.find(address);
    const auto claim = leases.claim(slot, leases.word(slot));
    if (!claim) throw std::runtime_error("the address cannot be claimed");
    leases.commit(*claim, what.binding());
  }
  // The host of that name was answered there.
  void heard(Ipv4 address, std::string_view name, const TestLease& what = {}) {
    const auto host = std::ranges::find(config->hosts(), name, [](const auto& each) { return std::string_view(each->name); });
    if (host == config->hosts().end()) throw std::runtime_error("no such host");
    notes.heard(address, **host, what.binding());
  }
  void offer(Ipv4 address, std::string_view hardware) {
    const lease::SlotId slot = leases.find(address);
    if (!leases.offer(slot, leases.word(slot), leases.hash_hardware(1, as_bytes(hardware)), at(60))) throw std::runtime_error("the address cannot be offered");
  }

  Standing by_address(Ipv4 address) { return view.by_address(address, kNow, facts); }
  Standing by_hardware(std::string_view hardware) { return view.by_hardware(1, as_bytes(hardware), kNow, tenant); }
  Standing by_client_id(std::string_view id) { return view.by_client_id(as_bytes(id), kNow, tenant); }
  std::vector<Ipv4> others() const { return {tenant.other_addresses().begin(), tenant.other_addresses().end()}; }

  lease::LeaseTable leases{HashSeed{1, 2}};
  FixedNotes notes{HashSeed{3, 4}};
  std::shared_ptr<const config::Config> config;
  LeaseView view;
  Facts facts;
  Tenant tenant;
};

// What a relay sends, built without the code under test.
class Asking {
 public:
  explicit Asking(std::uint8_t type = 10) : packet_(request()) {
    packet_.set(1, {0, 0, 0}).set(28, {0, 0, 0, 0, 0, 0}).set(4, {0xca, 0xfe, 0x00, 0x07}).cookie().add(wire::option::message_type, {type});
    giaddr(kCmts);
  }
  Asking& giaddr(Ipv4 address) { return put(24, address); }
  Asking& address(Ipv4 address) { return put(12, address); }
  Asking& hardware(std::string_view address, std::uint8_t htype = 1) {
    packet_.set(1, {htype, static_cast<std::uint8_t>(address.size())});
    for (std::size_t i = 0; i < address.size(); ++i) packet_.set(28 + i, {static_cast<std::uint8_t>(address[i])});
    return *this;
  }
  Asking& set(std::size_t place, std::initializer_list<std::uint8_t> octets) {
    packet_.set(place, octets);
    return *this;
  }
  Asking& text(std::uint8_t code, std::string_view value) {
    packet_.text(code, value);
    return *this;
  }
  Asking& add(std::uint8_t code, std::initializer_list<std::uint8_t> value) {
    packet_.add(code, value);
    return *this;
  }
  // The octets stay as long as this does.
  const wire::Message& message() {
    octets_ = packet_.octets();
    octets_.push_back(wire::option::end);
    if (!message_.parse(octets_)) throw std::runtime_error("no message");
    return message_;
  }

 private:
  Asking& put(std::size_t place, Ipv4 address) {
    const auto octet = [&](int shift) { return static_cast<std::uint8_t>(address.value >> shift); };
    packet_.set(place, {octet(24), octet(16), octet(8), octet(0)});
    return *this;
  }
  // g++ 12 warns of what it believes to overflow where it knows the size.
  [[gnu::noinline]] static wire::TestPacket request() { return wire::TestPacket(1); }

  wire::TestPacket packet_;
  std::vector<std::uint8_t> octets_;
  wire::Message message_;
};

// An answer, read as a relay reads it.
class Heard {
 public:
  explicit Heard(Bytes octets) : octets_(octets.begin(), octets.end()) {
    if (!message_.parse(octets_, wire::Message::Accept::replies)) throw std::runtime_error("the answer is no message");
  }
  const wire::Message* operator->() const { return &message_; }
  std::uint8_t type() const { return static_cast<std::uint8_t>(message_.type()); }
  std::uint32_t number(std::uint8_t code) const {
    const Bytes value = message_.option(code);
    if (value.size() != 4) throw std::runtime_error("no number in option " + std::to_string(code));
    return load_be32(value.data());
  }
  std::string text(std::uint8_t code) const { return std::string(as_text(message_.option(code))); }
  // Codes in the order in which they were sent.
  std::vector<int> codes() const {
    std::vector<int> out;
    for (std::size_t i = wire::Message::kMinimum; i < octets_.size() && octets_[i] != wire::option::end; i += 2u + octets_[i + 1]) out.push_back(octets_[i]);
    return out;
  }
  const std::vector<std::uint8_t>& octets() const { return octets_; }

 private:
  std::vector<std::uint8_t> octets_;
  wire::Message message_;
};

}  // namespace coaxd::leasequery
