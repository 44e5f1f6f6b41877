#include <fmt/format.h>

#include <algorithm>

#include "docsis/binary.h"
#include "docsis/file.h"

namespace coaxd::docsis {
namespace {

bool is_vendor_identifier(const Node& node) noexcept { return node.tlv != nullptr && node.tlv->name == "VendorIdentifier"; }
// MULPI 3.0 C.1.1.18: below the OUI ffffff are CableLabs' own TLVs, those of our rows.
bool is_cablelabs(Bytes oui) noexcept { return oui.size() == 3 && oui[0] == 0xff && oui[1] == 0xff && oui[2] == 0xff; }

// Fills `nodes` with the TLVs of `octets`, which stand below `parent`. False: they cannot be read as such.
// Recursion ends where the rows do.
bool read_nested(Bytes octets, const Tlv& parent, std::vector<Node>& nodes);

// The value as its row says, the first of its place that it fits; octets when none does.
void read_value(Node& node, const Tlv* row, Bytes value) {
  node.tlv = row;
  for (; row != nullptr; row = same_place(*row)) {
    if (row->nests()) {
      if (read_nested(value, *row, node.children)) {
        node.tlv = row;
        node.block = true;
        return;
      }
      node.children.clear();
    } else if (const std::size_t octets = width(row->kind); octets == 0 || octets == value.size()) {
      node.tlv = row;
      break;
    }
  }
  node.value.assign(value.begin(), value.end());
}

bool read_nested(Bytes octets, const Tlv& parent, std::vector<Node>& nodes) {
  bool vendors_own = false;
  for (std::size_t at = 0; at < octets.size();) {
    const std::uint8_t code = octets[at];
    const Tlv* const row = vendors_own ? nullptr : find_code(&parent, code);
    const bool wide = row != nullptr && row->two_octet_length();
    const std::size_t header = wide ? 3 : 2;
    if (octets.size() - at < header) return false;
    const std::size_t size = wide ? load_be16(&octets[at + 1]) : octets[at + 1];
    if (octets.size() - at - header < size) return false;
    const Bytes value = octets.subspan(at + header, size);
    Node& node = nodes.emplace_back();
    node.code = code;
    node.wide = wide;
    read_value(node, row, value);
    if (is_vendor_identifier(node) && !is_cablelabs(value)) vendors_own = true;
    at += header + size;
  }
  return true;
}

// The row of a TLV at top level. In an MTA file, 64 is 11 with a longer length (PKT-SP-PROV1.5 §9.1).
const Tlv* top_row(std::uint8_t code, FileKind kind) noexcept {
  return find_code(nullptr, kind == FileKind::mta && code == kLongVarbindCode ? kVarbindCode : code);
}

std::string name_of(std::uint8_t code, FileKind kind) {
  const Tlv* const row = top_row(code, kind);
  return row != nullptr ? fmt::format("TLV {} ({})", code, row->name) : fmt::format("TLV {}", code);
}

class Decoder {
 public:
  Decoder(Bytes file, std::string_view name) : file_(file), name_(name) {}

  std::expected<Decoded, Problems> run() {
    Document& document = decoded_.document;
    document.kind = is_mta(file_) ? FileKind::mta : FileKind::modem;
    const auto length64 = document.kind == FileKind::mta ? Length64::two_octets : Length64::one_octet;
    std::size_t at = 0;
    for (Item item; next_item(file_, at, length64, item);) read(item);
    if (at == file_.size()) {
      if (document.kind == FileKind::modem) warn(at, "there is no end marker (FF)", "a modem needs one");
      return std::move(decoded_);
    }
    if (file_[at] != kEndCode) return cut_off(at, length64);
    document.ended = true;
    return read_tail(at + 1);
  }

 private:
  void read(const Item& item) {
    Node& node = decoded_.document.nodes.emplace_back();
    node.code = item.code;
    node.wide = item.header == 3;
    read_value(node, top_row(item.code, decoded_.document.kind), file_.subspan(item.at + item.header, item.size - item.header));
    if (item.code == kPadCode && !told_of_pad_) {
      told_of_pad_ = true;
      warn(item.at, "a pad (00) in front of the end marker", "padding belongs behind FF");
    }
  }

  std::expected<Decoded, Problems> read_tail(std::size_t at) {
    const auto begin = file_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto junk = std::find_if(begin, file_.end(), [](std::uint8_t octet) { return octet != kPadCode; });
    if (junk != file_.end())
      return fail(static_cast<std::size_t>(junk - file_.begin()), fmt::format("{:02x} behind the end marker (FF), where only padding (00) may stand", *junk),
                  "cut the file there, or take the end marker out");
    decoded_.document.tail.assign(begin, file_.end());
    return std::move(decoded_);
  }

  std::expected<Decoded, Problems> cut_off(std::size_t at, Length64 length64) {
    const std::uint8_t code = file_[at];
    const bool wide = (code == kLongVarbindCode && length64 == Length64::two_octets) || wide_at_top(code);
    const std::size_t header = wide ? 3 : 2, left = file_.size() - at;
    constexpr std::string_view kMend = "the file is cut off, or is no configuration file";
    if (left < header) return fail(at, fmt::format("{} ends within its length", name_of(code, decoded_.document.kind)), std::string(kMend));
    const std::size_t size = wide ? load_be16(&file_[at + 1]) : file_[at + 1];
    return fail(at, fmt::format("{} says that {} octets follow, and there are {}", name_of(code, decoded_.document.kind), size, left - header), std::string(kMend));
  }

  void warn(std::size_t at, std::string message, std::string mend) {
    decoded_.warnings.push_back(
        {.severity = Severity::warning, .cause = Cause::none, .file = std::string(name_), .offset = at, .message = std::move(message), .mend = std::move(mend)});
  }
  std::expected<Decoded, Problems> fail(std::size_t at, std::string message, std::string mend) {
    Problems problems = std::move(decoded_.warnings);
    problems.push_back({.file = std::string(name_), .offset = at, .message = std::move(message), .mend = std::move(mend)});
    return std::unexpected(std::move(problems));
  }

  Bytes file_;
  std::string_view name_;
  Decoded decoded_;
  bool told_of_pad_ = false;
};

}  // namespace

std::expected<Decoded, Problems> decode(Bytes file, std::string_view name) { return Decoder(file, name).run(); }

}  // namespace coaxd::docsis
