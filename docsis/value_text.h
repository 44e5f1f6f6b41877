// value_text.h: what is written for the octets of a value, by its kind: one row per kind, from which printer, JSON and checker read. Values only, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "docsis/text.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {

// Whether these octets can be a value of this kind at all: their number, a NUL at the end, well-formed BER. Not whether the value is in range.
bool fits(Kind kind, Bytes value) noexcept;
// What fits() asks for, for a message: "4 octets", "text that ends with 00".
std::string_view shape(Kind kind) noexcept;
// "1", "\"text\"", "10.0.0.1,10.0.0.2". The value fits.
void append_value(Kind kind, Bytes value, Dialect dialect, std::string& out);

// What min and max of a row bound: of integers the value, of strings and hex the octets, of lists the items; nothing: the kind has no measure.
std::optional<std::uint64_t> measure(Kind kind, Bytes value) noexcept;
bool is_integer(Kind kind) noexcept;
// "1 to 254", "4 to 10 items", "3 octets": what the row bounds, in words; empty: nothing.
std::string range_text(const Tlv& row);
std::uint32_t integer(Bytes value) noexcept;  // of up to four octets

void append_hex(Bytes octets, std::string& out);  // "0a0b"
void append_ip4(Bytes address, std::string& out);
void append_ip6(Bytes address, Dialect dialect, std::string& out);
void append_mac(Bytes address, std::string& out);

bool is_printable(Bytes text) noexcept;        // 20 to 7e only; so is nothing at all
// Whether "..." can hold it in either dialect: no control character, no backslash, no ${, at most 2048 octets.
bool can_be_quoted(Bytes text) noexcept;

// The OBJECT IDENTIFIER of kinds oid and oid_u8, whose BER has the short form of length; `behind`: the octets behind it.
std::optional<std::vector<std::uint32_t>> oid_of_value(Bytes value, std::size_t behind);

}  // namespace coaxd::docsis
