#include "server/worker/services.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "server/tftp/packet.h"
#include "server/tftp/time_of_day.h"

namespace coaxd::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Instant kNow{5'000'000'000, 1'700'000'000};
constexpr Ipv4 kServer = Ipv4::of(10, 0, 0, 1), kModem = Ipv4::of(10, 1, 0, 5), kStranger = Ipv4::of(10, 1, 0, 6);

// Keeps what is sent; nothing else is asked of it.
struct Wire final : Transport {
  struct Sent {
    std::vector<std::uint8_t> octets;
    tftp::Departure departure;
  };
  std::vector<Sent> sent;
  std::array<std::uint8_t, kServiceRoom> place{};
  bool full = false;

  MutableBytes service_room() override { return full ? MutableBytes{} : MutableBytes{place}; }
  void send_service(std::size_t size, const tftp::Departure& departure) override {
    sent.push_back({{place.begin(), place.begin() + static_cast<std::ptrdiff_t>(size)}, departure});
  }
  Instant now() override { return kNow; }
  bool wait(Handler&, std::int64_t, Intake) override { return false; }
  void flush() override {}
  void wake() override {}
  TransmitBuffer take() override { return {}; }
  void give_back(TransmitBuffer) override {}
  void send(TransmitBuffer, std::size_t, const engine::Departure&) override {}
  bool send_echo(Ipv4, std::uint16_t, std::uint16_t) override { return false; }
  store::AsyncDisk& disk() override { std::abort(); }
};

struct Lines final : Services::Log {
  std::vector<engine::LogEvent> events;
  void log(const engine::LogEvent& event) override { events.push_back(event); }
};

// "one" has an octet; nothing else is there.
struct Files final : tftp::FileSource {
  tftp::FileAnswer open(const tftp::FileQuery& query) override {
    if (query.name == "one") return tftp::FileAnswer::ready(std::make_shared<tftp::MemoryContents>(std::vector<std::uint8_t>{1}));
    if (query.name == "bad") return tftp::FileAnswer::refused(tftp::ErrorCode::access_violation, "not yours");
    if (query.name.starts_with("wrong")) return tftp::FileAnswer::refused(tftp::ErrorCode::undefined, said, "compile-failed");
    return tftp::FileAnswer::refused(tftp::ErrorCode::file_not_found);
  }
  void refresh() override { ++refreshed; }
  int refreshed = 0;
  std::string said = "gold.cfg:4:63: MaxRateSustained is 0 to 4294967295, not 99999999999";
};

class ServicesTest : public testing::Test {
 protected:
  ServicesTest() {
    const lease::PoolSpec pool{.id = 0, .ranges = {{kModem, kModem}}, .excluded = {}};
    leases_.configure({&pool, 1}, kNow.wall);
    lease::Binding binding;
    binding.state = lease::BindingState::active;
    binding.ends = lease::kStoredNever;
    const std::uint8_t mac[] = {0, 0x10, 0x95, 1, 2, 3};
    binding.set_hardware(1, mac);
    leases_.restore(kModem, binding, 1);
    leases_.restored(kNow.wall);
  }

  void ask(const std::string& name, Ipv4 from = kModem, std::uint16_t port = 1000, Instant now = kNow) {
    std::uint8_t request[512];
    const std::size_t size = tftp::write_request(request, tftp::Opcode::rrq, name, "octet", {});
    services_.on_datagram({request, size}, {.from = {from, port}, .to = kServer}, now);
  }
  void acknowledge(std::uint16_t block, std::uint8_t socket, Instant now = kNow) {
    std::uint8_t ack[4];
    tftp::write_ack(ack, block);
    services_.on_datagram(ack, {.from = {kModem, 1000}, .to = kServer, .socket = socket}, now);
  }
  void ask_time(std::uint16_t port, std::size_t size = 0, Ipv4 to = kServer, Ipv4 from = kStranger) {
    const std::uint8_t octets[8] = {};
    services_.on_datagram({octets, size}, {.from = {from, port}, .to = to, .socket = kTimeSocket}, kNow);
  }
  static std::string text(const engine::LogEvent& event) { return {event.text.data(), event.text_size}; }
  static std::string name(const engine::LogEvent& event) { return {event.name.data(), event.name_size}; }

  Wire wire_;
  Lines lines_;
  Files files_;
  lease::LeaseTable leases_{HashSeed{1, 2}};
  Services services_{{.files = &files_, .tftp = {}, .time = true}, wire_, leases_, lines_, kNow};
};

TEST_F(ServicesTest, ATransferEndsInOneLineThatNamesTheModem) {
  ask("one");
  ASSERT_EQ(wire_.sent.size(), 1u);
  EXPECT_THAT(wire_.sent[0].octets, ElementsAre(0, 3, 0, 1, 1));
  EXPECT_EQ(wire_.sent[0].departure.from, kServer);
  EXPECT_THAT(lines_.events, IsEmpty());
  EXPECT_LT(services_.next_ns(), kNow.mono_ns + 2'000'000'000);
  acknowledge(1, wire_.sent[0].departure.socket, {kNow.mono_ns + 12'000'000, kNow.wall});
  ASSERT_EQ(lines_.events.size(), 1u);
  const engine::LogEvent& line = lines_.events.front();
  EXPECT_EQ(line.kind, engine::LogKind::file_sent);
  EXPECT_EQ(text(line), "one");
  EXPECT_EQ(line.address, kModem);
  EXPECT_EQ(line.hlen, 6);
  EXPECT_EQ(line.chaddr[5], 3);
  EXPECT_EQ(line.number_a, 1u);
  EXPECT_EQ(line.number_b, 12u);
  EXPECT_EQ(services_.tftp_counters()->completed.get(), 1u);
}

TEST_F(ServicesTest, ARefusalSaysWhyAndWhatItsSourceSaid) {
  ask("none", kStranger);
  ask("bad");
  ASSERT_EQ(lines_.events.size(), 2u);
  EXPECT_EQ(lines_.events[0].kind, engine::LogKind::file_refused);
  EXPECT_EQ(name(lines_.events[0]), "file-not-found");
  EXPECT_EQ(lines_.events[0].hlen, 0) << "a stranger has no MAC";
  EXPECT_EQ(name(lines_.events[1]), "access-violation");
  EXPECT_EQ(text(lines_.events[1]), std::string("bad\0not yours", 13));
}

TEST_F(ServicesTest, ARefusalHasTheLabelOfItsSourceAndAllThatFits) {
  ask("wrong");
  files_.said = std::string(1000, 's');
  ask("wrong", kModem, 1001);
  ask("wrong" + std::string(tftp::kMaxName - 7, 'x'), kModem, 1002);
  ASSERT_EQ(lines_.events.size(), 3u);
  EXPECT_EQ(name(lines_.events[0]), "compile-failed");
  EXPECT_EQ(text(lines_.events[0]), std::string("wrong\0", 6) + "gold.cfg:4:63: MaxRateSustained is 0 to 4294967295, not 99999999999");
  EXPECT_EQ(text(lines_.events[1]), std::string("wrong\0", 6) + std::string(247, 's') + "...");
  EXPECT_TRUE(text(lines_.events[2]).ends_with(std::string("x\0..", 4))) << "the file's name is whole all the same";
}

TEST_F(ServicesTest, ATransferThatNobodyFollowsFailsInOneLine) {
  ask("one");
  std::int64_t at = kNow.mono_ns;
  for (int i = 0; i < 100 && lines_.events.empty(); ++i) services_.on_time({at += 1'000'000'000, kNow.wall});
  ASSERT_EQ(lines_.events.size(), 1u);
  EXPECT_EQ(lines_.events[0].kind, engine::LogKind::file_failed);
  EXPECT_EQ(name(lines_.events[0]), "no-answer");
  EXPECT_EQ(lines_.events[0].number_a, 1u);
  EXPECT_EQ(lines_.events[0].number_b, 0u);
  EXPECT_GT(lines_.events[0].number_c, 0u);
}

// Keys that have been replaced must not stay in memory because nobody asks for a file.
TEST_F(ServicesTest, FilesLetGoOfWhatWasReplacedAlsoWhereNobodyAsks) {
  services_.on_time(kNow);
  services_.on_time({kNow.mono_ns + 500'000'000, kNow.wall});
  EXPECT_EQ(files_.refreshed, 2);
}

// Whose the address was until its lease ended is no business of who has it now.
TEST_F(ServicesTest, ALeaseThatHasEndedNamesNobody) {
  const lease::SlotId slot = leases_.find(kModem);
  lease::Binding binding;
  leases_.read(slot, binding);
  binding.ends = lease::to_stored(kNow.wall);
  leases_.commit(*leases_.claim(slot, leases_.word(slot)), binding);
  ask("bad");
  ask("bad", kModem, 1001, {kNow.mono_ns, kNow.wall - 1});
  ASSERT_EQ(lines_.events.size(), 2u);
  EXPECT_EQ(lines_.events[0].hlen, 0);
  EXPECT_EQ(lines_.events[1].hlen, 6);
}

// A stranger must not write our log full: a few lines a second of each reason, of all of them a count.
TEST_F(ServicesTest, RefusalsAreRationed) {
  for (int i = 0; i < 100; ++i) ask("none", kStranger, static_cast<std::uint16_t>(2000 + i));
  EXPECT_EQ(lines_.events.size(), Services::kLinesPerSecond);
  ask("bad", kStranger, 3000);
  EXPECT_EQ(lines_.events.size(), Services::kLinesPerSecond + 1) << "another reason has its own ration";
  ask("none", kStranger, 3001, {kNow.mono_ns + 1'000'000'000, kNow.wall + 1});
  EXPECT_EQ(lines_.events.size(), Services::kLinesPerSecond + 2) << "and each second a new one";
  EXPECT_EQ(services_.tftp_counters()->of(tftp::Reason::file_not_found).get(), 101u);
}

TEST_F(ServicesTest, TheLongestNameIsCutNowhere) {
  const std::string longest(tftp::kMaxName, 'x');
  ask(longest);
  ASSERT_EQ(lines_.events.size(), 1u);
  EXPECT_EQ(text(lines_.events[0]), longest);
}

TEST_F(ServicesTest, Rfc868_AQuestionIsAnsweredFromTheAddressAsked) {
  ask_time(1024);
  ASSERT_EQ(wire_.sent.size(), 1u);
  const auto expected = tftp::time_of_day(kNow.wall);
  EXPECT_EQ(wire_.sent[0].octets, std::vector<std::uint8_t>(expected.begin(), expected.end()));
  EXPECT_EQ(wire_.sent[0].departure.to, (tftp::Endpoint{kStranger, 1024}));
  EXPECT_EQ(wire_.sent[0].departure.from, kServer);
  EXPECT_EQ(wire_.sent[0].departure.socket, kTimeSocket);
  EXPECT_EQ(services_.counters().time_answers.get(), 1u);
}

// Two such servers would answer each other for ever; broadcasts and addresses that nobody can have would make us write to others.
TEST_F(ServicesTest, Rfc868_WhatIsNoQuestionOfOneHostIsNotAnswered) {
  ask_time(37, 4);
  ask_time(7);
  ask_time(0);
  ask_time(1024, 0, Ipv4{0xffffffff});
  ask_time(1024, 0, kServer, Ipv4{});
  ask_time(1024, 0, kServer, Ipv4::of(224, 0, 0, 1));
  wire_.full = true;
  ask_time(1024);
  EXPECT_THAT(wire_.sent, IsEmpty());
  EXPECT_EQ(services_.counters().time_answers.get(), 0u);
}

TEST_F(ServicesTest, WithoutFilesOnlyTheTimeIsTold) {
  Services time({.time = true}, wire_, leases_, lines_, kNow);
  EXPECT_EQ(time.tftp_counters(), nullptr);
  time.on_time(kNow);
  std::uint8_t request[512];
  const std::size_t size = tftp::write_request(request, tftp::Opcode::rrq, "one", "octet", {});
  time.on_datagram({request, size}, {.from = {kModem, 1000}, .to = kServer}, kNow);
  EXPECT_THAT(wire_.sent, IsEmpty());
}

TEST_F(ServicesTest, WithoutTimeNobodyIsToldIt) {
  Services files({.files = &files_}, wire_, leases_, lines_, kNow);
  files.on_datagram({}, {.from = {kModem, 1000}, .to = kServer, .socket = kTimeSocket}, kNow);
  EXPECT_THAT(wire_.sent, IsEmpty());
}

}  // namespace
}  // namespace coaxd::worker
