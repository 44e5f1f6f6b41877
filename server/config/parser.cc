#include "server/config/parser.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "server/base/bytes.h"
#include "server/config/grammar.h"

namespace coaxd::config {

// --- tokens ---

const Token& Parser::peek() {
  if (!ahead_) {
    const std::size_t before = ast_.diagnostics.size();
    ahead_ = gave_up_ ? Token{} : lexer_->next();
    if (ast_.diagnostics.size() != before && ast_.diagnostics.size() > kMaxErrors)
      give_up("too many errors");
  }
  return *ahead_;
}

Token Parser::next() {
  const Token token = peek();
  ahead_.reset();
  if (token.kind != TokenKind::end_of_file)
    last_ = token.pos;  // at the end, errors are dhcpd's: at the last token
  return token;
}

bool Parser::take(char symbol) {
  if (!at(symbol)) return false;
  skip();
  return true;
}

bool Parser::take(Keyword word) {
  if (!at(word)) return false;
  skip();
  return true;
}

void Parser::error(std::string message) {
  if (gave_up_) return;  // what follows is only our own doing
  ast_.diagnostics.push_back({Severity::error, last_, std::move(message)});
  if (ast_.diagnostics.size() > kMaxErrors) give_up("too many errors");
}

void Parser::warning(std::string message) {
  if (!gave_up_) ast_.diagnostics.push_back({Severity::warning, last_, std::move(message)});
}

void Parser::give_up(std::string message) {
  if (gave_up_) return;
  ast_.diagnostics.push_back({Severity::error, last_, std::move(message)});
  gave_up_ = true;
  ahead_ = Token{};
}

Parsed Parser::fail(std::string message) {
  error(std::move(message));
  skip_to_semicolon();
  return Parsed::failed;
}

bool Parser::semicolon() {
  if (next().is(';')) return true;
  fail("semicolon expected.");
  return false;
}

bool Parser::left_brace() {
  if (next().is('{')) return true;
  fail("expecting left brace.");
  return false;
}

// Up to and with the next `;` outside braces, or the `}` that closes the block we stand in (depth
// 1: one was opened already).
void Parser::skip_past_brace(int depth) {
  while (!at_end()) {
    const Token token = next();
    if (token.is('{')) {
      ++depth;
    } else if (token.is('}')) {
      if (--depth <= 0) return;
    } else if (token.is(';') && depth == 0) {
      return;
    }
  }
}

bool Parser::end_of_block() {
  if (take('}')) return true;
  if (!at_end()) return false;
  error("unexpected end of file");
  return true;
}

// --- words and numbers ---

std::uint32_t Parser::number(std::string_view text, unsigned base, unsigned bits) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (base == 0) {
    base = 10;
    if (digits.starts_with("0x")) {
      base = 16;
      digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
      base = 8;
      digits.remove_prefix(1);
    }
  }
  std::uint32_t value = 0;  // 32 bits wrap silently (dhcpd-compat §4.2)
  if (digits.empty()) error(fmt::format("Bogus number: {}.", text));
  for (const char c : digits) {
    const int digit = c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c >= '0' ? c - '0' : -1;
    if (digit < 0) {
      error(fmt::format("Bogus number: {}.", text));
      break;
    }
    if (static_cast<unsigned>(digit) >= base) {
      error(fmt::format("Bogus number {}: digit {} not in base {}", text, digit, base));
      break;
    }
    value = value * base + static_cast<unsigned>(digit);
  }
  const std::uint32_t all_ones = bits == 32 ? 0xffffffff : (1u << bits) - 1;
  const std::uint32_t max = negative ? 1u << (bits - 1) : all_ones;
  if (value > max) {
    const std::string shown = base == 8    ? fmt::format("{:o}", value)
                              : base == 16 ? fmt::format("{:x}", value)
                                           : fmt::format("{}", value);
    error(fmt::format("{}{} exceeds max ({}) for precision.", negative ? "-" : "", shown,
                      static_cast<std::int32_t>(max)));
  }
  return negative ? 0 - value : value;
}

bool Parser::numbers(Octets& out, std::size_t count, char separator, unsigned base) {
  for (std::size_t read = 0; count == 0 || read < count; ++read) {
    if (read != 0) {
      if (!at(separator)) {
        if (count == 0) return true;
        const bool stay = at('{') || at('}');
        const bool ended = !stay && next().is(';');
        error("too few numbers.");
        if (!ended) skip_to_semicolon();
        return false;
      }
      skip();
    }
    const Token token = next();
    if (token.kind == TokenKind::end_of_file) {
      error("unexpected end of file");
      return true;
    }
    if (!token.is_hex()) {
      fail("expecting numeric value.");
      return false;
    }
    out.push_back(static_cast<std::uint8_t>(number(token.text, base, 8)));
  }
  return true;
}

bool Parser::hex_list(Octets& out) {
  do {
    const Token token = next();
    if (!token.is_hex()) {
      fail("expecting hexadecimal number.");
      return false;
    }
    out.push_back(static_cast<std::uint8_t>(number(token.text, 16, 8)));
  } while (take(':'));
  return true;
}

bool Parser::address(Ipv4& out) {
  Octets octets;
  if (!numbers(octets, 4, '.', 10)) return false;
  octets.resize(4);
  out = Ipv4::of(octets[0], octets[1], octets[2], octets[3]);
  return true;
}

// Three tokens have to be looked at; what the lexer has to say about them it says when they are
// read for good.
bool Parser::address_ahead() {
  if (peek().kind != TokenKind::number) return false;
  const Lexer::Mark mark = lexer_->mark();
  const std::size_t diagnostics = ast_.diagnostics.size();
  const bool result = lexer_->next().is('.') && lexer_->next().kind == TokenKind::number;
  ast_.diagnostics.resize(diagnostics);
  lexer_->back_to(mark);
  return result;
}

std::optional<std::string> Parser::host_name() {
  std::string name;
  do {
    const Token& token = peek();
    if (!token.is_identifier() && token.kind != TokenKind::number) break;
    name += next().text;
    if (!at('.')) return name;
    name += '.';
  } while (take('.'));
  return name.empty() ? std::nullopt : std::optional(std::move(name));
}

// A space's last code ends its options and is nobody's name.
static std::uint64_t end_code(const OptionSpace& space) {
  return space.code_width >= 4 ? 0xffffffff : (std::uint64_t{1} << (8 * space.code_width)) - 1;
}

std::optional<Parser::OptionName> Parser::option_name() {
  Token word = next();
  const auto not_a_word = [&](std::string_view message) {
    error(std::string(message));
    if (!word.is(';')) skip_to_semicolon();
    return std::nullopt;
  };
  if (!word.is_identifier()) return not_a_word("expecting identifier after option keyword.");
  OptionName name;
  name.space = &ast_.options->space(OptionRegistry::kDhcp);
  if (take('.')) {
    const std::string_view space_name = word.text;
    word = next();
    if (!word.is_identifier()) return not_a_word("expecting identifier after '.'");
    name.space = ast_.options->find_space(space_name);
    if (name.space == nullptr) {
      fail(fmt::format("no option space named {}.", space_name));
      return std::nullopt;
    }
  }
  peek();  // as dhcpd does, so that an error in the next token comes first
  name.name = word.text;
  constexpr std::string_view kUnknown = "unknown-";
  std::string prefix(word.text.substr(0, kUnknown.size()));
  for (char& c : prefix) c = static_cast<char>(c | 0x20);
  if (prefix == "unknown-" && !name.space->by_name.contains(std::string(word.text))) {
    std::uint64_t code = 0;
    std::from_chars(word.text.data() + kUnknown.size(), word.text.data() + word.text.size(), code);
    if (code == 0 || code == end_code(*name.space)) {
      fail(fmt::format("Option codes 0 and {} are illegal in the {} space.", end_code(*name.space),
                       name.space->name));
      return std::nullopt;
    }
  }
  name.definition = ast_.options->find(*name.space, word.text);
  if (name.definition != nullptr && prefix == "unknown-" && !name.definition->synthesized) {
    warning(fmt::format(
        "option {} has been redefined as option {}.  Please update your configs if necessary.",
        word.text, name.definition->name));
  }
  return name;
}

OptionDefinition* Parser::known_option_name() {
  const std::optional<OptionName> name = option_name();
  if (!name) return nullptr;
  if (name->definition == nullptr)
    fail(fmt::format("no option named {} in space {}", name->name, name->space->name));
  return name->definition;
}

// --- the three ways in ---

void Parser::whole_file(std::uint32_t file) {
  open_files_.push_back(ast_.sources.file(file).name);
  Lexer lexer(file, ast_.sources.file(file).text, ast_.diagnostics);
  lexer_ = &lexer;
  last_ = {file, 1, 1};
  bool seen = false;
  while (!at_end()) seen = declaration(Block::root, nullptr, ast_.items, seen);
  lexer_ = nullptr;
  check_omapi_key();
}

// dhcpd looks the key up when all is read, so that it may be declared below.
void Parser::check_omapi_key() {
  for (const Declaration& item : ast_.items) {
    const Statement& statement = item.statement;
    const bool names_key =
        item.kind == DeclarationKind::statement && statement.kind == StatementKind::option &&
        statement.definition->space->index == OptionRegistry::kServer &&
        statement.definition->code == static_cast<std::uint32_t>(Parameter::omapi_key);
    if (!names_key || statement.value.kind != ExprKind::constant) continue;
    last_ = statement.pos;
    const std::string name(as_text(statement.value.bytes));
    if (!keys_.contains(name)) error(fmt::format("OMAPI key {}: not found", name));
  }
}

void Parser::statements_only(std::uint32_t file) {
  Lexer lexer(file, ast_.sources.file(file).text, ast_.diagnostics);
  lexer_ = &lexer;
  last_ = {file, 1, 1};
  Statements parsed;
  const Parsed result = statements(parsed, Cases::none);
  if (result != Parsed::failed && !at_end()) error("expecting a statement");
  for (Statement& each : parsed) {
    Declaration& made = ast_.items.emplace_back();
    made.pos = each.pos;
    made.statement = std::move(each);
  }
  lexer_ = nullptr;
}

FileReader disk_reader() {
  return [](const std::string& path, std::string& text, std::string& error) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
    if (!file) {
      error = fmt::format("Can't open {}: {}", path, std::strerror(errno));
      return false;
    }
    text.clear();
    std::array<char, 64 << 10> piece;
    while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get())) text.append(piece.data(), size);
    if (std::ferror(file.get()) == 0) return true;
    error = fmt::format("Can't read in {}: {}", path, std::strerror(errno));  // a directory opens, too
    return false;
  };
}

Ast parse(std::string name, std::string text, const FileReader& reader) {
  Ast ast;
  ast.options = std::make_unique<OptionRegistry>();
  const std::uint32_t file = ast.sources.add(std::move(name), std::move(text));
  Parser(ast, reader).whole_file(file);
  return ast;
}

Ast parse_statements(std::string name, std::string text, std::unique_ptr<OptionRegistry> options) {
  Ast ast;
  ast.options = std::move(options);
  const std::uint32_t file = ast.sources.add(std::move(name), std::move(text));
  const FileReader no_files = [](const std::string&, std::string&, std::string&) { return false; };
  Parser(ast, no_files).statements_only(file);
  return ast;
}

}  // namespace coaxd::config
