#include "snmp/cmts_kinds.h"

#include <algorithm>
#include <array>

#include "snmp/modem_state.h"

namespace coaxd::snmp {
namespace {

using Shape = ResetObject::Shape;

// Column 8 makes the CMTS stop talking to a modem, which then starts over within 30 s, and forget a CPE until its next DHCP (`clear cable host`). Column 9 removes the row; IOS 12.x of a
// uBR7223 and 7246VXR does not have it.
constexpr ResetObject kCiscoReset{"cdxCmCpeResetNow", oid("1.3.6.1.4.1.9.9.116.1.3.1.1.8"), Shape::row};
constexpr ResetObject kCiscoDelete{"cdxCmCpeDeleteNow", oid("1.3.6.1.4.1.9.9.116.1.3.1.1.9"), Shape::row};
constexpr ResetObject kCasaReset{"casaCmtsCmCpeResetNow", oid("1.3.6.1.4.1.20858.10.12.1.3.1.7"), Shape::row};
constexpr ResetObject kCasaByMac{"casaCmtsCmResetByMacAddr", oid("1.3.6.1.4.1.20858.10.12.1.5.2.0"), Shape::scalar};
constexpr ResetObject kCadant{"cadMacResetCMMacAddress", oid("1.3.6.1.4.1.4998.1.1.20.2.14.2.0"), Shape::scalar};
constexpr ResetObject kCadantDelete{"cadMacDeleteMacAddress", oid("1.3.6.1.4.1.4998.1.1.20.2.14.3.0"), Shape::scalar};
constexpr ResetObject kRdn{"rdnCmtsCmResetByMacAddr", oid("1.3.6.1.4.1.4981.2.2.2.0"), Shape::scalar};
// The group docsIf3CmtsCmCtrl; .1.0 is CmdMacAddr, .5.0 CmdCommit.
constexpr ResetObject kCmCtrl{"docsIf3CmtsCmCtrl", oid("1.3.6.1.4.1.4491.2.1.20.1.27"), Shape::command};
constexpr ResetObject kAtModem{"docsDevResetNow", oid("1.3.6.1.2.1.69.1.1.3.0"), Shape::itself};

constexpr ResetObject kCiscoWays[] = {kCiscoReset, kCiscoDelete, kCmCtrl}, kCiscoCpe[] = {kCiscoReset, kCiscoDelete};
constexpr ResetObject kCasaWays[] = {kCasaReset, kCasaByMac, kCmCtrl}, kCasaCpe[] = {kCasaReset};
constexpr ResetObject kC3Ways[] = {kCiscoReset, kCmCtrl}, kC3Cpe[] = {kCiscoReset};
constexpr ResetObject kC4Ways[] = {kCadant, kCmCtrl}, kE6000Ways[] = {kCmCtrl, kCadant}, kCadantCpe[] = {kCadantDelete};
constexpr ResetObject kRdnWays[] = {kRdn, kCmCtrl};
constexpr ResetObject kDocsis3Ways[] = {kCmCtrl};

constexpr Oid kCisco[] = {oid("1.3.6.1.4.1.9.1")};
constexpr Oid kCasa[] = {oid("1.3.6.1.4.1.20858.2")};
constexpr Oid kC3[] = {oid("1.3.6.1.4.1.4115")};
constexpr Oid kC4[] = {oid("1.3.6.1.4.1.4998.2.1"), oid("1.3.6.1.4.1.4998.2.2")};
constexpr Oid kE6000[] = {oid("1.3.6.1.4.1.4115.1.9.1")};
constexpr Oid kRdnSystem[] = {oid("1.3.6.1.4.1.4981.4.1.1")};

constexpr std::array kRows = std::to_array<CmtsRow>({
    // kind                    name                          sysObjectID  resets of a modem  of a CPE's row
    {CmtsKind::cisco, "Cisco uBR7200, uBR10012, cBR-8", kCisco, kCiscoWays, kCiscoCpe},
    {CmtsKind::casa, "Casa", kCasa, kCasaWays, kCasaCpe},
    {CmtsKind::arris_c3, "ARRIS C3", kC3, kC3Ways, kC3Cpe},
    {CmtsKind::arris_c4, "ARRIS C4", kC4, kC4Ways, kCadantCpe},
    {CmtsKind::arris_e6000, "ARRIS E6000", kE6000, kE6000Ways, kCadantCpe},
    {CmtsKind::motorola_bsr, "Motorola BSR 64000", kRdnSystem, kRdnWays, {}},
    {CmtsKind::docsis3, "DOCSIS 3.0", {}, kDocsis3Ways, {}},
});
static_assert(kRows.size() + 1 == config::kCmtsKindNames.size());
constexpr bool rows_follow_kinds() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].kind) != i + 1) return false;
  return true;
}
static_assert(rows_follow_kinds());

struct Model {
  Oid system;
  std::string_view name;
};
constexpr Model kModels[] = {
    {oid("1.3.6.1.4.1.9.1.179"), "uBR7246"},     {oid("1.3.6.1.4.1.9.1.210"), "uBR7223"},   {oid("1.3.6.1.4.1.9.1.271"), "uBR7246VXR"},
    {oid("1.3.6.1.4.1.9.1.827"), "uBR7225VXR"},  {oid("1.3.6.1.4.1.9.1.344"), "uBR7111"},   {oid("1.3.6.1.4.1.9.1.346"), "uBR7114"},
    {oid("1.3.6.1.4.1.9.1.317"), "uBR10012"},    {oid("1.3.6.1.4.1.9.1.2141"), "cBR-8"},    {oid("1.3.6.1.4.1.4998.2.1"), "C4"},
    {oid("1.3.6.1.4.1.4998.2.2"), "C4c"},        {oid("1.3.6.1.4.1.4115.1.9.1"), "E6000"},  {oid("1.3.6.1.4.1.20858.2.20"), "C2200"},
    {oid("1.3.6.1.4.1.20858.2.50"), "C3000"},    {oid("1.3.6.1.4.1.20858.2.200"), "C10G"},  {oid("1.3.6.1.4.1.4981.4.1.1"), "BSR 64000"},
};

constexpr Oid kCdxCmCpeType = oid("1.3.6.1.4.1.9.9.116.1.3.1.1.2");
constexpr std::int64_t kCmReinit = 2;

std::string octets_of(Mac mac) { return std::string(as_text(mac.octets())); }

}  // namespace

std::string_view to_string(Act act) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"reset-modem", "forget-cpe", "modem-state"};
  return kNames[static_cast<std::size_t>(act)];
}

std::span<const CmtsRow> cmts_rows() noexcept { return kRows; }

const CmtsRow& row_of(CmtsKind kind) noexcept { return kind == CmtsKind::automatic ? kRows.back() : kRows[static_cast<std::size_t>(kind) - 1]; }

const CmtsRow& row_of_system(const Oid& system) noexcept {
  const CmtsRow* best = &kRows.back();
  std::size_t length = 0;
  for (const CmtsRow& row : kRows)
    for (const Oid& prefix : row.system) {
      if (!system.begins_with(prefix) || prefix.arcs().size() <= length) continue;
      best = &row;
      length = prefix.arcs().size();
    }
  return *best;
}

std::string_view model_of(const Oid& system) noexcept {
  const auto model = std::ranges::find(kModels, system, &Model::system);
  return model == std::end(kModels) ? std::string_view{} : model->name;
}

const ResetObject& reset_at_modem() noexcept { return kAtModem; }

Pdu reset_pdu(const ResetObject& object, Mac mac) {
  Pdu pdu{.type = Pdu::Type::set, .varbinds = {}};
  switch (object.shape) {
    case Shape::row: pdu.varbinds = {{object.object.of(mac), Value::of_integer(1)}}; break;
    case Shape::scalar: pdu.varbinds = {{object.object, Value::of_octets(octets_of(mac))}}; break;
    case Shape::command:
      pdu.varbinds = {{object.object.of(1).of(0), Value::of_octets(octets_of(mac))}, {object.object.of(5).of(0), Value::of_integer(kCmReinit)}};
      break;
    case Shape::itself: pdu.varbinds = {{object.object, Value::of_integer(1)}}; break;
  }
  return pdu;
}

std::optional<Pdu> look_pdu(Act act, const CmtsRow& row, Mac mac) {
  if (act != Act::forget_cpe) return Pdu{.type = Pdu::Type::get, .varbinds = {{kDocsIfCmtsCmPtr.of(mac)}}};
  const bool has_cpe_table = !row.for_cpe.empty() && row.for_cpe.front().object == kCiscoReset.object;
  return has_cpe_table ? std::optional(Pdu{.type = Pdu::Type::get, .varbinds = {{kCdxCmCpeType.of(mac)}}}) : std::nullopt;
}

}  // namespace coaxd::snmp
