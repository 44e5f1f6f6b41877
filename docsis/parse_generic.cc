// GenericTLV: a TLV by its number, in all its forms.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "docsis/file.h"
#include "docsis/literal.h"
#include "docsis/parser.h"

namespace coaxd::docsis {
namespace {

constexpr std::string_view kForms = "write GenericTLV TlvCode 43 TlvLength 3 TlvValue 0x00000c;, TlvString \"text\"; or { ... }";

// TlvType WORD TlvValue ...
struct Type {
  std::string_view word;
  Kind kind;
};
constexpr std::array kTypes{Type{"Integer", Kind::u32}, Type{"Short", Kind::u16}, Type{"Char", Kind::u8}, Type{"IPAddress", Kind::ip4}};

}  // namespace

bool Parser::take_word(std::string_view word) {
  if (current_.is_word(word)) {
    advance();
    return true;
  }
  unexpected(word, std::string(kForms));
  recover();
  return false;
}

// In the utility's dialect what is above goes unseen, as there.
std::optional<std::uint32_t> Parser::take_number(std::string_view name, std::uint32_t highest) {
  if (!at(TokenKind::integer)) {
    unexpected(fmt::format("a number behind {}", name), fmt::format("write {} 1", name));
    recover();
    return std::nullopt;
  }
  const Token token = take();
  const Number number = number_of(token.text);
  const auto value = number.within(0, highest);
  if (value) return static_cast<std::uint32_t>(*value);
  if (!report_.native()) return number.wrapped();
  report_.error(Cause::range, token.at, fmt::format("{} is 0 to {}, not {}", name, highest, token.text), fmt::format("the highest is {}", highest));
  recover();
  return std::nullopt;
}

// TlvLength N TlvValue 0x...
std::optional<ValueSpec> Parser::generic_octets(bool wide) {
  advance();
  const auto length = take_number("TlvLength", static_cast<std::uint32_t>(most_octets(wide)));
  if (!length || !take_word("TlvValue")) return std::nullopt;
  return ValueSpec{.row = {.path = "", .name = "TlvValue", .kind = Kind::hex, .bounded = true, .min = *length, .max = *length}, .prefix = {}, .snmp = {}};
}

// TlvType Integer TlvValue 5
std::optional<ValueSpec> Parser::generic_typed(std::string_view& shown) {
  advance();
  const auto type = std::ranges::find_if(kTypes, [&](const Type& each) { return current_.is_word(each.word); });
  if (type == kTypes.end()) {
    unexpected("a type", "one of Integer, Short, Char, IPAddress");
    recover();
    return std::nullopt;
  }
  advance();
  if (!take_word("TlvValue")) return std::nullopt;
  shown = "TlvValue";
  return ValueSpec{.row = {.path = "", .name = "TlvValue", .kind = type->kind}, .prefix = {}, .snmp = {}};
}

void Parser::generic(Frame& frame) {
  const Token keyword = take();
  if (!take_word("TlvCode")) return;
  const Position at_code = current_.at;
  const auto code = take_number("TlvCode", 255);
  if (!code) return;
  if (const auto octet = static_cast<std::uint8_t>(*code); frame.depth == 0 && (octet == kPadCode || octet == kEndCode)) {  // MULPI 3.0 C.1.2.1, C.1.2.2
    report_.error(Cause::value, at_code, fmt::format("TLV {} is {} and has no value", octet, octet == kPadCode ? "a pad" : "the end marker"),
                  "leave it away: it is written where it belongs");
    return recover();
  }
  Node node{.code = static_cast<std::uint8_t>(*code), .tlv = nullptr, .wide = wide_here(frame, static_cast<std::uint8_t>(*code)), .at = keyword.at};
  const bool all_forms = report_.native() || !frame.generic;
  if (all_forms && at(TokenKind::open)) return generic_block(frame, keyword, std::move(node));

  std::string_view shown = "TlvValue";
  std::optional<ValueSpec> spec;
  if (current_.is_word("TlvLength")) {
    spec = generic_octets(node.wide);
  } else if (current_.is_word("TlvType")) {
    spec = generic_typed(shown);
  } else if (all_forms && (current_.is_word("TlvString") || current_.is_word("TlvStringZero"))) {
    const bool zero = current_.text == "TlvStringZero";
    shown = zero ? "TlvStringZero" : "TlvString";
    advance();
    spec = ValueSpec{.row = {.path = "", .name = shown, .kind = zero ? Kind::strz : Kind::str}, .prefix = {}, .snmp = {}};
  } else {
    unexpected(all_forms ? "TlvLength, TlvString, TlvStringZero, TlvType or '{'" : "TlvLength or TlvType", std::string(kForms));
    recover();
  }
  if (!spec) return;
  const auto value = take_value({.kind = TokenKind::word, .at = keyword.at, .text = shown}, "a value");
  if (value) leaf(frame, std::move(node), std::move(*spec), *value);
}

// Keywords in it mean what they mean below that code, where the table has it.
void Parser::generic_block(Frame& frame, const Token& keyword, Node node) {
  const Tlv* row = frame.at_home ? find_code(frame.row, node.code) : nullptr;
  if (row != nullptr && !row->nests()) row = nullptr;
  block(frame, keyword, std::move(node),
        {.row = row, .name = keyword.text, .nodes = nullptr, .at_home = row != nullptr, .known = row != nullptr, .generic = true, .depth = frame.depth + 1});
}

}  // namespace coaxd::docsis
