// cmts_kind.h: what a CMTS is to SNMP: `kind` of a row of [snmp] cmts in coaxd.toml; what each can do is in snmp/cmts_kinds.h. A value.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coaxd::config {

enum class CmtsKind : std::uint8_t {
  automatic,  // as its sysObjectID says
  cisco,
  casa,
  arris_c3,
  arris_c4,
  arris_e6000,
  motorola_bsr,
  docsis3,  // what DOCSIS 3.0 has for all
};

// As coaxd.toml writes them.
inline constexpr std::array<std::string_view, 8> kCmtsKindNames{"auto", "cisco", "casa", "arris-c3", "arris-c4", "arris-e6000", "motorola-bsr", "docsis3"};

}  // namespace coaxd::config
