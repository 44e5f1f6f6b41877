#include "server/api/tokens.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/api/limits.h"

namespace coaxd::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";  // of "test"

std::string error_of(const std::string& line) {
  const auto tokens = Tokens::parse(line, "tokens");
  return tokens ? std::string{} : tokens.error();
}

TEST(Tokens, AFreshOneIsFoundByItsLine) {
  const auto made = new_token("ids-1", "sensor");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->token.size(), 64u);
  const auto tokens = Tokens::parse("# those who may\n\n" + made->line + "  from=10.9.0.0/24,192.0.2.7 sources=suricata,snort # here\n", "tokens");
  ASSERT_TRUE(tokens) << tokens.error();
  const Token* found = (*tokens)->find(made->token);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "ids-1");
  EXPECT_EQ(found->role, Role::sensor);
  EXPECT_THAT(found->sources, ElementsAre("suricata", "snort"));
  EXPECT_TRUE(may_come_from(*found, "10.9.0.77"));
  EXPECT_TRUE(may_come_from(*found, "::ffff:192.0.2.7"));
  EXPECT_FALSE(may_come_from(*found, "10.9.1.1"));
  EXPECT_FALSE(may_come_from(*found, "2001:db8::1"));
  EXPECT_EQ((*tokens)->find(""), nullptr);
  EXPECT_EQ((*tokens)->find(made->token.substr(1)), nullptr);
  EXPECT_NE(new_token("a", "desk")->token, new_token("a", "desk")->token);
}

TEST(Tokens, HashesAreSha256) { EXPECT_NE((*Tokens::parse("a admin " + kHash, "tokens"))->find("test"), nullptr); }

TEST(Tokens, AWrongLineIsToldWithWhatIsRight) {
  EXPECT_THAT(error_of("ids-1 sensor"), HasSubstr("tokens:1: error: a line is NAME ROLE HASH"));
  EXPECT_THAT(error_of("\nids-1 sensr " + kHash), HasSubstr("tokens:2: error: 'sensr' is no role: sensor, desk or admin; did you mean sensor?"));
  EXPECT_THAT(error_of("ids-1 anybody " + kHash), HasSubstr("is no role"));
  EXPECT_THAT(error_of("i/d desk " + kHash), HasSubstr("'i/d' is no name"));
  EXPECT_THAT(error_of("ids desk test"), HasSubstr("SHA-256 of the token"));
  EXPECT_THAT(error_of("ids desk " + kHash + " from=10.0.0.1/8"), HasSubstr("from=10.9.0.0/24"));
  EXPECT_THAT(error_of("ids desk " + kHash + " form=1"), HasSubstr("'form=1' is not known"));
  EXPECT_THAT(error_of("a desk " + kHash + "\nb desk " + kHash), HasSubstr("line 1 has this hash"));
  EXPECT_FALSE(new_token("a b", "desk"));
  EXPECT_FALSE(new_token("a", "root"));
}

TEST(Tokens, TheFileIsTheServersAlone) {
  const std::string path = testing::TempDir() + "coaxd-tokens-" + std::to_string(getpid());
  std::ofstream(path) << "a admin " << kHash << "\n";
  chmod(path.c_str(), 0640);
  EXPECT_THAT(Tokens::load(path, geteuid()).error(), HasSubstr("chmod 600"));
  chmod(path.c_str(), 0600);
  EXPECT_TRUE(Tokens::load(path, geteuid()));
  std::filesystem::remove(path);
  EXPECT_THAT(Tokens::load(path, geteuid()).error(), HasSubstr("there is no such file: coaxctl token new"));
  EXPECT_THAT(Tokens::load("/", geteuid()).error(), HasSubstr("is no file"));
}

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Limits, SoManyASecondAndAsManyAfterARest) {
  TokenBucket bucket;
  const auto taken = [&](std::int64_t now, int asked) {
    int got = 0;
    for (int i = 0; i < asked; ++i) got += bucket.take(10, now) ? 1 : 0;
    return got;
  };
  EXPECT_EQ(taken(kSecond, 100), 10);
  EXPECT_EQ(taken(kSecond + kSecond / 2, 100), 5);
  EXPECT_EQ(taken(100 * kSecond, 100), 10);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.take(0, 100 * kSecond));
}

TEST(Limits, WhoGuessesWaitsLongerEachTime) {
  Guesses guesses;
  std::int64_t now = kSecond;
  EXPECT_EQ(guesses.wrong("192.0.2.1", now).count(), 100);
  EXPECT_EQ(guesses.wrong("192.0.2.1", now).count(), 200);
  EXPECT_EQ(guesses.wrong("192.0.2.2", now).count(), 100);
  for (int i = 0; i < 100; ++i) EXPECT_LE(guesses.wrong("192.0.2.1", now), Guesses::kLongest);
  EXPECT_EQ(guesses.wrong("192.0.2.1", now), Guesses::kLongest);
  now += Guesses::kRestNs + 1;
  EXPECT_EQ(guesses.wrong("192.0.2.1", now).count(), 100);
  for (std::size_t i = 0; i < 2 * Guesses::kMostPeers; ++i) (void)guesses.wrong(std::to_string(i), now);  // bounded
}

}  // namespace
}  // namespace coaxd::api
