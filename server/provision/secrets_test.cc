#include "server/provision/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

namespace coaxd::provision {
namespace {

std::shared_ptr<const Secrets> parsed(std::string_view text) {
  std::uint64_t next_id = 1;
  auto secrets = Secrets::parse(text, "secrets", next_id);
  EXPECT_TRUE(secrets) << (secrets ? "" : secrets.error());
  return secrets ? *secrets : nullptr;
}
std::string problem(std::string_view text) {
  std::uint64_t next_id = 1;
  auto secrets = Secrets::parse(text, "secrets", next_id);
  return secrets ? "" : secrets.error();
}
std::string key_for(const Secrets& secrets, Ipv4 cmts) {
  const Secrets::Entry* entry = secrets.find(cmts);
  return entry == nullptr ? "-" : std::string(as_text(entry->key->seal().secret.octets));
}
constexpr WallSeconds kNow = 1'795'000'000;  // 2026-11-18

TEST(Secrets, TheLongestPrefixCounts) {
  const auto secrets = parsed("* \"all\"\n10.64.0.0/16\t\"sixteen\"  # south\n\n  10.64.5.1 \"one\"\n10.0.0.0/8 0x6569676874\n");
  EXPECT_EQ(key_for(*secrets, Ipv4::of(10, 64, 5, 1)), "one");
  EXPECT_EQ(key_for(*secrets, Ipv4::of(10, 64, 5, 2)), "sixteen");
  EXPECT_EQ(key_for(*secrets, Ipv4::of(10, 65, 5, 2)), "eight");
  EXPECT_EQ(key_for(*secrets, Ipv4::of(192, 0, 2, 1)), "all");
}

TEST(Secrets, WithoutALineForItACmtsHasNone) {
  EXPECT_EQ(key_for(*parsed("10.64.0.0/16 \"x\"\n"), Ipv4::of(10, 65, 0, 1)), "-");
  EXPECT_EQ(key_for(*parsed("10.65.0.0/16 \"\""), Ipv4::of(10, 65, 0, 1)), "");  // it has, and it is empty
}

TEST(Secrets, KeysAreTextOrOctets) {
  EXPECT_EQ(key_for(*parsed(R"(* "a \"b\" \\ # \x41\xff")"), {}), "a \"b\" \\ # A\xff");
  EXPECT_EQ(key_for(*parsed("* 0x00ff10 # behind"), {}), std::string("\0\xff\x10", 3));
  EXPECT_EQ(key_for(*parsed("* \"" + std::string(64, 'k') + "\""), {}), std::string(64, 'k'));
  EXPECT_NE(problem("* \"" + std::string(65, 'k') + "\"").find("longer than 64 octets"), std::string::npos);
}

TEST(Secrets, OldAndExtendedKeysStandBehindTheKey) {
  const auto secrets = parsed("* \"new\" extended \"new-e\" old \"old\" extended \"old-e\" until 2026-12-01T06:00Z\n10.0.0.1 \"n\" old \"o\" until 2026-12-01T06:00:30Z");
  const Secrets::Entry& entry = *secrets->find({});
  EXPECT_EQ(as_text(entry.key->seal().extended_secret->octets), "new-e");
  EXPECT_EQ(as_text(entry.old->seal().secret.octets), "old");
  EXPECT_EQ(as_text(entry.old->seal().extended_secret->octets), "old-e");
  EXPECT_EQ(entry.until, 1'796'104'800);  // date -u -d 2026-12-01T06:00 +%s
  EXPECT_NE(entry.key->id(), entry.old->id());
  EXPECT_EQ(entry.old_at(entry.until - 1), entry.old.get());
  EXPECT_EQ(entry.old_at(entry.until), nullptr);
  const Secrets::Entry& other = *secrets->find(Ipv4::of(10, 0, 0, 1));
  EXPECT_EQ(other.until, 1'796'104'830);
  EXPECT_FALSE(other.key->seal().extended_secret);
  EXPECT_EQ(parsed("* \"k\"")->find({})->old_at(kNow), nullptr);
}

// Whatever is wrong, neither the key nor the line is in the message: it goes to a log.
TEST(Secrets, MessagesNameThePlaceAndNeverTheKey) {
  const struct {
    std::string_view text, where, what;
  } kRows[] = {
      {"* hush\n", "secrets:1:3:", "write it as \"text\" or 0xHEX"},
      {"\n\n* \"hush", "secrets:3:3:", "closing \""},
      {"* \"hush\"hush", "secrets:1:9:", "blank is missing"},
      {"* \"hu\\sh\"", "secrets:1:6:", "backslash"},
      {"* 0xhush", "secrets:1:3:", "hexadecimal digits"},
      {"* 0x686", "secrets:1:3:", "odd number"},
      {"*", "secrets:1:2:", "key is missing"},
      {"10.0.0.1/8 \"hush\"", "secrets:1:1:", "10.64.0.0/16"},
      {"  10.0.0.300 \"hush\"", "secrets:1:3:", "address"},
      {"10.0.0.0/33 \"hush\"", "secrets:1:", "address"},
      {"10.0.0.0/ \"hush\"", "secrets:1:", "address"},
      {"hush \"hush\"", "secrets:1:1:", "address"},
      {"hush-hub-7", "secrets:1:1:", "* \"KEY\""},
      {"* \"hush\" \"hush\"", "secrets:1:10:", "more than a line holds"},
      {"* \"hush\" old \"hush\"", "secrets:1:20:", "until 2026"},
      {"* \"hush\" old \"hush\" until", "secrets:1:26:", "in UTC"},
      {"* \"hush\" old \"hush\" until 2026-13-01T00:00Z", "secrets:1:27:", "in UTC"},
      {"* \"hush\" old hush until 2026-12-01T00:00Z", "secrets:1:14:", "0xHEX"},
      {"* \"hush\"\n  * \"hush\"", "secrets:2:3:", "line 1"},
      {"", "secrets:", "holds no key"},
      {"# nothing\n\n", "secrets:", "holds no key"},
  };
  for (const auto& row : kRows) {
    const std::string told = problem(row.text);
    EXPECT_NE(told.find(row.where), std::string::npos) << row.text << " -> " << told;
    EXPECT_NE(told.find(row.what), std::string::npos) << row.text << " -> " << told;
    EXPECT_EQ(told.find("hush"), std::string::npos) << told;
    EXPECT_TRUE(told.ends_with('\n'));
  }
  const std::string two = problem("* x\n10.0.0.0/8 y\n");
  EXPECT_NE(two.find("secrets:1:"), std::string::npos);
  EXPECT_NE(two.find("secrets:2:"), std::string::npos);  // all of them at once
}

TEST(Secrets, EveryBeginningOfALineIsReadOrRefused) {
  const std::string text = "10.64.0.0/16 \"a\\x41\" extended 0x6162 old \"o\" until 2026-12-01T06:00:00Z";
  const auto behind = [&](std::string_view what) { return text.find(what) + what.size(); };
  // Whole lines are: up to a key and the blank behind it, and all of it.
  const std::set<std::size_t> whole{behind("x41\""), behind("x41\" "), behind("0x61"), behind("0x6162"), behind("0x6162 "), text.size()};
  for (std::size_t size = 0; size <= text.size(); ++size) EXPECT_EQ(problem(text.substr(0, size)).empty(), whole.contains(size)) << text.substr(0, size);
}

TEST(Secrets_ParseUtc, TakesTimesAndNothingElse) {
  EXPECT_EQ(parse_utc("1970-01-01T00:00Z"), 0);
  EXPECT_EQ(parse_utc("2024-02-29T23:59:59Z"), 1'709'251'199);
  for (const std::string_view wrong : {"", "Z", "2026-12-01", "2026-12-01T06:00", "2026-12-01 06:00Z", "2026-02-29T00:00Z", "2026-12-01T24:00Z", "2026-12-01T00:60Z", "2026-12-01T00:00:60Z",
                                       "2026-12-01T00:00:0Z", "26-12-01T00:00Z", "2026-12-01T06:00+1Z"})
    EXPECT_FALSE(parse_utc(wrong)) << wrong;
}

class SecretsFile : public testing::Test {
 protected:
  SecretsFile() {
    char folder[] = "/tmp/coaxd-secrets-XXXXXX";
    folder_ = ::mkdtemp(folder);
    path_ = folder_ + "/secrets";
  }
  ~SecretsFile() override {
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  void write(std::string_view text, mode_t mode) {
    std::ofstream(path_) << text;
    ::chmod(path_.c_str(), mode);
  }
  std::string load(uid_t user = ::geteuid()) {
    std::uint64_t next_id = 1;
    const auto secrets = Secrets::load(path_, user, next_id);
    return secrets ? "" : secrets.error();
  }
  std::string folder_, path_;
};

TEST_F(SecretsFile, IsForTheServerAlone) {
  write("* \"hush\"", 0600);
  EXPECT_EQ(load(), "");
  write("* \"hush\"", 0400);
  EXPECT_EQ(load(), "");
  for (const mode_t mode : std::initializer_list<mode_t>{0640, 0604, 0620, 0601, 0644}) {
    write("* \"hush\"", mode);
    const std::string told = load();
    EXPECT_NE(told.find("chmod 600 " + path_), std::string::npos) << told;
    EXPECT_EQ(told.find("hush"), std::string::npos);
    ::chmod(path_.c_str(), 0600);
  }
}

// `coaxd -t` looks at it for the user that the server will be.
TEST_F(SecretsFile, IsJudgedForTheServersUser) {
  write("* \"hush\"", 0600);
  constexpr uid_t kServer = 12345;
  const std::string what = ::geteuid() == 0 ? fmt::format("the server may not read it; make it its own: chown {} {}", kServer, path_) : "it belongs to user";
  EXPECT_NE(load(kServer).find(what), std::string::npos) << load(kServer);
}

TEST_F(SecretsFile, ThatIsNoneIsTold) {
  EXPECT_EQ(load(), fmt::format("[docsis] secrets {}: there is no such file; write a line `* \"KEY\"` into it (and chmod 600), or name another one, or \"\" where no CMTS has a key", path_));
  write(std::string(Secrets::kLargestFile + 1, '#'), 0600);
  EXPECT_NE(load().find("larger than"), std::string::npos);
  write(std::string(Secrets::kLargestFile - 9, '#') + "\n* \"k\"\n", 0600);
  EXPECT_EQ(load(), "");
  std::uint64_t next_id = 1;
  const auto folder = Secrets::load(folder_, ::geteuid(), next_id);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().find("is no file"), std::string::npos);
}

}  // namespace
}  // namespace coaxd::provision
