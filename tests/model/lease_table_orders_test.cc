// The lease table in as many orders as there are (explorer.h): two or three workers at one or two addresses. Whatever the order, an address
// has one owner, what is found and read is whole, and at rest orders, index and counts say the same as the slots.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/lease/lease_table.h"
#include "tests/model/explorer.h"

namespace coaxd::lease {
namespace {

using model::check;
using model::World;

constexpr StoredTime kNow = 1'800'000'000, kSoon = kNow + 60, kLater = kNow + 3600;
constexpr Ipv4 kFirst = Ipv4::of(10, 0, 0, 1);

void expect_none(const model::Outcome& outcome) {
  EXPECT_EQ(outcome.failure, "");
  testing::Test::RecordProperty("executions", std::to_string(outcome.executions));
  testing::Test::RecordProperty("exhaustive_departures", std::to_string(outcome.exhaustive));
}

// A world costs 0.1 ms here, so by default all executions with one departure, for some tests two, and a sample of those with three.
model::Outcome explore_table(const std::function<World()>& make) { return model::explore(make, {.executions = 5000}); }

Binding binding_of(std::string_view client, StoredTime ends, BindingState state = BindingState::active) {
  Binding b;
  b.state = state;
  b.ends = ends;
  b.starts = ends - 1;
  b.set_hardware(1, as_bytes(client.substr(0, 4)));
  b.set(Item::client_id, as_bytes(client));
  return b;
}

struct Table {
  explicit Table(std::uint32_t addresses = 1) {
    const PoolSpec pool{0, {{kFirst, {kFirst.value + addresses - 1}}}, {}};
    table.configure({&pool, 1}, kNow);
    first = table.find(kFirst);
  }

  ClientHash hash(std::string_view client) const { return table.hash_client_id(as_bytes(client)); }
  std::size_t found(std::string_view client) const {
    std::array<SlotId, 4> out;
    return table.find_by_client_id(as_bytes(client), out);
  }
  std::size_t found_by_hardware(std::string_view mac) const {
    std::array<SlotId, 4> out;
    return table.find_by_hardware(1, as_bytes(mac), out);
  }
  std::size_t offers(std::string_view client) const {
    std::array<SlotId, 4> out;
    return table.find_offers(hash(client), out);
  }
  Binding read(SlotId slot) const {
    Binding b;
    table.read(slot, b);
    return b;
  }

  std::optional<Claim> claim(SlotId slot, SlotWord word) {
    const auto claim = table.claim(slot, word);
    if (claim) check(++owners[slot] == 1, "two owners");
    return claim;
  }
  void commit(const Claim& claim, const Binding& b) {
    --owners[claim.slot];
    table.commit(claim, b);
  }
  void rollback(const Claim& claim) {
    --owners[claim.slot];
    table.rollback(claim);
  }
  void bind(SlotId slot, const Binding& b) {
    const auto claim = this->claim(slot, table.word(slot));
    if (claim) commit(*claim, b);
  }
  bool offer(SlotId slot, std::string_view client, StoredTime until) {
    return table.offer(slot, table.word(slot), hash(client), until);
  }
  // As the engine does: the first that is free; when somebody is faster, the next. True: got one.
  bool discover(std::string_view client) {
    for (;;) {
      const auto candidate = table.first_free(0);
      if (!candidate) return false;
      if (table.offer(candidate->slot, candidate->word, hash(client), kSoon)) return true;
    }
  }
  bool end_due(StoredTime now) {
    const auto due = table.next_due(now);
    if (!due) return false;
    const auto claim = this->claim(due->slot, due->word);
    if (!claim) return false;
    Binding b = read(due->slot);
    check(b.ends <= now, "a running lease was ended");
    b.state = BindingState::free;
    commit(*claim, b);
    return true;
  }
  void at_rest() const {
    check(table.unindexed() == 0, "refused a key");
    check(table.consistent(), "orders, index or counts do not say what the slots say");
  }

  LeaseTable table{{1, 2}};
  SlotId first = 0;
  std::array<int, 256> owners{};
};

using Shared = std::shared_ptr<Table>;

TEST(LeaseTableOrders, OneAddressIsOfferedOnce) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>();
    auto got = std::make_shared<int>(0);
    return World{{[=] { *got += t->discover("client-A") ? 1 : 0; }, [=] { *got += t->discover("client-B") ? 1 : 0; }},
                 [=] {
                   check(*got == 1, "the address went to both, or to nobody");
                   check(t->offers("client-A") + t->offers("client-B") == 1, "the offer is not in the index");
                   t->at_rest();
                 }};
  }));
}

// The order is not told of a change from offered to active, nor of one that is taken back; the leaf that the offer has still to settle is
// looked at by a third.
TEST(LeaseTableOrders, AnOfferIsCommittedBeforeItsOwnerHasSettledIt) {
  for (const bool durable : {true, false}) {
    expect_none(explore_table([durable] {
      Shared t = std::make_shared<Table>();
      const SlotId a = t->first;
      return World{{[=] { (void)t->offer(a, "client-A", kSoon); },
                    [=] {
                      const SlotWord word = t->table.word(a);
                      if (word.state() != SlotState::offered) return;
                      const auto claim = t->claim(a, word);
                      if (!claim) return;
                      if (durable) {
                        t->commit(*claim, binding_of("client-A", kLater));
                      } else {
                        t->rollback(*claim);
                      }
                    },
                    [=] { (void)t->table.first_free(0); }},
                   [=] {
                     check(!t->table.first_free(0), "an address of somebody is free");
                     t->at_rest();
                   }};
    }));
  }
}

TEST(LeaseTableOrders, TwoAddressesForTwoClients) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>(2);
    return World{{[=] { check(t->discover("client-A"), "there were two addresses"); },
                  [=] { check(t->discover("client-B"), "there were two addresses"); }},
                 [=] {
                   check(t->offers("client-A") == 1 && t->offers("client-B") == 1, "not one each");
                   check(!t->table.first_free(0), "a third address");
                   t->at_rest();
                 }};
  }));
}

// Its owner commits, the end of the offer and a DHCPDECLINE come at the same time: one of them has it.
TEST(LeaseTableOrders, AnOfferIsClaimedOrTakenBack) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>(2);
    t->offer(t->first, "client-A", kSoon);
    const SlotWord offered = t->table.word(t->first);
    auto acked = std::make_shared<bool>(false), withdrawn = std::make_shared<bool>(false);
    return World{{[=] {
                    if (const auto claim = t->claim(t->first, offered)) {
                      t->commit(*claim, binding_of("client-A", kLater));
                      *acked = true;
                    }
                  },
                  [=] { *withdrawn = t->table.withdraw_offer(t->first, offered); },
                  [=] { check(!t->table.next_due(kSoon), "no lease has ended"); }},
                 [=] {
                   check(!*acked || !*withdrawn, "both had it");
                   check(t->table.word(t->first).state() == (*acked ? SlotState::active : SlotState::free), "wrong state");
                   check(t->found("client-A") == (*acked ? 1u : 0u), "found without a lease, or not found");
                   t->at_rest();
                 }};
  }));
}

// RFC 2131 §4.3.1: a client has one address. Who asks while his lease is being written must be found, or he gets a second.
TEST(LeaseTableOrders, AClientIsFoundThroughoutHisCommit) {
  for (const bool known : {false, true}) {
    expect_none(explore_table([known] {
      Shared t = std::make_shared<Table>();
      if (known) t->bind(t->first, binding_of("client-B", kNow, BindingState::free));
      t->offer(t->first, "client-A", kSoon);
      return World{{[=] { t->bind(t->first, binding_of("client-A", kLater)); },
                    [=] { check(t->found("client-A") == 1, "not found"); },
                    // In the order in which the engine asks.
                    [=] { check(t->offers("client-A") + t->found("client-A") > 0, "neither offer nor lease"); },
                    // RFC 2131 §4.3.2: an offer that is taken for somebody else's is answered by a DHCPNAK.
                    [=] {
                      Binding b;
                      ClientHash client = 0;
                      const SlotWord word = t->table.read(t->first, b, &client);
                      check(word.state() != SlotState::offered || client == t->hash("client-A"), "another's offer");
                    }},
                   [=] {
                     check(t->read(t->first) == binding_of("client-A", kLater), "not what was committed");
                     check(t->found("client-B") == 0, "still found");
                     t->at_rest();
                   }};
    }));
  }
}

TEST(LeaseTableOrders, AClientIsFoundThroughoutARenewalUnderANewHardwareAddress) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>();
    t->bind(t->first, binding_of("client-A", kSoon));
    Binding b = binding_of("client-A", kLater);
    b.set_hardware(1, as_bytes("other"));
    return World{{[=] { t->bind(t->first, b); },
                  [=] { check(t->found("client-A") == 1, "not found"); },
                  [=] {
                    const bool renewed = t->read(t->first).ends == kLater;
                    check(!renewed || t->found_by_hardware("other") == 1, "not found by what is shown");
                  }},
                 [=] { t->at_rest(); }};
  }));
}

TEST(LeaseTableOrders, ALeaseIsRenewedOrEnded) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>();
    t->bind(t->first, binding_of("client-A", kNow));
    return World{{[=] { t->bind(t->first, binding_of("client-A", kLater)); },
                  [=] { t->end_due(kNow); },
                  [=] { t->end_due(kNow); }},
                 [=] {
                   const Binding b = t->read(t->first);
                   check(b == binding_of("client-A", kLater) || b.state == BindingState::free, "neither");
                   t->at_rest();
                   check(t->table.next_due_at() == (b.state == BindingState::free ? kStoredNever : kLater), "wrong time");
                   check(t->table.first_free(0).has_value() == (b.state == BindingState::free), "wrong order");
                 }};
  }));
}

// A lease whose time is up is held once more, or for shorter than it was: whoever looks meanwhile, it ends when it says.
TEST(LeaseTableOrders, ALeaseThatIsDueGoesOn) {
  for (const StoredTime ends : {kLater, kSoon - 1}) {
    expect_none(explore_table([ends] {
      Shared t = std::make_shared<Table>();
      t->bind(t->first, binding_of("client-A", kNow));
      t->bind(t->first, binding_of("client-A", kSoon));  // so the order has an earlier end than the word
      return World{{[=] { t->bind(t->first, binding_of("client-A", ends)); },
                    [=] { check(!t->table.next_due(kNow), "a running lease was due"); },
                    [=] { check(!t->table.next_due(kNow), "a running lease was due"); }},
                   [=] {
                     t->at_rest();
                     check(!t->table.next_due(ends - 1), "too early");
                     check(t->table.next_due_at() == ends, "the order has another end");
                     check(t->table.next_due(ends).has_value(), "not due");
                   }};
    }));
  }
}

// One identifier comes to two addresses at once. Whoever asks afterwards, of either, learns that there may be another.
TEST(LeaseTableOrders, NamesakesKnowOfEachOther) {
  for (const bool offered : {false, true}) {
    expect_none(explore_table([offered] {
      Shared t = std::make_shared<Table>(2);
      const SlotId a = t->first, b = t->first + 1;
      return World{{[=] { t->bind(a, binding_of("client-A", kLater)); },
                    [=] {
                      if (offered) {
                        t->offer(b, "client-A", kSoon);
                      } else {
                        t->bind(b, binding_of("client-A", kLater));
                      }
                    }},
                   [=] {
                     check(t->table.may_have_namesakes(a) && t->table.may_have_namesakes(b), "one does not know of the other");
                     t->at_rest();
                   }};
    }));
  }
}

TEST(LeaseTableOrders, AFailedCommitLeavesWhatWas) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>(2);
    t->bind(t->first, binding_of("client-A", kNow));
    return World{{[=] {
                    const auto claim = t->claim(t->first, t->table.word(t->first));
                    check(claim && claim->generation == 2, "the first commit was 1");
                    t->rollback(*claim);
                  },
                  [=] {
                    const bool rolled_back = t->table.word(t->first).generation() == 3;
                    check(!rolled_back || t->table.in_doubt(t->first), "its record may be in a journal");
                    check(t->read(t->first) == binding_of("client-A", kNow), "not durable, but shown");
                    check(t->found("client-A") == 1, "not found");
                  },
                  [=] {
                    const auto due = t->table.next_due(kNow);
                    check(!due || due->slot == t->first, "another is due");
                  }},
                 [=] {
                   t->at_rest();
                   check(t->table.next_due(kNow).has_value(), "due no more");
                 }};
  }));
}

// An offer for no time at all: expiry takes it back while it is being made.
TEST(LeaseTableOrders, AnOfferEndsAsItIsMade) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>();
    return World{{[=] { t->offer(t->first, "client-A", kNow); },
                  [=] { t->table.next_due(kNow); },
                  [=] { t->table.withdraw_ended_offers(kNow, 0, 4); }},
                 [=] {
                   t->at_rest();
                   check(!t->table.next_due(kNow), "no lease has ended");
                   check(t->table.first_free(0).has_value(), "the address was lost");
                   check(t->offers("client-A") == 0, "found without an offer");
                   t->at_rest();
                 }};
  }));
}

// An offer that has run out goes to another client, while its old one, who kept the word, comes after all.
TEST(LeaseTableOrders, AnEndedOfferGoesToOneClient) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>();
    t->bind(t->first, binding_of("client-C", kNow, BindingState::free));
    t->offer(t->first, "client-A", kNow);
    const SlotWord word = t->table.word(t->first);
    return World{{[=] { t->table.offer(t->first, word, t->hash("client-B"), kSoon); },
                  [=] {
                    if (const auto claim = t->claim(t->first, word)) t->commit(*claim, binding_of("client-A", kLater));
                  },
                  [=] { t->table.withdraw_ended_offers(kNow, 0, 4); }},
                 [=] {
                   const SlotState state = t->table.word(t->first).state();
                   check(t->found("client-A") == (state == SlotState::active ? 1u : 0u), "A: found without, or not found");
                   check(t->offers("client-B") == (state == SlotState::offered ? 1u : 0u), "B: found without, or not found");
                   check(t->found("client-C") == (state == SlotState::active ? 0u : 1u), "C: his claim to the address");
                   t->at_rest();
                 }};
  }));
}

// Hold, let go, and the next one: what the orders say is settled by whoever comes last.
TEST(LeaseTableOrders, OfferedWithdrawnAndOfferedAgain) {
  expect_none(explore_table([] {
    Shared t = std::make_shared<Table>(2);
    return World{{[=] {
                    if (t->offer(t->first, "client-A", kSoon)) t->table.withdraw_offer(t->first, t->table.word(t->first));
                  },
                  [=] { t->discover("client-B"); },
                  [=] {
                    const auto candidate = t->table.first_free(0);
                    check(!candidate || candidate->word.state() == SlotState::free, "not free by its word");
                  }},
                 [=] { t->at_rest(); }};
  }));
}

// A commit that shortens a binding gives its chunks to the other slot, while both are read.
TEST(LeaseTableOrders, BindingsAreReadWhole) {
  expect_none(explore_table([] {
    const std::string big = "client-" + std::string(90, 'x');
    Shared t = std::make_shared<Table>(2);
    t->bind(t->first, binding_of(big, kSoon));
    return World{{[=] { t->bind(t->first, binding_of("client-A", kLater)); },
                  [=] { t->bind(t->first + 1, binding_of(big, kLater)); },
                  [=] {
                    const Binding b = t->read(t->first);
                    check(b == binding_of(big, kSoon) || b == binding_of("client-A", kLater), "a mixed binding");
                    const Binding c = t->read(t->first + 1);
                    check(c == Binding{} || c == binding_of(big, kLater), "a mixed binding");
                  }},
                 [=] { t->at_rest(); }};
  }));
}

}  // namespace
}  // namespace coaxd::lease
