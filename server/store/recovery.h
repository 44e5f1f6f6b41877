// recovery.h: what the journals hold that SQLite does not: reads the segments of earlier lives once, at start, makes durable what it
// could read, and keeps the newest change of each address for the walk over SQLite. Main thread.
//
// Nobody is served meanwhile, so a million records must take a fraction of a second: segments are read in pieces, records stay in their files'
// pages (fresh memory for them would cost as much as all the rest), and their changes are put in order once, at the end, rather than looked up
// one by one.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/store/change.h"
#include "server/store/fold.h"
#include "server/store/lease_store.h"

namespace coaxd::store {

class Replay {
 public:
  // Reads every segment in `journals` behind its folded batch; sets last_batch and last_segment of each, and makes
  // spares of those of which nothing is needed. The error is an errno.
  std::expected<void, int> run(FileSystem& files, Journals& journals, RecoveryStats& stats);

  // The newest of each address, by address. Their records are ours.
  std::span<const Change> changes() const noexcept { return changes_; }

 private:
  struct Read;  // what is known of a segment so far
  std::expected<void, int> read_journal(FileSystem& files, JournalCursor& cursor, RecoveryStats& stats);
  std::expected<void, int> read_segment(FileSystem& files, const Segment& segment, Read& read);
  bool scan(Bytes octets, const Segment& segment, Read& read);
  void keep_newest();

  std::vector<Change> changes_;
  std::vector<std::shared_ptr<const std::uint8_t>> maps_;  // of the segments they are in
  std::vector<std::unique_ptr<std::uint8_t[]>> pieces_;    // of those that cannot be mapped
  WallSeconds newest_ = 0;
};

}  // namespace coaxd::store
