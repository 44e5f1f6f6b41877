// engine.h: decides what one DHCP message leads to. Touches no socket, file, clock or global, so equal inputs give equal Actions; the
// simulation replays failures by that. Any worker may call with its own Engine; LeaseTable and LeaseLimits synchronise themselves.
// The reply is written into `out` (a transmit buffer); nothing is allocated after construction.
//
// The caller's promise: for every Change in the Actions it journals the record and, when that is durable, calls settle(change, true);
// if the store refuses or fails, settle(change, false). It sends the reply only after *all* changes of these Actions are durable
// (RFC 2131 §3.1 step 4), and none of it if one failed.
// Source: RFC 2131, 1542, 3046, 3011, 3527, 5107; dhcpd-compat §§8-12; what differs from dhcpd stands in docs/dhcpd-compat.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "leasequery/lease_view.h"
#include "leasequery/requesters.h"
#include "server/base/arena.h"
#include "server/config/config.h"
#include "server/config/host_table.h"
#include "server/engine/arrival.h"
#include "server/engine/drop_reason.h"
#include "server/engine/evaluate.h"
#include "server/engine/file_names.h"
#include "server/engine/log_event.h"
#include "server/lease/lease_limits.h"
#include "server/lease/lease_table.h"
#include "server/subscriber/confined.h"
#include "server/subscriber/modem_table.h"
#include "server/subscriber/ward_sightings.h"
#include "server/wire/message.h"

namespace coaxd::engine {

// One binding on its way to the store.
struct Change {
  lease::Claim claim;
  Ipv4 address;
  lease::Binding binding;             // what it becomes
  lease::LeaseLimits::Key billed = 0;    // acquired for this change: given back if it fails
  lease::LeaseLimits::Key unbilled = 0;  // given back once it is durable
  std::uint64_t ward = 0;  // the quarantine whose garden's address it gives; 0: none
  Change* next = nullptr;             // of the same Actions, or of the free list
};

// All the changes that can be waiting for the store at once; a worker's own, sized at start: batches in flight x packets a batch x
// changes a packet. Empty means: too much is waiting, the packet is dropped as `overload` and the client asks again.
class ChangePool {
 public:
  explicit ChangePool(std::size_t capacity);
  Change* take() noexcept;
  void give(Change* change) noexcept;
  std::size_t available() const noexcept { return available_; }

 private:
  std::vector<Change> changes_;
  Change* free_ = nullptr;
  std::size_t available_ = 0;
};

struct Settings {
  bool rfc5107 = false;  // honour server-id override
  Ipv4 limited_broadcast{0xffffffff};  // limited-broadcast-address, else -s
  Ipv4 local_address{};  // source of what leaves by routes; zero: the address that was asked
  std::uint16_t server_port = kServerPort, client_port = kClientPort;
  subscriber::ModemTable* modems = nullptr;  // read, and told which modems are there; outlives the engine
  leasequery::Requesters* requesters = nullptr;  // who may ask who has which address; null: whom dhcpd.conf allows to. Outlives the engine
  const subscriber::PublishedConfined* confined = nullptr;  // who is in quarantine, looked at anew with every message; null: nobody ever is
  subscriber::WardSightings* ward_sightings = nullptr;      // told of those; null: nobody wants to know. Both outlive the engine
  leasequery::FixedNotes* fixed_notes = nullptr;  // told whenever a host is answered on his fixed address; null: nobody wants to know. Outlives the engine
  FileNames* file_names = nullptr;  // told of files that replies name; null: nobody wants to know. Outlives the engine
};

struct Actions {
  enum class Verdict : std::uint8_t {
    drop,    // `reason` says why; changes may still be there (a RELEASE is answered by nothing)
    reply,   // send `out[0, reply_size)` to `departure`: now if there are no changes, else when they are durable
    probe,   // ping-check: ask `probe_address` by ICMP echo; send the reply if nobody answers within probe_timeout
  };
  Verdict verdict = Verdict::drop;
  DropReason reason = DropReason::none;
  wire::MessageType reply_type = wire::MessageType::bootp;  // what it means: a draft's answer to a leasequery has RFC 4388's, whatever its number
  std::uint16_t reply_size = 0;
  Departure departure;
  Change* changes = nullptr;
  Ipv4 probe_address;
  lease::SlotId probe_slot = lease::kNoSlot;
  Millis probe_timeout{0};
  // Log lines in order: `logs` at once, `reply_log` when the reply leaves.
  std::array<LogEvent, 6> logs;
  std::uint8_t log_count = 0;
  LogEvent reply_log;
  // Views into the engine's arena: valid until the next decide(); the worker copies what it runs later.
  std::span<const Effect> effects;
};

class Engine {
 public:
  Engine(lease::LeaseTable& leases, lease::LeaseLimits& limits, ChangePool& changes, Settings settings);
  ~Engine();

  // A new configuration (start, reload), between packets.
  void use(std::shared_ptr<const config::Config> config, std::shared_ptr<const config::HostTable> names);

  // Datagrams that decide() will see soon, at most kComing (arrival.h): asks the memory for what it is going to look up.
  void prefetch(std::span<const Bytes> datagrams) const noexcept;

  // `actions` is an out parameter because it is large and reused.
  void decide(const wire::Message& query, const Arrival& arrival, Instant now, MutableBytes out, Actions& actions) noexcept;

  // What the caller promised above: applies or undoes the change and gives it back to the pool.
  void settle(Change* change, bool durable) noexcept;

  // Expiry: turns up to `limit` leases that have ended into changes (journalled and settled like any other; nothing to send) and runs their
  // `on expiry`. Null: nothing is due.
  Change* expire(Instant now, std::size_t limit, Actions& actions) noexcept;
  // An ICMP echo reply came for a probe: the address is in use by somebody we do not know; abandon it.
  Change* probe_answered(lease::SlotId slot, Instant now, Actions& actions) noexcept;
  // The operator's word: whatever lease, abandonment, reservation or offer is on that address ends. Null: there is nothing to end.
  Change* free_lease(lease::SlotId slot, Instant now, Actions& actions) noexcept;

  const leasequery::Tally& leasequeries() const noexcept;  // any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::engine
