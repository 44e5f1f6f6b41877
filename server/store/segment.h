// segment.h: what a journal segment file looks like, and how it is read after whatever happened to it. Values and pure functions over
// octets; any thread. Written by Journal (batches) and SegmentSource (head), read by recovery and the fold thread.
//
//   segment:  head, padded to 4096 | batch | batch | ... | zeroes, or what an earlier life of a recycled file left
//   head:     "coaxdjnl" | u32 version | u32 worker | u64 store | u64 number | u64 key | u32 crc32c (of all before)
//   batch:    u32 octets of records | u32 crc32c | u64 segment key | u64 batch number | records (record.h)
//
// A batch is one write. Its number is one more than that of the last batch that was settled before it, through all segments and lives of
// a worker's journal. So the numbers tell three things that the octets alone cannot:
//  - a hole followed by a later batch number in the same file is damage, for that batch was only written when what lies before it was durable; a
//    hole at the end is the torn tail of a crash;
//  - a segment's first batch says where its predecessor ended: after a failed write the journal goes on in a new segment with the number of
//    the batch that failed, and a reader leaves out what the failed one may have left behind (first_batch, `below`);
//  - how far SQLite has got: one number per worker.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "server/base/bytes.h"
#include "server/store/record.h"

namespace coaxd::store {

inline constexpr std::size_t kSegmentHeadSize = 4096;  // a page of its own: no batch ever rewrites it
inline constexpr std::size_t kBatchHeadSize = 24;
inline constexpr std::uint32_t kSegmentVersion = 1;

struct SegmentHead {
  std::uint32_t worker = 0;
  std::uint64_t store = 0;  // SQLite's store id: journals of another store are never replayed into this one
  std::uint64_t number = 0;
  std::uint64_t key = 0;
};

// Fills all kSegmentHeadSize octets.
void encode_segment_head(MutableBytes out, const SegmentHead& head) noexcept;
enum class SegmentError : std::uint8_t { damaged, newer_version };
std::optional<SegmentError> decode_segment_head(Bytes in, SegmentHead& out) noexcept;

void encode_batch_head(MutableBytes out, std::uint64_t segment_key, std::uint64_t number, std::size_t records_size) noexcept;
struct BatchHead {
  std::uint64_t number = 0;
  std::size_t records_size = 0;
};
std::optional<BatchHead> decode_batch_head(Bytes in, std::uint64_t segment_key) noexcept;

struct ScanResult {
  std::size_t end = 0;           // after the last batch that was read to its end; where the next scan may go on
  std::uint64_t last_batch = 0;  // highest number seen, also of an incomplete batch; 0: none
  std::size_t last_begin = 0;    // where that batch begins, and
  std::size_t last_end = 0;      // where what could be read of it ends
  std::uint64_t records = 0;
  std::uint64_t damaged = 0;     // holes before a later batch
  std::uint64_t holes = 0;       // behind the last batch head: damage if another one follows these octets, else what a crash has torn
  bool torn = false;             // there are such
};

struct BatchNumbers {
  // Of the last batch that came before these octets. A batch that has lost its head can only be the next one after what is known: whoever
  // numbers it otherwise than the journal went on gives two batches one number, and one of them is taken for folded.
  std::uint64_t before = 0;
  std::uint64_t from = 0, below = std::numeric_limits<std::uint64_t>::max();  // wanted
  std::uint64_t holes = 0;  // of a scan that ended where these octets begin
};

// Reads the batches in `octets` (which begins at a batch) and calls `record` with each valid record of those numbered at or above `from` and
// below `below`. Goes on behind holes: whatever has a good CRC under the segment's key was written by us. Batches below `from` are not
// looked into: SQLite has them, whatever has become of them here.
ScanResult scan_batches(Bytes octets, std::uint64_t segment_key, const BatchNumbers& numbers,
                        const std::function<void(Bytes octets, const DecodedRecord&)>& record);

// Length of the whole batches at the head of `octets`: by their heads, whatever their records are worth.
std::size_t whole_batches(Bytes octets, std::uint64_t segment_key) noexcept;

// Where the octets of the key next stand. Where they do not, nothing of this segment is: a record and a batch head both carry it.
inline constexpr std::size_t kKeySize = 8;
std::optional<std::size_t> find_key(Bytes octets, std::size_t from, std::uint64_t key) noexcept;

}  // namespace coaxd::store
