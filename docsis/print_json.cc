// print_json() of text.h: one TLV a line, those in a block indented. Numbers are numbers, lists are lists, and what has no better form is "hex".
#include <fmt/format.h>

#include <iterator>
#include <span>

#include "docsis/binary.h"
#include "docsis/json.h"
#include "docsis/printer.h"
#include "docsis/value_text.h"
#include "docsis/varbind_text.h"

namespace coaxd::docsis {
namespace {

class JsonPrinter {
 public:
  JsonPrinter(FileKind kind, const PrintOptions& options) : kind_(kind), options_(options) {}

  void nodes(std::span<const Node> nodes) {
    for (const Node& each : nodes) {
      separate();
      node(each);
    }
  }
  void marker(std::uint8_t code, std::string_view name) {
    separate();
    fmt::format_to(sink(), R"({{"code": {}, "name": "{}"}})", code, name);
  }
  void open() {
    out_ += '[';
    ++depth_;
  }
  void close() {
    --depth_;
    if (!first_) new_line();
    first_ = false;
    out_ += ']';
  }
  std::string take() { return std::move(out_); }

 private:
  std::back_insert_iterator<std::string> sink() { return std::back_inserter(out_); }
  void new_line() {
    out_ += '\n';
    out_.append(2 * static_cast<std::size_t>(depth_), ' ');
  }
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
    new_line();
  }

  void node(const Node& node) {
    const Tlv* row = printed_row(node, kind_);
    fmt::format_to(sink(), R"({{"code": {})", node.code);
    if (row != nullptr) fmt::format_to(sink(), R"(, "name": "{}")", row->name);
    if (node.block) {
      out_ += R"(, "tlvs": )";
      open();
      first_ = true;
      nodes(node.children);
      close();
    } else if (!(is_varbind(node, kind_) && varbind(node)) && !(row != nullptr && leaf(row->kind, node.value))) {
      hex(node.value);
    }
    out_ += '}';
  }

  void hex(Bytes value) {
    out_ += R"(, "hex": ")";
    append_hex(value, out_);
    out_ += '"';
  }

  bool varbind(const Node& node) {
    const auto text = varbind_text(node.value, options_);
    if (!text) return false;
    fmt::format_to(sink(), R"(, "oid": "{}", "object": )", to_text(text->varbind.name));
    append_json(text->name, out_);
    fmt::format_to(sink(), R"(, "type": "{}", "value": )", text->type);
    const SnmpType type = text->varbind.type;
    if (text->type == "String")
      append_json(as_text(text->varbind.contents), out_);
    else if (type == SnmpType::octet_string || type == SnmpType::opaque || type == SnmpType::ip_address || type == SnmpType::object_id)
      append_json(text->value, out_);
    else
      out_ += text->value;
    if (!text->label.empty()) {
      out_ += R"(, "label": )";
      append_json(text->label, out_);
    }
    return true;
  }

  bool leaf(Kind kind, Bytes value) {
    if (!fits(kind, value)) return false;
    const auto quoted = [&](Bytes text) {
      if (!is_utf8(as_text(text))) return false;
      out_ += R"(, "value": )";
      append_json(as_text(text), out_);
      return true;
    };
    std::string text;
    switch (kind) {
      case Kind::pad: case Kind::end: return true;
      case Kind::str: return quoted(value);
      case Kind::strz: return quoted(value.first(value.size() - 1));
      case Kind::u8: case Kind::u16: case Kind::u24: case Kind::u32:
        append_value(kind, value, Dialect::native, text);
        fmt::format_to(sink(), R"(, "value": {})", text);
        return true;
      case Kind::u8_list: case Kind::u16_list: case Kind::u16_pair:
        append_value(kind, value, Dialect::native, text);
        fmt::format_to(sink(), R"(, "value": [{}])", text);
        return true;
      case Kind::ip4_list: case Kind::ip6_list: case Kind::prefix6_list:
        append_value(kind, value, Dialect::native, text);
        for (std::size_t comma = text.find(','); comma != text.npos; comma = text.find(',', comma + 4)) text.replace(comma, 1, R"(", ")");
        fmt::format_to(sink(), R"(, "value": ["{}"])", text);
        return true;
      case Kind::oid_u8:
        fmt::format_to(sink(), R"(, "oid": "{}", "value": {})", to_text(*oid_of_value(value, 1)), value.back());
        return true;
      case Kind::hex: case Kind::opaque: case Kind::hex16: case Kind::file: case Kind::md5: case Kind::varbind: case Kind::digitmap: return false;
      default:
        out_ += R"(, "value": )";
        append_value(kind, value, Dialect::native, text);
        append_json(kind == Kind::empty ? std::string_view{} : std::string_view(text), out_);
        return true;
    }
  }

  FileKind kind_;
  const PrintOptions& options_;
  int depth_ = 0;
  bool first_ = true;
  std::string out_;
};

}  // namespace

std::string print_json(const Document& document, const PrintOptions& options) {
  JsonPrinter printer(document.kind, options);
  printer.open();
  printer.nodes(document.nodes);
  if (document.ended) {
    printer.marker(255, "EndOfDataMkr");
    for (std::size_t pad = 0; pad < document.tail.size(); ++pad) printer.marker(0, "Pad");
  }
  printer.close();
  return printer.take() + '\n';
}

}  // namespace coaxd::docsis
