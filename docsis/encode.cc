#include <fmt/format.h>

#include <algorithm>

#include "docsis/binary.h"
#include "docsis/file.h"
#include "server/base/assert.h"

namespace coaxd::docsis {
namespace {

// MULPI 3.0 Annex C: values of 1 to 254 octets. 255 is beyond the rule, but files that hold it exist, and what was read is written again.
constexpr std::size_t kMostOctets = 255, kMostOctetsWide = 65535;
constexpr std::size_t kPiece = 254, kPieceWide = 65533;

std::string name_of(const Node& node) { return node.tlv != nullptr ? std::string(node.tlv->name) : fmt::format("TLV {}", node.code); }

// In front of the end marker: no modem minds it. (Below the top level, 0 is a code like others.)
bool is_pad(const Node& node) noexcept { return node.tlv != nullptr && node.tlv->kind == Kind::pad && node.value.empty() && !node.block; }

// Writes nodes; what does not fit is a problem, where somebody collects them.
class Writer {
 public:
  Writer(Octets& out, Problems* problems) : out_(out), problems_(problems) {}

  void put(const Node& node) {
    out_.push_back(node.code);
    if (is_pad(node)) return;
    const std::size_t width = node.wide ? 2 : 1;
    const std::size_t value = out_.size() + width;
    out_.resize(value);
    if (node.block) {
      for (const Node& child : node.children) put(child);
    } else {
      out_.insert(out_.end(), node.value.begin(), node.value.end());
    }
    const std::size_t size = out_.size() - value;
    if (size <= (node.wide ? kMostOctetsWide : kMostOctets)) {
      put_length(value - width, size, node.wide);
    } else if (node.tlv != nullptr && node.tlv->splits) {
      cut(node, value);
    } else {
      too_long(node, size);
    }
  }

 private:
  void put_length(std::size_t at, std::size_t size, bool wide) {
    if (wide) {
      store_be16(&out_[at], static_cast<std::uint16_t>(size));
    } else {
      out_[at] = static_cast<std::uint8_t>(size);
    }
  }

  // MULPI 3.0 C.1.2.10 and its like: a long value goes on in further TLVs of the same code, and the modem joins them.
  void cut(const Node& node, std::size_t value) {
    const Octets whole(out_.begin() + static_cast<std::ptrdiff_t>(value), out_.end());
    const std::size_t width = node.wide ? 2 : 1, most = node.wide ? kPieceWide : kPiece;
    out_.resize(value - width - 1);
    for (std::size_t at = 0; at < whole.size(); at += most) {
      const Bytes piece = Bytes(whole).subspan(at, std::min(most, whole.size() - at));
      out_.push_back(node.code);
      out_.resize(out_.size() + width);
      put_length(out_.size() - width, piece.size(), node.wide);
      out_.insert(out_.end(), piece.begin(), piece.end());
    }
  }

  void too_long(const Node& node, std::size_t size) {
    COAXD_ASSERT(problems_ != nullptr);
    problems_->push_back({.at = node.at,
                          .message = fmt::format("{} holds {} octets, and its length can say {}", name_of(node), size, node.wide ? kMostOctetsWide : kMostOctets),
                          .mend = node.block ? "put part of it into a second one, or leave some of it out" : "make it shorter"});
  }

  Octets& out_;
  Problems* problems_;
};

}  // namespace

void append(const Node& node, Octets& out) { Writer(out, nullptr).put(node); }

void append_nodes(const Document& document, Mics mics, Octets& out, Problems& problems) {
  Writer writer(out, &problems);
  for (const Node& node : document.nodes) {
    const bool pad = is_pad(node);
    if (mics == Mics::left_out && (pad || node.code == kCmMicCode || node.code == kCmtsMicCode)) continue;
    if (!pad && (node.code == kPadCode || node.code == kEndCode)) {
      problems.push_back({.at = node.at,
                          .message = fmt::format("TLV {} is {} and holds nothing", node.code, node.code == kPadCode ? "a pad" : "the end marker"),
                          .mend = "take it out: it is written where it belongs"});
    } else {
      writer.put(node);
    }
  }
}

std::expected<Octets, Problems> encode(const Document& document) {
  Octets out;
  Problems problems;
  append_nodes(document, Mics::as_they_stand, out, problems);
  if (has_error(problems)) return std::unexpected(std::move(problems));
  if (document.ended) out.push_back(kEndCode);
  out.insert(out.end(), document.tail.begin(), document.tail.end());
  return out;
}

}  // namespace coaxd::docsis
