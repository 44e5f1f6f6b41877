// journal_files.h: the segment files of the journals: their names, making one ready before it is needed, and what becomes of a
// folded one. list_segments() is recovery's (main thread). A SegmentSource stands between one worker and the fold thread:
//
//   fold thread  prepare() --ready--> take()  worker         the file exists, is zeroed, has its head and its name, all durable
//   fold thread  readable() <--------- publish()             how far the journal's records are settled
//
// Each member says whose it is. The fold thread owns the files; the worker only writes through the handle it took. Errors are errno values.
// Names in P-journal.d: `WORKER-NUMBER.segment`; `.new` while being made, `.spare` folded and to be used again. The head inside is the
// truth, for a crash can leave a file under its name from before a rename.
//
// Files are used again, within a life and by the next one, for filling a new one with zeroes costs up to a second; so a life that begins without
// one begins with a small one, and the rest is made while it serves. Why what an earlier use has
// left in such a file is never taken for new: a batch and a record carry the key of their segment, which is made of its number, and numbers only
// go up: the first of a life is above every number that any file shows, spares included, and each file's head is above all numbers that the
// file had before.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "server/base/spsc_queue.h"
#include "server/store/disk.h"
#include "server/store/journal.h"
#include "server/store/segment.h"

namespace coaxd::store {

struct Segment {
  FileHandle file = -1;
  std::uint64_t number = 0;
  std::uint64_t key = 0;
  std::uint64_t size = 0;
};

struct SegmentFile {
  Segment segment;
  std::uint32_t worker = 0;
  std::string path;
};

struct SegmentListing {
  std::vector<SegmentFile> segments;  // opened, by worker and number
  std::vector<SegmentFile> spares;    // opened; nothing in them is needed
  std::vector<std::string> damaged;   // a head that cannot be read: nothing of that file can be
  std::vector<std::string> foreign;   // another store's
  std::vector<std::string> newer;     // written by a later version
};
// Also removes what an interrupted preparation left (`.new`).
std::expected<SegmentListing, int> list_segments(FileSystem& files, const std::string& directory, std::uint64_t store);

class SegmentSource {
 public:
  struct Start {
    std::uint64_t segment = 1;  // number of the first segment to make
    std::uint64_t batch = 1;    // number of the first batch
  };
  SegmentSource(FileSystem& files, std::string directory, std::uint64_t store, std::uint32_t worker,
                std::uint64_t segment_size, Start start);
  ~SegmentSource();

  // --- constant ---
  std::uint64_t first_batch() const noexcept { return start_.batch; }
  std::uint64_t segment_size() const noexcept { return segment_size_; }
  std::uint32_t worker() const noexcept { return worker_; }

  // --- worker ---
  // The segment made ready, if there is one. No system call.
  std::optional<Segment> take() noexcept;
  // Everything before `position` is settled, `records` in all since the start.
  void publish(JournalPosition position, std::uint64_t records) noexcept;

  // --- any thread ---
  JournalPosition readable() const noexcept;
  std::uint64_t records() const noexcept { return records_.load(std::memory_order_relaxed); }
  // Why none could be made ready (errno of the last prepare()), 0 when it could.
  int error() const noexcept { return error_.load(std::memory_order_relaxed); }

  // --- fold thread ---
  // A file of an earlier life of this worker, of which nothing is needed: used again, or removed. Its number must be below `Start::segment`.
  void adopt(SegmentFile file);
  // Makes a segment ready unless one is. True if one is ready now. ENOSPC also when what is free is the fold's: journals then wait for it.
  bool prepare();
  // prepare() has a file to use again, which costs two syncs.
  bool has_spare() const noexcept { return !spares_.empty(); }
  // Segments in the order they are taken; the last may not have been taken yet.
  const std::deque<SegmentFile>& segments() const noexcept { return segments_; }
  // The oldest segment is folded durably and the journal is past it: used again, or removed.
  void release_oldest();

 private:
  std::expected<SegmentFile, int> make_segment();
  void discard(const SegmentFile& file);
  std::string path_of(std::uint64_t number, const char* suffix) const;

  FileSystem& files_;
  const std::string directory_;
  const std::uint64_t store_;
  const std::uint32_t worker_;
  const std::uint64_t segment_size_;
  const Start start_;

  // Fold thread's.
  std::uint64_t next_number_;
  std::deque<SegmentFile> segments_;
  std::deque<SegmentFile> spares_;

  // Between the two.
  SpscQueue<Segment> ready_{1};
  std::atomic<int> error_{0};
  std::atomic<std::uint64_t> readable_{0};  // segment << 32 | offset: one word, so that no reader sees half of a move
  std::atomic<std::uint64_t> records_{0};
};

}  // namespace coaxd::store
