// Statements whose value is a file: other texts, certificates (MULPI 3.0 C.1.2.7 to C.1.2.11) and digit maps (PacketCable 2.0).
#include <fmt/format.h>

#include <algorithm>

#include "docsis/literal.h"
#include "docsis/parser.h"

namespace coaxd::docsis {
namespace {

constexpr std::size_t kMostDigitMap = 8192;
constexpr std::size_t kMostOpen = 16;    // files that include files
constexpr std::size_t kMostFiles = 500;  // of one text, so that files that include others twice end
// pktcEUEDevDigMap of the first user, where the utility puts every digit map.
constexpr std::uint32_t kDigitMapOid[] = {1, 3, 6, 1, 4, 1, 4491, 2, 2, 8, 2, 1, 1, 3, 1, 1, 2, 1};

}  // namespace

std::optional<std::string> Parser::read_named_file(const Token& keyword, const Token& path) {
  if (!path.is(TokenKind::string)) {
    wrong_kind(Cause::value, keyword.text, "the name of a file in quotes", "\"file\"", path, report_);
    return std::nullopt;
  }
  if (path.variables) {
    report_.error(Cause::value, path.at, "the name of a file cannot hold a variable", "it is read once, when the text is");
    return std::nullopt;
  }
  Octets octets;
  if (!read_string(path, report_, octets)) return std::nullopt;
  const std::string name(octets.begin(), octets.end());
  auto contents = options_.read_file ? options_.read_file(name) : std::unexpected(std::string("No such file or directory"));
  if (contents) return std::move(*contents);
  report_.error(Cause::missing_file, path.at, fmt::format("\"{}\" cannot be read: {}", name, contents.error()), "names are relative to the folder of the text");
  return std::nullopt;
}

void Parser::file_statement(Frame& frame, const Token& keyword, Node node, const Tlv& row) {
  const auto path = take_value(keyword, "the name of a file in quotes");
  if (!path) return;
  const auto contents = read_named_file(keyword, *path);
  if (!contents) return;
  if (row.kind == Kind::digitmap) return digit_map(frame, keyword, std::move(node), *contents);
  // Where nothing is left for a last piece, the utility reads one that is not there, and ends.
  if (contents->empty() || (!report_.native() && contents->size() % 254 == 0))
    return report_.error(Cause::missing_file, path->at, fmt::format("\"{}\" has {} octets", path->text, contents->size()),
                         contents->empty() ? "a certificate in DER is expected" : "no multiple of 254 is taken in this dialect");
  node.value.assign(contents->begin(), contents->end());
  if (node.tlv == nullptr || !node.tlv->splits) node.tlv = &row;  // out of its place, too
  add(frame, std::move(node));
}

void Parser::digit_map(Frame& frame, const Token& keyword, Node node, const std::string& contents) {
  if (contents.size() > kMostDigitMap)
    return report_.error(Cause::value, keyword.at, fmt::format("a digit map has up to {} octets, not {}", kMostDigitMap, contents.size()), "shorten it");
  const auto name = ber_contents(kDigitMapOid);
  Octets octets;
  append_varbind(*name, std::size(kDigitMapOid), SnmpType::octet_string, as_bytes(contents), report_.native() ? LengthForm::compatible : LengthForm::utility,
                 octets);
  add_varbind(frame, std::move(node), std::move(octets));
}

// include "path"; reads statements, as if they stood here. Paths are relative to the first text's folder, whoever names them.
void Parser::include(Frame& frame) {
  const Token keyword = take();
  const auto path = take_value(keyword, "the name of a file in quotes");
  if (!path) return;
  auto contents = read_named_file(keyword, *path);
  if (!contents) return;
  Octets octets;
  if (!read_string(*path, report_, octets)) return;
  const std::string name(octets.begin(), octets.end());
  if (included_before(name, path->at)) return;

  const auto number = static_cast<std::uint32_t>(document_.texts.size());
  document_.texts.push_back({.name = name, .included_at = keyword.at});
  Lexer lexer(texts_.emplace_back(std::move(*contents)), report_, number);
  Lexer* const outer = lexer_;
  const Token next = current_;
  lexer_ = &lexer;
  advance();
  while (!at(TokenKind::end) && !report_.ended()) {
    if (!at(TokenKind::close)) {
      item(frame);
      continue;
    }
    report_.error(Cause::grammar, current_.at, "'}' closes nothing in this file", "an included file holds whole statements, without Main { }");
    break;
  }
  lexer_ = outer;
  current_ = next;
}

bool Parser::included_before(std::string_view path, Position at) {
  const Text* text = &document_.texts[at.text];
  bool open = text->name == path;
  std::size_t depth = 0;
  for (; text->included_at.line != 0; ++depth) {
    text = &document_.texts[text->included_at.text];
    open |= text->name == path;
  }
  if (open)
    report_.error(Cause::grammar, at, fmt::format("\"{}\" includes itself", path), "leave this include away");
  else if (depth >= kMostOpen)
    report_.error(Cause::grammar, at, fmt::format("files include files more than {} deep", kMostOpen), "include them from the first text");
  else if (texts_.size() >= kMostFiles)
    report_.error(Cause::grammar, at, fmt::format("more than {} files are included", kMostFiles), "does one include another twice?");
  else
    return false;
  return true;
}

}  // namespace coaxd::docsis
