#include "bench/coaxstorm/address_book.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace coaxd::storm {
namespace {

TEST(AddressBook, AFreeAddressHasNoHolder) {
  AddressBook book{10};
  EXPECT_EQ(book.holder(Ipv4::of(10, 0, 0, 1)), kNobody);
  book.take_back(Ipv4::of(10, 0, 0, 1));
  EXPECT_EQ(book.size(), 0u);
}

TEST(AddressBook, TheLastGivenHolds) {
  AddressBook book{10};
  book.give(Ipv4::of(10, 0, 0, 1), 3);
  book.give(Ipv4::of(10, 0, 0, 1), 4);
  EXPECT_EQ(book.holder(Ipv4::of(10, 0, 0, 1)), 4u);
  EXPECT_EQ(book.size(), 1u);
}

// The model is std::map; the table is kept as full as it ever gets, so that removals close gaps in long runs and across its end.
TEST(AddressBook, AgreesWithAMap) {
  constexpr std::uint32_t kClients = 200;
  AddressBook book{kClients};
  std::map<std::uint32_t, std::uint32_t> model;
  std::mt19937 random{4711};
  for (int step = 0; step < 200'000; ++step) {
    const Ipv4 address{Ipv4::of(10, 0, 0, 1).value + static_cast<std::uint32_t>(random() % 400)};
    if (random() % 2 == 0 && (model.size() < kClients || model.contains(address.value))) {
      const auto client = static_cast<std::uint32_t>(random() % kClients);
      book.give(address, client);
      model[address.value] = client;
    } else {
      book.take_back(address);
      model.erase(address.value);
    }
    const Ipv4 probe{Ipv4::of(10, 0, 0, 1).value + static_cast<std::uint32_t>(random() % 400)};
    const auto found = model.find(probe.value);
    ASSERT_EQ(book.holder(probe), found == model.end() ? kNobody : found->second) << step;
    ASSERT_EQ(book.size(), model.size()) << step;
  }
}

}  // namespace
}  // namespace coaxd::storm
