// fold.h: moves what the journals hold into SQLite: reads the segment files up to where they are settled, applies the records and the new
// position of each journal in one transaction, and only after that gives the segments up.
//
// Used by LeaseStore under its lock: recovery hands the segments of earlier lives over, then the fold thread calls round() and prepare().
// A failed round changes nothing and is simply tried again: SQLite locked by an operator's shell, disk full.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "server/lease/mapped_memory.h"
#include "server/store/change.h"
#include "server/store/journal_files.h"
#include "server/store/lease_rows.h"
#include "server/store/sqlite.h"

namespace coaxd::store {

// One worker's journal as the readers see it. Which worker numbers exist now does not matter to those that once did.
struct JournalCursor {
  std::deque<SegmentFile> old;              // of earlier lives, oldest first
  std::deque<SegmentFile> spares;           // of earlier lives, nothing in them is needed; until the worker's source takes them
  std::unique_ptr<SegmentSource> source;    // of this life; null when there is no such worker now
  std::uint64_t offset = kSegmentHeadSize;  // in the oldest segment
  std::uint64_t folded_batch = 0;
  std::uint64_t last_batch = 0;             // seen by recovery
  std::uint64_t last_segment = 0;
};
using Journals = std::map<std::uint32_t, JournalCursor>;  // by worker

// The number of the first batch in segments[from...]: batches at or above it in segments before are not valid (segment.h).
std::uint64_t first_batch_of(FileSystem& files, const std::deque<SegmentFile>& segments, std::size_t from,
                             std::size_t end);

class Fold {
 public:
  Fold(FileSystem& files, Database& database, LeaseRows rows, Statement save_position, Statement save_newest)
      : files_(files), database_(database), rows_(std::move(rows)), save_position_(std::move(save_position)),
        save_newest_(std::move(save_newest)) {}
  static std::expected<std::unique_ptr<Fold>, int> create(FileSystem& files, Database& database);

  struct Round {
    std::uint64_t records = 0;
    std::uint64_t batches = 0;
    bool progress = false;  // something was read; another round may have more
  };
  // What the journals hold, up to some segments' worth. `meanwhile` is called now and then: a segment may have to be made ready before all is
  // folded. The error is SQLite's code, or a negative errno of reading a segment.
  std::expected<Round, int> round(Journals& journals, const std::function<void()>& meanwhile);
  // Imported bindings: in one transaction, durable when it returns.
  int import(std::span<const Record> records);

  std::uint64_t history_rows() const noexcept { return rows_.history_rows(); }

 private:
  struct Gathered {
    JournalCursor* cursor = nullptr;
    std::uint32_t worker = 0;
    std::uint64_t segment = 0;
    std::uint64_t end = 0;    // where the cursor will be
    std::uint64_t batch = 0;  // folded up to
    bool finished = false;    // nothing more in this segment
  };
  // Where a round goes on in one journal: the cursor itself moves when all is durable.
  struct Place {
    std::size_t segment = 0;  // from the cursor's oldest
    std::uint64_t offset = 0;
    std::uint64_t batch = 0;
    std::uint64_t room = 0;   // octets that may still be read
    std::uint64_t below = 0;  // of the segment, once it is closed: the first batch that is not its own; 0: not looked up yet
    bool caught_up = false;   // with the worker: what it writes now is for the next round
  };
  std::expected<bool, int> gather(JournalCursor& cursor, std::uint32_t worker, Place& place);
  std::expected<bool, int> gather_segment(Gathered& into, const SegmentFile& file, Place& place, std::uint64_t limit,
                                          std::uint64_t below, bool closed);
  MutableBytes room_for(std::size_t octets);
  int commit(const std::function<void()>& meanwhile);
  std::uint64_t advance();  // batches

  FileSystem& files_;
  Database& database_;
  LeaseRows rows_;
  Statement save_position_, save_newest_;
  std::vector<Gathered> gathered_;
  std::vector<lease::MappedMemory> chunks_;  // what was read in this round: the records of `changes_`
  std::size_t chunk_used_ = 0;               // of the last one
  std::vector<Change> changes_;
  std::uint64_t newest_ = 0;
};

}  // namespace coaxd::store
