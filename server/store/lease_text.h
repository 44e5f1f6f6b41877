// lease_text.h: pieces that the reader and the writer of dhcpd.leases share: dates, hardware types, the encoding of variables and billing
// in a binding's packed area. Values and pure functions; any thread. Source: dhcpd-compat §14.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/lease/binding.h"

namespace coaxd::store {

// Days since 1970-01-01 of a date of the Gregorian calendar, and back.
std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) noexcept;
struct CivilDate {
  std::int64_t year = 0;
  unsigned month = 0, day = 0;
};
CivilDate date_of(std::int64_t days) noexcept;

std::optional<std::uint8_t> hardware_type(std::string_view name) noexcept;  // `ethernet`, `unknown-NN` ...
// dhcpd keeps option 60 of the client as a variable of his lease (leasequery tells it, RFC 4388 §6.1).
inline constexpr std::string_view kVendorClassVariable = "vendor-class-identifier";

std::string hardware_name(std::uint8_t htype);

// A variable's value as the engine packs it (server/engine/variables.h): u8 name length, name, u16 value length with the type in its top
// two bits, value (boolean: one octet, number: eight, most significant first).
enum class VariableType : std::uint8_t { data = 0, boolean = 1, number = 2 };
inline constexpr std::size_t kLongestValue = 0x3fff;
struct PackedVariable {
  std::string_view name;
  VariableType type = VariableType::data;
  Bytes value;
};
std::string pack_variable(const PackedVariable& variable);
// Takes the first one off `packed`; nothing when there is none or the rest is damaged.
std::optional<PackedVariable> take_variable(Bytes& packed) noexcept;

// lease::Item::failover: tsfp, atsfp, most significant octet first.
struct FailoverTimes {
  lease::StoredTime tsfp = 0, atsfp = 0;
};
FailoverTimes failover_times(const lease::Binding& binding) noexcept;

}  // namespace coaxd::store
