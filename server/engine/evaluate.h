// evaluate.h: dhcpd's expression language over one packet: data, boolean and numeric values with its null rules (dhcpd-compat §7), and its
// executable statements (§5). Pure: reads the request, the configuration, the lease in hand; writes OptionState, lease variables and a
// list of effects. Results live in the arena until the packet is done. No allocation. One worker at a time per context.
#pragma once

#include <cstdint>
#include <optional>

#include "server/base/arena.h"
#include "server/base/time.h"
#include "server/config/config.h"
#include "server/config/host_table.h"
#include "server/engine/option_state.h"
#include "server/engine/variables.h"
#include "server/lease/binding.h"
#include "server/subscriber/modem_table.h"
#include "server/wire/message.h"

namespace coaxd::engine {

enum class Tri : std::uint8_t { no, yes, null };

// Things a statement wants done in the world. They wait in the context and are handed to the worker, which runs them after the binding is
// durable and off the packet path (execute) or puts them on the log queue (log).
struct Effect {
  enum class Kind : std::uint8_t { log, execute } kind = Kind::log;
  config::LogLevel level = config::LogLevel::debug;
  Bytes text;                  // log
  std::span<const Bytes> argv; // execute: path and arguments
};
inline constexpr std::size_t kMaxEffects = 16;

// fatal, error, info, debug as syslog counts them.
constexpr std::uint8_t syslog_priority(config::LogLevel level) noexcept {
  constexpr std::uint8_t kPriorities[] = {2, 3, 6, 7};
  return kPriorities[static_cast<std::size_t>(level)];
}

// Arguments and local variables of one call of a `define`d function; private to variables of the evaluator.
struct CallFrame;

struct Context {
  const config::Config* config = nullptr;
  const config::HostTable* names = nullptr;
  const wire::Message* request = nullptr;   // null for expiry
  OptionState* reply = nullptr;             // never null: config-option reads it, option statements write it
  Arena* arena = nullptr;                   // never null; check exhausted() when all is done
  GlobalVariables* globals = nullptr;       // of this worker; null: `set` without a lease is forgotten
  subscriber::ModemTable::Reader* modems = nullptr;  // `option modem.profile`; null: there are no records
  Instant now;

  // The lease in hand; null before one is chosen.
  lease::Binding* binding = nullptr;        // `set` writes its variables
  Ipv4 leased_address;                      // zero: none
  bool has_lease = false;
  const config::Host* host = nullptr;       // host-decl-name
  bool known = false, is_static = false;
  std::uint32_t client_state = 0;

  // Attached by `on`: the innermost scope executed last wins, per event (dhcpd-compat 5.1).
  const config::Statement* on_commit = nullptr;
  const config::Statement* on_expiry = nullptr;
  const config::Statement* on_release = nullptr;

  std::array<Effect, kMaxEffects> effects;
  std::uint8_t effect_count = 0;
  std::uint16_t effects_lost = 0;

  // `add "CLASS"` while executing; the engine merges it into the packet's classes.
  std::array<std::uint16_t, 8> added_classes{};
  std::uint8_t added_class_count = 0;

  // Refused because expressions or calls nest too deep (a function may call itself; nothing else can loop), or a variable had no room.
  std::uint16_t refused = 0;

  // --- the evaluator's own, no business of the caller ---
  CallFrame* frame = nullptr;
  std::uint16_t depth = 0;
  std::uint16_t calls = 0;                  // within the outermost call in progress
  std::string_view being_set;               // by the `set` whose value is being computed
  bool lease_out_of_sight = false;          // finish_options(): variables are the global ones
  bool depends_on_moment = false;           // a variable or config-option was read
  const config::OptionSpace* vendor_space = nullptr;  // parse-vendor-option ran: option 43 is read as this space
};

std::optional<Bytes> evaluate_data(const config::Expr& expr, Context& context) noexcept;
Tri evaluate_boolean(const config::Expr& expr, Context& context) noexcept;
std::optional<std::uint64_t> evaluate_number(const config::Expr& expr, Context& context) noexcept;
// Whatever type it has; the type is none for null.
Value evaluate(const config::Expr& expr, Context& context) noexcept;

// dhcpd keeps an option's expression and computes it when the reply is built: from what all scopes have set by then, and without the
// lease's variables (dhcpd-compat §19). We compute it at once, and those that can come out differently again here.
// select_reply_options() calls it.
void finish_options(Context& context) noexcept;

void execute(std::span<const config::Statement> statements, Context& context) noexcept;
// Runs `scope` and its ancestors, outermost first, leaving out everything at or above `limit` (null: run them all) (dhcpd-compat §6).
void execute_scope(const config::Scope& scope, const config::Scope* limit, Context& context) noexcept;

}  // namespace coaxd::engine
