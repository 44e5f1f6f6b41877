#include "server/base/did_you_mean.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace coaxd {
namespace {

TEST(DidYouMean, TheNearestIfItIsNear) {
  constexpr std::array<std::string_view, 3> kKnown{"range", "default-lease-time", "max-lease-time"};
  EXPECT_EQ(did_you_mean("rnage", kKnown), "range");
  EXPECT_EQ(did_you_mean("defualt-laese-time", kKnown), "default-lease-time");
  EXPECT_EQ(did_you_mean("authoritative", kKnown), "");
  EXPECT_EQ(did_you_mean("", kKnown), "");
  EXPECT_EQ(did_you_mean(std::string(1 << 20, 'r'), kKnown), "");
}

}  // namespace
}  // namespace coaxd
