#include "server/api/api.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "server/api/problem.h"
#include "server/config/test_config.h"

namespace coaxd::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr WallSeconds kNow = 1'800'000'000;

class NoStore : public subscriber::ModemStore {
 public:
  std::expected<std::uint64_t, std::string> load_modems(const std::function<void(subscriber::Modem)>&) override { return 0; }
  std::expected<void, std::string> write_modems(std::span<const Row>, bool) override { return {}; }
};

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    lease::PoolSpec pool{.id = 0, .ranges = {{Ipv4::of(10, 1, 0, 10), Ipv4::of(10, 1, 7, 250)}}, .excluded = {}};
    leases.configure({&pool, 1}, kNow);
    std::string lines;
    for (const char* role : {"sensor", "desk", "admin"}) {
      const auto made = new_token(role, role);
      tokens[role] = made->token;
      lines += made->line + (std::string_view(role) == "sensor" ? " sources=suricata\n" : "\n");
    }
    api.use(*Tokens::parse(lines, "tokens"));
  }

  Site site() {
    Site made{.leases = leases, .modems = modems, .config = [this] { return config; }, .now = [this] { return now; },
              .free_lease = [](const std::string& address) -> Text { return address + " is free: what was there.\n"; },
              .reload = []() -> Text { return std::unexpected("line 3: semicolon expected."); },
              .metrics = [] { return std::string{"figures\n"}; }, .stats = [] { return std::string{"[]\n"}; }, .ailment = [this] { return ailment; },
              .modem_json = [](const subscriber::Modem& modem) { return fmt::format(R"({{"mac": "{}", "profile": "{}", "variables": {}}})", to_string(modem.mac), modem.profile, modem.variables.size()); },
              .back_up = [](auto) { return std::expected<void, std::string>(std::unexpected("no folder.")); }};
    made.events = std::make_shared<Events>(1);
    made.version = "1";
    return made;
  }

  // The answer, its stream read to the end.
  Response ask(std::string method, std::string target, std::string role = "admin", std::string body = {}) {
    Request request{.method = std::move(method), .body = std::move(body)};
    EXPECT_TRUE(parse_target(target, request));
    if (!role.empty()) request.authorization = "Bearer " + (tokens.contains(role) ? tokens[role] : role);
    request.accept = accept;
    request.caller.peer = peer;
    std::optional<Response> got;
    api.handle(std::move(request), [&](Response response) { got = std::move(response); });
    EXPECT_TRUE(got) << target;
    if (!got) return {};
    std::string piece;
    pieces = 0;
    largest_piece = 0;
    while (got->stream != nullptr) {
      piece.clear();
      const auto next = got->stream->next(piece);
      got->body += piece;
      ++pieces;
      largest_piece = std::max(largest_piece, piece.size());
      if (next != Stream::Next::more) break;
    }
    return *got;
  }
  void lease(Ipv4 address, std::string_view hardware, std::string_view remote_id = {}, lease::BindingState state = lease::BindingState::active) {
    lease::Binding binding;
    binding.state = state;
    binding.set_hardware(1, as_bytes(hardware));
    binding.set(lease::Item::client_id, as_bytes("\1" + std::string(hardware)));
    if (!remote_id.empty()) binding.set(lease::Item::agent_info, as_bytes("\2" + std::string(1, static_cast<char>(remote_id.size())) + std::string(remote_id)));
    binding.set(lease::Item::hostname, as_bytes("pc\"\xff"));
    binding.starts = binding.cltt = static_cast<lease::StoredTime>(kNow - 60);
    binding.ends = static_cast<lease::StoredTime>(kNow + 3600);
    const auto slot = leases.find(address);
    leases.commit(*leases.claim(slot, leases.word(slot)), binding);
  }
  std::vector<std::string> addresses(const std::string& target) {
    const Response response = ask("GET", target);
    EXPECT_EQ(response.status, 200u) << response.body;
    std::vector<std::string> found;
    const auto json = boost::json::parse(response.body);
    for (const auto& each : json.at("leases").as_array()) found.emplace_back(each.at("ip").as_string().c_str());
    cursor = json.at("next").is_null() ? "" : std::string(json.at("next").as_string().c_str());
    return found;
  }

  Instant now{.mono_ns = 1'000'000'000, .wall = kNow};
  lease::LeaseTable leases{HashSeed{1, 2}};
  NoStore store;
  subscriber::Modems modems{store, {1, 2}};
  std::shared_ptr<const config::Config> config = config::config_from("subnet 10.1.0.0 netmask 255.255.248.0 { range 10.1.0.10 10.1.7.250; }");
  std::string ailment, accept, peer = "192.0.2.7", cursor;
  std::vector<std::string> log;
  std::map<std::string, std::string> tokens;
  std::size_t pieces = 0, largest_piece = 0;
  Api api{site(), {.requests_per_second = 1000, .open_metrics = true, .log = [this](const std::string& line) { log.push_back(line); }, .record = [this](const std::string& line) { log.push_back(line); }}};
};

TEST_F(ApiTest, EachRowIsForItsRoleAndThoseAbove) {
  for (const Route& route : routes()) {
    std::string path(route.pattern);
    for (const auto& [from, to] : {std::pair{"{ip}", "10.1.0.10"}, std::pair{"{mac}", "00:10:95:01:02:03"}, std::pair{"{id}", "q-1"}})
      if (const auto at = path.find(from); at != path.npos) path.replace(at, std::string_view(from).size(), to);
    for (const Role role : {Role::anybody, Role::sensor, Role::desk, Role::admin}) {
      const Response response = ask(std::string(route.method), path, role == Role::anybody ? "" : std::string(to_string(role)));
      if (role >= route.role) {
        EXPECT_TRUE(response.status != 401 && response.status != 403) << route.method << " " << path << " " << to_string(role) << " " << response.body;
      } else {
        EXPECT_EQ(response.status, role == Role::anybody ? 401u : 403u) << route.method << " " << path << " " << to_string(role);
        EXPECT_EQ(response.type, "application/problem+json");
      }
    }
  }
}

TEST_F(ApiTest, AWrongTokenIsCountedToldAndSlowedDown) {
  const Response first = ask("GET", "/v1/pools", "guess");
  EXPECT_EQ(first.status, 401u);
  EXPECT_THAT(first.body, HasSubstr("coaxctl token new"));
  EXPECT_EQ(first.headers.front(), (std::pair<std::string_view, std::string>{"WWW-Authenticate", "Bearer"}));
  EXPECT_EQ(first.delay.count(), 100);
  EXPECT_EQ(ask("GET", "/v1/pools", "guess").delay.count(), 200);
  EXPECT_EQ(ask("GET", "/no/such/page", "guess").delay.count(), 400) << "what there is is for those who may know";
  EXPECT_EQ(ask("GET", "/v1/pools", "").delay.count(), 0) << "no token is no guess";
  EXPECT_EQ(ask("GET", "/v1/pools").delay.count(), 0) << "who knows it does not wait";
  EXPECT_THAT(log, ElementsAre(HasSubstr("192.0.2.7"))) << "one line a second";
  now.mono_ns += 2'000'000'000;
  (void)ask("GET", "/v1/pools", "guess");
  EXPECT_THAT(log, ElementsAre(HasSubstr("192.0.2.7"), HasSubstr("(3 since the last line like this)")));
  EXPECT_EQ(api.counters().unauthorized, 5u);
}

TEST_F(ApiTest, TheSocketVouchesForItsCaller) {
  Request request{.method = "GET", .path = "/v1/pools"};
  request.caller = {.name = "coaxctl", .role = Role::admin};
  unsigned status = 0;
  api.handle(std::move(request), [&](const Response& response) { status = response.status; });
  EXPECT_EQ(status, 200u);
}

TEST_F(ApiTest, WhatIsNotThereOrNotSoIsToldWithWhatIs) {
  EXPECT_EQ(ask("GET", "/v1/lease").status, 404u);
  EXPECT_THAT(ask("GET", "/v1/lease").body, HasSubstr("/openapi.json"));
  const Response wrong = ask("POST", "/v1/leases");
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_EQ(wrong.headers.front(), (std::pair<std::string_view, std::string>{"Allow", "GET"}));  // RFC 9110 §15.5.6
  EXPECT_THAT(ask("GET", "/v1/leases?subnett=1").body, HasSubstr("did you mean 'subnet'?"));
  EXPECT_THAT(ask("GET", "/v1/leases", "admin", "{}").body, HasSubstr("takes no body"));
  EXPECT_EQ(ask("POST", "/v1/config/reload").status, 409u);
  EXPECT_THAT(ask("POST", "/v1/config/reload").body, HasSubstr("semicolon expected"));
  EXPECT_EQ(ask("POST", "/v1/backup").status, 409u);
  EXPECT_EQ(ask("POST", "/v1/modems/00:10:95:01:02:03/reset").status, 503u);
}

TEST_F(ApiTest, MoreThanTheRateAreToldToWait) {
  int good = 0;
  Response last;
  for (int i = 0; i < 1100; ++i) {
    last = ask("GET", "/v1/stats", "desk");
    good += last.status == 200 ? 1 : 0;
  }
  EXPECT_EQ(good, 1000);
  EXPECT_EQ(last.status, 429u);
  EXPECT_EQ(last.headers.front(), (std::pair<std::string_view, std::string>{"Retry-After", "1"}));
  EXPECT_EQ(ask("GET", "/v1/stats", "admin").status, 200u) << "another token";
}

TEST_F(ApiTest, MetricsAreOpenToThisMachineAndHealthToAll) {
  EXPECT_EQ(ask("GET", "/metrics", "").status, 401u);
  peer = "127.0.0.1";
  EXPECT_EQ(ask("GET", "/metrics", "").body, "figures\n");
  EXPECT_EQ(ask("GET", "/healthz", "").body, "ok\n");
  ailment = "the lease store cannot be written: No space left on device";
  EXPECT_EQ(ask("GET", "/healthz", "").status, 503u);
  EXPECT_EQ(ask("GET", "/healthz", "").body, ailment + "\n");
  const auto open = [&](const char* method, const char* path) {
    Response got;
    api.handle_open_pages(Request{.method = method, .path = path}, [&](Response response) { got = std::move(response); });
    return got.status;
  };
  EXPECT_EQ(open("GET", "/metrics"), 200u);
  EXPECT_EQ(open("GET", "/healthz"), 503u);
  EXPECT_EQ(open("GET", "/v1/leases"), 404u);
  EXPECT_EQ(open("POST", "/metrics"), 405u);
}

// --- leases ---

TEST_F(ApiTest, LeasesAreFoundByEachOfTheirKeys) {
  lease(Ipv4::of(10, 1, 0, 20), "\1\2\3\4\5\6");
  lease(Ipv4::of(10, 1, 3, 1), "\1\2\3\4\5\7", std::string_view("\x00\x10\x95\x01\x02\x03", 6));
  lease(Ipv4::of(10, 1, 2, 1), "\1\2\3\4\5\7", std::string_view("\x00\x10\x95\x01\x02\x03", 6), lease::BindingState::released);
  EXPECT_THAT(addresses("/v1/leases"), ElementsAre("10.1.0.20", "10.1.2.1", "10.1.3.1"));
  EXPECT_EQ(cursor, "");
  EXPECT_THAT(addresses("/v1/leases?ip=10.1.3.1"), ElementsAre("10.1.3.1"));
  EXPECT_THAT(addresses("/v1/leases?ip=10.1.3.2"), ElementsAre());
  EXPECT_THAT(addresses("/v1/leases?mac=01:02:03:04:05:07"), ElementsAre("10.1.2.1", "10.1.3.1"));
  EXPECT_THAT(addresses("/v1/leases?mac=0102.0304.0507&state=active"), ElementsAre("10.1.3.1"));
  EXPECT_THAT(addresses("/v1/leases?client_id=01:01:02:03:04:05:06"), ElementsAre("10.1.0.20"));
  EXPECT_THAT(addresses("/v1/leases?modem=00:10:95:01:02:03"), ElementsAre("10.1.2.1", "10.1.3.1"));
  EXPECT_THAT(addresses("/v1/leases?subnet=10.1.2.0/23"), ElementsAre("10.1.2.1", "10.1.3.1"));
  EXPECT_THAT(addresses("/v1/leases?subnet=10.1.3.0/24&state=released"), ElementsAre());
  now.wall += 7200;
  EXPECT_THAT(addresses("/v1/leases?state=expired"), ElementsAre("10.1.0.20", "10.1.3.1")) << "run out, and not worked off yet";
  accept = "application/x-ndjson";
  const Response lines = ask("GET", "/v1/leases?mac=01:02:03:04:05:06");
  EXPECT_EQ(lines.type, "application/x-ndjson");
  EXPECT_EQ(lines.body.substr(0, lines.body.find(", \"cltt\"")), R"({"ip": "10.1.0.20", "state": "expired", "starts": 1799999940, "ends": 1800003600)");
  EXPECT_THAT(lines.body, HasSubstr(R"("hostname": "pc\"\u00ff"})"));
}

TEST_F(ApiTest, AListGoesOnBehindItsCursor) {
  for (std::uint32_t i = 0; i < 1500; ++i) lease(Ipv4{Ipv4::of(10, 1, 0, 10).value + i}, fmt::format("{:06}", i));
  std::vector<std::string> all = addresses("/v1/leases?limit=700");
  EXPECT_EQ(cursor, all.back());
  std::vector<std::string> rest = addresses("/v1/leases?limit=700&cursor=" + cursor);
  all.insert(all.end(), rest.begin(), rest.end());
  rest = addresses("/v1/leases?limit=700&cursor=" + cursor);
  EXPECT_EQ(cursor, "");
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, addresses("/v1/leases"));
  EXPECT_EQ(all.size(), 1500u);
  EXPECT_GT(pieces, 3u);
  EXPECT_LT(largest_piece, 66'000u) << "constant memory";
  EXPECT_THAT(addresses("/v1/leases?subnet=10.1.1.0/24&limit=2&cursor=10.1.0.99"), ElementsAre("10.1.1.0", "10.1.1.1"));
  EXPECT_THAT(addresses("/v1/leases?cursor=255.255.255.255"), ElementsAre());
}

TEST_F(ApiTest, AWrongFilterIsTold) {
  for (const auto& [target, text] : {std::pair{"ip=10.1.0", "an IPv4 address such as"}, std::pair{"mac=x", "a MAC address such as"}, std::pair{"subnet=10.1.0.1/24", "a prefix such as"},
                                     std::pair{"client_id=012", "hexadecimal"}, std::pair{"limit=0", "a whole number from 1"}, std::pair{"limit=-1", "a whole number"},
                                     std::pair{"state=activ", "did you mean 'active'?"}, std::pair{"cursor=q", "an IPv4 address"}, std::pair{"modem=", "a MAC address"}}) {
    const Response response = ask("GET", std::string("/v1/leases?") + target);
    EXPECT_EQ(response.status, 400u) << target;
    EXPECT_THAT(response.body, HasSubstr(text)) << target;
  }
  EXPECT_EQ(ask("GET", "/v1/leases?ip=10.9.0.1").status, 404u);
  EXPECT_EQ(ask("DELETE", "/v1/leases/10.9.0.1").status, 404u);
  EXPECT_EQ(ask("DELETE", "/v1/leases/x").status, 400u);
  EXPECT_THAT(ask("DELETE", "/v1/leases/10.1.0.10").body, HasSubstr("10.1.0.10 is free"));
  EXPECT_EQ(ask("GET", "/v1/history").status, 400u);
  EXPECT_EQ(ask("GET", "/v1/history?ip=10.1.0.10&mac=1:2:3:4:5:6").status, 400u);
  EXPECT_EQ(ask("GET", "/v1/history?ip=10.1.0.10&at=yesterday").status, 400u);
}

TEST_F(ApiTest, PoolsAreCounted) {
  lease(Ipv4::of(10, 1, 0, 20), "\1\2\3\4\5\6");
  const auto pool = boost::json::parse(ask("GET", "/v1/pools").body).at("pools").at(0);
  EXPECT_EQ(pool.at("active").as_int64(), 1);
  EXPECT_EQ(pool.at("ranges").at(0).as_string(), "10.1.0.10-10.1.7.250");
}

// --- modems ---

TEST_F(ApiTest, AModemsRecordIsAsTheBodySays) {
  const std::string path = "/v1/modems/00:10:95:01:02:03";
  EXPECT_EQ(ask("GET", path).status, 404u);
  EXPECT_EQ(ask("PUT", path, "admin", R"({"profile": "gold", "variables": {"a": "1", "b": "2"}})").status, 201u);
  EXPECT_THAT(ask("GET", path).body, StartsWith(R"({"mac": "00:10:95:01:02:03", "profile": "gold", "variables": 2})"));
  EXPECT_EQ(ask("PUT", path, "admin", R"({"variables": {"b": "3"}})").status, 200u);
  const auto modem = modems.get(subscriber::Mac{0x001095010203});
  EXPECT_EQ(modem->profile, "");
  ASSERT_EQ(modem->variables.size(), 1u);
  EXPECT_EQ(modem->variables[0].text, "3");
  EXPECT_THAT(ask("PUT", path, "admin", R"({"profil": "gold"})").body, HasSubstr("did you mean 'profile'?"));
  EXPECT_EQ(ask("PUT", path, "admin", R"({"profile": "no blanks"})").status, 400u);
  EXPECT_EQ(ask("PUT", "/v1/modems/x", "admin", "{}").status, 400u);
  for (int i = 4; i < 9; ++i) EXPECT_EQ(ask("PUT", fmt::format("/v1/modems/00109501020{}", i), "admin", R"({"profile": "gold"})").status, 201u);
  EXPECT_THAT(ask("GET", "/v1/modems?limit=2").body, HasSubstr(R"("next": "00:10:95:01:02:04"})"));
  EXPECT_THAT(ask("GET", "/v1/modems?limit=2&cursor=00:10:95:01:02:07").body, HasSubstr(R"("next": null})"));
  EXPECT_EQ(boost::json::parse(ask("GET", "/v1/modems?profile=gold").body).at("modems").as_array().size(), 5u);
  log.clear();
  EXPECT_EQ(ask("DELETE", path).status, 200u);
  EXPECT_EQ(ask("DELETE", path).status, 404u);
  EXPECT_THAT(log, ElementsAre("API: DELETE /v1/modems/00:10:95:01:02:03 by admin from 192.0.2.7.")) << "what was changed";
}

}  // namespace
}  // namespace coaxd::api
