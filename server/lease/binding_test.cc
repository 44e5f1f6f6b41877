#include "server/lease/binding.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace coaxd::lease {
namespace {

TEST(BindingState, TableFollowsRfc6926AndFailover) {
  // RFC 6926 §6.2.7: 1 AVAILABLE ... 7 REMOTE; failover draft: 1 FREE ... 7 BACKUP.
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(BindingState::count); ++i) {
    const BindingStateRow& row = row_of(static_cast<BindingState>(i));
    EXPECT_EQ(row.rfc6926_code, i + 1);
    EXPECT_EQ(row.failover_code, i + 1);
    EXPECT_EQ(state_by_word(row.word), &row);
  }
  EXPECT_EQ(state_by_word("Active"), nullptr);
  EXPECT_EQ(state_by_word(""), nullptr);
}

TEST(StoredTime, IsOverAtItsVerySecond) {
  EXPECT_FALSE(is_over(1'800'000'000, 1'799'999'999));
  EXPECT_TRUE(is_over(1'800'000'000, 1'800'000'000));
  EXPECT_TRUE(is_over(0, 0));
  EXPECT_FALSE(is_over(kStoredNever, kNever));
  EXPECT_TRUE(is_over(kStoredNever - 1, kNever));
}

TEST(StoredTime, ClampsToWhatFits) {
  EXPECT_EQ(to_stored(-1), 0u);
  EXPECT_EQ(to_stored(0), 0u);
  EXPECT_EQ(to_stored(1'800'000'000), 1'800'000'000u);
  EXPECT_EQ(to_stored(kNever), kStoredNever);
  EXPECT_EQ(to_stored(kNever + 5), kStoredNever);
}

TEST(Binding, HardwareKeepsAtMostSixteenOctets) {
  const std::vector<std::uint8_t> address(20, 0xab);
  Binding b;
  b.set_hardware(1, address);
  EXPECT_EQ(b.hlen, 16);
  b.set_hardware(6, Bytes{address}.first(3));
  EXPECT_EQ(b.hardware().size(), 3u);
  EXPECT_EQ(b.chaddr[3], 0) << "octets of the longer address must not stay behind";
}

TEST(Binding, SetReplacesRemovesAndRefusesWithoutChange) {
  Binding b;
  EXPECT_FALSE(b.has(Item::client_id));
  EXPECT_TRUE(b.set(Item::hostname, as_bytes("modem-1")));
  EXPECT_TRUE(b.set(Item::client_id, as_bytes("id")));
  EXPECT_TRUE(b.set(Item::hostname, as_bytes("a longer name")));
  EXPECT_EQ(as_text(b.get(Item::client_id)), "id");
  EXPECT_EQ(as_text(b.get(Item::hostname)), "a longer name");
  const Binding before = b;
  EXPECT_FALSE(b.set(Item::variables, std::vector<std::uint8_t>(Binding::kVariableCapacity, 1)));
  EXPECT_FALSE(b.set(Item::variables, std::vector<std::uint8_t>(70'000, 1)));
  EXPECT_EQ(b, before);
  EXPECT_TRUE(b.set(Item::hostname, {}));
  EXPECT_TRUE(b.set(Item::client_id, {}));
  EXPECT_TRUE(b.packed().empty());
  EXPECT_TRUE(b.set(Item::variables, std::vector<std::uint8_t>(Binding::kVariableCapacity - 3, 1)));
  EXPECT_EQ(b.packed().size(), Binding::kVariableCapacity);
}

TEST(Binding, AgreesWithAMap) {
  constexpr std::uint64_t kSeed = 20'260'101;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937_64 random{kSeed};
  Binding b;
  std::map<Item, std::string> model;
  for (int step = 0; step < 20'000; ++step) {
    const Item item = static_cast<Item>(1 + random() % 9);
    const std::string value(random() % 3 == 0 ? 0 : random() % 250, static_cast<char>('a' + random() % 26));
    std::size_t size = value.empty() ? 0 : 3 + value.size();
    for (const auto& [i, v] : model) size += i == item ? 0 : 3 + v.size();
    ASSERT_EQ(b.set(item, as_bytes(value)), size <= Binding::kVariableCapacity);
    if (size <= Binding::kVariableCapacity) model[item] = value;
    if (value.empty()) model.erase(item);
    for (std::uint8_t i = 1; i <= 9; ++i) {
      const auto found = model.find(static_cast<Item>(i));
      ASSERT_EQ(as_text(b.get(static_cast<Item>(i))), found == model.end() ? "" : found->second);
    }
    Binding copy;
    ASSERT_TRUE(copy.set_packed(b.packed()));
    ASSERT_TRUE(equal(copy.packed(), b.packed()));
  }
}

TEST(Binding, PackedAreaIsCheckedAtEveryLength) {
  Binding b;
  ASSERT_TRUE(b.set(Item::client_id, as_bytes("client")));
  ASSERT_TRUE(b.set(Item::failover, as_bytes("01234567")));
  const std::vector<std::uint8_t> good(b.packed().begin(), b.packed().end());
  for (std::size_t cut = 0; cut <= good.size(); ++cut) {
    Binding out;
    const bool whole = cut == 0 || cut == 9 || cut == good.size();  // between items is well-formed, too
    EXPECT_EQ(out.set_packed(Bytes{good}.first(cut)), whole) << cut;
  }
  Binding out;
  for (const std::vector<std::uint8_t>& bad : std::vector<std::vector<std::uint8_t>>{
           {0, 1, 0, 7},                    // item 0
           {1, 0, 0},                       // empty value
           {2, 1, 0, 7, 1, 1, 0, 7},        // descending
           {2, 1, 0, 7, 2, 1, 0, 7},        // twice
           {1, 0, 1, 7},                    // 256 octets said, one there
           std::vector<std::uint8_t>(1000)  // too long
       })
    EXPECT_FALSE(out.set_packed(bad));
  EXPECT_TRUE(out.packed().empty()) << "a refused area changes nothing";
  const std::uint8_t later[] = {200, 2, 0, 1, 2};
  EXPECT_TRUE(out.set_packed(later)) << "an item of a later version is kept";
  EXPECT_TRUE(out.set(Item::client_id, as_bytes("x")));
  EXPECT_EQ(out.packed().size(), 9u);
}

TEST(Binding, EverUsedAsDhcpdWritesIt) {
  // dhcpd-compat 14.1: written if MAC, uid or tsfp set, or not free.
  Binding b;
  EXPECT_FALSE(b.ever_used());
  b.set(Item::hostname, as_bytes("x"));
  EXPECT_FALSE(b.ever_used());
  b.state = BindingState::abandoned;
  EXPECT_TRUE(b.ever_used());
  b.state = BindingState::free;
  b.set(Item::failover, as_bytes("12345678"));
  EXPECT_TRUE(b.ever_used());
  b.set(Item::failover, {});
  b.set(Item::client_id, as_bytes("x"));
  EXPECT_TRUE(b.ever_used());
  b.set(Item::client_id, {});
  b.set_hardware(1, as_bytes("abcdef"));
  EXPECT_TRUE(b.ever_used());
}

}  // namespace
}  // namespace coaxd::lease
