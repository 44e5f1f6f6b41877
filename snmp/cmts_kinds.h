// cmts_kinds.h: which CMTS resets a modem, and forgets a CPE, by which object: one table. A row is all that a further kind needs. Constants; any thread.
//
// A row says what a kind may have, in the order in which it is tried; what the box at hand does not have it says itself, so an old uBR7200 without cdxCmCpeDeleteNow and
// a new one are one kind.
// Source: CISCO-DOCS-EXT-MIB, CADANT-CMTS-EQUIPMENT-MIB, CASA-CMTS-MIB, RDN-CMTS-MIB, DOCS-IF3-MIB, DOCS-CABLE-DEVICE-MIB (RFC 4639).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/config/cmts_kind.h"
#include "snmp/pdu.h"

namespace coaxd::snmp {

using config::CmtsKind;

enum class Act : std::uint8_t {
  reset_modem,
  forget_cpe,   // its row at the CMTS: source-verify then asks by leasequery about its next packet
  modem_state,  // reads only
};
std::string_view to_string(Act act) noexcept;

struct ResetObject {
  enum class Shape : std::uint8_t {
    row,      // a column indexed by MAC: INTEGER 1 (TruthValue true)
    scalar,   // the MAC as six octets
    command,  // docsIf3CmtsCmCtrl: the MAC, and in the same SET what to do with it
    itself,   // a scalar of the modem: INTEGER 1
  };
  std::string_view name;
  Oid object;
  Shape shape = Shape::row;
};

struct CmtsRow {
  CmtsKind kind = CmtsKind::docsis3;
  std::string_view name;                   // for people
  std::span<const Oid> system;             // sysObjectID begins with one of these
  std::span<const ResetObject> for_modem;  // in this order
  std::span<const ResetObject> for_cpe;    // empty: no such object is known
  std::span<const ResetObject> of(Act act) const noexcept { return act == Act::forget_cpe ? for_cpe : for_modem; }
};

std::span<const CmtsRow> cmts_rows() noexcept;
const CmtsRow& row_of(CmtsKind kind) noexcept;              // of automatic: docsis3's
const CmtsRow& row_of_system(const Oid& system) noexcept;   // the longest that it begins with; docsis3's where none does
std::string_view model_of(const Oid& system) noexcept;      // "uBR7246VXR"; "" of others

// docsDevResetNow, at the modem.
const ResetObject& reset_at_modem() noexcept;

Pdu reset_pdu(const ResetObject& object, Mac mac);
// Whether the CMTS has it at all: of those that do not, v1 says noSuchName, as it does of what we may not write. Nothing: there is no way to ask.
std::optional<Pdu> look_pdu(Act act, const CmtsRow& row, Mac mac);

// What a CMTS is.
inline constexpr Oid kSysDescr = oid("1.3.6.1.2.1.1.1.0"), kSysObjectId = oid("1.3.6.1.2.1.1.2.0"), kSysUpTime = oid("1.3.6.1.2.1.1.3.0");

}  // namespace coaxd::snmp
