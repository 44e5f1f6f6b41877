#include "server/store/lease_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "server/store/posix_disk.h"
#include "server/store/schema.h"
#include "server/store/segment.h"
#include "server/store/sqlite.h"
#include "server/store/testing/sim_disk.h"
#include "server/store/testing/sim_vfs.h"

namespace coaxd::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A directory of its own that goes with the test.
struct TemporaryDirectory {
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "coaxd-store-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

constexpr std::uint32_t kNow = 1'800'000'000;

lease::Binding active(std::uint8_t client, std::uint32_t starts, std::uint32_t seconds = 3600) {
  lease::Binding b;
  b.state = lease::BindingState::active;
  b.next_state = lease::BindingState::expired;
  const std::array<std::uint8_t, 6> mac{0, 0x10, 0x95, 0, 0, client};
  b.set_hardware(1, mac);
  b.starts = b.cltt = starts;
  b.ends = starts + seconds;
  return b;
}

struct Fixture : testing::Test {
  StoreOptions options() const {
    StoreOptions o;
    o.path = (directory.path / "dhcpd.leases.db").string();
    o.segment_size = 1 << 20;
    o.now = kNow;
    return o;
  }
  // Opens and recovers; `leases` is then what came back.
  void open(const StoreOptions& o) {
    auto opened = LeaseStore::open(o);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    leases.clear();
    auto stats = store->recover([&](Ipv4 ip, const lease::Binding& b, std::uint32_t generation) {
      leases[ip.value] = {generation, b};
    });
    ASSERT_TRUE(stats) << stats.error().message;
    recovered = *stats;
  }
  void open() { open(options()); }
  void open_journal(unsigned worker = 0) { journal = store->journal(worker, disk); }
  void write(Ipv4 ip, std::uint32_t generation, std::uint32_t at, const lease::Binding& b,
             Record::Kind kind = Record::Kind::binding) {
    const auto sequence = journal->append(ip, generation, at, kind, b);
    ASSERT_NE(sequence, 0u);
    journal->flush();
    while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
    ASSERT_EQ(journal->durable(), sequence);
  }
  void close() {
    journal.reset();
    store.reset();
  }
  std::expected<Database, int> database() const { return Database::open(options().path); }
  // The rows of a query, columns joined with '|'.
  std::vector<std::string> rows(const char* sql) const {
    std::vector<std::string> out;
    auto db = database();
    auto statement = db->prepare(sql);
    EXPECT_TRUE(statement) << db->message();
    while (statement && statement->step() == SQLITE_ROW) {
      std::string row;
      for (int i = 0; i < statement->columns(); ++i) {
        if (i > 0) row += '|';
        row += statement->text(i);
      }
      out.push_back(row);
    }
    return out;
  }

  TemporaryDirectory directory;
  PosixDisk disk;
  std::unique_ptr<LeaseStore> store;
  std::unique_ptr<Journal> journal;
  std::map<std::uint32_t, std::pair<std::uint32_t, lease::Binding>> leases;
  RecoveryStats recovered;
};

using StoreOpen = Fixture;
using StoreRecovery = Fixture;
using StoreFold = Fixture;
using History = Fixture;

constexpr Ipv4 kIp = Ipv4::of(10, 0, 0, 7);

TEST_F(StoreOpen, ASecondServerIsToldWhoHasIt) {
  open();
  const auto second = LeaseStore::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "store " + options().path + " is locked by another coaxd (pid " + std::to_string(::getpid()) +
                "): stop that one, or give this one a leases file of its own (-lf)");
  close();
  EXPECT_TRUE(LeaseStore::open(options()));
}

TEST_F(StoreOpen, ADirectoryThatIsNotThereIsNamed) {
  auto o = options();
  o.path = (directory.path / "none" / "leases.db").string();
  const auto opened = LeaseStore::open(o);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().error, ENOENT);
  EXPECT_THAT(opened.error().message, HasSubstr((directory.path / "none").string()));
}

TEST_F(StoreOpen, AFileThatIsNoStoreIsRefused) {
  const int file = ::creat(options().path.c_str(), 0600);
  const std::string text(4096, 'x');
  ASSERT_EQ(::write(file, text.data(), text.size()), 4096);
  ::close(file);
  const auto opened = LeaseStore::open(options());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("not a database"));
}

TEST_F(StoreOpen, ALaterSchemaIsRefused) {
  open();
  close();
  ASSERT_EQ(database()->exec("PRAGMA user_version = 99"), SQLITE_OK);
  const auto opened = LeaseStore::open(options());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("schema version 99, this coaxd knows 1"));
}

TEST_F(StoreOpen, JournalsOfAnotherStoreAreNotReplayedIntoThisOne) {
  open();
  open_journal();
  write(kIp, 1, kNow, active(1, kNow));
  close();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(options().path + suffix);
  const auto opened = LeaseStore::open(options());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("belongs to another store"));
}

// docs/operating.md, "The clock steps".
TEST_F(StoreOpen, AClockBehindTheNewestRecordIsRefusedUnlessAccepted) {
  for (const bool folded : {false, true}) {
    open();
    open_journal();
    write(kIp, folded ? 2 : 1, kNow, active(1, kNow));
    if (folded) store->stop();
    close();
    auto o = options();
    o.now = kNow - 61;
    auto opened = LeaseStore::open(o);
    ASSERT_TRUE(opened);
    const auto refused = (*opened)->recover([](Ipv4, const lease::Binding&, std::uint32_t) { FAIL() << "visited"; });
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("61 s behind the newest lease record"));
    opened->reset();
    o.now = kNow - 60;
    open(o);
    EXPECT_EQ(leases.size(), 1u);
    close();
    o.now = kNow - 1'000'000;
    o.accept_clock_step = true;
    open(o);
    EXPECT_EQ(leases.size(), 1u);
    EXPECT_EQ(recovered.newest, o.now);
    close();
    o.accept_clock_step = false;
    open(o);  // to accept is to take the clock's word: once is enough
    EXPECT_EQ(leases.size(), 1u);
    close();
    o.now -= 61;
    opened = LeaseStore::open(o);
    ASSERT_TRUE(opened);
    EXPECT_FALSE((*opened)->recover([](Ipv4, const lease::Binding&, std::uint32_t) {})) << "the next step is another one";
    opened->reset();
  }
}

TEST_F(StoreRecovery, FromTheJournalAloneAndAfterFolding) {
  open();
  EXPECT_TRUE(leases.empty());
  open_journal();
  write(kIp, 5, kNow, active(1, kNow));
  write(Ipv4::of(10, 0, 0, 8), 1, kNow, active(2, kNow));
  write(kIp, 6, kNow + 1, active(3, kNow + 1));
  close();
  open();
  EXPECT_EQ(recovered.replayed, 3u);
  EXPECT_EQ(recovered.folded, 0u);
  EXPECT_EQ(recovered.torn + recovered.damaged, 0u);
  ASSERT_EQ(leases.size(), 2u);
  EXPECT_EQ(leases[kIp.value].first, 6u);
  EXPECT_EQ(leases[kIp.value].second, active(3, kNow + 1));
  store->stop();
  close();
  open();
  EXPECT_EQ(recovered.replayed, 0u);
  EXPECT_EQ(recovered.folded, 2u);
  EXPECT_EQ(leases[kIp.value].second, active(3, kNow + 1));
}

TEST_F(StoreRecovery, TheJournalOverridesAnOlderRowAndNotANewerOne) {
  open();
  open_journal(0);
  write(kIp, 7, kNow, active(1, kNow));
  ASSERT_TRUE(store->fold_now());
  auto first = std::move(journal);
  open_journal(1);
  write(kIp, 6, kNow, active(2, kNow));                // an earlier CAS that another worker wrote later
  write(Ipv4::of(10, 0, 0, 9), 1, kNow, active(2, kNow));
  close();
  first.reset();
  open();
  EXPECT_EQ(leases[kIp.value].first, 7u);
  EXPECT_EQ(leases.size(), 2u);
}

TEST_F(StoreRecovery, FewerWorkersStillHaveTheOldJournals) {
  open();
  for (unsigned w = 0; w < 4; ++w) {
    open_journal(w);
    write(Ipv4{100 + w}, 1, kNow, active(1, kNow));
  }
  close();
  open();
  EXPECT_EQ(leases.size(), 4u);
  open_journal(0);
  write(Ipv4{100}, 2, kNow, active(2, kNow));
  store->stop();
  close();
  EXPECT_THAT(rows("SELECT ip, generation FROM leases ORDER BY ip"), ElementsAre("100|2", "101|1", "102|1", "103|1"));
  open();
  open_journal(3);  // and back: its batches go on counting
  write(Ipv4{103}, 2, kNow, active(2, kNow));
  close();
  open();
  EXPECT_EQ(leases[103].first, 2u);
}

// Filling fresh segments with zeroes takes a second or so: a start after a clean stop has files enough.
TEST_F(StoreRecovery, AStartUsesTheFilesOfTheLifeBefore) {
  const auto files = [this](const char* extension) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(options().path + "-journal.d")) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    return found;
  };
  constexpr char kMark[] = "mark";
  const auto mark_at = static_cast<std::streamoff>(options().segment_size - sizeof kMark);
  for (std::uint32_t life = 1; life <= 4; ++life) {
    open();
    EXPECT_EQ(recovered.damaged, 0u);
    EXPECT_EQ(recovered.replayed, 0u);
    EXPECT_EQ(leases[kIp.value].first, life - 1);
    open_journal();
    store->start();
    ASSERT_TRUE(store->fold_now());  // after a clean stop both are ready before; the first life's second one is the fold thread's to make
    ASSERT_EQ(files(".segment").size(), 2u) << "life " << life;
    for (const auto& path : files(".segment")) {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      char there[sizeof kMark] = {};
      file.seekg(mark_at).read(there, sizeof there);
      EXPECT_STREQ(there, life == 1 ? "" : kMark) << path << " in life " << life;
      file.seekp(mark_at).write(kMark, sizeof kMark);
    }
    write(kIp, life, kNow + life, active(1, kNow + life));
    store->stop();
    close();
  }
  EXPECT_LE(files(".segment").size() + files(".spare").size(), 3u);
}

// The journal's changes and SQLite's rows meet in the order of addresses; a child would keep the latest of each in a map.
TEST_F(StoreRecovery, TheLatestOfEachAddressWhateverTheOrder) {
  std::minstd_rand random(7);
  std::vector<std::uint32_t> addresses{0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  while (addresses.size() < 400) addresses.push_back(static_cast<std::uint32_t>(random()) << 4 ^ static_cast<std::uint32_t>(random()));
  std::map<std::uint32_t, std::uint32_t> latest;
  open();
  open_journal();
  const auto work = [&](std::size_t first, std::size_t last, int changes) {
    for (int i = 0; i < changes; ++i) {
      const std::uint32_t address = addresses[first + random() % (last - first)];
      const std::uint32_t generation = ++latest[address];
      write(Ipv4{address}, generation, kNow, active(1, kNow + generation));
    }
  };
  work(0, 250, 600);
  ASSERT_TRUE(store->fold_now());
  work(100, 400, 600);  // some have a row, some do not, some rows have no change
  close();
  open();
  ASSERT_EQ(leases.size(), latest.size());
  for (const auto& [address, generation] : latest) {
    EXPECT_EQ(leases[address].first, generation) << address;
    EXPECT_EQ(leases[address].second, active(1, kNow + generation)) << address;
  }
}

// A segment is read in pieces of some megabytes. What is damaged or torn is told as if it had been read as one.
TEST_F(StoreRecovery, DamageIsSeenWhereverItIsInALargeSegment) {
  constexpr std::uint32_t kBatches = 100, kRecords = 500;  // 7 MB
  auto o = options();
  o.segment_size = 16 << 20;
  open(o);
  open_journal();
  std::vector<std::uint64_t> begin;
  for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
    begin.push_back(std::max<std::uint64_t>(journal->readable().offset, kSegmentHeadSize));
    for (std::uint32_t i = 0; i < kRecords; ++i) {
      lease::Binding b = active(1, kNow);
      const std::array<std::uint8_t, 90> agent{1, 88};
      ASSERT_TRUE(b.set(lease::Item::agent_info, agent));
      ASSERT_NE(journal->append(Ipv4{batch * kRecords + i}, 1, kNow, Record::Kind::binding, b), 0u);
    }
    journal->flush();
    while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
  }
  const std::uint64_t end = journal->readable().offset;
  ASSERT_EQ(journal->readable().segment, 1u);
  ASSERT_GT(end, 7u << 20);
  close();
  std::fstream file(o.path + "-journal.d/000-0000000001.segment", std::ios::in | std::ios::out | std::ios::binary);
  const auto flip = [&](std::uint64_t at) {
    char octet = 0;
    file.seekg(static_cast<std::streamoff>(at)).get(octet);
    file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(octet ^ 0x41)).flush();
  };
  for (std::uint32_t batch = 0; batch < kBatches; batch += batch % 10 == 0 && batch < 50 ? 10 : 1) {
    const std::uint64_t next = batch + 1 < kBatches ? begin[batch + 1] : end;
    for (const std::uint64_t at : {begin[batch] + 8, next - 1}) {  // its head's key; its last record
      SCOPED_TRACE(testing::Message() << "batch " << batch << " octet " << at);
      flip(at);
      open(o);
      flip(at);
      const bool last = batch + 1 == kBatches;
      EXPECT_EQ(recovered.damaged, last ? 0u : 1u);
      EXPECT_EQ(recovered.torn, last ? 1u : 0u);
      // A batch without its head is lost unless it is the last, whose records are looked for.
      EXPECT_EQ(leases.size(), kBatches * kRecords - (at == next - 1 ? 1 : last ? 0 : kRecords));
      close();
    }
  }
}

// With another size, or for a worker that there is no more, they are of no use and go.
TEST_F(StoreRecovery, FilesThatDoNotFitAreRemoved) {
  auto o = options();
  o.workers = 2;
  open(o);
  open_journal(0);
  (void)store->journal(1, disk);
  store->start();
  store->stop();
  close();
  o.segment_size *= 2;
  o.workers = 1;
  open(o);
  open_journal(0);
  store->start();
  store->stop();
  close();
  for (const auto& entry : std::filesystem::directory_iterator(o.path + "-journal.d")) {
    EXPECT_TRUE(entry.path().extension() != ".segment" || entry.file_size() == o.segment_size) << entry.path();
    EXPECT_FALSE(entry.path().filename().string().starts_with("001")) << entry.path();
  }
}

TEST_F(StoreRecovery, AnErasedLeaseIsFreeAndKeepsItsGeneration) {
  open();
  open_journal();
  write(kIp, 1, kNow, active(1, kNow));
  write(kIp, 2, kNow + 5, active(1, kNow), Record::Kind::erased);
  close();
  for (int i = 0; i < 2; ++i) {
    open();
    ASSERT_EQ(leases.size(), 1u);
    EXPECT_EQ(leases[kIp.value].first, 2u);
    EXPECT_FALSE(leases[kIp.value].second.ever_used());
    store->stop();
    close();
  }
}

// What was on it is lost; whoever gets the address next must not be lost as well, for being older than the damaged row.
TEST_F(StoreRecovery, ADamagedRowIsReportedAndItsAddressGoesOnFromItsGeneration) {
  open();
  open_journal();
  write(kIp, 57, kNow, active(1, kNow));
  store->stop();
  close();
  ASSERT_EQ(database()->exec("UPDATE leases SET binding = x'0102'"), SQLITE_OK);

  open();
  EXPECT_EQ(recovered.damaged, 1u);
  EXPECT_THAT(recovered.messages, ElementsAre(HasSubstr("the lease of 10.0.0.7 cannot be read")));
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(leases[kIp.value].first, 57u);
  EXPECT_FALSE(leases[kIp.value].second.ever_used());
  open_journal();
  write(kIp, leases[kIp.value].first + 1, kNow, active(2, kNow));
  store->stop();
  close();

  open();
  EXPECT_EQ(recovered.damaged, 0u);
  EXPECT_EQ(leases[kIp.value].second, active(2, kNow));
}

TEST_F(StoreRecovery, ADamagedRecordIsReportedAndTheOthersAreThere) {
  open();
  open_journal();
  for (std::uint32_t i = 0; i < 5; ++i) write(Ipv4{i + 1}, 1, kNow, active(1, kNow));
  close();
  for (const auto& entry : std::filesystem::directory_iterator(options().path + "-journal.d")) {
    if (entry.path().filename() != "000-0000000001.segment") continue;
    const auto file = PosixFileSystem::instance().open(entry.path().string(), true);
    const std::array<std::uint8_t, 1> octet{0xff};
    ASSERT_TRUE(PosixFileSystem::instance().write(*file, kSegmentHeadSize + 200, octet));
    PosixFileSystem::instance().close(*file);
  }
  open();
  EXPECT_EQ(leases.size(), 4u);
  EXPECT_EQ(recovered.damaged, 1u);
  ASSERT_EQ(recovered.messages.size(), 1u);
  EXPECT_THAT(recovered.messages[0], HasSubstr("000-0000000001.segment"));
}

TEST_F(StoreRecovery, ADamagedSegmentHeadIsReportedOnceAndSetAside) {
  open();
  open_journal();
  write(kIp, 1, kNow, active(1, kNow));
  close();
  const std::string path = options().path + "-journal.d/000-0000000001.segment";
  const auto file = PosixFileSystem::instance().open(path, true);
  const std::array<std::uint8_t, 1> octet{0xff};
  ASSERT_TRUE(PosixFileSystem::instance().write(*file, 20, octet));
  PosixFileSystem::instance().close(*file);
  open();
  EXPECT_EQ(recovered.damaged, 1u);
  close();
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
  open();
  EXPECT_EQ(recovered.damaged, 0u);
}

TEST_F(StoreRecovery, ImportIsDurableAndSeen) {
  open();
  std::vector<Record> records(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    records[i] = {.address = Ipv4{50 + i}, .generation = 1, .at = kNow - 100, .binding = active(1, kNow - 100)};
  }
  ASSERT_TRUE(store->import(records));
  close();
  open();
  EXPECT_EQ(leases.size(), 3u);
  EXPECT_EQ(leases[51].second, records[1].binding);
  EXPECT_THAT(rows("SELECT count(*) FROM history"), ElementsAre("3"));
}

// A reload that brings a range back asks again while the fold thread runs.
TEST_F(StoreRecovery, AgainWhileRunning) {
  open();
  open_journal();
  store->start();
  write(kIp, 9, kNow, active(1, kNow));
  std::uint32_t generation = 0;
  ASSERT_TRUE(store->recover([&](Ipv4 ip, const lease::Binding&, std::uint32_t g) {
    EXPECT_EQ(ip, kIp);
    generation = g;
  }));
  EXPECT_EQ(generation, 9u);
  store->stop();
}

TEST_F(StoreFold, TheThreadFoldsAndGivesSegmentsBack) {
  auto o = options();
  o.segment_size = 16384;
  open(o);
  open_journal();
  store->start();
  std::uint32_t generation = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (generation < 2000 && std::chrono::steady_clock::now() < deadline) {
    if (journal->append(Ipv4{generation % 100}, generation + 1, kNow, Record::Kind::binding, active(1, kNow + generation)) != 0) {
      ++generation;
    } else {
      std::this_thread::yield();  // the next segment is being made
    }
    journal->flush();
    while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
  }
  ASSERT_EQ(generation, 2000u);
  while (journal->durable() < 2000 && std::chrono::steady_clock::now() < deadline) {
    journal->flush();
    while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
  }
  store->stop();
  EXPECT_EQ(store->health().folded_records, 2000u);
  EXPECT_EQ(store->health().fold_lag_records, 0u);
  EXPECT_EQ(store->health().fold_errors, 0u);
  std::size_t segments = 0;
  for (const auto& entry : std::filesystem::directory_iterator(o.path + "-journal.d")) {
    segments += entry.path().extension() == ".segment" ? 1 : 0;
  }
  EXPECT_LE(segments, 2u);  // the current one and the one made ready
  EXPECT_THAT(rows("SELECT count(*), max(generation) FROM leases"), ElementsAre("100|2000"));
}

// A start after a kill reads SQLite's log from its beginning, up to where it is of an earlier time.
TEST_F(StoreFold, ALargeRoundLeavesALogThatIsSoonRead) {
  auto o = options();
  o.segment_size = 16 << 20;
  open(o);
  open_journal();
  constexpr std::uint32_t kRecords = 105'000;
  for (std::uint32_t i = 0; i < kRecords; ++i) {
    ASSERT_NE(journal->append(Ipv4{i % 20'000}, 1 + i / 20'000, kNow, Record::Kind::binding, active(1, kNow + i / 20'000)), 0u);
    if (i % 5000 != 4999) continue;
    journal->flush();
    while (auto done = disk.poll()) journal->on_complete(done->token, done->result);
  }
  ASSERT_EQ(journal->durable(), kRecords);
  ASSERT_TRUE(store->fold_now());
  EXPECT_GT(std::filesystem::file_size(o.path + "-wal"), std::uint64_t{1} << 20) << "the round is none that leaves a large log";
  const std::string killed = o.path + "-killed";
  for (const char* part : {"", "-wal"}) std::filesystem::copy_file(o.path + part, killed + part);
  auto next_life = Database::open(killed);
  ASSERT_TRUE(next_life);
  auto log = next_life->prepare("PRAGMA wal_checkpoint(PASSIVE)");
  ASSERT_TRUE(log && log->step() == SQLITE_ROW);
  EXPECT_LE(log->integer(1), 2) << "frames that were read";
  EXPECT_EQ(*next_life->integer("SELECT count(*) FROM leases"), 20'000);
  EXPECT_EQ(store->health().folded_records, kRecords);
  EXPECT_EQ(store->health().fold_lag_records, 0u);
  EXPECT_THAT(rows("SELECT count(*), min(generation), max(generation) FROM leases"), ElementsAre("20000|5|6"));
  EXPECT_THAT(rows("SELECT count(*) FROM history"), ElementsAre("20000"));
}

// A shell holding a write lock must cost nothing but fold delay.
TEST_F(StoreFold, AHeldWriteLockOnlyDelaysFolding) {
  auto o = options();
  o.segment_size = 16384;
  open(o);
  open_journal();
  auto shell = database();
  ASSERT_EQ(shell->exec("BEGIN IMMEDIATE"), SQLITE_OK);
  std::uint32_t folds_refused = 0;
  for (std::uint32_t g = 1; g <= 300; ++g) {
    write(kIp, g, kNow, active(1, kNow));  // asserts that it is durable
    if (g % 20 == 0 && !store->fold_now()) ++folds_refused;
  }
  EXPECT_EQ(folds_refused, 15u);
  EXPECT_EQ(store->health().fold_errors, 15u);
  EXPECT_EQ(store->health().last_error, EBUSY);
  EXPECT_EQ(store->health().fold_lag_records, 300u);
  ASSERT_EQ(shell->exec("COMMIT"), SQLITE_OK);
  ASSERT_TRUE(store->fold_now());
  EXPECT_EQ(store->health().last_error, 0);
  EXPECT_EQ(store->health().fold_lag_records, 0u);
  EXPECT_THAT(rows("SELECT generation FROM leases"), ElementsAre("300"));
}

TEST_F(StoreFold, AFullDiskStopsSqliteNotTheJournalAndIsMadeGood) {
  SimDisk sim(1);
  SimVfs vfs(sim);
  auto o = options();
  o.path = "d/leases.db";
  o.files = &sim;
  o.sqlite_vfs = vfs.name();
  open(o);
  SimAsyncDisk async(sim);
  auto live = store->journal(0, async);
  sim.set_capacity(sim.used());
  for (std::uint32_t g = 1; g <= 50; ++g) {
    ASSERT_NE(live->append(Ipv4{g}, 1, kNow, Record::Kind::binding, active(1, kNow)), 0u);
  }
  live->flush();
  while (async.step()) {
  }
  while (auto done = async.poll()) live->on_complete(done->token, done->result);
  EXPECT_EQ(live->durable(), 50u);  // preallocated: the journal needs no room
  ASSERT_FALSE(store->fold_now());
  EXPECT_EQ(store->health().last_error, ENOSPC);
  sim.set_capacity(~std::uint64_t{0});
  ASSERT_TRUE(store->fold_now());
  EXPECT_EQ(store->health().folded_records, 50u);
  live.reset();
  store.reset();
}

TEST_F(History, OnePeriodPerHolder) {
  open();
  open_journal();
  auto first = active(1, kNow);
  const std::array<std::uint8_t, 7> agent{1, 1, 0xc1, 2, 2, 0xe1, 0xe2};
  ASSERT_TRUE(first.set(lease::Item::agent_info, agent));
  ASSERT_TRUE(first.set(lease::Item::hostname, as_bytes("pc")));
  write(kIp, 1, kNow, first);
  auto renewed = first;
  renewed.starts = kNow + 1800;
  renewed.ends = kNow + 5400;
  write(kIp, 2, kNow + 1800, renewed);  // a renewal continues the period
  auto released = renewed;
  released.state = lease::BindingState::released;
  write(kIp, 3, kNow + 2000, released);
  write(kIp, 4, kNow + 3000, active(2, kNow + 3000, 600));
  write(kIp, 5, kNow + 9000, active(3, kNow + 9000));  // the second ran out at 3600 while nobody looked
  ASSERT_TRUE(store->fold_now());
  EXPECT_THAT(rows("SELECT address, mac, circuit_id, remote_id, hostname, reason FROM history_list ORDER BY since"),
              ElementsAre("10.0.0.7|00:10:95:00:00:01|c1|e1e2|pc|released", "10.0.0.7|00:10:95:00:00:02||||replaced",
                          "10.0.0.7|00:10:95:00:00:03||||"));
  const auto at = [](std::uint32_t offset) { return std::to_string(kNow + offset); };
  EXPECT_THAT(rows("SELECT since, until FROM history ORDER BY since"),
              ElementsAre(at(0) + "|" + at(2000), at(3000) + "|" + at(3600), at(9000) + "|"));
  EXPECT_THAT(rows("SELECT address, state, mac FROM lease_list"), ElementsAre("10.0.0.7|active|00:10:95:00:00:03"));
}

// What has ended is `free`, whatever ended it (engine/ending.cc): the times of the binding tell.
TEST_F(History, TellsWhatEndedALease) {
  open();
  open_journal();
  const auto end = [&](Ipv4 address, std::uint32_t ends, std::uint32_t cltt) {
    lease::Binding b = active(1, kNow, 600);
    write(address, 1, kNow, b);
    b.state = b.next_state = lease::BindingState::free;
    b.ends = ends;
    b.cltt = cltt;
    write(address, 2, std::max<std::uint32_t>(ends, kNow + 100), b);
  };
  end(Ipv4{1}, kNow + 600, kNow);
  end(Ipv4{2}, kNow + 100, kNow + 100);
  end(Ipv4{3}, kNow + 100, kNow);
  ASSERT_TRUE(store->fold_now());
  EXPECT_THAT(rows("SELECT ip, reason FROM history ORDER BY ip"), ElementsAre("1|expired", "2|released", "3|free"));
}

TEST_F(History, AModemThatMovesToAnotherPortBeginsAnotherPeriod) {
  open();
  open_journal();
  auto b = active(1, kNow);
  const std::array<std::uint8_t, 6> here{1, 1, 5, 2, 1, 9}, there{1, 1, 6, 2, 1, 9};
  ASSERT_TRUE(b.set(lease::Item::agent_info, here));
  write(kIp, 1, kNow, b);
  ASSERT_TRUE(b.set(lease::Item::agent_info, there));
  write(kIp, 2, kNow + 10, b);
  ASSERT_TRUE(store->fold_now());
  EXPECT_THAT(rows("SELECT hex(circuit_id), reason FROM history ORDER BY id"), ElementsAre("05|moved", "06|"));
}

TEST_F(History, IsTheSameWhetherFoldedAtOnceOrOneByOne) {
  std::vector<std::string> seen[2];
  for (const bool each : {false, true}) {
    std::filesystem::remove_all(options().path);
    std::filesystem::remove_all(options().path + "-journal.d");
    open();
    open_journal();
    for (std::uint32_t g = 1; g <= 60; ++g) {
      auto b = active(static_cast<std::uint8_t>(g / 7), kNow + g);
      if (g % 5 == 0) b.state = lease::BindingState::expired;
      write(Ipv4{g % 3}, g, kNow + g, b);
      if (each) {
        ASSERT_TRUE(store->fold_now());
      }
    }
    store->stop();
    close();
    seen[each ? 1 : 0] = rows("SELECT ip, since, until, reason, mac FROM history ORDER BY ip, since");
  }
  EXPECT_GT(seen[0].size(), 10u);
  EXPECT_EQ(seen[0], seen[1]);
}

TEST_F(History, AnEarlierChangeThatIsFoldedLateStillHasItsPeriod) {
  open();
  open_journal(1);
  write(kIp, 7, kNow + 100, active(2, kNow + 100));
  ASSERT_TRUE(store->fold_now());
  auto other = std::move(journal);
  open_journal(0);
  write(kIp, 5, kNow, active(1, kNow));
  ASSERT_TRUE(store->fold_now());
  EXPECT_THAT(rows("SELECT generation, mac FROM leases"), ElementsAre("7|00:10:95:00:00:02"));
  EXPECT_THAT(rows("SELECT mac, until - since, reason FROM history ORDER BY since"),
              ElementsAre("00:10:95:00:00:01|100|replaced", "00:10:95:00:00:02||"));
}

TEST_F(History, OldRowsGoWhenToldTo) {
  auto o = options();
  o.history_days = 1;
  open(o);
  open_journal();
  auto gone = active(1, kNow);
  gone.state = lease::BindingState::released;
  write(kIp, 1, kNow, active(1, kNow));
  write(kIp, 2, kNow + 10, gone);
  write(Ipv4{1}, 1, kNow, active(1, kNow));
  write(Ipv4{2}, 1, kNow + 100'000, active(1, kNow + 100'000));
  ASSERT_TRUE(store->fold_now());
  EXPECT_THAT(rows("SELECT count(*) FROM history"), ElementsAre("2"));  // the open one stays however old
}

}  // namespace
}  // namespace coaxd::store
