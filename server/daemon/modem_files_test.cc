#include "server/daemon/modem_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "server/config/parser.h"
#include "server/provision/testing/scratch_folder.h"

namespace coaxd::daemon {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Instant kNow{.mono_ns = 1, .wall = 1'700'000'000};
constexpr Ipv4 kLeased = Ipv4::of(10, 1, 0, 5), kFree = Ipv4::of(10, 1, 0, 6), kCmts = Ipv4::of(10, 9, 0, 1), kFixed = Ipv4::of(10, 1, 0, 200), kShared = Ipv4::of(10, 1, 0, 201), kById = Ipv4::of(10, 1, 0, 202);
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
  const ConfigPlan plan(plant());
  EXPECT_EQ(plan.host_of(kFixed), kMac);
  EXPECT_EQ(plan.host_of(kShared), subscriber::Mac{});
  EXPECT_EQ(plan.host_of(kById), subscriber::Mac{});
  EXPECT_EQ(plan.host_of(kLeased), std::nullopt);
  EXPECT_EQ(plan.address_of(kMac), kFixed);
  EXPECT_EQ(plan.address_of({0x001095010204}), Ipv4{}) << "it shares its address";
  EXPECT_EQ(plan.network_of(kLeased), "north");
  EXPECT_EQ(plan.pool_of(kLeased), "10.1.0.5");
  EXPECT_EQ(plan.pool_of(kFixed), "");
  EXPECT_EQ(plan.network_of(Ipv4::of(192, 0, 2, 1)), "");
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

TEST(ModemFiles_Settings, OfFilesWithoutTftpAreTold) {
  config::Settings settings;
  settings.tftp.enabled = false;
  EXPECT_EQ(unused_files(settings), "");
  settings.docsis.templates = "/etc/coaxd/templates";
  settings.docsis.only_told = true;
  EXPECT_EQ(unused_files(settings), "[docsis] templates, only_told: is for files that are sent by TFTP, which is off: write `enabled = true` under [tftp], or leave [docsis] out.");
  settings.tftp.enabled = true;
  EXPECT_EQ(unused_files(settings), "");
}

// `coaxd -t`: what a start would be refused with.
TEST(ModemFiles_Check, SaysWhatAStartWould) {
  const provision::ScratchFolder jail;
  config::Settings settings;
  settings.tftp.enabled = true;
  settings.tftp.root = "/root";
  settings.docsis.templates = "/templates";
  settings.docsis.secrets = "/keys";
  std::vector<provision::News> news;
  const auto check = [&] {
    news.clear();
    const auto checked = check_files(settings, jail.path(), ::geteuid(), news);
    return checked ? "" : checked.error();
  };
  EXPECT_THAT(check(), AllOf(HasSubstr("[docsis] templates " + jail.path("templates") + ": "), HasSubstr("[tftp] root " + jail.path("root") + ": "), EndsWith("\n")));
  jail.write("root/fw.img", "image");
  jail.write("templates/gold.cfg", "Main { MaxCPE 300; }\n");
  EXPECT_THAT(check(), StartsWith("[docsis] secrets " + jail.path("keys") + ": there is no such file; "));
  jail.write("keys", "north-hub-7\n");
  EXPECT_THAT(check(), AllOf(StartsWith(jail.path("keys") + ":1:1: error: "), EndsWith("\"KEY\"\n")));
  jail.write("keys", "* \"north-hub-7\"\n");
  EXPECT_EQ(check(), "");
  ASSERT_EQ(news.size(), 1u) << "a template's mistake refuses no start";
  EXPECT_THAT(news[0].text, HasSubstr("gold.cfg:1:15: error: "));
  jail.remove("keys");
  settings.tftp.enabled = false;
  EXPECT_EQ(check(), "") << "nothing of it is read";
}

class ModemFilesTest : public testing::Test {
 protected:
  ModemFilesTest() {
    const lease::PoolSpec pool{.id = 0, .ranges = {{kLeased, kFree}}, .excluded = {}};
    leases_.configure({&pool, 1}, kNow.wall);
    lease::Binding binding;
    binding.state = lease::BindingState::active;
    binding.ends = lease::kStoredNever;
    leases_.restore(kLeased, binding, 1);
    leases_.restored(kNow.wall);
    folder_.write("templates/gold.cfg", "Main { NetworkAccess 1; SwUpgradeFilename \"${mac} ${network} ${pool:none}\"; }\n");
    folder_.write("root/fw.img", "image", 0644);
    settings_.tftp.root = folder_.path("root");
    settings_.tftp.cmts = "10.9.0.1";
  }
  void open() {
    std::vector<provision::News> news;
    auto made = provision::Provision::make(provision_settings(settings_), {1, 2}, kNow.wall, news);
    ASSERT_TRUE(made) << made.error();
    for (const provision::News& each : news) EXPECT_FALSE(each.error) << each.text;
    files_.reset();
    provision_ = std::move(*made);
    auto files = ModemFiles::make({.settings = settings_, .provision = *provision_, .modems = modems_, .leases = leases_, .plan = std::make_shared<ConfigPlan>(plant())});
    why_ = files ? "" : files.error();
    if (files) files_ = std::move(*files);
  }
  void open_with_templates() {
    settings_.docsis.templates = folder_.path("templates");
    open();
  }
  bool ready(Ipv4 client, std::string_view name) {
    return files_->files.open({.name = name, .client = {client, 1000}, .server = {}, .now = kNow, .ticket = {}}).status == tftp::FileAnswer::Status::ready;
  }

  provision::ScratchFolder folder_;
  config::Settings settings_;
  std::unique_ptr<provision::Provision> provision_;
  subscriber::ModemTable modems_{HashSeed{3, 4}};
  lease::LeaseTable leases_{HashSeed{1, 2}};
  std::unique_ptr<ModemFiles> files_;
  std::string why_;
};

TEST_F(ModemFilesTest, TemplatesAndTheFolderAreThere) {
  open_with_templates();
  EXPECT_TRUE(ready(kFixed, "gold.cm"));
  EXPECT_TRUE(ready(kFixed, "fw.img"));
  EXPECT_TRUE(ready(kShared, "fw.img"));
  EXPECT_FALSE(ready(kShared, "gold.cm"));  // nobody knows which modem it is
  EXPECT_FALSE(ready(kFree, "gold.cm"));    // nobody has it
  EXPECT_EQ(files_->files.counters().of(provision::Refusal::no_lease).get(), 1u);
  files_->files.use(std::make_shared<ConfigPlan>(config_of("subnet 10.1.0.0 netmask 255.255.255.0 { }")));
  EXPECT_FALSE(ready(kFixed, "gold.cm"));
}

// The folder alone: who has a lease or a fixed address, and CMTSs.
TEST_F(ModemFilesTest, WithoutTemplatesTheSameMayFetch) {
  open();
  for (const Ipv4 client : {kLeased, kFixed, kShared, kById, kCmts}) EXPECT_TRUE(ready(client, "fw.img")) << to_string(client);
  for (const Ipv4 client : {kFree, Ipv4::of(10, 9, 0, 2)}) EXPECT_FALSE(ready(client, "fw.img")) << to_string(client);
  EXPECT_FALSE(ready(kFixed, "gold.cm"));
  EXPECT_EQ(files_->files.counters().from_static.get(), 5u);
  settings_.tftp.require_lease = false;
  open();
  EXPECT_TRUE(ready(kFree, "fw.img"));
}

// An OFFER is a promise to whoever takes it up, not yet a lease.
TEST_F(ModemFilesTest, AnOfferIsNoLease) {
  const lease::SlotId slot = leases_.find(kFree);
  ASSERT_TRUE(leases_.offer(slot, leases_.word(slot), 7, lease::to_stored(kNow.wall + 60)));
  open();
  EXPECT_FALSE(ready(kFree, "fw.img"));
}

TEST_F(ModemFilesTest, TheFolderMayBeMissingOnlyIfItIsNotNamed) {
  settings_.tftp.root = folder_.path("nowhere");
  open();
  EXPECT_TRUE(why_.contains("/nowhere: No such file or directory: make the folder (mkdir -p ")) << why_;
  settings_.tftp.root = "";
  open();
  EXPECT_EQ(why_, "");
  EXPECT_FALSE(ready(kFixed, "fw.img"));
}

}  // namespace
}  // namespace coaxd::daemon
