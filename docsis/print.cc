// printer.h and print() of text.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "docsis/binary.h"
#include "docsis/file.h"
#include "docsis/lexer.h"
#include "docsis/printer.h"
#include "docsis/report.h"
#include "docsis/value.h"
#include "docsis/value_text.h"
#include "docsis/varbind.h"
#include "docsis/varbind_text.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kVendorIdentifier = 8;
constexpr std::uint8_t kCableLabs[] = {0xff, 0xff, 0xff};  // "vendor" of the extension field, MULPI 3.0 C.1.1.18

Octets value_of(const Node& node) {
  if (!node.block) return node.value;
  Octets value;
  for (const Node& child : node.children) append(child, value);
  return value;
}

bool holds_text(Bytes value, Dialect dialect) noexcept {
  if (!is_printable(value)) return false;
  return dialect == Dialect::utility || (can_be_quoted(value) && std::ranges::find(value, '"') == value.end());
}

// Whether parse() makes the same octets of what is written for them.
bool can_be_read_again(const Tlv& row, Bytes value) {
  if (row.kind == Kind::md5) return true;  // in a comment
  if (row.kind == Kind::oid_u8) return value.back() <= 1;  // two tokens
  std::string text;
  append_value(row.kind, value, Dialect::native, text);
  Report report(Dialect::native);
  Lexer lexer(text, report);
  const Token token = lexer.next();
  Octets octets;
  return !token.variables && read_value(row, token, no_mibs(), report, octets) && lexer.next().is(TokenKind::end) && report.errors() == 0 && equal(octets, value);
}

// The same of a varbind: its lengths and its TLV are those that parse() writes, and a string has the size that its object asks for.
bool can_be_read_again(const Varbind& varbind, const Node& node, const MibNames& mibs) {
  if (encode(varbind, LengthForm::compatible) != node.value || node.wide != (node.value.size() > most_octets(false))) return false;
  if (varbind.type != SnmpType::octet_string) return true;
  return std::ranges::all_of(std::array{&mibs, &built_in_mibs()}, [&](const MibNames* each) {  // no_mibs() says nothing
    const auto object = each->object(varbind.name);
    return !object || object->type != SnmpType::octet_string || object->bits || allows(*object, static_cast<std::int64_t>(varbind.contents.size()));
  });
}

}  // namespace

const Tlv* printed_row(const Node& node, FileKind kind) noexcept {
  if (kind == FileKind::mta && node.code == kLongVarbindCode) return find_code(nullptr, kVarbindCode);
  if (node.tlv == nullptr || node.tlv->kind != Kind::file) return node.tlv;
  const Tlv* twin = find_code(nullptr, node.code);
  return twin != nullptr && twin->kind != Kind::file ? twin : nullptr;
}

bool is_varbind(const Node& node, FileKind kind) noexcept {
  if (node.block || node.unknown) return false;
  if (node.tlv != nullptr && (node.tlv->kind == Kind::varbind || node.tlv->kind == Kind::digitmap)) return true;
  return kind == FileKind::mta && node.code == kLongVarbindCode && node.wide;
}

void Printer::start_line() {
  if (layout_ == Layout::block)
    out_.append(static_cast<std::size_t>(depth_), '\t');
  else if (!out_.empty())
    out_ += ' ';
}

void Printer::end_line() {
  if (layout_ == Layout::block) out_ += '\n';
}

void Printer::open() {
  out_ += "Main \n{\n";
  ++depth_;
}

void Printer::close() { out_ += "}\n"; }

void Printer::nodes(std::span<const Node> nodes) {
  for (const Node& each : nodes) node(each);
}

// The utility takes FF and the octet behind it for a TLV, then two pads at a time.
void Printer::end(const Document& document) {
  if (!document.ended) return;
  out_ += "\t/*EndOfDataMkr*/\n";
  for (std::size_t pair = 0; pair < document.tail.size() / 2; ++pair) out_ += "\t/* Pad */\n";
}

bool Printer::has_name(const Node& node) const noexcept {
  if (node.tlv == nullptr) return is_varbind(node, kind_);
  return options_.dialect == Dialect::native || node.tlv->utility == Utility::knows;
}

void Printer::node(const Node& node) {
  if (is_pad(node)) {
    start_line();
    out_ += "/* Pad */";
    end_line();
    return;
  }
  if (foreign_ || !has_name(node))
    generic(node.code, value_of(node));
  else if (node.block)
    block(node);
  else if (!leaf(node))
    generic(node.code, node.value);
}

void Printer::block(const Node& node) {
  if (node.children.empty() && options_.dialect == Dialect::native) return generic(node.code, {});  // `Keyword { }` is no text
  start_line();
  out_ += node.tlv->name;
  end_line();
  start_line();
  out_ += '{';
  end_line();
  ++depth_;
  nodes(node.children);
  --depth_;
  start_line();
  out_ += '}';
  end_line();
  foreign_ = false;
}

bool Printer::leaf(const Node& node) {
  const Tlv* row = printed_row(node, kind_);
  if (row == nullptr) return false;
  if (is_varbind(node, kind_)) return varbind(node, row->kind == Kind::varbind ? row->name : "SnmpMibObject");
  if (!fits(row->kind, node.value) || (options_.dialect == Dialect::native && !can_be_read_again(*row, node.value))) return false;

  start_line();
  const bool computed = row->kind == Kind::md5;
  out_ += computed ? "/* " : "";
  out_ += row->name;
  out_ += ' ';
  append_value(row->kind, node.value, options_.dialect, out_);
  out_ += computed ? "; */" : ";";
  end_line();
  if (node.code == kVendorIdentifier && row->name == "VendorIdentifier" && !equal(node.value, kCableLabs)) foreign_ = true;
  return true;
}

bool Printer::varbind(const Node& node, std::string_view keyword) {
  const auto text = varbind_text(node.value, options_);
  if (!text || text->varbind.type == SnmpType::opaque) return false;  // the grammar has no Opaque
  if (options_.dialect == Dialect::native && !can_be_read_again(text->varbind, node, *options_.mibs)) return false;
  const auto sink = std::back_inserter(out_);
  start_line();
  const bool digit_map = text->varbind.type == SnmpType::octet_string && std::ranges::equal(text->varbind.name, digit_map_oid());
  if (digit_map && options_.dialect == Dialect::utility) {
    out_ += "DigitMap \"dialplan_output.txt\"; /* file created. */";
  } else {
    const bool hidden = options_.hide_hash && kind_ == FileKind::mta && is_mta_hash(text->varbind.name);
    fmt::format_to(sink, "{}{} {} {} ", hidden ? "/* " : "", keyword, text->name, text->type);
    if (!text->should_be.empty() && options_.dialect == Dialect::utility) fmt::format_to(sink, "Wrong Type (should be {}): ", text->should_be);
    fmt::format_to(sink, "{};", text->value);
    if (!text->label.empty()) fmt::format_to(sink, " /* {} */", text->label);
    if (hidden) out_ += " */";
  }
  end_line();
  return true;
}

void Printer::generic(std::uint8_t code, Bytes value) {
  const Bytes before_nul = value.empty() ? value : value.first(value.size() - 1);
  const auto sink = std::back_inserter(out_);
  start_line();
  fmt::format_to(sink, "GenericTLV TlvCode {} ", code);
  if (value.size() > 1 && holds_text(value, options_.dialect)) {
    fmt::format_to(sink, "TlvString \"{}\"; /* tlv length = {} */", as_text(value), value.size());
  } else if (value.size() > 1 && value.back() == 0 && holds_text(before_nul, options_.dialect)) {
    fmt::format_to(sink, "TlvStringZero \"{}\"; /* tlv length = {} */", as_text(before_nul), value.size());
  } else if (value.empty() && options_.dialect == Dialect::native) {
    out_ += "TlvString \"\";";  // 0x needs a digit
  } else {
    fmt::format_to(sink, "TlvLength {} TlvValue 0x", value.size());
    append_hex(value, out_);
    out_ += ';';
  }
  end_line();
}

std::string print(const Document& document, const PrintOptions& options) {
  Printer printer(document.kind, options);
  printer.open();
  printer.nodes(document.nodes);
  printer.end(document);
  printer.close();
  return printer.take();
}

}  // namespace coaxd::docsis
