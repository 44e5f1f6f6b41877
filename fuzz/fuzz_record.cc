// The journal's octets. Octet 0 chooses: a record as it came; a binding; a record whose length and
// CRC are made right, so that what lies behind them is reached; a segment as it came; a good segment
// with one stretch overwritten, of which nothing may be read that was not written.
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/base/crc32c.h"
#include "server/base/hash.h"
#include "server/store/little_endian.h"
#include "server/store/record.h"
#include "server/store/segment.h"

namespace coaxd::store {
namespace {

constexpr std::uint64_t kKey = 0x0102030405060708;

// Whatever decodes is exactly what encoding makes of it.
void record(Bytes in) {
  static DecodedRecord out;
  if (decode_record(in, kKey, out)) return;
  const Record& r = out.record;
  REQUIRE(out.size <= in.size() && out.size <= kMaxRecordSize);
  std::array<std::uint8_t, kMaxRecordSize> again{};
  const std::size_t size = encode_record(again, kKey, r.address, r.generation, r.at, r.kind, r.binding);
  REQUIRE(equal(Bytes(again).first(size), in.first(out.size)));
}

void binding(Bytes in) {
  static lease::Binding out;
  if (!decode_binding(in, out)) return;
  std::array<std::uint8_t, kMaxRecordSize> again{};
  REQUIRE(equal(Bytes(again).first(encode_binding(again, out)), in));
}

void repaired_record(Bytes in) {
  if (in.size() < 16) return;
  std::vector<std::uint8_t> copy(in.begin(), in.end());
  const auto length = static_cast<std::uint32_t>(copy.size() - 8);
  store_le(copy.data(), length);
  store_le(copy.data() + 8, kKey);
  store_le(copy.data() + 4, crc32c({copy.data() + 8, length}, crc32c({copy.data(), 4})));
  record(copy);
}

void damaged_segment(fuzz::Source source) {
  // As in a journal: what a record holds cannot know the key it is written under.
  const std::uint64_t key = hash_bytes(HashSeed{1, 2}, source.rest());
  std::vector<std::uint8_t> segment;
  std::map<std::uint32_t, std::vector<std::uint8_t>> written;
  const std::uint64_t batches = 1 + source.u8() % 8;
  for (std::uint64_t number = 1; number <= batches; ++number) {
    const std::size_t head = segment.size();
    segment.resize(head + kBatchHeadSize);
    for (int records = source.u8() % 4; records > 0; --records) {
      std::array<std::uint8_t, kMaxRecordSize> octets{};
      lease::Binding b;
      (void)b.set(lease::Item::hostname, source.take(source.u8()));
      const auto generation = static_cast<std::uint32_t>(written.size() + 1);
      const std::size_t size = encode_record(octets, key, Ipv4{generation}, generation, 1, Record::Kind::binding, b);
      written[generation].assign(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
      segment.insert(segment.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
    }
    encode_batch_head(MutableBytes(segment).subspan(head), key, number, segment.size() - head - kBatchHeadSize);
  }
  const std::size_t at = source.u16() % segment.size();
  const Bytes noise = source.rest().first(std::min(source.rest().size(), segment.size() - at));
  const bool changed = !equal(noise, Bytes(segment).subspan(at, noise.size()));
  std::ranges::copy(noise, segment.begin() + static_cast<std::ptrdiff_t>(at));

  std::size_t seen = 0;
  const auto result = scan_batches(segment, key, {}, [&](Bytes octets, const DecodedRecord& decoded) {
    const auto found = written.find(decoded.record.generation);
    REQUIRE(found != written.end() && equal(found->second, octets));
    ++seen;
  });
  REQUIRE(seen == result.records && seen <= written.size() && result.end <= segment.size());
  if (!changed) REQUIRE(seen == written.size() && result.damaged == 0 && !result.torn && result.end == segment.size());
  // Eight octets cannot take away all keys of a batch, and by its key it is missed; unless it was the last record's end.
  if (seen < written.size() && noise.size() <= 8) REQUIRE(result.damaged > 0 || result.torn);
}

}  // namespace
}  // namespace coaxd::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::store;
  if (size == 0) return 0;
  const Bytes rest{data + 1, size - 1};
  switch (data[0] % 5) {
    case 0: record(rest); break;
    case 1: binding(rest); break;
    case 2: repaired_record(rest); break;
    case 3: {
      const auto result = scan_batches(rest, kKey, {}, [](Bytes octets, const DecodedRecord&) { record(octets); });
      REQUIRE(result.end <= rest.size());
      break;
    }
    default: damaged_segment(fuzz::Source(rest));
  }
  SegmentHead head;
  (void)decode_segment_head(rest, head);
  return 0;
}
