// file.h: a configuration file as octets: its top level, walked without a tree. For encode, decode, seal and verify.
// Any thread. Source: MULPI 3.0 Annex C.1, D.1.1; PKT-SP-PROV1.5 §9.1.
#pragma once

#include <cstdint>
#include <vector>

#include "docsis/tree.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

inline constexpr std::uint8_t kPadCode = 0, kCmMicCode = 6, kCmtsMicCode = 7, kVarbindCode = 11, kVendorSpecificCode = 43, kLongVarbindCode = 64,
                              kMtaDelimiterCode = 254, kEndCode = 255;
inline constexpr std::size_t kMicOctets = 16;

// How the length of TLV 64 is read: of a modem file (static multicast) it is one octet, of an MTA file (SnmpMibObject) two.
enum class Length64 : std::uint8_t { one_octet, two_octets };

struct Item {
  std::uint8_t code;
  std::uint8_t header;  // octets of type and length
  std::size_t at;       // of its type, in the file
  std::size_t size;     // type, length and value
};

// Walks the TLVs of `file` from `at`, which it moves behind the one that it found; pads in front of the end marker are items of one octet. False at the
// end marker, at the end, and where a TLV runs past the end: `at` stays there.
bool next_item(Bytes file, std::size_t& at, Length64 length64, Item& item) noexcept;

// Whether a TLV of this code at top level has a length of two octets, in every file (DOCSIS 4.0: 103, 104).
bool wide_at_top(std::uint8_t code) noexcept;

// What a length can say. MULPI 3.0 Annex C has values of 1 to 254 octets; 255 is beyond the rule, but files that hold it exist, and what was read is written again.
constexpr std::size_t most_octets(bool wide) noexcept { return wide ? 65535 : 255; }
// Writes the length of the TLV that begins at `begin`, behind its code, once its value stands there up to the end of `out`. What is too long goes on in further
// TLVs of the same code where `row` splits (MULPI 3.0 C.1.2.10 and its like: the modem joins them). False: neither; `out` is as it was.
bool close_tlv(Octets& out, std::size_t begin, const Tlv* row, bool wide);

inline bool is_mta(Bytes file) noexcept { return !file.empty() && file[0] == kMtaDelimiterCode; }

enum class Mics : std::uint8_t { as_they_stand, left_out };
// The nodes of `document`, behind what `out` holds. Left out: with the MICs, pads too.
void append_nodes(const Document& document, Mics mics, Octets& out, Problems& problems);

}  // namespace coaxd::docsis
