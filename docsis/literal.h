// literal.h: what one token says - a text, hexadecimal octets, an address, a number, the name of an object - whatever it is the value of; and how a token that does
// not fit is told. Pure but for the report; any thread. Source: reference docsis, section 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "docsis/lexer.h"
#include "docsis/mib_names.h"
#include "docsis/report.h"
#include "docsis/tree.h"

namespace coaxd::docsis {

// What a string says once its escapes are undone.
bool read_string(const Token& token, Report& report, Octets& out);
// "0x0102" as octets; an odd number of digits is told.
bool read_hex(std::string_view name, const Token& token, Report& report, Octets& out);
bool read_ip4(std::string_view text, Position at, Report& report, Octets& out);

struct Number {
  bool negative = false;
  bool huge = false;            // does not fit below
  std::uint64_t magnitude = 0;
  // As the utility reads it: modulo 2^32 of 64 bits.
  std::uint32_t wrapped() const noexcept;
  // Nothing: outside.
  std::optional<std::int64_t> within(std::int64_t low, std::int64_t high) const noexcept;
};
Number number_of(std::string_view integer) noexcept;
// What people mean who write 10M, 1.5G, 10,000,000, 0x10 or "10" where digits should stand; nothing: no number.
std::optional<std::uint64_t> meant_number(const Token& token) noexcept;

// A name or numbers. Names by `mibs`; in the utility's dialect, where `path_only`, only numbers and paths from the root resolve: a bug of its fallback.
std::optional<Oid> read_oid(const Token& token, bool path_only, const MibNames& mibs, Report& report);

// "the number 7", "the text \"abc\"": what stands where something else should.
std::string described(const Token& token);
// `name` cannot be `token`: what it is instead, and how that is written.
void wrong_kind(Cause cause, std::string_view name, std::string_view what, std::string_view example, const Token& token, Report& report);

}  // namespace coaxd::docsis
