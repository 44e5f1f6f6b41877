#include "docsis/snmp_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "docsis/literal.h"
#include "server/base/did_you_mean.h"

namespace coaxd::docsis {
namespace {

using Form = SnmpWord::Form;
constexpr std::uint64_t k32 = 0xffff'ffff, k64 = ~std::uint64_t{0};

constexpr std::array kWords{
    SnmpWord{"Integer", SnmpType::integer, Form::integer, false, 0},
    SnmpWord{"Unsigned32", SnmpType::gauge32, Form::unsigned_number, false, k32},
    SnmpWord{"Gauge", SnmpType::gauge32, Form::unsigned_number, false, k32},
    SnmpWord{"Gauge32", SnmpType::gauge32, Form::unsigned_number, false, k32},
    SnmpWord{"Counter32", SnmpType::counter32, Form::unsigned_number, false, k32},
    SnmpWord{"Counter64", SnmpType::counter64, Form::unsigned_number, true, k64},
    SnmpWord{"TimeTicks", SnmpType::time_ticks, Form::ticks, false, k32},
    SnmpWord{"IPAddress", SnmpType::ip_address, Form::ip4, false, 0},
    SnmpWord{"String", SnmpType::octet_string, Form::string, false, 0},
    SnmpWord{"HexString", SnmpType::octet_string, Form::hex, false, 0},
    SnmpWord{"BitString", SnmpType::octet_string, Form::bits, true, 0},
    SnmpWord{"ObjectID", SnmpType::object_id, Form::object_id, false, 0},
};

struct Reading {
  const SnmpTarget& target;
  const Token& token;
  const MibNames& mibs;
  Report& report;
  Octets& contents;

  bool error(Cause cause, std::string message, std::string mend = {}) const {
    report.error(cause, token.at, std::move(message), std::move(mend));
    return false;
  }
  bool wrong(std::string_view what, std::string_view example) const {  // the utility's grammar knows which token follows which type
    wrong_kind(Cause::grammar, target.word->word, what, example, token, report);
    return false;
  }
  void forbidden(std::string message, std::string mend) const {
    report.warning(token.at, fmt::format("{}: {}", target.object->name, message), std::move(mend));
  }
};

std::string labels_of(const MibObject& object) {
  constexpr std::size_t kMost = 12;
  std::string text;
  for (const MibEnum& each : object.enums.first(std::min(object.enums.size(), kMost)))
    fmt::format_to(std::back_inserter(text), "{}{}({})", text.empty() ? "" : " ", each.label, each.value);
  return object.enums.size() > kMost ? text + " ..." : text;
}

// The number that a label stands for; nothing: told.
std::optional<std::int32_t> labelled(std::string_view label, const Reading& r) {
  const std::optional<MibObject>& object = r.target.object;
  if (!object || object->enums.empty()) {
    r.error(Cause::value, fmt::format("{} has no label {} that is known here", r.target.written, label), "write the number");
    return std::nullopt;
  }
  const auto found = std::ranges::find(object->enums, label, &MibEnum::label);
  if (found != object->enums.end()) return found->value;
  std::vector<std::string_view> known;
  for (const MibEnum& each : object->enums) known.push_back(each.label);
  const std::string_view near = did_you_mean(label, known);
  r.error(Cause::value, fmt::format("{} has no label {}", object->name, label), near.empty() ? labels_of(*object) : fmt::format("did you mean {}?", near));
  return std::nullopt;
}

void check_number(std::int64_t value, const Reading& r) {
  const std::optional<MibObject>& object = r.target.object;
  if (!r.report.native() || !object || object->type != r.target.word->type) return;
  if (!object->enums.empty()) {
    if (std::ranges::find(object->enums, value, [](const MibEnum& each) { return std::int64_t{each.value}; }) == object->enums.end())
      r.forbidden(fmt::format("no label has the value {}: {}", value, labels_of(*object)), "write one of them");
  } else if (!allows(*object, value)) {
    r.forbidden(fmt::format("{} is not {}", value, allowed_text(*object)), "write a number in that range");
  }
}

bool integer(const Reading& r) {
  std::int64_t value = 0;
  if (r.report.native() && r.token.is(TokenKind::word)) {
    const auto number = labelled(r.token.text, r);
    if (!number) return false;
    value = *number;
  } else {
    if (!r.token.is(TokenKind::integer)) return r.wrong(r.report.native() ? "a number or a label" : "a number", "1");
    const Number number = number_of(r.token.text);
    const auto fits = number.within(INT32_MIN, INT32_MAX);
    if (!fits && r.report.native())
      return r.error(Cause::range, fmt::format("Integer is -2147483648 to 2147483647, not {}", r.token.text),
                     number.within(0, k32) ? fmt::format("write {}, or type Unsigned32", static_cast<std::int32_t>(number.wrapped())) : "32 bits, with a sign");
    value = fits ? *fits : static_cast<std::int32_t>(number.wrapped());
    check_number(value, r);
  }
  append_integer(value, r.contents);
  return true;
}

bool unsigned_number(const Reading& r) {
  if (!r.token.is(TokenKind::integer)) return r.wrong("a number", "1");
  const Number number = number_of(r.token.text);
  std::uint64_t value = number.magnitude;
  if (!r.report.native()) {
    value = number.wrapped();
  } else if (number.negative || number.huge || value > r.target.word->highest) {
    return r.error(Cause::range, fmt::format("{} is 0 to {}, not {}", r.target.word->word, r.target.word->highest, r.token.text),
                   number.negative ? "the lowest is 0" : fmt::format("the highest is {}", r.target.word->highest));
  }
  if (value <= INT64_MAX) check_number(static_cast<std::int64_t>(value), r);
  append_unsigned(value, r.contents);
  return true;
}

// days:hours:minutes:seconds.hundredths
bool ticks(const Reading& r) {
  if (!r.report.native() || !r.token.is(TokenKind::ticks)) return unsigned_number(r);
  constexpr std::array<std::uint64_t, 5> kUnits{24 * 60 * 60 * 100, 60 * 60 * 100, 60 * 100, 100, 1};
  std::uint64_t total = 0;
  std::string_view rest = r.token.text;
  for (const std::uint64_t unit : kUnits) {
    const std::size_t end = std::min(rest.find_first_of(":."), rest.size());
    const Number number = number_of(rest.substr(0, end));
    if (number.huge || number.magnitude > k32)
      return r.error(Cause::range, fmt::format("TimeTicks is up to 497 days, not {}", r.token.text), "hundredths of a second, 32 bits of them");
    total += number.magnitude * unit;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (total > k32) return r.error(Cause::range, fmt::format("TimeTicks is up to 497 days, not {}", r.token.text), "hundredths of a second, 32 bits of them");
  append_unsigned(total, r.contents);
  return true;
}

bool address(const Reading& r) {
  if (!r.token.is(TokenKind::ip4)) return r.wrong("an IPv4 address", "192.0.2.1");
  return read_ip4(r.token.text, r.token.at, r.report, r.contents);
}

bool right_size(const Reading& r) {
  const std::optional<MibObject>& object = r.target.object;
  if (!object || object->type != SnmpType::octet_string || object->bits) return true;
  if (allows(*object, static_cast<std::int64_t>(r.contents.size()))) return true;
  return r.error(Cause::value, fmt::format("{} has {} octet{}, not {}", object->name, allowed_text(*object), allowed_text(*object) == "1" ? "" : "s", r.contents.size()),
                 r.contents.empty() ? "leave the statement away, or say something" : "make it as long");
}

bool string(const Reading& r) {
  if (!r.token.is(TokenKind::string)) return r.wrong("a text in quotes", "\"text\"");
  return read_string(r.token, r.report, r.contents) && right_size(r);
}
bool hex(const Reading& r) {
  if (!r.token.is(TokenKind::hex)) return r.wrong("hexadecimal octets", "0x0102");
  return read_hex(r.target.word->word, r.token, r.report, r.contents) && right_size(r);
}

bool object_id(const Reading& r) {
  const std::optional<Oid> oid = read_oid(r.token, true, r.mibs, r.report);
  if (!oid) return false;
  auto octets = ber_contents(*oid);
  if (!octets) return r.error(Cause::value, fmt::format("{} cannot be written in BER", r.token.text), "the first number is 0 to 2, the second 0 to 39");
  r.contents = std::move(*octets);
  return true;
}

// RFC 3417 §8: bit 0 is the first octet's highest; octets without a one at the end are left away, which old firmware with fewer labels understands too.
bool bits(const Reading& r) {
  if (!r.token.is(TokenKind::word) && !r.token.is(TokenKind::word_list)) {
    const bool is_hex = r.token.is(TokenKind::hex);
    wrong_kind(Cause::grammar, "BitString", "the labels of the bits, without blanks", "label,label", r.token, r.report);
    if (is_hex && r.report.problems().size() > 0)
      r.report.problems().back().mend = "write HexString " + std::string(r.token.text) + ";, or BitString and labels";
    return false;
  }
  if (r.target.object && !r.target.object->bits)
    return r.error(Cause::value, fmt::format("{} is not BITS in its MIB", r.target.object->name), "write its type");
  constexpr std::int32_t kMostBits = 1024;
  r.contents.assign(1, 0);
  for (std::string_view rest = r.token.text; !rest.empty();) {
    const auto bit = labelled(take_item(rest), r);
    if (!bit || *bit < 0 || *bit >= kMostBits) return false;
    const auto octet = static_cast<std::size_t>(*bit / 8);
    if (r.contents.size() <= octet) r.contents.resize(octet + 1);
    r.contents[octet] = static_cast<std::uint8_t>(r.contents[octet] | (0x80 >> (*bit % 8)));
  }
  return true;
}

// By SnmpWord::Form.
constexpr std::array<bool (*)(const Reading&), 8> kReaders{integer, unsigned_number, ticks, address, string, hex, object_id, bits};

std::string_view name_of(SnmpType type) noexcept {
  const auto found = std::ranges::find(kWords, type, &SnmpWord::type);
  return found == kWords.end() ? "Opaque" : found->word;
}

}  // namespace

const SnmpWord* find_snmp_word(std::string_view word, Dialect dialect) noexcept {
  const auto found = std::ranges::find(kWords, word, &SnmpWord::word);
  return found == kWords.end() || (found->native_only && dialect != Dialect::native) ? nullptr : &*found;
}

std::string snmp_word_mend(std::string_view wrong, Dialect dialect) {
  std::vector<std::string_view> words;
  for (const SnmpWord& each : kWords)
    if (!each.native_only || dialect == Dialect::native) words.push_back(each.word);
  const std::string_view near = did_you_mean(wrong, words);
  return near.empty() ? fmt::format("one of {}", fmt::join(words, ", ")) : fmt::format("did you mean {}?", near);
}

bool read_contents(const SnmpTarget& target, const Token& token, const MibNames& mibs, Report& report, Octets& contents) {
  contents.clear();
  const Reading reading{target, token, mibs, report, contents};
  if (report.native() && target.object && target.object->type != target.word->type)
    reading.forbidden(fmt::format("its type is {}, not {}", name_of(target.object->type), target.word->word),
                      fmt::format("write {} {} and a value", target.written, name_of(target.object->type)));
  return kReaders[static_cast<std::size_t>(target.word->form)](reading);
}

}  // namespace coaxd::docsis
