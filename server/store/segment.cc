#include "server/store/segment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "server/base/assert.h"
#include "server/base/crc32c.h"
#include "server/store/little_endian.h"

namespace coaxd::store {
namespace {

constexpr char kMagic[8] = {'c', 'o', 'a', 'x', 'd', 'j', 'n', 'l'};
constexpr std::size_t kHeadCrc = 40;

// A batch head has the shape of a record's beginning (size, CRC, key). Another start value keeps one from passing for the other.
constexpr std::uint32_t kBatchSeed = 0x62617463;

std::uint32_t batch_crc(const std::uint8_t* head) noexcept {
  return crc32c({head + 8, kBatchHeadSize - 8}, crc32c({head, 4}, kBatchSeed));
}

// A place that could be a batch head or record: both carry the key at offset 8.
std::optional<std::size_t> next_candidate(Bytes octets, std::size_t from, std::uint64_t key) noexcept {
  const auto found = find_key(octets, from + 8, key);
  if (!found) return std::nullopt;
  return *found - 8;
}

// One pass over a segment's octets.
struct Scan {
  Bytes octets;
  std::uint64_t key;
  BatchNumbers numbers;
  const std::function<void(Bytes, const DecodedRecord&)>& record;
  std::uint64_t holes;  // not yet known whether damage or a torn tail
  ScanResult result{};
  DecodedRecord decoded{};

  std::optional<std::size_t> find(std::size_t at, std::size_t limit, auto is_valid) {
    for (auto next = next_candidate(octets, at, key); next && *next < limit;
         next = next_candidate(octets, *next + 1, key)) {
      if (is_valid(*next)) return next;
    }
    return std::nullopt;
  }

  void read_records(std::uint64_t number, std::size_t begin, std::size_t end) {
    const std::size_t readable = std::min(end, octets.size());
    if (number < numbers.from) {
      result.last_end = readable;
      return;
    }
    std::size_t at = begin;
    while (at < readable) {
      const Bytes rest = octets.subspan(at, readable - at);
      const auto error = decode_record(rest, key, decoded);
      if (!error) {
        if (number < numbers.below) {
          ++result.records;
          record(rest.first(decoded.size), decoded);
        }
        at += decoded.size;
        result.last_end = at;
        continue;
      }
      ++holes;
      const auto next = find(at + 1, readable, [&](std::size_t p) {
        return decode_record(octets.subspan(p, readable - p), key, decoded) != RecordError::torn;
      });
      if (!next) return;
      at = *next;
    }
    if (readable < end) ++holes;
  }

  // No batch head from here on. Where our key still stands a batch was begun; its records are worth what they would be in it. Anything
  // else was never ours: zeroes, or an earlier life of the file.
  void read_headless(std::size_t at) {
    const auto begun = next_candidate(octets, at, key);
    if (!begun) return;
    ++holes;
    result.last_batch = std::max(result.last_batch, numbers.before) + 1;
    result.last_begin = *begun;
    result.last_end = *begun;
    read_records(result.last_batch, *begun, octets.size());
  }

  void run() {
    std::size_t at = 0;
    while (at < octets.size()) {
      auto head = decode_batch_head(octets.subspan(at), key);
      if (!head) {
        const auto next = find(at, octets.size(), [&](std::size_t p) {
          return decode_batch_head(octets.subspan(p), key).has_value();
        });
        if (!next) {
          read_headless(at);
          break;
        }
        ++holes;
        at = *next;
        head = decode_batch_head(octets.subspan(at), key);
      }
      result.damaged += holes;  // they lie before a later batch
      holes = 0;
      result.last_batch = head->number;
      result.last_begin = at;
      result.last_end = at + kBatchHeadSize;
      const std::size_t end = at + kBatchHeadSize + head->records_size;
      read_records(head->number, at + kBatchHeadSize, end);
      at = end;
      if (end <= octets.size() && holes == 0) result.end = end;
    }
    result.holes = holes;
    result.torn = holes > 0;
  }
};

}  // namespace

void encode_segment_head(MutableBytes out, const SegmentHead& head) noexcept {
  COAXD_ASSERT(out.size() >= kSegmentHeadSize);
  std::uint8_t* p = out.data();
  std::memset(p, 0, kSegmentHeadSize);
  std::memcpy(p, kMagic, sizeof kMagic);
  store_le(p + 8, kSegmentVersion);
  store_le(p + 12, head.worker);
  store_le(p + 16, head.store);
  store_le(p + 24, head.number);
  store_le(p + 32, head.key);
  store_le(p + kHeadCrc, crc32c({p, kHeadCrc}));
}

std::optional<SegmentError> decode_segment_head(Bytes in, SegmentHead& out) noexcept {
  if (in.size() < kHeadCrc + 4) return SegmentError::damaged;
  const std::uint8_t* p = in.data();
  if (std::memcmp(p, kMagic, sizeof kMagic) != 0) return SegmentError::damaged;
  if (load_le<std::uint32_t>(p + kHeadCrc) != crc32c({p, kHeadCrc})) return SegmentError::damaged;
  if (load_le<std::uint32_t>(p + 8) > kSegmentVersion) return SegmentError::newer_version;
  out.worker = load_le<std::uint32_t>(p + 12);
  out.store = load_le<std::uint64_t>(p + 16);
  out.number = load_le<std::uint64_t>(p + 24);
  out.key = load_le<std::uint64_t>(p + 32);
  return std::nullopt;
}

void encode_batch_head(MutableBytes out, std::uint64_t segment_key, std::uint64_t number,
                       std::size_t records_size) noexcept {
  std::uint8_t* p = out.data();
  store_le(p, static_cast<std::uint32_t>(records_size));
  store_le(p + 8, segment_key);
  store_le(p + 16, number);
  store_le(p + 4, batch_crc(p));
}

std::optional<BatchHead> decode_batch_head(Bytes in, std::uint64_t segment_key) noexcept {
  if (in.size() < kBatchHeadSize) return std::nullopt;
  const std::uint8_t* p = in.data();
  if (load_le<std::uint64_t>(p + 8) != segment_key) return std::nullopt;
  if (load_le<std::uint32_t>(p + 4) != batch_crc(p)) return std::nullopt;
  return BatchHead{.number = load_le<std::uint64_t>(p + 16), .records_size = load_le<std::uint32_t>(p)};
}

ScanResult scan_batches(Bytes octets, std::uint64_t segment_key, const BatchNumbers& numbers,
                        const std::function<void(Bytes octets, const DecodedRecord&)>& record) {
  Scan scan{octets, segment_key, numbers, record, numbers.holes};
  scan.run();
  return scan.result;
}

std::size_t whole_batches(Bytes octets, std::uint64_t segment_key) noexcept {
  std::size_t end = 0;
  while (const auto head = decode_batch_head(octets.subspan(end), segment_key)) {
    if (head->records_size > octets.size() - end - kBatchHeadSize) break;
    end += kBatchHeadSize + head->records_size;
  }
  return end;
}

std::optional<std::size_t> find_key(Bytes octets, std::size_t from, std::uint64_t key) noexcept {
  std::array<std::uint8_t, kKeySize> needle{};
  store_le(needle.data(), key);
  // Looked for by an octet that is not zero: what was never written is.
  const auto seen = std::ranges::find_if(needle, [](std::uint8_t c) { return c != 0; });
  const auto lead = seen == needle.end() ? 0 : static_cast<std::size_t>(seen - needle.begin());
  for (std::size_t at = from; at + kKeySize <= octets.size();) {
    const std::uint8_t* begin = octets.data() + at + lead;
    const void* found = std::memchr(begin, needle[lead], octets.size() - at - kKeySize + 1);
    if (found == nullptr) break;
    at += static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - begin);
    if (std::memcmp(octets.data() + at, needle.data(), kKeySize) == 0) return at;
    ++at;
  }
  return std::nullopt;
}

}  // namespace coaxd::store
