#include "server/daemon/template_commands.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "server/provision/testing/scratch_folder.h"

namespace coaxd::daemon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr WallSeconds kNow = 1'700'000'000;  // 2023-11-14 22:13:20

class TemplateCommands : public testing::Test {
 protected:
  void open() {
    std::vector<provision::News> news;
    auto made = provision::Provision::make(settings_, {1, 2}, kNow, news);
    ASSERT_TRUE(made) << made.error();
    provision_ = std::move(*made);
  }
  void open_with_templates() {
    folder_.write("templates/gold.cfg", "Main { NetworkAccess 1; MaxCPE ${cpe:2}; SwUpgradeFilename \"${mac}\"; UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; } "
                  "DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; } }\n");
    folder_.write("templates/south/bad.cfg", "Main {\n  MaxCPE 300;\n}\n");
    folder_.write("templates/silver.cfg", "Main { MaxCPE 2; }\n");
    folder_.write("keys", "* \"secret\"\n");
    settings_.templates = folder_.path("templates");
    settings_.secrets = folder_.path("keys");
    open();
  }
  void look_twice() {
    provision_->look(kNow + 1);
    provision_->look(kNow + 2);
  }
  boost::json::object json() const { return boost::json::parse(templates_json(*provision_)).as_object(); }
  std::string text() const { return templates_text(*provision_); }

  provision::ScratchFolder folder_;
  provision::Settings settings_;
  std::unique_ptr<provision::Provision> provision_;
};

TEST_F(TemplateCommands, EachHasItsStateVariablesAndMistakes) {
  open_with_templates();
  folder_.write("templates/silver.cfg", "Main {\n  MaxCPE x;\n}\n");
  look_twice();
  EXPECT_THAT(text(), HasSubstr("gold.cfg                       good   2023-11-14 22:13:20  cpe, mac\n"));
  EXPECT_THAT(text(), HasSubstr("silver.cfg                     kept   2023-11-14 22:13:20  -\n  silver.cfg:2:10: error"));
  EXPECT_THAT(text(), HasSubstr("south/bad.cfg                  broken never                -\n  south/bad.cfg:2:10: error"));
  EXPECT_THAT(text(), HasSubstr("Shared secrets: " + settings_.secrets + " is in use.\n"));
  const auto templates = json().at("templates").as_array();
  ASSERT_EQ(templates.size(), 3u);
  const auto of = [&](std::size_t i) { return templates[i].as_object(); };
  EXPECT_EQ(of(0).at("name").as_string(), "gold");
  EXPECT_EQ(of(0).at("file").as_string(), "gold.cfg");
  EXPECT_EQ(of(0).at("state").as_string(), "good");
  EXPECT_EQ(of(0).at("loaded").as_int64(), kNow);
  EXPECT_EQ(of(0).at("variables"), (boost::json::array{"cpe", "mac"}));
  EXPECT_TRUE(of(0).at("problems").is_null());
  EXPECT_EQ(of(1).at("state").as_string(), "kept");
  EXPECT_EQ(of(2).at("name").as_string(), "south/bad");
  EXPECT_EQ(of(2).at("state").as_string(), "broken");
  EXPECT_TRUE(of(2).at("loaded").is_null());
  EXPECT_THAT(std::string(of(2).at("problems").as_string()), StartsWith("south/bad.cfg:2:10: error"));
  EXPECT_TRUE(json().at("secrets_problem").is_null());
}

TEST_F(TemplateCommands, KeysAndAFolderThatCannotBeReadAreTold) {
  open_with_templates();
  folder_.write("keys", "* secret\n");
  folder_.remove("templates");
  look_twice();
  EXPECT_THAT(text(), AllOf(HasSubstr("[docsis] templates " + settings_.templates + ": the folder cannot be read: No such file or directory; "), HasSubstr("; the templates stay as they were\n")));
  EXPECT_THAT(text(), HasSubstr("Shared secrets: " + settings_.secrets + " cannot be used, and those of before stay:\n  " + settings_.secrets));
  EXPECT_EQ(json().at("templates").as_array().size(), 3u);
  EXPECT_TRUE(json().at("folder_problem").is_string());
  EXPECT_TRUE(json().at("secrets_problem").is_string());
  EXPECT_THAT(templates_json(*provision_), testing::Not(HasSubstr("* secret"))) << "keys are in no message";
}

TEST_F(TemplateCommands, NothingIsSaidToBeNothing) {
  open();
  EXPECT_EQ(text(), "No templates: [docsis] templates names no folder.\nNo shared secrets: [docsis] secrets names no file.\n");
  EXPECT_EQ(json(), (boost::json::object{{"folder", nullptr}, {"folder_problem", nullptr}, {"templates", boost::json::array{}}, {"secrets", nullptr}, {"secrets_problem", nullptr}}));
  std::filesystem::create_directories(folder_.path("empty"));
  settings_.templates = folder_.path("empty");
  open();
  EXPECT_THAT(text(), StartsWith("No templates in " + settings_.templates + ".\n"));
}

}  // namespace
}  // namespace coaxd::daemon
