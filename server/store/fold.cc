#include "server/store/fold.h"

#include <algorithm>
#include <array>

namespace coaxd::store {
namespace {

// Read at once: while the kernel copies, a worker on the same core waits for it to end (Linux without PREEMPT), and for megabytes that is
// milliseconds.
constexpr std::uint64_t kPiece = 256 << 10;
// What one round takes at most: the more the better, for a page of SQLite is written twice a round, to the log and by the checkpoint, and a row
// once, however often they change in it. Renewals of random clients among 1 M: 5.8 us a record in rounds of 16 MB, 2.7 in rounds of 64,
// 1.9 in rounds of 192. So when workers are faster than the fold, what waits grows until rounds are so large that they are as fast.
constexpr std::uint64_t kRound = 512 << 20;
// Memory comes in huge pages: records are visited by address, at random, and without them a quarter of the fold's time went to finding pages.
constexpr std::size_t kChunk = 16 << 20;
constexpr std::uint64_t kLeast = 4 << 20;  // more than any batch
constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

}  // namespace

std::uint64_t first_batch_of(FileSystem& files, const std::deque<SegmentFile>& segments, std::size_t from,
                             std::size_t end) {
  std::uint64_t first = kAll;
  for (std::size_t i = from; i < end; ++i) {
    std::array<std::uint8_t, kBatchHeadSize> octets{};
    const auto have = files.read(segments[i].segment.file, kSegmentHeadSize, octets);
    if (!have || *have != octets.size()) continue;
    if (const auto head = decode_batch_head(octets, segments[i].segment.key)) first = std::min(first, head->number);
  }
  return first;
}

std::expected<std::unique_ptr<Fold>, int> Fold::create(FileSystem& files, Database& database) {
  auto rows = LeaseRows::prepare(database);
  if (!rows) return std::unexpected(rows.error());
  auto position = database.prepare("INSERT OR REPLACE INTO journals (worker, segment, batch) VALUES (?1, ?2, ?3)");
  if (!position) return std::unexpected(position.error());
  auto newest = database.prepare("UPDATE meta SET value = ?1 WHERE key = 'newest' AND value < ?1");
  if (!newest) return std::unexpected(newest.error());
  return std::make_unique<Fold>(files, database, std::move(*rows), std::move(*position), std::move(*newest));
}

std::expected<Fold::Round, int> Fold::round(Journals& journals, const std::function<void()>& meanwhile) {
  gathered_.clear();
  chunks_.clear();
  changes_.clear();
  newest_ = 0;
  // Earlier lives first, so that the history is written in the order in which it happened.
  const bool old = std::ranges::any_of(journals, [](const auto& j) { return !j.second.old.empty(); });
  Round round;
  for (auto& [worker, cursor] : journals) {
    if (old && cursor.old.empty()) continue;
    Place place{.offset = cursor.offset, .batch = cursor.folded_batch, .room = std::max(kRound / journals.size(), kLeast)};
    for (bool more = true; more && place.room >= kLeast; meanwhile()) {
      const auto some = gather(cursor, worker, place);
      if (!some) return std::unexpected(some.error());
      round.progress = round.progress || *some;
      more = *some && !place.caught_up;
    }
  }
  if (!round.progress) return round;
  if (const int code = commit(meanwhile); code != SQLITE_OK) {
    (void)database_.exec("ROLLBACK");
    return std::unexpected(code);
  }
  round.records = changes_.size();
  round.batches = advance();
  // Much memory, until the next time there is so much.
  chunks_.clear();
  std::vector<Change>().swap(changes_);
  return round;
}

// Stays as it is, unless what was put there is kept (chunk_used_), until the next call.
MutableBytes Fold::room_for(std::size_t octets) {
  if (chunks_.empty() || chunks_.back().size() - chunk_used_ < octets) {
    chunks_.emplace_back(std::max(kChunk, octets));
    chunk_used_ = 0;
  }
  return {chunks_.back().as<std::uint8_t>() + chunk_used_, octets};
}

// Reads the next piece of a journal. False: there is nothing.
std::expected<bool, int> Fold::gather(JournalCursor& cursor, std::uint32_t worker, Place& place) {
  Gathered& into = gathered_.emplace_back();
  into.cursor = &cursor;
  into.worker = worker;
  std::expected<bool, int> some = false;
  if (place.segment < cursor.old.size()) {
    const SegmentFile& file = cursor.old[place.segment];
    if (place.below == 0) place.below = first_batch_of(files_, cursor.old, place.segment + 1, cursor.old.size());
    some = gather_segment(into, file, place, file.segment.size, place.below, true);
  } else if (cursor.old.empty() && cursor.source && place.segment < cursor.source->segments().size()) {
    const auto& segments = cursor.source->segments();
    const JournalPosition readable = cursor.source->readable();
    const SegmentFile& file = segments[place.segment];
    const std::uint64_t number = file.segment.number;
    if (readable.segment > number) {
      if (place.below == 0) {
        const auto ahead = static_cast<std::size_t>(std::min<std::uint64_t>(place.segment + readable.segment - number + 1, segments.size()));
        place.below = first_batch_of(files_, segments, place.segment + 1, ahead);
      }
      some = gather_segment(into, file, place, file.segment.size, place.below, true);
    } else if (readable.segment == number && readable.offset > place.offset) {
      some = gather_segment(into, file, place, readable.offset, kAll, false);
    }
  }
  if (!some || !*some) gathered_.pop_back();
  return some;
}

std::expected<bool, int> Fold::gather_segment(Gathered& into, const SegmentFile& file, Place& place, std::uint64_t limit,
                                              std::uint64_t below, bool closed) {
  const Segment& segment = file.segment;
  const std::uint64_t left = limit - std::min(limit, place.offset);
  std::size_t whole = 0;
  Bytes octets;
  for (std::uint64_t want = std::min({left, kPiece, place.room});; want = std::min(left, 4 * want)) {
    const MutableBytes room = room_for(static_cast<std::size_t>(want));
    const auto have = files_.read(segment.file, place.offset, room);
    if (!have) return std::unexpected(-have.error());
    octets = room.first(*have);
    whole = whole_batches(octets, segment.key);
    // No whole batch here: a large one, the end of what was written, or a hole with more behind it. Only all the rest can tell the last two.
    if (whole > 0 || want == left) break;
  }
  const bool rest = whole == 0;
  if (!rest) octets = octets.first(whole);
  chunk_used_ += octets.size();
  const auto result = scan_batches(octets, segment.key, {.before = place.batch, .from = place.batch + 1, .below = below},
                                   [&](Bytes record, const DecodedRecord& decoded) {
                                     changes_.push_back({decoded.record.address.value, decoded.record.generation, record.data()});
                                     newest_ = std::max<std::uint64_t>(newest_, decoded.record.at);
                                   });
  if (result.last_batch != 0) place.batch = std::max(place.batch, std::min(result.last_batch, below - 1));
  place.offset = rest ? limit : place.offset + whole;
  into.segment = segment.number;
  into.batch = place.batch;
  into.end = place.offset;
  into.finished = closed && place.offset >= limit;
  place.caught_up = !closed && place.offset >= limit;
  place.room -= std::min<std::uint64_t>(place.room, octets.size());
  if (into.finished) {
    ++place.segment;
    place.offset = kSegmentHeadSize;
    place.below = 0;
  }
  return true;
}

int Fold::commit(const std::function<void()>& meanwhile) {
  int code = database_.exec("BEGIN IMMEDIATE");
  if (code == SQLITE_OK) code = rows_.apply(database_, changes_, meanwhile);
  for (const Gathered& g : gathered_) {
    if (code != SQLITE_OK) return code;
    code = save_position_.bind(1, std::int64_t{g.worker})
               .bind(2, static_cast<std::int64_t>(g.segment))
               .bind(3, static_cast<std::int64_t>(g.batch))
               .run();
  }
  if (code == SQLITE_OK) code = save_newest_.bind(1, static_cast<std::int64_t>(newest_)).run();
  meanwhile();
  if (code == SQLITE_OK) code = database_.exec("COMMIT");
  return code;
}

// The transaction is durable (synchronous=FULL): now, and not before, segments may go.
std::uint64_t Fold::advance() {
  std::uint64_t batches = 0;
  for (Gathered& g : gathered_) {
    JournalCursor& cursor = *g.cursor;
    batches += g.batch - cursor.folded_batch;
    cursor.folded_batch = g.batch;
    cursor.offset = g.end;
    if (!g.finished) continue;
    cursor.offset = kSegmentHeadSize;
    if (cursor.old.empty()) {
      cursor.source->release_oldest();
      continue;
    }
    files_.close(cursor.old.front().segment.file);
    (void)files_.remove(cursor.old.front().path);  // what stays is found again and folded to nothing
    cursor.old.pop_front();
  }
  return batches;
}

int Fold::import(std::span<const Record> records) {
  static constexpr std::size_t kRecords = 16384;
  std::vector<std::uint8_t> octets(kRecords * kMaxRecordSize);
  newest_ = 0;
  int code = database_.exec("BEGIN IMMEDIATE");
  while (code == SQLITE_OK && !records.empty()) {
    const auto piece = records.first(std::min(kRecords, records.size()));
    records = records.subspan(piece.size());
    changes_.clear();
    MutableBytes room = octets;
    for (const Record& r : piece) {
      (void)encode_record(room, 0, r.address, r.generation, r.at, r.kind, r.binding);
      changes_.push_back({r.address.value, r.generation, room.data()});
      newest_ = std::max<std::uint64_t>(newest_, r.at);
      room = room.subspan(kMaxRecordSize);
    }
    code = rows_.apply(database_, changes_, [] {});
  }
  if (code == SQLITE_OK) code = save_newest_.bind(1, static_cast<std::int64_t>(newest_)).run();
  if (code == SQLITE_OK) code = database_.exec("COMMIT");
  if (code != SQLITE_OK) (void)database_.exec("ROLLBACK");
  return code;
}

}  // namespace coaxd::store
