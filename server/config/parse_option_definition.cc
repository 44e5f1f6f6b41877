// `option space` and `option X code N = TYPE` (dhcpd-compat §4.1).
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "server/config/grammar.h"

namespace coaxd::config {

// The format letters of a definition in the making.
struct Parser::Format {
  std::string letters;
  OptionSpace* encapsulates = nullptr;
  bool record = false;
  bool array = false;        // of the whole
  bool inner_array = false;  // `array of` in a record: its last field
  char last = 0;             // t and X (and the names) end a record
};

namespace {

bool ends_record(char letter) {
  return letter == 't' || letter == 'X' || letter == 'd' || letter == 'D' || letter == 'Z';
}

std::uint32_t to_code(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void Parser::option_space() {
  skip();
  const Token name = next();
  if (!name.is_identifier()) {
    fail("expecting identifier.");
    return;
  }
  struct Width {
    Keyword word;
    std::string_view what, allowed;
    std::uint8_t value = 1;
  };
  std::array widths = {Width{Keyword::code, "code", ", expecting a 1, 2 or 4."},
                       Width{Keyword::length, "length", " expecting 1 or 2."}};
  while (!at_end() && !at(';')) {
    const Token word = next();
    Width* width = word.is(widths[0].word)   ? &widths[0]
                   : word.is(widths[1].word) ? &widths[1]
                                             : nullptr;
    if (width == nullptr && !word.is(Keyword::hash)) {
      error("Unexpected token.");
      continue;
    }
    const Keyword expected = width == nullptr ? Keyword::size : Keyword::width;
    if (!next().is(expected)) {
      error(fmt::format("expecting {} token.", width == nullptr ? "size" : "width"));
      return;
    }
    const Token value = next();
    if (value.kind != TokenKind::number) {
      error(width == nullptr               ? "expecting a 10base number"
            : width->word == Keyword::code ? "expecting number 1, 2, 4."
                                           : "expecting number 1 or 2.");
      return;
    }
    if (width == nullptr) continue;  // the size of dhcpd's hash table: our tables grow
    const std::uint32_t octets = to_code(value.text);
    if (octets != 1 && octets != 2 && (octets != 4 || width->word != Keyword::code)) {
      error(fmt::format("invalid {} width ({}){}", width->what, octets, width->allowed));
      return;
    }
    width->value = static_cast<std::uint8_t>(octets);
  }
  semicolon();
  ast_.options->declare_space(name.text, widths[0].value, widths[1].value);
}

void Parser::option_code(const OptionName& name) {
  const Token code = next();
  if (code.kind != TokenKind::number) {
    fail("expecting option code number.");
    return;
  }
  if (!next().is('=')) {
    fail("expecting \"=\"");
    return;
  }
  Format format;
  Token token = next();
  if (token.is(Keyword::array)) {
    if (!next().is(Keyword::of)) {
      fail("expecting \"of\".");
      return;
    }
    format.array = true;
    token = next();
  }
  if (token.is('{')) {
    format.record = true;
    token = next();
  }
  const auto give_up_definition = [&](std::string message) {
    error(std::move(message));
    skip_past_brace(format.record ? 1 : 0);
    if (format.record) skip_to_semicolon();
  };
  while (option_type(format, token)) {
    if (format.record) {
      token = next();
      if (token.is(',')) {
        if (ends_record(format.last)) {
          return give_up_definition(
              fmt::format("{} must be at end of record.", format.last == 't' ? "text" : "string"));
        }
        token = next();
        continue;
      }
      if (!token.is('}')) return give_up_definition("expecting right brace.");
    }
    if (!semicolon()) {
      fail("semicolon expected.");
      return;
    }
    if (format.array && format.encapsulates != nullptr)
      return error("Arrays of encapsulations don't make sense.");
    if (format.encapsulates != nullptr && format.encapsulates != name.space &&
        ast_.options->holds(*format.encapsulates, *name.space)) {  // dhcpd finds no end at the first packet
      return error(fmt::format("option {}.{}: space {} holds space {} already", name.space->name, name.name,
                               format.encapsulates->name, name.space->name));
    }
    if (format.inner_array) format.letters += 'a';
    if (format.array) format.letters += 'A';
    ast_.options->define(*name.space, name.name, to_code(code.text), std::move(format.letters),
                         format.encapsulates);
    return;
  }
}

// One type, whose first word was taken: false after an error, with the definition skipped.
bool Parser::option_type(Format& format, Token token) {
  const auto refuse = [&](std::string message) {
    error(std::move(message));
    skip_past_brace(format.record ? 1 : 0);
    if (format.record) skip_to_semicolon();
    return false;
  };
  const auto refuse_simply = [&](std::string message) {
    fail(std::move(message));
    return false;
  };
  if (format.encapsulates != nullptr)
    return refuse_simply("encapsulate must always be the last item.");
  if (token.is(Keyword::array)) {
    if (format.array || format.inner_array) return refuse("no nested arrays.");
    if (!next().is(Keyword::of)) return refuse_simply("expecting \"of\".");
    (format.record ? format.inner_array : format.array) = true;
    token = next();
    if (format.record && token.is('{')) return refuse("only uniform array inside record.");
  }
  struct Row {
    Keyword word;
    std::string_view letters;
  };
  static constexpr std::array kTypes = {
      Row{Keyword::boolean, "f"},     Row{Keyword::ip_address, "I"},
      Row{Keyword::ip6_address, "6"}, Row{Keyword::domain_name, "d"},
      Row{Keyword::domain_list, "D"}, Row{Keyword::text, "t"},
      Row{Keyword::string, "X"},      Row{Keyword::zerolen, "Z"},
  };
  for (const Row& row : kTypes) {
    if (!token.is(row.word)) continue;
    format.last = row.letters.front();
    if (ends_record(format.last) && (format.array || format.inner_array)) {
      return refuse(format.last == 'Z' ? "array incompatible with zerolen."
                                       : "arrays of text strings not yet supported.");
    }
    format.letters += row.letters;
    if (format.last == 'D' && take(Keyword::compressed)) format.letters += 'c';
    return true;
  }
  if (token.is(Keyword::encapsulate)) {
    const Token space = next();
    if (!space.is_identifier()) return refuse_simply("expecting option space identifier");
    format.encapsulates = ast_.options->find_space(space.text);
    if (format.encapsulates == nullptr)
      return refuse_simply(fmt::format("unknown option space {}", space.text));
    format.letters += fmt::format("E{}.", format.encapsulates->name);
    format.last = 'E';
    return true;
  }
  const bool is_signed = !token.is(Keyword::unsigned_);
  if (token.is(Keyword::unsigned_) || token.is(Keyword::signed_)) {
    token = next();
    if (!token.is(Keyword::integer)) return refuse("expecting \"integer\" keyword.");
  }
  if (!token.is(Keyword::integer)) return refuse(fmt::format("unknown data type {}", token.text));
  const Token bits = next();
  if (bits.kind != TokenKind::number) return refuse("expecting number.");
  constexpr std::string_view kWidths[] = {"8", "16", "32"};
  for (std::size_t i = 0; i < std::size(kWidths); ++i) {
    if (bits.text != kWidths[i]) continue;
    format.last = (is_signed ? "bsl" : "BSL")[i];
    format.letters += format.last;
    return true;
  }
  return refuse(fmt::format("{} bit precision is not supported.", bits.text));
}

}  // namespace coaxd::config
