#include "server/api/conversation.h"

#include <gmock/gmock.h>

#include "server/api/problem.h"

namespace coaxd::api {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kPost = "POST /v1/quarantine?x=a%20b+c&y HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nContent-Length: 4\r\n\r\n{  }";

unsigned status_of(Conversation& conversation) {
  auto heard = conversation.next();
  const auto* response = std::get_if<Response>(&heard);
  return response == nullptr ? 0 : response->status;
}

TEST(Rfc9112_Request, IsReadWholeWhateverPiecesItComesIn) {
  for (std::size_t cut = 0; cut <= kPost.size(); ++cut) {
    Conversation conversation;
    EXPECT_TRUE(conversation.is_idle());
    conversation.receive(std::string_view(kPost).substr(0, cut));
    if (cut < kPost.size()) {
      EXPECT_TRUE(std::holds_alternative<std::monostate>(conversation.next())) << cut;
      EXPECT_EQ(conversation.is_idle(), cut == 0) << cut;
      conversation.receive(std::string_view(kPost).substr(cut));
    }
    auto heard = conversation.next();
    const auto* request = std::get_if<Request>(&heard);
    ASSERT_NE(request, nullptr) << cut;
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->path, "/v1/quarantine");
    EXPECT_EQ(*request->parameter("x"), "a b c");
    EXPECT_EQ(*request->parameter("y"), "");
    EXPECT_EQ(request->parameter("z"), nullptr);
    EXPECT_EQ(request->authorization, "Bearer t");
    EXPECT_EQ(request->body, "{  }");
    EXPECT_TRUE(conversation.goes_on());
  }
}

TEST(Rfc9112_9_3_2_Pipelining, RequestsComeOneAfterAnother) {
  Conversation conversation;
  conversation.receive(kPost + "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /metr");
  auto first = conversation.next();
  EXPECT_EQ(std::get<Request>(first).method, "POST");
  auto second = conversation.next();
  EXPECT_EQ(std::get<Request>(second).path, "/healthz");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(conversation.next()));
  conversation.receive("ics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto third = conversation.next();
  EXPECT_EQ(std::get<Request>(third).path, "/metrics");
  EXPECT_FALSE(conversation.goes_on());
}

TEST(Rfc9112_Request, WhatIsMalformedOrTooLargeIsAProblemAndTheEnd) {
  struct Case {
    std::string octets;
    unsigned status;
  };
  const Case cases[] = {{"GARBAGE\r\n\r\n", 400},
                        {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and more\r\n\r\n", 24), 400},
                        {"GET /a HTTP/3.0\r\n\r\n", 505},
                        {"GET nopath HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                        {"GET /?a=%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                        {"GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 431},
                        {"GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'), 431},
                        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", 413},
                        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
                        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
                        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400}};
  for (const Case& one : cases) {
    Conversation conversation;
    conversation.receive(one.octets);
    EXPECT_EQ(status_of(conversation), one.status) << one.octets.substr(0, 60);
    EXPECT_FALSE(conversation.goes_on());
  }
}

TEST(Rfc9112_7_1_Chunked, ABodyInChunksIsOneWithinTheSameLimit) {
  Conversation conversation;
  conversation.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n1\r\n}\r\n0\r\n\r\n");
  auto heard = conversation.next();
  EXPECT_EQ(std::get<Request>(heard).body, "{ }");
  Conversation endless;
  endless.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  unsigned status = 0;
  for (int i = 0; i < 40 && status == 0; ++i) {
    endless.receive("800\r\n" + std::string(2048, 'x') + "\r\n");
    status = status_of(endless);
  }
  EXPECT_EQ(status, 413u);
}

TEST(Rfc9110_10_1_1_Expect, IsToldToContinueOnce) {
  Conversation conversation;
  conversation.receive("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(conversation.next()));
  EXPECT_EQ(conversation.interim(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(conversation.interim(), "");
  conversation.receive("{}");
  auto heard = conversation.next();
  EXPECT_EQ(std::get<Request>(heard).body, "{}");
}

std::string answered(const std::string& request, const Response& response, std::string piece = {}) {
  Conversation conversation;
  conversation.receive(request);
  (void)conversation.next();
  std::string out = conversation.begin(response);
  if (response.stream == nullptr || !conversation.wants_body()) return out;
  conversation.frame(piece);
  return out + piece + std::string(conversation.end());
}

TEST(Rfc9112_6_Framing, FollowsTheRequest) {
  const Response whole{.status = 404, .body = "text"};
  EXPECT_THAT(answered("GET / HTTP/1.1\r\nHost: a\r\n\r\n", whole), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(answered("GET / HTTP/1.1\r\nHost: a\r\n\r\n", whole), EndsWith("\r\nContent-Length: 4\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\ntext"));
  EXPECT_THAT(answered("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", whole), EndsWith("nosniff\r\n\r\n"));
  EXPECT_THAT(answered("GET / HTTP/1.0\r\n\r\n", whole), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answered("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", whole), HasSubstr("Connection: keep-alive\r\n"));

  Response streamed;
  streamed.stream = stream_of([](std::string&) { return false; });
  EXPECT_THAT(answered("GET / HTTP/1.1\r\nHost: a\r\n\r\n", streamed, "0123456789abcdef"), EndsWith("\r\n\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"));
  // Without chunks its end is the connection's.
  EXPECT_THAT(answered("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", streamed, "abc"), EndsWith("Connection: close\r\n\r\nabc"));
  EXPECT_THAT(answered("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", streamed, "abc"), EndsWith("nosniff\r\n\r\n"));
}

}  // namespace
}  // namespace coaxd::api
