// tlv.h: every TLV of modem and MTA configuration files, one constexpr row each (tlv_rows.inc): encoder, decoder, checker, manual and fuzz
// dictionary all read it. A row is found by its place (path of codes) or by its keyword.
//
// Keywords are those of the open-source `docsis` utility, so that its texts stay readable. As there, a keyword may stand for several
// places with one code; find_keyword() prefers the place where it stands, then the first row of that name.
// Read-only data, any thread; a look-up allocates nothing. Source: CM-SP-MULPI 3.0, 3.1, 4.0 Annex C, CL-SP-CANN, PKT-SP-PROV, eRouter, eDOCSIS, L2VPN; per row.
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
  str, strz,     // "text"; strz has a NUL behind it, which min and max do not count
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

// The octets that every value of `kind` has; 0: any number.
constexpr std::size_t width(Kind kind) noexcept {
  switch (kind) {
    case Kind::u8: return 1;
    case Kind::u16: return 2;
    case Kind::u24: return 3;
    case Kind::u32: case Kind::ip4: case Kind::u16_pair: return 4;
    case Kind::mac: return 6;
    case Kind::mac_mask: return 12;
    case Kind::ip6: case Kind::md5: return 16;
    default: return 0;
  }
}

// The first specification that has it; check() compares. The cable modem's come first and ascend.
enum class Release : std::uint8_t { d10, d11, d20, d30, d31, d40, packetcable, l2vpn, erouter, edocsis, dpoe, other };

// What the `docsis` utility does with a row. Its decoder prints what it does not know here as GenericTLV.
enum class Utility : std::uint8_t {
  unknown,
  writes,  // its encoder has the keyword (from another place), its decoder has nothing here
  knows,
};

struct Tlv {
  std::string_view path;  // "24.8": the code is the last number
  std::string_view name;
  Kind kind = Kind::hex;
  bool bounded = false;            // min and max are the specification's; else the width of the kind
  std::uint32_t min = 0, max = 0;  // of the value; of strings, hex and lists the number of octets or items
  Release since = Release::d10;
  std::uint8_t mic = 0;            // place in the order of the CMTS MIC, from 1; 0: not covered (MULPI 3.0 D.1.1)
  bool repeats = true;             // may stand more than once beside itself; true also where the specification does not say
  bool splits = false;             // longer values go on in further TLVs of the same code
  bool configures = true;          // false: only in messages between modem and CMTS, never in a file
  Utility utility = Utility::knows;
  std::string_view clause = {};
  std::string_view note = {};      // what an operator should know, where it is not said by the rest

  constexpr std::uint8_t code() const noexcept { return own_code; }
  constexpr bool nests() const noexcept { return kind == Kind::block || kind == Kind::block16; }
  constexpr bool two_octet_length() const noexcept { return kind == Kind::block16 || kind == Kind::hex16; }

  std::uint8_t own_code = 0;  // of `path`; filled in by the table
};

// All rows, by path in numeric order; where one path has several keywords, the one that a decoder prints comes first.
std::span<const Tlv> tlvs() noexcept;
// The row of `code` directly below `parent` (null: top level); null: unknown there.
const Tlv* find_code(const Tlv* parent, std::uint8_t code) noexcept;
// The next row of the same place, which has another keyword and kind; null: there is none.
const Tlv* same_place(const Tlv& row) noexcept;
// The row that `row` is below; null: it is at top level. `row` is one of tlvs().
const Tlv* parent_of(const Tlv& row) noexcept;
// The row that `keyword` means below `parent`. `misplaced`: there is none of that name there, and the row is the first one anywhere.
const Tlv* find_keyword(const Tlv* parent, std::string_view keyword, bool& misplaced) noexcept;
// The row whose code, kind and bounds the utility takes for `keyword` wherever it stands: the first one of that name. Null: the utility does not know it.
const Tlv* utility_keyword(std::string_view keyword) noexcept;
// The keyword most like this one, for an error's mend; empty: none is near.
std::string_view similar_keyword(std::string_view keyword);

}  // namespace coaxd::docsis
