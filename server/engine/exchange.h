// exchange.h: one message on its way to its Actions, and the server that holds what outlives it.
// Every step of the protocol is a function over an Exchange, so each can be read, and tested,
// alone. Private to the engine; a worker's own.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "server/engine/classify.h"
#include "server/engine/client.h"
#include "server/engine/engine.h"
#include "server/engine/event_bodies.h"
#include "server/engine/leasequery.h"
#include "server/engine/network.h"
#include "server/engine/offered_names.h"
#include "server/wire/reply.h"

namespace coaxd::engine {

// An offered address waits this long for its REQUEST (dhcpd-compat §9.2), in memory only.
inline constexpr WallSeconds kOfferHold = 120;

// How often a step is done again when another worker was faster on the same slot. Each loss means
// that somebody else has won an address, so a handful is plenty; after that the client is left to
// ask again.
inline constexpr int kAttempts = 8;

// Leases of one client that are looked at: more than that only an attacker has.
inline constexpr std::size_t kMaxLeasesOfClient = 16;

struct Server {
  Server(lease::LeaseTable& leases, lease::LeaseLimits& limits, ChangePool& changes,
         const Settings& settings);
  void use(std::shared_ptr<const config::Config> config,
           std::shared_ptr<const config::HostTable> names);

  lease::LeaseTable& leases;
  lease::LeaseLimits& limits;
  ChangePool& changes;
  const Settings settings;
  std::optional<subscriber::ModemTable::Reader> modems;
  std::optional<subscriber::PublishedConfined::View> confined;
  std::optional<subscriber::WardSightings::Reporter> ward_sightings;

  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const config::HostTable> names;
  InterfaceNetworks interfaces;
  EventBodies event_bodies;
  OfferedNames offered_names;
  Leasequeries leasequeries;
  bool client_ids_may_be_ignored = false;  // the configuration says ignore-client-uids somewhere

  std::int64_t heard_ns = 0;  // when the last message came

  // Scratch of one message.
  std::vector<std::uint8_t> arena_storage;
  Arena arena;
  std::optional<OptionState> reply;
  GlobalVariables globals;
  Context context;
  wire::Message renewal;  // a unicast renewal with its stashed option 82 put back
  lease::Binding before;  // committed binding of the slot looked at last
  lease::Binding after;   // what the lease in hand becomes
  std::array<wire::ReplyOption, 300> options;
};

// An address in hand: a slot of the table, or a fixed address of a host declaration.
struct Lease {
  Ipv4 address;
  const config::Subnet* subnet = nullptr;
  const config::Pool* pool = nullptr;  // null: fixed
  const config::Host* host = nullptr;  // of a fixed address
  lease::SlotId slot = lease::kNoSlot;
  lease::SlotWord word;    // as it was when we looked: what offer() and claim() expect
  bool own = false;        // the committed binding is this client's, running or not
  bool running = false;    // own, active and not ended: needs no offer()
  bool held = false;       // by a running offer to this client
  bool reclaimed = false;  // it was abandoned

  bool is_static() const noexcept { return slot == lease::kNoSlot; }
};

struct Exchange {
  Exchange(Server& server_in, const wire::Message& query_in, const Arrival& arrival_in,
           Instant now_in, MutableBytes out_in, Actions& actions_in) noexcept
      : server(server_in),
        query(&query_in),
        arrival(arrival_in),
        now(now_in),
        out(out_in),
        actions(actions_in) {}

  Server& server;
  const wire::Message* query;
  const Arrival& arrival;
  const Instant now;
  const MutableBytes out;
  Actions& actions;

  const config::SharedNetwork* network = nullptr;  // where the client is (dhcpd-compat §8.2)
  Client client;
  const subscriber::Confined::Hold* quarantine = nullptr;  // that he is in; null: none
  ClassSet classes;
  std::string_view complaint;            // why a lease was refused: option 56 of a NAK
  lease::LeaseLimits::Key billed = 0;    // acquired for the lease in hand, not yet part of a Change
  lease::LeaseLimits::Key unbilled = 0;  // to be given back when its change is durable
  std::size_t stable_logs = 0;           // log lines that a new attempt keeps
  std::uint8_t stable_effects = 0;       // effects that unstage() keeps: those of classification

  const config::Config& config() const noexcept { return *server.config; }
};

// --- outcomes ---
void drop(Exchange& exchange, DropReason reason, LogSuffix suffix = LogSuffix::none) noexcept;

// --- log lines (log.cc) ---
// A line about this client; fields that every line has are filled in. When `logs` is full the last
// one is overwritten.
LogEvent& note(Exchange& exchange, LogKind kind) noexcept;
LogEvent line(const Exchange& exchange, LogKind kind) noexcept;
void set_name(LogEvent& event, Bytes host_name) noexcept;
void set_text(LogEvent& event, std::string_view text) noexcept;
// Option 12 as it is kept on a lease: printable and at most 64 octets; kUnprintable for any other.
Bytes told_host_name(const wire::Message& query) noexcept;
// The name that dhcpd would print with a message about this lease, whose binding is server.before:
// the one told before, not now.
Bytes name_before(const Exchange& exchange, const Lease& lease) noexcept;

// --- changes (stage.cc) ---
// Claims the slot and takes a Change for it, chained into the Actions. Null: `why` is overload,
// busy (it is PENDING) or contended (somebody was faster).
Change* stage(Server& server, Actions& actions, lease::SlotId slot, lease::SlotWord expected,
              DropReason& why) noexcept;
// The end of a change: committed and unbilled, or undone and its billing given back.
void settle_change(Server& server, Change* change, bool durable) noexcept;
// Gives back everything this message has acquired so far: claims, changes, billing. What it wanted done
// in the world is not done.
void unstage(Exchange& exchange) noexcept;
// Forgets the attempt that lost: changes, and log lines after the stable ones.
void restart(Exchange& exchange) noexcept;

}  // namespace coaxd::engine
