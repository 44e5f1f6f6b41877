#include "server/lease/slot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace coaxd::lease {
namespace {

Binding numbered(std::uint32_t n) {
  Binding b;
  b.state = BindingState::active;
  b.starts = b.ends = b.cltt = b.tstp = n;
  const std::vector<std::uint8_t> octets(n % 5 == 0 ? 900 : n % 90 + 1, static_cast<std::uint8_t>(n));
  b.set_hardware(1, Bytes{octets}.first(1));
  EXPECT_TRUE(b.set(Item::client_id, octets));
  return b;
}

TEST(Slot, UntouchedMemoryIsAFreeAddressThatNobodyEverUsed) {
  const auto slot = std::make_unique<Slot>();
  OverflowSlab overflow(1);
  Payload payload;
  const SlotWord word = slot->read(overflow, payload);
  EXPECT_TRUE(slot->untouched());
  EXPECT_EQ(word, make_word(SlotState::free, 0, 0));
  Binding b;
  payload.to_binding(b);
  EXPECT_EQ(b, Binding{});
  EXPECT_TRUE(payload.client_id().empty());
}

TEST(Slot, TheLongestBindingNeedsKMaxChunks) {
  const auto slot = std::make_unique<Slot>();
  OverflowSlab overflow(kMaxChunks);
  Binding full;
  full.set_hardware(1, std::vector<std::uint8_t>(16, 7));
  ASSERT_TRUE(full.set(Item::variables, std::vector<std::uint8_t>(Binding::kVariableCapacity - 3, 8)));
  slot->write(full, overflow);
  EXPECT_EQ(overflow.allocate(), OverflowSlab::kNone) << "all are in use";
  slot->publish(make_word(SlotState::active, 1, 0));
  Payload payload;
  slot->read(overflow, payload);
  Binding out;
  payload.to_binding(out);
  EXPECT_EQ(out, full);
  slot->write(Binding{}, overflow);
  for (std::uint32_t i = 0; i < kMaxChunks; ++i) EXPECT_NE(overflow.allocate(), OverflowSlab::kNone);
}

// Two slots share the chunks, so that a late reader finds them in the other's hands. What is read belongs to the word it came with:
// the generation's own binding, or while PENDING the one before.
TEST(Slot, AReaderNeverSeesAMixedBinding) {
  const auto slots = std::make_unique<Slot[]>(2);
  OverflowSlab overflow(2 * kMaxChunks);
  std::atomic<int> writers{2};
  const auto write = [&](Slot& slot) {
    for (std::uint32_t n = 1; n <= 20'000; ++n) {
      const SlotWord before = slot.load();
      ASSERT_TRUE(slot.exchange(before, {make_word(before.state(), n, 0).raw | kPending}));
      slot.write(numbered(n), overflow);
      slot.publish(make_word(SlotState::active, n, n));
    }
    --writers;
  };
  std::jthread one([&] { write(slots[0]); }), two([&] { write(slots[1]); });
  std::uint64_t reads = 0;
  do {
    Payload payload;
    const SlotWord word = slots[reads++ % 2].read(overflow, payload);
    Binding b;
    payload.to_binding(b);
    const std::uint32_t n = word.pending() ? word.generation() - 1 : word.generation();
    ASSERT_EQ(b, n == 0 ? Binding{} : numbered(n));
  } while (writers > 0);
}

}  // namespace
}  // namespace coaxd::lease
