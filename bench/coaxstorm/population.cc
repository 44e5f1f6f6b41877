#include "bench/coaxstorm/population.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "bench/coaxstorm/mac.h"
#include "bench/coaxstorm/random.h"
#include "server/base/assert.h"
#include "server/wire/option_table.h"

namespace coaxd::storm {
namespace {

namespace option = wire::option;
using wire::MessageType;

constexpr std::int64_t kSecond = 1'000'000'000;

// What a client is in when an exchange begins.
constexpr ClientState kFirstStates[] = {ClientState::selecting, ClientState::renewing, ClientState::rebooting, ClientState::bound,
                                        ClientState::selecting, ClientState::fetching};
static_assert(std::size(kFirstStates) == kExchangeKinds);

}  // namespace

std::int64_t lease_end(std::int64_t since_ns, std::uint32_t lease_time) noexcept {
  if (lease_time == 0xffffffff) return std::numeric_limits<std::int64_t>::max();
  return since_ns + lease_time * kSecond;
}

Population::Population(PopulationSettings settings, Reporter reporter)
    : settings_(std::move(settings)),
      reporter_(std::move(reporter)),
      clients_(settings_.clients),
      book_(settings_.clients),
      xids_(settings_.seed) {
  COAXD_ASSERT(settings_.clients_per_modem > 0 && settings_.clients_per_client_id > 0);
}

std::uint32_t Population::index_of_mac(std::uint64_t mac) const noexcept {
  const std::uint64_t index = mac - settings_.first_mac;
  return index < clients_.size() ? static_cast<std::uint32_t>(index) : kNobody;
}

void Population::begin(std::uint32_t index, ExchangeKind kind, std::int64_t due_ns,
                       std::int64_t now_ns) noexcept {
  Client& client = clients_[index];
  COAXD_ASSERT(!client.waits());
  COAXD_ASSERT(!wants_lease(kind) || !client.address.is_zero());
  client.xid = static_cast<std::uint32_t>(next_random(xids_));
  client.begun_ns = due_ns;
  client.was_bound = false;
  client.sent_ns = now_ns;
  client.state = kFirstStates[static_cast<std::size_t>(kind)];
}

void Population::restart(std::uint32_t index, std::int64_t now_ns) noexcept {
  forget(index);
  Client& client = clients_[index];
  client.xid = static_cast<std::uint32_t>(next_random(xids_));
  client.sent_ns = now_ns;
  client.state = ClientState::selecting;
  client.sent_twice = true;  // answers to what was sent before may come yet
}

void Population::prefetch(Bytes datagram) const noexcept {
  if (datagram.size() < wire::Message::kFixedSize) return;
  const std::uint32_t index = index_of_mac(load_mac(&datagram[28]));
  if (index != kNobody) prefetch(index);
  book_.prefetch({load_be32(&datagram[16])});
}

QueryKind Population::query(std::uint32_t index) const noexcept {
  switch (clients_[index].state) {
    case ClientState::requesting: return QueryKind::selecting;
    case ClientState::renewing: return QueryKind::renewing;
    case ClientState::rebooting: return QueryKind::init_reboot;
    default: return QueryKind::discover;
  }
}

ExchangeKind Population::kind(std::uint32_t index) const noexcept {
  switch (clients_[index].state) {
    case ClientState::renewing: return ExchangeKind::renew;
    case ClientState::rebooting: return ExchangeKind::init_reboot;
    case ClientState::fetching: return ExchangeKind::fetch;
    default: return ExchangeKind::dora;
  }
}

// RFC 2131 §4.3.6: a renewal and a release are unicast by a client that has its address, so no relay sees them.
bool Population::relayed(QueryKind kind) const noexcept {
  return !settings_.direct || (kind != QueryKind::renewing && kind != QueryKind::release);
}

QueryFields Population::fields(std::uint32_t index, QueryKind kind,
                               std::int64_t now_ns) const noexcept {
  const Client& client = clients_[index];
  const std::uint32_t modem = index / settings_.clients_per_modem;
  const auto secs = std::min<std::int64_t>((now_ns - client.begun_ns) / kSecond, 0xffff);
  return {.mac = mac(index),
          .client_id = mac(index - index % settings_.clients_per_client_id),
          .remote_id = mac(modem * settings_.clients_per_modem),
          .circuit_id = 0x80000000 | (modem & 0xffff),
          .xid = client.xid,
          .secs = static_cast<std::uint16_t>(std::max<std::int64_t>(secs, 0)),
          .address = client.address,
          .server_id = client.server_id,
          .giaddr = relayed(kind) ? relay_of(index) : Ipv4{}};
}

Population::Outcome Population::receive(Bytes datagram, std::int64_t now_ns) {
  if (const auto parsed = reply_.parse(datagram, wire::Message::Accept::replies); !parsed) {
    count(Violation::malformed, [&] { return std::string{to_string(parsed.error())}; });
    return {};
  }
  const std::uint32_t index =
      reply_.hlen() == 6 ? index_of_mac(load_mac(reply_.chaddr().data())) : kNobody;
  if (index == kNobody) {
    count(Violation::unknown_client, [&] { return fmt::format("xid {:08x}", reply_.xid()); });
    return {};
  }
  const Client& client = clients_[index];
  if (reply_.xid() != client.xid && !client.sent_twice) {
    count(Violation::wrong_xid,
          [&] { return fmt::format("{}: {:08x}, not {:08x}", name(index), reply_.xid(), client.xid); });
    return {};
  }
  const MessageType type = reply_.type();
  const bool late_offer = type == MessageType::offer && client.state != ClientState::selecting;
  if (reply_.xid() != client.xid || !client.waits() || late_offer) {
    ++strays_;
    return {};
  }
  const bool selecting = client.state == ClientState::selecting;
  const bool answers = selecting ? type == MessageType::offer
                                 : type == MessageType::ack || type == MessageType::nak;
  if (!answers) {
    count(Violation::unexpected_type, [&] { return fmt::format("{}: type {}", name(index), static_cast<int>(type)); });
    return {};
  }
  check_reply(index);
  if (selecting) return take_offer(index, now_ns);
  return type == MessageType::ack ? take_ack(index, now_ns) : take_nak(index, now_ns);
}

// What RFC 2131 table 3 asks of OFFER, ACK and NAK alike, and what the user expects of the first two.
void Population::check_reply(std::uint32_t index) {
  const QueryFields sent = fields(index, query(index), 0);
  const auto who = [&] { return name(index); };
  if (reply_.giaddr() != sent.giaddr) count(Violation::wrong_giaddr, who);
  check_agent_info(index, sent);
  if (reply_.address_option(option::server_identifier).is_zero()) {
    count(Violation::no_server_id, who);
  }
  if (reply_.type() == MessageType::nak) return;
  if (reply_.option(option::lease_time).size() != 4) count(Violation::no_lease_time, who);
  for (const ExpectedOption& expected : settings_.expected) {
    const bool as_expected = reply_.has(expected.code) &&
                             (!expected.value || equal(reply_.option(expected.code), *expected.value));
    if (!as_expected) {
      count(Violation::missing_option, [&] { return fmt::format("{}: option {}", name(index), expected.code); });
    }
  }
}

void Population::check_agent_info(std::uint32_t index, const QueryFields& sent) {
  const wire::RelayAgentInfo& agent = reply_.relay_agent_info();
  if (sent.giaddr.is_zero()) return;
  const Bytes circuit = agent.get(wire::agent::circuit_id);
  const Bytes remote = agent.get(wire::agent::remote_id);
  const bool echoed = circuit.size() == 4 && load_be32(circuit.data()) == sent.circuit_id &&
                      remote.size() == 6 && load_mac(remote.data()) == sent.remote_id;
  if (!echoed) count(Violation::wrong_agent_info, [&] { return name(index); });
}

Population::Outcome Population::take_offer(std::uint32_t index, std::int64_t now_ns) {
  Client& client = clients_[index];
  if (reply_.yiaddr().is_zero()) {
    count(Violation::no_address, [&] { return name(index); });
    return {};
  }
  if (client.address != reply_.yiaddr()) forget(index);
  client.address = reply_.yiaddr();
  client.server_id = reply_.address_option(option::server_identifier);
  client.state = ClientState::requesting;
  const std::int64_t answer_ns = now_ns - client.sent_ns;
  client.sent_ns = now_ns;
  return {.step = Step::request, .client = index, .answer_ns = answer_ns};
}

Population::Outcome Population::take_ack(std::uint32_t index, std::int64_t now_ns) {
  Client& client = clients_[index];
  const Ipv4 address = reply_.yiaddr();
  if (address.is_zero()) {
    count(Violation::no_address, [&] { return name(index); });
    return {};
  }
  if (address != client.address) {
    count(Violation::changed_address, [&] {
      return fmt::format("{}: {}, not {}", name(index), to_string(address), to_string(client.address));
    });
  }
  const Ipv4 server_id = reply_.address_option(option::server_identifier);
  if (client.state == ClientState::requesting && server_id != client.server_id) {
    count(Violation::changed_server_id, [&] { return name(index); });
  }
  client.server_id = server_id;
  const Bytes time = reply_.option(option::lease_time);
  const std::uint32_t lease_time = time.size() == 4 ? load_be32(time.data()) : 0;
  // RFC 2131 §4.4.5: the lease runs from when its REQUEST was sent, so never past what the server thinks.
  hold(index, address, now_ns, lease_end(client.sent_ns, lease_time));
  const ExchangeKind ended = kind(index);
  const bool again = std::exchange(client.was_bound, true);
  client.state = ClientState::bound;
  return {.step = Step::bound,
          .client = index,
          .answer_ns = now_ns - client.sent_ns,
          .exchange_ns = now_ns - client.begun_ns,
          .lease_time = lease_time,
          .kind = ended,
          .again = again};
}

// RFC 2131 table 1: siaddr and `file`; RFC 2132 §9.4, §9.5: options 66 and 67 where those say nothing, or hold options. RFC 2132 §3.6: time servers.
BootFile Population::boot_file() const noexcept {
  constexpr std::uint8_t kFileHoldsOptions = 1;
  constexpr std::uint8_t kTimeServers = 4, kTftpServerName = 66, kBootfileName = 67;
  const Bytes overload = reply_.option(option::overload);
  const bool overloaded = !overload.empty() && (overload[0] & kFileHoldsOptions) != 0;
  const auto text = [](Bytes field) { return as_text(field.first(static_cast<std::size_t>(std::ranges::find(field, 0) - field.begin()))); };
  BootFile result{.server = reply_.siaddr(), .time_server = {}, .name = overloaded ? std::string_view{} : text(reply_.file())};
  if (result.name.empty()) result.name = text(reply_.option(kBootfileName));
  if (result.server.is_zero()) result.server = Ipv4::parse(text(reply_.option(kTftpServerName))).value_or(Ipv4{});
  const Bytes times = reply_.option(kTimeServers);
  if (times.size() >= 4) result.time_server = {load_be32(times.data())};
  return result;
}

Population::Outcome Population::take_nak(std::uint32_t index, std::int64_t now_ns) {
  Client& client = clients_[index];
  const bool own = client.state == ClientState::renewing || client.state == ClientState::rebooting;
  if (own && client.lease_end_ns > now_ns) {
    count(Violation::refused, [&] { return fmt::format("{}: {}", name(index), to_string(client.address)); });
  }
  end_shared(index);
  forget(index);
  client.state = ClientState::init;
  return {.step = Step::refused, .client = index, .answer_ns = now_ns - client.sent_ns};
}

// `acked_ns` is no earlier than the ACK, and lease_end_ns no later than the server's idea of it: what is found here is certain.
void Population::hold(std::uint32_t index, Ipv4 address, std::int64_t acked_ns,
                      std::int64_t lease_end_ns) {
  Client& client = clients_[index];
  const std::uint32_t holder = book_.holder(address);
  if (holder != kNobody && !same_client(holder, index)) {
    if (clients_[holder].lease_end_ns > acked_ns) {
      count(Violation::duplicate_address,
            [&] { return fmt::format("{}: {} is that of {}", name(index), to_string(address), name(holder)); });
    }
    forget(holder);
  }
  if (client.address != address) forget(index);
  client.address = address;
  client.lease_end_ns = lease_end_ns;
  book_.give(address, index);
}

// The client no longer holds what it held; a client that only remembers an offer holds nothing.
void Population::forget(std::uint32_t index) noexcept {
  Client& client = clients_[index];
  if (client.address.is_zero()) return;
  if (book_.holder(client.address) == index) book_.take_back(client.address);
  client.address = {};
  client.lease_end_ns = 0;
  if (client.state == ClientState::bound) client.state = ClientState::init;
}

void Population::give_up(std::uint32_t index) noexcept {
  Client& client = clients_[index];
  client.sent_twice = true;  // an answer may come yet
  const bool keeps = client.state == ClientState::renewing || client.state == ClientState::rebooting;
  client.state = keeps ? ClientState::bound : ClientState::init;
  if (!keeps) forget(index);
}

// A lease that several share ends for all of them. What the others still hold is no longer certain: neither its refusal nor its
// going to somebody else is held against the server.
void Population::end_shared(std::uint32_t index) noexcept {
  const std::uint32_t each = settings_.clients_per_client_id;
  const std::uint32_t first = index - index % each;
  for (std::uint32_t mate = first; each > 1 && mate < std::min(first + each, size()); ++mate) {
    if (clients_[mate].address == clients_[index].address) clients_[mate].lease_end_ns = 0;
  }
}

void Population::release(std::uint32_t index) noexcept {
  end_shared(index);
  forget(index);
  clients_[index].state = ClientState::init;
}

void Population::adopt(std::uint32_t index, Ipv4 address, Ipv4 server_id, std::int64_t acked_ns,
                       std::int64_t lease_end_ns) {
  hold(index, address, acked_ns, lease_end_ns);
  clients_[index].server_id = server_id;
  clients_[index].state = ClientState::bound;
}

bool Population::note(Violation violation) noexcept {
  const std::uint64_t before = violations_total();
  ++violations_[static_cast<std::size_t>(violation)];
  return before < kReported && reporter_;
}

std::uint64_t Population::violations_total() const noexcept {
  return std::accumulate(violations_.begin(), violations_.end(), std::uint64_t{0});
}

std::string Population::name(std::uint32_t index) const { return mac_to_string(mac(index)); }

}  // namespace coaxd::storm
