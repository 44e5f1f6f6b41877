#include "server/store/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <map>
#include <vector>

#include "server/store/journal_files.h"
#include "server/store/little_endian.h"
#include "server/store/testing/sim_disk.h"

namespace coaxd::store {
namespace {

constexpr std::uint64_t kStore = 77;
constexpr std::size_t kSegmentSize = 16384;
constexpr std::size_t kCapacity = 4096;

lease::Binding binding_of(std::uint32_t tag) {
  lease::Binding b;
  b.state = lease::BindingState::active;
  b.starts = tag;
  return b;
}

// A journal over a simulated disk, and what a reader would find.
struct Bench {
  explicit Bench(Durability durability = Durability::durable, std::uint64_t seed = 1)
      : disk(seed), async(disk), source(disk, "d", kStore, 0, kSegmentSize, {}) {
    source.prepare();
    journal.emplace(async, source, Journal::Options{durability, kCapacity});
    source.prepare();
  }
  std::uint64_t append(std::uint32_t generation) {
    return journal->append(Ipv4{generation}, generation, 1000, Record::Kind::binding, binding_of(generation));
  }
  void finish() {
    while (async.step()) {
    }
    while (auto completion = async.poll()) journal->on_complete(completion->token, completion->result);
  }
  void commit() {
    journal->flush();
    finish();
  }
  // Generations that a reader finds, by the rules of segment.h.
  std::vector<std::uint32_t> readable(std::uint64_t* damaged = nullptr) {
    std::vector<std::uint32_t> found;
    auto listing = list_segments(disk, "d", kStore);
    EXPECT_TRUE(listing);
    std::vector<std::uint8_t> octets(kSegmentSize);
    std::uint64_t below = std::numeric_limits<std::uint64_t>::max();
    for (auto file = listing->segments.rbegin(); file != listing->segments.rend(); ++file) {
      const auto have = disk.read(file->segment.file, 0, octets);
      std::vector<std::uint32_t> here;
      const auto result = scan_batches(Bytes(octets).first(*have).subspan(kSegmentHeadSize), file->segment.key, {.below = below},
                                       [&](Bytes, const DecodedRecord& d) { here.push_back(d.record.generation); });
      if (damaged != nullptr) *damaged += result.damaged;
      found.insert(found.begin(), here.begin(), here.end());
      const auto head = decode_batch_head(Bytes(octets).subspan(kSegmentHeadSize), file->segment.key);
      if (head) below = std::min(below, head->number);
    }
    return found;
  }

  SimDisk disk;
  SimAsyncDisk async;
  SegmentSource source;
  std::optional<Journal> journal;
};

TEST(Journal, NothingIsDurableBeforeItsCompletion) {
  Bench b;
  EXPECT_EQ(b.append(1), 1u);
  b.journal->flush();
  EXPECT_EQ(b.journal->settled(), 0u);
  ASSERT_TRUE(b.async.step());
  EXPECT_EQ(b.journal->durable(), 0u);
  b.finish();
  EXPECT_EQ(b.journal->durable(), 1u);
  EXPECT_EQ(b.journal->settled(), 1u);
  EXPECT_EQ(b.readable(), std::vector<std::uint32_t>{1});
}

TEST(Journal, TheNextBatchGathersWhileOneIsSynced) {
  Bench b;
  b.append(1);
  b.journal->flush();
  b.append(2);
  b.append(3);
  b.journal->flush();  // one is in flight: nothing happens
  b.finish();
  EXPECT_EQ(b.journal->durable(), 1u);
  EXPECT_EQ(b.journal->stats().batches, 1u);
  b.commit();
  EXPECT_EQ(b.journal->durable(), 3u);
  EXPECT_EQ(b.journal->stats().batches, 2u);
  EXPECT_EQ(b.journal->stats().records, 3u);
}

TEST(Journal, AFullBatchRefuses) {
  Bench b;
  std::uint32_t n = 0;
  while (b.append(n + 1) != 0) ++n;
  EXPECT_GT(n, 20u);
  EXPECT_EQ(b.journal->appended(), n);
  b.commit();
  EXPECT_EQ(b.journal->durable(), n);
  EXPECT_NE(b.append(n + 1), 0u);
}

TEST(Journal, GoesThroughSegmentsInOrder) {
  Bench b;
  std::vector<std::uint32_t> want;
  for (std::uint32_t g = 1; g <= 600; ++g) {
    ASSERT_NE(b.append(g), 0u);
    want.push_back(g);
    if (g % 7 == 0) b.commit();
    b.source.prepare();
  }
  b.commit();
  EXPECT_EQ(b.journal->durable(), 600u);
  EXPECT_GT(b.journal->readable().segment, 2u);
  EXPECT_EQ(b.readable(), want);
}

TEST(Journal, WaitsForASegmentThatIsBeingMade) {
  Bench b;
  std::uint32_t g = 0;
  const auto stuck = [&] { return b.journal->settled() < b.journal->appended(); };
  while (!stuck()) {
    for (int i = 0; i < 20; ++i) b.append(++g);
    b.commit();
  }
  EXPECT_EQ(b.journal->failed(), 0);
  b.source.prepare();
  b.commit();
  EXPECT_EQ(b.journal->durable(), b.journal->appended());
  EXPECT_EQ(b.readable().size(), g);
}

TEST(Journal, FailsWhenTheNextSegmentCannotBeMadeAndResumes) {
  Bench b;
  b.disk.set_capacity(b.disk.used());  // full: no third segment
  std::uint32_t g = 0;
  while (b.journal->failed() == 0) {
    b.append(++g);
    b.commit();
    b.source.prepare();
    ASSERT_LT(g, 1000u);
  }
  EXPECT_EQ(b.journal->failed(), ENOSPC);
  EXPECT_EQ(b.journal->settled(), b.journal->appended());
  EXPECT_LT(b.journal->durable(), b.journal->settled());
  EXPECT_EQ(b.append(9999), 0u);
  b.journal->retry();  // still full
  EXPECT_EQ(b.journal->failed(), ENOSPC);
  b.disk.set_capacity(~std::uint64_t{0});
  b.source.prepare();
  b.journal->retry();
  EXPECT_NE(b.journal->failed(), 0);  // not before the probe is durable
  b.finish();
  EXPECT_EQ(b.journal->failed(), 0);
  ASSERT_NE(b.append(5000), 0u);
  b.commit();
  EXPECT_EQ(b.journal->durable(), b.journal->appended());
  EXPECT_EQ(b.readable().back(), 5000u);
}

// The file never holds a record behind a hole, and what was reported lost stays lost once the journal goes on.
TEST(Journal, AFailedSyncLosesItsBatchAndAllThatWasGathered) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Bench b(Durability::durable, seed);
    b.append(1);
    b.commit();
    b.append(2);
    b.journal->flush();
    b.append(3);
    b.disk.fail_at(1 + seed % 2, EIO);  // the write, or the sync
    b.finish();
    EXPECT_EQ(b.journal->failed(), EIO);
    EXPECT_EQ(b.journal->durable(), 1u);
    EXPECT_EQ(b.journal->settled(), 3u);
    EXPECT_EQ(b.append(4), 0u);
    b.journal->flush();
    EXPECT_TRUE(b.async.idle());  // nothing behind the hole
    b.journal->retry();
    b.finish();
    ASSERT_EQ(b.journal->failed(), 0);
    ASSERT_EQ(b.append(5), 4u);
    b.commit();
    EXPECT_EQ(b.journal->durable(), 4u);
    b.disk.crash();
    std::uint64_t damaged = 0;
    EXPECT_EQ(b.readable(&damaged), (std::vector<std::uint32_t>{1, 5})) << "seed " << seed;
    EXPECT_EQ(damaged, 0u);
  }
}

TEST(Journal, AFailedProbeIsTriedAgainInTheSameSegment) {
  Bench b;
  b.append(1);
  b.disk.fail_at(1, EIO, true);
  b.commit();
  for (int i = 0; i < 5; ++i) {
    b.journal->retry();
    b.finish();
    EXPECT_EQ(b.journal->failed(), EIO);
  }
  b.disk.heal();
  b.journal->retry();
  b.finish();
  EXPECT_EQ(b.journal->failed(), 0);
  b.append(2);
  b.commit();
  EXPECT_EQ(b.journal->readable().segment, 2u);
  b.disk.crash();
  EXPECT_EQ(b.readable(), std::vector<std::uint32_t>{2});
}

// A crash before retry() has succeeded may bring the lost record back. It must then be the last of its address.
TEST(Journal, ALostRecordMayResurfaceOnlyBeforeTheRetry) {
  bool resurfaced = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Bench b(Durability::durable, seed);
    b.append(1);
    b.commit();
    b.append(2);
    b.disk.fail_at(2, EIO);
    b.commit();
    EXPECT_EQ(b.journal->durable(), 1u);
    b.disk.crash();
    const auto found = b.readable();
    ASSERT_GE(found.size(), 1u);
    EXPECT_EQ(found[0], 1u);
    resurfaced = resurfaced || found.size() == 2;
  }
  EXPECT_TRUE(resurfaced);
}

TEST(Journal, MemoryIsSettledAtOnceAndStillOwedAfterAFailure) {
  Bench b(Durability::memory);
  b.append(1);
  EXPECT_EQ(b.journal->durable(), 1u);
  b.journal->flush();
  b.append(2);
  b.disk.fail_at(1, EIO);
  b.finish();
  EXPECT_EQ(b.journal->failed(), EIO);
  EXPECT_EQ(b.append(3), 0u);
  b.journal->retry();
  b.finish();
  EXPECT_EQ(b.journal->failed(), 0);
  b.commit();
  b.commit();
  EXPECT_EQ(b.readable(), (std::vector<std::uint32_t>{1, 2}));
}

// What an earlier use of the file has left in the last page goes with the write, which so has nothing to wait for.
TEST(Journal, AWriteEndsWhereItsPageEnds) {
  Bench b;
  const auto handle = b.source.segments().front().segment.file;
  const std::vector<std::uint8_t> noise(kSegmentSize - kSegmentHeadSize, 0xee);
  (void)b.disk.write(handle, kSegmentHeadSize, noise);
  std::vector<std::uint8_t> after(kSegmentSize);
  for (std::uint32_t g = 1; g <= 100 && b.journal->readable().segment == 1; ++g) {
    for (std::uint32_t i = 0; i < g % 5; ++i) b.append(g);
    if (b.journal->appended() == b.journal->durable()) continue;
    b.commit();
    (void)b.disk.read(handle, 0, after);
    const std::size_t end = b.journal->readable().offset, page_end = (end + 4095) / 4096 * 4096;
    if (b.journal->readable().segment != 1) break;
    for (std::size_t at = end; at < kSegmentSize; ++at) ASSERT_EQ(after[at], at < page_end ? 0 : 0xee) << end << " " << at;
  }
}

TEST(Journal, CrashSafeIsNotSynced) {
  Bench b(Durability::crash_safe);
  b.append(1);
  const auto before = b.disk.operations();
  b.commit();
  EXPECT_EQ(b.disk.operations(), before + 1);
  EXPECT_EQ(b.journal->durable(), 1u);
}

TEST(JournalFiles, AFoldedSegmentIsUsedAgainAndItsOldRecordsAreDead) {
  Bench b;
  std::uint32_t g = 0;
  while (b.journal->readable().segment < 2) {
    b.append(++g);
    b.commit();
    b.source.prepare();
  }
  const auto used = b.disk.used();
  const auto kept = b.source.segments().size();
  b.source.release_oldest();
  while (b.journal->readable().segment < 3) {
    b.append(++g);
    b.commit();
    b.source.prepare();
  }
  EXPECT_EQ(b.disk.used(), used + (b.source.segments().size() - kept) * kSegmentSize);
  const auto found = b.readable();
  EXPECT_EQ(found.back(), g);
  EXPECT_GT(found.front(), 1u);  // the first segment's records are gone
  EXPECT_TRUE(std::ranges::is_sorted(found));
}

// Zeroes for a whole segment would keep the first packets waiting.
TEST(JournalFiles, ALifeWithoutAFileToUseAgainBeginsWithASmallOne) {
  constexpr std::uint64_t kFull = 9 << 20;
  SimDisk disk(1);
  SegmentSource source(disk, "d", kStore, 0, kFull, {.segment = 5});
  ASSERT_TRUE(source.prepare());
  const auto first = source.take();
  ASSERT_TRUE(first);
  EXPECT_LT(first->size, kFull);
  EXPECT_EQ(disk.used(), first->size);
  ASSERT_TRUE(source.prepare());
  EXPECT_EQ(source.take()->size, kFull);
  source.release_oldest();
  EXPECT_FALSE(source.has_spare());  // too small for that
  EXPECT_EQ(disk.used(), kFull);
  ASSERT_TRUE(source.prepare());
  source.release_oldest();
  EXPECT_TRUE(source.has_spare());
  ASSERT_TRUE(source.take());
  ASSERT_TRUE(source.prepare());
  EXPECT_EQ(source.take()->size, kFull);
  EXPECT_EQ(disk.used(), 2 * kFull);
}

// A disk that is full of journals could never be emptied: SQLite, which is to take from them what they hold, needs room first.
TEST(JournalFiles, WhatTheFoldNeedsOfADiskIsNotTheJournals) {
  SimDisk disk(1);
  disk.set_capacity(20 * kSegmentSize);
  SegmentSource source(disk, "d", kStore, 0, kSegmentSize, {});
  std::size_t made = 0;
  for (; source.prepare(); ++made) ASSERT_TRUE(source.take());
  EXPECT_EQ(made, 16u);
  EXPECT_EQ(source.error(), ENOSPC);
  EXPECT_FALSE(source.prepare());
  source.release_oldest();  // the fold has come on
  EXPECT_TRUE(source.prepare());
  EXPECT_EQ(source.error(), 0);
}

// With nothing to fold nothing is kept back: a small disk serves.
TEST(JournalFiles, ADiskWithRoomForTwoSegmentsIsEnough) {
  SimDisk disk(1);
  disk.set_capacity(2 * kSegmentSize);
  SegmentSource source(disk, "d", kStore, 0, kSegmentSize, {});
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    ASSERT_TRUE(source.prepare());
    ASSERT_TRUE(source.take());
    if (source.segments().size() > 1) source.release_oldest();
  }
}

TEST(Segment, AKeyIsFoundWhereverItStands) {
  constexpr std::array<std::uint64_t, 5> kKeys{0x0102030405060708, 0xff00000000000000, 1, 0x1100001100001111, 0};
  for (const std::uint64_t key : kKeys) {
    std::array<std::uint8_t, kKeySize> octets{};
    store_le(octets.data(), key);
    for (const int fill : {0xee, 0x11, static_cast<int>(octets[0]) ^ 1}) {
      for (std::size_t size = 0; size < 40; ++size) {
        std::vector<std::uint8_t> in(size, static_cast<std::uint8_t>(fill));
        EXPECT_FALSE(find_key(in, 0, key));
        for (std::size_t at = 0; at + kKeySize <= size; ++at) {
          auto with = in;
          std::ranges::copy(octets, with.begin() + static_cast<std::ptrdiff_t>(at));
          EXPECT_EQ(find_key(with, 0, key), at);
          EXPECT_EQ(find_key(with, at, key), at);
          EXPECT_FALSE(find_key(with, at + 1, key));
          EXPECT_FALSE(find_key(Bytes(with).first(at + kKeySize - 1), 0, key));
        }
      }
    }
  }
}

// SQLite has them: nothing depends on what has become of them here, and a start need not look.
TEST(Segment, FoldedBatchesAreNotLookedInto) {
  Bench b;
  for (std::uint32_t g = 1; g <= 4; ++g) {
    b.append(g);
    b.commit();
  }
  const Segment segment = b.source.segments().front().segment;
  std::vector<std::uint8_t> octets(b.journal->readable().offset - kSegmentHeadSize);
  (void)b.disk.read(segment.file, kSegmentHeadSize, octets);
  octets[kBatchHeadSize + 30] ^= 1;  // in the record of batch 1
  std::vector<std::uint32_t> found;
  const auto collect = [&](Bytes, const DecodedRecord& d) { found.push_back(d.record.generation); };
  const auto result = scan_batches(octets, segment.key, {.from = 3}, collect);
  EXPECT_EQ(found, (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(result.damaged, 0u);
  EXPECT_EQ(result.last_batch, 4u);
  EXPECT_EQ(result.end, octets.size());
  const auto all = scan_batches(octets, segment.key, {.from = 5}, collect);
  EXPECT_EQ(found.size(), 2u);
  EXPECT_EQ(all.last_batch, 4u);
  EXPECT_EQ(all.last_end, octets.size());
}

TEST(Segment, DamageInTheMiddleIsSeenAndTheRestIsRead) {
  Bench b;
  for (std::uint32_t g = 1; g <= 30; ++g) {
    b.append(g);
    if (g % 3 == 0) b.commit();
  }
  const auto handle = b.source.segments().front().segment.file;
  std::vector<std::uint8_t> octet(1);
  std::size_t lost_most = 0;
  for (std::uint64_t at = kSegmentHeadSize; at < kSegmentHeadSize + 1500; ++at) {
    (void)b.disk.read(handle, at, octet);
    octet[0] ^= 0x41;
    (void)b.disk.write(handle, at, octet);
    std::uint64_t damaged = 0;
    const auto found = b.readable(&damaged);
    EXPECT_EQ(damaged, 1u) << at;
    EXPECT_TRUE(std::ranges::is_sorted(found));
    EXPECT_EQ(found.back(), 30u);
    lost_most = std::max(lost_most, 30 - found.size());
    octet[0] ^= 0x41;
    (void)b.disk.write(handle, at, octet);
  }
  EXPECT_EQ(lost_most, 3u);  // a damaged batch head hides at most its own batch
}

TEST(Segment, EveryTruncationOfTheTailIsTorn) {
  Bench b;
  b.append(1);
  b.append(2);
  b.commit();
  const Segment segment = b.source.segments().front().segment;
  const auto end = b.journal->readable().offset;
  std::vector<std::uint8_t> octets(end - kSegmentHeadSize);
  (void)b.disk.read(segment.file, kSegmentHeadSize, octets);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    std::uint64_t records = 0;
    const auto result = scan_batches(Bytes(octets).first(n), segment.key, {},
                                     [&](Bytes, const DecodedRecord&) { ++records; });
    EXPECT_LT(records, 2u);
    EXPECT_EQ(result.damaged, 0u);
    EXPECT_EQ(result.end, 0u);
    // Fewer octets than a key's end: nothing says that they were ours. A cut at the end of a head has nothing torn in itself.
    if (n >= kBatchHeadSize) {
      EXPECT_TRUE(result.torn) << n;
    }
  }
}

// Found by fuzz_record: a last batch without its head was passed over without a word.
TEST(Segment, ALastBatchWithoutItsHeadIsTornAndItsRecordsAreRead) {
  Bench b;
  b.append(1);
  b.commit();
  const auto first_end = b.journal->readable().offset;
  b.append(2);
  b.append(3);
  b.commit();
  const Segment segment = b.source.segments().front().segment;
  std::vector<std::uint8_t> octets(b.journal->readable().offset - kSegmentHeadSize);
  (void)b.disk.read(segment.file, kSegmentHeadSize, octets);
  octets[first_end - kSegmentHeadSize + 8] ^= 1;  // the key in the head
  std::vector<std::uint32_t> found;
  const auto result = scan_batches(octets, segment.key, {},
                                   [&](Bytes, const DecodedRecord& d) { found.push_back(d.record.generation); });
  EXPECT_EQ(found, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_TRUE(result.torn);
  EXPECT_EQ(result.last_batch, 2u);
}

TEST(Segment, EveryMutationOfTheHeadIsSeen) {
  std::vector<std::uint8_t> octets(kSegmentHeadSize);
  encode_segment_head(octets, {3, kStore, 5, 6});
  SegmentHead head;
  ASSERT_FALSE(decode_segment_head(octets, head));
  EXPECT_EQ(head.worker, 3u);
  EXPECT_EQ(head.key, 6u);
  for (std::size_t at = 0; at < 44; ++at) {
    octets[at] ^= 1;
    EXPECT_EQ(decode_segment_head(octets, head), SegmentError::damaged) << at;
    octets[at] ^= 1;
  }
  for (std::size_t n = 0; n < 44; ++n) EXPECT_TRUE(decode_segment_head(Bytes(octets).first(n), head));
}

}  // namespace
}  // namespace coaxd::store
