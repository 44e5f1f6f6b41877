#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "docsis/binary.h"
#include "docsis/file.h"
#include "server/base/assert.h"

namespace coaxd::docsis {
namespace {

constexpr std::size_t kPiece = 254, kWidePiece = 65533;  // of what is cut

// Writes nodes; what does not fit is a problem, where somebody collects them.
class Writer {
 public:
  Writer(Octets& out, Problems* problems) : out_(out), problems_(problems) {}

  void put(const Node& node) {
    const std::size_t begin = out_.size();
    out_.push_back(node.code);
    if (is_pad(node)) return;
    out_.resize(out_.size() + (node.wide ? 2 : 1));
    const std::size_t value = out_.size();
    for (const Node& child : node.children) put(child);
    out_.insert(out_.end(), node.value.begin(), node.value.end());
    if (!close_tlv(out_, begin, node.tlv, node.wide)) too_long(node, out_.size() - value);
  }

 private:
  void too_long(const Node& node, std::size_t size) {
    COAXD_ASSERT(problems_ != nullptr);
    problems_->push_back({.at = node.at,
                          .message = fmt::format("{} holds {} octets, and its length can say {}", name_of(node), size, most_octets(node.wide)),
                          .mend = node.block ? "put part of it into a second one, or leave some of it out" : "make it shorter"});
  }

  Octets& out_;
  Problems* problems_;
};

}  // namespace

bool close_tlv(Octets& out, std::size_t begin, const Tlv* row, bool wide) {
  const std::size_t header = wide ? 3 : 2, size = out.size() - begin - header;
  const auto put_length = [&](std::size_t at, std::size_t length) {
    if (wide) store_be16(&out[at], static_cast<std::uint16_t>(length));
    else out[at] = static_cast<std::uint8_t>(length);
  };
  const bool splits = row != nullptr && row->splits;
  const std::size_t piece = wide ? kWidePiece : kPiece;
  const std::size_t most = splits && row->kind == Kind::file ? piece : most_octets(wide);  // a file that is read now obeys the rule
  if (size <= most) {
    put_length(begin + 1, size);
    return true;
  }
  if (!splits) return false;
  // From the last piece on, each moves behind by the headers before it.
  const std::uint8_t code = out[begin];
  const std::size_t pieces = (size + piece - 1) / piece;
  out.resize(out.size() + header * (pieces - 1));
  for (std::size_t number = pieces; number-- > 0;) {
    const std::size_t length = std::min(piece, size - number * piece), to = begin + number * (header + piece);
    std::memmove(&out[to + header], &out[begin + header + number * piece], length);
    out[to] = code;
    put_length(to + 1, length);
  }
  return true;
}

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
  locate(problems, document.texts);
  if (has_error(problems)) return std::unexpected(std::move(problems));
  if (document.ended) out.push_back(kEndCode);
  out.insert(out.end(), document.tail.begin(), document.tail.end());
  return out;
}

}  // namespace coaxd::docsis
