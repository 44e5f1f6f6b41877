// value.h: a value as it is written -> the octets of its TLV, by the row's kind. One table of kinds: what is expected, an example for who wrote something else, and
// the function that reads it. Bounds are the row's; what the utility does not check it truncates, the native dialect refuses. Pure but for the report; any thread.
// Source: reference docsis, section 3.2.
#pragma once

#include "docsis/lexer.h"
#include "docsis/mib_names.h"
#include "docsis/report.h"
#include "docsis/tree.h"

namespace coaxd::docsis {

// Appends to `out`. False: told to `report`, and `out` is not to be used. Kinds that are not one token (block, varbind, file ...) have no reader: false.
bool read_value(const Tlv& row, const Token& token, const MibNames& mibs, Report& report, Octets& out);

// "a number", "a text in quotes"; and "1", "\"text\"": empty where nothing is written.
std::string_view form(Kind kind) noexcept;
std::string_view example(Kind kind) noexcept;

}  // namespace coaxd::docsis
