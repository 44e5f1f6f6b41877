#include "server/daemon/source_check.h"

#include <gtest/gtest.h>

#include "server/config/config.h"
#include "server/config/parser.h"

namespace coaxd::daemon {
namespace {

constexpr WallSeconds kNow = 1'700'000'000;
constexpr Ipv4 kLeased = Ipv4::of(10, 1, 0, 5), kFree = Ipv4::of(10, 1, 0, 6), kCmts = Ipv4::of(10, 9, 0, 1), kFixed = Ipv4::of(10, 1, 0, 200);

std::shared_ptr<const config::Config> config_of(const std::string& text) {
  auto resolved = config::resolve(config::parse("dhcpd.conf", text, config::disk_reader()), {});
  EXPECT_TRUE(resolved);
  return *resolved;
}

struct Files final : tftp::FileSource {
  int closed = 0;
  tftp::FileAnswer open(const tftp::FileQuery&) override {
    return tftp::FileAnswer::ready(std::make_shared<tftp::MemoryContents>(std::vector<std::uint8_t>{1}));
  }
  void close(tftp::Ticket, bool) override { ++closed; }
};

class SourceCheckTest : public testing::Test {
 protected:
  SourceCheckTest() {
    const lease::PoolSpec pool{.id = 0, .ranges = {{kLeased, kFree}}, .excluded = {}};
    leases_.configure({&pool, 1}, kNow);
    lease::Binding binding;
    binding.state = lease::BindingState::active;
    binding.ends = lease::kStoredNever;
    leases_.restore(kLeased, binding, 1);
    leases_.restored(kNow);
  }
  bool gets(Ipv4 client) {
    const tftp::FileAnswer answer = check_.open({.name = "x", .client = {client, 1000}});
    if (answer.status == tftp::FileAnswer::Status::refused) {
      EXPECT_EQ(answer.code, tftp::ErrorCode::access_violation);
    }
    return answer.status == tftp::FileAnswer::Status::ready;
  }

  lease::LeaseTable leases_{HashSeed{1, 2}};
  std::shared_ptr<Files> files_ = std::make_shared<Files>();
  SourceCheck check_{files_, leases_, {{kCmts, {0xffffffff}}}, config_of("subnet 10.1.0.0 netmask 255.255.255.0 { }")};
};

TEST_F(SourceCheckTest, ALeaseOrTheListOfCmtsOpensTheDoor) {
  EXPECT_TRUE(gets(kLeased));
  EXPECT_TRUE(gets(kCmts));
  EXPECT_FALSE(gets(kFree));
  EXPECT_FALSE(gets(Ipv4::of(10, 9, 0, 2)));
  EXPECT_FALSE(gets(kFixed));
}

// A host declaration is DHCP's word as well, and no lease is kept of it. It counts as soon as a reload has brought it.
TEST_F(SourceCheckTest, AHostsFixedAddressNeedsNoLease) {
  check_.use(config_of("subnet 10.1.0.0 netmask 255.255.255.0 { } host m { hardware ethernet 0:1:2:3:4:5; fixed-address 10.1.0.200; }"));
  EXPECT_TRUE(gets(kFixed));
}

// An OFFER is a promise to whoever takes it up, not yet a lease.
TEST_F(SourceCheckTest, AnOfferIsNoLease) {
  const lease::SlotId slot = leases_.find(kFree);
  ASSERT_TRUE(leases_.offer(slot, leases_.word(slot), 7, lease::to_stored(kNow + 60)));
  EXPECT_FALSE(gets(kFree));
}

TEST_F(SourceCheckTest, TheEndOfATransferIsPassedOn) {
  check_.close(tftp::Ticket{1}, true);
  EXPECT_EQ(files_->closed, 1);
}

}  // namespace
}  // namespace coaxd::daemon
