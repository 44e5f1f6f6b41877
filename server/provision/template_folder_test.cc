#include "server/provision/template_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/provision/testing/scratch_folder.h"

namespace coaxd::provision {
namespace {

#define COAXD_FLOWS " UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; } DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; }"
constexpr std::string_view kGood = "Main { NetworkAccess 1; MaxCPE ${cpe:2};" COAXD_FLOWS " }\n";
constexpr std::string_view kOther = "Main { NetworkAccess 0; MaxCPE ${cpe}; SwUpgradeFilename \"${file}\";" COAXD_FLOWS " }\n";
constexpr std::string_view kWrong = "Main {\n  NetworkAccess 1;\n  MaxCPE 300;\n}\n";

class TemplateFolderTest : public testing::Test {
 protected:
  std::vector<News> load() {
    auto told = templates.load(100);
    EXPECT_TRUE(told) << (told ? "" : told.error());
    return told ? *told : std::vector<News>{};
  }
  bool look() {
    news.clear();
    return templates.look(++now, news);
  }
  // Until a change has been found the same twice.
  bool settle() {
    const bool first = look();
    return look() || first;
  }
  const LoadedTemplate* find(std::string_view name) {
    const auto found = templates.set()->find(name);
    return found == templates.set()->end() ? nullptr : found->second.get();
  }
  bool has(std::string_view name) { return templates.set()->find(name) != templates.set()->end(); }
  TemplateStatus status(std::string_view name) {
    for (const TemplateStatus& each : templates.status())
      if (each.name == name) return each;
    return {.name = "-", .file = {}, .variables = {}, .problems = {}};
  }

  ScratchFolder folder;
  TemplateFolder templates{folder.path(), docsis::Dialect::native};
  std::vector<News> news;
  WallSeconds now = 1000;
};

TEST_F(TemplateFolderTest, ReadsWhatIsThere) {
  folder.write("gold.cfg", kGood);
  folder.write("south/gold.cfg", kOther);
  folder.write(".hidden.cfg", kWrong);
  folder.write(".git/gold.cfg", kWrong);
  folder.write("parts.inc", "MaxCPE 3;");
  folder.write("gold.cm", "octets");
  EXPECT_TRUE(load().empty());
  EXPECT_EQ(templates.status().size(), 2u);
  ASSERT_NE(find("gold.cm"), nullptr);
  EXPECT_EQ(find("gold.cm")->file, "gold.cfg");
  EXPECT_EQ(find("south/gold.bin")->file, "south/gold.cfg");
  EXPECT_NE(find("gold.cm")->id, find("south/gold.cm")->id);
  EXPECT_EQ(status("south/gold").variables, (std::vector<std::string>{"cpe", "file"}));
  EXPECT_EQ(status("gold").state, TemplateStatus::State::good);
  EXPECT_EQ(status("gold").loaded, 100);
}

TEST_F(TemplateFolderTest, NamesOfConfigurationsMeanIt) {
  folder.write("gold.cfg", kGood);
  load();
  for (const std::string_view name : {"gold", "gold.cm", "gold.cfg", "gold.bin", "gold.mta"}) EXPECT_TRUE(has(name)) << name;
  for (const std::string_view name : {"", "gol", "golden", "gold.img", "gold.cm.cm", ".cm", "GOLD.cm", "north/gold.cm", "gold/", "gold."}) EXPECT_FALSE(has(name)) << name;
}

TEST_F(TemplateFolderTest, WithoutAFolderThereAreNone) {
  TemplateFolder none({}, docsis::Dialect::native);
  EXPECT_TRUE(none.load(1));
  EXPECT_FALSE(none.look(2, news));
  EXPECT_TRUE(none.set()->all().empty());
  TemplateFolder missing(folder.path("nowhere"), docsis::Dialect::native);
  const auto loaded = missing.load(1);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(),
            fmt::format("[docsis] templates {0}: the folder cannot be read: No such file or directory; make it (mkdir -p {0}), or name another one, or \"\" for none", folder.path("nowhere")));
}

TEST_F(TemplateFolderTest, TakesAChangeThatTwoLooksHaveSeen) {
  folder.write("gold.cfg", kGood);
  load();
  const std::uint64_t first = find("gold.cm")->id;
  EXPECT_FALSE(look());
  EXPECT_FALSE(look());
  folder.write("gold.cfg", kOther);
  EXPECT_FALSE(look());
  EXPECT_EQ(find("gold.cm")->id, first);
  EXPECT_TRUE(look());
  EXPECT_NE(find("gold.cm")->id, first);
  EXPECT_EQ(find("gold.cm")->text.variables().size(), 2u);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_FALSE(news[0].error);
  EXPECT_EQ(status("gold").loaded, now);
  EXPECT_FALSE(look());
  EXPECT_TRUE(news.empty());
}

// Half a file may well compile: while it grows, nothing of it is served.
TEST_F(TemplateFolderTest, DoesNotTakeWhatIsBeingWritten) {
  load();
  std::ofstream out(folder.path("gold.cfg"));
  for (int i = 0; i < 5; ++i) {
    out << "# a line\n" << std::flush;
    EXPECT_FALSE(look());
    EXPECT_TRUE(templates.status().empty());
  }
  out << kGood << std::flush;
  EXPECT_FALSE(look());
  EXPECT_TRUE(look());
  EXPECT_NE(find("gold.cm"), nullptr);
}

TEST_F(TemplateFolderTest, KeepsTheLastGoodOneAndTellsProblemsOnce) {
  folder.write("gold.cfg", kGood);
  load();
  const std::uint64_t first = find("gold.cm")->id;
  folder.write("gold.cfg", kWrong);
  EXPECT_FALSE(settle());
  EXPECT_EQ(find("gold.cm")->id, first);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_TRUE(news[0].error);
  EXPECT_NE(news[0].text.find("what it was before is served"), std::string::npos);
  EXPECT_NE(news[0].text.find("gold.cfg:3:10: error: "), std::string::npos) << news[0].text;
  EXPECT_NE(news[0].text.find("  MaxCPE 300;\n         ^"), std::string::npos) << news[0].text;
  EXPECT_EQ(status("gold").state, TemplateStatus::State::kept);
  EXPECT_EQ(status("gold").loaded, 100);
  EXPECT_NE(status("gold").problems.find("gold.cfg:3:10"), std::string::npos);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(look());
    EXPECT_TRUE(news.empty());
  }
  folder.write("gold.cfg", kOther);
  EXPECT_TRUE(settle());
  EXPECT_EQ(status("gold").state, TemplateStatus::State::good);
  EXPECT_EQ(status("gold").problems, "");
}

TEST_F(TemplateFolderTest, ThatWasNeverGoodIsKnownAndHasNothing) {
  folder.write("gold.cfg", kWrong);
  const auto told = load();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].text.find("nothing is served from it"), std::string::npos);
  EXPECT_TRUE(has("gold.cm"));
  EXPECT_EQ(find("gold.cm"), nullptr);
  EXPECT_EQ(status("gold").state, TemplateStatus::State::broken);
  folder.write("late.cfg", kWrong);
  EXPECT_TRUE(settle());
  EXPECT_TRUE(has("late.cm"));
  folder.write("gold.cfg", kGood);
  EXPECT_TRUE(settle());
  EXPECT_NE(find("gold.cm"), nullptr);
}

TEST_F(TemplateFolderTest, LooksAtWhatATemplateIncludes) {
  folder.write("south/gold.cfg", "Main { NetworkAccess 1; include \"parts.inc\";" COAXD_FLOWS " }\n");
  folder.write("south/parts.inc", "MaxCPE ${cpe};\n");
  EXPECT_TRUE(load().empty());
  const std::uint64_t first = find("south/gold.cm")->id;
  EXPECT_EQ(status("south/gold").variables, (std::vector<std::string>{"cpe"}));
  EXPECT_FALSE(look());
  folder.write("south/parts.inc", "MaxCPE ${most};\n");
  EXPECT_TRUE(settle());
  EXPECT_NE(find("south/gold.cm")->id, first);
  EXPECT_EQ(status("south/gold").variables, (std::vector<std::string>{"most"}));
  folder.write("south/parts.inc", "# wrong\nMaxCPE 300;\n");
  EXPECT_FALSE(settle());
  EXPECT_NE(status("south/gold").problems.find("parts.inc:2:8"), std::string::npos) << status("south/gold").problems;
  EXPECT_NE(status("south/gold").problems.find("MaxCPE 300;\n       ^"), std::string::npos) << status("south/gold").problems;
  folder.remove("south/parts.inc");
  EXPECT_FALSE(settle());
  EXPECT_NE(status("south/gold").problems.find("\"parts.inc\" cannot be read"), std::string::npos);
  folder.write("south/parts.inc", "MaxCPE ${again};\n");
  EXPECT_TRUE(settle());
  EXPECT_EQ(status("south/gold").variables, (std::vector<std::string>{"again"}));
}

TEST_F(TemplateFolderTest, NamesNothingOutsideTheFolder) {
  folder.write("gold.cfg", "Main { include \"../secret.inc\"; }\n");
  folder.write("silver.cfg", "Main { include \"/etc/hostname\"; }\n");
  folder.write("south/bronze.cfg", "Main { NetworkAccess 1; include \"../parts.inc\"; }\n");
  folder.write("parts.inc", "MaxCPE 1;\n");
  load();
  EXPECT_NE(status("gold").problems.find("outside the folder of templates"), std::string::npos) << status("gold").problems;
  EXPECT_NE(status("silver").problems.find("outside the folder of templates"), std::string::npos);
  EXPECT_EQ(status("south/bronze").state, TemplateStatus::State::good) << status("south/bronze").problems;
}

TEST(Provision_Beside, StaysBelowTheRoot) {
  EXPECT_EQ(beside("gold.cfg", "a.inc"), "a.inc");
  EXPECT_EQ(beside("south/gold.cfg", "a.inc"), "south/a.inc");
  EXPECT_EQ(beside("south/gold.cfg", "../a.inc"), "a.inc");
  EXPECT_EQ(beside("south/gold.cfg", "x/../../a.inc"), "a.inc");
  for (const std::string_view name : {"", "..", "../a", "x/../../a", "/a", "/", "south/../../a"}) EXPECT_FALSE(beside("gold.cfg", name)) << name;
  EXPECT_FALSE(beside("south/gold.cfg", "../../a"));
  EXPECT_FALSE(beside("gold.cfg", std::string_view("a\0b", 3)));
}

TEST_F(TemplateFolderTest, ThatIsGoneForTwoLooksIsGone) {
  folder.write("gold.cfg", kGood);
  folder.write("silver.cfg", kGood);
  load();
  folder.remove("gold.cfg");
  EXPECT_FALSE(look());
  EXPECT_NE(find("gold.cm"), nullptr);
  EXPECT_TRUE(look());
  EXPECT_FALSE(has("gold.cm"));
  ASSERT_EQ(news.size(), 1u);
  EXPECT_NE(news[0].text.find("gold.cfg: it is gone"), std::string::npos);
  EXPECT_NE(find("silver.cm"), nullptr);
}

TEST_F(TemplateFolderTest, StayAsTheyWereWithoutTheFolder) {
  folder.write("t/gold.cfg", kGood);
  TemplateFolder inner(folder.path("t"), docsis::Dialect::native);
  ASSERT_TRUE(inner.load(1));
  std::filesystem::rename(folder.path("t"), folder.path("away"));
  for (int i = 0; i < 3; ++i) {
    news.clear();
    EXPECT_FALSE(inner.look(2, news));
    EXPECT_EQ(news.size(), i == 0 ? 1u : 0u);
  }
  EXPECT_EQ(inner.set()->all().size(), 1u);
  std::filesystem::rename(folder.path("away"), folder.path("t"));
  EXPECT_FALSE(inner.look(3, news));
  EXPECT_EQ(inner.set()->all().size(), 1u);
}

TEST_F(TemplateFolderTest, HasVariantsForQuarantine) {
  for (const std::string_view file : {"gold.cfg", "gold.aa.cfg", "gold.quarantine.cfg", "gold2.cfg", "silver.cfg", "silver.quarantine.old.cfg"}) folder.write(file, kGood);
  load();
  const TemplateSet& set = *templates.set();
  ASSERT_NE(set.quarantine_of(set.find("gold.cm")), nullptr);
  EXPECT_EQ(set.quarantine_of(set.find("gold.cm"))->file, "gold.quarantine.cfg");
  EXPECT_EQ(set.quarantine_of(set.find("gold2.cm")), nullptr);
  EXPECT_EQ(set.quarantine_of(set.find("silver.cm")), nullptr);
}

TEST_F(TemplateFolderTest, TellsWarningsAndGoesOn) {
  folder.write("gold.cfg", "Main { NetworkAccess 1; SnmpMibObject sysContact.0 Integer 1; }\n");
  const auto told = load();
  ASSERT_EQ(told.size(), 1u) << status("gold").problems;
  EXPECT_FALSE(told[0].error);
  EXPECT_NE(told[0].text.find("warning"), std::string::npos);
  EXPECT_NE(find("gold.cm"), nullptr);
}

// What only the modem would notice otherwise, when it is refused.
TEST_F(TemplateFolderTest, TellsABadDefault) {
  folder.write("gold.cfg", "Main {\n  NetworkAccess 1;\n  MaxCPE ${cpe:many};\n}\n");
  const auto told = load();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(told[0].error);
  EXPECT_TRUE(told[0].text.starts_with("template gold.cfg: read, with warnings\n")) << told[0].text;
  EXPECT_NE(told[0].text.find("gold.cfg:3:10: warning: "), std::string::npos) << told[0].text;
  EXPECT_NE(told[0].text.find("  MaxCPE ${cpe:many};\n         ^"), std::string::npos) << told[0].text;
  EXPECT_NE(find("gold.cm"), nullptr) << "a modem may have a value of its own";
}

TEST_F(TemplateFolderTest, TellsAFileThatNoCmtsRegisters) {
  const std::string half = "Main { NetworkAccess 1; MaxCPE ${cpe}; SnmpMibObject sysContact.0 String \"${modem}\"; UsServiceFlow { UsServiceFlowRef ${ref}; QosParamSetType 7; }";
  folder.write("gold.cfg", half + " }\n");
  folder.write("silver.cfg", half + " DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; MaxRateSustained ${down:5000000}; } }\n");
  folder.write("parts.cfg", "Main { include \"parts.inc\"; }\n");
  folder.write("parts.inc", "NetworkAccess 1;\nDownstreamFrequency 88000001;\n");
  const auto told = load();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told[0].text.find("gold.cfg:1:1: warning: there is no DsServiceFlow"), std::string::npos) << told[0].text;
  EXPECT_NE(told[1].text.find("parts.inc:2:1: warning: DownstreamFrequency 88000001 is no multiple"), std::string::npos) << told[1].text;
  EXPECT_NE(told[1].text.find("DownstreamFrequency 88000001;\n^\n  included from parts.cfg:1:8\n"), std::string::npos) << told[1].text;
  EXPECT_NE(told[1].text.find("parts.cfg:1:1: warning: there is no UsServiceFlow and DsServiceFlow"), std::string::npos) << told[1].text;
  EXPECT_EQ(status("silver").problems, "");
  EXPECT_EQ(status("gold").state, TemplateStatus::State::good);
}

// Whatever a variable without a default may stand for, nobody is told off for our guess.
TEST_F(TemplateFolderTest, DoesNotBlameATemplateForWhatNobodyHasSet) {
  folder.write("gold.cfg",
               "Main { NetworkAccess ${access}; SwUpgradeServer ${server}; SwUpgradeFilename \"${device.model}\"; CpeMacAddress ${mac}; CpeMacAddress ${other};"
               "" COAXD_FLOWS " }\n");
  EXPECT_TRUE(load().empty()) << status("gold").problems;
}

}  // namespace
}  // namespace coaxd::provision
