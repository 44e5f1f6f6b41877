#include "server/portal/portal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coaxd::portal {
namespace {

using quarantine::Case;
using quarantine::Effect;
using quarantine::Found;
using quarantine::Order;
using quarantine::Subject;
using quarantine::WallMillis;
using testing::HasSubstr;
using testing::Not;

constexpr WallMillis kNow = 1'795'443'900'000, kMinute = 60'000;
const std::string kMac("\x02\0\0\0\0\x01", 6);

// One machine, whose address was 203.0.113.9 and is 10.66.0.10 in the garden.
class OneMachine final : public quarantine::Plant, public quarantine::Cases, public quarantine::Effects {
 public:
  std::expected<Found, std::string> find(const Subject& subject, WallMillis) override {
    if (subject.ip == Ipv4::of(203, 0, 113, 9) || subject.ip == Ipv4::of(10, 66, 0, 10)) return Found{kMac, "", {}, subject.ip, 0};
    return std::unexpected("nobody");
  }
  bool look_for_addresses(const subscriber::Confined&, std::uint64_t&, const Sink&) override { return true; }
  bool has_garden(const std::optional<Ipv4>&) override { return true; }
  std::string in_class(const Found&, const std::vector<std::string>&) override { return {}; }
  std::uint64_t subscribers() override { return 1000; }
  std::expected<Loaded, std::string> load(WallMillis) override { return Loaded{}; }
  std::expected<void, std::string> write(std::span<const Case>, std::span<const quarantine::Step>) override {
    if (fails) return std::unexpected("the disk is full");
    return {};
  }
  std::expected<std::vector<quarantine::Step>, std::string> steps(quarantine::CaseId) override { return std::vector<quarantine::Step>{}; }
  std::expected<std::vector<Case>, std::string> list(quarantine::CaseId, std::size_t, bool) override { return std::vector<Case>{}; }
  WallMillis publish(std::shared_ptr<const subscriber::Confined>) override { return kNow; }
  void changed(std::span<const Ipv4>) override {}
  void reset_machine(quarantine::CaseId, std::string_view, Ipv4) override {}
  void bounce_modem(quarantine::CaseId, subscriber::Mac, const std::optional<Ipv4>&) override {}
  void tell(std::string_view, const Case&, const quarantine::Step&) override {}
  bool fails = false;
};

class PortalTest : public testing::Test {
 protected:
  OneMachine plant_;
  quarantine::Policy policy_{};
  std::unique_ptr<quarantine::Switch> switch_;
  std::unique_ptr<Portal> portal_;
  WallMillis now_ = kNow;

  Portal& on() {
    if (portal_ == nullptr) {
      switch_ = std::make_unique<quarantine::Switch>(policy_, plant_, plant_, plant_);
      EXPECT_TRUE(switch_->load(kNow));
      Portal::Options options{.name = "portal.example.net", .operator_name = "Cable & Co", .contact = "call 0800 1234", .links = {{"A scanner", "https://scan.example/?a=1&b=2"}}, .secure = true, .secret = {}};
      options.secret.fill(7);
      portal_ = std::make_unique<Portal>(options, *Texts::load(""), *switch_, [this] { return now_; });
    }
    return *portal_;
  }
  quarantine::CaseId confine(std::string reason = "a port scan", std::string evidence = R"({"ports":300,"to":"198.51.100.1"})", std::int64_t ttl = 0) {
    on();
    Order order;
    order.subject.ip = Ipv4::of(203, 0, 113, 9);
    order.reason = std::move(reason);
    order.evidence = std::move(evidence);
    order.ttl_s = ttl;
    order.by = {.name = "desk", .from = {}, .is_person = true};
    const auto result = switch_->order({&order, 1}, now_)[0];
    EXPECT_TRUE(result);
    return result->what.id;
  }
  api::Response ask(std::string method, std::string path, std::string body = {}, std::string peer = "10.66.0.10", std::string host = "portal.example.net", std::string language = "en") {
    api::Request request;
    request.method = std::move(method);
    const std::size_t query = path.find("?lang=");
    if (query != std::string::npos) request.query.emplace_back("lang", path.substr(query + 6));
    request.path = path.substr(0, query);
    request.body = std::move(body);
    request.host = std::move(host);
    request.accept_language = std::move(language);
    request.caller.peer = std::move(peer);
    std::optional<api::Response> got;
    on().handle(std::move(request), [&](api::Response response) { got = std::move(response); });
    EXPECT_TRUE(got);
    return std::move(*got);
  }
  api::Response get(std::string path = "/", std::string peer = "10.66.0.10", std::string host = "portal.example.net", std::string language = "en") {
    return ask("GET", std::move(path), {}, std::move(peer), std::move(host), std::move(language));
  }
  static std::string token_of(const api::Response& page) {
    const std::size_t at = page.body.find("name=\"token\" value=\"");
    return at == std::string::npos ? "" : page.body.substr(at + 20, 32);
  }
  static std::string header(const api::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
};

TEST_F(PortalTest, SaysWhySinceWhenAndWhatToDo) {
  const auto id = confine();
  const api::Response page = get();
  EXPECT_EQ(page.status, 200u);
  for (const char* part : {"a port scan", "2026-11-23 14:25", "10.66.0.10", "q-1", "<dt>ports</dt><dd>300</dd>", "https://scan.example/?a=1&amp;b=2", "call 0800 1234", "Cable &amp; Co", "type=\"checkbox\"", "lang=\"en\""})
    EXPECT_THAT(page.body, HasSubstr(part));
  EXPECT_EQ(switch_->find(id)->effects[static_cast<std::size_t>(Effect::page_seen)], kNow);
  EXPECT_THAT(header(page, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  EXPECT_THAT(page.body, Not(HasSubstr("{{")));
}

TEST_F(PortalTest, EvidenceStandsLastAndListsAreReadable) {
  confine("a port scan", R"({"destinations":["198.51.100.1","198.51.100.2"],"ports":[22,23],"none":[]})");
  const std::string body = get().body;
  for (const char* part : {"<dd>198.51.100.1, 198.51.100.2</dd>", "<dd>22, 23</dd>", "<dd></dd>"}) EXPECT_THAT(body, HasSubstr(part));
  EXPECT_LT(body.find("<button>"), body.find("<dl>"));
}

TEST_F(PortalTest, SpeaksHisLanguage) {
  confine();
  EXPECT_THAT(get("/", "10.66.0.10", "portal.example.net", "de-AT").body, HasSubstr("Anschluss freigeben"));
  EXPECT_THAT(get("/?lang=fr").body, HasSubstr("Libérer ma connexion"));
  EXPECT_THAT(get("/?lang=xx").body, HasSubstr("Release my connection"));
}

TEST_F(PortalTest, WhatASensorSaysIsTextAndNothingElse) {
  confine("<script>alert(1)</script> {{body}}", R"({"<b>":"</dd><script>","{{title}}":["<i>"]})");
  const std::string body = get().body;
  EXPECT_THAT(body, Not(HasSubstr("<script")));
  EXPECT_THAT(body, Not(HasSubstr("<b>")));
  EXPECT_THAT(body, Not(HasSubstr("<i>")));
  EXPECT_THAT(body, HasSubstr("{{body}}")) << "as it was said";
}

TEST_F(PortalTest, EveryOtherPageLeadsHere) {
  confine();
  for (const char* host : {"www.example.com", "connectivitycheck.gstatic.com", "", "203.0.113.1:80"}) {
    const api::Response away = get("/generate_204", "10.66.0.10", host);
    EXPECT_EQ(away.status, 302u) << host;
    EXPECT_EQ(header(away, "Location"), "http://portal.example.net/");
    EXPECT_EQ(header(away, "Cache-Control"), "no-store");
  }
  EXPECT_EQ(get("/other").status, 302u);
  EXPECT_EQ(ask("POST", "/").status, 405u);
  EXPECT_EQ(ask("POST", "/x", "", "10.66.0.10", "www.example.com").status, 302u);
}

TEST_F(PortalTest, HeReleasesHimself) {
  const auto id = confine();
  const std::string token = token_of(get());
  const api::Response released = ask("POST", "/release", "token=" + token + "&cleaned=yes");
  EXPECT_EQ(released.status, 200u);
  EXPECT_THAT(released.body, HasSubstr("Your connection is released"));
  EXPECT_THAT(released.body, HasSubstr("http-equiv=\"refresh\""));
  EXPECT_EQ(switch_->find(id)->state, quarantine::State::released);
  EXPECT_EQ(switch_->find(id)->ended_by, "portal");
  EXPECT_THAT(get().body, HasSubstr("not limited"));
  EXPECT_EQ(ask("POST", "/release", "token=" + token + "&cleaned=yes").status, 302u) << "again, with nothing to release";
}

TEST_F(PortalTest, NotWithoutTheTickNorWithoutThisPagesToken) {
  const auto id = confine();
  const std::string token = token_of(get());
  const api::Response unticked = ask("POST", "/release", "token=" + token);
  EXPECT_EQ(unticked.status, 422u);
  EXPECT_THAT(unticked.body, HasSubstr("tick the box first"));
  for (const std::string& bad : {std::string("cleaned=yes"), std::string("cleaned=yes&token="), "cleaned=yes&token=" + std::string(32, '0'), std::string("cleaned=yes&token=%"), std::string("&&==&token")})
    EXPECT_EQ(ask("POST", "/release", bad).status, 422u) << bad;
  EXPECT_EQ(ask("POST", "/release", "token=" + token + "&cleaned=yes", "203.0.113.9").status, 422u) << "the token is of the other address";
  EXPECT_EQ(ask("GET", "/release").status, 302u) << "no prefetcher releases anybody";
  now_ += 3 * 60 * kMinute;
  EXPECT_THAT(ask("POST", "/release", "token=" + token + "&cleaned=yes").body, HasSubstr("too old"));
  EXPECT_EQ(switch_->find(id)->state, quarantine::State::active);
}

TEST_F(PortalTest, WithinTheLimitsOfThePolicy) {
  policy_.self_releases = 1;
  policy_.wait_s = 600;
  confine();
  const api::Response early = get();
  EXPECT_THAT(early.body, HasSubstr("from 2026-11-23 14:35"));
  EXPECT_THAT(early.body, Not(HasSubstr("<form")));
  now_ += 10 * kMinute;
  EXPECT_THAT(get().body, HasSubstr("once more"));
  EXPECT_EQ(ask("POST", "/release", "cleaned=yes&token=" + token_of(get())).status, 200u);
  now_ += 60 * kMinute;
  confine();
  now_ += 10 * kMinute;
  const api::Response none = get();
  EXPECT_THAT(none.body, HasSubstr("as often as you can"));
  EXPECT_THAT(none.body, Not(HasSubstr("<form")));
}

TEST_F(PortalTest, SaysThatItWasNotPossibleWhenItWasNot) {
  const auto id = confine();
  plant_.fails = true;
  const api::Response failed = ask("POST", "/release", "cleaned=yes&token=" + token_of(get()));
  EXPECT_EQ(failed.status, 422u);
  EXPECT_THAT(failed.body, HasSubstr("not possible just now"));
  EXPECT_EQ(switch_->find(id)->state, quarantine::State::active);
}

TEST_F(PortalTest, Rfc8908_5_TellsSystemsThatAsk) {
  EXPECT_EQ(get("/capport").body, R"({"captive":false,"user-portal-url":"https://portal.example.net/"})");
  confine("x", "", 3600);
  now_ += kMinute;
  const api::Response captive = get("/capport");
  EXPECT_EQ(captive.type, "application/captive+json");
  EXPECT_EQ(header(captive, "Cache-Control"), "private");
  EXPECT_EQ(captive.body, R"({"captive":true,"user-portal-url":"https://portal.example.net/","seconds-remaining":3540})");
}

TEST_F(PortalTest, StrangersLearnNothing) {
  confine();
  const api::Response stranger = get("/", "198.51.100.7");
  EXPECT_THAT(stranger.body, HasSubstr("not limited"));
  EXPECT_THAT(stranger.body, Not(HasSubstr("port scan")));
  EXPECT_THAT(get("/", "2001:db8::1").body, HasSubstr("not limited"));
  EXPECT_THAT(get("/", "").body, HasSubstr("not limited"));
}

TEST_F(PortalTest, APageOfAnotherNameHearsNoTokenAndReleasesNobody) {
  const auto id = confine();
  // In the garden every name leads here, so a stranger's script may read what comes of its own.
  const api::Response foreign = ask("POST", "/release", "cleaned=yes", "10.66.0.10", "evil.example");
  EXPECT_EQ(foreign.status, 302u);
  EXPECT_EQ(token_of(foreign), "");
  EXPECT_EQ(ask("POST", "/release", "cleaned=yes&token=" + token_of(get()), "10.66.0.10", "evil.example").status, 302u);
  EXPECT_EQ(switch_->find(id)->state, quarantine::State::active);
}

TEST_F(PortalTest, Rfc4291_2_5_5_2_AnAddressMappedIntoIPv6IsTheSameOne) {
  confine();
  EXPECT_THAT(get("/", "::ffff:10.66.0.10").body, HasSubstr("a port scan"));
}

TEST_F(PortalTest, Rfc9110_4_2_3_HostsAreInEitherCase) {
  confine();
  EXPECT_EQ(get("/", "10.66.0.10", "Portal.Example.NET").status, 200u);
}

}  // namespace
}  // namespace coaxd::portal
