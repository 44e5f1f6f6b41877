// A configuration file as people see it. The native text of a file encodes to the same octets again, whatever the file holds; a file does not differ from itself;
// every finding of check() says what is wrong and what to do.
#include <algorithm>
#include <string>

#include "docsis/binary.h"
#include "docsis/check.h"
#include "docsis/diff_text.h"
#include "docsis/file.h"
#include "docsis/text.h"
#include "fuzz/fuzz.h"

namespace coaxd::docsis {
namespace {

// What stands in a text: MICs, pads and the end marker are comments there.
Document without_comments(Document document) {
  std::erase_if(document.nodes, [](const Node& node) { return is_pad(node) || (node.tlv != nullptr && node.tlv->kind == Kind::md5 && node.value.size() == 16); });
  document.ended = false;
  document.tail.clear();
  return document;
}

void check_text(const Document& document) {
  const Document stated = without_comments(document);
  if (stated.nodes.empty() || (document.kind == FileKind::modem && stated.nodes.front().code == kMtaDelimiterCode)) return;  // no text says so
  const std::string text = print(document, {.dialect = Dialect::native});
  const auto parsed = parse(text, "printed", {.read_file = {}, .mta = document.kind == FileKind::mta});
  if (!parsed) std::fputs((text + render(parsed.error().front(), text)).c_str(), stderr);
  REQUIRE(parsed.has_value());
  const auto again = encode(parsed->document), octets = encode(stated);
  REQUIRE(again.has_value() && octets.has_value());
  if (*again != *octets) std::fputs(text.c_str(), stderr);
  REQUIRE(*again == *octets);
}

}  // namespace
}  // namespace coaxd::docsis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::docsis;
  const auto decoded = decode({data, size}, "input");
  if (!decoded) return 0;
  const Document& document = decoded->document;
  check_text(document);
  REQUIRE(print(document, {}).ends_with("}\n") && print_json(document, {}).ends_with("]\n"));
  REQUIRE(print(document, {.numeric_oids = true, .hide_hash = true}).ends_with("}\n"));
  for (const Problem& problem : check(document, "input", {.release = Release::d30}))
    REQUIRE(!problem.message.empty() && !problem.mend.empty() && problem.offset <= size);
  REQUIRE(diff(document, document).empty());
  const Document nothing;
  const auto all = diff(document, nothing);
  REQUIRE(all.size() == document.nodes.size());
  (void)diff_text(all, document.kind, {});
  (void)diff_json(all, document.kind, {});
  return 0;
}
