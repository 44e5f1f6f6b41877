// population.h: all the clients of a run and the state machine each of them is in; judges every reply against what RFC 2131
// asks of a server. Knows no socket and no clock: `now` is a value, so a test plays any course of events.
// Sized once at construction (see Client), nothing is allocated later. Single thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/coaxstorm/address_book.h"
#include "bench/coaxstorm/query.h"
#include "bench/coaxstorm/violation.h"
#include "server/wire/message.h"

namespace coaxd::storm {

enum class ExchangeKind : std::uint8_t {
  dora,          // DISCOVER, OFFER, REQUEST, ACK
  renew,         // REQUEST with ciaddr, ACK
  init_reboot,   // REQUEST with the remembered address, ACK
  release,       // RELEASE, which nobody answers
  dora_release,  // the first and the last in one
  fetch,         // a file by TFTP, and no DHCP at all (boots.h)
  count
};
inline constexpr std::size_t kExchangeKinds = static_cast<std::size_t>(ExchangeKind::count);
// Only who holds a lease can begin it.
constexpr bool wants_lease(ExchangeKind kind) noexcept {
  return kind == ExchangeKind::renew || kind == ExchangeKind::init_reboot || kind == ExchangeKind::release;
}

// RFC 2131 figure 5. Rebinding differs from renewing only in where its REQUEST goes, which the caller decides.
enum class ClientState : std::uint8_t { init, selecting, requesting, bound, renewing, rebooting, fetching };

struct Client {
  std::int64_t begun_ns = 0;      // when its exchange was due, which may be before it could begin
  std::int64_t sent_ns = 0;       // first transmission of the message that waits for an answer
  std::int64_t lease_end_ns = 0;
  Ipv4 address;
  Ipv4 server_id;
  std::uint32_t xid = 0;
  ClientState state = ClientState::init;
  bool sent_twice = false;        // answers to earlier transmissions may still be on their way
  bool was_bound = false;         // in this exchange: it may have begun anew since, for its file did not come

  bool waits() const noexcept { return state != ClientState::init && state != ClientState::bound; }
};
static_assert(sizeof(Client) <= 40, "a million clients in 200 MB, with the address book and the timeouts");

// What an ACK tells a modem that boots. The name lies in the ACK.
struct BootFile {
  Ipv4 server, time_server;
  std::string_view name{};
};

struct ExpectedOption {
  std::uint8_t code;
  std::optional<std::vector<std::uint8_t>> value;  // any value if absent
};

struct PopulationSettings {
  std::uint32_t clients = 0;
  std::uint64_t first_mac = 0;         // client i has first_mac + i
  std::uint32_t clients_per_modem = 1; // so many clients share a remote-id
  std::uint32_t clients_per_client_id = 1;  // and so many a client-id: for a server they are one client (RFC 2131 §4.2)
  std::vector<Ipv4> relays{};           // client i is behind relay i modulo their number
  bool direct = false;                 // renewals and releases go from ciaddr to the server, past the relay
  std::uint64_t seed = 1;
  std::vector<ExpectedOption> expected{};
};

class Population {
 public:
  enum class Step : std::uint8_t {
    none,     // nothing to do: a stray, or a reply that was counted as a violation
    request,  // OFFER taken, the REQUEST is to be sent
    bound,    // ACK taken, the exchange is over
    refused,  // NAK taken, the exchange is over
  };
  struct Outcome {
    Step step = Step::none;
    std::uint32_t client = kNobody;
    std::int64_t answer_ns = 0;    // since the first transmission of what was answered
    std::int64_t exchange_ns = 0;  // since the exchange was due; for bound
    std::uint32_t lease_time = 0;  // for bound
    ExchangeKind kind = ExchangeKind::dora;  // for bound: dora, renew or init_reboot
    bool again = false;            // for bound: it was bound in this exchange before
  };
  using Reporter = std::function<void(Violation, const std::string& detail)>;

  // `reporter` hears of the first few violations; all are counted.
  Population(PopulationSettings settings, Reporter reporter);

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(clients_.size()); }
  const Client& client(std::uint32_t index) const noexcept { return clients_[index]; }
  std::uint64_t mac(std::uint32_t index) const noexcept { return settings_.first_mac + index; }
  std::uint32_t index_of_mac(std::uint64_t mac) const noexcept;  // kNobody if it is no client's
  // Whether a server takes them for one client, and gives them one address.
  bool same_client(std::uint32_t one, std::uint32_t other) const noexcept {
    return one / settings_.clients_per_client_id == other / settings_.clients_per_client_id;
  }

  // Starts an exchange of a client that waits for nothing. A release waits for nothing either: its RELEASE is the caller's to send, and
  // then release() to be called.
  void begin(std::uint32_t index, ExchangeKind kind, std::int64_t due_ns, std::int64_t now_ns) noexcept;
  // What the waiting client sends, first and again.
  QueryKind query(std::uint32_t index) const noexcept;
  ExchangeKind kind(std::uint32_t index) const noexcept;  // of exchange that it is in: dora, renew, init_reboot or fetch
  QueryFields fields(std::uint32_t index, QueryKind kind, std::int64_t now_ns) const noexcept;
  void sent_again(std::uint32_t index) noexcept { clients_[index].sent_twice = true; }
  Outcome receive(Bytes datagram, std::int64_t now_ns);
  // What the ACK has said that receive() took last; valid until its next call.
  BootFile boot_file() const noexcept;
  // Fetches from memory what receive(), or begin(), will look at.
  void prefetch(Bytes datagram) const noexcept;
  void prefetch(std::uint32_t index) const noexcept { __builtin_prefetch(&clients_[index], 1); }
  // RFC 2131 §3.1 step 5, and §4.4.1 after a NAK: back to DISCOVER, within the same exchange.
  void restart(std::uint32_t index, std::int64_t now_ns) noexcept;
  void end_fetch(std::uint32_t index) noexcept { clients_[index].state = ClientState::init; }
  // The exchange failed. A renewing or rebooting client keeps its lease.
  void give_up(std::uint32_t index) noexcept;
  // A lease ends by the client's will; its RELEASE was written before.
  void release(std::uint32_t index) noexcept;
  // A lease known from elsewhere, with its times on the clock of `now_ns`.
  void adopt(std::uint32_t index, Ipv4 address, Ipv4 server_id, std::int64_t acked_ns,
             std::int64_t lease_end_ns);

  // `detail()` is asked for only if the reporter is to hear of it: a server that breaks a rule with each reply costs no more.
  template <typename Detail>
  void count(Violation violation, Detail&& detail) {
    if (note(violation)) reporter_(violation, detail());
  }
  const ViolationCounts& violations() const noexcept { return violations_; }
  std::uint64_t violations_total() const noexcept;
  std::uint64_t strays() const noexcept { return strays_; }
  std::size_t leases() const noexcept { return book_.size(); }

 private:
  static constexpr std::uint64_t kReported = 10;  // violations told one by one

  bool note(Violation violation) noexcept;
  bool relayed(QueryKind kind) const noexcept;
  Ipv4 relay_of(std::uint32_t index) const noexcept {
    return settings_.relays.empty() ? Ipv4{} : settings_.relays[index % settings_.relays.size()];
  }
  void check_reply(std::uint32_t index);
  void check_agent_info(std::uint32_t index, const QueryFields& sent);
  Outcome take_offer(std::uint32_t index, std::int64_t now_ns);
  Outcome take_ack(std::uint32_t index, std::int64_t now_ns);
  Outcome take_nak(std::uint32_t index, std::int64_t now_ns);
  void hold(std::uint32_t index, Ipv4 address, std::int64_t acked_ns, std::int64_t lease_end_ns);
  void forget(std::uint32_t index) noexcept;
  void end_shared(std::uint32_t index) noexcept;
  std::string name(std::uint32_t index) const;

  PopulationSettings settings_;
  Reporter reporter_;
  std::vector<Client> clients_;
  AddressBook book_;
  std::uint64_t xids_;  // state of the generator of transaction ids
  wire::Message reply_;
  ViolationCounts violations_{};
  std::uint64_t strays_ = 0;
};

// A lease time as the end of a lease that began at `since_ns`; 0xffffffff is infinity (RFC 2131 §3.3).
std::int64_t lease_end(std::int64_t since_ns, std::uint32_t lease_time) noexcept;

}  // namespace coaxd::storm
