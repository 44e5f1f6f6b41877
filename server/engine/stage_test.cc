#include <gtest/gtest.h>

#include "server/engine/find_lease.h"
#include "server/engine/grant.h"
#include "server/engine/messages.h"
#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

constexpr const char* kConfig = R"(
ping-check off;
log(info, "seen");
subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
)";
constexpr HashSeed kSeed{1, 2};

// One DISCOVER between its arrival and its Actions, so that a test can be the other worker that is faster.
class StageTest : public testing::Test {
 protected:
  StageTest() {
    std::vector<lease::PoolSpec> pools;
    for (const auto& pool : config_->pools()) pools.push_back({pool->id, {{pool->ranges[0].low, pool->ranges[0].high}}, {}});
    leases_.configure(pools, now_.wall);
    server_.use(config_, nullptr);
    const wire::TestPacket packet = wire::TestPacket().cookie().add(53, {1}).end();
    datagram_ = packet.octets();
    if (!message_.parse(datagram_)) throw std::runtime_error("not a message");
    exchange_.network = config_->networks().front().get();
  }
  Granted try_once() {
    restart(exchange_);
    const std::optional<Lease> free = find_free(exchange_);
    return free ? grant(exchange_, *free, wire::MessageType::offer) : Granted::refused;
  }

  std::shared_ptr<const config::Config> config_ = config_from(kConfig);
  const Instant now_{.mono_ns = 1, .wall = 1'700'000'000};
  const Interface interface_{1, "eth0", Ipv4::of(10, 1, 0, 1), {}, false};
  const Arrival arrival_{&interface_, {}, kClientPort, {0xffffffff}, true};
  lease::LeaseTable leases_{kSeed};
  lease::LeaseLimits limits_{kSeed, 16};
  ChangePool changes_{4};
  Server server_{leases_, limits_, changes_, {}};
  std::vector<std::uint8_t> datagram_, room_ = std::vector<std::uint8_t>(1500);
  wire::Message message_;
  Actions actions_;
  Exchange exchange_{server_, message_, arrival_, now_, room_, actions_};
};

// A message that has to look for an address again runs its statements again; what they want done in the world is done once.
TEST_F(StageTest, ALostAttemptLeavesNothingToBeDone) {
  ASSERT_TRUE(introduce(exchange_, exchange_.network));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSERT_EQ(try_once(), Granted::done);
    ASSERT_EQ(actions_.effects.size(), 1u) << attempt;
    EXPECT_EQ(as_text(actions_.effects[0].text), "seen");
  }
}

// dhcpd.conf manual, `on commit`: what it executes is for leases that were committed.
TEST_F(StageTest, ARefusedRequestLeavesNothingToBeDone) {
  ASSERT_TRUE(introduce(exchange_, exchange_.network));
  restart(exchange_);
  while (changes_.take() != nullptr) {
  }
  const std::optional<Lease> free = find_free(exchange_);
  ASSERT_TRUE(free);
  EXPECT_EQ(grant(exchange_, *free, wire::MessageType::ack), Granted::refused);
  EXPECT_EQ(actions_.reason, DropReason::overload);
  EXPECT_TRUE(actions_.effects.empty());
}

}  // namespace
}  // namespace coaxd::engine
