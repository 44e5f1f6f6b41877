#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/startup.h"
#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

using config::Parameter;
using testing::ElementsAre;
using wire::TestPacket;

std::string domain(const Scene& scene) {
  const std::optional<Bytes> value = scene.reply.get(0, 15);
  return value ? std::string(as_text(*value)) : "none";
}

const config::Subnet& subnet(const Scene& scene) { return *scene.config->subnets().front(); }

TEST(DhcpdScopes_6_Order, OutermostFirstInnermostWins) {
  Scene scene(
      "option domain-name \"global\";\n"
      "shared-network n { option domain-name \"network\"; log(info, \"n\");\n"
      "  subnet 10.0.0.0 netmask 255.255.255.0 { option domain-name \"subnet\"; log(info, \"s\");\n"
      "    pool { range 10.0.0.10; option domain-name \"pool\"; log(info, \"p\"); } } }\n"
      "log(info, \"g\");\n");
  execute_scope(*subnet(scene).scope, nullptr, scene.context);
  EXPECT_EQ(domain(scene), "subnet");
  // The pool hangs below the shared network, whose chain was run already.
  const config::Pool& pool = *scene.config->pools().front();
  execute_scope(*pool.scope, pool.network->scope, scene.context);
  EXPECT_EQ(domain(scene), "pool");
  EXPECT_THAT(scene.logged(), ElementsAre("g", "n", "s", "p"));
}

TEST(DhcpdScopes_6_Limit, LeavesOutTheLimitAndAllAboveIt) {
  Scene scene(
      "log(info, \"g\");\n"
      "group { log(info, \"group\");\n"
      "  host h { hardware ethernet 0:0:0:0:0:1; log(info, \"h\"); } }\n"
      "subnet 10.0.0.0 netmask 255.255.255.0 { log(info, \"s\"); }\n");
  const config::Scope& host = *scene.config->hosts().front()->scope;
  execute_scope(host, subnet(scene).scope, scene.context);
  EXPECT_THAT(scene.logged(), ElementsAre("group", "h"));
  scene.forget();
  execute_scope(host, &host, scene.context);
  EXPECT_THAT(scene.logged(), ElementsAre());
  execute_scope(host, nullptr, scene.context);
  EXPECT_THAT(scene.logged(), ElementsAre("g", "group", "h"));
}

TEST(DhcpdStatements_5_1_Execute, ArgumentsAreKeptForTheWorker) {
  Scene scene("execute(\"/usr/bin/logger\", \"a b\", binary-to-ascii(16, 8, \":\", hardware), \"\");");
  scene.receive(TestPacket().cookie().add(53, {1}).end());
  scene.run();
  ASSERT_EQ(scene.context.effect_count, 1);
  const Effect& effect = scene.context.effects[0];
  EXPECT_EQ(effect.kind, Effect::Kind::execute);
  std::vector<std::string> argv;
  for (const Bytes argument : effect.argv) argv.emplace_back(as_text(argument));
  EXPECT_THAT(argv, ElementsAre("/usr/bin/logger", "a b", "1:0:15:96:0:0:5", ""));
}

TEST(DhcpdStatements_5_1_Execute, NullArgumentSuppressesIt) {
  Scene scene("execute(\"/bin/true\", \"a\", option host-name, \"b\");");
  EXPECT_THAT(scene.run(), ElementsAre("execute: bad arg 2"));
  EXPECT_EQ(scene.context.effect_count, 1);
}

TEST(DhcpdStatements_5_1_Log, LevelsAndLimit) {
  Scene scene("log(\"d\"); log(info, \"i\"); log(error, \"e\"); log(fatal, \"f\");");
  scene.run();
  using config::LogLevel;
  const LogLevel levels[] = {LogLevel::debug, LogLevel::info, LogLevel::error, LogLevel::fatal};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(scene.context.effects[i].level, levels[i]);
  for (int i = 0; i < 4; ++i) execute(scene.config->global().statements, scene.context);
  EXPECT_EQ(scene.context.effect_count, kMaxEffects);
  EXPECT_EQ(scene.context.effects_lost, 4);
}

TEST(DhcpdStatements_5_1_On, InnermostExecutedLastWinsPerEvent) {
  Scene scene(
      "on commit or expiry { log(info, \"outer\"); }\n"
      "subnet 10.0.0.0 netmask 255.255.255.0 { on commit { log(info, \"inner\"); } }\n");
  execute_scope(*subnet(scene).scope, nullptr, scene.context);
  ASSERT_NE(scene.context.on_commit, nullptr);
  ASSERT_NE(scene.context.on_expiry, nullptr);
  EXPECT_EQ(scene.context.on_release, nullptr);
  execute(scene.context.on_commit->body, scene.context);
  execute(scene.context.on_expiry->body, scene.context);
  EXPECT_THAT(scene.logged(), ElementsAre("inner", "outer"));
}

TEST(DhcpdStatements_5_1_On, WithoutBodyClears) {
  Scene scene("on commit or release { log(info, \"x\"); }\non release;");
  scene.run();
  EXPECT_NE(scene.context.on_commit, nullptr);
  EXPECT_EQ(scene.context.on_release, nullptr);
}

TEST(DhcpdStatements_5_1_On, NestedAttachesWhenTheBodyRuns) {
  Scene scene("on commit { set cvar = \"c\"; on release or expiry { log(info, concat(\"end \", cvar)); } }");
  scene.lease(Ipv4::of(10, 0, 0, 1)).run();
  EXPECT_EQ(scene.context.on_release, nullptr);
  execute(scene.context.on_commit->body, scene.context);
  ASSERT_NE(scene.context.on_release, nullptr);
  EXPECT_EQ(scene.context.on_release, scene.context.on_expiry);
  execute(scene.context.on_release->body, scene.context);
  EXPECT_THAT(scene.logged(), ElementsAre("end c"));
}

TEST(DhcpdStatements_5_3_Parameters, AreOptionsOfTheServerSpace) {
  Scene scene(
      "default-lease-time 600; max-lease-time -1; min-secs 7; deny unknown-clients; ignore booting; next-server 10.0.0.7;\n"
      "ping-check off; filename \"f\";\n"
      "if exists dhcp-message-type { default-lease-time = encode-int(extract-int(0a:00, 16), 32); }");
  scene.run();
  EXPECT_EQ(scene.reply.number(Parameter::default_lease_time, 1), 600u);
  EXPECT_EQ(scene.reply.number(Parameter::max_lease_time, 1), 0xffffffffu);
  EXPECT_EQ(scene.reply.number(Parameter::min_secs, 0), 7u);
  EXPECT_EQ(scene.reply.number(Parameter::min_lease_time, 300), 300u);
  EXPECT_EQ(scene.reply.number(Parameter::next_server, 0), Ipv4::of(10, 0, 0, 7).value);
  EXPECT_EQ(scene.reply.tri(Parameter::boot_unknown_clients, OptionState::Tri::allow), OptionState::Tri::deny);
  EXPECT_EQ(scene.reply.tri(Parameter::allow_booting, OptionState::Tri::allow), OptionState::Tri::ignore);
  EXPECT_EQ(scene.reply.tri(Parameter::allow_bootp, OptionState::Tri::allow), OptionState::Tri::allow);
  EXPECT_FALSE(scene.reply.flag(Parameter::ping_check, true));
  scene.forget();
  scene.receive(TestPacket().cookie().add(53, {1}).end()).run();
  EXPECT_EQ(scene.reply.number(Parameter::default_lease_time, 1), 2560u);
}

TEST(DhcpdStatements_5_2_Start, GlobalStatementsRunOnceWithoutAPacket) {
  std::string text = "set gvar = \"g\";\nif exists dhcp-message-type { log(error, \"packet\"); }\nexecute(\"/bin/true\", gvar);\n";
  for (int i = 0; i < 40; ++i) text += "log(info, \"" + std::to_string(i) + "\");\n";
  text += "subnet 10.0.0.0 netmask 255.255.255.0 { log(error, \"subnet\"); }";
  const auto config = config_from(text);
  GlobalVariables globals;
  globals.set("old", Value::of(true));
  const std::vector<StartupEffect> effects = run_global_statements(*config, nullptr, globals);
  ASSERT_EQ(effects.size(), 41u);
  EXPECT_THAT(effects[0].argv, ElementsAre("/bin/true", "g"));
  EXPECT_EQ(effects[40].text, "39");
  EXPECT_EQ(effects[40].level, config::LogLevel::info);
  EXPECT_EQ(Variables::find(globals.packed(), "gvar"), Value::of(as_bytes("g")));
  EXPECT_FALSE(Variables::find(globals.packed(), "old"));
}

TEST(OptionState, ClearForgetsEverythingInEverySpace) {
  Scene scene("option domain-name \"x\"; filename \"f\"; option space s; option s.a code 300 = text; option s.a \"a\";");
  scene.run();
  const std::uint32_t space = scene.reply.find_space("S")->index;
  EXPECT_TRUE(scene.reply.has(0, 15));
  EXPECT_TRUE(scene.reply.has(space, 300));
  scene.reply.clear();
  EXPECT_FALSE(scene.reply.has(0, 15));
  EXPECT_FALSE(scene.reply.has(space, 300));
  EXPECT_FALSE(scene.reply.get(Parameter::filename).has_value());
  EXPECT_EQ(scene.reply.find_space("nowhere"), nullptr);
}

TEST(OptionState, UnsetKeepsTheOrderOfTheOthers) {
  Scene scene("option domain-name \"a\"; option host-name \"b\"; option root-path \"c\";");
  scene.run();
  scene.reply.unset(0, 12);
  scene.reply.unset(0, 99);
  EXPECT_EQ(as_text(*scene.reply.get(0, 15)), "a");
  EXPECT_EQ(as_text(*scene.reply.get(0, 17)), "c");
  EXPECT_FALSE(scene.reply.has(0, 12));
  EXPECT_EQ(scene.reply.entries(0).size(), 2u);
}

}  // namespace
}  // namespace coaxd::engine
