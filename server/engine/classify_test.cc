#include "server/engine/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

using testing::ElementsAre;
using wire::TestPacket;

TestPacket modem(std::string_view vendor = "docsis3.0:05") {
  TestPacket packet;
  packet.cookie().add(53, {1}).text(60, vendor).add(82, {2, 6, 0, 0x15, 0x96, 0, 0, 5}).end();
  return packet;
}

std::vector<std::string> classes_of(Scene& scene) {
  ClassSet set;
  classify(scene.context, set);
  std::vector<std::string> names;
  for (const ClassMatch& match : set.matches()) {
    std::string name = match.cls->name;
    if (match.via_subclass) {
      name += ":";
      for (const std::uint8_t octet : match.data) name += "0123456789abcdef"[octet >> 4], name += "0123456789abcdef"[octet & 15];
      name += match.subclass != nullptr ? " declared" : " spawned";
    }
    names.push_back(name);
  }
  return names;
}

TEST(DhcpdClasses_3_6_MatchIf, FalseAndNullEndIt) {
  Scene scene(
      "class \"yes\" { match if substring(option vendor-class-identifier, 0, 6) = \"docsis\"; }\n"
      "class \"no\" { match if option vendor-class-identifier = \"x\"; }\n"
      "class \"null\" { match if option host-name ~= \"x\"; }\n"
      "class \"never\" { }\n"
      "class \"not-x\" { match if option host-name != \"x\"; }\n");
  scene.receive(modem());
  EXPECT_THAT(classes_of(scene), ElementsAre("yes", "not-x"));
}

TEST(DhcpdClasses_3_6_Subclass, DeclaredByRawOctets) {
  Scene scene(
      "class \"hw\" { match hardware; }\n"
      "subclass \"hw\" 1:00:15:96:00:00:05;\n"
      "class \"remote\" { match option agent.remote-id; lease limit 3; }\n"
      "subclass \"remote\" 00:15:96:00:00:05 { lease limit 2; option domain-name \"sub\"; }\n"
      "class \"other\" { match option agent.remote-id; }\n"
      "subclass \"other\" 00:15:96:00:00:06;\n"
      "class \"text\" { match option vendor-class-identifier; }\n"
      "subclass \"text\" \"docsis3.0:05\";\n");
  scene.receive(modem());
  EXPECT_THAT(classes_of(scene), ElementsAre("hw:01001596000005 declared", "remote:001596000005 declared",
                                             "text:646f63736973332e303a3035 declared"));
  ClassSet set;
  classify(scene.context, set);
  EXPECT_EQ(set.matches()[1].lease_limit(), 2u);
  EXPECT_TRUE(set.contains(scene.config->class_by_name("remote")->index));
  EXPECT_FALSE(set.contains(scene.config->class_by_name("other")->index));
  EXPECT_EQ(set.matches()[0].scope(), scene.config->class_by_name("hw")->scope);
  EXPECT_EQ(set.matches()[1].scope()->parent, scene.config->class_by_name("remote")->scope);
}

TEST(DhcpdClasses_3_6_Spawn, UnknownDataMakesASubclass) {
  Scene scene("class \"per-modem\" { spawn with option agent.remote-id; lease limit 4; }\nsubclass \"per-modem\" 01:02;");
  scene.receive(modem());
  EXPECT_THAT(classes_of(scene), ElementsAre("per-modem:001596000005 spawned"));
  ClassSet set;
  classify(scene.context, set);
  EXPECT_EQ(set.matches()[0].lease_limit(), 4u);
}

TEST(DhcpdClasses_3_6_Submatch, NullAndEmptyDataAreNoMembers) {
  Scene scene(
      "class \"null\" { spawn with option host-name; }\n"
      "class \"empty\" { spawn with substring(option vendor-class-identifier, 99, 1); }\n"
      "class \"both\" { match if exists host-name; match option agent.remote-id; }\nsubclass \"both\" 00:15:96:00:00:05;");
  scene.receive(modem());
  EXPECT_THAT(classes_of(scene), ElementsAre());
}

TEST(DhcpdClasses_3_6_Limit, FirstFiveInOrderOfDeclaration) {
  std::string text;
  for (int i = 0; i < 7; ++i) text += "class \"c" + std::to_string(i) + "\" { match if exists vendor-class-identifier; }\n";
  Scene scene(text);
  scene.receive(modem());
  EXPECT_THAT(classes_of(scene), ElementsAre("c0", "c1", "c2", "c3", "c4"));
  ClassSet set;
  classify(scene.context, set);
  EXPECT_EQ(set.left_out(), 2u);
}

TEST(DhcpdClasses_3_6_Bootp, IsInNoClass) {
  Scene scene("class \"all\" { match if packet(0, 1) = 01; }");
  scene.receive(TestPacket().cookie().text(60, "x").end());
  EXPECT_THAT(classes_of(scene), ElementsAre());
  scene.receive(modem());
  EXPECT_THAT(classes_of(scene), ElementsAre("all"));
}

TEST(DhcpdClasses_5_1_Add, PutsTheClientInOnce) {
  Scene scene("class \"by-hand\" { }\nclass \"all\" { match if packet(0, 1) = 01; }\nadd \"by-hand\";\nadd \"by-hand\";\nadd \"all\";");
  scene.receive(modem());
  ClassSet set;
  classify(scene.context, set);
  scene.run();
  add_executed_classes(scene.context, set);
  ASSERT_EQ(set.size(), 2u);
  EXPECT_EQ(set.matches()[1].cls->name, "by-hand");
  EXPECT_EQ(scene.context.added_class_count, 0);
}

// dhcpd-compat §6, 3: classes run last matched first, so the one declared first has the last word.
TEST(DhcpdClasses_6_Order, FirstDeclaredWins) {
  Scene scene(
      "log(info, \"g\");\n"
      "class \"a\" { match if exists vendor-class-identifier; option domain-name \"a\"; log(info, \"a\"); }\n"
      "class \"b\" { match if exists vendor-class-identifier; option domain-name \"b\"; log(info, \"b\"); }\n"
      "class \"c\" { match option agent.remote-id; log(info, \"c\"); }\n"
      "subclass \"c\" 00:15:96:00:00:05 { log(info, \"c sub\"); }\n");
  scene.receive(modem());
  ClassSet set;
  classify(scene.context, set);
  execute_classes(set, &scene.config->global(), scene.context);
  EXPECT_EQ(as_text(*scene.reply.get(0, 15)), "a");
  EXPECT_THAT(scene.logged(), ElementsAre("c", "c sub", "b", "a"));
}

}  // namespace
}  // namespace coaxd::engine
