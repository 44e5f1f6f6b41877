#include "server/quarantine/switch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace coaxd::quarantine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallMillis kNow = 1'795'443'900'000, kSecond = 1000;
constexpr Ipv4 kPc = Ipv4::of(203, 0, 113, 9), kOther = Ipv4::of(203, 0, 113, 10), kFar = Ipv4::of(198, 51, 100, 4);
const std::string kPcMac("\x02\0\0\0\0\x01", 6), kOtherMac("\x02\0\0\0\0\x02", 6), kModemId("\0\x10\x95\0\0\x07", 6);
constexpr subscriber::Mac kModem{0x001095000007};


class FakePlant final : public Plant {
 public:
  std::map<Ipv4, Found> leases{{kPc, {kPcMac, kModemId, kModem, kPc, 5}}, {kOther, {kOtherMac, kModemId, kModem, kOther, 5}}, {kFar, {std::string("\x02\0\0\0\0\x03", 6), "", {}, kFar, 5}}};
  std::set<Ipv4> gardenless{};
  std::uint64_t size = 5000;
  std::string cls{};
  WallMillis asked_at = -1;

  std::expected<Found, std::string> find(const Subject& subject, WallMillis at) override {
    asked_at = at;
    if (subject.modem) return Found{"", std::string("\0\x10\x95\0\0\x07", 6), subject.modem, {}, 0};
    if (subject.ip && leases.contains(*subject.ip)) return leases.at(*subject.ip);
    return std::unexpected("nobody has " + subject.text());
  }
  bool look_for_addresses(const subscriber::Confined& confined, std::uint64_t& place, const Sink& found) override {
    for (const auto& [address, who] : leases) {
      if (const auto* hold = confined.find({as_bytes(who.hardware), as_bytes(who.remote_id), {}})) found(hold->id, address, who.hardware);
    }
    place = 0;
    return true;
  }
  bool has_garden(const std::optional<Ipv4>& address) override { return !address || !gardenless.contains(*address); }
  std::string in_class(const Found&, const std::vector<std::string>& classes) override {
    return std::ranges::find(classes, cls) != classes.end() ? cls : "";
  }
  std::uint64_t subscribers() override { return size; }
};

class FakeCases final : public Cases {
 public:
  std::map<CaseId, Case> rows{};
  std::vector<Step> written{};
  int commits = 0;
  bool fails = false;

  std::expected<Loaded, std::string> load(WallMillis since) override {
    Loaded loaded;
    for (const auto& [id, row] : rows) {
      if (row.state == State::active || row.ended > since) loaded.cases.push_back(row);
      loaded.next_case = id + 1;
    }
    loaded.next_step = written.empty() ? 1 : written.back().sequence + 1;
    return loaded;
  }
  std::expected<void, std::string> write(std::span<const Case> cases, std::span<const Step> steps) override {
    if (fails) return std::unexpected("the disk is full");
    ++commits;
    for (const Case& one : cases) rows[one.id] = one;
    written.insert(written.end(), steps.begin(), steps.end());
    for (std::size_t i = 1; i < written.size(); ++i) EXPECT_LT(written[i - 1].sequence, written[i].sequence);
    return {};
  }
  std::expected<std::vector<Step>, std::string> steps(CaseId id) override {
    std::vector<Step> list;
    for (const Step& one : written) {
      if (one.id == id) list.push_back(one);
    }
    return list;
  }
  std::expected<std::vector<Case>, std::string> list(CaseId, std::size_t, bool) override { return std::vector<Case>{}; }
};

class FakeEffects final : public Effects {
 public:
  explicit FakeEffects(const FakeCases& cases_in) : cases(cases_in) {}
  const FakeCases& cases;
  std::shared_ptr<const subscriber::Confined> confined = std::make_shared<subscriber::Confined>();
  int published = 0;
  std::vector<Ipv4> told{}, machines{};
  std::vector<subscriber::Mac> bounced{};
  std::vector<std::string> events{};

  WallMillis publish(std::shared_ptr<const subscriber::Confined> next) override {
    confined = std::move(next);
    commits_before = cases.commits;
    ++published;
    return kNow + 1;
  }
  void changed(std::span<const Ipv4> addresses) override { told.insert(told.end(), addresses.begin(), addresses.end()); }
  void reset_machine(CaseId, std::string_view, Ipv4 address) override {
    machines.push_back(address);
    events_before_reset = events.size();
  }
  void bounce_modem(CaseId, subscriber::Mac modem, const std::optional<Ipv4>&) override { bounced.push_back(modem); }
  void tell(std::string_view kind, const Case&, const Step&) override { events.emplace_back(kind); }
  int commits_before = -1;
  std::size_t events_before_reset = 0;
};

class SwitchTest : public testing::Test {
 protected:
  Policy policy_{};
  FakePlant plant_;
  FakeCases cases_;
  FakeEffects effects_{cases_};
  std::unique_ptr<Switch> switch_;

  Switch& on() {
    if (!switch_) {
      switch_ = std::make_unique<Switch>(policy_, plant_, cases_, effects_);
      EXPECT_TRUE(switch_->load(kNow));
    }
    return *switch_;
  }
  static Order alert(Ipv4 address, std::string event = {}) {
    Order order;
    order.subject.ip = address;
    order.reason = "your computer scans the ports of others";
    order.source = "suricata";
    order.signature = "1:2001219";
    order.evidence = R"({"ports":300})";
    order.event_id = std::move(event);
    order.by = {.name = "ids-1", .from = "192.0.2.7", .is_person = false};
    return order;
  }
  static Order word(Ipv4 address, Scope scope = Scope::cpe) {
    Order order;
    order.subject.ip = address;
    order.scope = scope;
    order.reason = "spam";
    order.by = {.name = "desk", .from = {}, .is_person = true};
    return order;
  }
  Result order(const Order& what, WallMillis now = kNow) { return on().order({&what, 1}, now)[0]; }
  bool confined(const std::string& hardware, const std::string& remote_id = kModemId) const { return effects_.confined->find({as_bytes(hardware), as_bytes(remote_id), {}}) != nullptr; }
};

Refusal::Kind kind(const Result& result) { return result ? Refusal::Kind::bad_order : result.error().kind; }

TEST_F(SwitchTest, ConfinesOneMachineAndNotTheOther) {
  const Result result = order(alert(kPc));
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(result->kind, Outcome::Kind::confined);
  EXPECT_TRUE(confined(kPcMac));
  EXPECT_FALSE(confined(kOtherMac));
  EXPECT_THAT(effects_.told, ElementsAre(kPc));
  EXPECT_THAT(effects_.machines, ElementsAre(kPc));
  EXPECT_THAT(effects_.bounced, IsEmpty());
  EXPECT_THAT(effects_.events, ElementsAre("quarantine"));
  EXPECT_EQ(effects_.events_before_reset, 1u) << "its beginning is told before what comes of it";
  EXPECT_EQ(effects_.commits_before, 1) << "durable before the packets see it";
  EXPECT_EQ(on().find(result->what.id)->effects[static_cast<std::size_t>(Effect::in_memory)], kNow + 1);
  EXPECT_EQ(on().of_address(kPc, kNow)->id, result->what.id);
  EXPECT_EQ(on().of_address(kOther, kNow), nullptr);
}

TEST_F(SwitchTest, SubscriberIsEveryMachineBehindTheModemAndModemIsItsFileToo) {
  ASSERT_TRUE(order(word(kPc, Scope::subscriber)));
  EXPECT_TRUE(confined(kPcMac));
  EXPECT_TRUE(confined(kOtherMac));
  EXPECT_THAT(effects_.bounced, IsEmpty());
  on().tick(kNow + 100);
  EXPECT_THAT(on().active()[0]->addresses, ElementsAre(kPc, kOther));
  EXPECT_THAT(effects_.machines, ElementsAre(kPc, kOther));
  const Result wider = order(word(kPc, Scope::modem));
  ASSERT_TRUE(wider);
  EXPECT_EQ(wider->kind, Outcome::Kind::confined);
  EXPECT_THAT(effects_.bounced, ElementsAre(kModem));
}

TEST_F(SwitchTest, ReleaseIsTheSameRoadBack) {
  const CaseId id = order(word(kPc, Scope::modem))->what.id;
  const auto released = on().release(id, {.name = "desk"}, "he called", kNow + kSecond);
  ASSERT_TRUE(released);
  EXPECT_EQ(released->state, State::released);
  EXPECT_EQ(released->ended_by, "desk");
  EXPECT_TRUE(effects_.confined->empty());
  EXPECT_EQ(effects_.bounced.size(), 2u);
  EXPECT_EQ(cases_.rows.at(id).state, State::released);
  EXPECT_TRUE(on().release(id, {.name = "desk"}, "again", kNow + kSecond)) << "idempotent";
  EXPECT_EQ(on().tally().released, 1u);
  EXPECT_EQ(on().release(99, {.name = "desk"}, "", kNow).error().kind, Refusal::Kind::not_found);
}

TEST_F(SwitchTest, SurvivesARestart) {
  const CaseId id = order(alert(kPc, "e1"))->what.id;
  switch_.reset();
  effects_.confined = std::make_shared<subscriber::Confined>();
  EXPECT_TRUE(on().find(id));
  EXPECT_TRUE(confined(kPcMac));
  EXPECT_EQ(order(alert(kPc, "e1"))->kind, Outcome::Kind::known) << "the event is known still";
  EXPECT_GT(order(word(kFar))->what.id, id);
}

TEST_F(SwitchTest, TheSameEventIsOneAndAnotherAlertIsCounted) {
  const CaseId id = order(alert(kPc, "e1"))->what.id;
  EXPECT_EQ(order(alert(kPc, "e1"))->kind, Outcome::Kind::known);
  EXPECT_EQ(on().find(id)->alerts, 1u);
  const Result second = order(alert(kPc, "e2"));
  EXPECT_EQ(second->kind, Outcome::Kind::known);
  EXPECT_EQ(second->what.id, id);
  EXPECT_EQ(on().find(id)->alerts, 2u);
  EXPECT_EQ(effects_.published, 2) << "load, and the one that changed something";
}

TEST_F(SwitchTest, AMachineBehindAConfinedModemIsConfinedAlready) {
  const CaseId id = order(word(kPc, Scope::subscriber))->what.id;
  EXPECT_EQ(order(alert(kOther))->what.id, id);
}

TEST_F(SwitchTest, ABatchIsOneCommit) {
  std::vector<Order> many{alert(kPc), alert(kOther), alert(kFar), alert(kPc), alert(Ipv4::of(1, 2, 3, 4))};
  const auto results = on().order(many, kNow);
  EXPECT_EQ(cases_.commits, 1);
  EXPECT_EQ(effects_.published, 2);
  EXPECT_EQ(results[0]->kind, Outcome::Kind::confined);
  EXPECT_EQ(results[3]->kind, Outcome::Kind::known) << "of what the same batch has begun";
  EXPECT_EQ(results[3]->what.alerts, 2u);
  EXPECT_EQ(kind(results[4]), Refusal::Kind::not_found);
  EXPECT_EQ(on().tally().active, 3u);
}

TEST_F(SwitchTest, NothingHappensThatIsNotWrittenDown) {
  const CaseId first = order(word(kOther))->what.id;
  cases_.fails = true;
  const std::vector<Order> batch{alert(kPc, "e"), alert(kOther)};
  const auto refused = on().order(batch, kNow);
  for (const Result& result : refused) EXPECT_EQ(kind(result), Refusal::Kind::store_failed);
  EXPECT_FALSE(confined(kPcMac));
  EXPECT_EQ(on().find(first)->alerts, 1u);
  EXPECT_EQ(on().tally().active, 1u);
  EXPECT_FALSE(on().release(first, {.name = "desk"}, "", kNow));
  EXPECT_EQ(on().find(first)->state, State::active);
  EXPECT_TRUE(confined(kOtherMac));
  cases_.fails = false;
  const Result again = order(alert(kPc, "e"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind, Outcome::Kind::confined) << "the event was not taken in";
  EXPECT_EQ(again->what.id, first + 1);
}

TEST_F(SwitchTest, SaysWhatIsWrongWithAnOrder) {
  const auto refused = [&](auto change) {
    Order bad = alert(kPc);
    change(bad);
    const Result result = order(bad);
    EXPECT_FALSE(result);
    return result ? std::string{} : result.error().text;
  };
  EXPECT_THAT(refused([](Order& o) { o.subject = {}; }), HasSubstr("exactly one of"));
  EXPECT_THAT(refused([](Order& o) { o.subject.modem = kModem; }), HasSubstr("exactly one of"));
  EXPECT_THAT(refused([](Order& o) { o.reason.clear(); }), HasSubstr("reason is missing"));
  EXPECT_THAT(refused([](Order& o) { o.reason.assign(1001, 'x'); }), HasSubstr("1000"));
  EXPECT_THAT(refused([](Order& o) { o.evidence.clear(); }), HasSubstr("evidence"));
  EXPECT_THAT(refused([](Order& o) { o.signature.clear(); }), HasSubstr("signature"));
  EXPECT_THAT(refused([](Order& o) { o.ttl_s = -1; }), HasSubstr("ttl"));
  EXPECT_THAT(refused([](Order& o) { o.count = 0; }), HasSubstr("count"));
  EXPECT_THAT(refused([](Order& o) { o.observed_at = kNow + 61 * kSecond; }), HasSubstr("future"));
  EXPECT_THAT(refused([](Order& o) { o.subject.ip = kFar, o.scope = Scope::subscriber; }), HasSubstr("through no modem"));
  EXPECT_THAT(refused([](Order& o) { o.subject = {}, o.subject.modem = kModem; }), HasSubstr("no single machine"));
  EXPECT_THAT(cases_.rows, IsEmpty());
  EXPECT_EQ(cases_.written.size(), 11u) << "each refusal is on record";
}

TEST_F(SwitchTest, AsksWhoHadTheAddressThen) {
  Order late = alert(kPc);
  late.observed_at = kNow - 30 * kSecond;
  ASSERT_TRUE(order(late));
  EXPECT_EQ(plant_.asked_at, kNow - 30 * kSecond);
}

TEST_F(SwitchTest, OldAlertsAreNotedOnly) {
  Order old = alert(kPc);
  old.observed_at = kNow - 601 * kSecond;
  EXPECT_EQ(order(old)->kind, Outcome::Kind::noted);
  old.by.is_person = true;
  EXPECT_EQ(order(old)->kind, Outcome::Kind::confined) << "a person means it";
}

TEST_F(SwitchTest, TheNeverListHolds) {
  policy_.never_prefixes = {{Ipv4::of(203, 0, 113, 8), Ipv4{0xfffffffe}}};
  policy_.never_macs = {subscriber::Mac{0x020000000002}};
  policy_.never_classes = {"business"};
  EXPECT_THAT(order(word(kPc)).error().text, HasSubstr("203.0.113.8/31"));
  EXPECT_THAT(order(word(kOther)).error().text, HasSubstr("02:00:00:00:00:02"));
  plant_.cls = "business";
  const Result result = order(word(kFar));
  EXPECT_EQ(kind(result), Refusal::Kind::never);
  EXPECT_THAT(result.error().text, HasSubstr("business"));
  EXPECT_TRUE(effects_.confined->empty());
}

TEST_F(SwitchTest, TheNeverListHoldsBehindAModemThatIsConfined) {
  policy_.never_macs = {subscriber::Mac{0x020000000002}};
  ASSERT_TRUE(order(word(kPc, Scope::subscriber)));
  EXPECT_TRUE(confined(kPcMac));
  EXPECT_FALSE(confined(kOtherMac));
  on().tick(kNow + 100);
  EXPECT_THAT(on().active()[0]->addresses, ElementsAre(kPc));
}

TEST_F(SwitchTest, AModemOfTheNeverListKeepsAllBehindIt) {
  policy_.never_macs = {kModem};
  EXPECT_EQ(kind(order(alert(kPc))), Refusal::Kind::never);
  EXPECT_EQ(kind(order(word(kPc, Scope::modem))), Refusal::Kind::never);
}

TEST_F(SwitchTest, ANetworkWithoutAPoolIsRefused) {
  plant_.gardenless = {kPc};
  const Result result = order(word(kPc));
  EXPECT_EQ(kind(result), Refusal::Kind::no_pool);
  EXPECT_THAT(result.error().text, HasSubstr("members of \"quarantine\""));
}

TEST_F(SwitchTest, SourcesAreWeighed) {
  policy_.sources = {{.name = "suricata", .weight = 40}};
  EXPECT_EQ(order(alert(kPc))->points, 40u);
  EXPECT_EQ(order(alert(kPc), kNow + kSecond)->kind, Outcome::Kind::noted);
  EXPECT_FALSE(confined(kPcMac));
  EXPECT_EQ(order(alert(kOther), kNow + kSecond)->points, 40u) << "each for himself";
  EXPECT_EQ(order(alert(kPc), kNow + 2 * kSecond)->kind, Outcome::Kind::confined);
}

TEST_F(SwitchTest, PointsAreOfOneSignatureAndOfTheWindow) {
  policy_.sources = {{.name = "suricata", .weight = 60}};
  EXPECT_EQ(order(alert(kPc))->points, 60u);
  Order other = alert(kPc);
  other.signature = "1:2";
  EXPECT_EQ(order(other)->points, 60u);
  EXPECT_EQ(order(alert(kPc), kNow + 601 * kSecond)->points, 60u) << "the first is forgotten";
  Order many = alert(kPc);
  many.signature = "1:3";
  many.count = 2;
  EXPECT_EQ(order(many)->kind, Outcome::Kind::confined) << "two events in one order";
}

TEST_F(SwitchTest, ASourceMaySpeakSoFastAndNoFaster) {
  policy_.sources = {{.name = "suricata", .weight = 1, .per_minute = 3}};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(order(alert(kPc)));
  EXPECT_EQ(kind(order(alert(kPc))), Refusal::Kind::too_fast);
  EXPECT_TRUE(order(alert(kPc), kNow + 20 * kSecond)) << "one in twenty seconds";
  EXPECT_EQ(kind(order(alert(kPc), kNow + 20 * kSecond)), Refusal::Kind::too_fast);
  Order quiet = alert(kPc);
  quiet.source = "postfix";
  EXPECT_TRUE(order(quiet)) << "another one's rate is his own";
}

TEST_F(SwitchTest, InventedSourcesDoNotEscapeTheRate) {
  policy_.default_per_minute = 1;
  std::size_t taken = 0;
  for (int i = 0; i < 3000; ++i) {
    Order order_of_many = alert(kPc);
    order_of_many.source = "s" + std::to_string(i);
    taken += kind(order(order_of_many)) != Refusal::Kind::too_fast;
  }
  EXPECT_LE(taken, 1100u);
}

TEST_F(SwitchTest, TheShareIsAllThatMayBe) {
  policy_.always_allowed = 1;
  policy_.most_share = 0.01;
  plant_.size = 150;  // 1.5: one
  ASSERT_TRUE(order(word(kPc)));
  const Result result = order(word(kOther));
  EXPECT_EQ(kind(result), Refusal::Kind::too_many);
  EXPECT_TRUE(on().tally().share_used_up);
  EXPECT_EQ(effects_.events.back(), "too-many");
  ASSERT_TRUE(on().release(on().active()[0]->id, {.name = "desk"}, "", kNow));
  EXPECT_FALSE(on().tally().share_used_up);
  EXPECT_TRUE(order(word(kOther)));
  plant_.size = 200;
  EXPECT_TRUE(order(word(kPc)));
}

TEST_F(SwitchTest, ADryRunDecidesAndDoesNothing) {
  Order dry = word(kPc);
  dry.dry_run = true;
  const Result result = order(dry);
  EXPECT_EQ(result->kind, Outcome::Kind::noted);
  EXPECT_THAT(result->text, HasSubstr("dry run"));
  EXPECT_EQ(result->what.addresses[0], kPc);
  policy_.dry_run = true;
  on().use(policy_);
  EXPECT_EQ(order(word(kPc))->kind, Outcome::Kind::noted);
  EXPECT_TRUE(effects_.confined->empty());
  EXPECT_EQ(cases_.written.size(), 2u);
}

TEST_F(SwitchTest, EndsByItself) {
  Order hour = alert(kPc);
  hour.ttl_s = 3600;
  const CaseId id = order(hour)->what.id;
  on().tick(kNow + 3599 * kSecond);
  EXPECT_TRUE(confined(kPcMac));
  on().tick(kNow + 3600 * kSecond);
  EXPECT_FALSE(confined(kPcMac));
  EXPECT_EQ(on().find(id)->state, State::expired);
  EXPECT_EQ(cases_.rows.at(id).ended_by, "timer");
  EXPECT_EQ(effects_.events.back(), "expire");
}

TEST_F(SwitchTest, ASourcesQuarantinesAreNoLongerThanItMay) {
  policy_.sources = {{.name = "suricata", .longest_s = 600}};
  EXPECT_EQ(order(alert(kPc))->what.until, kNow + 600 * kSecond);
  Order longer = alert(kOther);
  longer.ttl_s = 3600;
  EXPECT_EQ(order(longer)->what.until, kNow + 600 * kSecond);
}

TEST_F(SwitchTest, QueuedAlertsDoNotTakeHimBack) {
  const CaseId id = order(alert(kPc))->what.id;
  ASSERT_TRUE(on().release(id, {.name = "desk"}, "", kNow + kSecond));
  EXPECT_EQ(order(alert(kPc), kNow + 2 * kSecond)->kind, Outcome::Kind::noted);
  EXPECT_EQ(order(word(kPc), kNow + 3 * kSecond)->kind, Outcome::Kind::confined) << "the desk means it";
  ASSERT_TRUE(on().release(on().active()[0]->id, {.name = "desk"}, "", kNow + 4 * kSecond));
  EXPECT_EQ(order(alert(kPc), kNow + 1000 * kSecond)->kind, Outcome::Kind::confined) << "after the grace time";
}

TEST_F(SwitchTest, HeReleasesHimselfThreeTimesInAMonth) {
  WallMillis now = kNow;
  for (int i = 0; i < 3; ++i, now += 3600 * kSecond) {
    ASSERT_EQ(order(alert(kPc), now)->kind, Outcome::Kind::confined) << i;
    const auto released = on().release_himself(kPc, now + kSecond);
    ASSERT_TRUE(released) << released.error().text;
    EXPECT_EQ(released->ended_by, "portal");
  }
  const Result fourth = order(alert(kPc), now);
  ASSERT_TRUE(fourth);
  EXPECT_EQ(on().self_release(fourth->what, now).left, 0u);
  EXPECT_EQ(on().release_himself(kPc, now + kSecond).error().kind, Refusal::Kind::not_allowed);
  EXPECT_TRUE(on().release_himself(kPc, now + 31 * 86400 * kSecond)) << "the month is over";
  EXPECT_EQ(on().release_himself(kFar, now).error().kind, Refusal::Kind::not_found);
}

TEST_F(SwitchTest, HeWaitsWhereThePolicySaysSo) {
  policy_.wait_s = 600;
  ASSERT_TRUE(order(alert(kPc)));
  EXPECT_EQ(on().release_himself(kPc, kNow + 599 * kSecond).error().kind, Refusal::Kind::not_allowed);
  EXPECT_TRUE(on().release_himself(kPc, kNow + 600 * kSecond));
}

TEST_F(SwitchTest, EffectsAreOnRecordOnceEach) {
  const CaseId id = order(alert(kPc))->what.id;
  on().saw(id, Effect::nak_sent, kNow + 5, kPc);
  on().saw(id, Effect::nak_sent, kNow + 9, kPc);
  on().reset_is(id, "pending", "no answer from 192.0.2.1", kNow + 6);
  on().reset_is(id, "done", "", kNow + 7);
  on().saw(99, Effect::nak_sent, kNow, {});
  on().tick(kNow + 100);
  const Case& row = cases_.rows.at(id);
  EXPECT_EQ(row.effects[static_cast<std::size_t>(Effect::nak_sent)], kNow + 5);
  EXPECT_EQ(row.effects[static_cast<std::size_t>(Effect::cmts_reset)], kNow + 7);
  EXPECT_EQ(row.reset, "done");
  std::vector<std::string> kinds;
  const auto steps = cases_.steps(id);
  for (const Step& step : *steps) kinds.push_back(step.kind);
  EXPECT_THAT(kinds, ElementsAre("quarantine", "effect", "reset", "reset"));
  EXPECT_THAT(effects_.events, ElementsAre("quarantine", "effect", "reset", "reset"));
}

TEST_F(SwitchTest, WaitsForTheReleasedToComeBack) {
  const CaseId id = order(alert(kPc))->what.id;
  EXPECT_THAT(on().not_back_since(0), IsEmpty());
  ASSERT_TRUE(on().release(id, {.name = "desk"}, "", kNow + kSecond));
  EXPECT_THAT(on().not_back_since(kNow + 2 * kSecond), IsEmpty()) << "too long ago";
  ASSERT_EQ(on().not_back_since(kNow).size(), 1u);
  on().saw(id, Effect::released_ack, kNow + 3 * kSecond, kPc);
  EXPECT_THAT(on().not_back_since(kNow), IsEmpty());
}

TEST_F(SwitchTest, AFailingDiskKeepsEffectsForLater) {
  const CaseId id = order(alert(kPc))->what.id;
  cases_.fails = true;
  on().saw(id, Effect::discover, kNow + 5);
  on().tick(kNow + 100);
  cases_.fails = false;
  on().tick(kNow + 200);
  EXPECT_EQ(cases_.rows.at(id).effects[static_cast<std::size_t>(Effect::discover)], kNow + 5);
  EXPECT_EQ(cases_.steps(id)->size(), 2u);
}

TEST_F(SwitchTest, APendingResetIsAskedForAgainAfterARestart) {
  const CaseId id = order(word(kPc, Scope::modem))->what.id;
  on().reset_is(id, "pending", "", kNow);
  on().tick(kNow + 1);
  switch_.reset();
  effects_.bounced.clear();
  on();
  EXPECT_THAT(effects_.bounced, ElementsAre(kModem));
}

TEST_F(SwitchTest, AnAddressThatSomebodyElseHasByNowIsHeldNoMore) {
  const CaseId id = order(alert(kPc))->what.id;
  plant_.leases.erase(kPc);
  on().tick(kNow + 50);
  EXPECT_THAT(on().find(id)->addresses, ElementsAre(kPc)) << "nobody has it: who was put off the net may use it still";
  plant_.leases[kPc] = {std::string("\x02\0\0\0\0\x04", 6), "", {}, kPc, 5};
  effects_.events.clear();
  on().tick(kNow + 100);
  EXPECT_THAT(on().find(id)->addresses, IsEmpty());
  EXPECT_THAT(effects_.events, ElementsAre("effect")) << "those who keep a set of addresses hear of it";
  on().tick(kNow + 150);
  EXPECT_THAT(cases_.rows.at(id).addresses, IsEmpty());
  EXPECT_TRUE(confined(kPcMac));
}

TEST_F(SwitchTest, AddressesOfManyCasesAreLookedAtInTurn) {
  for (std::uint8_t i = 0; i < 40; ++i) {
    const Ipv4 address = Ipv4::of(203, 0, 113, static_cast<std::uint8_t>(100 + i));
    plant_.leases[address] = {std::string("\x02\0\0\0\x01", 5) + static_cast<char>(i), "", {}, address, 5};
    ASSERT_TRUE(order(alert(address)));
  }
  for (auto& [address, who] : plant_.leases) who.hardware = "another";
  for (int i = 0; i < 3; ++i) on().tick(kNow + i);
  for (const Case* what : on().active()) EXPECT_THAT(what->addresses, IsEmpty()) << what->id;
}

TEST_F(SwitchTest, ALineOfTheRecordIsOneLine) {
  Order forged = word(kPc);
  forged.reason = "spam\nDHCPACK on 203.0.113.9 to 00:00:00:00:00:01\x1b[2J";
  const CaseId id = order(forged)->what.id;
  ASSERT_TRUE(on().release(id, {.name = "desk"}, "clean\r\nDHCPRELEASE", kNow + kSecond));
  on().reset_is(id, "refused", "the CMTS says\nno", kNow + kSecond);
  on().tick(kNow + 2 * kSecond);
  for (const Step& step : cases_.written)
    EXPECT_TRUE(std::ranges::none_of(step.text, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) << step.kind << ": " << step.text;
}

TEST_F(SwitchTest, AModemWhoseReleaseWasCutShortStartsAnewAfterARestart) {
  const CaseId id = order(word(kPc, Scope::modem))->what.id;
  ASSERT_TRUE(on().release(id, {.name = "desk"}, "", kNow));
  on().reset_is(id, "pending", "", kNow);
  on().tick(kNow + 1);
  switch_.reset();
  effects_.bounced.clear();
  effects_.machines.clear();
  on();
  EXPECT_THAT(effects_.bounced, ElementsAre(kModem)) << "or it keeps the quarantine's file";
  EXPECT_THAT(effects_.machines, IsEmpty());
}

}  // namespace
}  // namespace coaxd::quarantine
