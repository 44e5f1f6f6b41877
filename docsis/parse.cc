#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "docsis/file.h"
#include "docsis/literal.h"
#include "docsis/parser.h"
#include "docsis/value.h"
#include "server/base/assert.h"

namespace coaxd::docsis {
namespace {

constexpr unsigned kDeepest = 100;       // blocks in blocks; every level costs two octets of 255
constexpr std::size_t kMostGuesses = 10;  // a look at every keyword: worth it while somebody reads

constexpr std::array<std::string_view, 24> kGrammarWords{
    "BigInt", "BitString", "Char", "Counter32", "DecimalString", "Gauge", "Gauge32", "GenericTLV", "HexString", "IPAddress", "Integer", "Main",
    "ObjectID", "Short", "String", "TimeTicks", "TlvCode", "TlvLength", "TlvString", "TlvStringZero", "TlvType", "TlvValue", "Unsigned32", "SnmpMibObject"};

bool is_main(const Token& token) noexcept {
  constexpr std::string_view kMain = "main";
  return token.is(TokenKind::word) && token.text.size() == kMain.size() &&
         std::ranges::equal(token.text, kMain, [](char a, char b) { return (a | 0x20) == b; });
}

bool is_keyword(std::string_view word) noexcept {
  bool misplaced = false;
  return find_keyword(nullptr, word, misplaced) != nullptr;
}

}  // namespace

bool is_grammar_word(std::string_view word, Dialect dialect) noexcept {
  return std::ranges::find(kGrammarWords, word) != kGrammarWords.end() || (dialect == Dialect::native && word == "include");
}

bool read_leaf(const ValueSpec& spec, const Token& token, const MibNames& mibs, Report& report, Octets& contents, Octets& out) {
  if (!spec.snmp) {
    out.insert(out.end(), spec.prefix.begin(), spec.prefix.end());
    return read_value(spec.row, token, mibs, report, out);
  }
  if (!read_contents(*spec.snmp, token, mibs, report, contents)) return false;
  append_varbind(spec.prefix, spec.snmp->name.size(), spec.snmp->word->type, contents, report.native() ? LengthForm::compatible : LengthForm::utility, out);
  return true;
}

Token Parser::take() {
  const Token taken = current_;
  advance();
  return taken;
}

void Parser::unexpected(std::string_view wanted, std::string mend) {
  if (at(TokenKind::bad)) return;
  const bool unknown = at(TokenKind::word) && !is_keyword(current_.text) && !is_grammar_word(current_.text, report_.dialect());
  if (unknown && !report_.native()) return report_.error(Cause::value, current_.at, fmt::format("{} is no keyword", described(current_)), std::move(mend));
  report_.error(Cause::grammar, current_.at, fmt::format("{} is expected, not {}", wanted, described(current_)), std::move(mend));
}

bool Parser::take_symbol(TokenKind kind, std::string_view wanted, std::string mend) {
  if (!at(kind)) {
    unexpected(wanted, std::move(mend));
    return false;
  }
  advance();
  return true;
}

// `behind`: the end of what stands before the ';'. A ';' that is forgotten is told there; what follows is read as if it stood.
bool Parser::end_statement(std::string_view keyword, Position behind) {
  if (at(TokenKind::semicolon)) {
    advance();
    return true;
  }
  if (at(TokenKind::bad)) {
    recover();
    return false;
  }
  const bool unknown = at(TokenKind::word) && !is_keyword(current_.text) && !is_grammar_word(current_.text, report_.dialect());
  const bool forgotten = at(TokenKind::close) || at(TokenKind::end) || (at(TokenKind::word) && !unknown);
  if (unknown && !report_.native()) report_.error(Cause::value, current_.at, fmt::format("{} is no keyword", described(current_)));
  else if (forgotten)
    report_.error(Cause::grammar, behind, fmt::format("';' is missing behind the value of {}", keyword), fmt::format("put ';' before {}", described(current_)));
  else
    report_.error(Cause::grammar, current_.at, fmt::format("{} stands behind the value of {}", described(current_), keyword),
                  "one value, then ';'; lists have commas and no blanks");
  if (!forgotten) recover();
  return false;
}

void Parser::recover() {
  std::size_t depth = 0;
  for (; !at(TokenKind::end); advance()) {
    if (at(TokenKind::open)) {
      ++depth;
    } else if (at(TokenKind::close)) {
      if (depth == 0) return;
      if (--depth == 0) return advance();
    } else if (at(TokenKind::semicolon) && depth == 0) {
      return advance();
    }
  }
}

void Parser::run(std::string_view text, std::string_view name) {
  Lexer lexer(text, report_);
  lexer_ = &lexer;
  document_.texts.push_back({.name = std::string(name)});
  advance();
  const Position main = current_.at;
  if (is_main(current_)) advance();
  else if (at(TokenKind::end)) return unexpected("Main", "a configuration is Main { ... }");
  else unexpected("Main", "a configuration is Main { ... }");
  Frame top{.row = nullptr, .name = "Main", .nodes = &document_.nodes};
  if (options_.mta) document_.kind = FileKind::mta;
  if (take_symbol(TokenKind::open, "'{'", "a configuration is Main { ... }")) {
    items(top);
    if (at(TokenKind::end)) report_.error(Cause::grammar, main, "the '{' of Main is never closed", "end the text with '}'");
    else advance();
  }
  if (!at(TokenKind::end) && !report_.ended() && report_.errors() == 0)
    unexpected("the end of the text", "nothing stands behind the '}' of Main: is one '}' too many before?");
  if (!report_.native()) check_listing(document_, report_);
  lexer_ = nullptr;
}

// Up to the '}', which stays, or the end.
void Parser::items(Frame& frame) {
  if (at(TokenKind::close)) report_.error(Cause::grammar, current_.at, fmt::format("{} is empty", frame.name), "write what belongs in it, or leave it away");
  while (!at(TokenKind::close) && !at(TokenKind::end) && !report_.ended()) item(frame);
}

void Parser::item(Frame& frame) {
  if (at(TokenKind::word) && current_.text == "GenericTLV") return generic(frame);
  if (report_.native() && current_.is_word("include")) return include(frame);
  if (at(TokenKind::word) && !(frame.generic && !report_.native())) {
    const Token keyword = take();
    return statement(frame, keyword);
  }
  unexpected(frame.generic && !report_.native() ? "GenericTLV" : "a keyword", "a statement is: keyword, value, ';'");
  if (at(TokenKind::semicolon)) advance();
  else recover();
}

void Parser::unknown_keyword(Frame& frame, const Token& keyword) {
  if (is_grammar_word(keyword.text, report_.dialect()) || is_main(keyword)) {
    report_.error(Cause::grammar, keyword.at, fmt::format("a statement cannot begin with {}", keyword.text), "a statement is: keyword, value, ';'");
  } else {
    const std::string_view near = report_.errors() < kMostGuesses ? similar_keyword(keyword.text) : std::string_view{};
    report_.error(Cause::value, keyword.at, fmt::format("{} is no keyword", described(keyword)),
                  near.empty() ? "GenericTLV TlvCode ... writes a TLV without one" : fmt::format("did you mean {}?", near));
  }
  if (!at(TokenKind::open)) return recover();
  std::vector<Node> lost;
  Frame inner{.row = nullptr, .name = keyword.text, .nodes = &lost, .at_home = false, .known = false, .generic = false, .depth = frame.depth + 1};
  const std::size_t holes = holes_.size();
  (void)read_children(inner, keyword);
  holes_.resize(holes);
}

// A keyword out of its place writes its own code there, as in the utility. False: a reader would take that for something that it cannot be.
bool Parser::told_place(const Frame& frame, const Token& keyword, const Tlv& row) {
  const Tlv* parent = parent_of(row);
  const std::string mend = fmt::format("it belongs in {}", parent == nullptr ? "Main" : parent->name);
  const Tlv* here = frame.at_home ? find_code(frame.row, row.code()) : nullptr;
  if (here != nullptr && width(here->kind) != 0 && width(here->kind) != width(row.kind)) {
    report_.error(Cause::listing, keyword.at, fmt::format("{} in {} would be read as {}", keyword.text, frame.name, here->name), mend);
    return false;
  }
  report_.warning(
      keyword.at,
      fmt::format("{} does not belong in {}{}", keyword.text, frame.name, here == nullptr ? "" : fmt::format(": it is read as {} there", here->name)), mend);
  return true;
}

// Whoever reads the octets expects two of length there.
bool Parser::wide_here(const Frame& frame, std::uint8_t code) const {
  if (!report_.native()) return false;
  if (frame.nodes == &document_.nodes && document_.kind == FileKind::mta && code == kLongVarbindCode) return true;
  const Tlv* row = frame.at_home ? find_code(frame.row, code) : nullptr;
  return row != nullptr && row->two_octet_length();
}

Node Parser::node_of(const Frame& frame, const Token& keyword, const Tlv& row) const {
  Node node{.code = row.code(), .tlv = nullptr, .wide = wide_here(frame, row.code()), .at = keyword.at, .value = {}, .children = {}};
  if (!frame.at_home) return node;
  bool misplaced = false;
  const Tlv* by_name = find_keyword(frame.row, keyword.text, misplaced);
  node.tlv = by_name != nullptr && !misplaced ? by_name : find_code(frame.row, node.code);
  return node;
}

void Parser::statement(Frame& frame, const Token& keyword) {
  bool misplaced = false;
  const Tlv* row = report_.native() ? find_keyword(frame.known ? frame.row : nullptr, keyword.text, misplaced) : utility_keyword(keyword.text);
  if (row == nullptr) return unknown_keyword(frame, keyword);
  const std::size_t errors = report_.errors();
  if (report_.native() && misplaced && frame.known) (void)told_place(frame, keyword, *row);
  Node node = node_of(frame, keyword, *row);
  switch (row->kind) {
    case Kind::block:
    case Kind::block16: {
      const Tlv* inside = node.tlv != nullptr && node.tlv->nests() ? node.tlv : row;
      const bool at_home = frame.at_home && inside == node.tlv;
      return block(frame, keyword, std::move(node),
                   {.row = inside, .name = keyword.text, .nodes = nullptr, .at_home = at_home, .known = true, .generic = false, .depth = frame.depth + 1});
    }
    case Kind::varbind: return snmp_object(frame, keyword, std::move(node), *row);
    case Kind::oid_u8: return write_control(frame, keyword, std::move(node), *row);
    case Kind::file:
    case Kind::digitmap: return file_statement(frame, keyword, std::move(node), *row);
    default: break;
  }
  plain_value(frame, keyword, std::move(node), *row);
  if (report_.errors() != errors && at(TokenKind::bad)) recover();
}

void Parser::block(Frame& frame, const Token& keyword, Node node, Frame inner) {
  node.block = true;
  inner.nodes = &node.children;
  const std::size_t holes = holes_.size();
  path_.push_back(static_cast<std::uint32_t>(frame.nodes->size()));
  const bool good = read_children(inner, keyword);
  path_.pop_back();
  if (good && !told_size(node, keyword.text, encoded_size(node) - header_size(node))) add(frame, std::move(node));
  else holes_.resize(holes);
}

// '{' to '}'. False: told, and there is no block.
bool Parser::read_children(Frame& inner, const Token& keyword) {
  if (!at(TokenKind::open)) {
    unexpected(fmt::format("'{{' behind {}", keyword.text), fmt::format("write {} {{ ... }}", keyword.text));
    recover();
    return false;
  }
  if (inner.depth > kDeepest) {
    report_.error(Cause::value, current_.at, fmt::format("blocks nest more than {} deep", kDeepest), "no TLV needs as many: is a '}' missing?");
    recover();
    return false;
  }
  advance();
  items(inner);
  if (!at(TokenKind::close)) {
    report_.error(Cause::grammar, keyword.at, fmt::format("the '{{' of {} is never closed", keyword.text), "end the block with '}'");
    return false;
  }
  advance();
  return true;
}

// encode() would tell too, but does not know the file. The utility leaves out what is too long, also what it could cut.
bool Parser::told_size(const Node& node, std::string_view name, std::size_t size) {
  const std::size_t most = most_octets(node.wide);
  if (size <= most || (report_.native() && node.tlv != nullptr && node.tlv->splits)) return false;
  const std::string mend = node.block ? "write fewer statements in it, or two such blocks" : "shorten it";
  if (report_.native()) report_.error(Cause::value, node.at, fmt::format("{} has {} octets, a TLV at most {}", name, size, most), mend);
  else report_.warning(node.at, fmt::format("{} has {} octets, more than a TLV can hold: it is left out", name, size), mend);
  return true;
}

std::optional<Token> Parser::take_value(const Token& keyword, std::string_view wanted) {
  if (at(TokenKind::semicolon) || at(TokenKind::open) || at(TokenKind::close) || at(TokenKind::end) || at(TokenKind::bad)) {
    unexpected(wanted, fmt::format("write {}, a value, ';'", keyword.text));
    recover();
    return std::nullopt;
  }
  if (at(TokenKind::word) && !report_.native()) {
    unexpected(wanted, {});
    return std::nullopt;
  }
  const Token value = take();
  if (!end_statement(keyword.text, value.end())) return std::nullopt;
  return value;
}

void Parser::plain_value(Frame& frame, const Token& keyword, Node node, const Tlv& row) {
  const auto value = take_value(keyword, "a value");
  if (!value) return;
  const bool computed = row.kind == Kind::md5 || row.kind == Kind::pad || row.kind == Kind::end;
  if (computed && report_.native())
    return report_.warning(keyword.at, fmt::format("{} is written by the compiler: the statement counts for nothing", keyword.text), "leave it away");
  if (computed) return add(frame, std::move(node));  // without octets, as the utility
  leaf(frame, std::move(node), {.row = row, .prefix = {}, .snmp = std::nullopt}, *value);
}

std::optional<std::string_view> Parser::value_of(std::uint32_t variable) const {
  return options_.value_of ? options_.value_of(variables_.names()[variable]) : std::nullopt;
}

bool Parser::noted_unknown(const Pattern& pattern) {
  const std::size_t before = unknown_.size();
  for (const Pattern::Part& part : pattern.parts)
    if (part.variable != Pattern::kLiteral && !part.has_default && !value_of(part.variable)) unknown_.push_back({variables_.names()[part.variable], part.at});
  return unknown_.size() > before;
}

void Parser::leaf(Frame& frame, Node node, ValueSpec spec, const Token& value) {
  node.value_at = value.at;
  Token token = value;
  std::string expanded;
  const bool varbind = spec.snmp.has_value();
  if (value.variables) {
    auto pattern = read_pattern(value, variables_, report_);
    if (!pattern) return;
    if (keep_holes_) {
      Hole hole{.path = path_, .spec = std::move(spec), .pattern = std::move(*pattern)};
      hole.path.push_back(static_cast<std::uint32_t>(frame.nodes->size()));
      holes_.push_back(std::move(hole));
      return add(frame, std::move(node));
    }
    if (options_.unknown_values && noted_unknown(*pattern)) {
      node.unknown = true;
      return add(frame, std::move(node));
    }
    token = expand(*pattern, variables_, [this](std::uint32_t variable) { return value_of(variable); }, report_, expanded);
    if (token.is(TokenKind::bad)) return;
  }
  Octets octets;
  if (!read_leaf(spec, token, *options_.mibs, report_, contents_, octets)) return;
  if (varbind) return add_varbind(frame, std::move(node), std::move(octets));
  node.value = std::move(octets);
  if (!told_size(node, name_of(node), node.value.size())) add(frame, std::move(node));
}

void Parser::add(Frame& frame, Node node) {
  // MtaConfigDelimiter at the front makes an MTA file of any text (PKT-SP-PROV1.5 §9.1).
  if (frame.nodes == &document_.nodes && document_.nodes.empty() && node.code == kMtaDelimiterCode) document_.kind = FileKind::mta;
  frame.nodes->push_back(std::move(node));
}

std::expected<Parsed, Problems> parse(std::string_view text, std::string_view name, const ParseOptions& options) {
  Parser parser(options, false);
  parser.run(text, name);
  Problems problems = parser.report().take();
  if (parser.report().errors() > 0) return std::unexpected(std::move(problems));
  return Parsed{std::move(parser.document()), std::move(problems), std::move(parser.unknown())};
}

}  // namespace coaxd::docsis
