#include "server/daemon/quarantine_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coaxd::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(QuarantinePolicy, TheDefaultsAreThoseOfThePolicy) {
  const auto read = quarantine_policy({});
  ASSERT_TRUE(read);
  const quarantine::Policy plain;
  EXPECT_EQ(read->most_share, plain.most_share);
  EXPECT_EQ(read->always_allowed, plain.always_allowed);
  EXPECT_EQ(read->threshold, plain.threshold);
  EXPECT_EQ(read->window_s, plain.window_s);
  EXPECT_EQ(read->oldest_s, plain.oldest_s);
  EXPECT_EQ(read->default_ttl_s, plain.default_ttl_s);
  EXPECT_EQ(read->default_per_minute, plain.default_per_minute);
  EXPECT_EQ(read->self_releases, plain.self_releases);
  EXPECT_EQ(read->self_period_s, plain.self_period_s);
  EXPECT_EQ(read->grace_s, plain.grace_s);
  EXPECT_EQ(read->wait_s, plain.wait_s);
}

TEST(QuarantinePolicy, ReadsItsLists) {
  config::Settings::Quarantine settings;
  settings.never = "10.1.0.1, 10.2.0.0/24";
  settings.never_macs = "00:10:95:00:00:07 0010.9500.0008,\n02-00-00-00-00-01";
  settings.never_classes = "business , voice over ip";
  settings.most_percent = 5;
  settings.sources = {{.name = "suricata", .weight = 50}};
  const auto read = quarantine_policy(settings);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->never_prefixes.size(), 2u);
  EXPECT_THAT(read->never_macs, ElementsAre(subscriber::Mac{0x001095000007}, subscriber::Mac{0x001095000008}, subscriber::Mac{0x020000000001}));
  EXPECT_THAT(read->never_classes, ElementsAre("business", "voice over ip"));
  EXPECT_DOUBLE_EQ(read->most_share, 0.05);
  EXPECT_EQ(read->sources[0].weight, 50u);
}

TEST(QuarantinePolicy, SaysWhichAddressIsNone) {
  config::Settings::Quarantine settings;
  settings.never_macs = "00:10:95:00:00:07, 00:10:95";
  const auto read = quarantine_policy(settings);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error(), HasSubstr("\"00:10:95\""));
}

}  // namespace
}  // namespace coaxd::daemon
