#include "snmp/keys.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace coaxd::snmp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<const Keys> read(std::string_view text) {
  auto keys = Keys::parse(text, "snmp.keys");
  EXPECT_TRUE(keys) << keys.error();
  return keys ? *keys : std::make_shared<const Keys>();
}

std::string error_of(std::string_view text) {
  const auto keys = Keys::parse(text, "snmp.keys");
  EXPECT_FALSE(keys) << text;
  return keys ? "" : keys.error();
}

TEST(SnmpKeys, CommunitiesAndUsersAreRead) {
  const auto keys = read(
      "# of the plant\n"
      "\n"
      "old    v1  \"private\"   # a uBR7223\r\n"
      "plant  v2c \"say \\\"friend\\\" \\\\ #1\"\n"
      "north  v3  \"coaxd\" auth sha256 \"longer than eight\" priv aes128 \"another one\"\n"
      "mid    v3  \"coaxd\" auth sha \"longer than eight\"\n"
      "open   v3  \"reader\"");
  ASSERT_EQ(keys->all().size(), 5u);
  EXPECT_EQ(keys->find("old")->version, Version::v1);
  EXPECT_EQ(keys->find("old")->community.text(), "private");
  EXPECT_EQ(keys->find("plant")->version, Version::v2c);
  EXPECT_EQ(keys->find("plant")->community.text(), "say \"friend\" \\ #1");
  const Key* north = keys->find("north");
  EXPECT_EQ(north->version, Version::v3);
  EXPECT_EQ(north->user, "coaxd");
  EXPECT_EQ(north->auth, AuthProtocol::sha256);
  EXPECT_EQ(north->auth_passphrase.text(), "longer than eight");
  EXPECT_EQ(north->priv, PrivProtocol::aes128);
  EXPECT_EQ(north->priv_passphrase.text(), "another one");
  EXPECT_EQ(keys->find("mid")->priv, PrivProtocol::none);
  EXPECT_EQ(keys->find("open")->auth, AuthProtocol::none);
  EXPECT_EQ(keys->find("nobody"), nullptr);
}

TEST(SnmpKeys, EveryProtocolHasItsName) {
  for (const auto& [name, value] : {std::pair{"md5", AuthProtocol::md5}, {"sha", AuthProtocol::sha1}, {"sha1", AuthProtocol::sha1}, {"sha224", AuthProtocol::sha224}, {"sha384", AuthProtocol::sha384}, {"sha512", AuthProtocol::sha512}})
    EXPECT_EQ(read("a v3 \"u\" auth " + std::string(name) + " \"12345678\"")->all()[0].auth, value);
  for (const auto& [name, value] : {std::pair{"des", PrivProtocol::des}, {"aes", PrivProtocol::aes128}, {"aes192", PrivProtocol::aes192}, {"aes256", PrivProtocol::aes256}})
    EXPECT_EQ(read("a v3 \"u\" auth sha \"12345678\" priv " + std::string(name) + " \"12345678\"")->all()[0].priv, value);
}

TEST(SnmpKeys, WhatIsWrongIsToldAtItsPlaceAndWithoutTheSecret) {
  const auto wrong = [](std::string_view text, std::string_view place, std::string_view message) {
    const std::string error = error_of(text);
    EXPECT_TRUE(error.starts_with("snmp.keys:" + std::string(place) + ": error: ")) << error;
    EXPECT_THAT(error, HasSubstr(std::string(message)));
    EXPECT_THAT(error, Not(HasSubstr("hush"))) << text;
  };
  wrong("\"hush\" v2c", "1:1", "a line begins with a name for it");
  wrong("a", "1:2", "expecting the version of SNMP: v1, v2c, v3");
  wrong("a v2 \"hush\"", "1:3", "expecting the version of SNMP");
  wrong("a hush v2c", "1:3", "expecting the version of SNMP");
  wrong("a v2c hush", "1:7", "the community: expecting it here in quotes");
  wrong("a v2c", "1:6", "the community: expecting it here in quotes");
  wrong("a v2c \"hush", "1:7", "the closing \" is missing");
  wrong("a v2c \"hush\"x", "1:7", "a blank is missing");
  wrong("a v2c \"hu\\sh\"", "1:7", "a backslash stands before");
  wrong("a v2c \"\"", "1:7", "the community is empty");
  wrong("a v2c \"" + std::string(256, 'h') + "\"", "1:7", "is longer than 255 octets");
  wrong("a v2c \"hush\" hush2", "1:14", "more than a line holds");
  wrong("a v3 \"\"", "1:6", "1 to 32 octets");
  wrong("a v3 \"" + std::string(33, 'u') + "\"", "1:6", "1 to 32 octets");
  wrong("a v3 \"u\" auth sha3 \"hush1234\"", "1:15", "md5, sha, sha1, sha224, sha256, sha384, sha512");
  wrong("a v3 \"u\" auth sha \"hush\"", "1:19", "8 octets at least");
  wrong("a v3 \"u\" priv aes \"hush1234\"", "1:10", "privacy needs authentication");
  wrong("a v3 \"u\" auth sha \"hush1234\" priv 3des \"hush1234\"", "1:35", "des, aes, aes128, aes192, aes256");
  wrong("a v1 \"x\"\nb v1 \"x\"\na v1 \"hush\"", "3:1", "line 1 has this name already");
}

TEST(SnmpKeys, EveryWrongLineIsTold) {
  const std::string error = error_of("a v9\nb v1 \"x\"\nc v1\n");
  EXPECT_THAT(error, HasSubstr("snmp.keys:1:"));
  EXPECT_THAT(error, HasSubstr("snmp.keys:3:"));
}

TEST(SnmpKeys, ALineThatIsCutAnywhereIsReadOrRefused) {
  const std::string line = "north v3 \"coaxd\" auth sha256 \"longer than eight\" priv aes128 \"another \\\" one\"";
  for (std::size_t length = 0; length < line.size(); ++length) {
    const auto keys = Keys::parse(std::string_view(line).substr(0, length), "k");
    if (keys) EXPECT_TRUE((*keys)->all().empty() || (*keys)->all()[0].name == "north") << length;
    else EXPECT_TRUE(keys.error().starts_with("k:1:")) << length;
  }
}

class File {
 public:
  explicit File(mode_t mode) {
    const int fd = ::mkstemp(path_.data());
    const std::string_view line = "a v2c \"hush\"\n";
    EXPECT_EQ(::write(fd, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    ::fchmod(fd, mode);
    ::close(fd);
  }
  ~File() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "coaxd_snmp_keys_XXXXXX";
};

TEST(SnmpKeys, OnlyAFileThatNobodyElseCanReadIsTaken) {
  const File closed(0600), open(0644);
  const auto keys = Keys::load(closed.path(), ::geteuid());
  ASSERT_TRUE(keys) << keys.error();
  EXPECT_EQ((*keys)->find("a")->community.text(), "hush");
  const auto refused = Keys::load(open.path(), ::geteuid());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("(mode 0644); chmod 600 "));
  EXPECT_THAT(Keys::load("/nonexistent/snmp.keys", ::geteuid()).error(), HasSubstr("there is no such file"));
  EXPECT_THAT(Keys::load("/tmp", ::geteuid()).error(), HasSubstr("is no file"));
}

TEST(Secret, IsWipedWhereItWas) {
  Secret from("hush");
  const Secret to = std::move(from);
  EXPECT_EQ(to.text(), "hush");
  EXPECT_EQ(from.text(), "");
}

}  // namespace
}  // namespace coaxd::snmp
