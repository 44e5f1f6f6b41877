#include "snmp/options.h"

#include <gtest/gtest.h>

namespace coaxd::snmp {
namespace {

config::Settings settings(const std::string& text) {
  config::Sources sources;
  const auto read = config::parse_settings("coaxd.toml", "[snmp]\n" + text, sources);
  EXPECT_TRUE(read);
  return read ? *read : config::Settings{};
}
std::shared_ptr<const Keys> keys() { return *Keys::parse("old v1 \"a\"\nplant v2c \"b\"\n", "snmp.keys"); }

TEST(SnmpOptions, RowsFindTheirKeys) {
  const auto options = make_options(settings("keys = \"/k\"\nmodem_key = \"plant\"\ntimeout_ms = 250\nretry_seconds = 60\nsets_per_second = 3\n"
                                             "cmts = [{ relays = \"10.64.0.1, 10.65.0.0/16\", address = \"10.0.0.1\", key = \"old\" },"
                                             "        { relays = \"10.66.0.1\", address = \"10.0.0.2:1161\", key = \"plant\", kind = \"casa\" }]"),
                                    keys());
  ASSERT_TRUE(options) << options.error();
  ASSERT_EQ(options->cmts.size(), 2u);
  EXPECT_EQ(options->cmts[0].cmts.address, "10.0.0.1:161");
  EXPECT_EQ(options->cmts[0].cmts.relays.size(), 2u);
  EXPECT_FALSE(options->cmts[0].cmts.newer);
  EXPECT_EQ(options->cmts[0].key->name, "old");
  EXPECT_EQ(options->cmts[1].cmts.address, "10.0.0.2:1161");
  EXPECT_EQ(options->cmts[1].cmts.kind, CmtsKind::casa);
  EXPECT_TRUE(options->cmts[1].cmts.newer);
  EXPECT_EQ(options->modem_key->name, "plant");
  EXPECT_EQ(options->timeout, Millis(250));
  EXPECT_EQ(options->patience.retry_ns, 60 * kSecondNs);
  EXPECT_EQ(options->patience.sets_per_second, 3u);
}

TEST(SnmpOptions, AKeyThatIsNotThereIsNamedWithWhatToWrite) {
  const auto wrong = make_options(settings("keys = \"/k\"\nmodem_key = \"m\"\ncmts = [{ relays = \"10.64.0.1\", address = \"10.0.0.1\", key = \"north\" }]"), keys());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(),
            "[snmp] cmts 10.0.0.1 names the key north, of which /k has no line; add one: north v2c \"COMMUNITY\"\n"
            "[snmp] modem_key names the key m, of which /k has no line; add one: m v2c \"COMMUNITY\"\n");
  const auto none = load_options(settings("cmts = [{ relays = \"10.64.0.1\", address = \"10.0.0.1\", key = \"north\" }]"), 0);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), "[snmp] cmts 10.0.0.1 names the key north, and there is no file of keys: write keys = \"/etc/coaxd/snmp.keys\", and a line for it there\n");
}

TEST(SnmpOptions, NothingConfiguredIsNothingToDo) {
  const auto options = load_options(config::Settings{}, 0);
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->cmts.empty());
  EXPECT_EQ(options->modem_key, nullptr);
}

}  // namespace
}  // namespace coaxd::snmp
