#include <gtest/gtest.h>

#include <thread>

#include "server/base/arena.h"
#include "server/base/crc32c.h"
#include "server/base/hash.h"
#include "server/base/ipv4.h"
#include "server/base/spsc_queue.h"
#include "server/base/time.h"

namespace coaxd {
namespace {

TEST(Ipv4, ParsesOnlyADottedQuad) {
  EXPECT_EQ(Ipv4::parse("10.1.0.255"), (Ipv4::of(10, 1, 0, 255)));
  for (const char* bad : {"", "10", "10.1.0", "10.1.0.256", "10.1.0.1.", " 10.1.0.1", "10.1.0.-1", "a.b.c.d", "1.2.3.0004"})
    EXPECT_FALSE(Ipv4::parse(bad)) << bad;
  for (std::uint32_t v : {0u, 1u, 0x0a0100ffu, 0xffffffffu}) EXPECT_EQ(Ipv4::parse(to_string(Ipv4{v})), Ipv4{v});
}

TEST(Hash, SipHash13KnownAnswer) {
  // Key 00..0f, messages 00..07 to 00..0e: each length of the last word. Computed with an independent implementation that also
  // reproduces the paper's SipHash-2-4 vector.
  constexpr std::uint64_t kExpected[] = {0x369095118d299a8eu, 0x25a48eb36c063de4u, 0x79de85ee92ff097fu, 0x70c118c1f94dc352u, 0x78a384b157b4d9a2u, 0x306f760c1229ffa7u, 0x605aa111c0f95d34u, 0xd320d86d2a519956u};
  std::uint8_t message[15];
  for (std::uint8_t i = 0; i < 15; ++i) message[i] = i;
  const HashSeed seed{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  for (std::size_t i = 0; i < std::size(kExpected); ++i) EXPECT_EQ(hash_bytes(seed, Bytes{message, 8 + i}), kExpected[i]) << i;
}

// RFC 3720 B.4 test patterns.
TEST(Crc32c, Rfc3720_B_4) {
  std::vector<std::uint8_t> zeros(32, 0), ones(32, 0xff), up(32);
  for (std::size_t i = 0; i < 32; ++i) up[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(zeros), 0x8a9136aau);
  EXPECT_EQ(crc32c(ones), 0x62a8ab43u);
  EXPECT_EQ(crc32c(up), 0x46dd794eu);
  EXPECT_EQ(crc32c(Bytes(up).subspan(7), crc32c(Bytes(up).first(7))), 0x46dd794eu);
}

TEST(Arena, RunningOutIsAnAnswer) {
  std::uint8_t storage[8];
  Arena arena{storage};
  EXPECT_EQ(arena.take(8).size(), 8u);
  EXPECT_FALSE(arena.exhausted());
  EXPECT_TRUE(arena.take(1).empty());
  EXPECT_TRUE(arena.exhausted());
  arena.reset();
  EXPECT_EQ(arena.take(3).size(), 3u);
}

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(WallClock, FollowsSmallCorrectionsAndNeverRunsBackwards) {
  WallClock clock{0, 1000};
  EXPECT_EQ(clock.advance(10 * kSecond, 1010).wall, 1010);
  EXPECT_EQ(clock.advance(11 * kSecond, 1009).wall, 1010);
  EXPECT_EQ(clock.advance(12 * kSecond, 1010).wall, 1010);
  EXPECT_EQ(clock.advance(13 * kSecond, 1041).wall, 1041);
  EXPECT_FALSE(clock.frozen());
}

TEST(WallClock, AStepFreezesExpiryUntilAccepted) {
  WallClock clock{0, 1000};
  EXPECT_EQ(clock.advance(10 * kSecond, 90000).wall, 1010);
  EXPECT_TRUE(clock.frozen());
  EXPECT_EQ(clock.advance(20 * kSecond, 90010).wall, 1020);
  EXPECT_EQ(clock.step(), 88990);
  clock.accept_step(20 * kSecond, 90010);
  EXPECT_EQ(clock.advance(21 * kSecond, 90011).wall, 90011);
  EXPECT_FALSE(clock.frozen());
}

TEST(WallClock, AStepThatIsTakenBackThaws) {
  WallClock clock{0, 1000};
  clock.advance(10 * kSecond, 5);
  EXPECT_TRUE(clock.frozen());
  EXPECT_EQ(clock.advance(20 * kSecond, 1020).wall, 1020);
  EXPECT_FALSE(clock.frozen());
}

TEST(SpscQueue, KeepsOrderAcrossThreadsAndRefusesWhenFull) {
  SpscQueue<int> queue{4};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.try_push(i));
  EXPECT_FALSE(queue.try_push(4));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(*queue.front(), i);
    queue.pop();
  }
  EXPECT_EQ(queue.front(), nullptr);

  constexpr int kCount = 100000;
  std::thread producer{[&] {
    for (int i = 0; i < kCount;)
      if (queue.try_push(i)) ++i;
      else std::this_thread::yield();
  }};
  for (int expected = 0; expected < kCount;) {
    if (int* item = queue.front()) {
      ASSERT_EQ(*item, expected++);
      queue.pop();
    } else {
      std::this_thread::yield();
    }
  }
  producer.join();
}

}  // namespace
}  // namespace coaxd
