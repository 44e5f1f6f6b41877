#include "server/subscriber/ward_sightings.h"

#include <gtest/gtest.h>

#include <thread>

namespace coaxd::subscriber {
namespace {

constexpr std::array<std::uint8_t, 6> kPc{2, 0, 0, 0, 0, 1};
constexpr Ipv4 kAddress = Ipv4::of(10, 1, 0, 10);
using Kind = WardSighting::Kind;

std::vector<WardSighting> all(WardSightings& sightings) {
  std::vector<WardSighting> seen;
  sightings.collect([&](const WardSighting& one) { seen.push_back(one); });
  return seen;
}

TEST(WardSightings, ComeInTheirOrderFromEachReporter) {
  WardSightings sightings;
  WardSightings::Reporter one(sightings), other(sightings);
  one.note(Kind::nak, 7, kPc, kAddress, 1'000'000);
  one.note(Kind::discover, 7, kPc, {}, 2'000'000);
  other.note(Kind::garden_ack, 8, kPc, kAddress, 1'500'000);
  const auto seen = all(sightings);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].kind, Kind::nak);
  EXPECT_EQ(seen[0].id, 7u);
  EXPECT_EQ(seen[0].address, kAddress);
  EXPECT_TRUE(equal(seen[0].hardware(), kPc));
  EXPECT_EQ(seen[1].kind, Kind::discover);
  EXPECT_TRUE(seen[1].address.is_zero());
  EXPECT_EQ(seen[2].id, 8u);
  EXPECT_TRUE(all(sightings).empty()) << "each is told once";
}

TEST(WardSightings, ATimeIsTheWallsOfThatMoment) {
  WardSightings sightings;
  WardSightings::Reporter reporter(sightings);
  reporter.note(Kind::nak, 1, kPc, kAddress, 5'000'000'000);
  EXPECT_EQ(all(sightings).front().wall_ms(1'800'000'000'250, 5'040'000'000), 1'800'000'000'210);
}

TEST(WardSightings, AFullQueueCountsAndGoesOn) {
  WardSightings sightings;
  WardSightings::Reporter reporter(sightings);
  for (std::size_t i = 0; i < WardSightings::Reporter::kQueue + 3; ++i) reporter.note(Kind::discover, i, kPc, {}, 0);
  EXPECT_EQ(sightings.lost(), 3u);
  const auto seen = all(sightings);
  ASSERT_EQ(seen.size(), WardSightings::Reporter::kQueue);
  EXPECT_EQ(seen.front().id, 0u);
  reporter.note(Kind::discover, 99, kPc, {}, 0);
  EXPECT_EQ(all(sightings).front().id, 99u);
}

TEST(WardSightings, AHardwareAddressIsCutNotOverrun) {
  WardSightings sightings;
  WardSightings::Reporter reporter(sightings);
  const std::vector<std::uint8_t> longest(255, 9);
  reporter.note(Kind::discover, 1, longest, {}, 0);
  reporter.note(Kind::discover, 1, {}, {}, 0);
  const auto seen = all(sightings);
  EXPECT_EQ(seen[0].hardware().size(), 16u);
  EXPECT_TRUE(seen[1].hardware().empty());
}

TEST(WardSightings, WhoGoesTakesHisOwnAlong) {
  WardSightings sightings;
  {
    WardSightings::Reporter reporter(sightings);
    reporter.note(Kind::discover, 1, kPc, {}, 0);
  }
  EXPECT_TRUE(all(sightings).empty());
}

TEST(WardSightings, AreTakenWhileTheyAreMade) {
  WardSightings sightings;
  constexpr std::uint64_t kCount = 20'000;
  std::uint64_t next = 0, noted = 0;
  std::atomic<bool> done{false};
  std::thread worker([&] {
    WardSightings::Reporter reporter(sightings);
    for (std::uint64_t i = 0; i < kCount; ++i) reporter.note(Kind::discover, i, kPc, {}, 0);
    while (!done.load()) std::this_thread::yield();
    noted = kCount;
  });
  // Those that are lost leave a gap, and never the order.
  while (next + sightings.lost() < kCount) {
    std::uint64_t before = 0;
    sightings.collect([&](const WardSighting& one) {
      EXPECT_GE(one.id, before);
      before = one.id;
      ++next;
    });
  }
  done = true;
  worker.join();
  EXPECT_EQ(noted, kCount);
}

}  // namespace
}  // namespace coaxd::subscriber
