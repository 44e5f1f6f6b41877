// modem_state.h: how a modem stands with its CMTS: which objects are asked, and what their values mean. Values; any thread.
// Source: DOCS-IF-MIB (RFC 4546) docsIfCmtsCmStatusTable, DOCS-IF3-MIB docsIf3CmtsCmRegStatusTable, CISCO-DOCS-EXT-MIB cdxCmtsCmStatusExtTable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "snmp/pdu.h"

namespace coaxd::snmp {

struct ModemState {
  enum class Phase : std::uint8_t { absent, offline, ranging, ranged, addressing, time, file, registering, online, no_access, rejected, other, count };
  Phase phase = Phase::absent;      // absent: the CMTS knows no such modem
  std::uint32_t index = 0;          // docsIfCmtsCmStatusIndex
  std::string_view object{};        // which told the phase
  std::int64_t value = 0;           // what it said
  Ipv4 address{};                   // 0: none
  std::optional<int> receive_power{}; // tenths of dBmV, of the upstream at the CMTS
  std::optional<int> signal_noise{};  // tenths of dB
  bool operator==(const ModemState&) const = default;
};
std::string_view to_string(ModemState::Phase phase) noexcept;
std::string to_json(const ModemState& state);

// The first question: its answer is the row of the others.
inline constexpr Oid kDocsIfCmtsCmPtr = oid("1.3.6.1.2.1.10.127.1.3.7.1.2");
// `with_newer`: objects that came after SNMPv1's days too, for one that is absent spoils the whole answer there.
Pdu modem_state_pdu(std::uint32_t index, bool with_newer);
// The rows of `index` may be another modem's by now, or of docsIf3 from the outset: what does not name `mac` is not believed.
ModemState read_modem_state(Mac mac, std::uint32_t index, const Answer& answer);

}  // namespace coaxd::snmp
