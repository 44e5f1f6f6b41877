#include "docsis/varbind.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kSequence = 0x30;

void append_length(std::size_t length, Octets& out) {
  if (length >= 0x80) {
    int octets = 1;
    while (length >> (8 * octets) != 0) ++octets;
    out.push_back(static_cast<std::uint8_t>(0x80 | octets));
    for (int i = octets - 1; i > 0; --i) out.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
  }
  out.push_back(static_cast<std::uint8_t>(length));
}

std::size_t length_size(std::size_t length) {
  std::size_t size = 1;
  if (length >= 0x80)
    for (; length != 0; length >>= 8) ++size;
  return size;
}

// Strings that are this long have three octets of length in the utility, some octets earlier than they need them; everything else never has more than one,
// which is illegal above 127.
bool has_long_utility_length(std::size_t arcs, SnmpType type, std::size_t contents) { return type == SnmpType::octet_string && contents + arcs + 8 >= 127; }

void append_utility_length(bool is_long, std::size_t length, Octets& out) {
  if (is_long) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(length >> 8));
  }
  out.push_back(static_cast<std::uint8_t>(length));
}

// --- reading ---

struct Element {
  std::uint8_t tag;
  Bytes contents;
};

// Takes a length off the front; false: it is indefinite, reserved, or cut off (X.690 §8.1.3). The value may still be more than there is.
bool take_length(Bytes& rest, std::size_t& length) {
  if (rest.empty()) return false;
  const std::uint8_t first = rest[0];
  rest = rest.subspan(1);
  length = first;
  if (first < 0x80) return true;
  const std::size_t octets = first & 0x7f;
  if (first == 0x80 || first == 0xff || octets > rest.size()) return false;
  length = 0;
  for (const std::uint8_t octet : rest.first(octets)) {
    if (length >> 24 != 0) return false;
    length = (length << 8) | octet;
  }
  rest = rest.subspan(octets);
  return true;
}

bool take_element(Bytes& rest, Element& element) {
  if (rest.empty()) return false;
  element.tag = rest[0];
  Bytes after = rest.subspan(1);
  std::size_t length = 0;
  if (!take_length(after, length) || length > after.size()) return false;
  element.contents = after.first(length);
  rest = after.subspan(length);
  return true;
}

bool fits_uint32(Bytes contents) {
  const auto value = unsigned_of(contents);
  return value && *value <= 0xffff'ffff;
}

// What is wrong with the contents of a value of this type; nothing: they can be read (RFC 2578 §7.1).
std::string_view fault_of(std::uint8_t tag, Bytes contents) {
  switch (static_cast<SnmpType>(tag)) {
    case SnmpType::integer: {
      const auto value = integer_of(contents);
      return value && *value >= INT32_MIN && *value <= INT32_MAX ? "" : "has an Integer that 32 bits do not hold";
    }
    case SnmpType::counter32:
    case SnmpType::gauge32:
    case SnmpType::time_ticks:
      return fits_uint32(contents) ? "" : "has an unsigned number that 32 bits do not hold";
    case SnmpType::counter64:
      return unsigned_of(contents) ? "" : "has a Counter64 that 64 bits do not hold";
    case SnmpType::ip_address:
      return contents.size() == 4 ? "" : "has an IPAddress that is not four octets";
    case SnmpType::object_id:
      return parse_ber_contents(contents) ? "" : "has an ObjectID that cannot be read";
    case SnmpType::octet_string:
    case SnmpType::opaque:
      return "";
  }
  return "has a value of a type that SNMP does not have";
}

// Name and value, which must be all there is.
std::expected<Varbind, std::string_view> decode_pair(Bytes rest) {
  Element name, value;
  if (rest.empty() || rest[0] != static_cast<std::uint8_t>(SnmpType::object_id)) return std::unexpected("does not begin with a name");
  if (!take_element(rest, name)) return std::unexpected("ends within the name");
  auto oid = parse_ber_contents(name.contents);
  if (!oid) return std::unexpected("has a name that cannot be read");
  if (rest.empty()) return std::unexpected("has no value");
  if (!take_element(rest, value)) return std::unexpected("ends within the value");
  if (!rest.empty()) return std::unexpected("has octets behind its value");
  if (const std::string_view fault = fault_of(value.tag, value.contents); !fault.empty()) return std::unexpected(fault);
  return Varbind{std::move(*oid), static_cast<SnmpType>(value.tag), Octets(value.contents.begin(), value.contents.end())};
}

}  // namespace

void append_integer(std::int64_t value, Octets& out) {
  int octets = 1;
  while (value < -(std::int64_t{1} << (8 * octets - 1)) || value >= std::int64_t{1} << (8 * octets - 1))
    if (++octets == 8) break;
  while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(value >> (8 * octets)));
}

void append_unsigned(std::uint64_t value, Octets& out) {
  int octets = 1;
  while (octets < 8 && value >> (8 * octets) != 0) ++octets;
  if ((value >> (8 * octets - 1)) != 0) out.push_back(0);
  while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(value >> (8 * octets)));
}

Octets contents_of_integer(std::int64_t value) {
  Octets out;
  append_integer(value, out);
  return out;
}

Octets contents_of_unsigned(std::uint64_t value) {
  Octets out;
  append_unsigned(value, out);
  return out;
}

std::optional<std::int64_t> integer_of(Bytes contents) noexcept {
  if (contents.empty() || contents.size() > 8) return std::nullopt;
  std::uint64_t value = (contents[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const std::uint8_t octet : contents) value = (value << 8) | octet;
  return static_cast<std::int64_t>(value);
}

std::optional<std::uint64_t> unsigned_of(Bytes contents) noexcept {
  if (contents.empty() || contents.size() > 9) return std::nullopt;
  // Some senders leave out the 00 before a full word; in any other size a top bit means a negative number.
  const bool full_word = contents.size() == 4 || contents.size() == 8;
  if ((contents[0] & 0x80) != 0 && !full_word) return std::nullopt;
  if (contents.size() == 9 && contents[0] != 0) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t octet : contents) value = (value << 8) | octet;
  return value;
}

void append_varbind(Bytes name, std::size_t arcs, SnmpType type, Bytes contents, LengthForm form, Octets& out) {
  const std::size_t length = 2 + length_size(name.size()) + name.size() + length_size(contents.size()) + contents.size();
  const bool is_long = has_long_utility_length(arcs, type, contents.size());
  out.push_back(kSequence);
  if (form == LengthForm::utility || (form == LengthForm::compatible && length < (is_long ? 0x1'0000U : 0x80U)))
    append_utility_length(is_long, length, out);
  else
    append_length(length, out);
  out.push_back(static_cast<std::uint8_t>(SnmpType::object_id));
  append_length(name.size(), out);
  out.insert(out.end(), name.begin(), name.end());
  out.push_back(static_cast<std::uint8_t>(type));
  append_length(contents.size(), out);
  out.insert(out.end(), contents.begin(), contents.end());
}

std::optional<Octets> encode(const Varbind& varbind, LengthForm form) {
  const auto name = ber_contents(varbind.name);
  if (!name) return std::nullopt;
  Octets out;
  out.reserve(name->size() + varbind.contents.size() + 16);
  append_varbind(*name, varbind.name.size(), varbind.type, varbind.contents, form, out);
  return out;
}

std::expected<Varbind, std::string_view> decode_varbind(Bytes octets) {
  if (octets.empty() || octets[0] != kSequence) return std::unexpected("is not a SEQUENCE");
  if (octets.size() < 2) return std::unexpected("ends before its length");

  Bytes rest = octets.subspan(1);
  std::size_t length = 0;
  if (take_length(rest, length) && length == rest.size()) return decode_pair(rest);

  // The utility's single octet of length, which loses what is above 255 (and means something else above 127).
  const Bytes behind_one = octets.subspan(2);
  if (octets[1] == static_cast<std::uint8_t>(behind_one.size()) && behind_one.size() >= 0x80) return decode_pair(behind_one);

  if (octets[1] == 0x80) return std::unexpected("has an indefinite length");
  return std::unexpected(length > rest.size() ? "ends before the length that it states" : "is longer than it states");
}

}  // namespace coaxd::docsis
