// value_text.h, the one table of kinds.
#include "docsis/value_text.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "docsis/oid.h"
#include "server/base/assert.h"

namespace coaxd::docsis {
namespace {

constexpr std::size_t kLongestString = 2048;  // of the utility's lexer

using Fits = bool (*)(Bytes) noexcept;
using Write = void (*)(Bytes, Dialect, std::string&);

template <std::size_t... sizes>
bool one_of(Bytes value) noexcept {
  return ((value.size() == sizes) || ...);
}
template <std::size_t size>
bool some(Bytes value) noexcept {
  return !value.empty() && value.size() % size == 0;
}
bool anything(Bytes) noexcept { return true; }
bool text(Bytes value) noexcept { return std::ranges::find(value, 0) == value.end(); }
bool text_and_nul(Bytes value) noexcept { return !value.empty() && value.back() == 0 && text(value.first(value.size() - 1)); }
bool family_and_address(Bytes value) noexcept {
  return (value.size() == 5 && value[0] == 1) || (value.size() == 17 && value[0] == 2);  // as 82.9 of IANA's address family numbers
}
bool oid(Bytes value) noexcept { return oid_of_value(value, 0).has_value(); }
bool oid_and_octet(Bytes value) noexcept { return oid_of_value(value, 1).has_value(); }
bool never(Bytes) noexcept { return false; }

void write_nothing(Bytes, Dialect, std::string&) {}
void write_integer(Bytes value, Dialect, std::string& out) { fmt::format_to(std::back_inserter(out), "{}", integer(value)); }
void write_hex(Bytes value, Dialect, std::string& out) {
  out += "0x";
  append_hex(value, out);
}
void write_digest(Bytes value, Dialect, std::string& out) { append_hex(value, out); }
void write_text(Bytes value, Dialect dialect, std::string& out) {
  out += '"';
  for (const std::uint8_t octet : value) {
    if (octet == '"' && dialect == Dialect::native) out += '\\';
    out += static_cast<char>(octet);
  }
  out += '"';
}
void write_text_and_nul(Bytes value, Dialect dialect, std::string& out) { write_text(value.first(value.size() - 1), dialect, out); }
void write_empty(Bytes, Dialect, std::string& out) { out += "0x00"; }  // the habit of those who write such texts
void write_mac(Bytes value, Dialect, std::string& out) { append_mac(value, out); }
void write_mac_mask(Bytes value, Dialect, std::string& out) {
  append_mac(value.first(6), out);
  out += '/';
  append_mac(value.subspan(6), out);
}
void write_ip(Bytes value, Dialect dialect, std::string& out) {
  if (value.size() == 4)
    append_ip4(value, out);
  else
    append_ip6(value, dialect, out);
}
void write_family_and_address(Bytes value, Dialect dialect, std::string& out) { write_ip(value.subspan(1), dialect, out); }
void write_ip_port(Bytes value, Dialect dialect, std::string& out) {
  write_ip(value.first(value.size() - 2), dialect, out);
  fmt::format_to(std::back_inserter(out), "/{}", load_be16(value.last(2).data()));
}
void write_prefix(Bytes value, Dialect dialect, std::string& out) {
  append_ip6(value.first(16), dialect, out);
  fmt::format_to(std::back_inserter(out), "/{}", value[16]);
}
template <std::size_t size, Write item>
void write_list(Bytes value, Dialect dialect, std::string& out) {
  for (std::size_t at = 0; at < value.size(); at += size) {
    if (at != 0) out += ',';
    item(value.subspan(at, size), dialect, out);
  }
}
void write_oid(Bytes value, Dialect, std::string& out) {
  out += '.';
  out += to_text(*oid_of_value(value, 0));
}
void write_oid_and_octet(Bytes value, Dialect, std::string& out) {
  fmt::format_to(std::back_inserter(out), ".{} {}", to_text(*oid_of_value(value, 1)), value.back());
}

enum class Measure : std::uint8_t { none, value, octets, octets_but_nul, items };

struct KindRow {
  Kind kind;
  Fits fits;
  Write write;
  Measure measure;
  std::uint8_t item;  // octets of one item, of lists
  std::string_view shape;
};

constexpr KindRow kKinds[] = {
    {Kind::pad, one_of<0>, write_nothing, Measure::none, 0, "no octets"},
    {Kind::end, one_of<0>, write_nothing, Measure::none, 0, "no octets"},
    {Kind::u8, one_of<1>, write_integer, Measure::value, 0, "1 octet"},
    {Kind::u16, one_of<2>, write_integer, Measure::value, 0, "2 octets"},
    {Kind::u24, one_of<3>, write_integer, Measure::value, 0, "3 octets"},
    {Kind::u32, one_of<4>, write_integer, Measure::value, 0, "4 octets"},
    {Kind::str, text, write_text, Measure::octets, 0, "text without 00"},
    {Kind::strz, text_and_nul, write_text_and_nul, Measure::octets_but_nul, 0, "text that ends with 00"},
    {Kind::hex, anything, write_hex, Measure::octets, 0, "octets"},
    {Kind::mac, one_of<6>, write_mac, Measure::none, 0, "6 octets"},
    {Kind::mac_mask, one_of<12>, write_mac_mask, Measure::none, 0, "12 octets, a MAC address and a mask"},
    {Kind::ip4, one_of<4>, write_ip, Measure::none, 0, "4 octets"},
    {Kind::ip6, one_of<16>, write_ip, Measure::none, 0, "16 octets"},
    {Kind::ip, one_of<4, 16>, write_ip, Measure::none, 0, "4 or 16 octets"},
    {Kind::afi_ip, family_and_address, write_family_and_address, Measure::none, 0, "01 and 4 octets, or 02 and 16"},
    {Kind::ip_port, one_of<6, 18>, write_ip_port, Measure::none, 0, "an address of 4 or 16 octets, and 2 more"},
    {Kind::ip4_list, some<4>, write_list<4, write_ip>, Measure::items, 4, "a multiple of 4 octets"},
    {Kind::ip6_list, some<16>, write_list<16, write_ip>, Measure::items, 16, "a multiple of 16 octets"},
    {Kind::prefix6_list, some<17>, write_list<17, write_prefix>, Measure::items, 17, "a multiple of 17 octets"},
    {Kind::u8_list, some<1>, write_list<1, write_integer>, Measure::items, 1, "1 octet or more"},
    {Kind::u16_list, some<2>, write_list<2, write_integer>, Measure::items, 2, "a multiple of 2 octets"},
    {Kind::u16_pair, one_of<4>, write_list<2, write_integer>, Measure::none, 0, "4 octets"},
    {Kind::empty, one_of<0>, write_empty, Measure::none, 0, "no octets"},
    {Kind::oid, oid, write_oid, Measure::none, 0, "a BER OBJECT IDENTIFIER"},
    {Kind::oid_u8, oid_and_octet, write_oid_and_octet, Measure::none, 0, "a BER OBJECT IDENTIFIER and 1 octet"},
    {Kind::varbind, anything, write_hex, Measure::none, 0, "a BER SEQUENCE of a name and a value"},
    {Kind::file, anything, write_hex, Measure::octets, 0, "octets"},
    {Kind::digitmap, anything, write_hex, Measure::none, 0, "a BER SEQUENCE of a name and a value"},
    {Kind::block, never, write_hex, Measure::none, 0, "TLVs that end where it ends"},
    {Kind::block16, never, write_hex, Measure::none, 0, "TLVs that end where it ends"},
    {Kind::hex16, anything, write_hex, Measure::octets, 0, "octets"},
    {Kind::opaque, anything, write_hex, Measure::octets, 0, "octets"},
    {Kind::md5, one_of<16>, write_digest, Measure::none, 0, "16 octets"},
};

consteval bool in_order() {
  for (std::size_t i = 0; i < std::size(kKinds); ++i)
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  return true;
}
static_assert(in_order(), "row i is that of Kind i");

const KindRow& row(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

bool fits(Kind kind, Bytes value) noexcept { return row(kind).fits(value); }
std::string_view shape(Kind kind) noexcept { return row(kind).shape; }
void append_value(Kind kind, Bytes value, Dialect dialect, std::string& out) { row(kind).write(value, dialect, out); }

std::optional<std::uint64_t> measure(Kind kind, Bytes value) noexcept {
  const KindRow& of = row(kind);
  switch (of.measure) {
    case Measure::none: return std::nullopt;
    case Measure::value: return integer(value);
    case Measure::octets: return value.size();
    case Measure::octets_but_nul: return value.empty() ? 0 : value.size() - 1;
    case Measure::items: return value.size() / of.item;
  }
  return std::nullopt;
}

bool is_integer(Kind kind) noexcept { return row(kind).measure == Measure::value; }

std::string range_text(const Tlv& tlv) {
  if (!tlv.bounded) return {};
  const std::string numbers = tlv.min == tlv.max ? fmt::format("{}", tlv.min) : fmt::format("{} to {}", tlv.min, tlv.max);
  return numbers + (is_integer(tlv.kind) ? "" : row(tlv.kind).measure == Measure::items ? " items" : " octets");
}

std::uint32_t integer(Bytes value) noexcept {
  COAXD_ASSERT(value.size() <= 4);
  std::uint32_t number = 0;
  for (const std::uint8_t octet : value) number = number << 8 | octet;
  return number;
}

void append_hex(Bytes octets, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t octet : octets) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
}

void append_ip4(Bytes address, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
}

// inet_ntop's form is RFC 5952's, but for ::a.b.c.d, which the grammar does not have.
void append_ip6(Bytes address, Dialect dialect, std::string& out) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  const std::string_view found = text.data();
  if (dialect == Dialect::utility || found.find('.') == std::string_view::npos) {
    out += found;
    return;
  }
  for (std::size_t group = 0; group < 8; ++group) fmt::format_to(std::back_inserter(out), "{}{:x}", group == 0 ? "" : ":", load_be16(&address[2 * group]));
}

void append_mac(Bytes address, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", address[0], address[1], address[2], address[3], address[4], address[5]);
}

bool is_printable(Bytes octets) noexcept {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet >= 0x20 && octet <= 0x7e; });
}

bool can_be_quoted(Bytes octets) noexcept {
  return octets.size() <= kLongestString && as_text(octets).find("${") == std::string_view::npos &&
         std::ranges::all_of(octets, [](std::uint8_t octet) { return octet >= 0x20 && octet != 0x7f && octet != '\\'; });
}

std::optional<Oid> oid_of_value(Bytes value, std::size_t behind) {
  constexpr std::uint8_t kObjectId = 0x06;  // X.690 §8.19
  if (value.size() < 2 + behind || value[0] != kObjectId || value[1] > 0x7f || std::size_t{value[1]} + 2 + behind != value.size()) return std::nullopt;
  return parse_ber_contents(value.subspan(2, value[1]));
}

}  // namespace coaxd::docsis
