// little_endian.h: unsigned integers in the store's files, least significant octet first. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace coaxd::store {

template <typename T>
T load_le(const std::uint8_t* p) noexcept {
  static_assert(std::is_unsigned_v<T>);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{p[i]} << (8 * i);
  return static_cast<T>(value);
}

template <typename T>
void store_le(std::uint8_t* p, T value) noexcept {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    p[i] = static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * i));
  }
}

}  // namespace coaxd::store
