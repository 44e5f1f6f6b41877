#include "server/store/journal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "server/base/assert.h"
#include "server/store/journal_files.h"
#include "server/store/segment.h"

// Why a record that was reported lost does no harm if its octets did reach the disk.
//
// After a failed write or fdatasync nobody knows what the disk holds (the kernel may even call the pages clean), so nothing is appended
// behind that place: retry() goes on in a new segment, whose first batch has the number of the batch that failed.
//  1. Once that first batch is durable, readers leave the lost batch out (segment.h: below its successor's first batch).
//  2. A crash before that: recovery may apply the lost record L, generation g of address X. Its transition was rolled back, and every
//     transition of a slot, the rollback too, has a new, higher generation. So if anything was acknowledged for X after L, by whichever
//     worker, its record has a generation above g, is durable, and wins. If nothing was, then X is nobody else's: giving it to the client
//     of L breaks no promise, for the only promise about X since then would have been an ACK. (A reply from dhcp-cache-threshold has
//     no record of its own: it is held back while failed(), like every ACK, and the rollback leaves a mark on X, so that other workers, too,
//     answer for X with a record only: LeaseTable::in_doubt().)
// journal_test.cc and crash_test.cc show both.

namespace coaxd::store {
namespace {

// What the page cache holds a file in. A write that ends within a page of a file that was used before, and that is not in the cache any more,
// would have to wait until the rest of the page has been read; so zeroes go out with it.
constexpr std::size_t kPage = 4096;

std::uint64_t monotonic_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

struct Journal::Impl {
  struct Batch {
    std::unique_ptr<std::uint8_t[]> octets;
    std::size_t size = kBatchHeadSize;
    std::uint64_t records = 0;
    std::uint64_t last = 0;  // sequence of its newest record
    std::uint64_t key = 0;   // the segment key its records carry

    bool empty() const noexcept { return records == 0; }
    void clear() noexcept {
      size = kBatchHeadSize;
      records = 0;
    }
  };
  enum class Flight : std::uint8_t { none, batch, probe };

  Impl(AsyncDisk& d, SegmentSource& s, Options o) : disk(d), source(s), options(o), number(s.first_batch()) {
    COAXD_ASSERT(options.batch_capacity >= kBatchHeadSize + kMaxRecordSize);
    COAXD_ASSERT(kSegmentHeadSize + options.batch_capacity <= source.segment_size());
    for (Batch& batch : batches) {
      // Value-initialised: the pages are there before the first packet is.
      batch.octets = std::make_unique<std::uint8_t[]>(options.batch_capacity + kPage);
    }
    probe.octets = std::make_unique<std::uint8_t[]>(kBatchHeadSize + kPage);
  }

  bool begin_segment() noexcept {
    const auto next = source.take();
    if (!next) return false;
    segment = *next;
    offset = kSegmentHeadSize;
    closed = false;
    return true;
  }
  // Finds room for `batch`; false: no segment is ready.
  bool place(Batch& batch) noexcept {
    if (segment.file < 0 || closed || offset + batch.size > segment.size) {
      if (!begin_segment()) return false;
    }
    if (batch.key != segment.key) rekey(batch);
    return true;
  }
  void rekey(Batch& batch) noexcept {
    const MutableBytes octets{batch.octets.get(), batch.size};
    for (std::size_t at = kBatchHeadSize; at < batch.size; at += record_size(octets.subspan(at))) {
      rekey_record(octets.subspan(at), segment.key);
    }
    batch.key = segment.key;
  }
  void write(Flight kind, Batch& batch, bool sync) noexcept {
    flight = kind;
    flight_size = batch.size;
    started_ns = monotonic_ns();
    const std::uint64_t end = offset + batch.size, page_end = std::min((end + kPage - 1) / kPage * kPage, segment.size);
    const MutableBytes octets{batch.octets.get(), static_cast<std::size_t>(page_end - offset)};
    encode_batch_head(octets, segment.key, number, batch.size - kBatchHeadSize);
    std::ranges::fill(octets.subspan(batch.size), std::uint8_t{0});
    disk.write(segment.file, offset, octets, sync, ++token);
  }

  AsyncDisk& disk;
  SegmentSource& source;
  const Options options;
  std::array<Batch, 2> batches;
  Batch* gathering = &batches[0];
  Batch* flying = &batches[1];
  Batch probe;  // never holds a record

  Segment segment;
  std::uint64_t offset = 0;
  bool closed = false;  // full, or a write into it failed: nothing more goes there
  std::uint64_t number;   // of the next batch
  std::uint64_t records = 0;  // published

  Flight flight = Flight::none;
  std::size_t flight_size = 0;
  std::uint64_t token = 0;
  std::uint64_t started_ns = 0;
  bool resend = false;  // Durability::memory: the failed batch is still owed to the file
};

Journal::Journal(AsyncDisk& disk, SegmentSource& segments, Options options)
    : impl_(std::make_unique<Impl>(disk, segments, options)) {
  impl_->begin_segment();
}

Journal::~Journal() = default;

bool Journal::has_room(std::size_t records) const noexcept {
  return failed_ == 0 && impl_->options.batch_capacity - impl_->gathering->size >= records * kMaxRecordSize;
}

bool Journal::at_rest() const noexcept {
  return impl_->flight == Impl::Flight::none && (impl_->gathering->empty() || failed_ != 0);
}

std::uint64_t Journal::append(Ipv4 address, std::uint32_t generation, std::uint32_t at, Record::Kind kind,
                              const lease::Binding& binding) noexcept {
  Impl& impl = *impl_;
  Impl::Batch& batch = *impl.gathering;
  const std::size_t room = impl.options.batch_capacity - batch.size;
  if (failed_ != 0 || room < kMaxRecordSize) return 0;
  if (batch.empty()) batch.key = impl.segment.key;  // a guess; place() corrects it
  batch.size += encode_record({batch.octets.get() + batch.size, room}, batch.key, address, generation, at, kind,
                              binding);
  ++batch.records;
  batch.last = ++appended_;
  if (impl.options.durability == Durability::memory) settled_ = durable_ = appended_;
  return appended_;
}

void Journal::flush() noexcept {
  Impl& impl = *impl_;
  if (impl.flight != Impl::Flight::none || failed_ != 0) return;
  if (!impl.resend && impl.gathering->empty()) return;
  if (!impl.place(impl.resend ? *impl.flying : *impl.gathering)) {
    // The next segment is still being made: the batch waits and grows. If it cannot be made, the batch is lost.
    if (const int error = impl.source.error(); error != 0) {
      impl.closed = true;  // a probe that still fits its last octets would prove nothing
      fail(error);
    }
    return;
  }
  if (!impl.resend) std::swap(impl.gathering, impl.flying);
  impl.write(Impl::Flight::batch, *impl.flying, impl.options.durability == Durability::durable);
}

void Journal::on_complete(std::uint64_t token, int result) noexcept {
  Impl& impl = *impl_;
  COAXD_ASSERT(impl.flight != Impl::Flight::none && token == impl.token);
  const bool probe = std::exchange(impl.flight, Impl::Flight::none) == Impl::Flight::probe;
  stats_.sync_ns_total += monotonic_ns() - impl.started_ns;
  if (result != 0) {
    // A probe holds no record: writing it again at the same place leaves no hole.
    impl.closed = impl.closed || !probe;
    fail(-result);
    return;
  }
  impl.offset += impl.flight_size;
  ++impl.number;
  if (probe) {
    failed_ = 0;
  } else {
    Impl::Batch& batch = *impl.flying;
    ++stats_.batches;
    stats_.records += batch.records;
    stats_.octets += batch.size;
    impl.records += batch.records;
    impl.resend = false;
    if (impl.options.durability != Durability::memory) durable_ = settled_ = batch.last;
    batch.clear();
  }
  impl.source.publish({impl.segment.number, impl.offset}, impl.records);
}

// Everything not yet durable has its fate: lost. Only `memory`, which has promised nothing, keeps it for later.
void Journal::fail(int error) noexcept {
  Impl& impl = *impl_;
  failed_ = error;
  ++stats_.failures;
  if (impl.options.durability == Durability::memory) {
    impl.resend = !impl.flying->empty();
    return;
  }
  settled_ = appended_;
  impl.gathering->clear();
  impl.flying->clear();
}

void Journal::retry() noexcept {
  Impl& impl = *impl_;
  if (failed_ == 0 || impl.flight != Impl::Flight::none) return;
  if (impl.segment.file < 0 || impl.closed || impl.offset + kBatchHeadSize > impl.segment.size) {
    if (!impl.begin_segment()) {
      if (const int error = impl.source.error(); error != 0) failed_ = error;
      return;
    }
  }
  impl.probe.key = impl.segment.key;
  impl.write(Impl::Flight::probe, impl.probe, true);
}

JournalPosition Journal::readable() const noexcept { return impl_->source.readable(); }

}  // namespace coaxd::store
