// grammar.h: the recursive descent behind parser.h, a method per production of dhcpd.conf; the
// bodies are in parse_*.cc.
//
// Errors come where dhcpd's come: at the last token *taken*, not at the one looked at. So each
// method takes and looks in dhcpd's order; that, and its rule for going on (skip to the next `;`,
// or past a balanced brace block), makes the lists of errors alike. Nesting is bounded: behind a
// limit everything reads as the end of the file. One thread, load time. Source: dhcpd-compat
// §§1-7, 16.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "server/config/ast.h"
#include "server/config/lexer.h"
#include "server/config/parser.h"

namespace coaxd::config {

// `absent`: nothing here that the production knows, and nothing was said about it; `failed`: an
// error was reported.
enum class Parsed : std::uint8_t { ok, absent, failed };

// The kind of block a statement stands in (dhcpd-compat §3.1).
enum class Block : std::uint8_t { root, shared_network, subnet, pool, group, host, class_body };

// What a bare number means: hex data, unless a number is wanted.
enum class Wanted : std::uint8_t { any, boolean, data, numeric, data_or_numeric };

// Whether `case` and `default:` may stand here, and what a case's value is.
enum class Cases : std::uint8_t { none, data, numeric };

class Parser {
 public:
  static constexpr int kMaxNesting = 200;  // blocks and parentheses
  static constexpr int kMaxChain = 1000;   // operators of one expression, elsifs of one if
  static constexpr int kMaxIncludes = 32;  // files open at a time
  static constexpr std::size_t kMaxErrors = 1000;

  Parser(Ast& ast, const FileReader& reader) : ast_(ast), reader_(reader) {}

  void whole_file(std::uint32_t file);
  void statements_only(std::uint32_t file);  // an `on` body, an OMAPI host's statements

 private:
  using Declarations = std::vector<Declaration>;
  using Statements = std::vector<Statement>;
  using Octets = std::vector<std::uint8_t>;
  struct OptionName {
    OptionSpace* space = nullptr;
    std::string_view name;
    OptionDefinition* definition = nullptr;
  };
  struct Operator;
  struct Function;
  class Nested;  // counts a level of nesting while it lives
  class OptionValue;

  // --- tokens (parser.cc) ---
  const Token& peek();
  Token next();
  void skip() { next(); }
  bool at(char symbol) { return peek().is(symbol); }
  bool at(Keyword word) { return peek().is(word); }
  bool take(char symbol);
  bool take(Keyword word);
  bool at_end() { return peek().kind == TokenKind::end_of_file; }
  SourcePos here() const noexcept { return last_; }
  void error(std::string message);
  void warning(std::string message);
  void give_up(std::string message);  // an error behind which nothing is read
  Parsed fail(std::string message);   // error, skip to the semicolon
  bool semicolon();
  bool left_brace();
  void skip_to_semicolon() { skip_past_brace(0); }
  void skip_past_brace(int depth);
  bool end_of_block();  // at `}`, which is taken, or at the end of the file, which is an error

  void check_omapi_key();

  // --- words and numbers (parser.cc) ---
  std::uint32_t number(std::string_view text, unsigned base,
                       unsigned bits);  // base 0: 0x, 0 and decimal
  bool numbers(Octets& out, std::size_t count, char separator,
               unsigned base);  // count 0: as many as there are
  bool hex_list(Octets& out);
  bool address(Ipv4& out);
  bool address_ahead();  // looked at: number, dot, number
  std::optional<std::string> host_name();
  std::optional<std::string> dotted_name();
  static std::string address_expected(const Token& found);
  std::optional<std::int64_t> date();
  std::optional<OptionName> option_name();
  OptionDefinition* known_option_name();  // of an option that must exist

  // --- declarations (parse_declaration.cc, parse_class.cc, parse_network.cc, parse_peer.cc) ---
  // `seen`: whether a declaration came before, which dhcpd's wording depends on; the new state is
  // returned.
  bool declaration(Block block, Declaration* host, Declarations& out, bool seen);
  bool misplaced(std::string_view what);
  void statement_declaration(Declarations& out, bool seen);
  void option_declaration(Block block, Declarations& out);
  void include(Block block, Declaration* host, Declarations& out);
  void not_authoritative(Block block, bool flag, Declarations& out);
  void group(Declarations& out);
  void host(Declarations& out);
  bool host_item(Declaration& host);
  bool host_group(Declaration& host);
  bool host_uid(Declaration& host);
  bool host_identifier(Declaration& host);
  void server_duid();
  void hardware(Declaration* host);
  void fixed_address(std::string_view word, Declaration* host);
  void class_declaration(Keyword kind, Declarations& out);
  struct ClassClauses;
  bool class_item(Declaration& declared, ClassClauses& clauses);
  bool class_match(Declaration& declared, ClassClauses& clauses);
  bool submatch(Declaration& declared, ClassClauses& clauses, DeclarationKind kind);
  bool lease_limit(Declaration& declared);
  void shared_network(Declarations& out);
  void subnet(Block block, Declarations& out);
  bool interface(Declaration& network);
  void pool(Declarations& out);
  void permit(bool allow, Declaration& pool);
  void pool_failover(bool none, Declaration& pool);
  void range(Declarations& out);
  void failover_peer(Declarations& out);
  bool peer_setting(Declaration& peer, const Token& word);
  bool peer_number(Declaration& peer, const Token& word, std::string_view name,
                   std::string_view complaint);
  bool peer_address(Declaration& peer, const Token& word, std::string_view name);
  void check_peer_role(const Declaration& peer, bool sharing = false);
  bool key(Declarations& out);
  std::string key_secret();
  bool zone(Declarations& out);

  // --- options (parse_option_definition.cc, parse_option_value.cc) ---
  void option_space();
  void option_code(const OptionName& name);
  struct Format;
  bool option_type(Format& format, Token token);

  Parsed option_statement(Statement& out, const OptionDefinition& definition, OptionOp op);
  bool option_value(const OptionDefinition& definition, Expr& out);

  // --- statements (parse_statement.cc) ---
  Parsed statement(Statement& out, Cases cases);
  Parsed statements(Statements& out, Cases cases);
  Parsed block(Statements& out);  // up to and with the `}`
  Parsed if_statement(Statement& out);
  Parsed else_branch(Statement& out);
  Parsed switch_statement(Statement& out);
  Parsed case_statement(Statement& out, Cases cases);
  Parsed on_statement(Statement& out);
  Parsed set_statement(Statement& out, bool define);
  Parsed define_function(Statement& out);
  Parsed unset_statement(Statement& out);
  Parsed value_statement(Statement& out, StatementKind kind, std::string_view expected);
  Parsed log_statement(Statement& out);
  Parsed execute_statement(Statement& out);
  Parsed add_statement(Statement& out);
  Parsed modify_statement(Statement& out, OptionOp op);
  Parsed allow_statement(Statement& out, std::uint8_t flag);

  // --- expressions (parse_expression.cc, parse_operand.cc) ---
  Parsed boolean_expression(Expr& out);
  Parsed data_expression(Expr& out);
  Parsed numeric_expression(Expr& out);
  Parsed expression(Expr& out, Wanted wanted);
  Parsed binary(Expr& out, Expr left, const Operator* op, Wanted wanted);
  Parsed peek_operator(const Operator*& op);
  Parsed combine(Expr& left, const Operator& op, Expr right);
  Parsed operand(Expr& out, Wanted wanted);
  Parsed word_operand(Expr& out, const Token& word);
  Parsed negation(Expr& out);
  Parsed parenthesis(Expr& out, Wanted wanted);
  Parsed function_call(Expr& out, const Function& function);
  Parsed argument(Expr& out, char type);
  Parsed variable_or_call(Expr& out);
  Parsed name_operand(Expr& out, ExprKind kind);
  Parsed lost(std::string_view message);  // an error without skipping

  Ast& ast_;
  const FileReader& reader_;
  Lexer* lexer_ = nullptr;
  std::optional<Token> ahead_;
  SourcePos last_;
  int nesting_ = 0;
  int chain_ = 0;
  bool gave_up_ = false;
  bool warned_about_hosts_ = false;
  bool network_has_interface_ = false;  // the shared network we stand in
  std::vector<std::string> open_files_;
  std::unordered_set<std::string> hosts_, groups_, classes_, keys_, peers_;
};

class Parser::Nested {
 public:
  explicit Nested(Parser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kMaxNesting) parser_.give_up("nested too deeply");
  }
  ~Nested() { --parser_.nesting_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Parser& parser_;
};

}  // namespace coaxd::config
