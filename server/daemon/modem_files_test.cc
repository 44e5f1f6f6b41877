#include "server/daemon/modem_files.h"

#include <gtest/gtest.h>

#include "server/config/parser.h"
#include "server/provision/testing/scratch_folder.h"

namespace coaxd::daemon {
namespace {

constexpr Instant kNow{.mono_ns = 1, .wall = 1'700'000'000};
constexpr Ipv4 kLeased = Ipv4::of(10, 1, 0, 5), kFixed = Ipv4::of(10, 1, 0, 200), kShared = Ipv4::of(10, 1, 0, 201), kById = Ipv4::of(10, 1, 0, 202);
constexpr subscriber::Mac kMac{0x001095010203};

std::shared_ptr<const config::Config> config_of(const std::string& text) {
  auto resolved = config::resolve(config::parse("dhcpd.conf", text, config::disk_reader()), {});
  EXPECT_TRUE(resolved);
  return *resolved;
}
std::shared_ptr<const config::Config> plant() {
  return config_of(
      "shared-network north { subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.5 10.1.0.9; } } }\n"
      "host a { hardware ethernet 00:10:95:01:02:03; fixed-address 10.1.0.200; }\n"
      "host b { hardware ethernet 00:10:95:01:02:04; fixed-address 10.1.0.201; }\n"
      "host c { hardware ethernet 00:10:95:01:02:05; fixed-address 10.1.0.201; }\n"
      "host d { option dhcp-client-identifier \"d\"; fixed-address 10.1.0.202; }\n");
}

TEST(ModemFiles_Plan, SaysWhatTheConfigurationSaysOfAddresses) {
  ConfigPlan plan(plant());
  EXPECT_EQ(plan.host_of(kFixed), kMac);
  EXPECT_EQ(plan.host_of(kShared), subscriber::Mac{});
  EXPECT_EQ(plan.host_of(kById), subscriber::Mac{});
  EXPECT_EQ(plan.host_of(kLeased), std::nullopt);
  EXPECT_EQ(plan.network_of(kLeased), "north");
  EXPECT_EQ(plan.pool_of(kLeased), "10.1.0.5");
  EXPECT_EQ(plan.pool_of(kFixed), "");
  EXPECT_EQ(plan.network_of(Ipv4::of(192, 0, 2, 1)), "");
  plan.use(config_of("subnet 10.1.0.0 netmask 255.255.255.0 { }"));
  EXPECT_EQ(plan.host_of(kFixed), std::nullopt);
  EXPECT_EQ(plan.pool_of(kLeased), "");
}

TEST(ModemFiles_Settings, AreThoseOfTheFile) {
  config::Settings from;
  from.tftp.cmts = "10.9.0.1, 10.8.0.0/16";
  from.docsis.unasked = "firmware/, tones/";
  from.docsis.mta_hash = config::MtaHashChoice::euro;
  from.docsis.cache_mb = 3;
  provision::Settings to = provision_settings(from);
  EXPECT_EQ(to.check, provision::SourceCheck::lease);
  EXPECT_EQ(to.cmts.size(), 2u);
  EXPECT_EQ(to.unasked, (std::vector<std::string>{"firmware/", "tones/"}));
  EXPECT_EQ(to.mta_hash, docsis::MtaHash::euro);
  EXPECT_EQ(to.cache_octets, 3u << 20);
  EXPECT_EQ(to.root, "/srv/tftp");
  from.docsis.only_told = true;
  EXPECT_EQ(provision_settings(from).check, provision::SourceCheck::told);
  from.docsis.only_told = false;
  from.tftp.require_lease = false;
  EXPECT_EQ(provision_settings(from).check, provision::SourceCheck::off);
}

class ModemFilesTest : public testing::Test {
 protected:
  ModemFilesTest() {
    const lease::PoolSpec pool{.id = 0, .ranges = {{kLeased, kLeased}}, .excluded = {}};
    leases_.configure({&pool, 1}, kNow.wall);
    folder_.write("templates/gold.cfg", "Main { NetworkAccess 1; SwUpgradeFilename \"${mac} ${network} ${pool:none}\"; }\n");
    folder_.write("root/fw.img", "image", 0644);
    settings_.tftp.root = folder_.path("root");
    settings_.docsis.templates = folder_.path("templates");
    std::vector<provision::News> news;
    auto made = provision::Provision::make(provision_settings(settings_), {1, 2}, kNow.wall, news);
    EXPECT_TRUE(made) << (made ? "" : made.error());
    provision_ = std::move(*made);
  }
  ModemFilesParts parts() {
    return {.settings = settings_, .provision = *provision_, .modems = modems_, .leases = leases_, .config = plant(), .quarantine = nullptr, .counters = &counters_};
  }

  provision::ScratchFolder folder_;
  config::Settings settings_;
  std::unique_ptr<provision::Provision> provision_;
  subscriber::ModemTable modems_{HashSeed{3, 4}};
  lease::LeaseTable leases_{HashSeed{1, 2}};
  std::vector<const provision::Counters*> counters_;
};

TEST_F(ModemFilesTest, AWorkerHasTemplatesAndTheFolder) {
  auto files = modem_files(parts())(0);
  ASSERT_TRUE(files) << files.error();
  ASSERT_EQ(counters_.size(), 1u);
  const auto ready = [&](Ipv4 client, std::string_view name) {
    return files->source->open({.name = name, .client = {client, 1000}, .server = {}, .now = kNow, .ticket = {}}).status == tftp::FileAnswer::Status::ready;
  };
  EXPECT_TRUE(ready(kFixed, "gold.cm"));
  EXPECT_TRUE(ready(kFixed, "fw.img"));
  EXPECT_TRUE(ready(kShared, "fw.img"));
  EXPECT_FALSE(ready(kShared, "gold.cm"));  // nobody knows which modem it is
  EXPECT_FALSE(ready(kLeased, "gold.cm"));  // nobody has it
  EXPECT_EQ(counters_[0]->of(provision::Refusal::no_lease).get(), 1u);
  files->use(config_of("subnet 10.1.0.0 netmask 255.255.255.0 { }"));
  EXPECT_FALSE(ready(kFixed, "gold.cm"));
}

TEST_F(ModemFilesTest, TheFolderMayBeMissingOnlyIfItIsNotNamed) {
  settings_.tftp.root = folder_.path("nowhere");
  EXPECT_FALSE(modem_files(parts())(0));
  settings_.tftp.root = "";
  EXPECT_TRUE(modem_files(parts())(0));
}

TEST_F(ModemFilesTest, CommandShowsWhatAModemWouldGet) {
  provision::ProvisionedFiles files({.settings = provision_->settings(), .snapshots = provision_->snapshots(), .leases = leases_});
  const auto said = [&](const std::vector<std::string>& words, bool json = false) {
    const auto answer = modem_file(files, words, json, kNow);
    if (!answer) return "error: " + answer.error();
    std::string text;
    while ((*answer)(text)) {
    }
    return text;
  };
  EXPECT_TRUE(said({"00:10:95:01:02:03"}).starts_with("error: DHCP has told 00:10:95:01:02:03 no file name"));
  folder_.write("templates/gold.cfg", "Main { NetworkAccess 1; SwUpgradeFilename \"${mac}\"; }\n");
  provision_->look(kNow.wall);
  provision_->look(kNow.wall);
  EXPECT_NE(said({"0010.9501.0203", "gold.cm"}).find("SwUpgradeFilename \"00:10:95:01:02:03\";"), std::string::npos) << said({"0010.9501.0203", "gold.cm"});
  EXPECT_TRUE(said({"0010.9501.0203", "gold.cm"}, true).starts_with("{\"mac\": \"00:10:95:01:02:03\", \"name\": \"gold.cm\", \"template\": \"gold.cfg\""));
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"nonsense"}, {"00:10:95:01:02:03", "gold.cm", "more"}, {"00:10:95:01:02:03", "no.cm"}})
    EXPECT_TRUE(said(words).starts_with("error: "));
}

}  // namespace
}  // namespace coaxd::daemon
