// variables.h: the variables of `set NAME = VALUE` (dhcpd-compat §5.1): values of three types, packed one after the other. A lease's
// lie in its Binding (lease::Item::variables), those of no lease in the worker's GlobalVariables. Views only; nothing
// allocates. The packed form is stored with the lease, so it may only grow in ways that old readers survive.
//
// Packed, newest first: u8 name length, name, u16 value length with the type in its top two bits, value (number: 8 octets).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/bytes.h"

namespace coaxd::engine {

// What an expression gives. `none` is dhcpd's null.
struct Value {
  enum class Type : std::uint8_t { none, data, boolean, number };
  Type type = Type::none;
  Bytes data;
  std::uint64_t number = 0;  // boolean: 0 or 1

  static Value of(Bytes octets) noexcept { return {Type::data, octets, 0}; }
  static Value of(bool truth) noexcept { return {Type::boolean, {}, truth ? 1u : 0u}; }
  static Value of_number(std::uint64_t n) noexcept { return {Type::number, {}, n}; }
  bool is_null() const noexcept { return type == Type::none; }
  bool operator==(const Value& other) const noexcept {
    return type == other.type && number == other.number && equal(data, other.data);
  }
};

// Names of variables are one whatever their case (observed).
bool same_name(std::string_view a, std::string_view b) noexcept;

struct Variable {
  std::string_view name;
  Value value;
};

// Reads a packed area from its start; a damaged one ends early.
class Variables {
 public:
  explicit Variables(Bytes packed) noexcept : rest_(packed) {}
  std::optional<Variable> next() noexcept;

  static std::optional<Value> find(Bytes packed, std::string_view name) noexcept;
  static bool well_formed(Bytes packed) noexcept;

 private:
  Bytes rest_;
};

// Writes into `out` the area that `packed` becomes when `name` has `value`: in its old place or else in front; null removes
// it. Nothing when it does not fit (a name of more than 255 or a value of more than 16383 octets never does). `out` must overlap neither
// `packed` nor the value.
std::optional<Bytes> with_variable(Bytes packed, std::string_view name, const Value& value, MutableBytes out) noexcept;

// Variables set while no lease is in hand: dhcpd's global scope. One per worker, like everything a packet writes to.
class GlobalVariables {
 public:
  Bytes packed() const noexcept { return {area_.data(), size_}; }
  bool set(std::string_view name, const Value& value) noexcept;
  void clear() noexcept { size_ = 0; }

 private:
  std::size_t size_ = 0;
  std::array<std::uint8_t, 4096> area_;
  std::array<std::uint8_t, 4096> next_;
};

}  // namespace coaxd::engine
