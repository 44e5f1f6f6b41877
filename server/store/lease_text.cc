#include "server/store/lease_text.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

namespace coaxd::store {
namespace {

struct HardwareRow {
  std::uint8_t type;
  std::string_view name;
};
// What dhcpd prints (observed for 1, 6, 8, 32).
constexpr std::array<HardwareRow, 4> kHardware{{{1, "ethernet"}, {6, "token-ring"}, {8, "fddi"}, {32, "infiniband"}}};
constexpr std::string_view kUnknown = "unknown-";

}  // namespace

// Years are counted from March, so that a leap day is the last of its year; 400 years are 146097 days.
std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) noexcept {
  if (month <= 2) --year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t from_march = month > 2 ? month - 3 : month + 9;
  const std::int64_t of_year = (153 * from_march + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

CivilDate date_of(std::int64_t days) noexcept {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t of_era = days - era * 146097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const auto from_march = static_cast<unsigned>((5 * of_year + 2) / 153);
  const unsigned month = from_march < 10 ? from_march + 3 : from_march - 9;
  const auto day = static_cast<unsigned>(of_year - (153 * from_march + 2) / 5 + 1);
  return {year + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::optional<std::uint8_t> hardware_type(std::string_view name) noexcept {
  for (const HardwareRow& row : kHardware) {
    if (row.name == name) return row.type;
  }
  if (!name.starts_with(kUnknown)) return std::nullopt;
  name.remove_prefix(kUnknown.size());
  std::uint8_t type = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), type);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return type;
}

std::string hardware_name(std::uint8_t htype) {
  for (const HardwareRow& row : kHardware) {
    if (row.type == htype) return std::string(row.name);
  }
  return fmt::format("{}{}", kUnknown, htype);
}

std::string pack_variable(const PackedVariable& variable) {
  std::string out;
  std::uint8_t size[2];
  store_be16(size, static_cast<std::uint16_t>(static_cast<unsigned>(variable.type) << 14 | variable.value.size()));
  out += static_cast<char>(variable.name.size());
  out += variable.name;
  out += as_text(size);
  out += as_text(variable.value);
  return out;
}

std::optional<PackedVariable> take_variable(Bytes& packed) noexcept {
  if (packed.empty() || packed.size() < packed[0] + 3u) return std::nullopt;
  const std::size_t name_size = packed[0];
  const std::uint16_t head = load_be16(&packed[1 + name_size]);
  const std::size_t begin = 3 + name_size;
  const std::size_t size = head & kLongestValue;
  if (packed.size() - begin < size || head >> 14 > 2) return std::nullopt;
  const PackedVariable variable{as_text(packed.subspan(1, name_size)), static_cast<VariableType>(head >> 14),
                                packed.subspan(begin, size)};
  packed = packed.subspan(begin + size);
  return variable;
}

FailoverTimes failover_times(const lease::Binding& binding) noexcept {
  const Bytes item = binding.get(lease::Item::failover);
  if (item.size() != 8) return {};
  return {load_be32(item.data()), load_be32(item.data() + 4)};
}

}  // namespace coaxd::store
