// ast.h: what the text of dhcpd.conf says, before anybody decides what it means: expressions, statements, declarations, in file order and
// with their places. Expressions and statements are also what the engine executes per packet (as in dhcpd), so they are
// immutable after parsing and hold constants as ready octets. Values, no ownership cycles. Source: dhcpd-compat §§3-7.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/base/ipv4.h"
#include "server/config/option_registry.h"
#include "server/config/parameters.h"
#include "server/config/source.h"

namespace coaxd::config {

class Regex;  // config/regex.h: a compiled POSIX extended regex, one copy per worker

enum class ExprKind : std::uint8_t {
  // data
  constant,          // bytes
  packet_option,     // option
  config_option,     // option
  substring,         // args: data, offset, length
  suffix,            // args: data, length
  concat,            // args
  binary_to_ascii,   // args: base, width, separator, data
  pick_first_value,  // args
  hardware, packet,  // packet: args offset, length
  leased_address, encode_int,  // encode_int: args number; number = width
  lcase, ucase,      // args: data
  reverse,           // args: width, data
  host_decl_name, filename, server_name,
  gethostname, host_lookup,  // host_lookup: text = name; addresses resolved by the control thread, 4 octets each
  null_data,
  variable,          // text = name
  call,              // text = function name; args
  // boolean
  equal, not_equal, regex_match, iregex_match,  // args: left, right
  logical_and, logical_or, logical_not, exists /* option */, known, is_static, check /* text */, defined /* text */,
  true_value, false_value,
  // numeric
  number,            // number
  extract_int,       // args: data; number = width
  lease_time, client_state,
  add, multiply, divide, modulo, bit_and, bit_or, bit_xor,  // args: left, right
};

enum class ExprType : std::uint8_t { data, boolean, numeric, any /* variables and calls */ };

struct Expr {
  ExprKind kind = ExprKind::null_data;
  SourcePos pos;
  std::vector<std::uint8_t> bytes;
  std::string text;
  std::int64_t number = 0;  // host_lookup: how many of its addresses are used, 0: all
  const OptionDefinition* option = nullptr;
  std::vector<Expr> args;
  std::shared_ptr<const Regex> regex;  // for a match against a constant pattern that compiles
};
ExprType type_of(ExprKind kind) noexcept;

enum class StatementKind : std::uint8_t {
  option,      // op, definition (any space; `server` ones are the parameters), value
  if_else,     // value = condition, body, else_body (elsif is an if in else_body)
  switch_on,   // value, body of case_label / default_label / statements
  case_label, default_label,  // case_label: value
  break_out,
  set, unset,  // text; set: value
  define,      // text = name, parameters, body
  eval,        // value
  return_value,
  log,         // level, value
  execute,     // text = path, args
  on,          // events (bits), body; without a body it clears
  add_class,   // text
  parse_vendor_option,
};

enum class OptionOp : std::uint8_t { supersede, default_value, append, prepend };
enum class LogLevel : std::uint8_t { fatal, error, info, debug };
enum Event : std::uint8_t { kOnCommit = 1, kOnExpiry = 2, kOnRelease = 4 };

struct Statement {
  StatementKind kind = StatementKind::option;
  SourcePos pos;
  OptionOp op = OptionOp::supersede;
  LogLevel level = LogLevel::debug;
  std::uint8_t events = 0;
  bool has_body = true;  // `on X;` clears
  const OptionDefinition* definition = nullptr;
  std::string text;
  Expr value;
  std::vector<Expr> args;
  std::vector<std::string> parameters;
  std::vector<Statement> body, else_body;
  std::string source_text;  // of an `on` block: its body as text, a statement a line, kept with the lease (dhcpd-compat §14.2)
};

// ---- declarations ----

enum class DeclarationKind : std::uint8_t {
  statement,        // an executable statement, in place
  shared_network,   // name, items
  subnet,           // prefix, items
  pool, group, host, class_decl, subclass, // items
  range,            // low, high, flag = dynamic-bootp
  authoritative,    // flag
  interface,        // name
  permit,           // in a pool: see Permit
  hardware,         // bytes = htype octet + address
  client_id,        // host: bytes
  fixed_address,    // value: a concat of constants and host_lookups
  host_identifier,  // option, value
  host_group,       // name
  match_if, match, spawn_with,  // value
  lease_limit,      // number
  failover_peer,    // the block at top level (name, text of its settings in `settings`)
  use_failover,     // in a pool; empty name: no failover
  key, zone,        // harmless here: name, settings
  omapi_flag,       // dynamic; deleted; static; in host and group
};

enum class PermitKind : std::uint8_t {
  known_clients, unknown_clients, members_of, all_clients, dynamic_bootp_clients, authenticated_clients,
  unauthenticated_clients, after
};

struct Setting { std::string name, value; SourcePos pos; };

struct Declaration {
  DeclarationKind kind = DeclarationKind::statement;
  SourcePos pos;
  Statement statement;
  std::string name;                  // network, host, class, group, peer, key, zone, interface
  Prefix prefix;
  Ipv4 low, high;
  bool flag = false;
  bool allow = false;                // permit
  PermitKind permit = PermitKind::all_clients;
  std::int64_t number = 0;           // lease limit; after: epoch seconds
  std::vector<std::uint8_t> bytes;   // hardware, client id, subclass data
  const OptionDefinition* option = nullptr;
  Expr value;
  bool has_body = false;             // a subclass without one uses its class's scope
  std::vector<Declaration> items;
  std::vector<Setting> settings;
};

// A whole configuration: parse() in parser.h makes it, resolve() in config.h consumes it.
// The parser has checked what one declaration or a name shows: what may stand where, a subnet's number against its mask, repeated hosts,
// second hardware or fixed addresses, classes, keys, groups and failover peers that are not declared above. What needs the topology
// (ranges against subnets, addresses declared twice, overlaps) is resolve()'s. A host's client id is DeclarationKind::client_id
// for `uid`; the form `option dhcp-client-identifier ...;` stays a statement. Both sides of a `range` are in order (low <= high).
struct Ast {
  Sources sources;
  std::unique_ptr<OptionRegistry> options;
  std::vector<Declaration> items;
  std::vector<Diagnostic> diagnostics;  // in order; any error means the configuration is refused
  bool ok() const noexcept;
};

}  // namespace coaxd::config
