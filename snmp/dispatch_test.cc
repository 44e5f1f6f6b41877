#include "snmp/dispatch.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace coaxd::snmp {
namespace {

constexpr Mac kModem{0x001a2b3c4d5e}, kCpe{0x020000000001};
constexpr Ipv4 kRelay = Ipv4::of(10, 64, 0, 1), kModemAddress = Ipv4::of(10, 64, 1, 7);
constexpr std::string_view kReset = "1.3.6.1.4.1.9.9.116.1.3.1.1.8.0.26.43.60.77.94", kDelete = "1.3.6.1.4.1.9.9.116.1.3.1.1.9.0.26.43.60.77.94",
                           kPtr = "1.3.6.1.2.1.10.127.1.3.7.1.2.0.26.43.60.77.94", kCommit = "1.3.6.1.4.1.4491.2.1.20.1.27.5.0", kAtModem = "1.3.6.1.2.1.69.1.1.3.0";
constexpr int kNoAccess = 6, kGenErr = 5, kNoCreation = 11, kNotWritable = 17;

Answer response(int error = 0) { return {.type = Answer::Type::response, .error = error, .at = error == 0 ? 0u : 1u}; }
Answer with(const Oid& name, Value value) { return {.type = Answer::Type::response, .varbinds = {{name, std::move(value)}}}; }
Answer silence() { return {}; }

// One CMTS for 10.64.0.0/16, and time as a value. What is sent waits to be answered by hand.
class Scene {
 public:
  explicit Scene(CmtsKind kind = CmtsKind::cisco, bool modems_too = false, Patience patience = {}, bool newer = true)
      : dispatch({{.relays = {{Ipv4::of(10, 64, 0, 0), {0xffff0000}}}, .address = "10.0.0.1:161", .kind = kind, .newer = newer}}, modems_too, patience, counters) {
    now.mono_ns = 1'000 * kSecondNs;
    now.wall = 1'800'000'000;
    if (kind != CmtsKind::automatic) identify("1.3.6.1.4.1.9.1.271");
  }

  void pass(std::int64_t ns) {
    now.mono_ns += ns;
    now.wall = 1'800'000'000 + (now.mono_ns / kSecondNs - 1000);
  }
  void seconds(std::int64_t count) { pass(count * kSecondNs); }

  // What leaves now, as OID texts; a modem's with its address before it.
  std::vector<std::string> step() {
    std::vector<std::string> names;
    for (Dispatch::Send& send : dispatch.step(now)) {
      names.push_back((send.modem.is_zero() ? "" : coaxd::to_string(send.modem) + " ") + to_string(send.pdu.varbinds.back().name));
      waiting.push_back(std::move(send));
    }
    for (Report& report : dispatch.take_reports()) reports.push_back(std::move(report));
    return names;
  }
  // The oldest request that waits. An answer without varbinds to a GET that succeeds repeats none.
  void answer(const Answer& answer) {
    ASSERT_FALSE(waiting.empty());
    const std::uint64_t exchange = waiting.front().exchange;
    waiting.erase(waiting.begin());
    dispatch.answered(exchange, answer, now);
    for (Report& report : dispatch.take_reports()) reports.push_back(std::move(report));
  }
  void identify(std::string_view system) {
    step();
    Oid id;
    std::uint32_t arc = 0;
    for (const char c : std::string(system) + ".")
      if (c == '.') id = id.of(std::exchange(arc, 0));
      else arc = arc * 10 + static_cast<std::uint32_t>(c - '0');
    answer({.type = Answer::Type::response,
            .varbinds = {{kSysObjectId, {.type = Value::Type::object_id, .object_id = id}}, {kSysDescr, Value::of_octets("IOS")}, {kSysUpTime, {.type = Value::Type::number, .number = up_time}}}});
  }
  std::uint64_t reset(Ipv4 address = {}) { return dispatch.post({.act = Act::reset_modem, .mac = kModem, .relay = kRelay, .modem_address = address}, now); }
  std::uint64_t reset_of(Mac mac) { return dispatch.post({.act = Act::reset_modem, .mac = mac, .relay = kRelay}, now); }
  Outcome outcome(std::uint64_t id) { return dispatch.find(id)->outcome; }
  std::string reason(std::uint64_t id) { return dispatch.find(id)->reason; }

  Counters counters;
  Dispatch dispatch;
  Instant now{};
  std::int64_t up_time = 1000;
  std::vector<Dispatch::Send> waiting;
  std::vector<Report> reports;
};

using Names = std::vector<std::string>;

// --- a reset and what comes of it ---

TEST(SnmpReset, TheSetLeavesFirstAndAtOnce) {
  Scene scene;
  const auto id = scene.reset();
  EXPECT_EQ(scene.step(), Names{std::string(kReset)});
  const Pdu& pdu = scene.waiting.front().pdu;
  EXPECT_EQ(pdu.type, Pdu::Type::set);
  EXPECT_EQ(pdu.varbinds[0].value, Value::of_integer(1));
  EXPECT_EQ(scene.outcome(id), Outcome::pending);
  scene.pass(5'000'000);
  scene.answer(response());
  ASSERT_EQ(scene.reports.size(), 1u);
  EXPECT_EQ(scene.reports[0].outcome, Outcome::done);
  EXPECT_EQ(scene.reports[0].cmts, "10.0.0.1:161");
  EXPECT_EQ(scene.reports[0].tries, 1u);
  EXPECT_EQ(scene.reports[0].reason, "cdxCmCpeResetNow of 10.0.0.1:161 has taken it");
  EXPECT_EQ(scene.reports[0].sent.mono_ns, scene.reports[0].posted.mono_ns);
  EXPECT_EQ(scene.counters.sets.get(), 1u);
  EXPECT_EQ(scene.counters.done.get(), 1u);
  EXPECT_EQ(scene.counters.pending.get(), 0u);
}

TEST(SnmpReset, ARefusedModemThatTheCmtsDoesNotHaveIsOffAndSoDone) {
  Scene scene;
  const auto id = scene.reset();
  scene.step();
  scene.answer(response(kNoCreation));
  EXPECT_EQ(scene.step(), Names{std::string(kPtr)});
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, {.type = Value::Type::absent}));
  EXPECT_EQ(scene.outcome(id), Outcome::done);
  EXPECT_EQ(scene.reason(id), "10.0.0.1:161 does not have this modem: it is off, and comes up anew");
}

// RFC 1157 §4.1.5: of an object that is read-only v1 says noSuchName as well; the GET tells them apart.
TEST(SnmpReset, V1SaysNoSuchNameOfBoth) {
  for (const bool present : {false, true}) {
    Scene scene(CmtsKind::docsis3, false, {}, false);
    const auto id = scene.reset();
    scene.step();
    scene.answer(response(Answer::kNoSuchName));
    scene.step();
    scene.answer(present ? with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)) : response(Answer::kNoSuchName));
    EXPECT_EQ(scene.outcome(id), present ? Outcome::refused : Outcome::done);
  }
}

TEST(SnmpReset, TheNextObjectIsTriedAndIsTheFirstFromThenOn) {
  Scene scene;
  scene.reset();
  scene.step();
  scene.answer(response(kNotWritable));
  scene.step();
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)));
  EXPECT_EQ(scene.step(), Names{std::string(kDelete)});
  scene.answer(response());
  ASSERT_EQ(scene.reports.size(), 1u);
  EXPECT_EQ(scene.reports[0].outcome, Outcome::done);
  EXPECT_EQ(scene.reports[0].tries, 3u);
  scene.reset();
  EXPECT_EQ(scene.step(), Names{std::string(kDelete)});
}

// What one finds to work must not turn the order round for those that are under way: each of them tries every object.
TEST(SnmpReset, WhatWorkedForOneLeavesTheOthersWhereTheyAre) {
  Scene scene;
  const auto first = scene.reset(), second = scene.reset_of(kCpe);
  EXPECT_EQ(scene.step().size(), 2u);
  scene.answer(response(kNotWritable));
  scene.answer(response(kNotWritable));
  EXPECT_EQ(scene.step().size(), 2u);  // both are looked at
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)));
  const auto second_is_there = std::exchange(scene.waiting, {});
  scene.step();
  scene.answer(response());
  scene.waiting = second_is_there;
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(8)));
  const Names next = scene.step();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_TRUE(next[0].starts_with("1.3.6.1.4.1.9.9.116.1.3.1.1.9.")) << next[0] << ": the one that it has not tried was left out";
  scene.answer(response());
  EXPECT_EQ(scene.outcome(first), Outcome::done);
  EXPECT_EQ(scene.outcome(second), Outcome::done);
}

TEST(SnmpReset, ACmtsThatRefusesByAllItsObjectsRefuses) {
  Scene scene;
  const auto id = scene.reset(kModemAddress);  // modems are not told
  scene.step();
  scene.answer(response(kNoAccess));
  scene.step();
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)));
  scene.step();
  scene.answer(response(kNoAccess));
  EXPECT_EQ(scene.step(), Names{std::string(kCommit)});
  scene.answer(response(kNotWritable));
  EXPECT_EQ(scene.outcome(id), Outcome::refused);
  EXPECT_EQ(scene.reason(id), "cdxCmCpeResetNow noAccess, cdxCmCpeDeleteNow noAccess, docsIf3CmtsCmCtrl notWritable");
  EXPECT_FALSE(scene.dispatch.awaits_discover(kModem));
  EXPECT_EQ(scene.counters.refused.get(), 1u);
}

TEST(SnmpReset, TheModemIsTheLastToBeTold) {
  struct Case {
    Answer answer;
    Outcome outcome;
  };
  for (const Case& each : {Case{response(), Outcome::done}, Case{response(kNoAccess), Outcome::refused}, Case{silence(), Outcome::unknown},
                           Case{{.type = Answer::Type::not_sent, .text = "No route to host"}, Outcome::refused}}) {
    Scene scene(CmtsKind::docsis3, true);
    const auto id = scene.reset(kModemAddress);
    EXPECT_EQ(scene.step(), Names{std::string(kCommit)});
    scene.answer(response(kNotWritable));
    scene.step();
    scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)));
    EXPECT_EQ(scene.step(), Names{"10.64.1.7 " + std::string(kAtModem)});
    scene.answer(each.answer);
    EXPECT_EQ(scene.outcome(id), each.outcome) << scene.reason(id);
  }
}

TEST(SnmpReset, ARelayOfNoCmtsGoesToTheModemOrSaysWhatIsMissing) {
  Scene told(CmtsKind::cisco, true);
  told.dispatch.post({.act = Act::reset_modem, .mac = kModem, .relay = Ipv4::of(10, 9, 9, 9), .modem_address = kModemAddress}, told.now);
  EXPECT_EQ(told.step(), Names{"10.64.1.7 " + std::string(kAtModem)});
  Scene scene;
  const auto id = scene.dispatch.post({.act = Act::reset_modem, .mac = kModem, .relay = Ipv4::of(10, 9, 9, 9)}, scene.now);
  EXPECT_EQ(scene.step(), Names{});
  ASSERT_EQ(scene.reports.size(), 1u);
  EXPECT_EQ(scene.outcome(id), Outcome::refused);
  EXPECT_EQ(scene.reason(id), "no row of [snmp] cmts is for relay 10.9.9.9");
}

TEST(SnmpReset, GenErrMayPassThreeTimes) {
  Scene scene(CmtsKind::docsis3);
  const auto id = scene.reset();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(scene.step(), Names{std::string(kCommit)}) << i;
    scene.answer(response(kGenErr));
    EXPECT_EQ(scene.step(), Names{});  // not at once
    EXPECT_EQ(scene.dispatch.find(id)->reason, "docsIf3CmtsCmCtrl: genErr");
    scene.pass(back_off_ns(static_cast<unsigned>(i) + 1));
  }
  ASSERT_EQ(scene.step(), Names{std::string(kCommit)});
  scene.answer(response(kGenErr));
  EXPECT_EQ(scene.step(), Names{std::string(kPtr)});
}

// --- one is enough ---

TEST(SnmpPost, TheSameWhileItIsPendingIsOne) {
  Scene scene;
  const auto id = scene.reset();
  EXPECT_EQ(scene.reset(), id);
  EXPECT_EQ(scene.step().size(), 1u);
  scene.answer(response());
  EXPECT_NE(scene.reset(), id);
  EXPECT_EQ(scene.counters.joined.get(), 1u);
}

TEST(SnmpPost, TooManyAreTurnedAway) {
  Scene scene;
  for (std::uint64_t i = 0; i < Dispatch::kMostPending; ++i) ASSERT_NE(scene.reset_of(Mac{i + 1}), 0u);
  EXPECT_EQ(scene.reset(), 0u);
  EXPECT_EQ(scene.counters.turned_away.get(), 1u);
}

TEST(SnmpPost, AnAnswerThatNobodyWaitsForChangesNothing) {
  Scene scene;
  const auto id = scene.reset();
  scene.step();
  const std::uint64_t exchange = scene.waiting.front().exchange;
  scene.answer(response());
  scene.dispatch.answered(exchange, response(kNoAccess), scene.now);  // twice
  scene.dispatch.answered(4711, silence(), scene.now);
  EXPECT_EQ(scene.outcome(id), Outcome::done);
  EXPECT_EQ(scene.counters.errors.get(), 0u);
}

// --- a CMTS that does not answer ---

TEST(SnmpSilence, IsRetriedLessAndLessOftenAndShownAsPending) {
  Scene scene(CmtsKind::cisco, false, {.retry_ns = 600 * kSecondNs});
  const auto id = scene.reset();
  std::vector<std::int64_t> waits;
  std::int64_t last = scene.now.mono_ns;
  while (scene.outcome(id) == Outcome::pending) {
    for (const std::string& name : scene.step()) {
      if (name == kReset) waits.push_back((scene.now.mono_ns - std::exchange(last, scene.now.mono_ns)) / kSecondNs);
    }
    if (scene.outcome(id) != Outcome::pending) break;
    while (!scene.waiting.empty()) scene.answer(silence());
    EXPECT_EQ(scene.reason(id), "10.0.0.1:161 does not answer");
    scene.step();
    ASSERT_GT(scene.dispatch.next_ns(), scene.now.mono_ns);
    scene.now.mono_ns = scene.dispatch.next_ns();
  }
  ASSERT_GE(waits.size(), 5u);
  for (std::size_t i = 2; i < waits.size(); ++i) EXPECT_TRUE(waits[i] >= waits[i - 1] || waits[i] >= 60) << i;
  EXPECT_LT(waits.size(), 30u);  // of 600 seconds
  EXPECT_EQ(scene.outcome(id), Outcome::unknown);
  EXPECT_EQ(scene.reason(id), "10.0.0.1:161 does not answer; given up after 600 seconds");
  EXPECT_EQ(scene.counters.unknown.get(), 1u);
}

TEST(SnmpSilence, OneRequestAtATimeIsEnoughAndTheRestFollowsTheFirstAnswer) {
  Scene scene;
  for (std::uint64_t i = 1; i <= 5; ++i) scene.reset_of(Mac{i});
  EXPECT_EQ(scene.step().size(), 5u);
  while (!scene.waiting.empty()) scene.answer(silence());
  scene.seconds(120);
  const Names sent = scene.step();
  EXPECT_EQ(std::ranges::count_if(sent, [](const std::string& name) { return name.starts_with("1.3.6.1.4.1.9.9.116"); }), 1) << sent.size();
  while (!scene.waiting.empty()) scene.answer(response());
  EXPECT_EQ(scene.step().size(), 4u);
}

TEST(SnmpSilence, AModemWhoseCmtsIsDownIsToldItself) {
  Scene scene(CmtsKind::cisco, true);
  const auto id = scene.reset(kModemAddress);
  scene.step();
  scene.answer(silence());
  EXPECT_EQ(scene.step(), Names{});  // a single answer may be lost
  scene.seconds(2);
  scene.step();
  while (!scene.waiting.empty()) scene.answer(silence());
  EXPECT_EQ(scene.step(), Names{"10.64.1.7 " + std::string(kAtModem)});
  scene.answer(silence());
  EXPECT_EQ(scene.outcome(id), Outcome::pending);  // and the CMTS goes on being asked
  scene.seconds(120);
  const Names sent = scene.step();
  EXPECT_NE(std::ranges::find(sent, kReset), sent.end());
}

TEST(SnmpSilence, AKeyThatIsNotTrustedIsToldAsSuch) {
  Scene scene;
  const auto id = scene.reset();
  scene.step();
  scene.answer({.type = Answer::Type::not_trusted, .text = "Unknown user name"});
  EXPECT_EQ(scene.reason(id), "10.0.0.1:161 does not accept our user or key: Unknown user name");
  EXPECT_EQ(scene.counters.not_trusted.get(), 1u);
}

// --- proof ---

TEST(SnmpProof, TheDiscoverAfterItProvesAReset) {
  Scene scene;
  const auto id = scene.reset();
  scene.step();
  scene.answer(response());
  scene.seconds(30);
  scene.dispatch.saw_discover(kModem, scene.now);
  scene.step();
  ASSERT_EQ(scene.reports.size(), 2u);  // told twice
  EXPECT_EQ(scene.reports[1].id, id);
  EXPECT_EQ(scene.reports[1].proven, scene.now.wall);
  EXPECT_EQ(scene.dispatch.find(id)->proven, scene.now.wall);
  EXPECT_EQ(scene.counters.proven.get(), 1u);
  scene.dispatch.saw_discover(kModem, scene.now);
  EXPECT_EQ(scene.counters.proven.get(), 1u);
}

TEST(SnmpProof, TurnsUnknownIntoDone) {
  Scene scene(CmtsKind::cisco, false, {.retry_ns = kSecondNs});
  const auto id = scene.reset();
  scene.step();
  scene.seconds(1);
  scene.step();
  EXPECT_EQ(scene.outcome(id), Outcome::unknown);
  scene.dispatch.saw_discover(kModem, scene.now);
  EXPECT_EQ(scene.outcome(id), Outcome::done);
}

TEST(SnmpProof, EndsWhatIsPending) {
  for (const bool sent : {false, true}) {
    Scene scene;
    const auto id = scene.reset();
    if (sent) scene.step();
    scene.seconds(5);
    scene.dispatch.saw_discover(kModem, scene.now);
    scene.step();
    EXPECT_EQ(scene.outcome(id), Outcome::done);
    EXPECT_EQ(scene.reason(id), sent ? "the modem has started anew" : "the modem has started anew before it was told to");
    if (sent) scene.answer(response(kNoAccess));  // late
    EXPECT_EQ(scene.outcome(id), Outcome::done);
    EXPECT_EQ(scene.step(), Names{});
  }
}

TEST(SnmpProof, ADiscoverOfBeforeIsNone) {
  Scene scene;
  const Instant before = scene.now;
  scene.seconds(1);
  const auto id = scene.reset();
  scene.dispatch.saw_discover(kModem, before);
  EXPECT_EQ(scene.outcome(id), Outcome::pending);
  EXPECT_TRUE(scene.dispatch.awaits_discover(kModem));
  EXPECT_FALSE(scene.dispatch.awaits_discover(kCpe));
}

TEST(SnmpProof, IsWaitedForNoLongerThanTheResetIsRemembered) {
  Scene scene(CmtsKind::cisco, false, {.remember_ns = 60 * kSecondNs});
  const auto id = scene.reset();
  scene.step();
  scene.answer(response());
  scene.seconds(60);
  scene.step();
  EXPECT_FALSE(scene.dispatch.find(id));
  EXPECT_FALSE(scene.dispatch.awaits_discover(kModem));
}

// --- pacing ---

TEST(SnmpPace, ASecondsWorthAtOnceThenSoManyASecond) {
  Scene scene(CmtsKind::cisco, false, {.sets_per_second = 4});
  for (std::uint64_t i = 1; i <= 20; ++i) scene.reset_of(Mac{i});
  EXPECT_EQ(scene.step().size(), 4u);
  const std::int64_t begin = scene.now.mono_ns;
  std::int64_t last = begin;
  while (scene.counters.sets.get() < 20) {
    while (!scene.waiting.empty()) scene.answer(response());
    if (!scene.step().empty()) last = scene.now.mono_ns;
    scene.now.mono_ns = std::max(scene.now.mono_ns, scene.dispatch.next_ns());
    ASSERT_LT(last, begin + 10 * kSecondNs);
  }
  EXPECT_NEAR(static_cast<double>(last - begin) / kSecondNs, 4.0, 0.3);
}

TEST(SnmpPace, NoMoreThanEightWaitForOneCmts) {
  Scene scene(CmtsKind::cisco, false, {.sets_per_second = 1000});
  for (std::uint64_t i = 1; i <= 20; ++i) scene.reset_of(Mac{i});
  EXPECT_EQ(scene.step().size(), Dispatch::kAtOnce);
  EXPECT_EQ(scene.step().size(), 0u);
  scene.answer(response());
  EXPECT_EQ(scene.step().size(), 1u);
}

TEST(SnmpPace, BacksOffToAMinute) {
  EXPECT_EQ(back_off_ns(0), 0);
  EXPECT_EQ(back_off_ns(1), kSecondNs);
  EXPECT_EQ(back_off_ns(4), 8 * kSecondNs);
  EXPECT_EQ(back_off_ns(7), 60 * kSecondNs);
  EXPECT_EQ(back_off_ns(4'000'000'000u), 60 * kSecondNs);
}

// --- who a CMTS is ---

TEST(SnmpIdentify, AnUnknownCmtsIsAskedWhoItIsAndResetsWaitForThat) {
  Scene scene(CmtsKind::automatic);
  scene.reset();
  EXPECT_EQ(scene.step(), Names{to_string(kSysUpTime)});
  EXPECT_EQ(scene.dispatch.cmts_reports()[0].kind, "auto");
  scene.waiting.clear();
  Scene known(CmtsKind::automatic);
  known.identify("1.3.6.1.4.1.9.1.210");
  known.reset();
  EXPECT_EQ(known.step(), Names{std::string(kReset)});
  EXPECT_EQ(known.dispatch.cmts_reports()[0].kind, "cisco");
  EXPECT_EQ(known.dispatch.cmts_reports()[0].model, "uBR7223");
}

TEST(SnmpIdentify, IsAskedAgainAndARebootForgetsWhatWorked) {
  Scene scene;
  scene.reset();
  scene.step();
  scene.answer(response(kNotWritable));
  scene.step();
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)));
  scene.step();
  scene.answer(response());  // column 9
  scene.seconds(600);
  scene.up_time = 10;
  scene.identify("1.3.6.1.4.1.9.1.271");
  scene.reset();
  EXPECT_EQ(scene.step(), Names{std::string(kReset)});
}

TEST(SnmpIdentify, OneThatRefusesToSayIsTakenForDocsis3) {
  Scene scene(CmtsKind::automatic);
  scene.step();
  scene.answer(response(Answer::kNoSuchName));
  scene.reset();
  EXPECT_EQ(scene.step(), Names{std::string(kCommit)});
}

// --- CPEs ---

TEST(SnmpForget, ACpesRowIsResetWhereTheCmtsHasOne) {
  Scene scene;
  const auto id = scene.dispatch.post({.act = Act::forget_cpe, .mac = kCpe, .relay = kRelay}, scene.now);
  EXPECT_EQ(scene.step(), Names{"1.3.6.1.4.1.9.9.116.1.3.1.1.8.2.0.0.0.0.1"});
  scene.answer(response(kNoCreation));
  EXPECT_EQ(scene.step(), Names{"1.3.6.1.4.1.9.9.116.1.3.1.1.2.2.0.0.0.0.1"});
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, {.type = Value::Type::absent}));
  EXPECT_EQ(scene.outcome(id), Outcome::done);
  EXPECT_EQ(scene.reason(id), "10.0.0.1:161 does not have this CPE: there is nothing to forget");
}

TEST(SnmpForget, WhereNoObjectIsKnownItSaysSo) {
  Scene scene(CmtsKind::motorola_bsr);
  const auto id = scene.dispatch.post({.act = Act::forget_cpe, .mac = kCpe, .relay = kRelay, .modem_address = kModemAddress}, scene.now);
  EXPECT_EQ(scene.step(), Names{});
  EXPECT_EQ(scene.outcome(id), Outcome::refused);
  EXPECT_EQ(scene.reason(id), "no object is known by which Motorola BSR 64000 forgets a CPE");
}

// --- how a modem stands ---

TEST(SnmpState, IsReadThroughTheIndexOfItsMac) {
  Scene scene;
  const auto id = scene.dispatch.post({.act = Act::modem_state, .mac = kModem, .relay = kRelay}, scene.now);
  EXPECT_EQ(scene.step(), Names{std::string(kPtr)});
  scene.answer(with(scene.waiting.front().pdu.varbinds[0].name, Value::of_integer(7)));
  EXPECT_EQ(scene.step().size(), 1u);
  Answer rows = response();
  for (const Varbind& varbind : scene.waiting.front().pdu.varbinds) rows.varbinds.push_back({varbind.name, {.type = Value::Type::absent}});
  rows.varbinds[0].value = Value::of_octets(std::string("\x00\x1a\x2b\x3c\x4d\x5e", 6));
  rows.varbinds[3].value = Value::of_integer(6);
  scene.answer(rows);
  EXPECT_EQ(scene.outcome(id), Outcome::done);
  ASSERT_TRUE(scene.dispatch.find(id)->state);
  EXPECT_EQ(scene.dispatch.find(id)->state->phase, ModemState::Phase::online);
}

TEST(SnmpState, OfAModemThatTheCmtsDoesNotHaveIsAbsent) {
  for (const Answer& none : {response(Answer::kNoSuchName), with(kDocsIfCmtsCmPtr.of(kModem), {.type = Value::Type::absent})}) {
    Scene scene;
    const auto id = scene.dispatch.post({.act = Act::modem_state, .mac = kModem, .relay = kRelay}, scene.now);
    scene.step();
    scene.answer(none);
    EXPECT_EQ(scene.outcome(id), Outcome::done);
    EXPECT_EQ(scene.dispatch.find(id)->state->phase, ModemState::Phase::absent);
  }
}

// RFC 1157 §4.1.2: one object that is not there spoils the whole answer.
TEST(SnmpState, V1IsAskedAgainWithoutWhatItDoesNotHave) {
  Scene scene(CmtsKind::cisco, false, {}, false);
  const auto id = scene.dispatch.post({.act = Act::modem_state, .mac = kModem, .relay = kRelay}, scene.now);
  scene.step();
  scene.answer(with(kDocsIfCmtsCmPtr.of(kModem), Value::of_integer(7)));
  scene.step();
  std::size_t asked = scene.waiting.front().pdu.varbinds.size();
  for (; asked > 1; --asked) {
    ASSERT_EQ(scene.waiting.front().pdu.varbinds.size(), asked);
    Answer none = response(Answer::kNoSuchName);
    none.at = asked;
    scene.answer(none);
    ASSERT_EQ(scene.step().size(), 1u);
  }
  scene.answer(response(Answer::kNoSuchName));
  EXPECT_EQ(scene.outcome(id), Outcome::refused);
}

TEST(SnmpState, IsNotWaitedForOnASilentCmts) {
  Scene scene;
  const auto id = scene.dispatch.post({.act = Act::modem_state, .mac = kModem, .relay = kRelay}, scene.now);
  scene.step();
  scene.answer(silence());
  EXPECT_EQ(scene.outcome(id), Outcome::unknown);
  EXPECT_EQ(scene.reason(id), "10.0.0.1:161 does not answer");
}

// --- which CMTS ---

TEST(SnmpCmts, TheLongestPrefixOfTheRelayCounts) {
  Counters counters;
  Dispatch dispatch({{.relays = {{Ipv4::of(10, 0, 0, 0), {0xff000000}}}, .address = "a:1", .kind = CmtsKind::cisco},
                     {.relays = {{Ipv4::of(10, 64, 0, 1), {0xffffffff}}, {Ipv4::of(10, 65, 0, 0), {0xffff0000}}}, .address = "b:1", .kind = CmtsKind::cisco}},
                    false, {}, counters);
  auto cmts_for = [&, next = std::uint64_t{0}](Ipv4 relay) mutable {
    return dispatch.find(dispatch.post({.act = Act::reset_modem, .mac = Mac{++next}, .relay = relay}, {}))->cmts;
  };
  EXPECT_EQ(cmts_for(Ipv4::of(10, 64, 0, 1)), "b:1");
  EXPECT_EQ(cmts_for(Ipv4::of(10, 64, 0, 2)), "a:1");
  EXPECT_EQ(cmts_for(Ipv4::of(10, 65, 3, 3)), "b:1");
  EXPECT_EQ(cmts_for(Ipv4::of(192, 0, 2, 1)), "");
}

TEST(SnmpList, ShowsPendingAndEndedByIdAndInPages) {
  Scene scene;
  for (std::uint64_t i = 1; i <= 5; ++i) scene.reset_of(Mac{i});
  scene.step();
  scene.answer(response());
  const auto first = scene.dispatch.list(0, 3), rest = scene.dispatch.list(first.back().id, 10);
  EXPECT_EQ(first.size(), 3u);
  EXPECT_EQ(rest.size(), 2u);
  EXPECT_EQ(first[0].outcome, Outcome::done);
  EXPECT_EQ(first[1].outcome, Outcome::pending);
}

// Whatever agents say, and whenever: each request ends once, in time; nothing is left behind; no limit is passed.
TEST(SnmpDispatch, EndsEveryRequestWhateverIsAnswered) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto dice = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
    const auto kind = static_cast<CmtsKind>(dice(static_cast<int>(config::kCmtsKindNames.size())));
    Scene scene(kind, dice(2) == 0, {.retry_ns = 100 * kSecondNs, .remember_ns = 1000 * kSecondNs}, dice(2) == 0);
    std::map<std::uint64_t, int> ends;
    const auto any_answer = [&](const Pdu& asked) -> Answer {
      switch (dice(5)) {
        case 0: return silence();
        case 1: return {.type = dice(2) == 0 ? Answer::Type::not_sent : Answer::Type::not_trusted, .text = "why"};
        case 2: {
          Answer answer = response(dice(20));
          answer.at = static_cast<std::size_t>(dice(12));
          return answer;
        }
        default: {
          Answer answer = response();
          for (const Varbind& varbind : asked.varbinds) {
            if (dice(6) == 0) continue;
            Value value{.type = static_cast<Value::Type>(dice(8)), .number = dice(3) == 0 ? -1 : dice(40), .octets = std::string(static_cast<std::size_t>(dice(8)), 'x')};
            answer.varbinds.push_back({varbind.name, std::move(value)});
          }
          return answer;
        }
      }
    };
    for (int turn = 0; turn < 400; ++turn) {
      if (turn < 100 && dice(2) == 0)
        scene.dispatch.post({.act = static_cast<Act>(dice(3)), .mac = Mac{static_cast<std::uint64_t>(dice(8)) + 1}, .relay = dice(6) == 0 ? Ipv4{} : kRelay, .modem_address = dice(2) == 0 ? kModemAddress : Ipv4{}}, scene.now);
      if (dice(20) == 0) scene.dispatch.saw_discover(Mac{static_cast<std::uint64_t>(dice(8)) + 1}, scene.now);
      scene.step();
      ASSERT_LE(scene.waiting.size(), 2 * Dispatch::kAtOnce + Dispatch::kModemsAtOnce + 1);
      while (!scene.waiting.empty() && dice(4) != 0) scene.answer(any_answer(scene.waiting.front().pdu));
      scene.pass(dice(3) == 0 ? kSecondNs : 10'000'000);
    }
    for (int second = 0; second < 100; ++second) {
      scene.seconds(1);
      scene.step();
    }
    for (const Report& report : scene.reports) ends[report.id] += report.proven == 0 || report.tries == 0 ? 1 : 0;
    EXPECT_EQ(scene.counters.pending.get(), 0u);
    for (const Report& report : scene.dispatch.list(0, 1000)) {
      EXPECT_NE(report.outcome, Outcome::pending);
      EXPECT_FALSE(report.reason.empty());
      EXPECT_GE(report.ended.mono_ns, report.posted.mono_ns);
      EXPECT_LE(report.ended.mono_ns, report.posted.mono_ns + 110 * kSecondNs);
      EXPECT_EQ(report.act == Act::modem_state && report.outcome == Outcome::done, report.state.has_value());
    }
    EXPECT_EQ(scene.counters.posted.get(), scene.counters.done.get() + scene.counters.refused.get() + scene.counters.unknown.get());
    for (const auto& [id, count] : ends) EXPECT_LE(count, 1) << id;
  }
}

}  // namespace
}  // namespace coaxd::snmp
