#include "server/store/recovery.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace coaxd::store {
namespace {

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
// Read at once; larger than any batch, so that one stands whole in it.
constexpr std::size_t kPiece = 4 << 20;

// Octets are not cleared before they are read into.
std::unique_ptr<std::uint8_t[]> room_for(std::uint64_t octets) {
  return std::make_unique_for_overwrite<std::uint8_t[]>(static_cast<std::size_t>(octets));
}

// Whether anything of the segment stands at or behind `at`. `piece` has kPiece octets.
std::expected<bool, int> has_more(FileSystem& files, const Segment& segment, std::uint64_t at, std::uint8_t* piece) {
  for (;;) {
    const auto have = files.read(segment.file, at, {piece, kPiece});
    if (!have) return std::unexpected(have.error());
    if (find_key({piece, *have}, 0, segment.key)) return true;
    if (*have < kPiece) return false;
    at += *have - (kKeySize - 1);  // a key may stand across two pieces
  }
}

// What is served from now on must not depend on pages that a failed fdatasync has left clean but not written: the last batch, the only
// one that nobody has waited for, is written once more, and everything synced.
std::expected<void, int> make_durable(FileSystem& files, const Segment& segment, std::uint64_t begin, std::uint64_t end) {
  if (end > begin) {
    const auto batch = room_for(end - begin);
    const auto have = files.read(segment.file, begin, {batch.get(), static_cast<std::size_t>(end - begin)});
    if (!have) return std::unexpected(have.error());
    if (auto written = files.write(segment.file, begin, {batch.get(), *have}); !written) return written;
  }
  return files.sync(segment.file);
}

}  // namespace

struct Replay::Read {
  BatchNumbers numbers;
  std::shared_ptr<const std::uint8_t> map{};
  std::uint64_t at = kSegmentHeadSize;  // where to go on
  std::uint64_t records = 0;            // wanted ones
  std::uint64_t damaged = 0;
  std::uint64_t last_batch = 0, last_begin = 0, last_end = 0;  // as in ScanResult, in the file
};

std::expected<void, int> Replay::run(FileSystem& files, Journals& journals, RecoveryStats& stats) {
  for (auto& [worker, cursor] : journals) {
    if (auto read = read_journal(files, cursor, stats); !read) return read;
  }
  stats.newest = std::max(stats.newest, newest_);
  keep_newest();
  return {};
}

std::expected<void, int> Replay::read_journal(FileSystem& files, JournalCursor& cursor, RecoveryStats& stats) {
  cursor.last_batch = std::max(cursor.last_batch, cursor.folded_batch);
  for (const SegmentFile& spare : cursor.spares) cursor.last_segment = std::max(cursor.last_segment, spare.segment.number);
  bool torn = false;
  std::vector<bool> needed;
  for (std::size_t i = 0; i < cursor.old.size(); ++i) {
    const SegmentFile& file = cursor.old[i];
    const Segment& segment = file.segment;
    cursor.last_segment = std::max(cursor.last_segment, segment.number);
    const std::uint64_t below = first_batch_of(files, cursor.old, i + 1, cursor.old.size());
    // Whole segments are missing, or the end of one: their numbers are.
    const std::uint64_t first = first_batch_of(files, cursor.old, i, i + 1);
    const bool gap = first != kAll && first > cursor.last_batch + 1 && cursor.last_batch != 0;
    Read read{.numbers = {.before = cursor.last_batch, .from = cursor.folded_batch + 1, .below = below}};
    if (auto done = read_segment(files, segment, read); !done) return done;
    if (read.map && read.records > 0) maps_.push_back(read.map);
    stats.replayed += read.records;
    const std::uint64_t damaged = read.damaged + (gap ? 1 : 0);
    if (damaged > 0) {
      stats.damaged += damaged;
      stats.messages.push_back(fmt::format(
          "{}: {} part(s) of the journal cannot be read although later ones can; leases committed there may be lost", file.path,
          damaged));
    }
    torn = torn || (read.numbers.holes > 0 && below == kAll);
    cursor.last_batch = std::max(cursor.last_batch, std::min(read.last_batch, below - 1));
    if (auto durable = make_durable(files, segment, read.last_begin, read.last_end); !durable) return durable;
    // SQLite has every batch of it that counts.
    needed.push_back(read.records > 0 || std::min(read.last_batch, below - 1) > cursor.folded_batch);
  }
  std::deque<SegmentFile> old;
  for (std::size_t i = 0; i < cursor.old.size(); ++i) (needed[i] ? old : cursor.spares).push_back(std::move(cursor.old[i]));
  cursor.old = std::move(old);
  stats.torn += torn ? 1 : 0;
  return {};
}

std::expected<void, int> Replay::read_segment(FileSystem& files, const Segment& segment, Read& read) {
  if (auto map = files.map(segment.file, segment.size)) read.map = std::move(*map);
  std::unique_ptr<std::uint8_t[]> piece;
  for (;;) {
    if (!piece) piece = room_for(kPiece);
    const auto have = files.read(segment.file, read.at, {piece.get(), kPiece});
    if (!have) return std::unexpected(have.error());
    const std::size_t whole = whole_batches({piece.get(), *have}, segment.key);
    if (whole == 0) break;
    if (scan({piece.get(), whole}, segment, read)) pieces_.push_back(std::move(piece));
    read.at += whole;
  }
  // The end of what was written, or a hole with more behind it. Only all the rest can tell.
  const auto more = has_more(files, segment, read.at, piece.get());
  if (!more) return std::unexpected(more.error());
  if (!*more) return {};
  const std::uint64_t left = segment.size - std::min(segment.size, read.at);
  auto rest = room_for(left);
  const auto have = files.read(segment.file, read.at, {rest.get(), static_cast<std::size_t>(left)});
  if (!have) return std::unexpected(have.error());
  if (scan({rest.get(), *have}, segment, read)) pieces_.push_back(std::move(rest));
  return {};
}

// True: the octets must be kept.
bool Replay::scan(Bytes octets, const Segment& segment, Read& read) {
  const std::uint8_t* begin = read.map ? read.map.get() + read.at : octets.data();
  const auto result = scan_batches(octets, segment.key, read.numbers, [&](Bytes record, const DecodedRecord& decoded) {
    changes_.push_back({decoded.record.address.value, decoded.record.generation, begin + (record.data() - octets.data())});
    newest_ = std::max<WallSeconds>(newest_, decoded.record.at);
  });
  read.records += result.records;
  read.damaged += result.damaged;
  read.numbers.holes = result.holes;
  if (result.last_batch != 0) {
    read.numbers.before = std::max(read.numbers.before, result.last_batch);
    read.last_batch = result.last_batch;
    read.last_begin = read.at + result.last_begin;
    read.last_end = read.at + result.last_end;
  }
  return result.records > 0 && !read.map;
}

void Replay::keep_newest() {
  sort_by_address(changes_);
  std::size_t kept = 0;
  for (const Change& change : changes_) {
    if (kept == 0 || changes_[kept - 1].address != change.address) {
      changes_[kept++] = change;
    } else if (is_later(change.generation, changes_[kept - 1].generation)) {
      changes_[kept - 1] = change;
    }
  }
  changes_.resize(kept);
}

}  // namespace coaxd::store
