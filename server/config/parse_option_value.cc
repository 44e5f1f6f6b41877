// Values of options, encoded to wire octets by the format letters of the definition while they are
// read (dhcpd-compat §4.2).
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "server/base/bytes.h"
#include "server/config/domain_name.h"
#include "server/config/grammar.h"

namespace coaxd::config {

// One value in the making: constants run together, host names in between are left to be looked up.
class Parser::OptionValue {
 public:
  OptionValue(Parser& parser, const OptionDefinition& definition)
      : parser_(parser), definition_(definition) {}

  bool read();
  void finish(Expr& out, SourcePos pos);

 private:
  struct Letter {
    char type = 0;
    bool compressed = false;  // Dc
    bool repeats = false;     // a, or A behind the only letter
    bool optional = false;    // o
  };
  Letter next_letter(std::string_view& format) const;
  Octets& octets();
  bool refuse(const Token& token, std::string message);
  bool read_letter(Letter letter);
  bool read_integer(unsigned bits, bool infinite_allowed);
  bool read_flag();
  bool read_text();
  bool read_data();
  bool read_word();
  bool read_choice();
  bool read_domain_name();
  bool read_domain_list(bool compressed);
  bool read_address(bool many);
  bool read_address6();
  bool read_key_name();
  bool begins(char type) const;

  Parser& parser_;
  const OptionDefinition& definition_;
  std::vector<Expr> parts_;
};

// dhcpd prints its own number for the kind of token, and who matches the line matches that too.
std::string Parser::address_expected(const Token& found) {
  constexpr int kString = 262, kEndOfFile = 607;
  const int id = found.kind == TokenKind::symbol   ? static_cast<unsigned char>(found.text.front())
                 : found.kind == TokenKind::string ? kString
                                                   : kEndOfFile;
  return fmt::format("{} ({}): expecting IP address or hostname", found.text, id);
}

Parsed Parser::option_statement(Statement& out, const OptionDefinition& definition, OptionOp op) {
  out.kind = StatementKind::option;
  out.op = op;
  out.definition = &definition;
  if (at(';') && !definition.format.starts_with('Z')) {
    skip();  // and the semicolon that is then missing is asked of the next statement, as dhcpd does
  } else if (take('=')) {
    // Nothing usable behind the `=` is told by the statement that the rest of the line then makes.
    if (data_expression(out.value) != Parsed::ok) return Parsed::failed;
  } else if (!option_value(definition, out.value)) {
    return Parsed::failed;
  }
  return semicolon() ? Parsed::ok : Parsed::failed;
}

bool Parser::option_value(const OptionDefinition& definition, Expr& out) {
  const SourcePos pos = peek().pos;
  OptionValue value(*this, definition);
  if (!value.read()) return false;
  value.finish(out, pos);
  return true;
}

// "IA", "IIA", "BB6Ia", "fto", "Dc", "BEname.": one letter with what modifies it.
Parser::OptionValue::Letter Parser::OptionValue::next_letter(std::string_view& format) const {
  Letter letter;
  letter.type = format.front();
  format.remove_prefix(1);
  if (letter.type == 'E') format.remove_prefix(std::min(format.size(), format.find('.') + 1));
  const auto take = [&format](char c) {
    if (!format.starts_with(c)) return false;
    format.remove_prefix(1);
    return true;
  };
  letter.compressed = letter.type == 'D' && take('c');
  letter.repeats = take('a');
  letter.optional = take('o');
  return letter;
}

bool Parser::OptionValue::read() {
  const bool uniform = definition_.format.size() == 2 && definition_.format[1] == 'A';
  for (;;) {
    std::string_view format = definition_.format;
    while (!format.empty() && format.front() != 'A') {
      Letter letter = next_letter(format);
      if (letter.optional && !begins(letter.type)) continue;
      const bool one_type = letter.repeats || uniform;
      if (letter.repeats) {
        do {
          if (!read_letter(letter)) return false;
        } while (parser_.take(','));
      } else {
        letter.repeats = one_type;
        if (!read_letter(letter)) return false;
      }
    }
    if (format.empty() || !parser_.take(',')) return true;
  }
}

bool Parser::OptionValue::begins(char type) const {
  const Token& token = parser_.peek();
  switch (type) {
    case 't':
      return token.kind == TokenKind::string || token.is_identifier();
    case 'X':
      return token.kind == TokenKind::string || token.is_hex();
    case 'I':
      return token.kind == TokenKind::number || token.is_identifier();
    case 'f':
    case 'd':
    case 'U':
      return token.is_identifier();
    default:
      return token.is_hex();
  }
}

Parser::Octets& Parser::OptionValue::octets() {
  if (parts_.empty() || parts_.back().kind != ExprKind::constant) {
    parts_.emplace_back().kind = ExprKind::constant;
    parts_.back().pos = parser_.peek().pos;
  }
  return parts_.back().bytes;
}

void Parser::OptionValue::finish(Expr& out, SourcePos pos) {
  if (parts_.empty()) octets();
  if (parts_.size() == 1) {
    out = std::move(parts_.front());
  } else {
    out.kind = ExprKind::concat;
    out.args = std::move(parts_);
  }
  out.pos = pos;
}

// `token` was taken and is not what the letter wants.
bool Parser::OptionValue::refuse(const Token& token, std::string message) {
  parser_.error(std::move(message));
  if (!token.is(';')) parser_.skip_to_semicolon();
  return false;
}

bool Parser::OptionValue::read_letter(Letter letter) {
  switch (letter.type) {
    case 'l':
    case 'L':
      return read_integer(32, false);
    case 'T':
      return read_integer(32, true);
    case 's':
    case 'S':
      return read_integer(16, false);
    case 'b':
    case 'B':
      return read_integer(8, false);
    case 'f':
      return read_flag();
    case 't':
      return read_text();
    case 'E':
    case 'X':
      return read_data();
    case 'U':
      return read_word();
    case 'N':
      return read_choice();
    case 'd':
      return read_domain_name();
    case 'D':
      return read_domain_list(letter.compressed);
    case 'I':
      return read_address(letter.repeats);
    case '6':
      return read_address6();
    case 'k':
      return read_key_name();
    case 'Z':
      if (!parser_.at(';')) parser_.fail("semicolon expected.");
      octets();
      return true;
    default:
      parser_.fail(fmt::format("Bad format '{}' in parse_option_token.", letter.type));
      return false;
  }
}

bool Parser::OptionValue::read_integer(unsigned bits, bool infinite_allowed) {
  const Token token = parser_.next();
  std::uint32_t value = 0xffffffff;
  if (!infinite_allowed || !token.is(Keyword::infinite)) {
    if (!token.is_hex()) return refuse(token, "expecting number.");
    value = parser_.number(token.text, 0, bits);
  }
  for (unsigned shift = bits; shift != 0; shift -= 8)
    octets().push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
  return true;
}

static bool same_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

bool Parser::OptionValue::read_flag() {
  struct Row {
    std::string_view word;
    std::uint8_t value;
  };
  static constexpr std::array kWords = {Row{"true", 1}, Row{"on", 1}, Row{"false", 0},
                                        Row{"off", 0}, Row{"ignore", 2}};
  const Token token = parser_.next();
  if (!token.is_identifier()) return refuse(token, "expecting identifier.");
  for (const Row& row : kWords) {
    if (!same_word(token.text, row.word)) continue;
    octets().push_back(row.value);
    return true;
  }
  return refuse(token, "expecting boolean.");
}

bool Parser::OptionValue::read_text() {
  const Token token = parser_.next();
  if (token.kind != TokenKind::string && !token.is_identifier())
    return refuse(token, "expecting string.");
  octets().insert(octets().end(), token.text.begin(), token.text.end());
  return true;
}

bool Parser::OptionValue::read_data() {
  if (parser_.peek().is_hex()) return parser_.hex_list(octets());
  const Token token = parser_.next();
  if (token.kind != TokenKind::string) {
    parser_.fail("expecting string or hexadecimal data.");
    return false;
  }
  octets().insert(octets().end(), token.text.begin(), token.text.end());
  return true;
}

bool Parser::OptionValue::read_word() {
  const Token token = parser_.next();
  if (!token.is_identifier()) return refuse(token, "expecting identifier.");
  octets().insert(octets().end(), token.text.begin(), token.text.end());
  return true;
}

bool Parser::OptionValue::read_choice() {
  struct Row {
    std::string_view parameter, message;
  };
  static constexpr std::array kOwnWords = {
      Row{"db-time-format", "Expecting 'local' or 'default'."},
      Row{"lease-id-format", "lease-id-format is invalid:  it must be octal or hex."}};
  const Token token = parser_.next();
  const ParameterRow* row = find_parameter(definition_.name);
  std::string_view choices = row != nullptr ? row->choices : std::string_view{};
  while (token.is_identifier() && !choices.empty()) {
    const std::string_view choice = choices.substr(0, choices.find(' '));
    if (same_word(token.text, choice)) {
      octets().insert(octets().end(), choice.begin(), choice.end());
      return true;
    }
    choices.remove_prefix(std::min(choices.size(), choice.size() + 1));
  }
  std::string_view message = token.is_identifier() ? "unknown value" : "identifier expected";
  for (const Row& own : kOwnWords) {
    if (own.parameter == definition_.name) message = own.message;
  }
  return refuse(token, std::string(message));
}

bool Parser::OptionValue::read_domain_name() {
  const std::optional<std::string> name = parser_.host_name();
  if (name && DomainNameWriter(octets(), false).write(*name)) return true;
  if (name) parser_.error("Error assembling domain name: Message too long");
  parser_.fail("not a valid domain name.");
  return false;
}

bool Parser::OptionValue::read_domain_list(bool compressed) {
  DomainNameWriter writer(octets(), compressed);
  do {
    const Token token = parser_.next();
    if (token.kind != TokenKind::string) {
      parser_.fail("Expecting a domain string.");
      return false;
    }
    if (!writer.write(token.text)) {
      parser_.fail(fmt::format("Error {} domain list: Message too long",
                               compressed ? "compressing" : "assembling"));
      return false;
    }
  } while (parser_.take(','));
  return true;
}

// Number, dot, number begins an address; any other word is a host name, of which a single address
// keeps the first answer.
bool Parser::OptionValue::read_address(bool many) {
  const Token token = parser_.peek();
  if (token.kind == TokenKind::number && parser_.address_ahead()) {
    Octets& out = octets();
    return parser_.numbers(out, 4, '.', 10);
  }
  if (token.kind == TokenKind::number || token.is_identifier()) {
    const std::optional<std::string> name = parser_.host_name();
    Expr& lookup = parts_.emplace_back();
    lookup.kind = ExprKind::host_lookup;
    lookup.pos = token.pos;
    lookup.text = *name;
    lookup.number = many ? 0 : 1;
    return true;
  }
  if (!token.is('{') && !token.is('}')) parser_.skip();
  return refuse(token, address_expected(token));
}

bool Parser::OptionValue::read_key_name() {
  const std::optional<std::string> name = parser_.dotted_name();
  if (!name) {
    parser_.fail("not a valid key name.");
    return false;
  }
  octets().insert(octets().end(), name->begin(), name->end());
  return true;
}

bool Parser::OptionValue::read_address6() {
  std::string text;
  for (SourcePos end{};;) {  // a blank ends the address
    const Token& token = parser_.peek();
    if (!token.is_identifier() && token.kind != TokenKind::number && !token.is(':') &&
        !token.is('.'))
      break;
    if (!text.empty() && (token.pos.line != end.line || token.pos.column != end.column)) break;
    end = token.pos;
    end.column += static_cast<std::uint32_t>(token.text.size());
    text += parser_.next().text;
  }
  std::array<std::uint8_t, 16> address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) {
    parser_.fail("Invalid IPv6 address.");
    return false;
  }
  octets().insert(octets().end(), address.begin(), address.end());
  return true;
}

}  // namespace coaxd::config
