#include "docsis/value.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "docsis/literal.h"

namespace coaxd::docsis {
namespace {

struct Reading {
  const Tlv& row;
  const Token& token;
  const MibNames& mibs;
  Report& report;
  Octets& out;

  bool native() const noexcept { return report.native(); }
  bool error(Cause cause, std::string message, std::string mend = {}) const {
    report.error(cause, token.at, std::move(message), std::move(mend));
    return false;
  }
};

// False when the token is none of these; the caller says so.
using Read = bool (*)(const Reading&);

struct Form {
  Kind kind;
  std::string_view what, example;  // "a number", "1"
  Read read;                       // null: not one token
};
const Form& form_of(Kind kind) noexcept;

bool wrong(const Reading& r) {
  const Form& form = form_of(r.row.kind);
  wrong_kind(Cause::value, r.row.name, form.what, form.example, r.token, r.report);
  return false;
}

void big_endian(std::uint64_t value, std::size_t width, Octets& out) {
  while (width-- > 0) out.push_back(static_cast<std::uint8_t>(value >> (8 * width)));
}

constexpr std::uint64_t highest(std::size_t width) noexcept { return (std::uint64_t{1} << (8 * width)) - 1; }

bool out_of_range(const Reading& r, std::uint64_t low, std::uint64_t high, const Number& number) {
  const bool too_low = number.negative || (!number.huge && number.magnitude < low);
  return r.error(Cause::range, fmt::format("{} is {} to {}, not {}", r.row.name, low, high, r.token.text),
                 too_low ? fmt::format("the lowest is {}", low) : fmt::format("the highest is {}", high));
}

bool no_digits(const Reading& r, std::uint64_t low, std::uint64_t high) {
  const auto meant = meant_number(r.token);
  return r.error(Cause::value, fmt::format("{} is a number in digits, not {}", r.row.name, described(r.token)),
                 !meant                         ? fmt::format("write a number from {} to {}", low, high)
                 : *meant < low || *meant > high ? fmt::format("that would be {}; it is {} to {}", *meant, low, high)
                                                : fmt::format("write {} {};", r.row.name, *meant));
}

template <std::size_t width>
bool integer(const Reading& r) {
  const std::uint64_t low = r.row.bounded ? r.row.min : 0;
  const std::uint64_t high = r.row.bounded ? std::min<std::uint64_t>(r.row.max, highest(width)) : highest(width);
  if (!r.token.is(TokenKind::integer)) return no_digits(r, low, high);
  const Number number = number_of(r.token.text);
  if (!r.native()) {  // u24 is never checked there
    const std::uint64_t wrapped = number.wrapped();
    if (r.row.bounded && width != 3 && (wrapped < r.row.min || wrapped > r.row.max)) return out_of_range(r, r.row.min, r.row.max, number);
    big_endian(wrapped, width, r.out);
    return true;
  }
  if (number.negative || number.huge || number.magnitude < low || number.magnitude > high) return out_of_range(r, low, high, number);
  big_endian(number.magnitude, width, r.out);
  return true;
}

// Of strings and hex the octets. What may go on in further TLVs has no upper bound.
bool right_size(const Reading& r, std::size_t size) {
  if (!r.row.bounded || (size >= r.row.min && (size <= r.row.max || (r.native() && r.row.splits)))) return true;
  const std::string asked = r.row.min == r.row.max ? fmt::format("{}", r.row.min) : fmt::format("{} to {}", r.row.min, r.row.max);
  return r.error(Cause::value, fmt::format("{} has {} octet{}, not {}", r.row.name, asked, asked == "1" ? "" : "s", size),
                 size < r.row.min ? fmt::format("{} more", r.row.min - size) : fmt::format("{} too many", size - r.row.max));
}

bool string(const Reading& r) {
  if (!r.token.is(TokenKind::string)) return wrong(r);
  const std::size_t before = r.out.size();
  return read_string(r.token, r.report, r.out) && right_size(r, r.out.size() - before);
}
bool zero_ended_string(const Reading& r) {  // the NUL does not count
  if (!string(r)) return false;
  r.out.push_back(0);
  return true;
}

bool hex(const Reading& r) {
  if (!r.token.is(TokenKind::hex)) return wrong(r);
  const std::size_t before = r.out.size();
  return read_hex(r.row.name, r.token, r.report, r.out) && right_size(r, r.out.size() - before);
}

void append_mac(std::string_view text, Octets& out) {
  for (std::size_t i = 0; i + 1 < text.size(); i += 3) out.push_back(static_cast<std::uint8_t>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1])));
}
bool mac(const Reading& r) {
  if (!r.token.is(TokenKind::mac)) return wrong(r);
  append_mac(r.token.text, r.out);
  return true;
}
bool mac_mask(const Reading& r) {
  if (!r.token.is(TokenKind::mac_mask)) return wrong(r);
  append_mac(r.token.text, r.out);  // the '/' stands where a ':' would
  return true;
}

bool append_ip6(std::string_view text, const Reading& r) {
  std::array<char, 64> buffer{};
  std::array<std::uint8_t, 16> address{};
  const bool fits = text.size() < buffer.size();
  if (fits) std::ranges::copy(text, buffer.begin());
  if (!fits || inet_pton(AF_INET6, buffer.data(), address.data()) != 1) return r.error(Cause::value, fmt::format("{} is no IPv6 address", text), "write 2001:db8::1");
  r.out.insert(r.out.end(), address.begin(), address.end());
  return true;
}
bool append_address(std::string_view text, const Reading& r) {
  return text.find(':') == text.npos ? read_ip4(text, r.token.at, r.report, r.out) : append_ip6(text, r);
}

template <TokenKind... kinds>
bool address(const Reading& r) {
  if (!(r.token.is(kinds) || ...)) return wrong(r);
  return append_address(r.token.text, r);
}
bool family_and_address(const Reading& r) {
  if (!r.token.is(TokenKind::ip4) && !r.token.is(TokenKind::ip6)) return wrong(r);
  r.out.push_back(r.token.is(TokenKind::ip4) ? 1 : 2);
  return append_address(r.token.text, r);
}

// What stands behind the '/'.
bool append_small(std::string_view text, std::size_t width, std::uint64_t high, std::string_view what, const Reading& r) {
  const Number number = number_of(text);
  if (r.native() && !number.within(0, static_cast<std::int64_t>(high)))
    return r.error(Cause::range, fmt::format("{} of {} is 0 to {}, not {}", what, r.row.name, high, text), fmt::format("the highest is {}", high));
  big_endian(number.wrapped(), width, r.out);
  return true;
}
bool address_and_port(const Reading& r) {
  if (!r.token.is(TokenKind::ip4_slash) && !r.token.is(TokenKind::ip6_slash)) return wrong(r);
  const std::size_t slash = r.token.text.find('/');
  return append_address(r.token.text.substr(0, slash), r) && append_small(r.token.text.substr(slash + 1), 2, 65535, "the port", r);
}

bool right_count(const Reading& r, std::size_t count) {
  if (!r.row.bounded || (count >= r.row.min && count <= r.row.max)) return true;
  return r.error(Cause::value, fmt::format("{} has {} to {} items, not {}", r.row.name, r.row.min, r.row.max, count),
                 count < r.row.min ? fmt::format("{} more", r.row.min - count) : fmt::format("{} too many", count - r.row.max));
}

template <typename Item>
bool items(const Reading& r, Item item) {
  std::size_t count = 0;
  for (std::string_view rest = r.token.text; !rest.empty(); ++count)
    if (!item(take_item(rest))) return false;
  return right_count(r, count);
}

template <TokenKind one, TokenKind many>
bool address_list(const Reading& r) {
  if (!r.token.is(one) && !r.token.is(many)) return wrong(r);
  return items(r, [&](std::string_view item) { return append_address(item, r); });
}
bool prefix_list(const Reading& r) {
  if (!r.token.is(TokenKind::ip6_slash) && !r.token.is(TokenKind::ip6_slash_list)) return wrong(r);
  return items(r, [&](std::string_view item) {
    const std::size_t slash = item.find('/');
    return append_address(item.substr(0, slash), r) && append_small(item.substr(slash + 1), 1, 128, "a prefix length", r);
  });
}

// An item that a list cannot have at all has an exit status of its own in the utility; what only its octet cannot hold it truncates.
bool append_item(std::string_view item, std::size_t width, const Reading& r) {
  const Number number = number_of(item);
  const bool impossible = number.huge || number.magnitude > 65535;
  if (impossible || (r.native() && number.magnitude > highest(width)))
    return r.error(impossible ? Cause::list_item : Cause::range, fmt::format("an item of {} is 0 to {}, not {}", r.row.name, highest(width), item),
                   fmt::format("the highest is {}", highest(width)));
  big_endian(number.magnitude, width, r.out);
  return true;
}
template <std::size_t width>
bool number_list(const Reading& r) {
  if (!r.token.is(TokenKind::number_list) && !r.token.is(TokenKind::integer)) return wrong(r);
  if (r.token.is(TokenKind::integer) && (!r.native() || r.token.text.starts_with('-')))
    return r.error(Cause::value, fmt::format("{} is a list of two or more, not {}", r.row.name, described(r.token)),
                   "write 1,2; one alone is for the native dialect");
  return items(r, [&](std::string_view item) { return append_item(item, width, r); });
}
bool number_pair(const Reading& r) {
  if (!r.token.is(TokenKind::number_list) || std::ranges::count(r.token.text, ',') != 1) return wrong(r);
  return items(r, [&](std::string_view item) { return append_item(item, 2, r); });
}

bool nothing(const Reading&) { return true; }

bool object_id(const Reading& r) {
  const std::optional<Oid> oid = read_oid(r.token, true, r.mibs, r.report);
  if (!oid) return false;
  const auto contents = ber_contents(*oid);
  if (!contents) return r.error(Cause::value, fmt::format("{} cannot be written in BER", r.token.text), "the first number is 0 to 2, the second 0 to 39");
  if (contents->size() > 127) return r.error(Cause::value, fmt::format("{} is too long for {}", r.token.text, r.row.name), "its BER has up to 127 octets");
  r.out.push_back(static_cast<std::uint8_t>(SnmpType::object_id));
  r.out.push_back(static_cast<std::uint8_t>(contents->size()));
  r.out.insert(r.out.end(), contents->begin(), contents->end());
  return true;
}

constexpr std::array kForms{
    Form{Kind::pad, "written by the compiler", "", nullptr},
    Form{Kind::end, "written by the compiler", "", nullptr},
    Form{Kind::u8, "a number", "1", integer<1>},
    Form{Kind::u16, "a number", "1", integer<2>},
    Form{Kind::u24, "a number", "1", integer<3>},
    Form{Kind::u32, "a number", "1", integer<4>},
    Form{Kind::str, "a text in quotes", "\"text\"", string},
    Form{Kind::strz, "a text in quotes", "\"text\"", zero_ended_string},
    Form{Kind::hex, "hexadecimal octets", "0x0102", hex},
    Form{Kind::mac, "a MAC address", "00:00:5e:00:53:01", mac},
    Form{Kind::mac_mask, "a MAC address and a mask", "00:00:5e:00:53:01/ff:ff:ff:ff:ff:ff", mac_mask},
    Form{Kind::ip4, "an IPv4 address", "192.0.2.1", address<TokenKind::ip4>},
    Form{Kind::ip6, "an IPv6 address", "2001:db8::1", address<TokenKind::ip6>},
    Form{Kind::ip, "an IPv4 or IPv6 address", "192.0.2.1", address<TokenKind::ip4, TokenKind::ip6>},
    Form{Kind::afi_ip, "an IPv4 or IPv6 address", "192.0.2.1", family_and_address},
    Form{Kind::ip_port, "an address and a port", "192.0.2.1/161", address_and_port},
    Form{Kind::ip4_list, "a list of up to 16 IPv4 addresses, without blanks", "192.0.2.1,192.0.2.2", address_list<TokenKind::ip4, TokenKind::ip4_list>},
    Form{Kind::ip6_list, "a list of up to 16 IPv6 addresses, without blanks", "2001:db8::1,2001:db8::2", address_list<TokenKind::ip6, TokenKind::ip6_list>},
    Form{Kind::prefix6_list, "a list of up to 15 IPv6 prefixes, without blanks", "2001:db8::/48,2001:db8:1::/48", prefix_list},
    Form{Kind::u8_list, "a list of numbers, without blanks", "1,2", number_list<1>},
    Form{Kind::u16_list, "a list of numbers, without blanks", "1,2", number_list<2>},
    Form{Kind::u16_pair, "two numbers with a comma, without blanks", "1,2", number_pair},
    Form{Kind::empty, "without a value", "0x00", nothing},
    Form{Kind::oid, "an object identifier", ".1.3.6.1.2.1", object_id},
    Form{Kind::oid_u8, "an object identifier and 0 or 1", ".1.3.6.1.2.1 1", nullptr},
    Form{Kind::varbind, "an object identifier, a type and a value", "sysContact.0 String \"noc\"", nullptr},
    Form{Kind::file, "the name of a file in quotes", "\"cvc.der\"", nullptr},
    Form{Kind::digitmap, "the name of a file in quotes", "\"dialplan.txt\"", nullptr},
    Form{Kind::block, "a block", "{ ... }", nullptr},
    Form{Kind::block16, "a block", "{ ... }", nullptr},
    Form{Kind::hex16, "hexadecimal octets", "0x0102", hex},
    Form{Kind::opaque, "hexadecimal octets", "0x0102", hex},
    Form{Kind::md5, "written by the compiler", "", nullptr},
};
constexpr bool in_order() {
  for (std::size_t i = 0; i < kForms.size(); ++i)
    if (kForms[i].kind != static_cast<Kind>(i)) return false;
  return true;
}
static_assert(in_order() && kForms.size() == static_cast<std::size_t>(Kind::md5) + 1, "one row per kind, in the order of the enum");

const Form& form_of(Kind kind) noexcept { return kForms[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view form(Kind kind) noexcept { return form_of(kind).what; }
std::string_view example(Kind kind) noexcept { return form_of(kind).example; }

bool read_value(const Tlv& row, const Token& token, const MibNames& mibs, Report& report, Octets& out) {
  const Form& form = form_of(row.kind);
  const Reading reading{row, token, mibs, report, out};
  return form.read != nullptr ? form.read(reading) : wrong(reading);
}

}  // namespace coaxd::docsis
