#include "server/store/fold.h"

#include <algorithm>
#include <array>

namespace coaxd::store {
namespace {

// What one round takes of one journal at most. A page of SQLite is written once a transaction however many of its leases changed, so a fold
// that has fallen behind must take much at once: with 1 M leases 16 MB cost 5 us a record where 4 MB cost 9 (store_bench).
constexpr std::uint64_t kChunk = 16 << 20;
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

std::expected<Fold::Round, int> Fold::round(Journals& journals) {
  gathered_.clear();
  entries_.clear();
  newest_ = 0;
  // Earlier lives first, so that the history is written in the order in which it happened.
  const bool old = std::ranges::any_of(journals, [](const auto& j) { return !j.second.old.empty(); });
  Round round;
  for (auto& [worker, cursor] : journals) {
    if (old && cursor.old.empty()) continue;
    const auto some = gather(cursor, worker);
    if (!some) return std::unexpected(some.error());
    round.progress = round.progress || *some;
  }
  if (!round.progress) return round;
  if (const int code = commit(); code != SQLITE_OK) {
    (void)database_.exec("ROLLBACK");
    return std::unexpected(code);
  }
  for (const Gathered& g : gathered_) round.batches += g.batch - g.cursor->folded_batch;
  round.records = entries_.size();
  advance();
  return round;
}

// Reads the next piece of a journal. False: there is nothing.
std::expected<bool, int> Fold::gather(JournalCursor& cursor, std::uint32_t worker) {
  Gathered& into = gathered_.emplace_back();
  into.cursor = &cursor;
  into.worker = worker;
  into.batch = cursor.folded_batch;
  std::expected<bool, int> some = false;
  if (!cursor.old.empty()) {
    const std::uint64_t below = first_batch_of(files_, cursor.old, 1, cursor.old.size());
    some = gather_segment(into, cursor.old.front(), cursor.old.front().segment.size, below, true);
  } else if (cursor.source && !cursor.source->segments().empty()) {
    const auto& segments = cursor.source->segments();
    const JournalPosition readable = cursor.source->readable();
    const Segment& oldest = segments.front().segment;
    if (readable.segment > oldest.number) {
      const std::uint64_t ahead = std::min<std::uint64_t>(readable.segment - oldest.number + 1, segments.size());
      const std::uint64_t below = first_batch_of(files_, segments, 1, static_cast<std::size_t>(ahead));
      some = gather_segment(into, segments.front(), oldest.size, below, true);
    } else if (readable.segment == oldest.number && readable.offset > cursor.offset) {
      some = gather_segment(into, segments.front(), readable.offset, kAll, false);
    }
  }
  if (!some || !*some) gathered_.pop_back();
  return some;
}

std::expected<bool, int> Fold::gather_segment(Gathered& into, const SegmentFile& file, std::uint64_t limit,
                                              std::uint64_t below, bool closed) {
  const JournalCursor& cursor = *into.cursor;
  const Segment& segment = file.segment;
  const std::uint64_t left = limit - std::min(limit, cursor.offset);
  std::size_t whole = 0;
  for (std::uint64_t want = std::min(left, kChunk);; want = left) {
    into.octets.resize(static_cast<std::size_t>(want));
    const auto have = files_.read(segment.file, cursor.offset, into.octets);
    if (!have) return std::unexpected(-have.error());
    into.octets.resize(*have);
    whole = whole_batches(into.octets, segment.key);
    // No whole batch here: the end of what was written, or a hole with more behind it. Only all the rest can tell.
    if (whole > 0 || want == left) break;
  }
  const bool rest = whole == 0;
  const Bytes octets = rest ? Bytes(into.octets) : Bytes(into.octets).first(whole);
  const auto result = scan_batches(octets, segment.key, {.before = cursor.folded_batch, .from = cursor.folded_batch + 1, .below = below},
                                   [&](Bytes record, const DecodedRecord& decoded) {
                                     entries_.push_back({decoded.record.address.value, decoded.record.generation, record,
                                                         segment.key});
                                     newest_ = std::max<std::uint64_t>(newest_, decoded.record.at);
                                   });
  into.segment = segment.number;
  if (result.last_batch != 0) into.batch = std::max(into.batch, std::min(result.last_batch, below - 1));
  into.end = rest ? limit : cursor.offset + whole;
  into.finished = closed && into.end >= limit;
  return true;
}

int Fold::commit() {
  int code = database_.exec("BEGIN IMMEDIATE");
  if (code == SQLITE_OK) code = rows_.apply(database_, entries_);
  for (const Gathered& g : gathered_) {
    if (code != SQLITE_OK) return code;
    code = save_position_.bind(1, std::int64_t{g.worker})
               .bind(2, static_cast<std::int64_t>(g.segment))
               .bind(3, static_cast<std::int64_t>(g.batch))
               .run();
  }
  if (code == SQLITE_OK) code = save_newest_.bind(1, static_cast<std::int64_t>(newest_)).run();
  if (code == SQLITE_OK) code = database_.exec("COMMIT");
  return code;
}

// The transaction is durable (synchronous=FULL): now, and not before, segments may go.
void Fold::advance() {
  for (Gathered& g : gathered_) {
    JournalCursor& cursor = *g.cursor;
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
}

int Fold::import(std::span<const Record> records) {
  static constexpr std::size_t kPiece = 16384;
  std::vector<std::uint8_t> octets(kPiece * kMaxRecordSize);
  newest_ = 0;
  int code = database_.exec("BEGIN IMMEDIATE");
  while (code == SQLITE_OK && !records.empty()) {
    const auto piece = records.first(std::min(kPiece, records.size()));
    records = records.subspan(piece.size());
    entries_.clear();
    MutableBytes room = octets;
    for (const Record& r : piece) {
      const std::size_t size = encode_record(room, 0, r.address, r.generation, r.at, r.kind, r.binding);
      entries_.push_back({r.address.value, r.generation, room.first(size), 0});
      newest_ = std::max<std::uint64_t>(newest_, r.at);
      room = room.subspan(kMaxRecordSize);
    }
    code = rows_.apply(database_, entries_);
  }
  if (code == SQLITE_OK) code = save_newest_.bind(1, static_cast<std::int64_t>(newest_)).run();
  if (code == SQLITE_OK) code = database_.exec("COMMIT");
  if (code != SQLITE_OK) (void)database_.exec("ROLLBACK");
  return code;
}

}  // namespace coaxd::store
