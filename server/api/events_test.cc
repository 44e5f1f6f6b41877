#include "server/api/events.h"

#include <gmock/gmock.h>

namespace coaxd::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Next = Stream::Next;

std::string read(Stream& stream) {
  std::string all, piece;
  while (stream.next(piece) == Next::more) all += piece;
  return all;
}

TEST(ServerSentEvents, AreHeardFromNowOn) {
  const auto events = std::make_shared<Events>(100);
  events->tell("quarantine", "{\"id\": 1}");
  const auto follower = events->follow("");
  EXPECT_EQ(read(*follower), "retry: 2000\n\n");
  int woken = 0;
  follower->wake = [&] { ++woken; };
  events->tell("release", "{}");
  events->tell("expire", "{}");
  EXPECT_EQ(woken, 1) << "once until it has looked";
  EXPECT_EQ(read(*follower), "id: 101\nevent: release\ndata: {}\n\nid: 102\nevent: expire\ndata: {}\n\n");
  EXPECT_EQ(events->followers(), 1u);
}

TEST(ServerSentEvents, LastEventIdGoesOnBehindIt) {
  const auto events = std::make_shared<Events>(100);
  for (int i = 0; i < 5; ++i) events->tell("e", std::to_string(i));
  EXPECT_THAT(read(*events->follow("102")), HasSubstr("id: 103\nevent: e\ndata: 3\n\nid: 104\n"));
  EXPECT_THAT(read(*events->follow("102")), Not(HasSubstr("id: 102")));
  for (const char* strange : {"999", "x", "104x", "99999999999999999999999"}) EXPECT_EQ(read(*events->follow(strange)), "retry: 2000\n\n") << strange;
  const std::string missed = read(*events->follow("7"));  // of an earlier life
  EXPECT_THAT(missed, HasSubstr(": events 8 to 99 are not kept any more"));
  EXPECT_THAT(missed, HasSubstr("id: 100\n"));
}

TEST(ServerSentEvents, TheRingIsBoundedAndWhoIsOvertakenIsCutOff) {
  const auto events = std::make_shared<Events>(1);
  const auto slow = events->follow("");
  std::string piece;
  ASSERT_EQ(slow->next(piece), Next::more);
  for (std::size_t i = 0; i <= Events::kKept; ++i) events->tell("e", std::string(100, 'x'));
  EXPECT_EQ(slow->next(piece), Next::cut);
  EXPECT_EQ(events->cut_off(), 1u);
  const auto late = events->follow("0");
  std::size_t octets = 0;
  while (late->next(piece) == Next::more) {
    EXPECT_LT(piece.size(), 70'000u) << "piece by piece";
    octets += piece.size();
  }
  EXPECT_GT(octets, Events::kKept * 100);
}

TEST(ServerSentEvents, AFollowerThatGoesIsForgotten) {
  const auto events = std::make_shared<Events>(1);
  auto follower = events->follow("");
  (void)read(*follower);
  follower.reset();
  EXPECT_EQ(events->followers(), 0u);
  events->tell("e", "{}");
}

TEST(ServerSentEvents, TheRingIsBoundedInOctetsToo) {
  const auto events = std::make_shared<Events>(1);
  const std::string large(64 << 10, 'x');  // as evidence may be
  for (int i = 0; i < 2000; ++i) events->tell("e", large);
  std::size_t octets = 0;
  std::string piece;
  for (const auto all = events->follow("0"); all->next(piece) == Next::more; piece.clear()) octets += piece.size();
  EXPECT_GT(octets, Events::kKeptOctets / 2);
  EXPECT_LE(octets, Events::kKeptOctets + 1000);
  events->tell("e", std::string(2 * Events::kKeptOctets, 'x'));
  EXPECT_THAT(read(*events->follow("2000")), HasSubstr("id: 2001\n")) << "the newest is there, however large";
}

}  // namespace
}  // namespace coaxd::api
