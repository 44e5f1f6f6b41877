#include "server/quarantine/lease_plant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leasequery/test_site.h"

namespace coaxd::quarantine {
namespace {

using leasequery::kNow;
using leasequery::TestLease;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view kConf = R"(
class "quarantine" { }
class "business" { match if substring(option vendor-class-identifier, 0, 3) = "biz"; }
shared-network plant {
  subnet 10.1.0.0 netmask 255.255.255.0 { pool { range 10.1.0.10 10.1.0.59; } }
  subnet 10.66.0.0 netmask 255.255.255.0 { pool { allow members of "quarantine"; range 10.66.0.10 10.66.0.59; } }
}
subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.59; }
host server { hardware ethernet 02:00:00:00:00:99; fixed-address 10.1.0.200; }
)";
constexpr std::string_view kMac("\x02\0\0\0\0\x01", 6), kOtherMac("\x02\0\0\0\0\x02", 6), kModem("\0\x10\x95\0\0\x07", 6);
const std::string kBehind = std::string("\x01\x02xy\x02\x06", 6) + std::string(kModem);  // option 82: circuit-id, remote-id
constexpr Ipv4 kPc = Ipv4::of(10, 1, 0, 10), kOther = Ipv4::of(10, 1, 0, 11);

Subject at_address(Ipv4 address) { return {.ip = address}; }

class LeasePlantTest : public testing::Test {
 protected:
  leasequery::Site site_{std::string(kConf)};
  std::optional<LeasePlant::Past> past_{};
  std::string trouble_{};
  WallSeconds asked_ = 0;
  LeasePlant plant_{site_.leases, nullptr,
                    [this](Ipv4, WallSeconds at) -> std::expected<std::optional<LeasePlant::Past>, std::string> {
                      asked_ = at;
                      if (!trouble_.empty()) return std::unexpected(trouble_);
                      return past_;
                    },
                    [] { return kNow; }};
  LeasePlantTest() { plant_.use(site_.config); }

  void lease(Ipv4 address, std::string_view mac, std::string_view vendor_class = {}) {
    site_.lease(address, {.hardware = mac, .agent_info = kBehind, .vendor_class = vendor_class});
  }
};

TEST_F(LeasePlantTest, FindsWhoHasAnAddressNow) {
  lease(kPc, kMac);
  const auto found = plant_.find(at_address(kPc), 0);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->hardware, kMac);
  EXPECT_EQ(found->remote_id, kModem);
  EXPECT_EQ(found->modem, subscriber::Mac{0x001095000007});
  EXPECT_EQ(found->address, kPc);
  EXPECT_EQ(asked_, 0) << "the lease of now says it";
}

TEST_F(LeasePlantTest, AsksTheHistoryWhenTheLeaseBeganLater) {
  lease(kPc, kMac);  // began, or was renewed, 600 s ago
  past_ = {.hardware = std::string(kOtherMac), .remote_id = std::string(kModem), .since = kNow - 9000, .until = kNow - 700};
  const auto found = plant_.find(at_address(kPc), (kNow - 800) * 1000);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(asked_, kNow - 800);
  EXPECT_EQ(found->hardware, kOtherMac) << "the one of then, not the one of now";
  EXPECT_EQ(found->remote_id, kModem);
  EXPECT_FALSE(found->address) << "he has none now, and the address is another's";
  lease(kOther, kOtherMac);
  EXPECT_EQ(plant_.find(at_address(kPc), (kNow - 800) * 1000)->address, kOther);
}

TEST_F(LeasePlantTest, ARenewalSinceThenIsTheSameHolder) {
  lease(kPc, kMac);
  past_ = {.hardware = std::string(kMac), .remote_id = std::string(kModem), .since = kNow - 9000, .until = 0};
  EXPECT_EQ(plant_.find(at_address(kPc), (kNow - 800) * 1000)->address, kPc);
}

TEST_F(LeasePlantTest, SaysWhichLeaseWasLookedForAndWhenItEnded) {
  EXPECT_THAT(plant_.find(at_address(Ipv4::of(192, 0, 2, 1)), 0).error(), HasSubstr("no address of this server's"));
  EXPECT_THAT(plant_.find(at_address(kPc), 0).error(), HasSubstr("nobody ever had"));
  site_.lease(kPc, {.hardware = kMac, .state = lease::BindingState::released, .ends = leasequery::at(-60)});
  EXPECT_THAT(plant_.find(at_address(kPc), 0).error(), HasSubstr("02:00:00:00:00:01, ended at 2027-01-15T07:59:00Z"));
  lease(kOther, kMac);
  EXPECT_THAT(plant_.find(at_address(kOther), (kNow - 800) * 1000).error(), HasSubstr("began at 2027-01-15T07:50:00Z"));
  trouble_ = "the disk";
  EXPECT_THAT(plant_.find(at_address(kOther), (kNow - 800) * 1000).error(), HasSubstr("cannot be told: the disk"));
}

TEST_F(LeasePlantTest, FindsAFixedAddressAMachineAndAModem) {
  const auto fixed = plant_.find(at_address(Ipv4::of(10, 1, 0, 200)), (kNow - 9000) * 1000);
  ASSERT_TRUE(fixed) << fixed.error();
  EXPECT_EQ(fixed->hardware, std::string_view("\x02\0\0\0\0\x99", 6));
  const auto absent = plant_.find({.mac = subscriber::Mac{0x020000000001}}, 0);
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->hardware, kMac);
  EXPECT_FALSE(absent->address);
  lease(kPc, kMac);
  EXPECT_EQ(plant_.find({.mac = subscriber::Mac{0x020000000001}}, 0)->remote_id, kModem);
  const auto modem = plant_.find({.modem = subscriber::Mac{0x001095000007}}, 0);
  ASSERT_TRUE(modem);
  EXPECT_EQ(modem->remote_id, kModem);
  EXPECT_TRUE(modem->hardware.empty()) << "no single machine";
  EXPECT_THAT(plant_.find({.subscriber = "4711"}, 0).error(), HasSubstr("coaxctl modem set"));
}

TEST_F(LeasePlantTest, KnowsTheModemBeforeAFixedAddressByWhatItsHostSaidLast) {
  leasequery::FixedNotes notes{HashSeed{3, 4}};
  notes.configure(*site_.config, kNow);
  LeasePlant plant(site_.leases, nullptr, nullptr, [] { return kNow; }, &notes);
  plant.use(site_.config);
  const Subject host = at_address(Ipv4::of(10, 1, 0, 200));
  EXPECT_TRUE(plant.find(host, 0)->remote_id.empty());
  const TestLease said{.hardware = std::string_view("\x02\0\0\0\0\x99", 6), .agent_info = kBehind};
  notes.heard(*host.ip, *site_.config->hosts().front(), said.binding());
  EXPECT_EQ(plant.find(host, 0)->remote_id, kModem);
  const subscriber::Confined confined({{.remote_id = std::string(kModem), .scope = Scope::subscriber, .id = 4}});
  std::vector<Ipv4> seen;
  std::uint64_t place = 0;
  while (!plant.look_for_addresses(confined, place, [&](CaseId, Ipv4 address, std::string_view) { seen.push_back(address); })) {}
  EXPECT_THAT(seen, ElementsAre(*host.ip));
}

TEST_F(LeasePlantTest, AddressesOfTheConfinedButNotThoseOfTheGarden) {
  lease(kPc, kMac);
  lease(kOther, kOtherMac);
  lease(Ipv4::of(10, 66, 0, 10), kMac);
  site_.lease(Ipv4::of(10, 1, 0, 12), {.hardware = kModem, .agent_info = kBehind});  // the modem itself
  const subscriber::Confined confined({{.remote_id = std::string(kModem), .scope = Scope::subscriber, .id = 4}});
  std::vector<std::pair<CaseId, Ipv4>> seen;
  std::uint64_t place = 0;
  while (!plant_.look_for_addresses(confined, place, [&](CaseId id, Ipv4 address, std::string_view) { seen.emplace_back(id, address); })) {}
  EXPECT_THAT(seen, ElementsAre(Pair(4, kPc), Pair(4, kOther)));
  EXPECT_EQ(place, 0u);
}

TEST_F(LeasePlantTest, SeesWhoIsBackOutsideTheGarden) {
  const WallMillis released = (kNow - 100) * 1000;
  EXPECT_FALSE(plant_.usual_address_since(kMac, released)) << "he has nothing";
  site_.lease(kPc, {.hardware = kMac, .cltt = leasequery::at(-600)});
  EXPECT_FALSE(plant_.usual_address_since(kMac, released)) << "from before";
  site_.lease(Ipv4::of(10, 66, 0, 10), {.hardware = kMac, .cltt = leasequery::at(-50)});
  EXPECT_FALSE(plant_.usual_address_since(kMac, released)) << "still in the garden";
  site_.lease(kOther, {.hardware = kMac, .cltt = leasequery::at(-20)});
  EXPECT_EQ(plant_.usual_address_since(kMac, released), kOther);
}

TEST_F(LeasePlantTest, KnowsWhichNetworksHaveAGarden) {
  EXPECT_TRUE(plant_.has_garden(kPc));
  EXPECT_FALSE(plant_.has_garden(Ipv4::of(10, 2, 0, 10)));
  EXPECT_TRUE(plant_.has_garden({}));
}

TEST_F(LeasePlantTest, ReadsTheClassesThatDhcpdConfWouldPutHimIn) {
  lease(kPc, kMac, "biz-phone");
  lease(kOther, kOtherMac, "MSFT 5.0");
  EXPECT_EQ(plant_.in_class(*plant_.find(at_address(kPc), 0), {"other", "business"}), "business");
  EXPECT_EQ(plant_.in_class(*plant_.find(at_address(kOther), 0), {"business"}), "");
  EXPECT_EQ(plant_.in_class(*plant_.find(at_address(kPc), 0), {}), "");
}

TEST_F(LeasePlantTest, CountsSubscribersByTheirLeases) {
  EXPECT_EQ(plant_.subscribers(), 0u);
  lease(kPc, kMac);
  lease(kOther, kOtherMac);
  EXPECT_EQ(plant_.subscribers(), 2u);
}

TEST_F(LeasePlantTest, OfNowTheHistoryIsNotAsked) {
  lease(kOther, kOtherMac);
  asked_ = 0;
  EXPECT_FALSE(plant_.find(at_address(kPc), 0));
  EXPECT_EQ(asked_, 0) << "a stranger who opens the page costs no query";
}

}  // namespace
}  // namespace coaxd::quarantine
