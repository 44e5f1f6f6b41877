#include "server/tftp/time_of_day.h"

#include <gtest/gtest.h>

namespace coaxd::tftp {
namespace {

using Octets = std::array<std::uint8_t, 4>;

// RFC 868's own examples: the time 2,208,988,800 is 00:00 1 Jan 1970 GMT, and so on.
TEST(Rfc868_Time, ItsOwnExamples) {
  EXPECT_EQ(seconds_since_1900(0), 2'208'988'800u);              // 1970-01-01
  EXPECT_EQ(seconds_since_1900(189'302'400), 2'398'291'200u);    // 1976-01-01
  EXPECT_EQ(seconds_since_1900(315'532'800), 2'524'521'600u);    // 1980-01-01
  EXPECT_EQ(seconds_since_1900(420'595'200), 2'629'584'000u);    // 1983-05-01
}

TEST(Rfc868_Time, TheEpochIs1900) {
  EXPECT_EQ(seconds_since_1900(-kFrom1900To1970), 0u);
  EXPECT_EQ(seconds_since_1900(-kFrom1900To1970 + 1), 1u);
  EXPECT_EQ(time_of_day(-kFrom1900To1970), (Octets{0, 0, 0, 0}));
}

// 2036-02-07 06:28:16 UTC is 2,085,978,496 after 1970.
TEST(Rfc868_Time, BeginsAgainIn2036) {
  EXPECT_EQ(seconds_since_1900(2'085'978'495), 0xffffffffu);
  EXPECT_EQ(seconds_since_1900(2'085'978'496), 0u);
  EXPECT_EQ(seconds_since_1900(2'085'978'497), 1u);
  EXPECT_EQ(time_of_day(2'085'978'495), (Octets{255, 255, 255, 255}));
}

TEST(Rfc868_Time, AnswersFourOctetsInNetworkOrder) {
  EXPECT_EQ(time_of_day(0), (Octets{0x83, 0xaa, 0x7e, 0x80}));
  EXPECT_EQ(time_of_day(1), (Octets{0x83, 0xaa, 0x7e, 0x81}));
}

// "Send an empty datagram to port 37": whatever is in it, and from whatever port.
TEST(Rfc868_Udp, AnyDatagramAsks) {
  for (const std::size_t size : {0u, 1u, 4u, 512u}) {
    EXPECT_TRUE(is_asking_for_time(1024, size));
    EXPECT_TRUE(is_asking_for_time(65535, size));
    EXPECT_TRUE(is_asking_for_time(68, size));
  }
  EXPECT_TRUE(is_asking_for_time(37, 0));
}

// What we send is four octets: were those a question too, two servers could be set upon each other.
TEST(Rfc868_Udp, AnswersDoNotAsk) {
  EXPECT_FALSE(is_asking_for_time(37, time_of_day(0).size()));
  for (const std::uint16_t port : {std::uint16_t{0}, std::uint16_t{7}, std::uint16_t{13}, std::uint16_t{17}, std::uint16_t{19}}) {
    EXPECT_FALSE(is_asking_for_time(port, 0)) << port;
    EXPECT_FALSE(is_asking_for_time(port, 74)) << port;
  }
}

}  // namespace
}  // namespace coaxd::tftp
