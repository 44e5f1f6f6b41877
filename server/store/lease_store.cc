#include "server/store/lease_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <limits>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "server/base/assert.h"
#include "server/store/fold.h"
#include "server/store/journal_files.h"
#include "server/store/modem_rows.h"
#include "server/store/paced_vfs.h"
#include "server/store/posix_disk.h"
#include "server/store/recovery.h"
#include "server/store/schema.h"
#include "server/store/sqlite.h"
#include "server/store/store_lock.h"

namespace coaxd::store {
namespace {

using std::chrono::milliseconds;

// How often the fold thread looks whether a segment must be made ready: one lasts seconds at full rate.
constexpr milliseconds kPreparePace{20};
// How often it folds: the history is this far behind. Each round costs an fsync that competes with the journals', and writes each page it
// touches once.
constexpr milliseconds kFoldPace{1000};
// Folding a record costs half of the CPU of the exchange it came from, or more. So an avalanche (more than so many records a second) is folded
// after it, unless it is longer than this: what a restart then has to replay takes it about a second.
constexpr std::uint64_t kAvalanche = 5000;
constexpr std::uint64_t kMostUnfolded = 1 << 20;
// The fold takes half of a worker's core where it has none of its own, so it pauses between rounds, or a load that the worker could bear alone would wait for seconds;
// unless so much waits after one that it is being outrun.
constexpr std::uint64_t kOutrun = 2 * kMostUnfolded;
constexpr std::uint64_t kLargeRound = 100'000;  // leaves a hundred megabytes of SQLite's log
constexpr std::uint64_t kMinSegment = 8192;
constexpr std::size_t kBatchCapacity = 1 << 20;
constexpr WallSeconds kClockTolerance = 60;  // docs/operating.md, "The clock steps"
constexpr std::int64_t kPrunedAtOnce = 1000;

std::unexpected<StoreError> failure(int error, std::string message) {
  return std::unexpected(StoreError{error, std::move(message)});
}

// An operator who waits for his modem's profile waits this long for somebody's `sqlite3` to let the file go.
constexpr milliseconds kModemPatience{3000}, kModemPace{20};

class EmbeddedStore final : public LeaseStore, private subscriber::ModemStore {
 public:
  explicit EmbeddedStore(const StoreOptions& options)
      : options_(options),
        files_(options.files != nullptr ? *options.files : PosixFileSystem::instance()),
        directory_(options.path + "-journal.d") {
    options_.segment_size = std::max(options_.segment_size, kMinSegment);
  }
  ~EmbeddedStore() override {
    halt();
    for (auto& [worker, cursor] : journals_) {
      for (const SegmentFile& file : cursor.old) files_.close(file.segment.file);
      for (const SegmentFile& file : cursor.spares) files_.close(file.segment.file);
    }
  }

  std::expected<void, StoreError> set_up();

  std::expected<RecoveryStats, StoreError> recover(const Visitor& visit) override;
  std::expected<void, StoreError> import(std::span<const Record> records) override;
  std::unique_ptr<Journal> journal(unsigned worker, AsyncDisk& disk) override;
  void start() override;
  void stop() override;
  std::expected<void, StoreError> fold_now() override;
  subscriber::ModemStore& modems() noexcept override { return *this; }
  const Health& health() const noexcept override { return health_; }
  const std::string& path() const noexcept override { return options_.path; }

 private:
  std::expected<std::uint64_t, std::string> load_modems(const std::function<void(subscriber::Modem)>& use) override;
  std::expected<void, std::string> write_modems(std::span<const Row> rows, bool patient) override;

  StoreError sqlite_error(int code, std::string_view doing) const;
  std::expected<void, StoreError> open_database();
  std::expected<void, StoreError> load_segments();
  std::expected<void, StoreError> load_positions();
  std::expected<void, StoreError> replay();
  std::expected<void, StoreError> visit_rows(const Visitor& visit, RecoveryStats& stats);
  std::expected<void, StoreError> accept_clock();

  void run();
  void halt();
  void prepare_segments();
  std::expected<bool, int> fold_some();
  int fold(std::uint64_t records);
  int fold_all() { return fold(std::numeric_limits<std::uint64_t>::max()); }
  std::uint64_t appended() const;  // in this life
  std::uint64_t unfolded() const;
  bool postpones_fold();
  bool fold_is_durable();
  bool log_is_empty();
  void restart_log();
  void use_spares();
  void prune();
  void note(int error);

  StoreOptions options_;
  FileSystem& files_;
  const std::string directory_;
  StoreLock lock_;
  Database database_;
  std::uint64_t store_id_ = 0;
  Health health_;

  std::optional<Replay> replay_;  // until start(): afterwards SQLite is to have it
  RecoveryStats stats_;

  // Everything below `mutex_` is the lock holder's: the fold thread, or who calls recover() and fold_now() while it runs.
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool fold_synced_ = false;  // in this life
  Journals journals_;
  std::unique_ptr<Fold> fold_;
  ModemRows modem_rows_;
  std::uint64_t old_records_ = 0;  // of earlier lives, not yet in SQLite
  std::uint64_t folded_live_ = 0;  // records of this life that are in SQLite
  std::uint64_t appended_before_ = 0;  // when postpones_fold() last looked
  std::thread thread_;
};

StoreError EmbeddedStore::sqlite_error(int code, std::string_view doing) const {
  const int error = errno_of(code);
  return {error, fmt::format("store {}: {}: {} ({})", options_.path, doing, database_.message(), std::strerror(error))};
}

std::expected<void, StoreError> EmbeddedStore::set_up() {
  if (options_.files == nullptr) {
    auto lock = StoreLock::acquire(options_.path, directory_);
    if (!lock) return std::unexpected(lock.error());
    lock_ = std::move(*lock);
  }
  if (auto opened = open_database(); !opened) return opened;
  if (auto loaded = load_segments(); !loaded) return loaded;
  return load_positions();
}

std::expected<void, StoreError> EmbeddedStore::open_database() {
  auto database = Database::open(options_.path, options_.sqlite_vfs != nullptr ? options_.sqlite_vfs : paced_vfs());
  if (!database) {
    return failure(errno_of(database.error()),
                   fmt::format("cannot open store {}: {}; file and directory must be writable for this user", options_.path,
                               sqlite3_errstr(database.error())));
  }
  database_ = std::move(*database);
  const auto id = open_schema(database_);
  if (!id) {
    if (id.error().newer_version != 0) {
      return failure(0, fmt::format("store {} has schema version {}, this coaxd knows {}: start the later coaxd that wrote it",
                                    options_.path, id.error().newer_version, kSchemaVersion));
    }
    return std::unexpected(sqlite_error(id.error().code, "cannot be set up"));
  }
  store_id_ = *id;
  auto fold = Fold::create(files_, database_);
  if (!fold) return std::unexpected(sqlite_error(fold.error(), "has not the expected tables"));
  fold_ = std::move(*fold);
  auto modem_rows = ModemRows::prepare(database_);
  if (!modem_rows) return std::unexpected(sqlite_error(modem_rows.error(), "has not the expected tables of modems"));
  modem_rows_ = std::move(*modem_rows);
  return {};
}

std::expected<void, StoreError> EmbeddedStore::load_segments() {
  auto listing = list_segments(files_, directory_, store_id_);
  if (!listing) {
    return failure(listing.error(), fmt::format("cannot read {}: {}", directory_, std::strerror(listing.error())));
  }
  for (SegmentFile& file : listing->segments) journals_[file.worker].old.push_back(std::move(file));
  for (SegmentFile& file : listing->spares) journals_[file.worker].spares.push_back(std::move(file));
  if (!listing->newer.empty()) {
    return failure(0, fmt::format("{} was written by a later coaxd: start that one", listing->newer.front()));
  }
  if (!listing->foreign.empty()) {
    return failure(0, fmt::format("{} belongs to another store than {}: put that store back, or move {} away and lose what "
                                  "it holds",
                                  listing->foreign.front(), options_.path, directory_));
  }
  for (const std::string& path : listing->damaged) {
    ++stats_.damaged;
    stats_.messages.push_back(fmt::format("{}: its head cannot be read; set aside as {}.damaged", path, path));
    (void)files_.rename(path, path + ".damaged");
  }
  return {};
}

std::expected<void, StoreError> EmbeddedStore::load_positions() {
  auto rows = database_.prepare("SELECT worker, segment, batch FROM journals");
  int code = rows ? SQLITE_OK : rows.error();
  while (code == SQLITE_OK && (code = rows->step()) == SQLITE_ROW) {
    JournalCursor& cursor = journals_[static_cast<std::uint32_t>(rows->integer(0))];
    cursor.last_segment = static_cast<std::uint64_t>(rows->integer(1));
    cursor.folded_batch = cursor.last_batch = static_cast<std::uint64_t>(rows->integer(2));
    code = SQLITE_OK;
  }
  const auto newest = database_.integer("SELECT value FROM meta WHERE key = 'newest'");
  if (code != SQLITE_DONE || !newest) return std::unexpected(sqlite_error(code, "cannot be read"));
  stats_.newest = *newest;
  return {};
}

std::expected<void, StoreError> EmbeddedStore::replay() {
  if (replay_) return {};
  replay_.emplace();
  if (auto read = replay_->run(files_, journals_, stats_); !read) {
    return failure(read.error(), fmt::format("cannot read the journal in {}: {}", directory_, std::strerror(read.error())));
  }
  old_records_ = stats_.replayed;
  return {};
}

std::expected<RecoveryStats, StoreError> EmbeddedStore::recover(const Visitor& visit) {
  const std::lock_guard hold(mutex_);
  if (thread_.joinable()) {
    RecoveryStats stats;
    if (const int code = fold_all(); code != SQLITE_OK) return std::unexpected(sqlite_error(code, "cannot be written"));
    if (auto visited = visit_rows(visit, stats); !visited) return std::unexpected(visited.error());
    return stats;
  }
  if (auto read = replay(); !read) return std::unexpected(read.error());
  const bool steps_back = options_.now != 0 && options_.now + kClockTolerance < stats_.newest;
  if (steps_back && !options_.accept_clock_step) {
    return failure(0, fmt::format("the clock ({}) is {} s behind the newest lease record ({}): leases would be taken for "
                                  "younger than they are; set the clock, or start once with --accept-clock-step",
                                  options_.now, stats_.newest - options_.now, stats_.newest));
  }
  if (auto visited = visit_rows(visit, stats_); !visited) return std::unexpected(visited.error());
  if (steps_back) {
    if (auto accepted = accept_clock(); !accepted) return std::unexpected(accepted.error());
  }
  return stats_;
}

// The operator's word that the clock is right is kept, or the next start would ask for it again. What the journals hold goes into SQLite first:
// it would bring the later time back.
std::expected<void, StoreError> EmbeddedStore::accept_clock() {
  int code = fold_all();
  if (code == SQLITE_OK) {
    code = database_.exec(fmt::format("UPDATE meta SET value = {} WHERE key = 'newest'", options_.now).c_str());
  }
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(code, "cannot be written"));
  stats_.newest = options_.now;
  return {};
}

// SQLite's rows and the journal's changes, both by address: of each address the later one.
std::expected<void, StoreError> EmbeddedStore::visit_rows(const Visitor& visit, RecoveryStats& stats) {
  auto rows = database_.prepare("SELECT ip, generation, binding FROM leases ORDER BY ip");
  if (!rows) return std::unexpected(sqlite_error(rows.error(), "cannot be read"));
  std::span<const Change> changes = replay_ ? replay_->changes() : std::span<const Change>{};
  DecodedRecord decoded;
  const auto visit_change = [&] {
    constexpr std::size_t kAhead = 8;
    if (changes.size() > kAhead) prefetch(changes[kAhead]);
    decode(changes.front(), decoded);
    const bool erased = decoded.record.kind == Record::Kind::erased;
    visit(decoded.record.address, erased ? lease::Binding{} : decoded.record.binding, decoded.record.generation);
    changes = changes.subspan(1);
  };
  lease::Binding binding;
  int code = SQLITE_OK;
  while ((code = rows->step()) == SQLITE_ROW) {
    const Ipv4 address{static_cast<std::uint32_t>(rows->integer(0))};
    const auto generation = static_cast<std::uint32_t>(rows->integer(1));
    while (!changes.empty() && changes.front().address < address.value) visit_change();
    if (!changes.empty() && changes.front().address == address.value) {
      if (is_later(changes.front().generation, generation)) {
        visit_change();
        continue;
      }
      changes = changes.subspan(1);
    }
    if (!decode_binding(rows->blob(2), binding)) {
      ++stats.damaged;
      stats.messages.push_back(fmt::format("store {}: the lease of {} cannot be read", options_.path, to_string(address)));
      visit(address, lease::Binding{}, generation);  // a slot that began anew would write records older than this row
      continue;
    }
    ++stats.folded;
    visit(address, binding, generation);
  }
  if (code != SQLITE_DONE) return std::unexpected(sqlite_error(code, "cannot be read"));
  while (!changes.empty()) visit_change();
  return {};
}

std::expected<void, StoreError> EmbeddedStore::import(std::span<const Record> records) {
  const std::lock_guard hold(mutex_);
  if (const int code = fold_all(); code != SQLITE_OK) return std::unexpected(sqlite_error(code, "cannot be written"));
  if (const int code = fold_->import(records); code != SQLITE_OK) {
    return std::unexpected(sqlite_error(code, "leases cannot be imported"));
  }
  health_.history_rows.store(fold_->history_rows(), std::memory_order_relaxed);
  return {};
}

// What SQLite says it has may be in pages that the life before wrote and had no time to sync: recovery of the write-ahead log takes
// them as they are. Before a segment is given up on that word, log and database are synced; if they cannot be, segments stay as they
// are, for the next start.
bool EmbeddedStore::fold_is_durable() {
  if (!fold_synced_) {
    const auto busy = database_.integer("PRAGMA wal_checkpoint(FULL)");
    fold_synced_ = busy && *busy == 0;
  }
  return fold_synced_;
}

// After a clean stop it is: there is nothing that a checkpoint would have to copy.
bool EmbeddedStore::log_is_empty() {
  const auto log = files_.open(options_.path + "-wal", false);
  if (!log) return log.error() == ENOENT;
  const auto size = files_.size(*log);
  files_.close(*log);
  return size && *size == 0;
}

// Files of earlier lives in which nothing is needed: to those workers that there are, and away.
void EmbeddedStore::use_spares() {
  for (auto& [worker, cursor] : journals_) {
    if (cursor.spares.empty()) continue;
    if (!fold_is_durable()) return;
    for (SegmentFile& spare : std::exchange(cursor.spares, {})) {
      if (cursor.source) {
        cursor.source->adopt(std::move(spare));
      } else {
        files_.close(spare.segment.file);
        (void)files_.remove(spare.path);
      }
    }
  }
}

// Packets wait for this: what takes long (a checkpoint before files are used again, zeroes for a whole new segment) is the fold thread's.
std::unique_ptr<Journal> EmbeddedStore::journal(unsigned worker, AsyncDisk& disk) {
  const std::lock_guard hold(mutex_);
  (void)replay();  // a caller that skipped recover(); an unreadable journal has its own error there
  JournalCursor& cursor = journals_[worker];
  COAXD_ASSERT(!cursor.source);
  cursor.source = std::make_unique<SegmentSource>(
      files_, directory_, store_id_, worker, options_.segment_size,
      SegmentSource::Start{.segment = cursor.last_segment + 1, .batch = cursor.last_batch + 1});
  const auto adopt = [&] {
    if (cursor.spares.empty() || !fold_is_durable()) return;
    for (SegmentFile& spare : std::exchange(cursor.spares, {})) cursor.source->adopt(std::move(spare));
  };
  if (log_is_empty()) adopt();
  if (!cursor.source->prepare()) {
    adopt();  // no room for another file
    cursor.source->prepare();  // when it fails, the journal says so at its first flush
  }
  const std::size_t capacity = std::min<std::uint64_t>(kBatchCapacity, (options_.segment_size - kSegmentHeadSize) / 2);
  auto journal = std::make_unique<Journal>(
      disk, *cursor.source, Journal::Options{.durability = options_.durability, .batch_capacity = capacity});
  if (cursor.source->has_spare()) cursor.source->prepare();
  return journal;
}

void EmbeddedStore::start() {
  COAXD_ASSERT(!thread_.joinable());
  replay_.reset();
  thread_ = std::thread([this] { run(); });
}

void EmbeddedStore::run() {
  std::unique_lock hold(mutex_);
  use_spares();
  // What the last life has left behind waits as well: the first packets are here.
  auto next_fold = std::chrono::steady_clock::now() + kFoldPace;
  while (!stopping_) {
    prepare_segments();
    if (std::chrono::steady_clock::now() >= next_fold) {
      use_spares();  // unless an operator's shell was in the way before
      bool behind = false;
      if (!postpones_fold()) {
        // One round: what came meanwhile is worth the next one when it is as much.
        const auto some = fold_some();
        note(some ? SQLITE_OK : some.error());
        prune();
        behind = some && *some && unfolded() >= kOutrun;
      }
      next_fold = std::chrono::steady_clock::now() + (behind ? milliseconds{0} : kFoldPace);
    }
    wake_.wait_for(hold, kPreparePace, [this] { return stopping_; });
  }
}

std::uint64_t EmbeddedStore::appended() const {
  std::uint64_t records = 0;
  for (const auto& [worker, cursor] : journals_) records += cursor.source ? cursor.source->records() : 0;
  return records;
}

std::uint64_t EmbeddedStore::unfolded() const {
  const std::uint64_t live = appended();
  return old_records_ + live - std::min(live, folded_live_);
}

// Looked at once per kFoldPace, a second; sooner only while too much waits.
bool EmbeddedStore::postpones_fold() {
  // A full disk is emptied by folding.
  const bool room = std::ranges::all_of(journals_, [](const auto& j) { return !j.second.source || j.second.source->error() == 0; });
  const std::uint64_t now = appended(), lately = now - std::exchange(appended_before_, now);
  const std::uint64_t waiting = unfolded();
  health_.fold_lag_records.store(waiting, std::memory_order_relaxed);
  return room && lately > kAvalanche && waiting < kMostUnfolded && health_.last_error.load(std::memory_order_relaxed) == 0;
}

void EmbeddedStore::halt() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void EmbeddedStore::stop() {
  halt();
  const std::lock_guard hold(mutex_);
  sqlite3_busy_timeout(database_.handle(), 5000);
  note(fold_all());
  // A shell that reads keeps the log from being emptied; the next start goes on with it.
  (void)database_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::expected<void, StoreError> EmbeddedStore::fold_now() {
  const std::lock_guard hold(mutex_);
  use_spares();
  prepare_segments();
  const int code = fold(unfolded());  // not what comes meanwhile, or it would go on for as long as packets come
  note(code);
  prune();
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(code, "cannot be written"));
  return {};
}

void EmbeddedStore::prepare_segments() {
  for (auto& [worker, cursor] : journals_) {
    if (cursor.source) cursor.source->prepare();
  }
}

// True: something was folded, there may be more. The error is that of Fold::round().
std::expected<bool, int> EmbeddedStore::fold_some() {
  const bool live = std::ranges::all_of(journals_, [](const auto& j) { return j.second.old.empty(); });
  const auto round = fold_->round(journals_, [this] { prepare_segments(); });
  if (round && !round->progress) {
    old_records_ = 0;
  } else if (round && live) {
    folded_live_ += round->records;
  } else if (round) {
    old_records_ -= std::min(old_records_, round->records);
  }
  health_.fold_lag_records.store(unfolded(), std::memory_order_relaxed);
  health_.history_rows.store(fold_->history_rows(), std::memory_order_relaxed);
  if (!round) return std::unexpected(round.error());
  if (round->records > kLargeRound) restart_log();
  health_.folded_records.fetch_add(round->records, std::memory_order_relaxed);
  return round->progress;
}

// A start after a kill would read all of the log again, checkpointed or not, up to where its frames are of the newest commit's time. So
// that this is near the beginning something is committed once all is checkpointed. The file stays: a hundred megabytes that are freed and
// taken again keep the disk from the journals. A shell that reads the log keeps it as it is.
void EmbeddedStore::restart_log() {
  const auto busy = database_.integer("PRAGMA wal_checkpoint(RESTART)");
  if (busy && *busy == 0) {
    (void)database_.exec("INSERT INTO meta VALUES ('logs', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1");
  }
}

// SQLITE_OK when everything readable is in SQLite, or so many records more than before; else the error that stopped it.
int EmbeddedStore::fold(std::uint64_t records) {
  const std::uint64_t before = health_.folded_records.load(std::memory_order_relaxed);
  for (;;) {
    const auto some = fold_some();
    if (!some) return some.error();
    if (!*some || health_.folded_records.load(std::memory_order_relaxed) - before >= records) return SQLITE_OK;
    prepare_segments();
  }
}

void EmbeddedStore::note(int code) {
  if (code != SQLITE_OK) health_.fold_errors.fetch_add(1, std::memory_order_relaxed);
  health_.last_error.store(code < 0 ? -code : errno_of(code), std::memory_order_relaxed);
}

// Time is that of the newest record: the store reads no clock.
void EmbeddedStore::prune() {
  if (options_.history_days == 0) return;
  auto statement = database_.prepare(
      "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE until IS NOT NULL AND changed < "
      "(SELECT value FROM meta WHERE key = 'newest') - ?1 * 86400 LIMIT ?2)");
  if (!statement) return;
  statement->bind(1, std::int64_t{options_.history_days}).bind(2, kPrunedAtOnce);
  (void)statement->run();  // tried again in a moment
}

std::expected<std::uint64_t, std::string> EmbeddedStore::load_modems(const std::function<void(subscriber::Modem)>& use) {
  const std::lock_guard hold(mutex_);
  std::uint64_t unreadable = 0;
  if (const int code = modem_rows_.load(use, unreadable); code != SQLITE_OK) {
    return std::unexpected(sqlite_error(code, "modems cannot be read").message);
  }
  return unreadable;
}

// In one transaction, synchronous=FULL: what it answers is on the disk. Between attempts the fold goes on.
std::expected<void, std::string> EmbeddedStore::write_modems(std::span<const Row> rows, bool patient) {
  const auto until = std::chrono::steady_clock::now() + (patient ? kModemPatience : milliseconds{0});
  for (;; std::this_thread::sleep_for(kModemPace)) {
    const std::lock_guard hold(mutex_);
    int code = database_.exec("BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = modem_rows_.write(rows);
    if (code == SQLITE_OK) code = database_.exec("COMMIT");
    if (code == SQLITE_OK) return {};
    StoreError error = sqlite_error(code, "modems cannot be written");
    (void)database_.exec("ROLLBACK");
    if ((code & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() >= until) return std::unexpected(std::move(error.message));
  }
}

}  // namespace

std::expected<std::unique_ptr<LeaseStore>, StoreError> LeaseStore::open(const StoreOptions& options) {
  auto store = std::make_unique<EmbeddedStore>(options);
  if (auto ready = store->set_up(); !ready) return std::unexpected(ready.error());
  return store;
}

}  // namespace coaxd::store
