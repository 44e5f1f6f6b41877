// change.h: a committed change that is still in its record's octets, as fold and recovery handle them, a million at a time. Values, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "server/store/record.h"

namespace coaxd::store {

struct Change {
  std::uint32_t address = 0;
  std::uint32_t generation = 0;
  const std::uint8_t* record = nullptr;  // a valid one
};

// By address; those of one address stay as they came.
void sort_by_address(std::vector<Change>& changes);

// After the sort records lie in no order: this one is looked at soon.
inline void prefetch(const Change& change) noexcept {
  constexpr std::size_t kLine = 64, kUsual = 192;
  for (std::size_t at = 0; at < kUsual; at += kLine) __builtin_prefetch(change.record + at);
}

void decode(const Change& change, DecodedRecord& out) noexcept;

}  // namespace coaxd::store
