#include "leasequery/responder.h"

#include <gtest/gtest.h>

#include "leasequery/test_site.h"
#include "server/base/testing/allocation_count.h"

namespace coaxd::leasequery {
namespace {

constexpr Ipv4 kA = Ipv4::of(10, 1, 0, 10);
constexpr Prefix kOnlyCmts{kCmts, {0xffffffff}};

class ResponderTest : public testing::Test {
 protected:
  void requesters(std::vector<RequesterSpec> specs, std::uint32_t rate = 0) {
    requesters_ = std::make_unique<Requesters>(specs, rate);
    responder_ = std::make_unique<Responder>(site_.leases, *requesters_);
    responder_->use(site_.config);
  }
  Outcome ask(Asking& asking, bool allowed = true, Ipv4 source = kCmts) {
    if (!responder_) requesters({});
    const Asked asked{.message = asking.message(), .source = source, .destination = kServer, .server_id = kServer, .allowed = allowed};
    const Outcome outcome = responder_->answer(asked, kInstant, out_);
    EXPECT_EQ(outcome.size == 0, outcome.refusal != Refusal::none);
    return outcome;
  }
  Outcome ask(std::uint8_t type, Ipv4 address, bool allowed = true, Ipv4 source = kCmts) {
    Asking asking(type);
    return ask(asking.address(address), allowed, source);
  }
  Heard heard(const Outcome& outcome) { return Heard(Bytes(out_).first(outcome.size)); }
  const Tally& tally() { return responder_->tally(); }

  Site site_;
  std::unique_ptr<Requesters> requesters_;
  std::unique_ptr<Responder> responder_;
  std::array<std::uint8_t, 1472> out_;
};

TEST_F(ResponderTest, Rfc4388_6_4_EachStandingIsCounted) {
  site_.lease(kA);
  const Outcome active = ask(10, kA);
  EXPECT_EQ(active.standing, Standing::active);
  EXPECT_EQ(active.type, 13);
  EXPECT_EQ(heard(active).type(), 13);
  EXPECT_EQ(ask(10, {kA.value + 1}).type, 11);
  EXPECT_EQ(ask(10, kStranger).type, 12);
  for (const Result result : {Result::active, Result::unassigned, Result::unknown})
    EXPECT_EQ(tally().answers(0, Dialect::rfc4388, Key::address, result), 1u);
}

TEST_F(ResponderTest, Rfc4388_6_4_ByHardwareAndClientIdentifier) {
  site_.lease(kA, {.client_id = "id1"});
  site_.lease({kA.value + 1}, {.client_id = "id1", .cltt = at(-5)});
  Asking hardware, client_id;
  const Outcome by_hardware = ask(hardware.hardware("modem1"));
  EXPECT_EQ(by_hardware.associated, 1u);
  EXPECT_EQ(heard(by_hardware)->ciaddr(), Ipv4{kA.value + 1});
  EXPECT_EQ(ask(client_id.text(61, "id1")).associated, 1u);
  EXPECT_EQ(tally().answers(0, Dialect::rfc4388, Key::hardware, Result::active), 1u);
  EXPECT_EQ(tally().answers(0, Dialect::rfc4388, Key::client_id, Result::active), 1u);
}

TEST_F(ResponderTest, Rfc4388_7_NobodyIsAllowedWhomNobodyNames) {
  EXPECT_EQ(ask(10, kA, false).refusal, Refusal::not_allowed);
  requesters({{.prefix = kOnlyCmts}});
  EXPECT_EQ(ask(10, kA, false).refusal, Refusal::none);
  EXPECT_EQ(ask(10, kA, true, kStranger).refusal, Refusal::source_not_allowed);
  EXPECT_EQ(tally().refusals(Requesters::kNobody, Refusal::source_not_allowed), 1u);
}

// Every refusal, with the octets of nothing written.
TEST_F(ResponderTest, Rfc4388_6_3_Refusals) {
  requesters({{.prefix = kOnlyCmts, .dialect = DialectChoice::rfc4388, .rate = 1}});
  Asking nothing, other_server, no_room;
  EXPECT_EQ(ask(nothing).refusal, Refusal::no_key);
  EXPECT_EQ(ask(13, kA).refusal, Refusal::other_dialect);
  EXPECT_EQ(ask(other_server.address(kA).add(54, {1, 2, 3, 4})).refusal, Refusal::other_server);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(10, kA).refusal, Refusal::none) << "refused ones cost nothing";
  EXPECT_EQ(ask(10, kA).refusal, Refusal::too_many);
  requesters({{.prefix = kOnlyCmts}}, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(10, kA).refusal, Refusal::none);
  EXPECT_EQ(ask(10, kA).refusal, Refusal::busy);
  requesters({{.prefix = kOnlyCmts}});
  const Asked asked{.message = no_room.address(kA).message(), .source = kCmts, .destination = kServer, .server_id = kServer};
  EXPECT_EQ(responder_->answer(asked, kInstant, MutableBytes(out_).first(240)).refusal, Refusal::no_room);
}

TEST_F(ResponderTest, Rfc4388_6_3_GiaddrZero) {
  requesters({{.prefix = {}}});  // everybody
  Asking asking;
  EXPECT_EQ(ask(asking.address(kA).giaddr({})).refusal, Refusal::no_giaddr);
}

TEST_F(ResponderTest, Rfc4388_Drafts_TheRequesterSaysWhatThirteenMeans) {
  site_.lease(kA);
  EXPECT_EQ(ask(13, kA).type, 5);
  requesters({{.prefix = kOnlyCmts, .dialect = DialectChoice::draft2}});
  EXPECT_EQ(ask(13, kA).type, 16);
  EXPECT_EQ(ask(10, kA).type, 13) << "ten is the RFC's";
  EXPECT_EQ(tally().answers(0, Dialect::draft2, Key::address, Result::active), 1u);
  EXPECT_EQ(tally().answers(0, Dialect::rfc4388, Key::address, Result::active), 1u);
}

TEST_F(ResponderTest, ADialectIsNewsOnce) {
  EXPECT_TRUE(ask(10, kA).heard_first);
  EXPECT_FALSE(ask(10, kA).heard_first);
  EXPECT_TRUE(ask(13, kA).heard_first);
  EXPECT_FALSE(ask(10, kA, false).heard_first);
}

TEST_F(ResponderTest, Rfc4388_6_1_SeveralKeysAreCounted) {
  Asking asking;
  EXPECT_EQ(ask(asking.address(kA).hardware("modem1")).refusal, Refusal::none);
  EXPECT_EQ(tally().with_several_keys(), 1u);
}

// Equal questions, equal answers; and nothing is allocated.
TEST_F(ResponderTest, AnswersAreRepeatableAndNeedNoMemory) {
  site_.lease(kA, {.client_id = "id1", .agent_info = "\1\4port\2\6modem1", .vendor_class = "docsis3.0:"});
  for (std::uint32_t i = 1; i < 9; ++i) site_.lease({kA.value + i}, {.client_id = "id1"});
  Asking address, hardware, client_id, nobody, draft(13);
  address.address(kA), hardware.hardware("modem1"), client_id.text(61, "id1"), nobody.hardware("modem9"), draft.address(kA);
  for (Asking* asking : {&address, &hardware, &client_id, &nobody, &draft}) {
    const Outcome first = ask(*asking);
    const std::vector<std::uint8_t> octets(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(first.size));
    const Asked asked{.message = asking->message(), .source = kCmts, .destination = kServer, .server_id = kServer, .allowed = true};
    const std::size_t before = allocation_count();
    const Outcome second = responder_->answer(asked, kInstant, out_);
    EXPECT_EQ(allocation_count(), before);
    EXPECT_EQ(std::vector<std::uint8_t>(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(second.size)), octets);
  }
}

}  // namespace
}  // namespace coaxd::leasequery
