#include "server/provision/provision.h"

#include <gtest/gtest.h>

#include "server/provision/testing/plant.h"
#include "server/provision/variables.h"

namespace coaxd::provision {
namespace {

constexpr std::string_view kPlain = "Main { NetworkAccess 1; MaxCPE 2; }\n";
constexpr std::string_view kOther = "Main { NetworkAccess 1; MaxCPE 3; }\n";

class ProvisionTest : public testing::Test {
 protected:
  ProvisionTest() {
    plant.folder.write("templates/gold.cfg", kPlain);
    plant.folder.write("secrets", "* \"first\"\n");
    plant.settings.secrets = plant.folder.path("secrets");
  }
  docsis::Octets got() {
    plant.boot(0, "gold.cm");
    return plant.get(0, "gold.cm").octets;
  }
  Plant plant;
};

TEST_F(ProvisionTest, DoesNotBeginWithoutItsKeysOrItsFolder) {
  plant.folder.write("secrets", "* \"first\"\n", 0644);
  const std::vector<News> news = plant.open();
  EXPECT_EQ(plant.provision, nullptr);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_NE(news[0].text.find("chmod 600"), std::string::npos);
  plant.folder.write("secrets", "* \"first\"\n");
  plant.settings.templates = plant.folder.path("nowhere");
  plant.open();
  EXPECT_EQ(plant.provision, nullptr);
  plant.settings.templates.clear();
  EXPECT_TRUE(plant.open().empty());
  EXPECT_NE(plant.provision, nullptr);
}

TEST_F(ProvisionTest, WorkersSeeANewVersionAtTheirNextRequest) {
  plant.open();
  EXPECT_EQ(got(), written_out(kPlain, "first"));
  plant.folder.write("templates/gold.cfg", kOther);
  ASSERT_EQ(plant.settle().size(), 1u);
  EXPECT_EQ(got(), written_out(kOther, "first"));
  plant.folder.write("secrets", "* \"second\"\n");
  const auto news = plant.settle();
  ASSERT_EQ(news.size(), 1u);
  EXPECT_FALSE(news[0].error);
  EXPECT_NE(news[0].text.find("1 line"), std::string::npos);
  EXPECT_EQ(got(), written_out(kOther, "second"));
  EXPECT_TRUE(plant.settle().empty());
}

TEST_F(ProvisionTest, KeysThatCannotBeReadLeaveThoseOfBefore) {
  plant.open();
  plant.folder.write("secrets", "* hush\n");
  auto news = plant.settle();
  ASSERT_EQ(news.size(), 1u);
  EXPECT_TRUE(news[0].error);
  EXPECT_NE(news[0].text.find("secrets:1:3: error: "), std::string::npos) << news[0].text;
  EXPECT_EQ(news[0].text.find("hush"), std::string::npos);
  EXPECT_NE(plant.provision->secrets_ailment(), "");
  EXPECT_EQ(got(), written_out(kPlain, "first"));
  EXPECT_TRUE(plant.settle().empty());
  plant.folder.remove("secrets");
  EXPECT_EQ(plant.settle().size(), 1u);
  EXPECT_EQ(got(), written_out(kPlain, "first"));
  plant.folder.write("secrets", "* \"second\"\n", 0640);
  EXPECT_EQ(plant.settle().size(), 1u);
  plant.folder.write("secrets", "* \"second\"\n");
  EXPECT_EQ(plant.settle().size(), 1u);
  EXPECT_EQ(plant.provision->secrets_ailment(), "");
  EXPECT_EQ(got(), written_out(kPlain, "second"));
}

TEST_F(ProvisionTest, TellsWhenAnOldKeysTimeIsOver) {
  plant.folder.write("secrets", "* \"new\" old \"first\" until 2026-11-18T12:00Z\n");
  plant.open();
  const WallSeconds until = *parse_utc("2026-11-18T12:00Z");
  EXPECT_TRUE(plant.provision->look(until - 1).empty());
  const auto news = plant.provision->look(until);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_NE(news[0].text.find("line 1"), std::string::npos);
  EXPECT_TRUE(plant.provision->look(until + 1).empty());
}

TEST_F(ProvisionTest, SecretsGoWithTheLastWorkerThatLetsThemGo) {
  plant.open();
  const auto second = plant.source();
  std::weak_ptr<const Secrets> first;
  {
    Published<Snapshot>::View view(plant.provision->snapshots());
    first = view->secrets;
  }
  plant.folder.write("secrets", "* \"second\"\n");
  plant.settle();
  EXPECT_FALSE(first.expired());
  plant.files->refresh();
  EXPECT_FALSE(first.expired());
  second->refresh();
  EXPECT_TRUE(first.expired());
}

// One place to wipe: a key is moved into it with its octets.
TEST(Provision_SealKey, HoldsTheOnlyCopy) {
  const auto seal = std::make_unique<docsis::Seal>();
  seal->secret = docsis::SharedSecret::from_file(as_bytes("north-hub-7"));
  const std::uint8_t* octets = seal->secret.octets.data();
  const SealKey key(1, std::move(*seal));
  EXPECT_EQ(key.seal().secret.octets.data(), octets);
  EXPECT_EQ(as_text(key.seal().secret.octets), "north-hub-7");
  static_assert(!std::is_copy_constructible_v<SealKey> && !std::is_move_constructible_v<SealKey>);
}

// docs/files.md has a row for each reason and each variable, in the words of the tables.
TEST(Provision_Docs, TellEveryReasonAndVariable) {
  const auto text = read_text(COAXD_SOURCE_DIR "/docs/files.md", 1 << 20);
  ASSERT_TRUE(text);
  for (std::size_t i = 1; i < kRefusals.size(); ++i) EXPECT_NE(text->find("\n| `" + std::string(kRefusals[i].label) + "` | "), std::string::npos) << kRefusals[i].label;
  for (const VariableRow& row : variable_rows()) EXPECT_NE(text->find("\n| `" + std::string(row.name) + "` | " + std::string(row.help) + " |"), std::string::npos) << row.name;
}

}  // namespace
}  // namespace coaxd::provision
