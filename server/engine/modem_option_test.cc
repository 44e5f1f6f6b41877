// `option modem.NAME` in dhcpd.conf, and what the engine notes of modems. What the values are is wire/cable_device_test.cc's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/testing/allocation_count.h"
#include "server/engine/classify.h"
#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

using subscriber::Mac;
using subscriber::ModemTable;
using testing::ElementsAre;
using wire::TestPacket;
using Lines = std::vector<std::string>;

std::string shown(std::string expression) {
  return "log(info, concat(\"<\", pick-first-value(" + std::move(expression) + ", \"null\"), \">\"));\n";
}
std::string hex(std::string expression) { return shown("binary-to-ascii(16, 8, \":\", " + std::move(expression) + ")"); }

TestPacket behind_the_modem() {
  TestPacket packet;
  packet.set(33, {0x77}).set(24, {10, 1, 0, 1}).cookie().add(53, {1}).text(60, "MSFT 5.0");
  return packet.add(82, {2, 6, 0, 0x15, 0x96, 0, 0, 5}).end();
}

Lines logged_by(const std::string& text, const TestPacket& packet) { return Scene(text).receive(packet).run(); }

TEST(OptionModem, ReadsWhatTheDeviceSays) {
  EXPECT_THAT(logged_by(shown("option modem.kind") + shown("option modem.docsis-version") + shown("option modem.serial-number") + shown("option modem.oui") +
                            hex("option modem.mac") + hex("option modem.concatenation-support") + hex("option modem.unknown-107") + shown("option modem.model") +
                            shown("option modem.unknown-199") + shown("option modem.profile"),
                        wire::modem_discover()),
              ElementsAre("<modem>", "<3.0>", "<1234>", "<001596>", "<0:15:96:0:0:5>", "<1>", "<f>", "<null>", "<null>", "<null>"));
}

TEST(OptionModem, ClassesAndConditionsCanUseThem) {
  Scene scene(R"(
    class "modems" { match if option modem.kind = "modem" and option modem.docsis-version = "3.0"; }
    class "by version" { match option modem.docsis-version; }
    subclass "by version" "3.0";
    class "said nothing" { match if exists modem.model; }
  )");
  scene.receive(wire::modem_discover());
  ClassSet classes;
  classify(scene.context, classes);
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes.matches()[0].cls->name, "modems");
  EXPECT_EQ(classes.matches()[1].cls->name, "by version");
}

TEST(OptionModem, ProfileIsTheModemsAlsoForWhoIsBehindIt) {
  ModemTable table({1, 2});
  ModemTable::Reader reader(table);
  Scene scene(shown("option modem.profile") + shown("concat(option modem.profile, \".cm\")"));
  scene.context.modems = &reader;
  scene.receive(wire::modem_discover());
  EXPECT_THAT(scene.run(), ElementsAre("<null>", "<null>")) << "no record";
  table.put({.mac = Mac{0x001596000005}, .profile = "gold"});
  scene.forget();
  EXPECT_THAT(scene.run(), ElementsAre("<gold>", "<gold.cm>")) << "at once";
  scene.forget();
  EXPECT_THAT(scene.receive(behind_the_modem()).run(), ElementsAre("<gold>", "<gold.cm>"));
  table.put({.mac = Mac{0x001596000005}, .profile = ""});
  scene.forget();
  EXPECT_THAT(scene.run(), ElementsAre("<null>", "<null>")) << "no profile is null, so that pick-first-value goes on";
}

// The file stays one that dhcpd loads: it may declare the space, and name what it wants in it by code.
TEST(OptionModem, DeclaredByTheFileTheCodesMeanTheSame) {
  EXPECT_THAT(logged_by("option space modem;\noption modem.what code 1 = text;\noption modem.igmp code 105 = string;\n" + shown("option modem.what") +
                            hex("option modem.igmp"),
                        wire::modem_discover()),
              ElementsAre("<modem>", "<1>"));
  EXPECT_THROW(Scene("option space modem; log(info, option modem.docsis-version);"), std::runtime_error) << "then it defines what it uses, as for dhcpd";
}

// An operator who has long had a space of this name keeps it: as soon as an option carries it, it is his.
TEST(OptionModem, ASpaceOfTheOperatorsOwnThatIsCarriedIsHis) {
  TestPacket packet;
  packet.cookie().add(53, {1}).text(60, "docsis3.0:").add(43, {1, 2, 'a', 'b'}).end();
  EXPECT_THAT(logged_by("option space modem;\noption modem.mine code 1 = text;\noption modem-area code 43 = encapsulate modem;\n" + shown("option modem.mine"),
                        packet),
              ElementsAre("<ab>"));
  EXPECT_THAT(logged_by("option space modem;\noption modem.mine code 1 = text;\nvendor-option-space modem;\nparse-vendor-option;\n" +
                            shown("option modem.mine") + shown("config-option modem.mine"),
                        packet)
                  .front(),
              "<ab>");
}

TEST(OptionModem, SettingOneSendsNothing) {
  Scene scene("option modem.model \"x\"; option host-name \"h\";" + shown("config-option modem.model"));
  EXPECT_THAT(scene.receive(wire::modem_discover()).run(), ElementsAre("<x>"));
}

TEST(OptionModem, AllocatesNothing) {
  ModemTable table({1, 2});
  ModemTable::Reader reader(table);
  table.put({.mac = Mac{0x001596000005}, .profile = "gold"});
  Scene scene(shown("option modem.profile") + hex("option modem.concatenation-support") + shown("option modem.oui"));
  scene.context.modems = &reader;
  scene.receive(wire::modem_discover());
  const std::size_t before = allocation_count();
  for (int i = 0; i < 100; ++i) {
    scene.forget();
    execute(scene.config->global().statements, scene.context);
  }
  EXPECT_EQ(allocation_count(), before);
  EXPECT_EQ(scene.context.effect_count, 3);
}

}  // namespace
}  // namespace coaxd::engine
