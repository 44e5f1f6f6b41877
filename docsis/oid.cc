#include "docsis/oid.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace coaxd::docsis {
namespace {

constexpr std::size_t kMaxArcs = 128;  // RFC 2578 §3.5
constexpr std::uint32_t kMaxArc = std::numeric_limits<std::uint32_t>::max();

void append_base128(std::uint64_t value, std::vector<std::uint8_t>& out) {
  int shift = 0;
  while (value >> (shift + 7) != 0) shift += 7;
  for (; shift > 0; shift -= 7) out.push_back(static_cast<std::uint8_t>(0x80 | ((value >> shift) & 0x7f)));
  out.push_back(static_cast<std::uint8_t>(value & 0x7f));
}

}  // namespace

std::optional<Oid> parse_oid(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  Oid oid;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    std::uint32_t arc = 0;
    const auto [next, error] = std::from_chars(at, end, arc);
    // "01" is one thing to some readers and another to those who take it for octal.
    if (error != std::errc{} || (*at == '0' && next - at > 1) || oid.size() == kMaxArcs) return std::nullopt;
    oid.push_back(arc);
    if (next == end) return oid;
    if (*next != '.') return std::nullopt;
    at = next + 1;
  }
}

std::string to_text(OidView oid) { return fmt::format("{}", fmt::join(oid, ".")); }

std::optional<std::vector<std::uint8_t>> ber_contents(OidView oid) {
  if (oid.size() < 2 || oid.size() > kMaxArcs || oid[0] > 2 || (oid[0] < 2 && oid[1] > 39)) return std::nullopt;
  std::vector<std::uint8_t> out;
  out.reserve(oid.size() + 8);
  append_base128(std::uint64_t{oid[0]} * 40 + oid[1], out);  // X.690 §8.19.4
  for (const std::uint32_t arc : oid.subspan(2)) append_base128(arc, out);
  return out;
}

std::optional<Oid> parse_ber_contents(Bytes contents) {
  // Of a valid OID the last octet has no continuation bit, so each loop below ends within the contents.
  if (contents.empty() || (contents.back() & 0x80) != 0) return std::nullopt;
  Oid oid;
  for (std::size_t at = 0; at < contents.size();) {
    if (contents[at] == 0x80) return std::nullopt;  // X.690 §8.19.2
    std::uint64_t number = 0;
    std::uint8_t octet;
    do {
      if (number > kMaxArc) return std::nullopt;
      octet = contents[at++];
      number = (number << 7) | (octet & 0x7f);
    } while ((octet & 0x80) != 0);

    if (oid.empty()) {  // two arcs in one
      const std::uint32_t first = number < 40 ? 0 : number < 80 ? 1 : 2;
      oid.push_back(first);
      number -= std::uint64_t{first} * 40;
    }
    if (number > kMaxArc || oid.size() == kMaxArcs) return std::nullopt;
    oid.push_back(static_cast<std::uint32_t>(number));
  }
  return oid;
}

}  // namespace coaxd::docsis
