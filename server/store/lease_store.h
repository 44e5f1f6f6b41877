// lease_store.h: the durable home of the leases: journals in front, SQLite behind. Opened once per process under an exclusive lock;
// recovers what was acknowledged; afterwards the fold thread moves journal records into SQLite in the background.
//
// Files, for a store path P (default: the dhcpd leases file's path with `.db` appended):
//   P              SQLite: leases, history, modems, meta. The operator may open it read-only with sqlite3 at any time.
//   P-journal.d/   segment files, lock file
// Threads: open(), recover(), close() from main before/after the workers; journal(i) is worker i's; everything else is the fold
// thread's own. Narrow on purpose: a shared PostgreSQL store must fit behind the same calls.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "server/store/journal.h"
#include "server/subscriber/modems.h"

namespace coaxd::store {

struct StoreError {
  int error = 0;         // errno or 0
  std::string message;   // one sentence with the mend in it
};

struct StoreOptions {
  std::string path;
  Durability durability = Durability::durable;
  unsigned workers = 1;
  std::uint64_t segment_size = 64u << 20;
  WallSeconds now = 0;
  bool accept_clock_step = false;  // start although records are newer than now
  std::uint32_t history_days = 0;  // 0: kept for ever
  FileSystem* files = nullptr;     // null: the real one
  const char* sqlite_vfs = nullptr;  // null: SQLite's own; the simulation gives one that forgets as its disk does
};

struct RecoveryStats {
  std::uint64_t folded = 0;    // leases read from SQLite
  std::uint64_t replayed = 0;  // journal records applied
  std::uint64_t torn = 0;      // journals that ended in a torn record (normal after a crash, at most one a journal)
  std::uint64_t damaged = 0;   // records that could not be read although later ones could
  WallSeconds newest = 0;
  std::vector<std::string> messages;  // one sentence for each thing that is damaged
};

class LeaseStore {
 public:
  static std::expected<std::unique_ptr<LeaseStore>, StoreError> open(const StoreOptions& options);
  virtual ~LeaseStore() = default;

  // Calls back once per address with its newest committed binding, in any order. Before journal(); refuses when `now` is more than a minute
  // older than the newest record. Again after start(): what is settled now, for a reload that brings back a removed range (a
  // slot must go on from its stored generation, or its new records would be older than its old ones). An erased lease comes as a free binding.
  using Visitor = std::function<void(Ipv4, const lease::Binding&, std::uint32_t generation)>;
  virtual std::expected<RecoveryStats, StoreError> recover(const Visitor& visit) = 0;
  // Bindings imported from dhcpd.leases, durable when it returns. Before start(). Each needs a generation later than the recovered one.
  virtual std::expected<void, StoreError> import(std::span<const Record> records) = 0;

  // Worker i's journal over its disk. Call once per worker, before start().
  virtual std::unique_ptr<Journal> journal(unsigned worker, AsyncDisk& disk) = 0;
  virtual void start() = 0;  // the fold thread
  // Folds everything that is readable, checkpoints, removes folded segments, stops the thread. After the workers have stopped.
  virtual void stop() = 0;
  // Folds what is readable now in the caller's thread (backup, tests). Any thread.
  virtual std::expected<void, StoreError> fold_now() { return {}; }

  struct Health {
    std::atomic<std::uint64_t> folded_records{0}, fold_lag_records{0}, fold_errors{0}, history_rows{0};
    std::atomic<int> last_error{0};
  };
  // The records of modems, in the same SQLite file. Calls wait while a fold writes: for a second or two when an avalanche of leases is folded.
  // Any thread, until stop().
  virtual subscriber::ModemStore& modems() noexcept = 0;
  virtual const Health& health() const noexcept = 0;
  virtual const std::string& path() const noexcept = 0;
};

}  // namespace coaxd::store
