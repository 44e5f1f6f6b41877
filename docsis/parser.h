// parser.h: the grammar, for parse() and Template. A statement is read whole, up to its ';', before its value is looked at, as the utility does: which mistake is
// told first, and with which exit status, follows from that. After a mistake the native dialect goes on behind the next ';' or before the next '}'.
//
// parse.cc holds blocks, keywords and plain values; parse_snmp.cc, parse_generic.cc and parse_file.cc the statements that are more than a keyword and a value.
// One thread, for one text. Source: reference docsis, sections 3 to 5.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/lexer.h"
#include "docsis/report.h"
#include "docsis/snmp_value.h"
#include "docsis/text.h"
#include "docsis/variables.h"

namespace coaxd::docsis {

// How the value of a statement becomes the octets of its TLV: now, or for each modem again.
struct ValueSpec {
  Tlv row{};                       // kind, name and bounds; of its own for what has no keyword
  Octets prefix;                   // stands before the value: an encoded name
  std::optional<SnmpTarget> snmp;  // a varbind: the row counts for nothing
};
// Appends to `out`; `contents` is scratch. False: told.
bool read_leaf(const ValueSpec& spec, const Token& token, const MibNames& mibs, Report& report, Octets& contents, Octets& out);

// A leaf of the document that waits for its variables.
struct Hole {
  std::vector<std::uint32_t> path;  // indexes from the top
  ValueSpec spec;
  Pattern pattern;
};

class Parser {
 public:
  // `holes`: values with variables become holes; else their defaults are read.
  Parser(const ParseOptions& options, bool holes) : options_(options), report_(options.dialect, &document_.texts, options.variables), keep_holes_(holes) {}
  void run(std::string_view text, std::string_view name);

  Report& report() noexcept { return report_; }
  Document& document() noexcept { return document_; }
  std::vector<Hole>& holes() noexcept { return holes_; }
  VariableNames& variables() noexcept { return variables_; }
  std::vector<Unknown>& unknown() noexcept { return unknown_; }

 private:
  // A block that is being read.
  struct Frame {
    const Tlv* row = nullptr;     // whose keywords are at home here; null: the top level's
    std::string_view name;
    std::vector<Node>* nodes = nullptr;
    bool at_home = true;          // `row` is what a reader of the octets finds here too
    bool known = true;            // else nobody knows which keywords belong here
    bool generic = false;         // of GenericTLV, where the utility takes fewer forms
    unsigned depth = 0;
  };

  // parse.cc
  void advance() { current_ = lexer_->next(); }
  Token take();
  bool at(TokenKind kind) const noexcept { return current_.is(kind); }
  void unexpected(std::string_view wanted, std::string mend);
  bool take_symbol(TokenKind kind, std::string_view wanted, std::string mend);
  bool end_statement(std::string_view keyword, Position behind);
  void recover();
  void items(Frame& frame);
  void item(Frame& frame);
  void unknown_keyword(Frame& frame, const Token& keyword);
  void statement(Frame& frame, const Token& keyword);
  bool told_place(const Frame& frame, const Token& keyword, const Tlv& row);
  void block(Frame& frame, const Token& keyword, Node node, Frame inner);
  bool read_children(Frame& inner, const Token& keyword);
  void plain_value(Frame& frame, const Token& keyword, Node node, const Tlv& row);
  // Takes value and ';'. Nothing: told, and recovered.
  std::optional<Token> take_value(const Token& keyword, std::string_view wanted);
  std::optional<std::string_view> value_of(std::uint32_t variable) const;
  bool noted_unknown(const Pattern& pattern);
  void leaf(Frame& frame, Node node, ValueSpec spec, const Token& value);
  bool told_size(const Node& node, std::string_view name, std::size_t size);
  void add(Frame& frame, Node node);
  bool wide_here(const Frame& frame, std::uint8_t code) const;
  Node node_of(const Frame& frame, const Token& keyword, const Tlv& row) const;

  // parse_snmp.cc
  void snmp_object(Frame& frame, const Token& keyword, Node node, const Tlv& row);
  void write_control(Frame& frame, const Token& keyword, Node node, const Tlv& row);
  void add_varbind(Frame& frame, Node node, Octets octets);
  std::optional<Token> take_name(const Token& keyword);

  // parse_generic.cc
  void generic(Frame& frame);
  std::optional<std::uint8_t> take_code();
  void generic_block(Frame& frame, const Token& keyword, Node node);
  std::optional<ValueSpec> generic_octets(bool wide);
  std::optional<ValueSpec> generic_typed(std::string_view& shown);
  std::optional<std::uint32_t> take_number(std::string_view name, std::uint32_t highest);
  bool take_word(std::string_view word);

  // parse_file.cc
  void include(Frame& frame);
  bool included_before(std::string_view path, Position at);
  void file_statement(Frame& frame, const Token& keyword, Node node, const Tlv& row);
  std::optional<std::string> read_named_file(const Token& keyword, const Token& path);
  void digit_map(Frame& frame, const Token& keyword, Node node, const std::string& contents);

  const ParseOptions& options_;
  Document document_;  // before the report, which looks at its texts
  Report report_;
  bool keep_holes_;
  std::vector<Hole> holes_;
  VariableNames variables_;
  std::vector<Unknown> unknown_;
  Lexer* lexer_ = nullptr;
  Token current_;
  std::vector<std::uint32_t> path_;            // of the block that is being read
  std::deque<std::string> texts_;              // of included files: tokens point into them
  Octets contents_;                            // scratch of read_leaf()
};

// Words that are no TLV's name but mean something in a statement. In the utility they are tokens of the grammar: out of their place they are errors of it.
bool is_grammar_word(std::string_view word, Dialect dialect) noexcept;

// parse_listing.cc: known TLVs of a length that they cannot have, at which the utility's own listing of what it has compiled ends, with status 211.
void check_listing(const Document& document, Report& report);

}  // namespace coaxd::docsis
