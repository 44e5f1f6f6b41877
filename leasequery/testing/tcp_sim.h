// tcp_sim.h: leases that change at a word, and the other end of a TcpSession: for tests, the fuzz target and benches. One thread; time is what it is set to.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "leasequery/tcp_session.h"
#include "server/base/assert.h"
#include "server/config/parser.h"
#include "server/lease/lease_table.h"
#include "server/wire/test_packet.h"

namespace coaxd::leasequery {

inline constexpr WallSeconds kStart = 1'800'000'000;
inline constexpr Ipv4 kServerId = Ipv4::of(10, 0, 0, 1);

inline std::shared_ptr<const config::Config> config_of(std::string text) {
  config::Ast ast = config::parse("test.conf", std::move(text), config::disk_reader());
  if (!ast.ok()) throw std::runtime_error(ast.diagnostics.front().message);
  auto resolved = config::resolve(std::move(ast), {});
  if (!resolved) throw std::runtime_error(resolved.error().front().message);
  return *resolved;
}

inline std::vector<std::uint8_t> mac_of(std::uint32_t number) {
  return {0x00, 0x10, 0x95, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

class SimLeases {
 public:
  explicit SimLeases(const std::string& conf, const Revocations* revocations = nullptr) : view(table, revocations, &notes) { use(conf); }

  void use(const std::string& conf) {
    config = config_of(conf);
    std::vector<lease::PoolSpec> pools;
    for (const auto& pool : config->pools()) {
      pools.push_back({pool->id, {}, {}});
      for (const auto& range : pool->ranges) pools.back().ranges.push_back({range.low, range.high});
    }
    table.configure(pools, now.wall);
    notes.configure(*config, now.wall);
    view.use(config);
  }

  // What a client's ACK commits. `agent_info`: option 82.
  lease::SlotId bind(Ipv4 address, std::uint32_t number, std::uint32_t seconds = 3600, Bytes agent_info = {}) {
    return commit(address, lease_of(number, seconds, agent_info));
  }
  // The same of the first host that is declared.
  void hear(Ipv4 address, std::uint32_t number, Bytes agent_info = {}) { notes.heard(address, *config->hosts().front(), lease_of(number, 3600, agent_info)); }
  lease::Binding lease_of(std::uint32_t number, std::uint32_t seconds, Bytes agent_info) const {
    lease::Binding binding;
    binding.state = lease::BindingState::active;
    binding.set_hardware(1, mac_of(number));
    std::vector<std::uint8_t> id = mac_of(number);
    id.insert(id.begin(), 1);
    (void)binding.set(lease::Item::client_id, id);
    (void)binding.set(lease::Item::agent_info, agent_info);
    binding.starts = binding.cltt = lease::to_stored(now.wall);
    binding.ends = seconds == lease::kStoredNever ? seconds : lease::to_stored(now.wall + seconds);
    return binding;
  }
  // What a RELEASE commits.
  lease::SlotId release(Ipv4 address) {
    lease::Binding binding;
    table.read(table.find(address), binding);
    binding.state = lease::BindingState::free;
    binding.ends = binding.tstp = binding.cltt = lease::to_stored(now.wall);
    (void)binding.set(lease::Item::agent_info, {});
    return commit(address, binding);
  }
  void pass(std::int64_t seconds) {
    now.wall += seconds;
    now.mono_ns += seconds * 1'000'000'000;
  }

  Instant now{.mono_ns = 1'000'000'000, .wall = kStart};
  lease::LeaseTable table{{1, 2}};
  FixedNotes notes{{3, 4}};
  std::shared_ptr<const config::Config> config;
  LeaseView view;

 private:
  lease::SlotId commit(Ipv4 address, const lease::Binding& binding) {
    const lease::SlotId slot = table.find(address);
    const auto claim = table.claim(slot, table.word(slot));
    COAXD_ASSERT(claim);
    table.commit(*claim, binding);
    return slot;
  }
};

// A query, framed.
class QueryPacket {
 public:
  explicit QueryPacket(wire::MessageType type = wire::MessageType::bulk_leasequery, std::uint32_t xid = 1) {
    octets_.resize(wire::Message::kMinimum);
    octets_[0] = 1;
    store_be32(&octets_[4], xid);
    store_be32(&octets_[wire::Message::kFixedSize], wire::kMagicCookie);
    add(53, {static_cast<std::uint8_t>(type)});
  }
  QueryPacket& hardware(std::uint8_t htype, Bytes address) {
    octets_[1] = htype;
    octets_[2] = static_cast<std::uint8_t>(address.size());
    std::copy(address.begin(), address.end(), octets_.begin() + 28);
    return *this;
  }
  QueryPacket& put(std::size_t at, std::uint8_t octet) {
    octets_[at] = octet;
    return *this;
  }
  QueryPacket& add(std::uint8_t code, const std::vector<std::uint8_t>& value) {
    octets_.push_back(code);
    octets_.push_back(static_cast<std::uint8_t>(value.size()));
    octets_.insert(octets_.end(), value.begin(), value.end());
    return *this;
  }
  QueryPacket& u32(std::uint8_t code, WallSeconds value) {
    std::vector<std::uint8_t> octets(4);
    store_be32(octets.data(), static_cast<std::uint32_t>(value));
    return add(code, octets);
  }
  std::vector<std::uint8_t> message() const {
    std::vector<std::uint8_t> out = octets_;
    out.push_back(255);
    return out;
  }
  std::vector<std::uint8_t> framed() const {
    std::vector<std::uint8_t> out = message();
    const std::size_t size = out.size();
    out.insert(out.begin(), {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
    return out;
  }

 private:
  std::vector<std::uint8_t> octets_;
};

// A reply as its requester reads it.
struct Heard {
  wire::MessageType type = wire::MessageType::bootp;
  std::uint32_t xid = 0;
  Ipv4 address, server_id;
  std::vector<std::uint8_t> hardware, client_id, agent_info;
  std::optional<std::uint32_t> lease_time, since_cltt, base_time, start_of_state;
  std::optional<std::uint8_t> state;
  StatusCode status = StatusCode::success;
  std::vector<std::uint8_t> message;
};

// Takes what a session gives, as fast as it likes.
class SimPeer {
 public:
  SimPeer(SimLeases& leases, SessionSettings with = {}, lease::StoredTime history_from = 0, Lists lists = Lists::liberal)
      : leases_(leases), settings(with), session({settings, teller, counters, kServerId, lists, history_from}, leases.now) {}

  // All of it is taken at once, or it is an error of the test's.
  bool send(const QueryPacket& query) { return send(query.framed()); }
  bool send(const std::vector<std::uint8_t>& octets) { return session.receive(octets, leases_.now) == octets.size(); }

  // Reads at most so many octets; what whole messages they make is heard.
  void read(std::size_t most = ~std::size_t{0}) {
    const Bytes pending = session.pending();
    const std::size_t count = std::min(most, pending.size());
    for (std::size_t at = 0; at < count;) {
      at += reader_.take(pending.subspan(at, count - at));
      if (reader_.broken()) throw std::runtime_error("the session writes no frames");
      if (!reader_.whole()) continue;
      heard.push_back(understand(reader_.message()));
      reader_.next();
    }
    if (count > 0) session.sent(count, leases_.now);
  }
  // Works and reads until there is nothing more to do. False: it would not end.
  bool settle() {
    for (int turns = 0; turns < 1'000'000; ++turns) {
      const bool more = session.work(leases_.now);
      if (!more && session.pending().empty()) return true;
      read();
    }
    return false;
  }
  std::vector<Heard> take() { return std::exchange(heard, {}); }

  static Heard understand(Bytes octets) {
    auto message = std::make_unique<wire::Message>();
    if (!message->parse(octets, wire::Message::Accept::replies)) throw std::runtime_error("no DHCP message");
    Heard out;
    out.type = message->type();
    out.xid = message->xid();
    out.address = message->ciaddr();
    out.server_id = message->address_option(54);
    const auto copy = [](Bytes from) { return std::vector<std::uint8_t>(from.begin(), from.end()); };
    const auto number = [&](std::uint8_t code) -> std::optional<std::uint32_t> {
      return message->option(code).size() == 4 ? std::optional(load_be32(message->option(code).data())) : std::nullopt;
    };
    out.hardware = copy(message->chaddr());
    out.client_id = copy(message->option(61));
    out.agent_info = copy(message->relay_agent_info().raw());
    out.lease_time = number(51);
    out.since_cltt = number(91);
    out.base_time = number(152);
    out.start_of_state = number(153);
    if (message->option(156).size() == 1) out.state = message->option(156)[0];
    if (message->has(151)) out.status = static_cast<StatusCode>(message->option(151)[0]);
    out.message = copy(octets);
    return out;
  }

 private:
  SimLeases& leases_;
  FrameReader reader_{kLongestMessage};

 public:
  const SessionSettings settings;
  Teller teller{leases_.view};
  SessionCounters counters;
  TcpSession session;
  std::vector<Heard> heard;
};

}  // namespace coaxd::leasequery
