#include "server/store/recovery.h"

#include <fmt/core.h>

#include <algorithm>

namespace coaxd::store {
namespace {

std::expected<std::vector<std::uint8_t>, int> read_all(FileSystem& files, const Segment& segment) {
  std::vector<std::uint8_t> octets(static_cast<std::size_t>(segment.size - std::min<std::uint64_t>(segment.size, kSegmentHeadSize)));
  const auto have = files.read(segment.file, kSegmentHeadSize, octets);
  if (!have) return std::unexpected(have.error());
  octets.resize(*have);
  return octets;
}

}  // namespace

std::expected<void, int> Replay::run(FileSystem& files, Journals& journals, RecoveryStats& stats) {
  for (auto& [worker, cursor] : journals) {
    if (auto read = read_journal(files, cursor, stats); !read) return read;
  }
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
    const auto octets = read_all(files, segment);
    if (!octets) return std::unexpected(octets.error());
    const std::uint64_t below = first_batch_of(files, cursor.old, i + 1, cursor.old.size());
    // Whole segments are missing, or the end of one: their numbers are.
    const std::uint64_t first = first_batch_of(files, cursor.old, i, i + 1);
    const bool gap = first != std::numeric_limits<std::uint64_t>::max() && first > cursor.last_batch + 1 && cursor.last_batch != 0;
    const auto result = scan_batches(*octets, segment.key, {.before = cursor.last_batch, .from = cursor.folded_batch + 1, .below = below},
                                     [&](Bytes record, const DecodedRecord& decoded) {
                                       keep(record, decoded.record, segment.key);
                                       stats.newest = std::max<WallSeconds>(stats.newest, decoded.record.at);
                                     });
    stats.replayed += result.records;
    const std::uint64_t damaged = result.damaged + (gap ? 1 : 0);
    if (damaged > 0) {
      stats.damaged += damaged;
      stats.messages.push_back(fmt::format(
          "{}: {} part(s) of the journal cannot be read although later ones can; leases committed there may be lost", file.path,
          damaged));
    }
    torn = torn || (result.torn && below == std::numeric_limits<std::uint64_t>::max());
    cursor.last_batch = std::max(cursor.last_batch, std::min(result.last_batch, below - 1));

    // What is served from now on must not depend on pages that a failed fdatasync has left clean but not written: the last batch, the only
    // one that nobody has waited for, is written once more, and everything synced.
    if (result.last_end > result.last_begin) {
      const Bytes tail = Bytes(*octets).subspan(result.last_begin, std::min(result.last_end, octets->size()) - result.last_begin);
      if (auto written = files.write(segment.file, kSegmentHeadSize + result.last_begin, tail); !written) return written;
    }
    if (auto synced = files.sync(segment.file); !synced) return synced;
    // SQLite has every batch of it that counts.
    needed.push_back(result.records > 0 || std::min(result.last_batch, below - 1) > cursor.folded_batch);
  }
  std::deque<SegmentFile> old;
  for (std::size_t i = 0; i < cursor.old.size(); ++i) (needed[i] ? old : cursor.spares).push_back(std::move(cursor.old[i]));
  cursor.old = std::move(old);
  stats.torn += torn ? 1 : 0;
  return {};
}

void Replay::keep(Bytes octets, const Record& record, std::uint64_t key) {
  auto [place, added] = changes_.try_emplace(record.address.value);
  Change& change = place->second;
  if (!added && !is_later(record.generation, change.generation)) return;
  change = {record.generation, record.at, key, octets_.size(), octets.size()};
  octets_.insert(octets_.end(), octets.begin(), octets.end());
}

bool Replay::decode(const Change& change, DecodedRecord& out) const noexcept {
  return !decode_record(Bytes(octets_).subspan(change.begin, change.size), change.key, out);
}

}  // namespace coaxd::store
