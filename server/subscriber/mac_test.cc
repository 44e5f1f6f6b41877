#include "server/subscriber/mac.h"

#include <gtest/gtest.h>

namespace coaxd::subscriber {
namespace {

TEST(Mac, EveryWayThatEquipmentWritesIt) {
  for (const std::string_view text : {"00:10:95:01:02:03", "00-10-95-01-02-03", "0010.9501.0203", "001095010203", "0:10:95:1:2:3", "00:10:95:01:02:3"}) {
    const auto mac = Mac::parse(text);
    ASSERT_TRUE(mac) << text;
    EXPECT_EQ(to_string(*mac), "00:10:95:01:02:03") << text;
  }
  EXPECT_EQ(to_string(*Mac::parse("AA:BB:CC:DD:EE:FF")), "aa:bb:cc:dd:ee:ff");
}

TEST(Mac, WhatIsNone) {
  for (const std::string_view text :
       {"", ":", ".", "00:10:95:01:02", "00:10:95:01:02:03:04", "00:10:95:01:02:0g", "00:10:95:01:02:", ":10:95:01:02:03", "00:10:95:01:02:003", "00:10-95:01:02:03",
        "0010.9501.203", "0010.9501.0203.", "0010.9501", "00109501020", "0010950102030", "00109501020g", "00 10 95 01 02 03"})
    EXPECT_FALSE(Mac::parse(text)) << text;
  const std::string whole = "00:10:95:01:02:03";
  for (std::size_t size = 0; size < whole.size() - 1; ++size) EXPECT_FALSE(Mac::parse(whole.substr(0, size))) << size;
}

TEST(Mac, OfSixOctets) {
  constexpr std::uint8_t kOctets[] = {0x00, 0x10, 0x95, 0xff, 0x02, 0x03, 0x04};
  EXPECT_EQ(to_string(*Mac::of(Bytes(kOctets).first(6))), "00:10:95:ff:02:03");
  for (const std::size_t size : {0u, 1u, 5u, 7u}) EXPECT_FALSE(Mac::of(Bytes(kOctets).first(size)));
}

}  // namespace
}  // namespace coaxd::subscriber
