// leases_reader.h: one pass over the text of a dhcpd.leases file (leases_file.h is what others use). Source: dhcpd-compat §14.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/store/leases_file.h"
#include "server/store/leases_lexer.h"

namespace coaxd::store {

class LeasesReader {
 public:
  LeasesReader(std::string_view text, WallSeconds now, LeasesFile& out) : lexer_(text), now_(now), out_(out) {}
  void run();

 private:
  // A lease block while it is read.
  struct Draft {
    lease::Binding binding;
    bool has_state = false, has_next = false, has_rewind = false, abandoned = false;
    std::string agent_info, variables;
    std::uint32_t tsfp = 0, atsfp = 0;
  };
  using Arguments = std::vector<LeasesToken>;
  struct Statement {
    std::string_view word;
    bool (LeasesReader::*read)(const Arguments&);  // false: the block cannot be read, error_ says why
  };
  struct Block {
    std::string_view word;
    bool (LeasesReader::*read)();
    bool kept = false;  // LeasesFile::others()
  };
  static const Block kBlocks[];
  static const Statement* find_statement(std::string_view word) noexcept;

  // --- blocks, each from behind its first word ---
  const Block* find_block(const LeasesToken& first) const;
  bool read_lease();
  bool read_host();
  bool read_group();
  bool read_class();
  bool read_subclass();
  bool read_failover();
  bool skip_statement();
  bool skip_block();
  LeasesDeclaration declare(LeasesDeclaration::Kind kind);
  bool finish(LeasesDeclaration declaration);
  bool read_body(LeasesDeclaration& declaration);
  void resynchronise(std::size_t block);
  bool begins_a_block(std::size_t line_start) const;

  // --- lease statements, `arguments` without the first word and the semicolon ---
  bool read_arguments();
  bool read_starts(const Arguments& arguments);
  bool read_ends(const Arguments& arguments);
  bool read_tstp(const Arguments& arguments);
  bool read_tsfp(const Arguments& arguments);
  bool read_atsfp(const Arguments& arguments);
  bool read_cltt(const Arguments& arguments);
  bool read_binding(const Arguments& arguments);
  bool read_next(const Arguments& arguments);
  bool read_rewind(const Arguments& arguments);
  bool read_reserved(const Arguments& arguments);
  bool read_bootp(const Arguments& arguments);
  bool read_abandoned(const Arguments& arguments);
  bool read_billing(const Arguments& arguments);
  bool read_hardware(const Arguments& arguments);
  bool read_uid(const Arguments& arguments);
  bool read_hostname(const Arguments& arguments);
  bool read_set(const Arguments& arguments);
  bool read_option(const Arguments& arguments);
  bool read_on();
  bool read_date(const Arguments& arguments, std::uint32_t& out);
  bool read_state(std::span<const LeasesToken> arguments, lease::BindingState& out);
  void finish_lease(Ipv4 address);

  bool fail(std::string reason);
  void note(std::string text);
  void keep(lease::Item item, Bytes value, std::string_view what);

  LeasesLexer lexer_;
  std::size_t next_block_ = 0;  // resynchronise()'s: the first line after what it last looked at that begins a block; a file of nothing else is read once
  const WallSeconds now_;
  LeasesFile& out_;
  Draft draft_;
  Arguments arguments_;
  LeasesToken token_;  // the newest
  std::string error_;
  std::string what_;   // the block being read, for remarks
};

}  // namespace coaxd::store
