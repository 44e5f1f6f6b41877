// resolver.h: one walk over the Ast, in file order, that builds the Config: what is declared above is known below, as in dhcpd, and
// a block's parent is the block it stands in. The parser has seen to it that everything stands where it may and that names exist; here is
// refused what takes addresses to see. Private to resolve*.cc; load time, one thread. Source: dhcpd-compat §§3, 6.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/config/config.h"

namespace coaxd::config {

class Resolver {
 public:
  Resolver(Ast&& ast, const ResolveOptions& options);
  std::expected<std::shared_ptr<const Config>, std::vector<Diagnostic>> run();

 private:
  // Where a declaration stands. Null is "not inside one".
  struct Place {
    Scope* scope = nullptr;
    SharedNetwork* network = nullptr;
    Subnet* subnet = nullptr;
    Pool* pool = nullptr;
    Host* host = nullptr;
    Scope* host_group = nullptr;  // `group NAME;` of the host
    bool deleted = false;         // the host says so of itself
    std::optional<std::vector<std::uint8_t>> sent_client_id;  // the host's first `option dhcp-client-identifier`
    Class* cls = nullptr;
    Subclass* subclass = nullptr;
  };
  using Handler = void (Resolver::*)(Declaration&, Place&);
  struct Row {
    DeclarationKind kind;
    Handler handler;
  };
  static const Row kRows[];
  static const std::size_t kRowCount;

  void declare_all(std::vector<Declaration>& items, Place& place);

  // resolve.cc: what may stand anywhere
  void declare_statement(Declaration&, Place&);
  void declare_group(Declaration&, Place&);
  void declare_authoritative(Declaration&, Place&);
  void declare_failover_peer(Declaration&, Place&);
  void declare_nothing(Declaration&, Place&) {}
  void check_failover();
  // resolve_network.cc
  void declare_shared_network(Declaration&, Place&);
  void declare_subnet(Declaration&, Place&);
  void declare_interface(Declaration&, Place&);
  void declare_pool(Declaration&, Place&);
  void declare_range(Declaration&, Place&);
  void declare_permit(Declaration&, Place&);
  void declare_use_failover(Declaration&, Place&);
  void warn_overlap(const Subnet& subnet, SourcePos pos);
  const Subnet* subnet_of_range(const Declaration& range, const Place& place);
  Pool* implicit_pool(const SharedNetwork& network, bool dynamic_bootp);
  Pool* mergeable(const SharedNetwork& network, const Pool& pool);
  Pool& add_pool(std::unique_ptr<Pool> pool);
  // resolve_host.cc
  void declare_host(Declaration&, Place&);
  void declare_hardware(Declaration&, Place&);
  void declare_client_id(Declaration&, Place&);
  void note_client_id_option(const Statement& statement, Place& place);
  void declare_fixed_address(Declaration&, Place&);
  void declare_host_identifier(Declaration&, Place&);
  void declare_host_group(Declaration&, Place&);
  void declare_omapi_flag(Declaration&, Place&);
  void append_addresses(const Expr& expr, std::vector<Ipv4>& out);
  // resolve_class.cc
  void declare_class(Declaration&, Place&);
  void declare_subclass(Declaration&, Place&);
  void declare_match_if(Declaration&, Place&);
  void declare_match(Declaration&, Place&);
  void declare_lease_limit(Declaration&, Place&);
  Class& class_named(std::string_view name);

  Scope& new_scope(const Scope& parent);
  void error(SourcePos pos, std::string message);
  void warn(SourcePos pos, std::string message);
  void build_index();
  void index_functions(std::span<const Statement> statements, Config::Index& index);

  Ast& ast_;
  const ResolveOptions& options_;
  std::shared_ptr<Config> config_;
  std::vector<Diagnostic> diagnostics_;
  bool failed_ = false;

  std::unordered_map<std::string, Scope*> groups_;
  std::unordered_set<std::string> peers_with_pools_;
  std::unordered_map<std::string_view, Class*> classes_;
  std::map<std::uint32_t, std::uint32_t> given_;  // addresses in ranges so far: low -> high, disjoint
  std::multimap<std::uint32_t, const Subnet*> subnets_;  // by network, for the overlap warning
  std::vector<std::uint32_t> masks_;                     // distinct ones so far
  std::uint32_t subclass_count_ = 0;
};

}  // namespace coaxd::config
