#include "server/quarantine/lease_plant.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "server/engine/classify.h"
#include "server/wire/cable_device.h"
#include "server/wire/option_table.h"

namespace coaxd::quarantine {
namespace {

using leasequery::Facts;
using leasequery::Standing;

constexpr std::uint8_t kEthernet = 1;
constexpr WallMillis kSecond = 1000;
// Addresses that are looked at in one piece: a millisecond or two.
constexpr std::size_t kPiece = 16'384;

std::string text_of(Bytes octets) { return std::string(as_text(octets)); }

std::string hardware_text(std::string_view octets) {
  const auto mac = subscriber::Mac::of(as_bytes(octets));
  return mac ? to_string(*mac) : fmt::format("somebody with {} octets of hardware address", octets.size());
}

Bytes remote_id_of(const Facts& facts) { return wire::find_tlv(facts.agent_info, wire::agent::remote_id).value_or(Bytes{}); }

Found found_of(const Facts& facts) {
  Found found;
  found.hardware = text_of(facts.hardware);
  found.remote_id = text_of(remote_id_of(facts));
  found.modem = subscriber::Mac::of(as_bytes(found.remote_id));
  found.address = facts.address;
  found.lease_since = static_cast<WallMillis>(facts.starts) * kSecond;
  return found;
}

// A DISCOVER as that client would send it, for the classes that he is in.
std::vector<std::uint8_t> discover_of(const Facts& facts) {
  std::vector<std::uint8_t> octets(240, 0);
  octets[0] = 1;  // BOOTREQUEST
  octets[1] = facts.htype;
  octets[2] = static_cast<std::uint8_t>(std::min<std::size_t>(facts.hardware.size(), 16));
  std::copy_n(facts.hardware.begin(), octets[2], octets.begin() + 28);
  constexpr std::array<std::uint8_t, 4> kCookie{99, 130, 83, 99};
  std::ranges::copy(kCookie, octets.begin() + 236);
  const auto add = [&](std::uint8_t code, Bytes value) {
    if (value.empty() || value.size() > 255) return;
    octets.push_back(code);
    octets.push_back(static_cast<std::uint8_t>(value.size()));
    octets.insert(octets.end(), value.begin(), value.end());
  };
  constexpr std::array<std::uint8_t, 1> kDiscover{1};
  add(wire::option::message_type, kDiscover);
  add(wire::option::vendor_class_identifier, facts.vendor_class);
  add(wire::option::client_identifier, facts.client_id);
  add(wire::option::relay_agent_information, facts.agent_info);
  octets.push_back(wire::option::end);
  return octets;
}

std::string time_text(WallMillis at) { return rfc3339(at).substr(0, 19) + "Z"; }

}  // namespace

LeasePlant::LeasePlant(const lease::LeaseTable& leases, const subscriber::Modems* modems, History history, Clock clock, const leasequery::FixedNotes* notes)
    : view_(leases, nullptr, notes), modems_(modems), history_(std::move(history)), clock_(std::move(clock)) {}

void LeasePlant::use(std::shared_ptr<const config::Config> config) { view_.use(std::move(config)); }

std::expected<Found, std::string> LeasePlant::find(const Subject& subject, WallMillis at) {
  if (subject.ip) return find_address(*subject.ip, at);
  if (subject.modem) return find_modem(*subject.modem);
  if (!subject.subscriber.empty()) return find_subscriber(subject.subscriber);
  return find_machine(subject.mac->octets());
}

std::expected<Found, std::string> LeasePlant::find_address(Ipv4 address, WallMillis at) {
  const WallSeconds now = clock_();
  const Standing standing = view_.by_address(address, now, facts_);
  if (standing == Standing::unknown) return std::unexpected(fmt::format("{} is no address of this server's: no range and no fixed-address of dhcpd.conf has it", to_string(address)));
  const bool active = standing == Standing::active;
  if (active && (at == 0 || facts_.is_static || static_cast<WallMillis>(facts_.starts) * kSecond <= at)) return found_of(facts_);

  const auto past = at != 0 && history_ ? history_(address, at / kSecond) : std::expected<std::optional<Past>, std::string>{};
  if (!past) return std::unexpected(fmt::format("who had {} at {} cannot be told: {}", to_string(address), time_text(at), past.error()));
  if (at != 0 && *past) {
    const Past& holder = **past;
    if (active && text_of(facts_.hardware) == holder.hardware) return found_of(facts_);  // renewed since
    Found found = find_machine(as_bytes(holder.hardware));
    if (found.remote_id.empty()) found.remote_id = holder.remote_id, found.modem = subscriber::Mac::of(as_bytes(holder.remote_id));
    found.lease_since = holder.since * kSecond;
    return found;
  }
  const std::string when = at == 0 ? "now" : "at " + time_text(at);
  if (active) return std::unexpected(fmt::format("nobody had {} {}: the lease of {} began at {}", to_string(address), when, hardware_text(text_of(facts_.hardware)), time_text(facts_.starts * kSecond)));
  if (!facts_.ever_used) return std::unexpected(fmt::format("nobody has {} {}, and nobody ever had", to_string(address), when));
  return std::unexpected(fmt::format("nobody has {} {}: the last lease, of {}, ended at {}", to_string(address), when, hardware_text(text_of(facts_.hardware)), time_text(facts_.ends * kSecond)));
}

// With what he has now, if he has anything: a machine may be confined before it asks for an address.
Found LeasePlant::find_machine(Bytes hardware) {
  Found found;
  if (view_.by_hardware(kEthernet, hardware, clock_(), tenant_) == Standing::active) found = found_of(tenant_.newest);
  found.hardware = text_of(hardware);
  return found;
}

Found LeasePlant::find_modem(subscriber::Mac modem) {
  const auto octets = modem.octets();
  Found found;
  found.modem = modem;
  found.remote_id = text_of(octets);
  if (view_.by_hardware(kEthernet, octets, clock_(), tenant_) == Standing::active) found.address = tenant_.newest.address;
  return found;
}

std::expected<Found, std::string> LeasePlant::find_subscriber(const std::string& name) {
  std::vector<subscriber::Mac> his;
  if (modems_ != nullptr) {
    for (const subscriber::Mac mac : modems_->all()) {
      const auto modem = modems_->get(mac);
      if (modem && modem->variable("subscriber") == std::string_view(name)) his.push_back(mac);
    }
  }
  if (his.size() == 1) return find_modem(his.front());
  if (his.empty()) return std::unexpected(fmt::format("no modem record has the variable subscriber={}: coaxctl modem set MAC subscriber={} makes it so, or name the modem by its address", name, name));
  std::string list;
  for (const subscriber::Mac mac : his) list += (list.empty() ? "" : ", ") + to_string(mac);
  return std::unexpected(fmt::format("the subscriber {} has several modems ({}): name the one", name, list));
}

bool LeasePlant::look_for_addresses(const subscriber::Confined& confined, std::uint64_t& place, const Sink& found) {
  if (confined.empty()) return true;
  const WallSeconds now = clock_();
  leasequery::LeaseView::Place at{place};
  for (std::size_t budget = kPiece; view_.next(at, leasequery::LeaseView::Walk::used, now, budget, facts_);) {
    if (facts_.standing != Standing::active || (facts_.pool != nullptr && facts_.pool->is_garden)) continue;
    if (const auto* hold = confined.find({.hardware = facts_.hardware, .remote_id = remote_id_of(facts_), .vendor_class = facts_.vendor_class}))
      found(hold->id, facts_.address, as_text(facts_.hardware));
  }
  const bool done = at.at_end();
  place = done ? 0 : at.next;
  return done;
}

bool LeasePlant::has_garden(const std::optional<Ipv4>& address) {
  const config::Config* const config = view_.config();
  if (address) return config->has_garden_for(*address);
  return std::ranges::any_of(config->pools(), [](const auto& pool) { return pool->is_garden; });
}

std::optional<Ipv4> LeasePlant::usual_address_since(std::string_view hardware, WallMillis at) {
  if (view_.by_hardware(kEthernet, as_bytes(hardware), clock_(), tenant_) != Standing::active) return std::nullopt;
  const Facts& newest = tenant_.newest;
  const bool is_his_garden = newest.pool != nullptr && newest.pool->is_garden;
  return is_his_garden || static_cast<WallMillis>(newest.cltt) * kSecond < at - at % kSecond ? std::nullopt : std::optional(newest.address);
}

// What dhcpd.conf says of a client like him.
std::string LeasePlant::in_class(const Found& found, const std::vector<std::string>& classes) {
  if (classes.empty() || !found.address || view_.by_address(*found.address, clock_(), facts_) != Standing::active) return {};
  const config::Config& config = *view_.config();
  const std::vector<std::uint8_t> octets = discover_of(facts_);
  wire::Message request;
  if (!request.parse(octets)) return {};
  std::vector<std::uint8_t> scratch(64 * 1024);
  Arena arena(scratch);
  engine::OptionState reply(config.options());
  engine::Context context;
  context.config = &config;
  context.request = &request;
  context.reply = &reply;
  context.arena = &arena;
  context.now.wall = clock_();
  engine::ClassSet set;
  engine::classify(context, set);
  for (const std::string& name : classes) {
    const config::Class* const cls = config.class_by_name(name);
    if (cls != nullptr && set.contains(cls->index)) return name;
  }
  return {};
}

// Those who have a modem, where modems are known; else those who have a lease.
std::uint64_t LeasePlant::subscribers() {
  if (modems_ != nullptr && modems_->size() > 0) return modems_->size();
  std::uint64_t active = 0;
  for (const auto& pool : view_.config()->pools()) active += view_.leases().counts(pool->id).active;
  return active;
}

}  // namespace coaxd::quarantine
