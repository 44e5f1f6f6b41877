// case.h: what a quarantine is, as a value: who was meant, why, since when, what was seen of its effect; and the order that asks for one. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ipv4.h"
#include "server/subscriber/confined.h"
#include "server/subscriber/mac.h"

namespace coaxd::quarantine {

// Milliseconds since 1970, UTC. 0: not yet, or never.
using WallMillis = std::int64_t;
using CaseId = std::uint64_t;  // "q-17"; ascending, never used twice
using subscriber::Scope;

std::string id_text(CaseId id);
std::optional<CaseId> parse_id(std::string_view text);
std::string_view scope_word(Scope scope);  // "cpe", "subscriber", "modem"
std::optional<Scope> parse_scope(std::string_view word);
std::string rfc3339(WallMillis at);                       // 2026-11-23T14:05:00.250Z
std::optional<WallMillis> parse_rfc3339(std::string_view text);

// Who is meant: exactly one of these.
struct Subject {
  std::optional<Ipv4> ip{};                  // who had that address at the time
  std::optional<subscriber::Mac> mac{};      // a machine
  std::optional<subscriber::Mac> modem{};    // by its own address, which is the remote-id of what is behind it
  std::string subscriber{};                  // a modem record's variable `subscriber`, or a remote-id as text

  std::string text() const;  // "203.0.113.9", "the modem 00:10:95:01:02:03", for sentences
};

// Whose word it is.
struct Actor {
  std::string name;        // the token's, "portal", "timer", "coaxctl"
  std::string from{};      // the peer's address; "": this machine
  bool is_person = false;  // the desk's word needs no evidence, and no threshold
};

struct Order {
  Subject subject{};
  Scope scope = Scope::cpe;
  std::string reason{};     // in plain words: the user reads it
  std::string source{};     // "suricata", "postfix", "desk"
  std::string signature{};  // the rule: alerts of one are counted together
  std::string event_id{};   // of the source: the same event twice is one
  std::string evidence{};   // a JSON value, kept as it came; "": none
  std::uint32_t count = 1;  // so many events are in this one
  std::int64_t ttl_s = 0;   // 0: as the policy says
  WallMillis observed_at = 0;  // 0: now
  bool dry_run = false;
  Actor by{};
};

enum class State : std::uint8_t { active, released, expired };
std::string_view state_word(State state);

// What was seen of the effect, each once, the first time.
enum class Effect : std::uint8_t {
  in_memory,     // leasequeries and renewals follow it
  nak_sent,      // his renewal was refused
  discover,      // he asks for another address
  garden_ack,    // he has one of the quarantine's
  cmts_reset,    // the CMTS has taken the reset of his row, or of his modem
  modem_back,    // the modem's own DISCOVER
  page_seen,     // he has read why
  released_ack,  // after the release: an address of the usual ones
  count,
};
inline constexpr std::size_t kEffects = static_cast<std::size_t>(Effect::count);
std::string_view effect_word(Effect effect);

// Whose it is, as it was found when the order came.
struct Found {
  std::string hardware{};   // octets of the machine; "": not known
  std::string remote_id{};  // octets; "": none
  std::optional<subscriber::Mac> modem{};  // of the remote-id, where that is one
  std::optional<Ipv4> address{};           // that he has now, which may be another one than then; none: he has none
  WallMillis lease_since = 0;
};

struct Case {
  CaseId id = 0;
  Subject subject{};
  Found found{};
  Scope scope = Scope::cpe;
  State state = State::active;
  std::string reason{}, source{}, signature{}, evidence{};
  std::vector<std::string> event_ids{};  // those that were counted, the newest 16
  WallMillis observed_at = 0, since = 0, until = 0;  // until 0: until somebody releases it
  WallMillis ended = 0;
  std::string ordered_by{}, ended_by{};
  std::uint32_t alerts = 1;         // orders that this case has taken in
  std::vector<Ipv4> addresses{};    // that do not count any more
  std::string reset{"none"};        // none, pending, done, refused, unknown
  std::string reset_text{};         // what the CMTS said
  std::array<WallMillis, kEffects> effects{};
};

// One line of the record that nobody changes afterwards.
struct Step {
  std::uint64_t sequence = 0;
  CaseId id = 0;          // 0: of no case (refused)
  WallMillis at = 0;
  std::string kind{};     // "quarantine", "alert", "release", "expire", "refused", "effect", "reset"
  std::string actor{}, from{}, text{};
};

// The API's object, without line ends (issue: `POST /v1/quarantine`).
std::string case_json(const Case& what);

}  // namespace coaxd::quarantine
