// SnmpMibObject NAME Type VALUE; and SnmpWriteControl NAME 0|1;
#include <fmt/format.h>

#include "docsis/file.h"
#include "docsis/literal.h"
#include "docsis/parser.h"

namespace coaxd::docsis {

// The token that should be a name. Nothing: told, and recovered.
std::optional<Token> Parser::take_name(const Token& keyword) {
  const bool address = at(TokenKind::ip4);  // four numbers: read_oid() tells it where it is wrong
  if (at(TokenKind::oid) || address || (at(TokenKind::word) && report_.native())) {
    const Token name = take();
    if (!address || report_.native()) return name;
    (void)read_oid(name, true, *options_.mibs, report_);
    return std::nullopt;
  }
  if (at(TokenKind::variable))
    report_.error(Cause::grammar, current_.at, fmt::format("the name of {} cannot hold a variable", keyword.text), "write it out; a value can");
  else unexpected(fmt::format("the name of an object behind {}", keyword.text), fmt::format("write {} sysContact.0 ...", keyword.text));
  recover();
  return std::nullopt;
}

void Parser::snmp_object(Frame& frame, const Token& keyword, Node node, const Tlv& row) {
  const auto name = take_name(keyword);
  if (!name) return;
  const SnmpWord* word = at(TokenKind::word) ? find_snmp_word(current_.text, report_.dialect()) : nullptr;
  if (word == nullptr) {
    const bool reserved = at(TokenKind::word) && is_grammar_word(current_.text, report_.dialect());
    const std::string mend = snmp_word_mend(at(TokenKind::word) ? current_.text : std::string_view{}, report_.dialect());
    if (at(TokenKind::word) && !reserved && report_.native())
      report_.error(Cause::value, current_.at, fmt::format("{} is no type of a value", current_.text), mend);
    else unexpected("a type", mend);
    return recover();
  }
  advance();
  const auto value = take_value(keyword, "a value");
  if (!value) return;

  auto oid = read_oid(*name, false, *options_.mibs, report_);
  if (!oid) return;
  auto contents = ber_contents(*oid);
  if (!contents)
    return report_.error(Cause::value, name->at, fmt::format("{} cannot be written in BER", name->text),
                         "the first number is 0 to 2, the second 0 to 39, and there are up to 128");
  SnmpTarget target{.word = word, .name = std::move(*oid), .written = std::string(name->text), .object = {}};
  target.object = options_.mibs->object(target.name);
  leaf(frame, std::move(node), {.row = row, .prefix = std::move(*contents), .snmp = std::move(target)}, *value);
}

// A varbind that one octet of length cannot say goes into TLV 64, which has two: right in an MTA's file (PKT-SP-PROV1.5 §9.1), static multicast in a modem's.
void Parser::add_varbind(Frame& frame, Node node, Octets octets) {
  const bool native = report_.native();
  if (!native && octets.size() > 2 && octets[1] >= 0x80 && octets[1] == (octets.size() - 2) % 256)
    report_.warning(node.at, fmt::format("SnmpMibObject has {} octets, of which its length in BER says something else", octets.size()),
                    "only strings may be this long in this dialect");
  if (octets.size() > most_octets(node.wide)) {
    const bool top = frame.nodes == &document_.nodes;
    if (octets.size() > most_octets(true))
      return report_.error(Cause::value, node.at, fmt::format("SnmpMibObject has {} octets, a TLV at most {}", octets.size(), most_octets(true)), "shorten the value");
    if (native && !(top && document_.kind == FileKind::mta))
      return report_.error(Cause::value, node.at, fmt::format("SnmpMibObject has {} octets, a TLV at most {}", octets.size(), most_octets(false)),
                           "shorten the value, or set the object in parts; only MTA files have longer ones");
    node.code = kLongVarbindCode;
    node.wide = true;
    if (!(top && document_.kind == FileKind::mta)) node.tlv = nullptr;
  }
  node.value = std::move(octets);
  add(frame, std::move(node));
}

void Parser::write_control(Frame& frame, const Token& keyword, Node node, const Tlv& row) {
  const auto name = take_name(keyword);
  if (!name) return;
  if (!at(TokenKind::integer) && !at(TokenKind::variable)) {
    unexpected("0 or 1", fmt::format("write {} {} 0; to allow writing, 1 to deny it", keyword.text, name->text));
    return recover();
  }
  const auto value = take_value(keyword, "0 or 1");
  if (!value) return;
  auto oid = read_oid(*name, true, *options_.mibs, report_);
  if (!oid) return;
  const auto contents = ber_contents(*oid);
  if (!contents || contents->size() > 127)
    return report_.error(Cause::value, name->at, fmt::format("{} cannot be written in BER", name->text), "the first number is 0 to 2, the second 0 to 39");
  ValueSpec spec{.row = {.path = row.path, .name = row.name, .kind = Kind::u8, .bounded = report_.native(), .min = 0, .max = 1}, .prefix = {}, .snmp = {}};
  spec.prefix.reserve(2 + contents->size());
  spec.prefix.push_back(static_cast<std::uint8_t>(SnmpType::object_id));
  spec.prefix.push_back(static_cast<std::uint8_t>(contents->size()));
  spec.prefix.insert(spec.prefix.end(), contents->begin(), contents->end());
  leaf(frame, std::move(node), std::move(spec), *value);
}

}  // namespace coaxd::docsis
