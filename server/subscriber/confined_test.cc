#include "server/subscriber/confined.h"

#include <gtest/gtest.h>

namespace coaxd::subscriber {
namespace {

const std::string kPc("\x02\x00\x00\x00\x00\x01", 6), kOther("\x02\x00\x00\x00\x00\x02", 6), kModem("\x00\x10\x95\x00\x00\x07", 6);

Holder holder(const std::string& hardware, const std::string& remote_id = {}, const std::string& vendor_class = {}) {
  return {as_bytes(hardware), as_bytes(remote_id), as_bytes(vendor_class)};
}

TEST(Confined, OneMachineAndNobodyElseBehindTheModem) {
  const Confined confined({{.hardware = kPc, .remote_id = kModem, .scope = Scope::cpe, .id = 7}});
  ASSERT_NE(confined.find(holder(kPc, kModem)), nullptr);
  EXPECT_EQ(confined.find(holder(kPc, kModem))->id, 7u);
  EXPECT_NE(confined.find(holder(kPc)), nullptr);  // wherever it is plugged in
  EXPECT_EQ(confined.find(holder(kOther, kModem)), nullptr);
  EXPECT_EQ(confined.find_modem(as_bytes(kModem)), nullptr);
}

TEST(Confined, EveryMachineBehindTheModem) {
  const Confined confined({{.remote_id = kModem, .scope = Scope::subscriber, .id = 8}});
  EXPECT_NE(confined.find(holder(kPc, kModem)), nullptr);
  EXPECT_NE(confined.find(holder(kOther, kModem)), nullptr);
  EXPECT_EQ(confined.find(holder(kPc)), nullptr);
  EXPECT_NE(confined.find_modem(as_bytes(kModem)), nullptr);
}

TEST(Confined, TheModemItselfAndItsTelephonesStayAsTheyAre) {
  const Confined confined({{.remote_id = kModem, .scope = Scope::modem, .id = 9}});
  EXPECT_EQ(confined.find(holder(kModem, kModem, "docsis3.0:")), nullptr);
  EXPECT_EQ(confined.find(holder(kOther, kModem, "pktc1.5:05")), nullptr);
  const Confined by_name({{.hardware = kOther, .scope = Scope::cpe, .id = 10}});
  EXPECT_NE(by_name.find(holder(kOther, kModem, "pktc1.5:05")), nullptr);  // somebody meant this very device
}

TEST(Confined, AModemsQuarantineDoesNotTakeAlongWhoIsSpared) {
  const Confined confined({{.remote_id = kModem, .scope = Scope::subscriber, .id = 8}}, {kOther});
  EXPECT_NE(confined.find(holder(kPc, kModem)), nullptr);
  EXPECT_EQ(confined.find(holder(kOther, kModem)), nullptr);
}

TEST(Confined, TheWiderOfTwoCounts) {
  const Confined confined({{.remote_id = kModem, .scope = Scope::modem, .id = 1}, {.remote_id = kModem, .scope = Scope::subscriber, .id = 2}});
  EXPECT_EQ(confined.find_modem(as_bytes(kModem))->scope, Scope::modem);
}

TEST(Confined, AMachineWithoutAModemIsNotTheModemWithoutAName) {
  const Confined confined({{.remote_id = kModem, .scope = Scope::subscriber, .id = 1}});
  EXPECT_EQ(confined.find(holder(kPc, "")), nullptr);
  EXPECT_EQ(confined.find(holder("", "")), nullptr);
  EXPECT_TRUE(Confined{}.empty());
  EXPECT_TRUE(Confined({{.hardware = "", .scope = Scope::cpe, .id = 1}}).empty());
}

}  // namespace
}  // namespace coaxd::subscriber
