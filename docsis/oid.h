// oid.h: OBJECT IDENTIFIERs: dotted text, arcs, and the octets of BER (X.690 §8.19). Values only, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/bytes.h"

namespace coaxd::docsis {

using Oid = std::vector<std::uint32_t>;
using OidView = std::span<const std::uint32_t>;

// "1.3.6.1", ".1.3.6.1"; nothing: not numeric, an arc above 2^32-1, more than 128 of them.
std::optional<Oid> parse_oid(std::string_view text);
std::string to_text(OidView oid);  // "1.3.6.1", no leading dot

// Contents octets, without tag and length. The first two arcs are one number, so: nothing if the first is above 2, or the second above 39
// below 0 and 1, or there are fewer than two.
std::optional<std::vector<std::uint8_t>> ber_contents(OidView oid);
// Nothing: an arc that is cut off, has needless leading 80 octets, or exceeds 32 bits; nothing at all.
std::optional<Oid> parse_ber_contents(Bytes contents);

}  // namespace coaxd::docsis
