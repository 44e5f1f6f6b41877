// command_listing.h
#include "docsis/command_listing.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "docsis/binary.h"
#include "docsis/file.h"
#include "docsis/mic.h"
#include "docsis/printer.h"
#include "docsis/value_text.h"

namespace coaxd::docsis {
namespace {

std::vector<const Node*> covered(const Document& document, const Listing& how) {
  std::vector<const Node*> nodes;
  for (const Node& node : document.nodes) {
    if (how.utility_walk && node.code == kLongVarbindCode) break;
    if (mic_place(node.code, how.address) != 0) nodes.push_back(&node);
  }
  std::ranges::sort(nodes, {}, [&](const Node* node) { return std::pair{mic_place(node->code, how.address), node}; });  // several of one type as they stand
  return nodes;
}

}  // namespace

std::string listing(Bytes file, const Listing& options) {
  const auto decoded = decode(file, {});
  if (!decoded) return {};
  const Document& document = decoded->document;
  std::string out;
  if (const auto mic = std::ranges::find(document.nodes, kCmtsMicCode, &Node::code);
      document.kind == FileKind::modem && document.ended && mic != document.nodes.end()) {
    Printer printer(document.kind, options.print);
    printer.open();
    for (const Node* node : covered(document, options)) printer.node(*node);
    printer.close();
    out += "##### Calculating CMTS MIC using TLVs:\n" + printer.take() + "##### End of CMTS MIC TLVs\n --- MD5 DIGEST: 0x";
    append_hex(mic->value, out);
    out += '\n';
  }
  out += "Final content of config file:\n";
  return out + print(document, options.print);
}

}  // namespace coaxd::docsis
