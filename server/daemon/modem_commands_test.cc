#include "server/daemon/modem_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <sstream>

#include "server/provision/testing/plant.h"

namespace coaxd::daemon {
namespace {

using subscriber::Mac;
using subscriber::Modem;
using subscriber::Modems;
using testing::HasSubstr;

constexpr Mac kMac{0x001095010203};

class NoStore : public subscriber::ModemStore {
 public:
  std::expected<std::uint64_t, std::string> load_modems(const std::function<void(Modem)>&) override { return 0; }
  std::expected<void, std::string> write_modems(std::span<const Row>, bool) override {
    if (!failure.empty()) return std::unexpected(failure);
    return {};
  }
  std::string failure;
};

class ModemCommands : public testing::Test {
 protected:
  // The whole answer, or "error: " and why.
  std::string ask(const std::string& line, bool json = false) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    auto answer = modem_command(modems_, words, json, 1'700'000'000);
    if (!answer) return "error: " + answer.error();
    std::string text, chunk;
    for (bool more = true; more;) {
      chunk.clear();
      more = (*answer)(chunk);
      text += chunk;
    }
    return text;
  }
  NoStore store_;
  Modems modems_{store_, {1, 2}};
};

TEST_F(ModemCommands, SetShowListErase) {
  EXPECT_THAT(ask("set 00:10:95:01:02:03 --profile gold ds_rate=100 note=two%20words%25"), HasSubstr("profile      gold\n"));
  EXPECT_EQ(modems_.get(kMac)->variable("note"), "two words%");
  EXPECT_THAT(ask("show 0010.9501.0203"), HasSubstr("ds_rate =    100\n"));
  EXPECT_THAT(ask("show 001095010203"), HasSubstr("DHCP seen    never\n"));
  EXPECT_THAT(ask("show 001095010203"), HasSubstr("changed      2023-11-14 22:13:20\n"));
  ask("set 00:10:95:01:02:04");
  EXPECT_EQ(modems_.size(), 2u) << "a record of nothing, as yet";
  EXPECT_THAT(ask("list"), HasSubstr("00:10:95:01:02:03  gold "));
  EXPECT_THAT(ask("list"), HasSubstr("00:10:95:01:02:04  - "));
  EXPECT_THAT(ask("list --profile gold"), testing::Not(HasSubstr("00:10:95:01:02:04")));
  EXPECT_THAT(ask("set 00:10:95:01:02:03 --profile= ds_rate="), HasSubstr("profile      -\n"));
  EXPECT_FALSE(modems_.get(kMac)->variable("ds_rate"));
  EXPECT_EQ(ask("erase 00:10:95:01:02:03"), "00:10:95:01:02:03: its record is erased.\n");
  EXPECT_EQ(ask("erase 00:10:95:01:02:03"), "error: there is no record of 00:10:95:01:02:03: coaxctl modem set makes one.");
}

TEST_F(ModemCommands, EveryRefusalSaysWhatIsRight) {
  ask("set 00:10:95:01:02:03 --profile gold");
  struct Case {
    std::string_view line, part;
  };
  constexpr Case kCases[] = {
      {"", "modem set, show, list, erase or file"},
      {"sat 00:10:95:01:02:03", "modem set, show, list, erase or file"},
      {"set", "the MAC is missing"},
      {"set gold", "'gold' is no MAC address, such as 00:10:95:01:02:03"},
      {"set 00:10:95:01:02:03", "nothing to set"},
      {"set 00:10:95:01:02:03 gold", "'gold' is no NAME=TEXT"},
      {"set 00:10:95:01:02:03 --profile", "--profile wants"},
      {"set 00:10:95:01:02:03 --profile a%20b", "'a b' is no profile"},
      {"set 00:10:95:01:02:03 a=%2", "a % is written as %25"},
      {"set 00:10:95:01:02:03 a=%zz", "a % is written as %25"},
      {"set 00:10:95:01:02:03 a=%0a", "control characters"},
      {"set 00:10:95:01:02:03 1=x", "no digit first"},
      {"show", "one address"},
      {"show 1 2", "one address"},
      {"show 00:10:95:01:02:04", "there is no record"},
      {"erase", "one address"},
      {"list gold", "nothing else"},
  };
  for (const Case& c : kCases) {
    const std::string answer = ask(std::string(c.line));
    EXPECT_THAT(answer, testing::StartsWith("error: ")) << c.line;
    EXPECT_THAT(answer, HasSubstr(c.part)) << c.line;
  }
  store_.failure = "store: the disk is full";
  EXPECT_EQ(ask("set 00:10:95:01:02:03 a=1"), "error: store: the disk is full");
  EXPECT_EQ(ask("erase 00:10:95:01:02:03"), "error: store: the disk is full");
}

TEST_F(ModemCommands, JsonIsJsonWhateverADeviceSays) {
  Modem modem{.mac = kMac, .profile = "gold", .variables = {{"a", "it's \"\\\" \xc3\xa9"}, {"b", "2"}}, .changed = 5, .dhcp_seen = 6};
  modem.vendor_class = std::string("docsis3.0:050501010102010\"\xff\x00", 27);
  modem.vendor_options = std::string("\x09\x05TG\xff\"\\\x04\x03SN1", 12);
  modem.file = "gold.cm";
  modems_.table().put(modem);
  const std::string text = ask("show 00:10:95:01:02:03", true);
  const boost::json::object object = boost::json::parse(text).as_object();
  EXPECT_EQ(object.at("mac").as_string(), "00:10:95:01:02:03");
  EXPECT_EQ(object.at("profile").as_string(), "gold");
  EXPECT_EQ(object.at("variables").as_object().at("a").as_string(), "it's \"\\\" \xc3\xa9");
  EXPECT_EQ(object.at("dhcp_seen").as_int64(), 6);
  EXPECT_TRUE(object.at("file_served").is_null());
  EXPECT_EQ(object.at("kind").as_string(), "modem");
  EXPECT_EQ(object.at("docsis").as_string(), "3.0");
  EXPECT_EQ(object.at("serial").as_string(), "SN1");
  EXPECT_EQ(object.at("model").as_string(), "TG?\"\\");
  EXPECT_EQ(object.at("capabilities").as_object().at("concatenation-support").as_string(), "01");
  EXPECT_EQ(boost::json::parse(ask("list", true)).as_object(), object) << "one object a line";
}

TEST_F(ModemCommands, AListIsMadePieceByPiece) {
  for (std::uint64_t i = 0; i < 5000; ++i) modems_.table().put({.mac = Mac{i}, .profile = "p"});
  auto answer = modem_command(modems_, {"list"}, true, 1);
  ASSERT_TRUE(answer);
  std::string text, chunk;
  int pieces = 0;
  for (bool more = true; more; ++pieces) {
    chunk.clear();
    more = (*answer)(chunk);
    EXPECT_LT(chunk.size(), 80u << 10);
    text += chunk;
    if (pieces == 2) modems_.table().erase(Mac{4999});
  }
  EXPECT_GT(pieces, 3);
  EXPECT_EQ(std::ranges::count(text, '\n'), 4999);
}

// --- modem file ---

class ModemFileCommand : public testing::Test {
 protected:
  ModemFileCommand() {
    plant_.folder.write("templates/gold.cfg", "Main {\n  MaxCPE ${cpe:2};\n  SwUpgradeFilename \"${mac}\";\n}\n");
    plant_.folder.write("templates/needy.cfg", "Main {\n  MaxCPE ${missing};\n}\n");
    plant_.statics.files = {{"two words.bin", std::string("\xff\x00\x01", 3)}};
    for (const provision::News& news : plant_.open()) EXPECT_FALSE(news.error) << news.text;
  }
  std::string ask(std::vector<std::string> words, bool json = false) {
    const auto answer = modem_file(*plant_.files, words, json, plant_.now);
    if (!answer) return "error: " + answer.error();
    std::string text;
    while ((*answer)(text)) {
    }
    return text;
  }
  const std::string mac_ = to_string(provision::Plant::mac(0));
  provision::Plant plant_;
};

TEST_F(ModemFileCommand, ShowsWhatAModemWouldGet) {
  EXPECT_THAT(ask({mac_}), testing::StartsWith("error: DHCP has told " + mac_ + " no file name"));
  plant_.boot(0, "gold.cm");
  const docsis::Octets expected = provision::written_out("Main { MaxCPE 2; SwUpgradeFilename \"" + mac_ + "\"; }", "");
  EXPECT_THAT(ask({mac_}), testing::AllOf(HasSubstr("MaxCPE 2;"), HasSubstr("compiled from \"gold.cfg\"")));
  EXPECT_EQ(provision::written_out(ask({mac_}), ""), expected);
  EXPECT_EQ(ask({mac_, "--octets"}), as_text(expected));
  const boost::json::object object = boost::json::parse(ask({mac_, "gold.cm"}, true)).as_object();
  EXPECT_EQ(object.at("mac").as_string(), mac_);
  EXPECT_EQ(object.at("template").as_string(), "gold.cfg");
  EXPECT_EQ(object.at("size").as_int64(), static_cast<std::int64_t>(expected.size()));
  EXPECT_TRUE(object.at("tlvs").is_array());
  EXPECT_EQ(ask({mac_, "two%20words.bin", "--octets"}), std::string("\xff\x00\x01", 3));
}

TEST_F(ModemFileCommand, EveryRefusalSaysWhatIsRight) {
  EXPECT_THAT(ask({}), HasSubstr("error: modem file MAC [NAME]"));
  EXPECT_THAT(ask({mac_, "a", "b"}), HasSubstr("error: modem file MAC [NAME]"));
  EXPECT_THAT(ask({"gold"}), HasSubstr("error: 'gold' is no MAC address, such as"));
  EXPECT_THAT(ask({mac_, "%2"}), HasSubstr("a % is written as %25"));
  EXPECT_THAT(ask({mac_, "none.cm"}), HasSubstr("no template and no static file for 'none.cm'"));
  EXPECT_THAT(ask({mac_, "needy.cm"}), testing::AllOf(HasSubstr("needy.cfg:2:10: error"), HasSubstr("missing")));
}

}  // namespace
}  // namespace coaxd::daemon
