// tlv.h: every TLV of modem and MTA configuration files, one constexpr row each (tlv_rows.inc): encoder, decoder, checker, manual and fuzz
// dictionary all read it. A row is found by its place (path of codes) or by its keyword.
//
// Keywords are those of the open-source `docsis` utility, so that its texts stay readable. As there, a keyword may stand for several
// places with one code; find_keyword() prefers the place where it stands, then the first row of that name.
// Read-only data, any thread. Source: CM-SP-MULPI 3.0, 3.1, 4.0 Annex C, CL-SP-CANN, PKT-SP-PROV, eRouter, eDOCSIS, L2VPN; per row.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace coaxd::docsis {

// How a value is written and what octets it becomes.
enum class Kind : std::uint8_t {
  pad,           // one octet 00, no length
  end,           // one octet FF, no length
  u8, u16, u24, u32,  // decimal; big endian
  str, strz,     // "text"; strz has a NUL behind it
  hex,           // 0x...
  mac, mac_mask, // xx:xx:xx:xx:xx:xx; two of them with a '/'
  ip4, ip6, ip,  // ip: either
  afi_ip,        // either, with 01 or 02 before it
  ip_port,       // address/port
  ip4_list, ip6_list,
  prefix6_list,  // address/length, 17 octets each
  u8_list, u16_list, u16_pair,
  empty,         // no octets, whatever is written
  oid, oid_u8,   // a BER OBJECT IDENTIFIER; with one octet behind it
  varbind,       // SnmpMibObject: SEQUENCE { oid, value }
  file,          // "path": its octets, in TLVs of 254
  digitmap,      // "path": a varbind that holds the file
  block,         // { }
  block16, hex16,  // the same with a length of two octets (DOCSIS 4.0)
  opaque,        // 0x..., what some other specification says; may be split over several TLVs
  md5,           // a MIC: computed
};

// The first specification that has it; check() compares. The cable modem's come first and ascend.
enum class Release : std::uint8_t { d10, d11, d20, d30, d31, d40, packetcable, l2vpn, erouter, edocsis, dpoe, other };

struct Tlv {
  std::string_view path;  // "24.8": the code is the last number
  std::string_view name;
  Kind kind;
  bool bounded;           // min and max are the specification's; else the width of the kind
  std::uint32_t min, max; // of the value; of strings, hex and lists the number of octets or items
  Release since;
  std::uint8_t mic;       // place in the order of the CMTS MIC, from 1; 0: not covered (MULPI 3.0 D.1.1)
  bool repeats;           // may stand more than once beside itself
  bool splits;            // longer values go on in further TLVs of the same code
  std::string_view clause;
  std::string_view note;

  std::uint8_t code() const noexcept;
  bool nests() const noexcept { return kind == Kind::block || kind == Kind::block16; }
  bool two_octet_length() const noexcept { return kind == Kind::block16 || kind == Kind::hex16; }
};

// All rows, by path in numeric order; where one path has several keywords, the one that a decoder prints comes first.
std::span<const Tlv> tlvs() noexcept;
// The row of `code` directly below `parent` (null: top level); null: unknown there.
const Tlv* find_code(const Tlv* parent, std::uint8_t code) noexcept;
// The row that `keyword` means below `parent`. `misplaced`: there is none of that name there, and the row is the first one anywhere.
const Tlv* find_keyword(const Tlv* parent, std::string_view keyword, bool& misplaced) noexcept;
// The keyword most like this one, for an error's mend; empty: none is near.
std::string_view similar_keyword(std::string_view keyword) noexcept;

}  // namespace coaxd::docsis
