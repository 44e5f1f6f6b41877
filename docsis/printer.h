// printer.h: walks a Document and writes it as text. print() is the whole file; diff and the command's listing take single TLVs. One thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "docsis/text.h"

namespace coaxd::docsis {

// block: as in a file, one line each, indented by tabs. line: all of a TLV behind one another, for diff.
enum class Layout : std::uint8_t { block, line };

class Printer {
 public:
  Printer(FileKind kind, const PrintOptions& options, Layout layout = Layout::block) : kind_(kind), options_(options), layout_(layout) {}

  void open();   // Main {
  void nodes(std::span<const Node> nodes);
  void end(const Document& document);  // the end marker and what is behind it
  void close();  // }

  void node(const Node& node);
  std::string take() { return std::move(out_); }

 private:
  bool has_name(const Node& node) const noexcept;
  void block(const Node& node);
  bool leaf(const Node& node);           // false: it has no form of its own, so it is generic
  bool varbind(const Node& node, std::string_view keyword);
  void generic(std::uint8_t code, Bytes value);
  void start_line();
  void end_line();

  FileKind kind_;
  const PrintOptions& options_;
  Layout layout_;
  int depth_ = 0;
  // Inside a vendor's block nothing has a name but VendorIdentifier. As in the utility it lasts until any block ends.
  bool foreign_ = false;
  std::string out_;
};

// The row by whose keyword a decoder prints the node; null: none. (Keywords that read a file have a twin for its octets.)
const Tlv* printed_row(const Node& node, FileKind kind) noexcept;
// `node` is a varbind in this file: TLV 11, those of eSAFEs, and in MTA files also TLV 64.
bool is_varbind(const Node& node, FileKind kind) noexcept;

}  // namespace coaxd::docsis
