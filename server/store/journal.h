// journal.h: a worker's own append-only log of binding changes. append() only copies into the batch being gathered; flush() hands the
// batch to the disk as one write (+ fdatasync in `durable`); when the completion arrives, every sequence up to durable() may be answered. While
// one batch is being synced the next one gathers: group commit without a timer.
//
// Owned and called by one worker only; fold and recovery read the files. Segments are preallocated, `segment_size` each; the next
// one is made ready in advance by `prepare` (fold thread) so that a worker never creates a file. Full disk or I/O error: failed() turns true, the batch's records are
// reported as not durable, nothing after them is written before retry() succeeded: the file never holds a record behind a hole.
// Source: docs/architecture.md, Decisions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/base/time.h"
#include "server/config/durability.h"
#include "server/store/disk.h"
#include "server/store/record.h"

namespace coaxd::store {

using config::Durability;

struct JournalPosition {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const JournalPosition&) const noexcept = default;
};

class SegmentSource;  // journal_files.h: names, creates, recycles segment files; shared with the fold thread

class Journal {
 public:
  struct Options {
    Durability durability = Durability::durable;
    std::size_t batch_capacity = 1 << 20;  // octets gathered while a batch is in flight; full: append() refuses
  };
  Journal(AsyncDisk& disk, SegmentSource& segments, Options options);
  ~Journal();

  // Copies a record into the gathering batch. 0: no room or failed(); nothing was appended, the change must be rolled back.
  std::uint64_t append(Ipv4 address, std::uint32_t generation, std::uint32_t at, Record::Kind kind,
                       const lease::Binding& binding) noexcept;
  // Whether so many append() calls in a row would succeed now: what belongs together is appended whole or not at all.
  bool has_room(std::size_t records) const noexcept;
  // Starts writing what was gathered, unless a write is in flight or there is nothing.
  void flush() noexcept;
  // The disk's completion for `token`.
  void on_complete(std::uint64_t token, int result) noexcept;

  // Every sequence <= settled() has its fate: durable if <= durable(), else lost (its write failed). The lost ones are named only until
  // something later becomes durable, so the owner looks after each on_complete() and flush(); while failed(), append() refuses.
  std::uint64_t durable() const noexcept { return durable_; }
  std::uint64_t settled() const noexcept { return settled_; }
  std::uint64_t appended() const noexcept { return appended_; }

  // Nothing is being written and nothing waits to be (but for what a failed disk does not take).
  bool at_rest() const noexcept;

  // After a failure: the errno, until a retry() (called by the worker about once a second) has written and synced a probe successfully.
  int failed() const noexcept { return failed_; }
  void retry() noexcept;

  // What the fold thread may read: everything before it is in the file and settled as durable. Published with release.
  JournalPosition readable() const noexcept;

  struct Stats {
    std::uint64_t batches = 0, records = 0, octets = 0, failures = 0;
    std::uint64_t sync_ns_total = 0;
  };
  const Stats& stats() const noexcept { return stats_; }

 private:
  struct Impl;
  void fail(int error) noexcept;

  std::unique_ptr<Impl> impl_;
  std::uint64_t appended_ = 0, settled_ = 0, durable_ = 0;
  int failed_ = 0;
  Stats stats_;
};

}  // namespace coaxd::store
