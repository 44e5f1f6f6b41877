#include "server/api/quarantine_desk.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <map>

#include "server/api/handlers.h"
#include "server/quarantine/case_store.h"

namespace coaxd::api {
namespace {

using namespace quarantine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr WallMillis kNow = 1'795'443'900'000;

// Everybody is a machine of his own behind no modem; 203.0.113.0 is nobody's.
class FakePlant final : public Plant {
 public:
  std::expected<Found, std::string> find(const Subject& subject, WallMillis) override {
    if (!subject.ip) return Found{.hardware = "", .remote_id = std::string("\0\x10\x95\0\0\x07", 6), .modem = subject.modem, .address = {}, .lease_since = 0};
    if (subject.ip->value % 256 == 0) return std::unexpected(to_string(*subject.ip) + ": the lease ended yesterday.");
    return Found{.hardware = "\2\2\2\2\2" + std::string(1, static_cast<char>(subject.ip->value)), .remote_id = {}, .modem = {}, .address = *subject.ip, .lease_since = 5};
  }
  bool look_for_addresses(const subscriber::Confined&, std::uint64_t& place, const Sink&) override {
    place = 0;
    return true;
  }
  bool has_garden(const std::optional<Ipv4>&) override { return true; }
  std::string in_class(const Found&, const std::vector<std::string>&) override { return {}; }
  std::uint64_t subscribers() override { return 100'000; }
};

class FakeEffects final : public Effects {
 public:
  WallMillis publish(std::shared_ptr<const subscriber::Confined>) override {
    ++published;
    return kNow;
  }
  void changed(std::span<const Ipv4>) override {}
  void reset_machine(CaseId, std::string_view, Ipv4) override {}
  void bounce_modem(CaseId, subscriber::Mac, const std::optional<Ipv4>&) override {}
  void tell(std::string_view, const Case&, const Step&) override {}
  int published = 0;
};

class Desk : public testing::Test {
 protected:
  Desk() {
    std::string name = testing::TempDir() + "coaxd-desk-XXXXXX";
    folder = mkdtemp(name.data());
    cases = std::move(*open_cases(folder + "/quarantine.db"));
    quarantines = std::make_unique<Switch>(Policy{}, plant, *cases, effects);
    EXPECT_TRUE(quarantines->load(kNow));
    desk = std::make_unique<QuarantineDesk>(*quarantines, *cases, [this](std::function<void()> act) { turns.push_back(std::move(act)); }, [] { return kNow; });
    site.quarantine = desk.get();
  }
  ~Desk() override {
    desk.reset();
    quarantines.reset();
    cases.reset();
    std::filesystem::remove_all(folder);
  }

  using Handle = void (*)(Site&, const Request&, const Answer&);
  void post(std::string body, Role role = Role::desk) {
    Request request{.method = "POST", .body = std::move(body)};
    request.caller = {.name = "token", .role = role, .peer = "192.0.2.1", .sources = role == Role::sensor ? std::vector<std::string>{"suricata"} : std::vector<std::string>{}};
    add_quarantine(site, request, [this](Response response) { answers.push_back(std::move(response)); });
  }
  void turn() {
    for (const auto& act : std::exchange(turns, {})) act();
  }
  Response one(std::string body, Role role = Role::desk) {
    answers.clear();
    post(std::move(body), role);
    turn();
    return answers.empty() ? Response{} : answers.front();
  }
  Response ask(Handle handle, std::string captured, std::vector<std::pair<std::string, std::string>> query = {}) {
    Request request{.query = std::move(query), .captured = {std::move(captured)}};
    request.caller = {.name = "helpdesk", .role = Role::desk, .peer = "192.0.2.2"};
    Response got;
    handle(site, request, [&](Response response) { got = std::move(response); });
    return got;
  }

  std::string folder;
  FakePlant plant;
  FakeEffects effects;
  std::unique_ptr<Cases> cases;
  std::unique_ptr<Switch> quarantines;
  std::unique_ptr<QuarantineDesk> desk;
  std::vector<std::function<void()>> turns;
  std::vector<Response> answers;
  lease::LeaseTable leases{HashSeed{1, 2}};
  struct NoStore : subscriber::ModemStore {
    std::expected<std::uint64_t, std::string> load_modems(const std::function<void(subscriber::Modem)>&) override { return 0; }
    std::expected<void, std::string> write_modems(std::span<const Row>, bool) override { return {}; }
  } store;
  subscriber::Modems modems{store, {1, 2}};
  Site site{.leases = leases, .modems = modems, .config = {}, .now = {}, .free_lease = {}, .reload = {}, .metrics = {}, .stats = {}, .ailment = {}, .modem_json = {}, .back_up = {}};
};

TEST_F(Desk, AnOrderIsACaseThenTheSameCase) {
  const Response made = one(R"({"ip": "203.0.113.9", "reason": "port scan", "source": "desk", "ttl": 3600, "event_id": "1", "evidence": {"ports": [22, 23]}})");
  EXPECT_EQ(made.status, 201u) << made.body;
  const auto json = boost::json::parse(made.body);
  EXPECT_EQ(json.at("ip").as_string(), "203.0.113.9");
  EXPECT_EQ(json.at("scope").as_string(), "cpe");
  EXPECT_EQ(json.at("state").as_string(), "active");
  EXPECT_EQ(json.at("ordered_by").as_string(), "token");
  EXPECT_EQ(json.at("evidence").at("ports").at(1).as_int64(), 23);
  EXPECT_EQ(one(R"({"ip": "203.0.113.9", "reason": "port scan", "source": "desk", "event_id": "1"})").status, 200u);
  EXPECT_EQ(one(R"({"ip": "203.0.113.10", "dry_run": true, "reason": "x"})").status, 202u);
  EXPECT_EQ(one(R"({"ip": "203.0.113.0", "reason": "x"})").status, 404u);
  EXPECT_THAT(one(R"({"ip": "203.0.113.0", "reason": "x"})").body, HasSubstr("the lease ended yesterday"));
}

TEST_F(Desk, OrdersOfOneTurnShareACommit) {
  for (int i = 1; i <= 100; ++i) post("{\"ip\": \"203.0.113." + std::to_string(i) + "\", \"reason\": \"x\"}");
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(turns.size(), 1u);
  effects.published = 0;
  turn();
  EXPECT_EQ(answers.size(), 100u);
  EXPECT_EQ(effects.published, 1);
}

TEST_F(Desk, WhatIsWrongIsNamed) {
  for (const auto& [body, text] : {std::pair{R"({})", "Say who is meant"}, std::pair{R"({"ip": "1.2.3.4", "mac": "1:2:3:4:5:6"})", "Say who is meant"}, std::pair{R"({"ip": "1.2.3"})", "ip: '1.2.3'"},
                                   std::pair{R"({"mac": "x"})", "mac: 'x'"}, std::pair{R"({"modem": "x"})", "modem: 'x'"}, std::pair{R"({"ip": "1.2.3.4", "scope": "all"})", "scope: 'all'"},
                                   std::pair{R"({"ip": "1.2.3.4", "ttl": 99999999999})", "ttl: seconds"}, std::pair{R"({"ip": "1.2.3.4", "count": 0})", "count:"},
                                   std::pair{R"({"ip": "1.2.3.4", "observed_at": "now"})", "observed_at: 'now'"}, std::pair{R"({"ip": "1.2.3.4", "expires": 1})", "no member 'expires'"}}) {
    const Response refused = one(body);
    EXPECT_EQ(refused.status, 400u) << body;
    EXPECT_THAT(refused.body, HasSubstr(text)) << body;
  }
  EXPECT_EQ(one("{\"ip\": \"1.2.3.4\", \"reason\": \"" + std::string(2000, 'x') + "\"}").status, 400u);
  const Response foreign = one(R"({"ip": "203.0.113.9", "source": "snort"})", Role::sensor);
  EXPECT_EQ(foreign.status, 403u);
  EXPECT_THAT(foreign.body, HasSubstr("only for suricata"));
}

TEST_F(Desk, CasesAreListedShownAndReleased) {
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(one("{\"ip\": \"203.0.113." + std::to_string(i) + "\", \"reason\": \"x\"}").status, 201u);
  const auto page = boost::json::parse(ask(list_quarantines, "", {{"limit", "2"}}).body);
  ASSERT_EQ(page.at("quarantines").as_array().size(), 2u);
  const std::string newest(page.at("quarantines").at(0).at("id").as_string().c_str()), next(page.at("next").as_string().c_str());
  const auto rest = boost::json::parse(ask(list_quarantines, "", {{"cursor", next}}).body);
  EXPECT_EQ(rest.at("quarantines").as_array().size(), 3u);
  EXPECT_TRUE(rest.at("next").is_null());
  EXPECT_THAT(ask(show_quarantine, newest).body, HasSubstr("203.0.113.5"));
  EXPECT_THAT(ask(release_quarantine, newest, {{"reason", "cleaned"}}).body, HasSubstr(R"("state":"released")"));
  EXPECT_THAT(ask(show_steps, newest).body, HasSubstr("helpdesk"));
  EXPECT_EQ(boost::json::parse(ask(list_quarantines, "", {{"active", "1"}}).body).at("quarantines").as_array().size(), 4u);
  for (const Handle handle : {show_quarantine, show_steps, release_quarantine}) {
    EXPECT_EQ(ask(handle, "q-999").status, 404u);
    EXPECT_EQ(ask(handle, "17x").status, 400u);
  }
  EXPECT_EQ(ask(list_quarantines, "", {{"cursor", "x"}}).status, 400u);
  EXPECT_EQ(ask(list_quarantines, "", {{"active", "yes"}}).status, 400u);
  site.quarantine = nullptr;
  EXPECT_EQ(ask(list_quarantines, "").status, 503u);
}

TEST_F(Desk, ASensorWithoutAClockSaysNothingOfNow) {
  // 0 stands for "now" within; what a sensor saw in 1970 is too old to be acted upon.
  const Response old = one(R"({"ip": "203.0.113.9", "reason": "x", "source": "suricata", "signature": "1:1", "evidence": {"n": 1}, "observed_at": "1970-01-01T00:00:00Z"})", Role::sensor);
  EXPECT_EQ(old.status, 202u) << old.body;
  EXPECT_THAT(old.body, HasSubstr("observed"));
}

TEST_F(Desk, TheRecordSaysWhatWasSaidInItsLetters) {
  const auto made = boost::json::parse(one(R"({"ip": "203.0.113.9", "reason": "verschickt Müll"})").body);
  const std::string id(made.at("id").as_string().c_str());
  EXPECT_EQ(ask(release_quarantine, id, {{"reason", "gelöscht"}}).status, 200u);
  const auto steps = boost::json::parse(ask(show_steps, id).body);
  EXPECT_THAT(std::string(steps.at("steps").at(0).at("text").as_string().c_str()), HasSubstr("Müll"));
  EXPECT_THAT(std::string(steps.at("steps").at(1).at("text").as_string().c_str()), HasSubstr("gelöscht"));
}

TEST_F(Desk, AReleasesReasonIsUtf8AndHasItsLimit) {
  const auto made = boost::json::parse(one(R"({"ip": "203.0.113.9", "reason": "x"})").body);
  const std::string id(made.at("id").as_string().c_str());
  for (const std::string& bad : {std::string("\xff"), std::string("\xc3"), std::string(2000, 'x')}) EXPECT_EQ(ask(release_quarantine, id, {{"reason", bad}}).status, 400u);
}

}  // namespace
}  // namespace coaxd::api
