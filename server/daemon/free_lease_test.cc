#include "server/daemon/free_lease.h"

#include <gtest/gtest.h>

#include <array>

namespace coaxd::daemon {
namespace {

constexpr WallSeconds kNow = 1'795'380'600;  // 2026-11-22 20:50:00 UTC
constexpr Ipv4 kAddress = Ipv4::of(203, 0, 113, 41);

class FreeLeaseTest : public testing::Test {
 protected:
  FreeLeaseTest() {
    lease::PoolSpec pool;
    pool.id = 0;
    pool.ranges.push_back({kAddress, kAddress});
    table.configure(std::array{pool}, kNow);
  }
  void hold(lease::BindingState state, lease::StoredTime ends, bool reserved = false) {
    lease::Binding binding;
    binding.state = state;
    binding.ends = ends;
    if (state != lease::BindingState::abandoned) binding.set_hardware(1, std::array<std::uint8_t, 6>{0x00, 0x15, 0x96, 0, 0, 0x0a});
    if (reserved) binding.flags |= lease::Binding::kReserved;
    table.restore(kAddress, binding, 1);
    table.restored(kNow);
  }
  std::string what() const {
    const auto found = find_freeable(table, "203.0.113.41", kNow);
    return found ? found->what : "error: " + found.error();
  }
  lease::LeaseTable table{HashSeed{1, 2}};
};

TEST_F(FreeLeaseTest, Operator_LeasesFree_SaysWhatIsOnTheAddress) {
  EXPECT_EQ(what(), "");
  hold(lease::BindingState::active, 1'795'381'105);
  EXPECT_EQ(what(), "the lease of 00:15:96:00:00:0a until 2026/11/22 20:58:25 UTC");
  hold(lease::BindingState::active, lease::kStoredNever);
  EXPECT_EQ(what(), "the lease of 00:15:96:00:00:0a for ever");
  hold(lease::BindingState::abandoned, 1'795'381'105);
  EXPECT_EQ(what(), "the abandonment until 2026/11/22 20:58:25 UTC");
  hold(lease::BindingState::free, 1'795'380'000);
  EXPECT_EQ(what(), "");
  hold(lease::BindingState::free, 1'795'380'000, true);
  EXPECT_EQ(what(), "the reservation for 00:15:96:00:00:0a");
}

TEST_F(FreeLeaseTest, Operator_LeasesFree_OffersThatStillRun) {
  const lease::SlotId slot = table.find(kAddress);
  ASSERT_TRUE(table.offer(slot, table.word(slot), 7, lease::to_stored(kNow + 60)));
  EXPECT_EQ(what(), "an offer");
  EXPECT_EQ(find_freeable(table, "203.0.113.41", kNow + 60)->what, "");
}

TEST_F(FreeLeaseTest, Operator_LeasesFree_AddressesThatAreNone) {
  EXPECT_FALSE(find_freeable(table, "203.0.113.42", kNow));
  EXPECT_FALSE(find_freeable(table, "203.0.113", kNow));
  EXPECT_FALSE(find_freeable(table, "", kNow));
}

TEST_F(FreeLeaseTest, Operator_LeasesFree_WarnsOfTheDeviceThatIsStillThere) {
  EXPECT_EQ(freed_text({kAddress, 0, {}}), "203.0.113.41 is free already.\n");
  EXPECT_EQ(freed_text({kAddress, 0, "an offer"}), "203.0.113.41 is free: an offer was ended by the operator.\n");
  EXPECT_EQ(freed_text({kAddress, 0, "the lease of x"}),
            "203.0.113.41 is free: the lease of x was ended by the operator.\n"
            "Its client was not told: a device that is still there uses the address until it renews.\n");
}

}  // namespace
}  // namespace coaxd::daemon
