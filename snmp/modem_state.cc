#include "snmp/modem_state.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>

namespace coaxd::snmp {
namespace {

using Phase = ModemState::Phase;

constexpr Oid kStatus = oid("1.3.6.1.2.1.10.127.1.3.3.1");           // docsIfCmtsCmStatusEntry
constexpr Oid kRegStatus = oid("1.3.6.1.4.1.4491.2.1.20.1.3.1");     // docsIf3CmtsCmRegStatusEntry
constexpr Oid kCdxStatusValue = oid("1.3.6.1.4.1.9.9.116.1.3.2.1.1");
constexpr Oid kStatusMac = kStatus.of(2), kStatusAddress = kStatus.of(3), kStatusRxPower = kStatus.of(6), kStatusValue = kStatus.of(9), kStatusSignalNoise = kStatus.of(13);
constexpr Oid kRegMac = kRegStatus.of(2), kRegAddress = kRegStatus.of(5), kRegValue = kRegStatus.of(6);

struct Meaning {
  std::int64_t value;
  Phase phase;
};
constexpr Meaning kStatusValues[] = {{1, Phase::other},       {2, Phase::ranging}, {3, Phase::offline}, {4, Phase::ranged}, {5, Phase::addressing},
                                     {6, Phase::online},      {7, Phase::rejected}, {8, Phase::online}, {9, Phase::registering}};
constexpr Meaning kRegValues[] = {{2, Phase::ranging},     {4, Phase::ranged}, {5, Phase::addressing}, {6, Phase::online}, {8, Phase::online},      {9, Phase::registering},
                                  {10, Phase::ranged},     {11, Phase::addressing}, {12, Phase::addressing}, {13, Phase::addressing}, {14, Phase::file}, {15, Phase::file},
                                  {16, Phase::registering}, {17, Phase::no_access}, {18, Phase::no_access}};
constexpr Meaning kCdxValues[] = {{1, Phase::offline},  {3, Phase::ranging},  {4, Phase::addressing}, {5, Phase::no_access}, {6, Phase::online},     {7, Phase::online},
                                  {8, Phase::rejected}, {9, Phase::rejected}, {12, Phase::online},    {13, Phase::file},     {14, Phase::time},      {15, Phase::offline},
                                  {16, Phase::ranging}, {18, Phase::addressing}, {25, Phase::offline}};

// What tells the phase, the most telling first: docsIfCmtsCmStatusValue calls both offline and a dozen other things other(1).
struct Source {
  std::string_view name;
  Oid object;
  std::span<const Meaning> meanings;
};
constexpr Source kSources[] = {
    {"cdxCmtsCmStatusValue", kCdxStatusValue, kCdxValues},
    {"docsIf3CmtsCmRegStatusValue", kRegValue, kRegValues},
    {"docsIfCmtsCmStatusValue", kStatusValue, kStatusValues},
};

Phase phase_of(const Source& source, std::int64_t value) noexcept {
  for (const Meaning& meaning : source.meanings)
    if (meaning.value == value) return meaning.phase;
  return Phase::other;
}

bool is_mac(const Value* value, Mac mac) noexcept {
  if (value == nullptr || value->type != Value::Type::octets) return false;
  return Mac::of({reinterpret_cast<const std::uint8_t*>(value->octets.data()), value->octets.size()}) == mac;
}

std::optional<int> small_number(const Value* value) noexcept {
  if (value == nullptr || !value->is_number() || value->number < -10'000 || value->number > 10'000) return std::nullopt;
  return static_cast<int>(value->number);
}

// An IpAddress, or InetAddressIPv4 of four octets.
Ipv4 address_of(const Value* value) noexcept {
  if (value == nullptr) return {};
  if (value->type == Value::Type::address) return value->address();
  if (value->type != Value::Type::octets || value->octets.size() != 4) return {};
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(value->octets[i]); };
  return Ipv4::of(octet(0), octet(1), octet(2), octet(3));
}

// -15 is -1.5.
std::string tenths(int value) { return fmt::format("{}{}.{}", value < 0 ? "-" : "", std::abs(value) / 10, std::abs(value) % 10); }

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Phase::count)> kNames{"absent", "offline", "ranging", "ranged", "addressing", "time",
                                                                                      "file",   "registering", "online", "no-access", "rejected", "other"};
  return kNames[static_cast<std::size_t>(phase)];
}

Pdu modem_state_pdu(std::uint32_t index, bool with_newer) {
  Pdu pdu;
  for (const Oid& column : {kStatusMac, kStatusAddress, kStatusRxPower, kStatusValue, kStatusSignalNoise}) pdu.varbinds.push_back({column.of(index)});
  if (with_newer)
    for (const Oid& column : {kCdxStatusValue, kRegMac, kRegAddress, kRegValue}) pdu.varbinds.push_back({column.of(index)});
  return pdu;
}

ModemState read_modem_state(Mac mac, std::uint32_t index, const Answer& answer) {
  const auto at = [&](const Oid& column) { return answer.find(column.of(index)); };
  const bool is_status = is_mac(at(kStatusMac), mac), is_reg = is_mac(at(kRegMac), mac);
  if (!is_status && !is_reg) return {};
  ModemState state{.phase = Phase::other, .index = index};
  for (const Source& source : kSources) {
    const bool believed = source.object == kRegValue ? is_reg : is_status;
    const Value* value = at(source.object);
    if (!believed || value == nullptr || !value->is_number()) continue;
    state.phase = phase_of(source, value->number);
    state.object = source.name;
    state.value = value->number;
    if (state.phase != Phase::other) break;  // else a less telling one may know
  }
  if (is_status) {
    state.address = address_of(at(kStatusAddress));
    state.receive_power = small_number(at(kStatusRxPower));
    state.signal_noise = small_number(at(kStatusSignalNoise));
  }
  if (is_reg && state.address.is_zero()) state.address = address_of(at(kRegAddress));
  return state;
}

std::string to_json(const ModemState& state) {
  std::string out = fmt::format("{{\"state\":\"{}\"", to_string(state.phase));
  const auto put = std::back_inserter(out);
  if (!state.object.empty()) fmt::format_to(put, ",\"object\":\"{}\",\"value\":{}", state.object, state.value);
  if (!state.address.is_zero()) fmt::format_to(put, ",\"address\":\"{}\"", coaxd::to_string(state.address));
  if (state.receive_power) fmt::format_to(put, ",\"receive_power_dbmv\":{}", tenths(*state.receive_power));
  if (state.signal_noise) fmt::format_to(put, ",\"signal_noise_db\":{}", tenths(*state.signal_noise));
  return out + "}";
}

}  // namespace coaxd::snmp
