// binary.h: Document <-> bytes, and the integrity checks that seal them.
// Any thread. Of problems, only decode()'s carry the file's name: the others' callers know it.
// Source: MULPI 3.0 Annex C (TLVs), D.1.1 (CM MIC, CMTS MIC), D.2 (extended CMTS MIC); PKT-SP-PROV1.5 §9.1 (MTA).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "docsis/tree.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

// --- bytes -> Document ---

struct Decoded {
  Document document;
  Problems warnings;  // nothing here is lost: encode() gives the same octets back
};
// A file that begins with TLV 254 is an MTA's. Errors: a TLV that runs past its end; anything but padding behind the end marker.
// A nested TLV that cannot be read as such stays octets.
std::expected<Decoded, Problems> decode(Bytes file, std::string_view name);

// --- Document -> bytes ---

// A value that its length cannot say is cut where the row `splits`; else it is an error.
std::expected<Octets, Problems> encode(const Document& document);
// Appends, without any check: of a document that encode() has accepted, or of nodes whose lengths are known to fit.
void append(const Node& node, Octets& out);

// --- seals ---

// The key of the CMTS MIC: a file's first 64 octets, without trailing CR and LF (the utility's habit, which texts rely on).
struct SharedSecret {
  Octets octets;
  static SharedSecret from_file(Bytes contents);
};

enum class DynamicAddress : std::uint8_t { ip4, ip6 };  // which of TLV 20 and 59 the CMTS MIC covers (MULPI 4.0 D.1.1)

struct Seal {
  SharedSecret secret = {};
  std::optional<SharedSecret> extended_secret = {};  // when the CMTS has another for 43.6; else `secret`
  DynamicAddress address = DynamicAddress::ip4;
  bool utility_walk = false;  // wrong, but the utility's bytes: TLV 64 ends the walk of the CMTS MIC, and 43.6 stays as it is written
};
// A whole modem file: the TLVs, extended CMTS MIC where 43.6 asks for one, CM MIC, CMTS MIC, end marker, padding to a multiple of four. TLVs 6 and 7
// that stand in the document give way. Appends to `out`, so that a server can use one buffer again and again; on an error, nothing.
// Errors: 43.6 in a form that cannot be computed (an HMAC type that we do not have, a bitmap that covers its own digest).
std::expected<void, Problems> seal(const Document& document, const Seal& seal, Octets& out);
// The same for who has the octets: those of `file` from `begin` on are the TLVs, without 6, 7, end marker and padding, which are added. Offsets of problems
// count from `begin`.
std::expected<void, Problems> seal_tlvs(Octets& file, std::size_t begin, const Seal& seal);

enum class MtaHash : std::uint8_t { none, north_american, euro, ietf };
// A whole MTA file; the hash varbind goes before the closing delimiter, in the place of one that stands there already.
// `utility`: as in the utility, beside one that stands there already.
std::expected<Octets, Problems> seal_mta(const Document& document, MtaHash hash, bool utility = false);
// The same for who has the octets: a file from `begin` on, with both delimiters.
std::expected<void, Problems> add_mta_hash(Octets& file, std::size_t begin, MtaHash hash, bool utility = false);

// --- verification ---

struct Verdict {
  enum class State : std::uint8_t { absent, right, wrong, unknown };  // unknown: made in a way that we cannot compute
  State cm_mic = State::absent;
  State cmts_mic = State::absent;           // with this secret
  State extended_cmts_mic = State::absent;  // explicit form; the implicit one is cmts_mic
  State mta_hash = State::absent;
  bool utility_walk = false;  // the CMTS MIC is wrong as the utility's is in a file with TLV 64
};
// Never fails: of octets that are no configuration file, everything is absent or wrong.
// `extended_secret`: of 43.6, where the CMTS has another for it.
Verdict verify(Bytes file, const SharedSecret& secret, DynamicAddress address = DynamicAddress::ip4, const std::optional<SharedSecret>& extended_secret = {});

}  // namespace coaxd::docsis
