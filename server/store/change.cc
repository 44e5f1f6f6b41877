#include "server/store/change.h"

#include <array>

#include "server/base/assert.h"

namespace coaxd::store {

// Three passes of a radix sort: comparing a million with each other takes five times as long.
void sort_by_address(std::vector<Change>& changes) {
  constexpr std::uint32_t kBits = 11, kValues = 1 << kBits;
  std::vector<Change> sorted(changes.size());
  for (std::uint32_t shift = 0; shift < 32; shift += kBits) {
    const auto digit = [shift](const Change& c) { return c.address >> shift & (kValues - 1); };
    std::array<std::size_t, kValues + 1> begin{};
    for (const Change& change : changes) ++begin[digit(change) + 1];
    for (std::uint32_t value = 1; value < kValues; ++value) begin[value] += begin[value - 1];
    for (const Change& change : changes) sorted[begin[digit(change)]++] = change;
    changes.swap(sorted);
  }
}

// A record carries its length and the key it is valid under.
void decode(const Change& change, DecodedRecord& out) noexcept {
  const Bytes head{change.record, kRecordHeadSize};
  const auto error = decode_record({change.record, record_size(head)}, record_key(head), out);
  COAXD_ASSERT(!error);  // it was valid when it was read
}

}  // namespace coaxd::store
