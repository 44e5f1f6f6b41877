#include "server/api/route.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "server/api/json_body.h"
#include "server/api/problem.h"

namespace coaxd::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Routes, AreFoundByMethodAndPath) {
  const auto found = match(routes(), "DELETE", "/v1/leases/203.0.113.9");
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.route->pattern, "/v1/leases/{ip}");
  EXPECT_THAT(found.captured, ElementsAre("203.0.113.9"));
  EXPECT_EQ(match(routes(), "HEAD", "/healthz").route, match(routes(), "GET", "/healthz").route);
  for (const char* none : {"/", "", "/v1", "/v1/leases/", "/v1/leases/a/b", "/v2/leases", "/healthz/", "//healthz", "/v1/leasesx"}) {
    const auto nothing = match(routes(), "DELETE", none);
    EXPECT_EQ(nothing.route, nullptr) << none;
    EXPECT_EQ(nothing.allowed, "") << none;
  }
  const auto wrong = match(routes(), "POST", "/v1/modems/00:10:95:01:02:03");
  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_EQ(wrong.allowed, "GET, PUT, DELETE");  // RFC 9110 §15.5.6
}

TEST(Routes, EachIsThereOnceAndSaysWhatItDoes) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Route& route : routes()) {
    EXPECT_TRUE(seen.emplace(route.method, route.pattern).second) << route.pattern;
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    EXPECT_NE(route.run, nullptr) << route.pattern;
  }
}

// docs/api.md has a line for each row, and none for what is not there.
TEST(Routes, StandInTheDocument) {
  std::ifstream file(COAXD_SOURCE_DIR "/docs/api.md");
  std::ostringstream text;
  text << file.rdbuf();
  std::string lines;
  for (const Route& route : routes())
    lines += "| `" + std::string(route.method) + " " + std::string(route.pattern) + "` | " + std::string(to_string(route.role)) + " | " + std::string(route.summary) + " |\n";
  EXPECT_THAT(text.str(), HasSubstr("|---|---|---|\n" + lines + "\n")) << "docs/api.md must hold these lines";
  for (const Route& route : routes()) {
    for (const Parameter& each : route.query) EXPECT_THAT(text.str(), HasSubstr("`" + std::string(each.name) + "`")) << route.pattern;
    for (const Member& each : route.body) EXPECT_THAT(text.str(), HasSubstr("`" + std::string(each.name) + "`")) << route.pattern;
  }
}

TEST(OpenApi, IsJsonWithEveryRow) {
  const auto document = boost::json::parse(openapi(routes(), "1.2"));
  EXPECT_EQ(document.at("info").at("version").as_string(), "1.2");
  std::size_t operations = 0;
  for (const auto& [path, methods] : document.at("paths").as_object()) operations += methods.as_object().size();
  EXPECT_EQ(operations, routes().size());
  const auto& post = document.at("paths").at("/v1/quarantine").at("post");
  EXPECT_EQ(post.at("requestBody").at("content").at("application/json").at("schema").at("properties").at("ttl").at("type").as_string(), "integer");
  EXPECT_TRUE(post.at("responses").as_object().contains("202"));
  EXPECT_EQ(document.at("paths").at("/v1/leases/{ip}").at("delete").at("parameters").at(0).at("in").as_string(), "path");
}

TEST(Parameters, AWrongNameIsToldWithTheRightOne) {
  Request request;
  ASSERT_TRUE(parse_target("/v1/leases?sub_net=1", request));
  const Route& leases = *match(routes(), "GET", "/v1/leases").route;
  EXPECT_THAT(wrong_parameter(leases, request), HasSubstr("no parameter 'sub_net' of GET /v1/leases; did you mean 'subnet'?"));
  request.query = {{"ip", "1"}, {"ip", "2"}};
  EXPECT_THAT(wrong_parameter(leases, request), HasSubstr("'ip' is there twice"));
  request.query = {{"x", ""}};
  EXPECT_THAT(wrong_parameter(*match(routes(), "GET", "/v1/pools").route, request), HasSubstr("It takes none"));
}

// --- bodies ---

constexpr Member kMembers[] = {{"ip", Member::Type::text, ""}, {"ttl", Member::Type::number, ""}, {"dry_run", Member::Type::boolean, ""}, {"evidence", Member::Type::object, ""},
                               {"variables", Member::Type::texts, ""}};

Response refusal(std::string_view body) {
  auto read = read_object(body, kMembers);
  return read ? Response{} : read.error();
}

TEST(Rfc9457_Problem, HasTheDetailAndFurtherMembers) {
  const Response response = problem(409, "say \"what\" \xff", {{"offset", "7"}});
  EXPECT_EQ(response.type, "application/problem+json");
  const auto json = boost::json::parse(response.body);
  EXPECT_EQ(json.at("status").as_int64(), 409);
  EXPECT_EQ(json.at("title").as_string(), "Conflict");
  EXPECT_EQ(json.at("offset").as_int64(), 7);
  EXPECT_THAT(std::string(json.at("detail").as_string().c_str()), HasSubstr("say \"what\""));
}

TEST(Bodies, WhatIsNoJsonIsToldWithItsPlace) {
  struct Case {
    std::string body;
    std::string place;
  };
  for (const Case& one : {Case{"{\"ip\": \"1\",}", "line 1, column 12 (octet 11)"}, Case{"{\n  \"ip\" 1}", "line 2, column 8 (octet 9)"}, Case{"{\"ip\":", "line 1, column 7 (octet 6)"},
                          Case{"nul", "line 1, column 4 (octet 3)"}, Case{"{} x", "line 1, column 4 (octet 3)"}, Case{"{\"ip\": \"\xff\"}", "line 1, column 9 (octet 8)"}}) {
    const Response refused = refusal(one.body);
    EXPECT_EQ(refused.status, 400u) << one.body;
    EXPECT_THAT(refused.body, HasSubstr(one.place)) << one.body;
  }
  EXPECT_EQ(refusal(std::string(60000, '[')).status, 400u);  // depth
}

TEST(Bodies, WhatIsNotKnownOrOfAnotherTypeIsNamed) {
  EXPECT_THAT(refusal(R"({"ipp": "1"})").body, HasSubstr("did you mean 'ip'?"));
  EXPECT_THAT(refusal(R"({"ipp": "1"})").body, HasSubstr(R"("member": "ipp")"));
  EXPECT_THAT(refusal(R"({"ttl": "3600"})").body, HasSubstr("'ttl' must be a whole number"));
  EXPECT_THAT(refusal(R"({"ttl": -1})").body, HasSubstr("'ttl' must be"));
  EXPECT_THAT(refusal(R"({"ttl": 1.5})").body, HasSubstr("'ttl' must be"));
  EXPECT_THAT(refusal(R"({"dry_run": 1})").body, HasSubstr("'dry_run' must be true or false"));
  EXPECT_THAT(refusal(R"({"evidence": []})").body, HasSubstr("'evidence' must be an object"));
  EXPECT_THAT(refusal(R"({"variables": {"a": 1}})").body, HasSubstr("'variables' must be"));
  EXPECT_THAT(refusal(R"([1])").body, HasSubstr("no object"));
}

TEST(Bodies, AreReadAndNullIsAsGoodAsMissing) {
  const auto read = read_object(R"({"ip": "1", "ttl": 18446744073709551615, "dry_run": true, "evidence": {"a": 1}, "variables": {"a": "b", "c": null}})", kMembers);
  ASSERT_TRUE(read);
  EXPECT_EQ(text_of(*read, "ip"), "1");
  EXPECT_EQ(number_of(*read, "ttl"), 18446744073709551615u);
  EXPECT_TRUE(flag_of(*read, "dry_run"));
  const auto empty = read_object(R"({"ip": null, "ttl": null, "dry_run": null})", kMembers);
  ASSERT_TRUE(empty);
  EXPECT_EQ(text_of(*empty, "ip"), "");
  EXPECT_EQ(number_of(*empty, "ttl", 7), 7u);
  EXPECT_FALSE(flag_of(*empty, "dry_run"));
  EXPECT_TRUE(read_object(" \n", kMembers));
}

}  // namespace
}  // namespace coaxd::api
