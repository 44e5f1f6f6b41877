// A modem's or MTA's configuration file. What decode() accepts, encode() gives back to the octet; what is sealed verifies, and seals to the same again.
#include <string>

#include "docsis/binary.h"
#include "fuzz/fuzz.h"

namespace coaxd::docsis {
namespace {

using State = Verdict::State;

// Every leaf that says it is of a row is in its place, and a block has no octets beside its children.
void check_nodes(const std::vector<Node>& nodes, const Tlv* parent, FileKind kind) {
  for (const Node& node : nodes) {
    REQUIRE(node.block ? node.value.empty() : node.children.empty());
    if (node.tlv != nullptr) {
      REQUIRE(parent_of(*node.tlv) == parent);
      REQUIRE(node.tlv->code() == node.code || (kind == FileKind::mta && parent == nullptr && node.code == 64 && node.tlv->code() == 11));
      REQUIRE(!node.block || node.tlv->nests());
    }
    check_nodes(node.children, node.tlv, kind);
  }
}

void check_modem(const Document& document, bool utility_walk) {
  const Seal how{.secret = {{'k', 'e', 'y'}}, .utility_walk = utility_walk};
  Octets file;
  if (const auto sealed = seal(document, how, file); !sealed) {
    REQUIRE(!sealed.error().empty() && !render(sealed.error().front(), "").empty());
    return;
  }
  REQUIRE(file.size() % 4 == 0);
  const Verdict verdict = verify(file, how.secret);
  REQUIRE(verdict.cm_mic == State::right);
  if (!utility_walk) REQUIRE(verdict.cmts_mic == State::right && verdict.extended_cmts_mic != State::wrong);
  const auto decoded = decode(file, "sealed");
  REQUIRE(decoded && decoded->warnings.empty());
  Octets again;
  REQUIRE(seal(decoded->document, how, again) && again == file);
}

void check_mta(const Document& document) {
  for (const MtaHash hash : {MtaHash::north_american, MtaHash::euro, MtaHash::ietf}) {
    const auto file = seal_mta(document, hash);
    if (!file) {
      REQUIRE(!file.error().front().message.empty());
      continue;
    }
    REQUIRE(verify(*file, {}).mta_hash == State::right);
    const auto decoded = decode(*file, "sealed");
    REQUIRE(decoded);
    const auto again = seal_mta(decoded->document, hash);
    REQUIRE(again && *again == *file);
  }
}

}  // namespace
}  // namespace coaxd::docsis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::docsis;
  const Bytes file{data, size};
  verify(file, {});
  const auto decoded = decode(file, "input");
  if (!decoded) {
    REQUIRE(has_error(decoded.error()) && decoded.error().back().offset <= size);
    REQUIRE(!render(decoded.error().back(), "").empty());
    return 0;
  }
  REQUIRE(!has_error(decoded->warnings));
  const auto encoded = encode(decoded->document);
  REQUIRE(encoded && equal(*encoded, file));
  check_nodes(decoded->document.nodes, nullptr, decoded->document.kind);
  if (decoded->document.kind == FileKind::mta) {
    check_mta(decoded->document);
  } else {
    check_modem(decoded->document, false);
    check_modem(decoded->document, true);
  }
  return 0;
}
