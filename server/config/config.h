// config.h: one immutable, resolved configuration: who may have which address on which network, and which scopes apply to him.
// Built at start and at every reload by resolve(), then shared read-only by all workers until the next one replaces it.
// No member is written after resolve() returned; any thread may read. Source: dhcpd-compat §§3, 6, 10.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/config/ast.h"

namespace coaxd::config {

// A list of statements and the scope it was opened in (dhcpd-compat §6).
struct Scope {
  const Scope* parent = nullptr;  // null for the global scope
  std::uint32_t id = 0;           // dense
  std::uint32_t depth = 0;        // global is 0
  bool authoritative = false;     // copied from the parent when the brace opened
  std::vector<Statement> statements;
};

struct SharedNetwork;
struct Subnet;

// Declared without a match, so that dhcpd loads the file and finds nobody in it. Its members are those who are in quarantine (subscriber/confined.h), and what they may
// have are the pools that allow them: the walled garden.
inline constexpr std::string_view kQuarantineClass = "quarantine";

struct AddressRange {
  Ipv4 low, high;
  std::uint32_t size() const noexcept { return high.value - low.value + 1; }
};

struct Permit {
  PermitKind kind = PermitKind::all_clients;
  std::uint32_t class_index = 0;  // members_of
  WallSeconds after = 0;
};

struct Pool {
  std::uint32_t id = 0;  // dense over the configuration, in declaration order
  const SharedNetwork* network = nullptr;
  const Scope* scope = nullptr;
  std::vector<AddressRange> ranges;  // ascending, disjoint
  std::vector<Permit> allow, deny;
  std::string failover_peer;  // empty: none
  std::uint64_t size = 0;     // addresses in all ranges
  bool is_garden = false;     // for those in quarantine: it allows members of kQuarantineClass
};

struct Subnet {
  std::uint32_t id = 0;
  Prefix prefix;
  const SharedNetwork* network = nullptr;
  const Scope* scope = nullptr;
  std::string interface;
};

struct SharedNetwork {
  std::uint32_t id = 0;
  std::string name;
  const Scope* scope = nullptr;  // of a lone subnet: the subnet's own scope
  std::string interface;
  std::vector<const Subnet*> subnets;
  std::vector<const Pool*> pools;  // declaration order: the order in which addresses are looked for (dhcpd-compat §10)
  bool has_garden = false;         // one of them is
};

struct Host {
  std::uint32_t id = 0;
  std::string name;
  const Scope* scope = nullptr;
  std::vector<std::uint8_t> hardware;   // htype octet + address; empty: none
  std::vector<std::uint8_t> client_id;  // raw option 61; empty: none
  const OptionDefinition* identifier_option = nullptr;
  std::vector<std::uint8_t> identifier_value;
  bool has_fixed_address = false;
  std::vector<Ipv4> fixed_addresses;    // host names already resolved
};

struct Subclass {
  std::uint32_t id = 0;  // dense over all declared subclasses
  std::vector<std::uint8_t> data;
  const Scope* scope = nullptr;  // its class's, when it has no body
  std::uint32_t lease_limit = 0;  // 0: none
};

struct Class {
  std::uint32_t index = 0;  // order of declaration: the order of the member test
  std::string name;
  const Scope* scope = nullptr;
  std::optional<Expr> match_if;
  std::optional<Expr> submatch;  // `match EXPR` or `spawn with EXPR`
  bool spawning = false;
  std::uint32_t lease_limit = 0;  // 0: none
  // Declared subclasses by their data.
  const Subclass* find(Bytes data) const noexcept;
  std::vector<Subclass> subclasses;
  std::unordered_map<std::string_view, std::uint32_t> subclass_index;  // keys view into subclasses[].data
};

struct FailoverPeer {
  std::string name;
  SourcePos pos;
};

class Config {
 public:
  // --- lookups of the packet path; none allocates ---
  // Most specific subnet that contains the address, or null.
  const Subnet* subnet_of(Ipv4 address) const noexcept;
  // The pool whose range holds the address, or null.
  const Pool* pool_of(Ipv4 address) const noexcept;
  // Hosts in declaration order; usually none or one.
  std::span<const Host* const> hosts_by_hardware(Bytes htype_and_address) const noexcept;
  std::span<const Host* const> hosts_by_client_id(Bytes client_id) const noexcept;
  // Host-identifier: for each option that some host names, ask with the packet's value of it.
  std::span<const OptionDefinition* const> identifier_options() const noexcept { return identifier_options_; }
  std::span<const Host* const> hosts_by_identifier(const OptionDefinition* option, Bytes value) const noexcept;
  // True when a host declaration owns that address: dynamic allocation leaves it alone (docs/dhcpd-compat.md).
  bool is_fixed_address(Ipv4 address) const noexcept;
  const Class* class_by_name(std::string_view name) const noexcept;
  // kQuarantineClass; null: there is none, and so no garden.
  const Class* quarantine_class() const noexcept { return quarantine_class_; }
  // Whether somebody who is where that address belongs can be put in quarantine.
  bool has_garden_for(Ipv4 address) const noexcept;
  const Statement* function(std::string_view name) const noexcept;  // `define`

  // --- the parts, in declaration order ---
  const Scope& global() const noexcept { return *scopes_.front(); }
  std::span<const std::unique_ptr<Scope>> scopes() const noexcept { return scopes_; }
  std::span<const std::unique_ptr<SharedNetwork>> networks() const noexcept { return networks_; }
  std::span<const std::unique_ptr<Subnet>> subnets() const noexcept { return subnets_; }
  std::span<const std::unique_ptr<Pool>> pools() const noexcept { return pools_; }
  std::span<const std::unique_ptr<Host>> hosts() const noexcept { return hosts_; }
  std::span<const std::unique_ptr<Class>> classes() const noexcept { return classes_; }
  std::span<const FailoverPeer> failover_peers() const noexcept { return failover_peers_; }
  OptionRegistry& options() const noexcept { return *options_; }
  const Sources& sources() const noexcept { return sources_; }
  // What parsing and resolving had to say without refusing the configuration; render() them with sources().
  std::span<const Diagnostic> warnings() const noexcept { return warnings_; }
  // Global value of a parameter written as a constant (lease-file-name, pid-file-name, local-port, log-facility ...).
  Bytes global_constant(Parameter parameter) const noexcept;
  // The same for what holds everywhere wherever it stands: the last one.
  Bytes constant_anywhere(Parameter parameter) const noexcept;

 private:
  friend class Resolver;
  Sources sources_;
  std::unique_ptr<OptionRegistry> options_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::unique_ptr<SharedNetwork>> networks_;
  std::vector<std::unique_ptr<Subnet>> subnets_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<Class>> classes_;
  std::vector<FailoverPeer> failover_peers_;
  std::vector<const OptionDefinition*> identifier_options_;
  std::vector<Diagnostic> warnings_;
  const Class* quarantine_class_ = nullptr;
  // Lookup structures: config_index.h (flat, sorted or hashed; built once).
  struct Index;
  std::shared_ptr<const Index> index_;
};

// Names (fixed-address host.example;) are looked up through this, at load time, by the control thread; tests give a table.
using HostLookup = std::vector<Ipv4> (*)(std::string_view name, void* context);

struct ResolveOptions {
  HostLookup lookup = nullptr;
  void* lookup_context = nullptr;
};

// Consumes the Ast, but for its sources on failure: render() the diagnostics with them. An Ast with errors is refused with its own
// diagnostics; what it means is looked at only when all of it could be read.
std::expected<std::shared_ptr<const Config>, std::vector<Diagnostic>> resolve(Ast&& ast, const ResolveOptions& options = {});

}  // namespace coaxd::config
