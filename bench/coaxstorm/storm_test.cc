// The whole generator against a server of a few lines on the loopback, which a test can make misbehave.
#include "bench/coaxstorm/storm.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "bench/coaxstorm/mac.h"
#include "bench/coaxstorm/report.h"
#include "bench/coaxstorm/test_server.h"

namespace coaxd::storm {
namespace {

TEST(Storm, EveryClientGetsALease) {
  Rig rig{500};
  const Figures figures = rig.storm.run({.window = 16}, {});
  EXPECT_EQ(figures.completed, 500u);
  EXPECT_EQ(figures.begun, 500u);
  EXPECT_EQ(figures.gave_up + figures.refused + figures.unfinished, 0u);
  EXPECT_EQ(figures.exchange.count(), figures.measured);
  EXPECT_EQ(rig.population.leases(), 500u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, RenewsAndReleases) {
  Rig rig{50};
  rig.storm.run({}, {});
  const Figures renewed =
      rig.storm.run({.mix = ExchangeKind::renew, .order = Order::random, .window = 8, .count = 300}, {});
  EXPECT_EQ(renewed.completed, 300u);
  EXPECT_EQ(renewed.offer.count(), 0u);
  const Figures released =
      rig.storm.run({.mix = ExchangeKind::dora_release, .order = Order::round, .window = 8, .count = 100}, {});
  EXPECT_EQ(released.completed, 100u);
  EXPECT_EQ(rig.population.leases(), 0u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, AnOpenLoopBeginsWhatIsDue) {
  Rig rig{200};
  const Figures figures = rig.storm.run({.rate = 2000, .count = 150}, {});
  EXPECT_EQ(figures.begun, 150u);
  EXPECT_EQ(figures.completed, 150u);
}

// The first transmission of every DISCOVER is lost.
TEST(Rfc2131_4_1_Retransmission, OvercomesLoss) {
  std::map<std::uint64_t, int> seen;
  Rig rig{40, [&](const wire::Message& query, Ipv4&) {
            return query.type() != MessageType::discover || seen[load_mac(query.chaddr().data())]++ > 0;
          }};
  const Figures figures = rig.storm.run({.window = 40}, {});
  EXPECT_EQ(figures.completed, 40u);
  EXPECT_GE(figures.sent_again, 40u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, GivesUpOnASilentServer) {
  Rig rig{5, [](const auto&, Ipv4&) { return false; }};
  const Figures figures = rig.storm.run({}, {});
  EXPECT_EQ(figures.gave_up, 5u);
  EXPECT_EQ(figures.sent_again, 25u);
  EXPECT_EQ(figures.completed, 0u);
}

TEST(Storm, FindsAnAddressGivenTwice) {
  Rig rig{10, [](const auto&, Ipv4& yiaddr) {
            yiaddr.value &= ~1u;
            return true;
          }};
  rig.storm.run({.window = 1}, {});
  EXPECT_EQ(rig.population.violations()[static_cast<std::size_t>(Violation::duplicate_address)], 5u);
}

TEST(Storm, GivesTheSameInTrainsAndAlone) {
  for (const Trains trains : {Trains::always, Trains::never}) {
    Rig rig{300, [](const auto&, Ipv4&) { return true; }, trains};
    EXPECT_EQ(rig.relay.uses_trains(), trains == Trains::always);
    const Figures figures = rig.storm.run({.window = 50}, {});
    EXPECT_EQ(figures.completed, 300u);
    EXPECT_EQ(rig.population.leases(), 300u);
    EXPECT_EQ(rig.population.violations_total(), 0u);
    EXPECT_EQ(rig.relay.sent(), 600u + figures.sent_again);
    for (std::uint32_t client = 0; client < 300; ++client) {
      EXPECT_EQ(rig.population.client(client).address.value, 0x0a000000 + client);
    }
  }
}

// Coordinated omission: the only client waits for an answer that comes with its second transmission, 20 ms later. Whoever was due
// meanwhile is charged for that, though each of their own answers comes at once.
TEST(Storm, AnOpenLoopChargesForWhatCouldNotBegin) {
  int renewals = 0;
  Rig rig{1, [&](const wire::Message& query, Ipv4&) { return query.ciaddr().is_zero() || renewals++ > 0; }};
  rig.storm.run({}, {});
  const Figures figures = rig.storm.run({.mix = ExchangeKind::renew, .order = Order::random, .rate = 1000, .count = 20}, {});
  EXPECT_EQ(figures.completed, 20u);
  EXPECT_GE(figures.sent_again, 1u);
  // The k-th was due k ms after the first: half of them waited for 10 ms or longer.
  EXPECT_GE(figures.exchange.percentile(0.5), 9'500'000);
}

// The only client's second renewal gets no answer before the run is over: it is not left out, but charged with as long as it waited.
TEST(Storm, AnOpenLoopChargesForWhatStaysUnanswered) {
  int renewals = 0;
  Rig rig{1, [&](const wire::Message& query, Ipv4&) { return query.ciaddr().is_zero() || renewals++ == 0; }, Trains::always,
          {.first_ns = 20'000'000, .doublings = 0}};
  rig.storm.run({}, {});
  const Figures figures = rig.storm.run({.mix = ExchangeKind::renew, .order = Order::random, .rate = 1000, .count = 2}, {});
  EXPECT_EQ(figures.completed, 1u);
  EXPECT_EQ(figures.gave_up, 1u);
  EXPECT_EQ(figures.exchange.count(), 2u);
  EXPECT_GE(figures.exchange.max(), 6 * 20'000'000);
}

// Its silence is not left out of the time that its rate is over.
TEST(Storm, AServerThatFallsSilentIsNotTheFasterForIt) {
  int queries = 0;
  Rig rig{100, [&](const auto&, Ipv4&) { return ++queries <= 300; }, Trains::always, {.first_ns = 1'000'000'000}};
  const Figures figures = rig.storm.run({.mix = ExchangeKind::dora_release, .order = Order::round, .window = 4, .duration_s = 0.5}, {});
  EXPECT_NEAR(static_cast<double>(figures.completed), 150, 4);  // four at a time: so many may have got no further than an OFFER
  EXPECT_DOUBLE_EQ(figures.measured_s, 0.5);
}

// Four of a hundred thousand have a lease; looking for them is not waiting for them. The time is what it may take at most.
TEST(Storm, FindsTheFewWhoCanBegin) {
  Rig rig{100'000};
  for (const std::uint32_t client : {7u, 30'000u, 60'000u, 99'999u}) {
    rig.population.adopt(client, Ipv4{0x0a000000 + client}, kLoopback, monotonic_ns(), INT64_MAX);
  }
  const Figures renewed =
      rig.storm.run({.mix = ExchangeKind::renew, .order = Order::random, .window = 4, .duration_s = 10, .count = 200}, {});
  EXPECT_EQ(renewed.completed, 200u);
  const Figures once = rig.storm.run({.mix = ExchangeKind::init_reboot, .duration_s = 10}, {});
  EXPECT_EQ(once.completed, 4u);
}

constexpr double kAtOnce = std::numeric_limits<double>::infinity();

// Every third client's first messages are lost, up to three of them.
TEST(Avalanche, NobodyGivesUp) {
  std::map<std::uint64_t, int> seen;
  Rig rig{300,
          [&](const wire::Message& query, Ipv4&) {
            const std::uint64_t mac = load_mac(query.chaddr().data());
            return mac % 3 != 0 || ++seen[mac] > 3;
          },
          Trains::always, {.first_ns = 4'000'000, .jitter_ns = 1'000'000, .doublings = 4}};
  const Figures figures = rig.storm.run({.rate = kAtOnce, .insists = true}, {});
  EXPECT_EQ(figures.completed, 300u);
  EXPECT_EQ(figures.gave_up + figures.unfinished, 0u);
  EXPECT_GE(figures.sent_again, 300u);
  EXPECT_EQ(figures.bound.total(), 300u);
  std::int64_t before = 0;
  for (std::size_t i = 0; i < Milestones::kPercents.size(); ++i) {
    ASSERT_TRUE(figures.bound.after_ns(i));
    EXPECT_GE(*figures.bound.after_ns(i), before);
    before = *figures.bound.after_ns(i);
  }
  // Three waits of 3, 7 and 15 ms at least.
  EXPECT_GE(before, 25'000'000);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Rfc2131_3_1_Step5, ARequestWithoutAnswerLeadsBackToDiscover) {
  std::map<std::uint64_t, int> requests;
  Rig rig{20,
          [&](const wire::Message& query, Ipv4&) {
            return query.type() == MessageType::discover || ++requests[load_mac(query.chaddr().data())] > 6;
          },
          Trains::always, {.first_ns = 2'000'000, .jitter_ns = 500'000, .doublings = 4}};
  const Figures figures = rig.storm.run({.rate = kAtOnce, .insists = true}, {});
  EXPECT_EQ(figures.completed, 20u);
  EXPECT_GE(figures.restarted, 20u);
  EXPECT_GE(rig.server.heard(MessageType::discover), 40u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Rfc2131_4_4_1_Nak, LeadsBackToDiscover) {
  std::map<std::uint64_t, int> requests;
  Rig rig{20,
          [&](const wire::Message& query, Ipv4& yiaddr) {
            if (query.type() == MessageType::request && ++requests[load_mac(query.chaddr().data())] == 1) yiaddr = {};
            return true;
          },
          Trains::always, {.first_ns = 2'000'000, .jitter_ns = 500'000, .doublings = 4}};
  const Figures figures = rig.storm.run({.rate = kAtOnce, .insists = true}, {});
  EXPECT_EQ(figures.completed, 20u);
  EXPECT_GE(figures.refused, 20u);
  EXPECT_EQ(rig.population.leases(), 20u);
}

TEST(Avalanche, EndsByTheClockWhereNobodyAnswers) {
  Rig rig{5, [](const auto&, Ipv4&) { return false; }, Trains::always, {.first_ns = 1'000'000, .jitter_ns = 250'000, .doublings = 4}};
  const Figures figures = rig.storm.run({.rate = kAtOnce, .duration_s = 0.03, .insists = true}, {});
  EXPECT_EQ(figures.completed, 0u);
  EXPECT_EQ(figures.unfinished, 5u);
  EXPECT_FALSE(figures.bound.after_ns(0));
}

TEST(Mix, DrawsByWeightAndRepeatsBySeed) {
  std::array<std::array<std::uint64_t, kExchangeKinds>, 2> begun;
  for (auto& counts : begun) {
    Rig rig{200};
    rig.storm.run({}, {});
    const Phase phase{.mix = Mix{{10, 70, 15, 5, 0}}, .order = Order::random, .window = 8, .count = 1000, .seed = 3};
    const Figures figures = rig.storm.run(phase, {});
    EXPECT_EQ(figures.completed, 1000u);
    EXPECT_EQ(rig.population.violations_total(), 0u);
    counts = figures.begun_of_kind;
    EXPECT_TRUE(rig.server.comes_to_hear(MessageType::release, counts[3]));
    for (std::size_t kind = 0; kind < 3; ++kind) EXPECT_EQ(figures.of_kind[kind].count(), counts[kind]);
    EXPECT_EQ(figures.exchange.count(), 1000 - counts[3]);
  }
  EXPECT_EQ(begun[0], begun[1]);
  const std::uint64_t weights[] = {100, 700, 150, 50};
  for (std::size_t kind = 0; kind < 4; ++kind) {
    EXPECT_GT(begun[0][kind], weights[kind] * 2 / 3);
    EXPECT_LT(begun[0][kind], weights[kind] * 3 / 2);
  }
}

// All refused, nobody is left who could renew: the run ends.
TEST(Storm, EndsWhenNobodyHasALeaseToRenew) {
  Rig rig{10, [](const wire::Message& query, Ipv4& yiaddr) {
            if (!query.ciaddr().is_zero()) yiaddr = {};
            return true;
          }};
  rig.storm.run({}, {});
  const Figures figures = rig.storm.run({.mix = ExchangeKind::renew, .order = Order::random, .count = 1000}, {});
  EXPECT_EQ(figures.refused, 10u);
  EXPECT_EQ(rig.population.violations()[static_cast<std::size_t>(Violation::refused)], 10u);
}

TEST(Storm, StopsWhenTold) {
  Rig rig{10};
  rig.storm.stop();
  const Figures figures = rig.storm.run({.mix = ExchangeKind::dora_release, .order = Order::round}, {});
  EXPECT_EQ(figures.begun, 0u);
}

TEST(Report, NamesWhatWasViolated) {
  Result result;
  result.mode = "dora";
  EXPECT_EQ(to_text(result).find("VIOLATED"), std::string::npos);
  EXPECT_NE(to_json(result).find("\"violations\": {}"), std::string::npos);
  result.violations[static_cast<std::size_t>(Violation::duplicate_address)] = 3;
  EXPECT_NE(to_text(result).find("VIOLATED 3 times"), std::string::npos);
  EXPECT_NE(to_json(result).find("\"duplicate-address\": 3"), std::string::npos);
}

TEST(Report, AnAvalancheTellsItsMilestones) {
  Result result;
  result.mode = "avalanche";
  result.rate = kAtOnce;
  EXPECT_EQ(to_json(result).find("\"bound\""), std::string::npos);
  result.figures.bound = Milestones{10};
  for (int i = 0; i < 9; ++i) result.figures.bound.add(1'500'000'000);
  EXPECT_NE(to_text(result).find("50 % after 1.500 s  90 % after 1.500 s  99 % never"), std::string::npos) << to_text(result);
  EXPECT_NE(to_json(result).find("\"50_percent_s\": 1.500000, \"90_percent_s\": 1.500000, \"99_percent_s\": null"), std::string::npos);
  EXPECT_NE(progress_line(1, {}, result.figures).find("bound 90.0 %"), std::string::npos);
}

// Every twentieth request is lost, and there is room for a tenth of the modems at a time: all come up none the less.
TEST(Storm, ModemsFetchTheirFilesAndAreUp) {
  BootRig rig{300, 30};
  const Figures figures = rig.storm.run({.rate = std::numeric_limits<double>::infinity(), .insists = true}, {});
  EXPECT_EQ(figures.bound.count(), 300u);
  EXPECT_EQ(figures.up.count(), 300u);
  EXPECT_EQ(figures.completed, 300u);
  EXPECT_EQ(figures.until_up.count(), 300u);
  EXPECT_EQ(figures.unfinished, 0u);
  EXPECT_GT(figures.no_room, 0u);
  EXPECT_EQ(rig.boots.figures().files, 300u);
  EXPECT_EQ(rig.boots.under_way(), 0u);
  EXPECT_EQ(rig.population.violations_total(), 0u);
}

TEST(Storm, HostsFetchFilesWithoutDhcp) {
  BootRig rig{50, 50};
  const Figures figures = rig.storm.run({.mix = ExchangeKind::fetch, .order = Order::round, .window = 8, .count = 400}, {});
  EXPECT_EQ(figures.completed, 400u);
  EXPECT_EQ(figures.measured, 400u);
  EXPECT_EQ(figures.exchange.count(), 400u);
  EXPECT_EQ(rig.boots.figures().octets, 400u * 100);
  const Figures due = rig.storm.run({.mix = ExchangeKind::fetch, .order = Order::round, .rate = 2000, .count = 100}, {});
  EXPECT_EQ(due.begun, 100u);
  EXPECT_EQ(due.completed, 100u);
  EXPECT_EQ(due.exchange.count(), 100u);
  EXPECT_EQ(rig.relay.sent(), 0u);
}

}  // namespace
}  // namespace coaxd::storm
