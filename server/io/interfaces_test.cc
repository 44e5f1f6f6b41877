#include "server/io/interfaces.h"

#include <gtest/gtest.h>

namespace coaxd::io {
namespace {

ScannedInterface interface(std::uint32_t index, std::string name, Ipv4 address) {
  ScannedInterface scanned;
  scanned.index = index;
  scanned.name = std::move(name);
  scanned.mac = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(index)};
  scanned.addresses.push_back({address, {0xffffff00}});
  return scanned;
}

TEST(InterfaceTable, FindsServedInterfacesByKernelIndex) {
  InterfaceTable table;
  EXPECT_EQ(table.find(2), nullptr);
  EXPECT_TRUE(table.served().empty());
  table.publish({interface(70000, "vlan7", Ipv4::of(10, 7, 0, 1)), interface(2, "eth0", Ipv4::of(10, 1, 0, 1)),
                 interface(9, "eth1", Ipv4::of(10, 2, 0, 1))});
  for (const std::uint32_t absent : {0u, 1u, 3u, 8u, 10u, 69999u, 70001u}) EXPECT_EQ(table.find(absent), nullptr) << absent;
  for (const std::uint32_t present : {2u, 9u, 70000u}) {
    ASSERT_NE(table.find(present), nullptr) << present;
    EXPECT_EQ(table.find(present)->index, present);
  }
  EXPECT_EQ(table.find(9)->name, "eth1");
  EXPECT_EQ(table.served().size(), 3u);
}

// A held reply points to the Interface of its arrival, whatever has been published since.
TEST(InterfaceTable, WhatWasFoundStaysAsItWas) {
  InterfaceTable table;
  table.publish({interface(2, "eth0", Ipv4::of(10, 1, 0, 1))});
  const engine::Interface* before = table.find(2);
  table.publish({interface(2, "eth0", Ipv4::of(10, 1, 0, 9))});
  EXPECT_EQ(table.find(2)->address, Ipv4::of(10, 1, 0, 9));
  EXPECT_EQ(before->address, Ipv4::of(10, 1, 0, 1));
  table.publish({});
  EXPECT_EQ(table.find(2), nullptr);
  EXPECT_EQ(before->name, "eth0");
}

// DATA of TFTP must fit the way, from the next request on.
TEST(InterfaceTable, AnMtuThatChangesIsAnotherState) {
  InterfaceTable table;
  ScannedInterface scanned = interface(2, "eth0", Ipv4::of(10, 1, 0, 1));
  table.publish({scanned});
  EXPECT_EQ(table.find(2)->mtu, 1500);
  scanned.mtu = 1400;
  table.publish({scanned});
  EXPECT_EQ(table.find(2)->mtu, 1400);
}

// The kernel tells of every carrier change and every address of every interface: no event may cost memory unless the state is a new one.
TEST(InterfaceTable, KeepsEachStateOnce) {
  InterfaceTable table;
  const ScannedInterface one = interface(2, "eth0", Ipv4::of(10, 1, 0, 1)), vip = interface(2, "eth0", Ipv4::of(10, 1, 0, 9)),
                         other = interface(3, "eth1", Ipv4::of(10, 2, 0, 1));
  table.publish({one, other});
  const auto* first = &table.served();
  const engine::Interface* untouched = table.find(3);
  table.publish({vip, other});
  const auto* second = &table.served();
  EXPECT_NE(first, second);
  EXPECT_EQ(table.find(3), untouched);
  for (int event = 0; event < 1000; ++event) {
    table.publish({other, one});  // the kernel's order means nothing
    EXPECT_EQ(&table.served(), first);
    table.publish({one, other});
    EXPECT_EQ(&table.served(), first);
    table.publish({vip, other});
    EXPECT_EQ(&table.served(), second);
  }
}

}  // namespace
}  // namespace coaxd::io
